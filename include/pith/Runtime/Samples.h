/*===- pith/Runtime/Samples.h - Inputs of one or several runs as files ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * What --inputs takes: a folder of NAME.npy, a folder of folders 0, 1, 2, … of such
 * files (one run each), or an NPZ file. Also what the compiler calibrates on.
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_RUNTIME_SAMPLES_H
#define PITH_RUNTIME_SAMPLES_H

#include "pith/Runtime/Npy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pith_samples {
  char *path;
  int64_t count;
  int numbered; /* folders 0, 1, 2, … */
  int folder;   /* else an NPZ file */
} pith_samples;

/* Functions return 0, or 1 with a message of at most `size` bytes. */
int pith_samples_open(const char *path, pith_samples *samples, char *error, size_t size);
void pith_samples_close(pith_samples *samples);

/* Reads sample `index` into `arrays`, one for each of the `count` inputs; those that
 * an NPZ file lacks stay without owner. Arrays read are the caller's to free, also
 * after a failure. */
int pith_samples_load(const pith_samples *samples, int64_t index,
                      const pith_value_desc *inputs, int64_t count, pith_array *arrays,
                      char *error, size_t size);

/* Whether the array may be this input: there at all, of its type and rank. */
int pith_check_array(const pith_value_desc *input, const pith_array *array, char *error,
                     size_t size);

/* FOLDER/NAME.npy with the name escaped as in a URL; the caller frees it. */
char *pith_member_path(const char *folder, const char *name);

#ifdef __cplusplus
}
#endif
#endif
