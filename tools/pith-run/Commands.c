/*===- Commands.c - The runtime's command line, for pith-run ----------------===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#include "Commands.h"

#include "Command.h"

#include <stdlib.h>
#include <string.h>

int run_model(const pith_model *model, int argc, char **argv) {
  return command_main(model, argc, argv);
}

int find_option(const char *option) { return command_find_option(option); }

/* Parsing changes the arguments: a copy for each parse. Null: no memory. */
static char **copy_arguments(int argc, char **argv) {
  char **copy = calloc((size_t)argc + 1, sizeof *copy);
  for (int i = 0; copy && i < argc; ++i)
    copy[i] = strdup(argv[i]);
  return copy;
}
static void free_arguments(int argc, char **argv) {
  for (int i = 0; argv && i < argc; ++i)
    free(argv[i]);
  free(argv);
}

/* The results must not depend on the number of threads. */
static int compare_threads(command *many, command *one, const pith_array *arrays) {
  if (command_run_once(one, arrays))
    return 1;
  for (int64_t i = 0; i < many->model->num_outputs; ++i) {
    int64_t dims[PITH_MAX_RANK];
    const void *a = pith_get_output_at(many->instance, i, dims);
    const void *b = pith_get_output_at(one->instance, i, NULL);
    const pith_value_desc *value = &many->model->outputs[i];
    size_t bytes = pith_dtype_size(value->dtype);
    for (int32_t axis = 0; axis < value->rank; ++axis)
      bytes *= (size_t)dims[axis];
    if (memcmp(a, b, bytes))
      return command_error("output '%s' depends on the number of threads", value->name);
  }
  return 0;
}

static int compare_outputs(command *c, command *reference) {
  int wrong = 0;
  for (int64_t i = 0; i < c->model->num_outputs; ++i) {
    const pith_value_desc *value = &reference->model->outputs[i];
    pith_array want = {.dtype = value->dtype, .rank = value->rank};
    const void *data = pith_get_output_at(reference->instance, i, want.dims);
    want.data = (void *)(uintptr_t)data;
    wrong |= command_report(c->model, c->instance, i, "", &want, c->rtol, c->atol);
  }
  return wrong;
}

int compare_models(const pith_model *compiled, const pith_model *reference, int argc,
                   char **argv) {
  command many, one, other;
  char **first = copy_arguments(argc, argv), **second = copy_arguments(argc, argv),
       **third = copy_arguments(argc, argv);
  int status = command_parse(&many, compiled, argc, first);
  status |= command_parse(&one, compiled, argc, second);
  status |= command_parse(&other, reference, argc, third);
  one.threads = other.threads = 1;
  /* More threads than this machine may have: so that work is really cut. */
  if (many.threads == 0)
    many.threads = 3;
  if (!status)
    status = command_start(&many);
  if (!status)
    status = command_start(&one);
  if (!status)
    status = command_start(&other);
  pith_array *arrays = command_make_arrays(&many);
  if (!status)
    status = !arrays || command_load_inputs(&many, arrays) ||
             command_random_inputs(&many, arrays) || command_run_once(&many, arrays) ||
             command_run_once(&other, arrays);
  if (!status)
    status = compare_outputs(&many, &other) | compare_threads(&many, &one, arrays);
  command_free_arrays(&many, arrays);
  command_free(&many);
  command_free(&one);
  command_free(&other);
  free_arguments(argc, first);
  free_arguments(argc, second);
  free_arguments(argc, third);
  return status;
}
