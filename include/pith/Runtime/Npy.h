/*===- pith/Runtime/Npy.h - NumPy files ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Reading and writing of .npy and .npz files, for the program's command line.
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_RUNTIME_NPY_H
#define PITH_RUNTIME_NPY_H

#include "pith/Runtime/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor in memory of its own. */
typedef struct pith_array {
  int32_t dtype; /* pith_dtype; never PITH_BFLOAT16 */
  int32_t rank;
  int64_t dims[PITH_MAX_RANK];
  void *data;    /* row major */
  int64_t bytes;
  void *owner;   /* what to free */
  size_t mapped; /* > 0: owner is a mapping of this size */
} pith_array;

/* All return 0, or 1 with a message of at most `size` bytes. Every length is
 * checked before it is used; nothing is allocated from a declared size that the
 * file cannot hold. */
int pith_npy_parse(const unsigned char *file, int64_t length, pith_array *array,
                   char *error, size_t size);
int pith_npy_read(const char *path, pith_array *array, char *error, size_t size);
int pith_npy_write(const char *path, int32_t dtype, int32_t rank, const int64_t *dims,
                   const void *data, char *error, size_t size);
void pith_array_free(pith_array *array);
/* Writes what precedes the data (`header` has room for at least 1024 bytes) and sets
 * the number of bytes of the data. Returns the header's length, a multiple of 64; -1
 * if there is no such type. */
int pith_npy_header(int32_t dtype, int32_t rank, const int64_t *dims, unsigned char *header,
                    size_t room, int64_t *bytes);

/* An open NPZ (ZIP) file, of which only the directory is in memory. */
typedef struct pith_npz {
  int open, fd;
  int64_t length;
  int64_t count;
  char **names; /* member names without ".npy" */
  int64_t *headers; /* offsets of local headers */
  int64_t *packed, *unpacked;
  uint32_t *crcs;
  int *methods;
} pith_npz;

int pith_npz_open(const char *path, pith_npz *npz, char *error, size_t size);
/* The member with this index. */
int pith_npz_load(const pith_npz *npz, int64_t index, pith_array *array, char *error,
                  size_t size);
void pith_npz_close(pith_npz *npz);

/* Decompresses raw DEFLATE data (RFC 1951) of known size. Returns 0 if exactly
 * `out_length` bytes came out. */
int pith_inflate(const unsigned char *in, int64_t in_length, unsigned char *out,
                 int64_t out_length);
uint32_t pith_crc32(const unsigned char *data, int64_t length);
/* The same piece by piece: begins with ~0, and is complemented at the end. */
uint32_t pith_crc32_more(uint32_t crc, const void *data, int64_t length);

#ifdef __cplusplus
}
#endif

#endif
