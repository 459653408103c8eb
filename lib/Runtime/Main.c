/*===- Main.c - main of a compiled program ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Linked only into programs: the generated object names the model by
 * pith_main_model.
 *
 *===----------------------------------------------------------------------===*/

#include "Command.h"

extern const pith_model *const pith_main_model;

int main(int argc, char **argv) { return command_main(pith_main_model, argc, argv); }
