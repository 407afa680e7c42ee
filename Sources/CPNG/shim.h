#pragma once
#include <png.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

// What Swift cannot say itself: libpng reports an error by jumping out of its callee, past frames that Swift must leave in
// order. (libpng's simplified interface, which does not jump, cannot choose how it compresses.)

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

// Writes 8-bit RGB [height, width, 3] to `target` as a PNG file; returns 0, with a message, where that fails.
//
// Rows are differences of neighbours and coded without searching for repetitions, of which pictures have few. A
// generator's take five sixths of the size that PNG_IMAGE_FLAG_FAST's level 3 without differences makes of them, and zlib
// three sevenths of the time.
static inline int cpng_encode_rgb(
    const unsigned char *pixels, png_uint_32 width, png_uint_32 height, struct cpng_memory *target) {
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
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_compression_level(png, 1);
  png_set_compression_strategy(png, 2);  // Z_HUFFMAN_ONLY
  png_write_info(png, info);
  for (png_uint_32 row = 0; row < height; row++) png_write_row(png, pixels + (size_t)row * width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return 1;
}
