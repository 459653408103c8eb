/*===- Memory.c - Memory of an instance ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Blocks for tensors whose size is known only at run time come from lists by size
 * class (four classes for each power of two) and go back to them; they are
 * returned to the system with the instance.
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Instance.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HEADER 64

void *pith_map(size_t bytes, size_t *mapped) {
  size_t page = bytes >= (4u << 20) ? (2u << 20) : 4096;
  size_t size = (bytes + page - 1) / page * page;
  if (size < bytes)
    return NULL;
  size_t extra = page > 4096 ? page : 0;
  char *raw = mmap(NULL, size + extra, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED)
    return NULL;
  char *start = raw;
  if (extra) {
    start = (char *)(((uintptr_t)raw + page - 1) / page * page);
    if (start > raw)
      munmap(raw, (size_t)(start - raw));
    size_t behind = (size_t)(raw + size + extra - (start + size));
    if (behind)
      munmap(start + size, behind);
    madvise(start, size, MADV_HUGEPAGE);
  }
  *mapped = size;
  return start;
}

void pith_unmap(void *memory, size_t mapped) {
  if (memory)
    munmap(memory, mapped);
}

/* The smallest class that holds `bytes`, and its size. */
static int64_t class_of(int64_t bytes, int64_t *size) {
  int64_t power = 64;
  int64_t number = 0;
  while (power < bytes) {
    for (int64_t part = 5; part <= 8; ++part) {
      ++number;
      if (power / 4 * part >= bytes) {
        *size = power / 4 * part;
        return number;
      }
    }
    power *= 2;
  }
  *size = power;
  return number;
}

void *pith_rt_alloc(struct pith_instance *instance, int64_t bytes) {
  int64_t size = 64;
  if (bytes < 0 || bytes > ((int64_t)1 << 50)) {
    pith_error(instance, "expected a tensor of at most 2^50 bytes, found %lld",
               (long long)bytes);
    return NULL;
  }
  /* A line of slack: kernels may load whole vectors at the end. */
  int64_t number = class_of(bytes + 64, &size);
  pith_block *block = instance->free_lists[number];
  if (block) {
    instance->free_lists[number] = block->next;
  } else {
    if (instance->num_blocks == instance->max_blocks) {
      int64_t more = instance->max_blocks ? instance->max_blocks * 2 : 64;
      pith_block **list = realloc(instance->blocks, (size_t)more * sizeof(*list));
      if (!list) {
        pith_error(instance, "out of memory");
        return NULL;
      }
      instance->blocks = list;
      instance->max_blocks = more;
    }
    void *memory = NULL;
    if (posix_memalign(&memory, 64, (size_t)(size + HEADER))) {
      pith_error(instance, "out of memory: expected %lld bytes", (long long)size);
      return NULL;
    }
    if (size >= (4 << 20))
      madvise((void *)(((uintptr_t)memory + 4095) & ~(uintptr_t)4095),
              (size_t)size - 4096, MADV_HUGEPAGE);
    block = memory;
    block->size_class = number;
    instance->blocks[instance->num_blocks++] = block;
  }
  block->in_use = 1;
  return (char *)block + HEADER;
}

void pith_rt_free(struct pith_instance *instance, void *pointer) {
  if (!pointer)
    return;
  pith_block *block = (pith_block *)((char *)pointer - HEADER);
  block->in_use = 0;
  block->next = instance->free_lists[block->size_class];
  instance->free_lists[block->size_class] = block;
}

/* After a failed run: everything is free again. */
void pith_memory_reset(pith_instance *instance) {
  for (int64_t i = 0; i < instance->num_blocks; ++i)
    if (instance->blocks[i]->in_use)
      pith_rt_free(instance, (char *)instance->blocks[i] + HEADER);
}

void pith_memory_free(pith_instance *instance) {
  for (int64_t i = 0; i < instance->num_blocks; ++i)
    free(instance->blocks[i]);
  free(instance->blocks);
}
