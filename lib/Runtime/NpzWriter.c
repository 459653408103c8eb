/*===- NpzWriter.c - NPZ files, member by member ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * PKWARE APPNOTE 6.3, sections 4.3.7 to 4.3.16; sizes of 4 GB and more by 4.5.3.
 * Each member's extra field is padded so that its data is aligned to 64 bytes.
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "pith/Runtime/NpzWriter.h"

#include "pith/Runtime/Npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BAD(...)                                                               \
  do {                                                                         \
    snprintf(error, size, __VA_ARGS__);                                        \
    return 1;                                                                  \
  } while (0)

/* Little-endian fields of a record. */
static unsigned char *put(unsigned char *p, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i)
    *p++ = (unsigned char)(value >> (8 * i));
  return p;
}
static uint64_t at_most(int64_t value, uint64_t limit) {
  return (uint64_t)value < limit ? (uint64_t)value : limit;
}

/* A file in the folder of `path` that has no name yet. */
static int open_unnamed(const char *path) {
#ifdef O_TMPFILE
  char *folder = strdup(path);
  char *slash = folder ? strrchr(folder, '/') : NULL;
  if (slash)
    slash[slash == folder] = 0;
  int fd = folder ? open(slash ? folder : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
  free(folder);
  return fd;
#else
  (void)path;
  return -1;
#endif
}

static char *temporary_name(const char *path) {
  char *name = NULL;
  return asprintf(&name, "%s.tmp%ld", path, (long)getpid()) < 0 ? NULL : name;
}

int pith_npz_begin(pith_npz_writer *w, const char *path, char *error, size_t size) {
  memset(w, 0, sizeof *w);
  struct stat info;
  w->replace = stat(path, &info) || S_ISREG(info.st_mode);
  w->path = strdup(path);
  int fd = w->replace ? open_unnamed(path) : open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 && w->replace && (w->temporary = temporary_name(path)))
    fd = open(w->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0 || !w->path || !(w->file = fdopen(fd, "wb"))) {
    snprintf(error, size, "cannot write '%s': %s", path, strerror(errno));
    if (fd >= 0)
      close(fd);
    pith_npz_abort(w);
    return 1;
  }
  return 0;
}

void pith_npz_abort(pith_npz_writer *w) {
  if (w->file)
    fclose(w->file);
  if (w->temporary)
    unlink(w->temporary);
  free(w->path);
  free(w->temporary);
  free(w->directory);
  memset(w, 0, sizeof *w);
}

static int write_bytes(pith_npz_writer *w, const void *data, int64_t bytes, char *error,
                       size_t size) {
  if (bytes && fwrite(data, 1, (size_t)bytes, w->file) != (size_t)bytes)
    BAD("cannot write '%s': %s", w->path, strerror(errno));
  w->at += bytes;
  return 0;
}

/* The part of a header that local and central records share: from the version needed
 * to the length of the name. Sizes stand in the extra field. */
static unsigned char *put_common(unsigned char *p, uint32_t crc, size_t name) {
  p = put(p, 45, 2); /* version 4.5 */
  p = put(p, 0x800, 2); /* the name is UTF-8 */
  p = put(p, 0, 2); /* stored */
  p = put(p, 0, 2); /* time */
  p = put(p, 0x21, 2); /* 1980-01-01 */
  p = put(p, crc, 4);
  p = put(p, 0xffffffff, 4);
  p = put(p, 0xffffffff, 4);
  return put(p, name, 2);
}

/* The entry of a member in the directory. */
static int add_entry(pith_npz_writer *w, const char *name, uint32_t crc, int64_t bytes,
                     int64_t where) {
  size_t length = strlen(name) + 4, room = 46 + length + 28;
  unsigned char *more = realloc(w->directory, w->directory_bytes + room);
  if (!more)
    return 1;
  w->directory = more;
  unsigned char *p = more + w->directory_bytes;
  p = put(p, 0x02014b50, 4);
  p = put(p, 45, 2);
  p = put_common(p, crc, length);
  p = put(p, 28, 2);          /* extra field */
  p = put(p, 0, 2);           /* no comment */
  p = put(p, 0, 2 + 2 + 4);   /* first disk; no attributes */
  p = put(p, 0xffffffff, 4);
  memcpy(p, name, length - 4);
  memcpy(p + length - 4, ".npy", 4);
  p = put(p + length, 1, 2);
  p = put(p, 24, 2);
  p = put(p, (uint64_t)bytes, 8);
  p = put(p, (uint64_t)bytes, 8);
  put(p, (uint64_t)where, 8);
  w->directory_bytes += room;
  ++w->count;
  return 0;
}

