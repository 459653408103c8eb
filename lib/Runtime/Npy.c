/*===- Npy.c - The .npy format ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * As described in numpy/lib/format.py's documentation, versions 1 to 3. The header
 * is a Python dictionary with three keys; only the forms that NumPy writes are
 * accepted.
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "pith/Runtime/Npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_HEADER 65536
#define BAD(...)                                                               \
  do {                                                                         \
    snprintf(error, size, __VA_ARGS__);                                        \
    return 1;                                                                  \
  } while (0)

static const struct {
  char kind;
  int bytes, dtype;
} kKinds[] = {{'b', 1, PITH_BOOL},    {'i', 1, PITH_INT8},    {'i', 2, PITH_INT16},
              {'i', 4, PITH_INT32},   {'i', 8, PITH_INT64},   {'u', 1, PITH_UINT8},
              {'u', 2, PITH_UINT16},  {'u', 4, PITH_UINT32},  {'u', 8, PITH_UINT64},
              {'f', 2, PITH_FLOAT16}, {'f', 4, PITH_FLOAT32}, {'f', 8, PITH_FLOAT64}};

/* A position in the header's text. */
typedef struct {
  const char *at, *end;
} text;

static void skip(text *t) {
  while (t->at < t->end && (*t->at == ' ' || *t->at == '\n' || *t->at == '\t'))
    ++t->at;
}
static int take(text *t, char c) {
  skip(t);
  if (t->at < t->end && *t->at == c)
    return ++t->at, 1;
  return 0;
}
/* A quoted string without escapes. */
static int take_string(text *t, const char **start, size_t *length) {
  skip(t);
  if (t->at >= t->end || (*t->at != '\'' && *t->at != '"'))
    return 0;
  char quote = *t->at++;
  *start = t->at;
  while (t->at < t->end && *t->at != quote)
    ++t->at;
  if (t->at >= t->end)
    return 0;
  *length = (size_t)(t->at++ - *start);
  return 1;
}
static int take_word(text *t, const char *word) {
  skip(t);
  size_t n = strlen(word);
  if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n))
    return 0;
  t->at += n;
  return 1;
}
static int take_number(text *t, int64_t *value) {
  skip(t);
  int digits = 0;
  *value = 0;
  while (t->at < t->end && *t->at >= '0' && *t->at <= '9') {
    if (__builtin_mul_overflow(*value, (int64_t)10, value) ||
        __builtin_add_overflow(*value, (int64_t)(*t->at - '0'), value))
      return 0;
    ++digits;
    ++t->at;
  }
  return digits > 0;
}

static int is_key(const char *s, size_t n, const char *key) {
  return n == strlen(key) && !memcmp(s, key, n);
}

/* Column-major data to row major. */
static void reorder(const pith_array *a, const char *from, char *to, size_t element) {
  int64_t index[PITH_MAX_RANK] = {0}, total = 1;
  for (int32_t i = 0; i < a->rank; ++i)
    total *= a->dims[i];
  for (int64_t n = 0; n < total; ++n) {
    int64_t offset = 0, stride = 1;
    for (int32_t i = 0; i < a->rank; ++i) {
      offset += index[i] * stride;
      stride *= a->dims[i];
    }
    memcpy(to + (size_t)n * element, from + (size_t)offset * element, element);
    for (int32_t i = a->rank; i-- > 0;) {
      if (++index[i] < a->dims[i])
        break;
      index[i] = 0;
    }
  }
}

