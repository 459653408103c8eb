/*===- Command.h - The command line of a compiled program ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Private: what Main.c, Info.c, Bench.c and Files.c share.
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_LIB_RUNTIME_COMMAND_H
#define PITH_LIB_RUNTIME_COMMAND_H

#include "Instance.h"
#include "Npy.h"

#define EXIT_WRONG_INPUT 1
#define EXIT_USAGE 2
#define EXIT_CPU 3

/* One NAME=FILE argument. */
typedef struct command_file {
  const char *name; /* null: the only input or output */
  const char *path;
} command_file;

typedef struct command {
  const pith_model *model;
  pith_instance *instance;
  command_file *inputs, *outputs, *shapes;
  int num_inputs, num_outputs, num_shapes;
  const char *inputs_from, *outputs_to, *check;
  double bench; /* seconds; < 0: no benchmark */
  double rtol, atol;
  unsigned long long seed;
  int threads, info, json;
} command;

/* Prints "error: …" and returns 1. */
int command_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

int command_info(const command *c);
int command_check(command *c);
int command_bench(command *c);
/* --input, --inputs, --output, --outputs. */
int command_run(command *c);
/* Lends the arrays to the instance; they are freed by `release`. */
int command_lend(command *c, int64_t index, pith_array *array);
/* Inputs from files into `arrays` (one per input; dtype -1: none given). */
int command_load_inputs(command *c, pith_array *arrays);
/* Random contents for inputs that no file gives; sizes from --shape. */
int command_random_inputs(command *c, pith_array *arrays);
void command_free_arrays(const command *c, pith_array *arrays);

#endif
