#pragma once
#include <png.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// libpng reports an error by longjmp, which must not skip frames of Swift. (libpng's simplified interface, which does not jump, cannot choose how it compresses.)

struct cpng_memory {
  unsigned char *bytes;
  size_t capacity, count;
  char message[64];
};

static inline void cpng_append(png_structp png, png_bytep data, size_t length) {
  struct cpng_memory *target = (struct cpng_memory *)png_get_io_ptr(png);
  if (length > target->capacity - target->count) png_error(png, "the file is larger than it can be");
  memcpy(target->bytes + target->count, data, length);
  target->count += length;
}

static inline void cpng_flush(png_structp png) { (void)png; }

static inline void cpng_fail(png_structp png, png_const_charp reason) {
  struct cpng_memory *target = (struct cpng_memory *)png_get_error_ptr(png);
  snprintf(target->message, sizeof target->message, "%s", reason);
  png_longjmp(png, 1);
}

static inline void cpng_warn(png_structp png, png_const_charp reason) { (void)png, (void)reason; }

// Writes 8-bit RGB [height, width, 3] to `target` as a PNG file; returns 0, with a message, where that fails. `software`
// goes into a text chunk of that keyword before the pixels, unless it is NULL.
//
// Rows are differences of neighbours and coded without searching for repetitions, of which pictures have few: smaller files in
// less time than PNG_IMAGE_FLAG_FAST.
static inline int cpng_encode_rgb(
    const unsigned char *pixels, png_uint_32 width, png_uint_32 height, const char *software,
    struct cpng_memory *target) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, target, cpng_fail, cpng_warn);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    snprintf(target->message, sizeof target->message, "out of memory");
    return 0;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return 0;
  }
  png_set_write_fn(png, target, cpng_append, cpng_flush);
  png_set_IHDR(
      png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
      PNG_FILTER_TYPE_DEFAULT);
  if (software) {
    png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE, .key = (char *)"Software", .text = (char *)software};
    png_set_text(png, info, &text, 1);
  }
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_compression_level(png, 1);
  png_set_compression_strategy(png, 2);  // Z_HUFFMAN_ONLY
  png_write_info(png, info);
  for (png_uint_32 row = 0; row < height; row++) png_write_row(png, pixels + (size_t)row * width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return 1;
}

// A file that is being read from memory.
struct cpng_decoder {
  png_structp png;
  png_infop info;
  const unsigned char *bytes;
  size_t count, position;
  char message[128];
  // libpng's first complaint about what is no pixel; empty where there was none.
  char warning[128];
};

static inline void cpng_take(png_structp png, png_bytep data, size_t length) {
  struct cpng_decoder *decoder = (struct cpng_decoder *)png_get_io_ptr(png);
  if (length > decoder->count - decoder->position) png_error(png, "it is cut short");
  memcpy(data, decoder->bytes + decoder->position, length);
  decoder->position += length;
}

static inline void cpng_fail_reading(png_structp png, png_const_charp reason) {
  struct cpng_decoder *decoder = (struct cpng_decoder *)png_get_error_ptr(png);
  snprintf(decoder->message, sizeof decoder->message, "%s", reason);
  png_longjmp(png, 1);
}

static inline void cpng_note(png_structp png, png_const_charp reason) {
  struct cpng_decoder *decoder = (struct cpng_decoder *)png_get_error_ptr(png);
  if (!decoder->warning[0]) snprintf(decoder->warning, sizeof decoder->warning, "%s", reason);
}

static inline void cpng_close(struct cpng_decoder *decoder) {
  png_destroy_read_struct(&decoder->png, &decoder->info, NULL);
  free(decoder);
}

// Reads up to the pixels, and asks for palettes and transparency to be spelt out as samples of 8 or 16 bits. `bytes` must
// stay until `cpng_close`. NULL where there is no memory; a message where the file is no good.
static inline struct cpng_decoder *cpng_open(const unsigned char *bytes, size_t count) {
  // Texts are of no use here, and may be long.
  static const unsigned char passed_over[] = "tEXt\0zTXt\0iTXt";
  struct cpng_decoder *decoder = (struct cpng_decoder *)calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->bytes = bytes;
  decoder->count = count;
  decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, cpng_fail_reading, cpng_note);
  decoder->info = decoder->png ? png_create_info_struct(decoder->png) : NULL;
  if (!decoder->info) {
    cpng_close(decoder);
    return NULL;
  }
  if (setjmp(png_jmpbuf(decoder->png))) return decoder;
  png_set_read_fn(decoder->png, decoder, cpng_take);
  png_set_keep_unknown_chunks(decoder->png, PNG_HANDLE_CHUNK_NEVER, passed_over, 3);
  png_read_info(decoder->png, decoder->info);
  png_set_expand(decoder->png);
  const png_uint_16 one = 1;
  if (*(const unsigned char *)&one) png_set_swap(decoder->png);
  png_set_interlace_handling(decoder->png);
  png_read_update_info(decoder->png, decoder->info);
  return decoder;
}

// Reads the pixels [height, width, channels], in `stride` bytes per row, and what lies behind them. Returns 0, with a
// message, where pixels are missing.
static inline int cpng_decode(struct cpng_decoder *decoder, unsigned char *output, size_t stride) {
  png_structp png = decoder->png;
  if (setjmp(png_jmpbuf(png))) return 0;
  png_uint_32 height = png_get_image_height(png, decoder->info);
  int passes = png_get_interlace_type(png, decoder->info) == PNG_INTERLACE_ADAM7 ? 7 : 1;
  for (int pass = 0; pass < passes; pass++) {
    for (png_uint_32 y = 0; y < height; y++) png_read_row(png, output + y * stride, NULL);
  }
  // A fault from here on costs no pixel.
  if (setjmp(png_jmpbuf(png))) {
    cpng_note(png, decoder->message);
    return 1;
  }
  png_read_end(png, decoder->info);
  return 1;
}