int pith_npy_parse(const unsigned char *file, int64_t length, pith_array *array,
                   char *error, size_t size) {
  memset(array, 0, sizeof *array);
  if (length < 10 || memcmp(file, "\x93NUMPY", 6))
    BAD("not an NPY file");
  int64_t header, start;
  if (file[6] == 1) {
    header = file[8] | file[9] << 8;
    start = 10;
  } else if ((file[6] == 2 || file[6] == 3) && length >= 12) {
    header = (int64_t)file[8] | (int64_t)file[9] << 8 | (int64_t)file[10] << 16 |
             (int64_t)file[11] << 24;
    start = 12;
  } else {
    BAD("expected NPY version 1, 2 or 3, found %d", file[6]);
  }
  if (header > MAX_HEADER || header > length - start)
    BAD("NPY header is truncated or too long: %lld bytes", (long long)header);
  text t = {(const char *)file + start, (const char *)file + start + header};
  int have = 0, fortran = 0, swap = 0;
  size_t element = 0;
  if (!take(&t, '{'))
    BAD("malformed NPY header");
  while (!take(&t, '}')) {
    const char *key, *value;
    size_t n, m;
    if (!take_string(&t, &key, &n) || !take(&t, ':'))
      BAD("malformed NPY header");
    if (is_key(key, n, "descr")) {
      if (!take_string(&t, &value, &m))
        BAD("expected a plain element type (structured types are not supported)");
      char order = m == 3 || m == 4 ? value[0] : 0;
      if (m != 3 || !strchr("<>|=", order))
        BAD("unsupported element type '%.*s'", (int)(m > 32 ? 32 : m), value);
      array->dtype = -1;
      for (size_t i = 0; i < sizeof kKinds / sizeof kKinds[0]; ++i)
        if (value[1] == kKinds[i].kind && value[2] - '0' == kKinds[i].bytes)
          array->dtype = kKinds[i].dtype;
      if (array->dtype < 0)
        BAD("unsupported element type '%.*s'", (int)m, value);
      element = (size_t)(value[2] - '0');
      swap = order == '>' && element > 1;
      have |= 1;
    } else if (is_key(key, n, "fortran_order")) {
      if (take_word(&t, "True"))
        fortran = 1;
      else if (!take_word(&t, "False"))
        BAD("malformed NPY header: fortran_order");
      have |= 2;
    } else if (is_key(key, n, "shape")) {
      if (!take(&t, '('))
        BAD("malformed NPY header: shape");
      while (!take(&t, ')')) {
        if (array->rank == PITH_MAX_RANK)
          BAD("expected a rank of at most %d", PITH_MAX_RANK);
        if (!take_number(&t, &array->dims[array->rank]))
          BAD("malformed NPY header: shape");
        ++array->rank;
        take_word(&t, "L");
        if (!take(&t, ',')) {
          if (!take(&t, ')'))
            BAD("malformed NPY header: shape");
          break;
        }
      }
      have |= 4;
    } else {
      BAD("unexpected key in NPY header");
    }
    take(&t, ',');
  }
  if (have != 7)
    BAD("NPY header lacks descr, fortran_order or shape");
  int64_t bytes = (int64_t)element;
  for (int32_t i = 0; i < array->rank; ++i)
    if (__builtin_mul_overflow(bytes, array->dims[i], &bytes))
      BAD("NPY shape is too large");
  if (bytes > length - start - header)
    BAD("expected %lld bytes of data, found %lld", (long long)bytes,
        (long long)(length - start - header));
  array->bytes = bytes;
  array->data = (void *)(uintptr_t)(file + start + header);
  int unaligned = ((uintptr_t)array->data % (element ? element : 1)) != 0;
  if ((fortran && array->rank > 1) || swap || unaligned) {
    char *copy = malloc((size_t)bytes + 1);
    if (!copy)
      BAD("out of memory");
    if (fortran && array->rank > 1)
      reorder(array, array->data, copy, element);
    else
      memcpy(copy, array->data, (size_t)bytes);
    if (swap)
      for (int64_t i = 0; i + (int64_t)element <= bytes; i += (int64_t)element)
        for (size_t b = 0; b < element / 2; ++b) {
          char c = copy[i + (int64_t)b];
          copy[i + (int64_t)b] = copy[i + (int64_t)(element - 1 - b)];
          copy[i + (int64_t)(element - 1 - b)] = c;
        }
    array->data = array->owner = copy;
  }
  return 0;
}

