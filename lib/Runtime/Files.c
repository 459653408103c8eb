/*===- Files.c - Inputs and outputs as files ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * --input, --inputs, --output, --outputs, and random inputs.
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Command.h"
#include "pith/Runtime/Samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

pith_array *command_make_arrays(const command *c) {
  pith_array *arrays = calloc((size_t)c->model->num_inputs + 1, sizeof *arrays);
  if (!arrays)
    command_error("out of memory");
  return arrays;
}

void command_free_arrays(const command *c, pith_array *arrays) {
  for (int64_t i = 0; arrays && i < c->model->num_inputs; ++i)
    if (arrays[i].owner)
      pith_array_free(&arrays[i]);
  free(arrays);
}

static int lend(command *c, int64_t index, const pith_array *array) {
  char error[1024];
  if (pith_check_array(&c->model->inputs[index], array, error, sizeof error))
    return command_error("%s", error);
  if (pith_set_input_at(c->instance, index, array->data, array->dims))
    return command_error("%s", pith_error_text(c->instance));
  return 0;
}

int command_run_once(command *c, const pith_array *arrays) {
  for (int64_t i = 0; i < c->model->num_inputs; ++i)
    if (lend(c, i, &arrays[i]))
      return 1;
  return pith_run(c->instance) ? command_error("%s", pith_error_text(c->instance)) : 0;
}

/* Sample `index` of those that --inputs names. */
static int load_sample(command *c, const pith_samples *samples, int64_t index,
                       pith_array *arrays) {
  char error[2048];
  if (pith_samples_load(samples, index, c->model->inputs, c->model->num_inputs, arrays,
                        error, sizeof error))
    return command_error("%s", error);
  return 0;
}

int command_load_inputs(command *c, pith_array *arrays) {
  char error[1024];
  if (c->inputs_from) {
    pith_samples samples;
    if (pith_samples_open(c->inputs_from, &samples, error, sizeof error))
      return command_error("%s", error);
    int bad = load_sample(c, &samples, 0, arrays);
    pith_samples_close(&samples);
    if (bad)
      return 1;
  }
  for (int k = 0; k < c->num_inputs; ++k) {
    const command_file *file = &c->inputs[k];
    int64_t i = file->name ? pith_find_input(c->model, file->name) : 0;
    if (!file->name && c->model->num_inputs != 1)
      return command_error("expected --input NAME=FILE.npy: the model has %lld inputs",
                           (long long)c->model->num_inputs);
    if (i < 0)
      return command_error("no input named '%s'", file->name);
    if (arrays[i].owner)
      return command_error("input '%s' is given twice", c->model->inputs[i].name);
    if (pith_npy_read(file->path, &arrays[i], error, sizeof error))
      return command_error("input '%s': %s", c->model->inputs[i].name, error);
  }
  return 0;
}