int pith_npz_add(pith_npz_writer *w, const char *name, int32_t dtype, int32_t rank,
                 const int64_t *dims, const void *data, char *error, size_t size) {
  unsigned char header[1024];
  int64_t bytes = 0;
  int length = pith_npy_header(dtype, rank, dims, header, sizeof header, &bytes);
  size_t name_length = strlen(name) + 4;
  if (length < 0 || name_length > 1000)
    BAD("member '%.100s' cannot be written", name);
  uint32_t crc = pith_crc32_more(pith_crc32_more(~0u, header, length), data, bytes) ^ ~0u;
  int64_t where = w->at;
  /* Local header, name, sizes, padding (a field of a private kind), data. */
  unsigned char record[1200] = {0}, *p = record;
  int64_t fixed = 30 + (int64_t)name_length + 20 + 4;
  int64_t padding = -(where + fixed + length) & 63;
  p = put(p, 0x04034b50, 4);
  p = put_common(p, crc, name_length);
  p = put(p, (uint64_t)(20 + 4 + padding), 2);
  memcpy(p, name, name_length - 4);
  memcpy(p + name_length - 4, ".npy", 4);
  p = put(p + name_length, 1, 2);
  p = put(p, 16, 2);
  p = put(p, (uint64_t)(length + bytes), 8);
  p = put(p, (uint64_t)(length + bytes), 8);
  p = put(p, 0x4950, 2);
  p = put(p, (uint64_t)padding, 2);
  if (write_bytes(w, record, fixed + padding, error, size) ||
      write_bytes(w, header, length, error, size) ||
      write_bytes(w, data, bytes, error, size))
    return 1;
  if (add_entry(w, name, crc, length + bytes, where))
    BAD("cannot write '%s': out of memory", w->path);
  return 0;
}

/* Gives the complete file its name. */
static int publish(pith_npz_writer *w) {
  if (!w->temporary) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fileno(w->file));
    if (!(w->temporary = temporary_name(w->path)))
      return 1;
    unlink(w->temporary);
    if (linkat(AT_FDCWD, self, AT_FDCWD, w->temporary, AT_SYMLINK_FOLLOW)) {
      free(w->temporary);
      w->temporary = NULL;
      return 1;
    }
  }
  if (rename(w->temporary, w->path))
    return 1;
  free(w->temporary);
  w->temporary = NULL;
  return 0;
}

int pith_npz_end(pith_npz_writer *w, char *error, size_t size) {
  int64_t start = w->at, bytes = (int64_t)w->directory_bytes;
  unsigned char end[56 + 20 + 22], *p = end;
  p = put(p, 0x06064b50, 4);
  p = put(p, 44, 8);
  p = put(p, 45, 2);
  p = put(p, 45, 2);
  p = put(p, 0, 8); /* disks */
  p = put(p, (uint64_t)w->count, 8);
  p = put(p, (uint64_t)w->count, 8);
  p = put(p, (uint64_t)bytes, 8);
  p = put(p, (uint64_t)start, 8);
  p = put(p, 0x07064b50, 4);
  p = put(p, 0, 4);
  p = put(p, (uint64_t)(start + bytes), 8);
  p = put(p, 1, 4);
  p = put(p, 0x06054b50, 4);
  p = put(p, 0, 4);
  p = put(p, at_most(w->count, 0xffff), 2);
  p = put(p, at_most(w->count, 0xffff), 2);
  p = put(p, at_most(bytes, 0xffffffff), 4);
  p = put(p, at_most(start, 0xffffffff), 4);
  put(p, 0, 2);
  if (write_bytes(w, w->directory, bytes, error, size) ||
      write_bytes(w, end, sizeof end, error, size))
    return 1;
  if (fflush(w->file) || (w->replace && publish(w)))
    BAD("cannot write '%s': %s", w->path, strerror(errno));
  pith_npz_abort(w);
  return 0;
}
