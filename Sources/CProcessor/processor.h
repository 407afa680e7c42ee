// What Swift cannot say by itself: which vector instructions this processor and operating system offer, how many
// processors there are, that memory will be needed soon, that an operation is one on a whole vector, that a value is
// wanted here and not earlier, and that what is stored will not be read soon. Nothing else.
#pragma once
#include <stdbool.h>
#if defined(__linux__) || defined(__APPLE__)
#include <sched.h>
#endif
#if defined(__linux__)
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

// Processors that this process may run on by its affinity mask, which a container or taskset may narrow; 0 where
// unknown. The system call itself, because the C library hides sched_getaffinity behind _GNU_SOURCE.
static inline int processor_allowed_count(void) {
  int count = 0;
#if defined(__linux__)
  unsigned long mask[128];
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  for (long i = 0; i < bytes / (long)sizeof(unsigned long); i++) count += __builtin_popcountl(mask[i]);
#endif
  return count;
}

// A moment's wait in a loop that looks at memory until another thread changes it.
static inline void processor_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

#if defined(__linux__) || defined(__APPLE__)
// Lets another thread run on this processor, if one is waiting for it.
static inline void processor_yield(void) { sched_yield(); }
#endif

// Starts bringing the cache line at `address` closer, and goes on; any address is allowed.
static inline void processor_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

// The same, but only as far as the second-level cache.
static inline void processor_prefetch_second_level(const void *address) { __builtin_prefetch(address, 0, 2); }

// Vectors of floats, and arithmetic on all lanes at once. Swift's own operators are one operation per lane until the
// optimiser finds the vectors again, which in long expressions are half ones, or none.
typedef float processor_float8 __attribute__((ext_vector_type(8)));
typedef float processor_float16 __attribute__((ext_vector_type(16)));
#if !defined(__wasm__)
#define PROCESSOR_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#define PROCESSOR_FNMA(a, b, c) __builtin_elementwise_fma(-(a), b, c)
#elif !defined(__wasm_relaxed_simd__)
// WebAssembly has no fused multiply-add, and would call a function for each lane.
#define PROCESSOR_FMA(a, b, c) ((a) * (b) + (c))
#define PROCESSOR_FNMA(a, b, c) ((c) - (a) * (b))
#else
// But in relaxed vectors of four, where it is fused if the processor can.
#define PROCESSOR_HALVES(name, operation) \
  static inline __attribute__((always_inline)) processor_float8 name(processor_float8 a, processor_float8 b, processor_float8 c) { \
    processor_float8 sum; \
    sum.lo = operation(a.lo, b.lo, c.lo); \
    sum.hi = operation(a.hi, b.hi, c.hi); \
    return sum; \
  }
PROCESSOR_HALVES(PROCESSOR_FMA, __builtin_wasm_relaxed_madd_f32x4)
PROCESSOR_HALVES(PROCESSOR_FNMA, __builtin_wasm_relaxed_nmadd_f32x4)
#endif
#define PROCESSOR_ARITHMETIC(vector, lanes)                                                                      \
  static inline __attribute__((always_inline)) vector processor_add##lanes(vector a, vector b) { return a + b; } \
  static inline __attribute__((always_inline)) vector processor_subtract##lanes(vector a, vector b) { return a - b; } \
  static inline __attribute__((always_inline)) vector processor_multiply##lanes(vector a, vector b) { return a * b; } \
  static inline __attribute__((always_inline)) vector processor_multiply_add##lanes(vector a, vector b, vector c) { \
    return PROCESSOR_FMA(a, b, c); \
  } \
  static inline __attribute__((always_inline)) vector processor_multiply_subtract##lanes(vector a, vector b, vector c) { \
    return PROCESSOR_FNMA(a, b, c); \
  }
PROCESSOR_ARITHMETIC(processor_float8, 8)
#if !defined(__wasm__)
PROCESSOR_ARITHMETIC(processor_float16, 16)
#endif
#undef PROCESSOR_ARITHMETIC

// The value itself, made here: what the compiler knows of it may not move before the calls that come earlier. Costs no
// instruction. Compiled for anything but AVX2 it does nothing.
static inline __attribute__((always_inline)) processor_float8 processor_in_order(processor_float8 value) {
#if defined(__AVX2__)
  __asm__ volatile("" : "+x"(value));
#endif
  return value;
}

// The value is still wanted here: an instruction before this does not put its result in the value's place.
static inline __attribute__((always_inline)) void processor_keep(processor_float8 value) {
#if defined(__AVX2__)
  __asm__ volatile("" : : "x"(value));
#endif
}

// The address itself, of which the compiler then does not know how far from others it is. Told that, it computes each from the
// one before, one addition after another, where an address and a step fit an instruction.
static inline __attribute__((always_inline)) const float *processor_address(const float *address) {
#if !defined(__wasm__)
  __asm__("" : "+r"(address));
#endif
  return address;
}

// Stores a whole cache line past the caches: the line is not read first, and nothing else makes room for it. The address
// is a multiple of 64. Other threads may read it after `processor_end_streams`.
static inline __attribute__((always_inline)) void processor_stream(void *address, processor_float16 value) {
  __builtin_nontemporal_store(value, (processor_float16 *)address);
}

// What this thread streamed is seen by others before anything that it stores from here on.
static inline void processor_end_streams(void) { __sync_synchronize(); }

#if defined(__linux__)
// All threads allocate from one heap. Otherwise each reserves 64 MB of addresses for its own, which a limit on them counts.
static inline void processor_share_heap(void) { mallopt(M_ARENA_MAX, 1); }

// Pieces of 2 MB and more go back to the system as soon as they are freed. By itself malloc moves this bound up to the largest
// that it has seen freed, up to 32 MB, and what lay below in its heap is held by the small pieces between.
static inline void processor_return_memory(void) { mallopt(M_MMAP_THRESHOLD, 2 << 20); }
#endif
