/*===- Info.c - --info ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * What a program holds, for people and as JSON.
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Command.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* JSON strings: control characters, quotes and backslashes escaped. */
static void json_string(const char *text) {
  putchar('"');
  for (const unsigned char *p = (const unsigned char *)text; *p; ++p) {
    if (*p == '"' || *p == '\\')
      printf("\\%c", *p);
    else if (*p < 32)
      printf("\\u%04x", *p);
    else
      putchar(*p);
  }
  putchar('"');
}

static void json_values(const pith_model *model, const pith_value_desc *values,
                        int64_t count) {
  putchar('[');
  for (int64_t i = 0; i < count; ++i) {
    printf("%s{\"name\": ", i ? ", " : "");
    json_string(values[i].name);
    printf(", \"type\": \"%s\", \"shape\": [", pith_dtype_name(values[i].dtype));
    for (int32_t axis = 0; axis < values[i].rank; ++axis) {
      int64_t size = values[i].dims[axis];
      fputs(axis ? ", " : "", stdout);
      if (size >= 0)
        printf("%lld", (long long)size);
      else
        json_string(size == INT64_MIN ? "?" : model->symbols[-1 - size]);
    }
    fputs("]}", stdout);
  }
  putchar(']');
}

/* The program's file without its weights. */
static int64_t code_bytes(const pith_model *model) {
  struct stat info;
  if (stat("/proc/self/exe", &info))
    return 0;
  int64_t bytes = (int64_t)info.st_size - model->weights_size;
  return bytes < 0 ? 0 : bytes;
}

int command_info(const command *c) {
  const pith_model *model = c->model;
  if (c->json) {
    fputs("{\"name\": ", stdout);
    json_string(model->name);
    fputs(", \"compiler\": ", stdout);
    json_string(model->compiler);
    fputs(", \"cpu\": ", stdout);
    json_string(model->cpu);
    fputs(", \"inputs\": ", stdout);
    json_values(model, model->inputs, model->num_inputs);
    fputs(", \"outputs\": ", stdout);
    json_values(model, model->outputs, model->num_outputs);
    printf(", \"weight_bytes\": %lld, \"parameters\": %lld, \"code_bytes\": %lld, "
           "\"arena_bytes\": %lld, \"weights\": [",
           (long long)model->weight_bytes, (long long)model->parameters,
           (long long)code_bytes(model), (long long)model->arena_bytes);
    for (int64_t i = 0; i < model->num_weights; ++i) {
      const pith_weight_desc *weight = &model->weights[i];
      printf("%s{\"name\": ", i ? ", " : "");
      json_string(weight->name);
      fputs(", \"format\": ", stdout);
      json_string(weight->format);
      fputs(", \"shape\": [", stdout);
      for (int32_t axis = 0; axis < weight->rank; ++axis)
        printf("%s%lld", axis ? ", " : "", (long long)weight->dims[axis]);
      printf("], \"bytes\": %lld}", (long long)weight->bytes);
    }
    puts("]}");
    return 0;
  }
  printf("%s, compiled by %s for %s\n", model->name, model->compiler, model->cpu);
  printf("weights: %lld bytes in %lld tensors; parameters: %lld", (long long)model->weight_bytes,
         (long long)model->num_weights, (long long)model->parameters);
  if (model->parameters)
    printf(" (%.3f bits each)", 8.0 * (double)model->weight_bytes / (double)model->parameters);
  printf("\ncode: %lld bytes; arena: %lld bytes\n", (long long)code_bytes(model),
         (long long)model->arena_bytes);
  for (int side = 0; side < 2; ++side) {
    puts(side ? "outputs:" : "inputs:");
    const pith_value_desc *values = side ? model->outputs : model->inputs;
    for (int64_t i = 0; i < (side ? model->num_outputs : model->num_inputs); ++i)
      command_print_value(stdout, model, &values[i]);
  }
  return 0;
}
