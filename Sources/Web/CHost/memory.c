// The memory of a page's module, which has no C library. One thread.
#include "host.h"

// Before every block of memory that is in use stands its size. Sizes and addresses are multiples of 16.
typedef struct Block {
  size_t size;  // with these 16 bytes
  struct Block *next;
  size_t unused[2];
} Block;

enum { UNIT = 16, SMALL = 1024, CHUNK = 1 << 16 };

// Large free blocks in the order of their addresses, neighbours joined.
static Block *large;
// Small free blocks by size; they stay small.
static Block *small[SMALL / UNIT + 1];

extern unsigned char __heap_base;
static size_t end;

static void release(Block *block) {
  Block **place = &large;
  while (*place && *place < block) place = &(*place)->next;
  Block *next = *place;
  if (next && (char *)block + block->size == (char *)next) {
    block->size += next->size;
    next = next->next;
  }
  block->next = next;
  *place = block;
  // The one before is found from the beginning: there are few.
  for (Block *before = large; before && before < block; before = before->next) {
    if ((char *)before + before->size == (char *)block) {
      before->size += block->size;
      before->next = block->next;
      return;
    }
  }
}

static int grow(size_t bytes) {
  if (!end) {
    size_t start = ((size_t)&__heap_base + UNIT - 1) & -UNIT;
    end = __builtin_wasm_memory_size(0) * CHUNK;
    if (end >= start + sizeof(Block)) {
      ((Block *)start)->size = end - start;
      release((Block *)start);
      return 1;
    }
  }
  if (bytes > (size_t)-1 - end - CHUNK) return 0;
  size_t pages = (bytes + CHUNK - 1) / CHUNK;
  if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return 0;
  Block *block = (Block *)end;
  block->size = pages * CHUNK;
  end += pages * CHUNK;
  release(block);
  return 1;
}

static void *take(size_t alignment, size_t size) {
  for (;;) {
    for (Block **place = &large; *place; place = &(*place)->next) {
      Block *block = *place;
      size_t address = ((size_t)block + UNIT + alignment - 1) & -alignment;
      size_t gap = address - UNIT - (size_t)block;
      // What is left before must hold a free block.
      while (gap && gap < sizeof(Block)) {
        address += alignment;
        gap += alignment;
      }
      if (block->size < gap || block->size - gap < size) continue;
      Block *mine = (Block *)(address - UNIT);
      size_t rest = block->size - gap - size;
      Block *next = block->next;
      if (rest >= sizeof(Block)) {
        Block *behind = (Block *)((char *)mine + size);
        behind->size = rest;
        behind->next = next;
        next = behind;
      } else {
        size += rest;
      }
      if (gap) {
        block->size = gap;
        block->next = next;
      } else {
        *place = next;
      }
      mine->size = size;
      return (char *)mine + UNIT;
    }
    if (!grow(size + alignment + sizeof(Block))) return 0;
  }
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (size > (size_t)1 << 31) return 12;
  size = (size + UNIT + UNIT - 1) & -UNIT;
  if (size < sizeof(Block)) size = sizeof(Block);
  if (alignment < UNIT) alignment = UNIT;
  Block **bin = &small[size <= SMALL ? size / UNIT : 0];
  if (size <= SMALL && alignment == UNIT && *bin) {
    Block *block = *bin;
    *bin = block->next;
    *result = (char *)block + UNIT;
    return 0;
  }
  *result = take(alignment, size);
  return *result ? 0 : 12;
}

void free(void *pointer) {
  if (!pointer) return;
  Block *block = (Block *)((char *)pointer - UNIT);
  if (block->size > SMALL) return release(block);
  block->next = small[block->size / UNIT];
  small[block->size / UNIT] = block;
}
