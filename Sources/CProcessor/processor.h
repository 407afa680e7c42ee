// Which vector instructions this processor and operating system offer. Nothing else.
#pragma once
#include <stdbool.h>

#if defined(__x86_64__)
static inline bool processor_has_avx2_fma(void) {
  return __builtin_cpu_supports("x86-64-v3");
}
static inline bool processor_has_avx512(void) {
  return __builtin_cpu_supports("x86-64-v4");
}
#else
// Elsewhere (arm64) the eight-lane loops compile to whatever the baseline offers, and always run.
static inline bool processor_has_avx2_fma(void) { return true; }
static inline bool processor_has_avx512(void) { return false; }
#endif
