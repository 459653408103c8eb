/*===- Commands.h - The runtime's command line, for pith-run ----------------===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * What C++ needs of lib/Runtime's private headers, which are C.
 *
 *===----------------------------------------------------------------------===*/
#ifndef PITH_TOOLS_PITH_RUN_COMMANDS_H
#define PITH_TOOLS_PITH_RUN_COMMANDS_H

#include "pith/Runtime/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Does what a compiled program does with these arguments; returns its exit code. */
int run_model(const pith_model *model, int argc, char **argv);

/* Runs both models on the same inputs (files, or random ones) and prints how the
 * outputs of the first compare with those of the second; also compares its results
 * with one and several threads. */
int compare_models(const pith_model *compiled, const pith_model *reference, int argc,
                   char **argv);

/* Whether a compiled program has this option: -1 no, 0 yes, 1 yes, with a value. */
int find_option(const char *option);

#ifdef __cplusplus
}
#endif
#endif /* PITH_TOOLS_PITH_RUN_COMMANDS_H */