int pith_npy_read(const char *path, pith_array *array, char *error, size_t size) {
  memset(array, 0, sizeof *array);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    BAD("cannot open '%s': %s", path, strerror(errno));
  struct stat info;
  if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
    close(fd);
    BAD("'%s' is not a regular file", path);
  }
  /* Read, not mapped: a file that shrinks must not kill the program. */
  unsigned char *file = NULL;
  if (posix_memalign((void **)&file, 64, (size_t)info.st_size + 64)) {
    close(fd);
    BAD("out of memory for '%s'", path);
  }
  int64_t length = 0;
  while (length < info.st_size) {
    ssize_t n = read(fd, file + length, (size_t)(info.st_size - length));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    length += n;
  }
  close(fd);
  char why[256];
  if (pith_npy_parse(file, length, array, why, sizeof why)) {
    free(file);
    BAD("'%s': %s", path, why);
  }
  if (array->owner)
    free(file);
  else
    array->owner = file;
  return 0;
}

static const char *descr_of(int32_t dtype) {
  static const char *const names[] = {"|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2",
                                      "<u4", "<u8", "<f2", "<f4", "<f8", "<u2"};
  return dtype >= 0 && dtype <= PITH_BFLOAT16 ? names[dtype] : "|V1";
}

int pith_npy_header(int32_t dtype, int32_t rank, const int64_t *dims, unsigned char *header,
                    size_t room, int64_t *bytes) {
  static const int64_t widths[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 2};
  if (dtype < 0 || dtype > PITH_BFLOAT16 || room < 1024)
    return -1;
  char *text = (char *)header + 10;
  room -= 10;
  int n = snprintf(text, room, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                   descr_of(dtype));
  *bytes = widths[dtype];
  for (int32_t i = 0; i < rank; ++i) {
    n += snprintf(text + n, room - (size_t)n, "%lld%s", (long long)dims[i],
                  rank == 1 || i + 1 < rank ? ", " : "");
    *bytes *= dims[i];
  }
  n += snprintf(text + n, room - (size_t)n, "), }");
  while ((10 + n + 1) % 64)
    text[n++] = ' ';
  text[n++] = '\n';
  const unsigned char lead[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0,
                                  (unsigned char)(n & 255), (unsigned char)(n >> 8)};
  memcpy(header, lead, 10);
  return 10 + n;
}

int pith_npy_write(const char *path, int32_t dtype, int32_t rank, const int64_t *dims,
                   const void *data, char *error, size_t size) {
  unsigned char header[1024];
  int64_t bytes = 0;
  int n = pith_npy_header(dtype, rank, dims, header, sizeof header, &bytes);
  if (n < 0)
    BAD("cannot write '%s': no such element type", path);
  /* A device or pipe is written to; only a file can be replaced. */
  struct stat info;
  int replace = stat(path, &info) || S_ISREG(info.st_mode);
  char *temporary = NULL;
  if ((replace ? asprintf(&temporary, "%s.tmp%ld", path, (long)getpid())
               : asprintf(&temporary, "%s", path)) < 0)
    BAD("out of memory");
  FILE *file = fopen(temporary, "wb");
  if (!file) {
    snprintf(error, size, "cannot write '%s': %s", path, strerror(errno));
    free(temporary);
    return 1;
  }
  int good = fwrite(header, 1, (size_t)n, file) == (size_t)n &&
             (bytes == 0 || fwrite(data, 1, (size_t)bytes, file) == (size_t)bytes);
  good = fclose(file) == 0 && good;
  if (good && replace && rename(temporary, path))
    good = 0;
  if (!good) {
    snprintf(error, size, "cannot write '%s': %s", path, strerror(errno));
    if (replace)
      unlink(temporary);
  }
  free(temporary);
  return !good;
}

void pith_array_free(pith_array *array) {
  if (array->mapped)
    munmap(array->owner, array->mapped);
  else
    free(array->owner);
  memset(array, 0, sizeof *array);
}
