/*===- Check.c - --check: comparison with stored results ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * An NPZ file holds cases: members "in0::NAME" and "out0::NAME", then "in1::NAME"
 * and so on; or one case with plain names.
 *
 *===----------------------------------------------------------------------===*/

#include "Command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double from_half(uint16_t h) {
  int sign = h >> 15, exponent = (h >> 10) & 31, mantissa = h & 1023;
  double value = exponent == 0    ? ldexp(mantissa, -24)
                 : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                  : ldexp(1024 + mantissa, exponent - 25);
  return sign ? -value : value;
}

static double from_bfloat(uint16_t b) {
  union {
    uint32_t bits;
    float value;
  } u = {(uint32_t)b << 16};
  return u.value;
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
    return ((const uint16_t *)data)[i];
  case PITH_BFLOAT16:
    return from_bfloat(((const uint16_t *)data)[i]);
  case PITH_INT32:
    return ((const int32_t *)data)[i];
  case PITH_UINT32:
    return ((const uint32_t *)data)[i];
  case PITH_INT64:
    return (double)((const int64_t *)data)[i];
  case PITH_UINT64:
    return (double)((const uint64_t *)data)[i];
  case PITH_FLOAT16:
    return from_half(((const uint16_t *)data)[i]);
  case PITH_FLOAT32:
    return ((const float *)data)[i];
  default:
    return ((const double *)data)[i];
  }
}

command_difference command_compare(const void *got, int32_t got_type, const void *want,
                                   int32_t want_type, int64_t count, double rtol,
                                   double atol) {
  command_difference d = {0};
  double noise = 0, power = 0;
  for (int64_t k = 0; k < count; ++k) {
    double g = element(got, got_type, k), w = element(want, want_type, k);
    if (g == w || (isnan(g) && isnan(w))) /* equal infinities too */
      g = w = isfinite(w) ? w : 0;
    double gap = fabs(g - w);
    if (!(gap <= atol + rtol * fabs(w)) && d.wrong++ == 0)
      d.first = k;
    /* A value that is not finite in one of them only counts as infinitely far. */
    if (isnan(gap))
      gap = INFINITY;
    if (gap > d.largest)
      d.largest = gap;
    if (gap > 0 && gap / fabs(w) > d.relative)
      d.relative = gap / fabs(w);
    noise += gap * gap;
    power += w * w;
  }
  d.decibels = noise > 0 ? 10 * log10(power / noise) : INFINITY;
  return d;
}

int command_report(const pith_model *model, pith_instance *instance, int64_t index,
                   const char *prefix, const pith_array *want, double rtol, double atol) {
  const pith_value_desc *value = &model->outputs[index];
  int64_t dims[PITH_MAX_RANK], count = 1;
  const void *got = pith_get_output_at(instance, index, dims);
  int same = got && want->rank == value->rank;
  for (int32_t axis = 0; same && axis < want->rank; ++axis) {
    same = want->dims[axis] == dims[axis];
    count *= dims[axis];
  }
  /* bfloat16 travels as uint16. */
  int32_t type = value->dtype == PITH_BFLOAT16 && want->dtype == PITH_UINT16
                     ? PITH_BFLOAT16
                     : want->dtype;
  fputs(prefix, stdout);
  command_print_text(stdout, value->name);
  if (!same || type != value->dtype) {
    printf(": %s\n", !same ? "other sizes" : "another type");
    return 1;
  }
  command_difference d =
      command_compare(got, value->dtype, want->data, type, count, rtol, atol);
  printf(": %s, largest error %.3g, relative %.3g, SQNR %.1f dB", d.wrong ? "differs" : "equal",
         d.largest, d.relative, d.decibels);
  if (d.wrong)
    printf("; %lld of %lld elements, first at %lld: expected %.9g, found %.9g",
           (long long)d.wrong, (long long)count, (long long)d.first,
           element(want->data, type, d.first), element(got, value->dtype, d.first));
  putchar('\n');
  return d.wrong != 0;
}

static int64_t find_member(const pith_npz *npz, const char *prefix, const char *name) {
  size_t n = strlen(prefix);
  for (int64_t i = 0; i < npz->count; ++i)
    if (!strncmp(npz->names[i], prefix, n) && !strcmp(npz->names[i] + n, name))
      return i;
  return -1;
}

static int load_case(command *c, const pith_npz *npz, const char *prefix,
                     pith_array *arrays) {
  char error[1024];
  for (int64_t i = 0; i < c->model->num_inputs; ++i) {
    const char *name = c->model->inputs[i].name;
    int64_t member = find_member(npz, prefix, name);
    if (member < 0)
      return command_error("no member '%s%s' in '%s'", prefix, name, c->check);
    if (pith_npz_load(npz, member, &arrays[i], error, sizeof error))
      return command_error("'%s': %s", c->check, error);
  }
  return 0;
}

static int compare_case(command *c, const pith_npz *npz, const char *prefix,
                        int64_t *compared, int64_t *wrong) {
  char error[1024];
  for (int64_t i = 0; i < c->model->num_outputs; ++i) {
    int64_t member = find_member(npz, prefix, c->model->outputs[i].name);
    if (member < 0)
      continue;
    pith_array want;
    if (pith_npz_load(npz, member, &want, error, sizeof error))
      return command_error("'%s': %s", c->check, error);
    *wrong += command_report(c->model, c->instance, i, prefix, &want, c->rtol, c->atol);
    ++*compared;
    pith_array_free(&want);
  }
  return 0;
}

/* One case: members "<in><name>" and "<out><name>". */
static int check_case(command *c, const pith_npz *npz, const char *in, const char *out,
                      int64_t *compared, int64_t *wrong) {
  pith_array *arrays = command_make_arrays(c);
  int status = !arrays || load_case(c, npz, in, arrays) ||
               command_run_once(c, arrays) ||
               compare_case(c, npz, out, compared, wrong);
  command_free_arrays(c, arrays);
  return status;
}

static int has_prefix(const pith_npz *npz, const char *prefix) {
  for (int64_t i = 0; i < npz->count; ++i)
    if (!strncmp(npz->names[i], prefix, strlen(prefix)))
      return 1;
  return 0;
}

int command_check(command *c) {
  pith_npz npz;
  char error[1024];
  if (pith_npz_open(c->check, &npz, error, sizeof error))
    return command_error("%s", error);
  int64_t wrong = 0, compared = 0;
  int status = 0, cases = 0;
  for (; !status; ++cases) {
    char in[32], out[32];
    snprintf(in, sizeof in, "in%d::", cases);
    snprintf(out, sizeof out, "out%d::", cases);
    if (!has_prefix(&npz, in) && !has_prefix(&npz, out))
      break;
    status = check_case(c, &npz, in, out, &compared, &wrong);
  }
  if (!status && cases == 0)
    status = check_case(c, &npz, "", "", &compared, &wrong);
  pith_npz_close(&npz);
  if (!status && !compared)
    status = command_error("'%s': no member is named as an output", c->check);
  return status ? status : wrong ? EXIT_WRONG_INPUT : 0;
}
