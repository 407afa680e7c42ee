#pragma once
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// These need the above.
#include <jpeglib.h>
#include <jerror.h>

// What Swift cannot say itself: libjpeg reports an error by a call that must not return, so it has to jump, past frames
// that Swift must leave in order. (TurboJPEG's interface does not jump, but tells only the last of several warnings, and
// whether pixels are missing hangs on which there were.)

// 3000001 for 3.0.1.
static inline int cjpeg_library_version(void) { return LIBJPEG_TURBO_VERSION_NUMBER; }

struct cjpeg_escape {
  jmp_buf target;
  char message[JMSG_LENGTH_MAX];
};

static inline void cjpeg_fail(j_common_ptr info) {
  struct cjpeg_escape *escape = (struct cjpeg_escape *)info->client_data;
  info->err->format_message(info, escape->message);
  longjmp(escape->target, 1);
}

// What may be wrong with a file that has all its pixels.
enum {
  CJPEG_UNKNOWN_REVISION = 1,
  CJPEG_STRAY_BYTES = 2,
  CJPEG_NO_END = 4,
  CJPEG_UNKNOWN_TRANSFORM = 8,
  CJPEG_SCAN_PARAMETERS = 16,
  CJPEG_BROKEN_PROFILE = 32,
};

struct cjpeg_decoder {
  struct cjpeg_escape escape;
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  int most_scans;
  // Of the above.
  int blemishes;
  // Of an embedded ICC profile, owned here; NULL where there is none.
  unsigned char *profile;
  unsigned profile_count;
};

static inline void cjpeg_warn(j_common_ptr info, int level) {
  // 0 and more are traces.
  if (level >= 0) return;
  struct cjpeg_decoder *decoder = (struct cjpeg_decoder *)info->client_data;
  switch (info->err->msg_code) {
    case JWRN_JFIF_MAJOR: decoder->blemishes |= CJPEG_UNKNOWN_REVISION; return;
    case JWRN_EXTRANEOUS_DATA: decoder->blemishes |= CJPEG_STRAY_BYTES; return;
    // An end marker was put in place of the missing one. Where a scan is not complete then, JWRN_HIT_MARKER follows.
    case JWRN_JPEG_EOF: decoder->blemishes |= CJPEG_NO_END; return;
    case JWRN_ADOBE_XFORM: decoder->blemishes |= CJPEG_UNKNOWN_TRANSFORM; return;
    case JWRN_NOT_SEQUENTIAL: decoder->blemishes |= CJPEG_SCAN_PARAMETERS; return;
    case JWRN_BOGUS_ICC: decoder->blemishes |= CJPEG_BROKEN_PROFILE; return;
    // All others say that some of the coded data are missing or make no sense, and that the decoder goes on with a guess.
    default: cjpeg_fail(info);
  }
}

// Counts scans: each costs a pass over the picture, however few bytes it has.
static inline void cjpeg_count_scans(j_common_ptr info) {
  struct cjpeg_decoder *decoder = (struct cjpeg_decoder *)info->client_data;
  if (decoder->info.input_scan_number <= decoder->most_scans) return;
  snprintf(decoder->escape.message, JMSG_LENGTH_MAX, "more than %d scans", decoder->most_scans);
  longjmp(decoder->escape.target, 1);
}

static inline void cjpeg_close(struct cjpeg_decoder *decoder) {
  jpeg_destroy_decompress(&decoder->info);
  free(decoder->profile);
  free(decoder);
}

// Reads up to the first scan. `bytes` must stay until `cjpeg_close`. NULL where there is no memory; a message in
// `escape` where the file is no good.
static inline struct cjpeg_decoder *cjpeg_open(const unsigned char *bytes, unsigned long count, int most_scans) {
  struct cjpeg_decoder *decoder = (struct cjpeg_decoder *)calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->most_scans = most_scans;
  decoder->progress.progress_monitor = cjpeg_count_scans;
  decoder->info.err = jpeg_std_error(&decoder->errors);
  decoder->errors.error_exit = cjpeg_fail;
  decoder->errors.emit_message = cjpeg_warn;
  decoder->info.client_data = decoder;
  if (setjmp(decoder->escape.target)) return decoder;
  jpeg_create_decompress(&decoder->info);
  jpeg_mem_src(&decoder->info, bytes, count);
  jpeg_save_markers(&decoder->info, JPEG_APP0 + 2, 0xFFFF);
  jpeg_read_header(&decoder->info, TRUE);
  jpeg_read_icc_profile(&decoder->info, &decoder->profile, &decoder->profile_count);
  return decoder;
}

