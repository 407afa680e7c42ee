#pragma once
#include <lcms2.h>

// Pixel formats are macros that Swift cannot import.

// Of `channels` samples (1 gray, 3 RGB, 4 CMYK), with `extra` ones behind them that are passed over. Inks are as in JPEG
// files: 255 for none.
static inline cmsUInt32Number clcms_format(int channels, int extra, int bytes) {
  return (channels == 1 ? COLORSPACE_SH(PT_GRAY) : channels == 3 ? COLORSPACE_SH(PT_RGB)
                                                                  : COLORSPACE_SH(PT_CMYK) | FLAVOR_SH(1)) |
      EXTRA_SH(extra) | CHANNELS_SH(channels) | BYTES_SH(bytes);
}
