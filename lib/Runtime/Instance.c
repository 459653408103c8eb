/*===- Instance.c - Create, run, destroy ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * The C interface, and what generated code calls besides loops and memory.
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Instance.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pith_error(pith_instance *instance, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(instance->error, sizeof instance->error, format, list);
  va_end(list);
  return 1;
}

static const struct {
  const char *name;
  size_t size;
} kTypes[] = {{"bool", 1},    {"int8", 1},    {"int16", 2},   {"int32", 4},
              {"int64", 8},   {"uint8", 1},   {"uint16", 2},  {"uint32", 4},
              {"uint64", 8},  {"float16", 2}, {"float32", 4}, {"float64", 8},
              {"bfloat16", 2}};

size_t pith_dtype_size(int32_t dtype) {
  return dtype >= 0 && dtype <= PITH_BFLOAT16 ? kTypes[dtype].size : 0;
}
const char *pith_dtype_name(int32_t dtype) {
  return dtype >= 0 && dtype <= PITH_BFLOAT16 ? kTypes[dtype].name : "unknown";
}

static int64_t find(const pith_value_desc *values, int64_t count, const char *name) {
  for (int64_t i = 0; i < count; ++i)
    if (!strcmp(values[i].name, name))
      return i;
  return -1;
}
int64_t pith_find_input(const pith_model *model, const char *name) {
  return find(model->inputs, model->num_inputs, name);
}
int64_t pith_find_output(const pith_model *model, const char *name) {
  return find(model->outputs, model->num_outputs, name);
}

static int available_threads(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set))
    return 1;
  int count = CPU_COUNT(&set);
  /* A container's share of the machine. */
  FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (file) {
    long long quota, period;
    if (fscanf(file, "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0) {
      int share = (int)((quota + period - 1) / period);
      if (share < count)
        count = share;
    }
    fclose(file);
  }
  return count < 1 ? 1 : count;
}

pith_instance *pith_create(const pith_model *model, int threads, char *error,
                           size_t error_bytes) {
  char missing[512];
  if (error && error_bytes)
    error[0] = 0;
#define FAIL(...)                                                              \
  do {                                                                         \
    if (error)                                                                 \
      snprintf(error, error_bytes, __VA_ARGS__);                               \
    return NULL;                                                               \
  } while (0)
  if (!model)
    FAIL("expected a model, found null");
  if (model->abi_version != PITH_ABI_VERSION)
    FAIL("expected a model of ABI version %d, found %u", PITH_ABI_VERSION,
         model->abi_version);
  if (pith_missing_features(model, missing, sizeof missing))
    FAIL("this CPU lacks what the program was compiled for (%s): %s", model->cpu,
         missing);
  if (threads <= 0)
    threads = available_threads();
  if (threads > PITH_MAX_THREADS)
    threads = PITH_MAX_THREADS;
  pith_instance *instance = calloc(1, sizeof *instance);
  if (!instance)
    FAIL("out of memory");
  instance->model = model;
  instance->outputs = calloc((size_t)model->num_outputs + 1, sizeof(pith_output));
  instance->inputs = calloc((size_t)model->num_inputs + 1, sizeof(pith_buffer));
  instance->input_set = calloc((size_t)model->num_inputs + 1, 1);
  instance->symbols = calloc((size_t)model->num_symbols + 1, sizeof(int64_t));
  instance->arena = pith_map((size_t)model->arena_bytes + 4096, &instance->arena_mapped);
  if (!instance->outputs || !instance->inputs || !instance->input_set ||
      !instance->symbols || !instance->arena) {
    pith_destroy(instance);
    FAIL("out of memory: expected %lld bytes", (long long)model->arena_bytes);
  }
  pith_pool_start(&instance->pool, threads);
  return instance;
}

void pith_destroy(pith_instance *instance) {
  if (!instance)
    return;
  pith_pool_stop(&instance->pool);
  for (int64_t i = 0; instance->outputs && i < instance->model->num_outputs; ++i)
    free(instance->outputs[i].data);
  pith_memory_free(instance);
  if (instance->observer)
    instance->free_observer(instance->observer);
  pith_unmap(instance->arena, instance->arena_mapped);
  free(instance->outputs);
  free(instance->inputs);
  free(instance->input_set);
  free(instance->symbols);
  free(instance);
}

const char *pith_error_text(const pith_instance *instance) { return instance->error; }

int pith_set_input_at(pith_instance *instance, int64_t index, const void *data,
                      const int64_t *dims) {
  const pith_model *model = instance->model;
  if (index < 0 || index >= model->num_inputs)
    return pith_error(instance, "expected an input number below %lld, found %lld",
                      (long long)model->num_inputs, (long long)index);
  const pith_value_desc *value = &model->inputs[index];
  int64_t count = 1;
  for (int32_t axis = 0; axis < value->rank; ++axis) {
    if (dims[axis] < 0)
      return pith_error(instance, "input '%s': expected sizes of at least 0, found %lld",
                        value->name, (long long)dims[axis]);
    if (value->dims[axis] >= 0 && value->dims[axis] != dims[axis])
      return pith_error(instance, "input '%s': expected size %lld along axis %d, found %lld",
                        value->name, (long long)value->dims[axis], axis,
                        (long long)dims[axis]);
    if (__builtin_mul_overflow(count, dims[axis], &count))
      return pith_error(instance, "input '%s': expected fewer elements", value->name);
  }
  if (!data && count)
    return pith_error(instance, "input '%s': expected data, found null", value->name);
  pith_buffer *buffer = &instance->inputs[index];
  buffer->data = (void *)(uintptr_t)data;
  memcpy(buffer->dims, dims, sizeof(int64_t) * (size_t)value->rank);
  instance->input_set[index] = 1;
  return 0;
}

