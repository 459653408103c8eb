/*===- Samples.c - Inputs of one or several runs as files ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "pith/Runtime/Samples.h"

#include "pith/Runtime/pith.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BAD(...)                                                               \
  do {                                                                         \
    snprintf(error, size, __VA_ARGS__);                                        \
    return 1;                                                                  \
  } while (0)

char *pith_member_path(const char *folder, const char *name) {
  size_t room = strlen(folder) + 3 * strlen(name) + 8;
  char *path = malloc(room), *at = path;
  if (!path)
    return NULL;
  at += sprintf(at, "%s/", folder);
  for (const unsigned char *p = (const unsigned char *)name; *p; ++p) {
    int plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                (*p >= '0' && *p <= '9') || strchr("_.-~", *p);
    at += plain ? sprintf(at, "%c", *p) : sprintf(at, "%%%02X", *p);
  }
  strcpy(at, ".npy");
  return path;
}

static int is_folder(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder of a sample; the caller frees it. */
static char *sample_folder(const char *path, int64_t index) {
  char *folder = NULL;
  return asprintf(&folder, "%s/%lld", path, (long long)index) < 0 ? NULL : folder;
}

int pith_samples_open(const char *path, pith_samples *samples, char *error, size_t size) {
  memset(samples, 0, sizeof *samples);
  struct stat info;
  if (stat(path, &info))
    BAD("cannot open '%s': %s", path, strerror(errno));
  samples->count = 1;
  samples->folder = S_ISDIR(info.st_mode);
  if (!(samples->path = strdup(path)))
    BAD("out of memory");
  for (int64_t n = 0; samples->folder; ++n) {
    char *folder = sample_folder(path, n);
    int there = folder && is_folder(folder);
    free(folder);
    if (!there)
      break;
    samples->numbered = 1;
    samples->count = n + 1;
  }
  return 0;
}

void pith_samples_close(pith_samples *samples) {
  free(samples->path);
  memset(samples, 0, sizeof *samples);
}

static int load_folder(const char *folder, const pith_value_desc *inputs, int64_t count,
                       pith_array *arrays, char *error, size_t size) {
  char why[1024];
  for (int64_t i = 0; i < count; ++i) {
    char *path = pith_member_path(folder, inputs[i].name);
    if (!path)
      BAD("out of memory");
    int bad = pith_npy_read(path, &arrays[i], why, sizeof why);
    free(path);
    if (bad)
      BAD("input '%s': %s", inputs[i].name, why);
  }
  return 0;
}

static int load_npz(const char *path, const pith_value_desc *inputs, int64_t count,
                    pith_array *arrays, char *error, size_t size) {
  pith_npz npz;
  char why[1024];
  if (pith_npz_open(path, &npz, error, size))
    return 1;
  int bad = 0;
  for (int64_t m = 0; m < npz.count && !bad; ++m) {
    int64_t i = 0;
    while (i < count && strcmp(inputs[i].name, npz.names[m]))
      ++i;
    bad = i == count || pith_npz_load(&npz, m, &arrays[i], why, sizeof why);
    if (i == count)
      snprintf(error, size, "'%s': no input named '%s'", path, npz.names[m]);
    else if (bad)
      snprintf(error, size, "'%s': %s", path, why);
  }
  pith_npz_close(&npz);
  return bad;
}

int pith_samples_load(const pith_samples *samples, int64_t index,
                      const pith_value_desc *inputs, int64_t count, pith_array *arrays,
                      char *error, size_t size) {
  if (!samples->folder)
    return load_npz(samples->path, inputs, count, arrays, error, size);
  if (!samples->numbered)
    return load_folder(samples->path, inputs, count, arrays, error, size);
  char *folder = sample_folder(samples->path, index);
  if (!folder)
    BAD("out of memory");
  int bad = load_folder(folder, inputs, count, arrays, error, size);
  free(folder);
  return bad;
}

int pith_check_array(const pith_value_desc *input, const pith_array *array, char *error,
                     size_t size) {
  if (!array->owner)
    BAD("missing input '%s'", input->name);
  if (array->dtype != input->dtype &&
      !(input->dtype == PITH_BFLOAT16 && array->dtype == PITH_UINT16))
    BAD("input '%s': expected type %s, found %s", input->name,
        pith_dtype_name(input->dtype), pith_dtype_name(array->dtype));
  if (array->rank != input->rank)
    BAD("input '%s': expected rank %d, found %d", input->name, input->rank, array->rank);
  return 0;
}
