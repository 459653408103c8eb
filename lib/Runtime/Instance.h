/*===- Instance.h - What one running model owns ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Private to the runtime: the instance behind pith/Runtime/pith.h.
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_LIB_RUNTIME_INSTANCE_H
#define PITH_LIB_RUNTIME_INSTANCE_H

#include "pith/Runtime/pith.h"

#include <pthread.h>
#include <stdatomic.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* How floats round and whether small ones become zero: results must not depend on
 * what the caller has set. Returns what was set. */
static inline uint64_t pith_float_mode(uint64_t mode) {
  uint64_t before = 0;
#if defined(__x86_64__)
  before = _mm_getcsr();
  _mm_setcsr((unsigned)mode);
#elif defined(__aarch64__)
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
  (void)mode;
#endif
  return before;
}

/* Round to nearest, no flushing to zero, no traps. */
#if defined(__x86_64__)
#define PITH_FLOAT_MODE 0x1f80
#else
#define PITH_FLOAT_MODE 0
#endif

#define PITH_MAX_THREADS 256
#define PITH_ERROR_BYTES 1024

/* One parallel loop at a time; see Threads.c. */
typedef struct pith_pool {
  int count; /* threads in all, the caller included */
  pthread_t threads[PITH_MAX_THREADS];
  int started;
  pith_task task;
  const void *context;
  int64_t items, piece, pieces;
  _Atomic int64_t next;     /* piece to be taken, with the round above it */
  _Atomic int64_t finished; /* pieces done */
  _Atomic uint32_t round;   /* raised for every loop; workers wait on it */
  _Atomic uint32_t done;    /* round whose pieces are all done */
  _Atomic int sleeping;     /* workers that wait in the kernel */
  _Atomic int leaving;
  _Atomic int busy;         /* a loop is running: nested ones run inline */
} pith_pool;

typedef struct pith_block {
  struct pith_block *next;
  int64_t size_class;
  int in_use;
} pith_block;

#define PITH_SIZE_CLASSES 240

typedef struct pith_output {
  void *data;
  int64_t capacity;
  int32_t made;
  int64_t dims[PITH_MAX_RANK];
} pith_output;

struct pith_instance {
  const pith_model *model;
  void *arena;
  size_t arena_mapped;
  pith_block *free_lists[PITH_SIZE_CLASSES];
  pith_block **blocks; /* all of them, for the end and for failed runs */
  int64_t num_blocks, max_blocks;
  pith_output *outputs;
  pith_buffer *inputs; /* set by name */
  unsigned char *input_set;
  int64_t *symbols;
  pith_pool pool;
  _Atomic int trapped;
  struct pith_observer *observer; /* made by the first pith.observe that runs */
  /* Set with it, so that programs without have none of that code. */
  void (*free_observer)(struct pith_observer *observer);
  int (*write_profile)(const struct pith_observer *observer, const char *path, char *error,
                       size_t size);
  char error[PITH_ERROR_BYTES];
};

/* Sets the error text, printf-like; returns 1. */
int pith_error(pith_instance *instance, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether this processor has a feature, in LLVM's name. */
int pith_has_feature(const char *name);

int pith_pool_start(pith_pool *pool, int threads);
void pith_pool_stop(pith_pool *pool);
void pith_memory_reset(pith_instance *instance);
void pith_memory_free(pith_instance *instance);
/* Memory of whole pages, zeroed; huge pages if large. Null if there is none. */
void *pith_map(size_t bytes, size_t *mapped);
void pith_unmap(void *memory, size_t mapped);

#endif
