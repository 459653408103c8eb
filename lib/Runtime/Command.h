/*===- Command.h - The command line of a compiled program ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Private: what the files of the command line share.
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_LIB_RUNTIME_COMMAND_H
#define PITH_LIB_RUNTIME_COMMAND_H

#include "Instance.h"
#include "pith/Runtime/Npy.h"

#include <stdio.h>

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
  const char *program; /* as it was called */
  pith_instance *instance;
  command_file *inputs, *outputs, *shapes;
  int num_inputs, num_outputs, num_shapes;
  const char *inputs_from, *outputs_to, *check, *profile;
  double bench; /* seconds; < 0: no benchmark */
  double rtol, atol;
  unsigned long long seed;
  int threads, info, json, help, version;
  int empty; /* no options at all */
} command;

/* Prints "error: …" and returns 1. */
int command_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Does what a command line asks for; returns the exit code. */
int command_main(const pith_model *model, int argc, char **argv);
/* Its parts: returns 0, or an exit code after saying what is wrong. */
int command_parse(command *c, const pith_model *model, int argc, char **argv);
/* Whether there is such an option: -1 no, 0 yes, 1 yes, with a value. */
int command_find_option(const char *option);
int command_start(command *c); /* makes the instance */
void command_free(command *c);

int command_info(const command *c);
int command_check(command *c);
int command_bench(command *c);
/* --input, --inputs, --output, --outputs. */
int command_run(command *c);

/* Text of the model for a terminal: control characters become '?'. */
void command_print_text(FILE *out, const char *text);
void command_print_value(FILE *out, const pith_model *model, const pith_value_desc *value);

/* One array per input, to be filled; null (and an error) if there is no memory. */
pith_array *command_make_arrays(const command *c);
void command_free_arrays(const command *c, pith_array *arrays);
/* Inputs from files (those that none gives stay without owner). */
int command_load_inputs(command *c, pith_array *arrays);
/* Random contents for inputs that no file gives; sizes from --shape. */
int command_random_inputs(command *c, pith_array *arrays);
/* Lends all arrays to the instance, and runs. */
int command_run_once(command *c, const pith_array *arrays);

typedef struct command_difference {
  double largest, relative; /* of |got - want|, of that to |want| */
  double decibels;          /* signal to noise */
  int64_t wrong, first;     /* elements beyond the tolerance; the first of them */
} command_difference;

command_difference command_compare(const void *got, int32_t got_type, const void *want,
                                   int32_t want_type, int64_t count, double rtol,
                                   double atol);
/* Prints how output `index` of the last run compares; non-zero if it is wrong. */
int command_report(const pith_model *model, pith_instance *instance, int64_t index,
                   const char *prefix, const pith_array *want, double rtol, double atol);

#endif
