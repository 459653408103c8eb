/*===- Bench.c - --bench and --check ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Timing of whole runs, and comparison with stored results.
 *
 *===----------------------------------------------------------------------===*/

#include "Command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int run_once(command *c, pith_array *arrays) {
  for (int64_t i = 0; i < c->model->num_inputs; ++i)
    if (command_lend(c, i, &arrays[i]))
      return 1;
  if (pith_run(c->instance))
    return command_error("%s", pith_error_text(c->instance));
  return 0;
}

int command_bench(command *c) {
  pith_array *arrays = calloc((size_t)c->model->num_inputs + 1, sizeof *arrays);
  if (!arrays)
    return command_error("out of memory");
  int status = command_load_inputs(c, arrays) || command_random_inputs(c, arrays);
  double *times = NULL;
  int64_t count = 0, room = 0;
  /* Warm up for a tenth of the time, at least three runs. */
  double start = now_us();
  for (int i = 0; !status && (i < 3 || now_us() - start < c->bench * 1e5); ++i)
    status = run_once(c, arrays);
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
    status = run_once(c, arrays);
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

/*===----------------------------------------------------------------------===*
 * --check
 *===----------------------------------------------------------------------===*/

static double half(uint16_t h) {
  int sign = h >> 15, exponent = (h >> 10) & 31, mantissa = h & 1023;
  double value = exponent == 0    ? ldexp(mantissa, -24)
                 : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                  : ldexp(1024 + mantissa, exponent - 25);
  return sign ? -value : value;
}

static double element(const void *data, int32_t dtype, int64_t i) {
  switch (dtype) {
  case PITH_BOOL:
  case PITH_UINT8:
    return ((const uint8_t *)data)[i];
  case PITH_INT8:
    return ((const int8_t *)data)[i];
  case PITH_INT16:
    return ((const int16_t *)data)[i];
  case PITH_UINT16:
  case PITH_BFLOAT16:
    return ((const uint16_t *)data)[i];
  case PITH_INT32:
    return ((const int32_t *)data)[i];
  case PITH_UINT32:
    return ((const uint32_t *)data)[i];
  case PITH_INT64:
    return (double)((const int64_t *)data)[i];
  case PITH_UINT64:
    return (double)((const uint64_t *)data)[i];
  case PITH_FLOAT16:
    return half(((const uint16_t *)data)[i]);
  case PITH_FLOAT32:
    return ((const float *)data)[i];
  default:
    return ((const double *)data)[i];
  }
}

static int64_t find_member(const pith_npz *npz, const char *prefix, const char *name) {
  size_t n = strlen(prefix);
  for (int64_t i = 0; i < npz->count; ++i)
    if (!strncmp(npz->names[i], prefix, n) && !strcmp(npz->names[i] + n, name))
      return i;
  return -1;
}

/* One case: members "<in prefix><name>" and "<out prefix><name>". */
static int check_case(command *c, const pith_npz *npz, const char *in, const char *out,
                      int64_t *wrong) {
  const pith_model *model = c->model;
  char error[1024];
  pith_array *arrays = calloc((size_t)model->num_inputs + 1, sizeof *arrays);
  if (!arrays)
    return command_error("out of memory");
  int status = 0;
  for (int64_t i = 0; i < model->num_inputs && !status; ++i) {
    int64_t member = find_member(npz, in, model->inputs[i].name);
    if (member < 0)
      status = command_error("no member '%s%s' in '%s'", in, model->inputs[i].name, c->check);
    else if (pith_npz_load(npz, member, &arrays[i], error, sizeof error))
      status = command_error("'%s': %s", c->check, error);
  }
  if (!status)
    status = run_once(c, arrays);
  for (int64_t i = 0; i < model->num_outputs && !status; ++i) {
    const pith_value_desc *value = &model->outputs[i];
    int64_t member = find_member(npz, out, value->name);
    if (member < 0)
      continue;
    pith_array want;
    if (pith_npz_load(npz, member, &want, error, sizeof error)) {
      status = command_error("'%s': %s", c->check, error);
      break;
    }
    int64_t dims[PITH_MAX_RANK], count = 1, bad = 0;
    const void *got = pith_get_output_at(c->instance, i, dims);
    int same = want.rank == value->rank;
    for (int32_t axis = 0; same && axis < want.rank; ++axis) {
      same = want.dims[axis] == dims[axis];
      count *= dims[axis];
    }
    double largest = 0, noise = 0, power = 0;
    for (int64_t k = 0; same && k < count; ++k) {
      double g = element(got, value->dtype, k), w = element(want.data, want.dtype, k);
      if (g == w || (isnan(g) && isnan(w)))
        g = w = isnan(w) || isinf(w) ? 0 : w;
      double gap = fabs(g - w);
      bad += !(gap <= c->atol + c->rtol * fabs(w));
      if (gap > largest)
        largest = gap;
      noise += gap * gap;
      power += w * w;
    }
    printf("%s%s: %s, largest error %.3g, SQNR %.1f dB\n", out, value->name,
           !same ? "other sizes" : bad ? "differs" : "equal", largest,
           noise > 0 ? 10 * log10(power / noise) : INFINITY);
    *wrong += !same || bad;
    pith_array_free(&want);
  }
  command_free_arrays(c, arrays);
  return status;
}

int command_check(command *c) {
  pith_npz npz;
  char error[1024];
  if (pith_npz_open(c->check, &npz, error, sizeof error))
    return command_error("%s", error);
  int64_t wrong = 0;
  int status = 0, cases = 0;
  for (; !status; ++cases) {
    char in[32], out[32];
    snprintf(in, sizeof in, "in%d::", cases);
    snprintf(out, sizeof out, "out%d::", cases);
    int found = 0;
    for (int64_t i = 0; i < npz.count; ++i)
      found |= !strncmp(npz.names[i], in, strlen(in)) || !strncmp(npz.names[i], out, strlen(out));
    if (!found)
      break;
    status = check_case(c, &npz, in, out, &wrong);
  }
  if (!status && cases == 0)
    status = check_case(c, &npz, "", "", &wrong);
  pith_npz_close(&npz);
  return status ? status : wrong ? EXIT_WRONG_INPUT : 0;
}
