/*===- pith/Runtime/NpzWriter.h - NPZ files, member by member ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Members are stored, not packed, as numpy.savez does. The file appears under its
 * name when it is complete, or not at all: even a process that is killed leaves
 * nothing (where the file system can make files without a name).
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_RUNTIME_NPZWRITER_H
#define PITH_RUNTIME_NPZWRITER_H

#include "pith/Runtime/Model.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pith_npz_writer {
  char *path, *temporary; /* temporary: null while the file has no name */
  FILE *file;
  int replace;        /* the path is no device or pipe */
  int64_t at, count;
  unsigned char *directory;
  size_t directory_bytes;
} pith_npz_writer;

/* Functions return 0, or 1 with a message of at most `size` bytes. After a failure,
 * abort. */
int pith_npz_begin(pith_npz_writer *writer, const char *path, char *error, size_t size);
/* Adds a dense row-major array as member `name`.npy; names are the caller's to keep
 * apart. */
int pith_npz_add(pith_npz_writer *writer, const char *name, int32_t dtype, int32_t rank,
                 const int64_t *dims, const void *data, char *error, size_t size);
int pith_npz_end(pith_npz_writer *writer, char *error, size_t size);
void pith_npz_abort(pith_npz_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