int pith_set_input(pith_instance *instance, const char *name, const void *data,
                   const int64_t *dims) {
  int64_t index = pith_find_input(instance->model, name);
  if (index < 0)
    return pith_error(instance, "no input named '%s'", name);
  return pith_set_input_at(instance, index, data, dims);
}

/* Equal symbols must have equal sizes. */
static int bind_symbols(pith_instance *instance) {
  const pith_model *model = instance->model;
  for (int64_t s = 0; s < model->num_symbols; ++s)
    instance->symbols[s] = -1;
  for (int64_t i = 0; i < model->num_inputs; ++i) {
    const pith_value_desc *value = &model->inputs[i];
    if (!instance->input_set[i])
      return pith_error(instance, "missing input '%s'", value->name);
    for (int32_t axis = 0; axis < value->rank; ++axis) {
      if (value->dims[axis] >= 0)
        continue;
      int64_t symbol = -1 - value->dims[axis];
      int64_t size = instance->inputs[i].dims[axis];
      if (instance->symbols[symbol] < 0)
        instance->symbols[symbol] = size;
      else if (instance->symbols[symbol] != size)
        return pith_error(instance,
                          "input '%s': expected size %lld along axis %d ('%s'), found %lld",
                          value->name, (long long)instance->symbols[symbol], axis,
                          model->symbols[symbol], (long long)size);
    }
  }
  for (int64_t s = 0; s < model->num_symbols; ++s)
    if (instance->symbols[s] < 0)
      instance->symbols[s] = 0;
  return 0;
}

int pith_run(pith_instance *instance) {
  instance->error[0] = 0;
  atomic_store(&instance->trapped, 0);
  if (bind_symbols(instance))
    return 1;
  for (int64_t i = 0; i < instance->model->num_outputs; ++i)
    instance->outputs[i].made = 0;
  uint64_t mode = pith_float_mode(PITH_FLOAT_MODE);
  int32_t status = instance->model->run(instance, instance->inputs, instance->symbols);
  pith_float_mode(mode);
  memset(instance->input_set, 0, (size_t)instance->model->num_inputs);
  pith_memory_reset(instance);
  if (status && !instance->error[0])
    pith_error(instance, "the run failed");
  return status != 0;
}

const void *pith_get_output_at(pith_instance *instance, int64_t index, int64_t *dims) {
  const pith_model *model = instance->model;
  if (index < 0 || index >= model->num_outputs || !instance->outputs[index].made)
    return NULL;
  if (dims)
    memcpy(dims, instance->outputs[index].dims,
           sizeof(int64_t) * (size_t)model->outputs[index].rank);
  return instance->outputs[index].data;
}

const void *pith_get_output(pith_instance *instance, const char *name, int64_t *dims) {
  return pith_get_output_at(instance, pith_find_output(instance->model, name), dims);
}

/*===----------------------------------------------------------------------===*
 * For generated code
 *===----------------------------------------------------------------------===*/

void *pith_rt_arena(struct pith_instance *instance) { return instance->arena; }

void *pith_rt_output(struct pith_instance *instance, int64_t index, int64_t rank,
                     const int64_t *dims) {
  pith_output *output = &instance->outputs[index];
  int64_t bytes = (int64_t)pith_dtype_size(instance->model->outputs[index].dtype);
  for (int64_t axis = 0; axis < rank; ++axis) {
    output->dims[axis] = dims[axis];
    if (dims[axis] < 0 || __builtin_mul_overflow(bytes, dims[axis], &bytes)) {
      pith_error(instance, "output '%s': expected fewer elements",
                 instance->model->outputs[index].name);
      return NULL;
    }
  }
  if (!output->data || output->capacity < bytes) {
    free(output->data);
    output->data = NULL;
    if (posix_memalign(&output->data, 64, (size_t)bytes + 64)) {
      output->data = NULL;
      pith_error(instance, "out of memory: expected %lld bytes", (long long)bytes);
      return NULL;
    }
    output->capacity = bytes;
  }
  output->made = 1;
  return output->data;
}

int32_t pith_rt_fail(struct pith_instance *instance, const char *node,
                     const char *message) {
  return node ? pith_error(instance, "node '%s': %s", node, message)
              : pith_error(instance, "%s", message);
}

int32_t pith_rt_fail_size(struct pith_instance *instance, const char *node,
                          const char *message, int64_t expected, int64_t found) {
  return pith_error(instance, "%s%s%s%s: expected %lld, found %lld", node ? "node '" : "",
                    node ? node : "", node ? "': " : "", message, (long long)expected,
                    (long long)found);
}

void pith_rt_trap(struct pith_instance *instance, const char *node, const char *message,
                  int64_t value) {
  int expected = 0;
  if (atomic_compare_exchange_strong(&instance->trapped, &expected, 1))
    pith_error(instance, "%s%s%s: %lld", node ? node : "", node ? ": " : "", message,
               (long long)value);
}

int32_t pith_rt_trapped(struct pith_instance *instance) {
  return atomic_load(&instance->trapped);
}
