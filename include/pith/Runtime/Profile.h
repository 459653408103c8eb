/*===- pith/Runtime/Profile.h - Writing profiles ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * The one writer of profile files, for instrumented programs and for the compiler.
 * The format is described in docs/guides/calibration.md: an NPZ file with a JSON
 * index and arrays per site.
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_RUNTIME_PROFILE_H
#define PITH_RUNTIME_PROFILE_H

#include "pith/Runtime/NpzWriter.h"
#include "pith/Runtime/Observer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PITH_PROFILE_VERSION 1

/* The statistics of one site. `users` is a JSON list of names. */
typedef struct pith_profile_site {
  const char *users;
  int64_t rows, groups, reduction;
  float minimum, maximum;
  const int64_t *histogram;             /* may be null */
  const float *mean, *magnitude, *largest; /* [groups, reduction] */
  const float *gram; /* [groups, reduction, reduction]; may be null */
} pith_profile_site;

typedef struct pith_profile_writer {
  pith_npz_writer npz;
  char *index; /* JSON so far */
  size_t index_bytes, index_room;
  int64_t sites;
} pith_profile_writer;

/* Functions return 0, or 1 with a message of at most `size` bytes. After a failure,
 * abort. */
int pith_profile_begin(pith_profile_writer *writer, const char *path, char *error,
                       size_t size);
int pith_profile_add(pith_profile_writer *writer, const pith_profile_site *site,
                     char *error, size_t size);
int pith_profile_end(pith_profile_writer *writer, char *error, size_t size);
void pith_profile_abort(pith_profile_writer *writer);

/* Writes all that was seen. */
int pith_profile_write(const pith_observer *observer, const char *path, char *error,
                       size_t size);

#ifdef __cplusplus
}
#endif
#endif
