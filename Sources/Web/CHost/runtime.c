// What Swift's runtime and the compiler call, where there is no C library.
#include <stdint.h>

#include "host.h"

// Bulk memory instructions.
void *memcpy(void *to, const void *from, size_t count) { return __builtin_memcpy(to, from, count); }
void *memmove(void *to, const void *from, size_t count) { return __builtin_memmove(to, from, count); }
void *memset(void *to, int value, size_t count) { return __builtin_memset(to, value, count); }

int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *a = left, *b = right;
  for (size_t i = 0; i < count; i++) {
    if (a[i] != b[i]) return a[i] - b[i];
  }
  return 0;
}

// Hash tables need no secrets here.
void arc4random_buf(void *to, size_t count) { __builtin_memset(to, 0x5a, count); }

// Messages of the runtime before it stops; the page shows that it has.
int putchar(int character) { return character; }

// Half away from zero.
double round(double x) {
  double whole = __builtin_trunc(x);
  return __builtin_fabs(x - whole) < 0.5 ? whole : whole + __builtin_copysign(1, x);
}

// The number that `text` is, which nobody has who has not looked first that it is one.
const char *_swift_stdlib_strtod_clocale(const char *text, double *value) {
  size_t count = 0;
  while (text[count]) count++;
  *value = number(text, count);
  return text + count;
}

// Modulo 2^128.
__int128 __multi3(__int128 a, __int128 b) {
  typedef unsigned __int128 Wide;
  uint64_t low = (uint64_t)a, other = (uint64_t)b;
  uint64_t a0 = (uint32_t)low, a1 = low >> 32, b0 = (uint32_t)other, b1 = other >> 32;
  uint64_t middle = a1 * b0 + (a0 * b0 >> 32), cross = a0 * b1 + (uint32_t)middle;
  uint64_t high = a1 * b1 + (middle >> 32) + (cross >> 32);
  high += (uint64_t)((Wide)a >> 64) * other + low * (uint64_t)((Wide)b >> 64);
  return (__int128)((Wide)high << 64 | low * other);
}