static unsigned long long next_random(unsigned long long *state) {
  /* SplitMix64. */
  unsigned long long z = (*state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

int command_random_inputs(command *c, pith_array *arrays) {
  const pith_model *model = c->model;
  int64_t *symbols = calloc((size_t)model->num_symbols + 1, sizeof *symbols);
  if (!symbols)
    return command_error("out of memory");
  /* Sizes known from files and --shape decide for equal symbols elsewhere. */
  int status = 0;
  for (int64_t s = 0; s < model->num_symbols; ++s)
    symbols[s] = -1;
  for (int64_t i = 0; i < model->num_inputs; ++i)
    for (int32_t axis = 0; arrays[i].owner && axis < model->inputs[i].rank &&
                           axis < arrays[i].rank;
         ++axis)
      if (model->inputs[i].dims[axis] < 0)
        symbols[-1 - model->inputs[i].dims[axis]] = arrays[i].dims[axis];
  for (int k = 0; k < c->num_shapes && !status; ++k) {
    int64_t i = c->shapes[k].name ? pith_find_input(model, c->shapes[k].name) : 0;
    if (i < 0 || i >= model->num_inputs) {
      status = command_error("no input named '%s'", c->shapes[k].name);
      break;
    }
    const char *p = c->shapes[k].path;
    for (int32_t axis = 0; axis < model->inputs[i].rank && !status; ++axis) {
      char *end;
      long long size = strtoll(p, &end, 10);
      if (end == p || size < 0 || (axis + 1 < model->inputs[i].rank ? *end != 'x' : *end))
        status = command_error("--shape '%s': expected %d sizes such as 1x3x8",
                               model->inputs[i].name, model->inputs[i].rank);
      else if (model->inputs[i].dims[axis] < 0)
        symbols[-1 - model->inputs[i].dims[axis]] = size;
      else if (model->inputs[i].dims[axis] != size)
        status = command_error("--shape '%s': expected size %lld along axis %d, found %lld",
                               model->inputs[i].name,
                               (long long)model->inputs[i].dims[axis], axis, size);
      p = end + 1;
    }
  }
  unsigned long long state = c->seed;
  for (int64_t i = 0; i < model->num_inputs && !status; ++i) {
    if (arrays[i].owner)
      continue;
    const pith_value_desc *value = &model->inputs[i];
    pith_array *a = &arrays[i];
    int64_t count = 1;
    a->dtype = value->dtype;
    a->rank = value->rank;
    for (int32_t axis = 0; axis < value->rank; ++axis) {
      int64_t size = value->dims[axis];
      if (size < 0) {
        int64_t known = symbols[-1 - size];
        size = known < 0 ? 1 : known;
      }
      a->dims[axis] = size;
      if (__builtin_mul_overflow(count, size, &count) || count > INT64_MAX / 16)
        status = command_error("input '%s': expected fewer elements", value->name);
    }
    if (status)
      break;
    size_t width = pith_dtype_size(value->dtype);
    if (posix_memalign(&a->data, 64, (size_t)count * width + 64)) {
      status = command_error("out of memory");
      break;
    }
    a->owner = a->data;
    memset(a->data, 0, (size_t)count * width);
    for (int64_t k = 0; k < count; ++k) {
      unsigned long long r = next_random(&state);
      float real = (float)((double)(r >> 11) * 0x1p-53 * 2 - 1);
      /* Integers stay small: they may be indices. */
      switch (value->dtype) {
      case PITH_FLOAT32:
        ((float *)a->data)[k] = real;
        break;
      case PITH_FLOAT64:
        ((double *)a->data)[k] = real;
        break;
      case PITH_INT64:
      case PITH_UINT64:
        ((int64_t *)a->data)[k] = (int64_t)(r & 1);
        break;
      case PITH_INT32:
      case PITH_UINT32:
        ((int32_t *)a->data)[k] = (int32_t)(r & 1);
        break;
      case PITH_FLOAT16:
        ((uint16_t *)a->data)[k] = (uint16_t)(0x3800 | (r & 0x83ff));
        break;
      case PITH_BFLOAT16:
        ((uint16_t *)a->data)[k] = (uint16_t)(0x3f00 | (r & 0x807f));
        break;
      default:
        if (width == 1)
          ((uint8_t *)a->data)[k] = (uint8_t)(r & 1);
      }
    }
  }
  free(symbols);
  return status;
}

static int save(command *c, int64_t index, const char *path) {
  int64_t dims[PITH_MAX_RANK];
  char error[1024];
  const pith_value_desc *value = &c->model->outputs[index];
  const void *data = pith_get_output_at(c->instance, index, dims);
  if (!data)
    return command_error("output '%s' was not made", value->name);
  if (pith_npy_write(path, value->dtype, value->rank, dims, data, error, sizeof error))
    return command_error("output '%s': %s", value->name, error);
  return 0;
}

/* Runs on `arrays`; outputs to the files named, and to `folder` (may be null). */
static int run_and_save(command *c, pith_array *arrays, const char *folder) {
  if (command_run_once(c, arrays))
    return 1;
  for (int k = 0; k < c->num_outputs; ++k) {
    int64_t i = c->outputs[k].name ? pith_find_output(c->model, c->outputs[k].name) : 0;
    if (save(c, i, c->outputs[k].path))
      return 1;
  }
  if (!folder)
    return 0;
  if (mkdir(folder, 0777) && errno != EEXIST)
    return command_error("cannot make folder '%s': %s", folder, strerror(errno));
  for (int64_t i = 0; i < c->model->num_outputs; ++i) {
    char *path = pith_member_path(folder, c->model->outputs[i].name);
    int bad = path ? save(c, i, path) : command_error("out of memory");
    free(path);
    if (bad)
      return 1;
  }
  return 0;
}

/* Folders 0, 1, 2, … of inputs: one run each. */
static int run_numbered(command *c, const pith_samples *samples) {
  if (c->outputs_to && mkdir(c->outputs_to, 0777) && errno != EEXIST)
    return command_error("cannot make folder '%s': %s", c->outputs_to, strerror(errno));
  for (int64_t n = 0; n < samples->count; ++n) {
    char *out = NULL;
    if (c->outputs_to && asprintf(&out, "%s/%lld", c->outputs_to, (long long)n) < 0)
      return command_error("out of memory");
    pith_array *arrays = command_make_arrays(c);
    int status = !arrays || load_sample(c, samples, n, arrays) ||
                 run_and_save(c, arrays, out);
    command_free_arrays(c, arrays);
    free(out);
    if (status)
      return status;
  }
  return 0;
}

int command_run(command *c) {
  for (int k = 0; k < c->num_outputs; ++k) {
    if (!c->outputs[k].name && c->model->num_outputs != 1)
      return command_error("expected --output NAME=FILE.npy: the model has %lld outputs",
                           (long long)c->model->num_outputs);
    if (c->outputs[k].name && pith_find_output(c->model, c->outputs[k].name) < 0)
      return command_error("no output named '%s'", c->outputs[k].name);
  }
  if (c->inputs_from) {
    char error[1024];
    pith_samples samples;
    if (pith_samples_open(c->inputs_from, &samples, error, sizeof error))
      return command_error("%s", error);
    int numbered = samples.numbered,
        status = numbered ? run_numbered(c, &samples) : 0;
    pith_samples_close(&samples);
    if (numbered)
      return status;
  }
  pith_array *arrays = command_make_arrays(c);
  int status = !arrays || command_load_inputs(c, arrays) || run_and_save(c, arrays, c->outputs_to);
  command_free_arrays(c, arrays);
  return status;
}
