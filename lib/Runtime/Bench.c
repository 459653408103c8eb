/*===- Bench.c - --bench ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Timing of whole runs.
 *
 *===----------------------------------------------------------------------===*/

#include "Command.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int command_bench(command *c) {
  pith_array *arrays = command_make_arrays(c);
  int status = !arrays || command_load_inputs(c, arrays) ||
               command_random_inputs(c, arrays);
  double *times = NULL;
  int64_t count = 0, room = 0;
  /* Warm up for a tenth of the time, at least three runs. */
  double start = now_us();
  for (int i = 0; !status && (i < 3 || now_us() - start < c->bench * 1e5); ++i)
    status = command_run_once(c, arrays);
  double end = now_us() + c->bench * 1e6;
  while (!status && (count < 3 || now_us() < end)) {
    if (count == room) {
      room = room ? room * 2 : 1024;
      double *more = realloc(times, (size_t)room * sizeof *times);
      if (!more) {
        status = command_error("out of memory");
        break;
      }
      times = more;
    }
    double before = now_us();
    status = command_run_once(c, arrays);
    times[count++] = now_us() - before;
  }
  if (!status) {
    qsort(times, (size_t)count, sizeof *times, by_value);
    printf("min_us=%.2f median_us=%.2f runs=%lld threads=%d\n", times[0], times[count / 2],
           (long long)count, c->instance->pool.count);
  }
  free(times);
  command_free_arrays(c, arrays);
  return status;
}
