/*===- Threads.c - Parallel loops ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * A loop is cut into pieces that threads take one by one. The number of finished
 * pieces ends a loop, so a worker that never woke up holds up nobody. Workers spin
 * for some microseconds between loops, then sleep on a futex.
 *
 *===----------------------------------------------------------------------===*/

#include "Instance.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void futex_wait(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void futex_wake(_Atomic uint32_t *word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Spins until *word differs from `value`, at most `limit_ns`. */
static int spin(_Atomic uint32_t *word, uint32_t value, int64_t limit_ns) {
  int64_t end = now_ns() + limit_ns;
  do {
    for (int i = 0; i < 64; ++i) {
      if (atomic_load_explicit(word, memory_order_acquire) != value)
        return 1;
      relax();
    }
  } while (now_ns() < end);
  return atomic_load_explicit(word, memory_order_acquire) != value;
}

#define ROUND_SHIFT 32

/* Takes and does pieces of loop `round` until none is left. The round is part of
 * the counter, so a late worker cannot take pieces of the next loop. */
static void work(pith_pool *pool, uint32_t round) {
  for (;;) {
    int64_t ticket = atomic_load_explicit(&pool->next, memory_order_acquire);
    int64_t piece;
    do {
      if ((uint32_t)(ticket >> ROUND_SHIFT) != (round & 0x7fffffff))
        return;
      piece = ticket & 0xffffffff;
      if (piece >= pool->pieces)
        return;
    } while (!atomic_compare_exchange_weak_explicit(
        &pool->next, &ticket, ticket + 1, memory_order_acq_rel,
        memory_order_acquire));
    int64_t lo = piece * pool->piece, hi = lo + pool->piece;
    if (hi > pool->items)
      hi = pool->items;
    int64_t pieces = pool->pieces;
    pool->task(pool->context, lo, hi);
    if (atomic_fetch_add_explicit(&pool->finished, 1, memory_order_acq_rel) + 1 ==
        pieces) {
      atomic_store_explicit(&pool->done, round, memory_order_release);
      futex_wake(&pool->done, 1);
    }
  }
}

static void *worker(void *argument) {
  pith_pool *pool = argument;
  uint32_t seen = 0;
  /* Threads inherit the mode of who makes them. */
  pith_float_mode(PITH_FLOAT_MODE);
  for (;;) {
    uint32_t round = atomic_load_explicit(&pool->round, memory_order_acquire);
    if (round == seen && !spin(&pool->round, seen, 40000)) {
      atomic_fetch_add(&pool->sleeping, 1);
      while (atomic_load(&pool->round) == seen)
        futex_wait(&pool->round, seen);
      atomic_fetch_sub(&pool->sleeping, 1);
    }
    seen = atomic_load_explicit(&pool->round, memory_order_acquire);
    if (atomic_load(&pool->leaving))
      return NULL;
    work(pool, seen);
  }
}

int pith_pool_start(pith_pool *pool, int threads) {
  pool->count = threads;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  /* Kernels keep tiles on the stack. */
  pthread_attr_setstacksize(&attributes, 8u << 20);
  for (int i = 1; i < threads; ++i) {
    if (pthread_create(&pool->threads[pool->started], &attributes, worker, pool))
      break;
    ++pool->started;
  }
  pthread_attr_destroy(&attributes);
  pool->count = pool->started + 1;
  return 0;
}

void pith_pool_stop(pith_pool *pool) {
  atomic_store(&pool->leaving, 1);
  atomic_fetch_add(&pool->round, 1);
  futex_wake(&pool->round, PITH_MAX_THREADS);
  for (int i = 0; i < pool->started; ++i)
    pthread_join(pool->threads[i], NULL);
}

void pith_rt_parallel_for(struct pith_instance *instance, pith_task task,
                          const void *context, int64_t count, int64_t grain) {
  pith_pool *pool = &instance->pool;
  if (count <= 0)
    return;
  if (grain < 1)
    grain = 1;
  int expected = 0;
  if (pool->count == 1 || count <= grain ||
      !atomic_compare_exchange_strong(&pool->busy, &expected, 1)) {
    task(context, 0, count);
    return;
  }
  /* About eight pieces a thread even out what other processes take. */
  int64_t piece = count / (pool->count * 8ll);
  if (piece < grain)
    piece = grain;
  int64_t pieces = (count + piece - 1) / piece;
  while (pieces > 0x7fffffff) {
    piece *= 2;
    pieces = (count + piece - 1) / piece;
  }
  uint32_t round = atomic_load_explicit(&pool->round, memory_order_relaxed) + 1;
  int64_t first = (int64_t)(round & 0x7fffffff) << ROUND_SHIFT;
  /* Nothing can be taken while the fields change: a worker that is late from the
   * last loop must not take its ticket against the new fields. */
  atomic_store(&pool->next, first | 0xffffffff);
  pool->task = task;
  pool->context = context;
  pool->items = count;
  pool->piece = piece;
  pool->pieces = pieces;
  atomic_store_explicit(&pool->finished, 0, memory_order_relaxed);
  atomic_store(&pool->next, first);
  atomic_store(&pool->round, round);
  if (atomic_load(&pool->sleeping) > 0)
    futex_wake(&pool->round, PITH_MAX_THREADS);
  work(pool, round);
  uint32_t done;
  while ((done = atomic_load_explicit(&pool->done, memory_order_acquire)) != round)
    if (!spin(&pool->done, done, 20000))
      futex_wait(&pool->done, done);
  atomic_store_explicit(&pool->busy, 0, memory_order_release);
}