// 1 for gray, 3 for RGB, 4 for CMYK: what `cjpeg_decode` makes of the file.
static inline int cjpeg_channels(const struct cjpeg_decoder *decoder) {
  switch (decoder->info.jpeg_color_space) {
    case JCS_GRAYSCALE: return 1;
    case JCS_CMYK: case JCS_YCCK: return 4;
    default: return 3;
  }
}

// Whether each coefficient of a progressive file has arrived to its last bit. Where the file ends as it should, bands
// that never began are zero; where it breaks off, nobody knows.
static inline int cjpeg_is_complete(const struct cjpeg_decoder *decoder) {
  const struct jpeg_decompress_struct *info = &decoder->info;
  int cut = (decoder->blemishes & CJPEG_NO_END) != 0;
  // An arithmetic coder leaves out zeros at a scan's end: there a missing end cannot be told from missing data.
  if (info->arith_code && cut) return 0;
  if (!info->progressive_mode || !info->coef_bits) return 1;
  for (int component = 0; component < info->num_components; component++) {
    for (int k = 0; k < DCTSIZE2; k++) {
      int missing = info->coef_bits[component][k];
      if (missing > 0 || (missing < 0 && (cut || k == 0))) return 0;
    }
  }
  return 1;
}

#if LIBJPEG_TURBO_VERSION_NUMBER >= 3000000
// One row of more than 8 bits, reduced to 8.
static inline void cjpeg_read_deep_row(struct jpeg_decompress_struct *info, unsigned short *deep, unsigned char *row) {
  unsigned top = (1u << info->data_precision) - 1;
  if (info->data_precision <= 12) {
    J12SAMPROW rows = (J12SAMPROW)deep;
    jpeg12_read_scanlines(info, &rows, 1);
  } else {
    J16SAMPROW rows = deep;
    jpeg16_read_scanlines(info, &rows, 1);
  }
  size_t count = (size_t)info->output_width * info->output_components;
  for (size_t i = 0; i < count; i++) {
    unsigned sample = deep[i] < top ? deep[i] : top;
    row[i] = (unsigned char)((sample * 255u + top / 2) / top);
  }
}
#endif

// Decodes to 8 bits [height, width, cjpeg_channels], with sides divided by `divisor` (1, 2, 4 or 8) and rounded up.
// Returns 0, with a message, where pixels are missing.
static inline int cjpeg_decode(struct cjpeg_decoder *decoder, int divisor, unsigned char *output) {
  struct jpeg_decompress_struct *info = &decoder->info;
  int channels = cjpeg_channels(decoder);
  size_t stride;
  if (setjmp(decoder->escape.target)) return 0;
  info->scale_num = 1;
  info->scale_denom = divisor;
  info->dct_method = JDCT_ISLOW;
  info->out_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 4 ? JCS_CMYK : JCS_RGB;
  info->progress = &decoder->progress;
  jpeg_start_decompress(info);
  stride = (size_t)info->output_width * channels;
#if LIBJPEG_TURBO_VERSION_NUMBER >= 3000000
  if (info->data_precision > 8) {
    unsigned short *deep = (unsigned short *)info->mem->alloc_large((j_common_ptr)info, JPOOL_IMAGE, stride * 2);
    while (info->output_scanline < info->output_height)
      cjpeg_read_deep_row(info, deep, output + info->output_scanline * stride);
  } else
#endif
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = output + info->output_scanline * stride;
    jpeg_read_scanlines(info, &row, 1);
  }
  if (!cjpeg_is_complete(decoder)) {
    snprintf(decoder->escape.message, JMSG_LENGTH_MAX, "it breaks off before its last scans");
    return 0;
  }
  // What is left holds no pixels; it is read for what it says of the file.
  if (setjmp(decoder->escape.target)) {
    decoder->blemishes |= CJPEG_STRAY_BYTES;
    return 1;
  }
  jpeg_finish_decompress(info);
  return 1;
}

// Bytes of a file in memory, from malloc.
struct cjpeg_file {
  struct cjpeg_escape escape;
  unsigned char *bytes;
  unsigned long count;
};

// Writes RGB [height, width, 3] as a baseline JPEG with colour at full resolution. Returns 0, with a message, where that
// fails. `file` begins as zeros; its bytes are the caller's to free in either case.
static inline int cjpeg_encode_rgb(
    const unsigned char *pixels, unsigned width, unsigned height, int quality, struct cjpeg_file *file) {
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr errors;
  memset(&info, 0, sizeof info);
  info.err = jpeg_std_error(&errors);
  errors.error_exit = cjpeg_fail;
  info.client_data = file;
  if (setjmp(file->escape.target)) {
    jpeg_destroy_compress(&info);
    return 0;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &file->bytes, &file->count);
  info.image_width = width;
  info.image_height = height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)pixels + (size_t)info.next_scanline * width * 3;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return 1;
}
