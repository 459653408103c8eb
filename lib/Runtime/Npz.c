/*===- Npz.c - The .npz format ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * A ZIP archive (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16; 4.5.3 for
 * sizes above 4 GB) of .npy members, stored or deflated.
 *
 *===----------------------------------------------------------------------===*/

#include "pith/Runtime/Npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BAD(...)                                                               \
  do {                                                                         \
    snprintf(error, size, __VA_ARGS__);                                        \
    return 1;                                                                  \
  } while (0)

static uint32_t u16(const unsigned char *p) { return p[0] | (uint32_t)p[1] << 8; }
static uint32_t u32(const unsigned char *p) { return u16(p) | u16(p + 2) << 16; }
static uint64_t u64(const unsigned char *p) { return u32(p) | (uint64_t)u32(p + 4) << 32; }

uint32_t pith_crc32_more(uint32_t crc, const void *data, int64_t length) {
  /* table[k][b]: what byte b, followed by k zeros, does; eight bytes at a time. */
  uint32_t table[8][256];
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit)
      c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[0][i] = c;
  }
  for (int k = 1; k < 8; ++k)
    for (int i = 0; i < 256; ++i)
      table[k][i] = table[0][table[k - 1][i] & 255] ^ (table[k - 1][i] >> 8);
  const unsigned char *p = data;
  for (; length >= 8; length -= 8, p += 8) {
    uint32_t low = crc ^ u32(p), high = u32(p + 4);
    crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
          table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
          table[1][high >> 16 & 255] ^ table[0][high >> 24];
  }
  for (; length > 0; --length)
    crc = table[0][(crc ^ *p++) & 255] ^ (crc >> 8);
  return crc;
}

uint32_t pith_crc32(const unsigned char *data, int64_t length) {
  return ~pith_crc32_more(~0u, data, length);
}

/*===----------------------------------------------------------------------===*
 * DEFLATE
 *===----------------------------------------------------------------------===*/

typedef struct {
  const unsigned char *in;
  int64_t at, length;
  uint32_t bits;
  int count;
} reader;

/* `n` bits, or -1 at the end of the data. */
static int bits(reader *r, int n) {
  while (r->count < n) {
    if (r->at >= r->length)
      return -1;
    r->bits |= (uint32_t)r->in[r->at++] << r->count;
    r->count += 8;
  }
  int value = (int)(r->bits & ((1u << n) - 1));
  r->bits >>= n;
  r->count -= n;
  return value;
}

/* Canonical Huffman code: number of codes per length, symbols in order. */
typedef struct {
  short count[16];
  short symbol[288];
} code;

static int build(code *c, const unsigned char *lengths, int n) {
  memset(c->count, 0, sizeof c->count);
  for (int i = 0; i < n; ++i)
    ++c->count[lengths[i]];
  int left = 1;
  for (int i = 1; i < 16; ++i) {
    left = left * 2 - c->count[i];
    if (left < 0)
      return 1; /* over-subscribed */
  }
  short start[16];
  start[1] = 0;
  for (int i = 1; i < 15; ++i)
    start[i + 1] = (short)(start[i] + c->count[i]);
  for (int i = 0; i < n; ++i)
    if (lengths[i])
      c->symbol[start[lengths[i]]++] = (short)i;
  c->count[0] = 0;
  return 0;
}

static int decode(reader *r, const code *c) {
  int value = 0, first = 0, index = 0;
  for (int length = 1; length < 16; ++length) {
    int bit = bits(r, 1);
    if (bit < 0)
      return -1;
    value |= bit;
    int count = c->count[length];
    if (value - count < first)
      return c->symbol[index + (value - first)];
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return -1;
}

int pith_inflate(const unsigned char *in, int64_t in_length, unsigned char *out,
                 int64_t out_length) {
  static const short base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                               31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const short extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const short far_base[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,
                                   33,  49,  65,  97,  129, 193,  257,  385,  513,  769,
                                   1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  static const short far_extra[] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                    6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
  static const unsigned char order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                        11, 4,  12, 3, 13, 2, 14, 1, 15};
  reader r = {in, 0, in_length, 0, 0};
  int64_t done = 0;
  for (int last = 0; !last;) {
    last = bits(&r, 1);
    int type = bits(&r, 2);
    if (last < 0 || type < 0 || type == 3)
      return 1;
    if (type == 0) {
      r.bits = 0;
      r.count = 0;
      if (r.at + 4 > in_length)
        return 1;
      uint32_t length = u16(in + r.at);
      if ((length ^ 0xffff) != u16(in + r.at + 2))
        return 1;
      r.at += 4;
      if (r.at + (int64_t)length > in_length || done + (int64_t)length > out_length)
        return 1;
      memcpy(out + done, in + r.at, length);
      done += length;
      r.at += length;
      continue;
    }
    code literals, distances;
    unsigned char lengths[320];
    if (type == 1) {
      int i = 0;
      for (; i < 144; ++i)
        lengths[i] = 8;
      for (; i < 256; ++i)
        lengths[i] = 9;
      for (; i < 280; ++i)
        lengths[i] = 7;
      for (; i < 288; ++i)
        lengths[i] = 8;
      build(&literals, lengths, 288);
      memset(lengths, 5, 30);
      build(&distances, lengths, 30);
    } else {
      int a = bits(&r, 5), b = bits(&r, 5), n = bits(&r, 4);
      if (a < 0 || b < 0 || n < 0 || a > 29 || b > 29)
        return 1;
      a += 257;
      b += 1;
      unsigned char short_lengths[19] = {0};
      for (int i = 0; i < n + 4; ++i) {
        int v = bits(&r, 3);
        if (v < 0)
          return 1;
        short_lengths[order[i]] = (unsigned char)v;
      }
      code meta;
      if (build(&meta, short_lengths, 19))
        return 1;
      for (int i = 0; i < a + b;) {
        int symbol = decode(&r, &meta);
        if (symbol < 0)
          return 1;
        if (symbol < 16) {
          lengths[i++] = (unsigned char)symbol;
          continue;
        }
        int repeat, value = 0;
        if (symbol == 16) {
          if (i == 0)
            return 1;
          value = lengths[i - 1];
          repeat = bits(&r, 2) + 3;
        } else {
          repeat = symbol == 17 ? bits(&r, 3) + 3 : bits(&r, 7) + 11;
        }
        if (repeat < 3 || i + repeat > a + b)
          return 1;
        while (repeat--)
          lengths[i++] = (unsigned char)value;
      }
      if (build(&literals, lengths, a) || build(&distances, lengths + a, b))
        return 1;
    }
    for (;;) {
      int symbol = decode(&r, &literals);
      if (symbol < 0)
        return 1;
      if (symbol == 256)
        break;
      if (symbol < 256) {
        if (done >= out_length)
          return 1;
        out[done++] = (unsigned char)symbol;
        continue;
      }
      symbol -= 257;
      if (symbol >= 29)
        return 1;
      int more = bits(&r, extra[symbol]);
      int where = decode(&r, &distances);
      if (more < 0 || where < 0 || where >= 30)
        return 1;
      int further = bits(&r, far_extra[where]);
      if (further < 0)
        return 1;
      int64_t length = base[symbol] + more, distance = far_base[where] + further;
      if (distance > done || length > out_length - done)
        return 1;
      for (int64_t i = 0; i < length; ++i, ++done)
        out[done] = out[done - distance];
    }
  }
  return done != out_length;
}

/*===----------------------------------------------------------------------===*
 * ZIP
 *===----------------------------------------------------------------------===*/

void pith_npz_close(pith_npz *npz) {
  for (int64_t i = 0; npz->names && i < npz->count; ++i)
    free(npz->names[i]);
  free(npz->names);
  free(npz->headers);
  free(npz->packed);
  free(npz->unpacked);
  free(npz->crcs);
  free(npz->methods);
  if (npz->open)
    close(npz->fd);
  memset(npz, 0, sizeof *npz);
}

/* Reads `bytes` at `where`: non-zero if the file is shorter. */
static int read_at(const pith_npz *npz, int64_t where, void *to, int64_t bytes) {
  if (where < 0 || bytes < 0 || bytes > npz->length || where > npz->length - bytes)
    return 1;
  for (int64_t done = 0; done < bytes;) {
    ssize_t n = pread(npz->fd, (char *)to + done, (size_t)(bytes - done), where + done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return 1;
    done += n;
  }
  return 0;
}

static int open_file(const char *path, pith_npz *npz, char *error, size_t size) {
  struct stat info;
  npz->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (npz->fd < 0)
    BAD("cannot open '%s'", path);
  npz->open = 1;
  if (fstat(npz->fd, &info) || !S_ISREG(info.st_mode)) {
    pith_npz_close(npz);
    BAD("'%s' is not a regular file", path);
  }
  npz->length = info.st_size;
  return 0;
}

/* The end of the file, from where on `start` is: the directory and what follows it.
 * The caller frees it. Null: it is no ZIP file (or there is no memory). */
static unsigned char *read_end(const pith_npz *npz, int64_t bytes, int64_t *start) {
  if (bytes > npz->length)
    bytes = npz->length;
  unsigned char *data = malloc((size_t)bytes + 1);
  *start = npz->length - bytes;
  if (data && read_at(npz, *start, data, bytes)) {
    free(data);
    data = NULL;
  }
  return data;
}

/* Number of members, and where the directory begins; from the record at the file's
 * end. */
static int find_directory(const pith_npz *npz, const char *path, int64_t *count, int64_t *at,
                          char *error, size_t size) {
  int64_t n = npz->length, start, end = -1;
  unsigned char *f = read_end(npz, 20 + 22 + 65535, &start), more[56];
  if (!f)
    BAD("cannot read '%s'", path);
  for (int64_t here = n - start - 22; here >= 0; --here)
    if (u32(f + here) == 0x06054b50) {
      end = here;
      break;
    }
  int bad = 0;
  if (end >= 0) {
    *count = u16(f + end + 10);
    *at = u32(f + end + 16);
    if ((*count == 0xffff || *at == 0xffffffff) && end >= 20 &&
        u32(f + end - 20) == 0x07064b50) {
      uint64_t where = u64(f + end - 12);
      bad = where > (uint64_t)n || read_at(npz, (int64_t)where, more, 56) ||
            u32(more) != 0x06064b50;
      if (!bad) {
        *count = (int64_t)u64(more + 32);
        *at = (int64_t)u64(more + 48);
      }
    }
  }
  free(f);
  if (end < 0)
    BAD("'%s' is not an NPZ file", path);
  if (bad || *at < 0 || *at > n || *count < 0 || *count > n / 46)
    BAD("'%s': damaged ZIP directory", path);
  return 0;
}

/* The entries of the directory, which begins at `f` and has `n` bytes. */
static int read_directory(pith_npz *npz, const char *path, const unsigned char *f, int64_t n,
                          int64_t count, char *error, size_t size) {
  int64_t at = 0;
  size_t slots = (size_t)count + 1;
  npz->names = calloc(slots, sizeof(char *));
  npz->headers = calloc(slots, sizeof(int64_t));
  npz->packed = calloc(slots, sizeof(int64_t));
  npz->unpacked = calloc(slots, sizeof(int64_t));
  npz->crcs = calloc(slots, sizeof(uint32_t));
  npz->methods = calloc(slots, sizeof(int));
  if (!npz->names || !npz->headers || !npz->packed || !npz->unpacked || !npz->crcs ||
      !npz->methods)
    BAD("out of memory");
  for (int64_t i = 0; i < count; ++i) {
    if (n - at < 46 || u32(f + at) != 0x02014b50)
      BAD("'%s': damaged ZIP directory", path);
    int64_t name = u16(f + at + 28), extra = u16(f + at + 30), comment = u16(f + at + 32);
    if (n - at - 46 < name + extra + comment)
      BAD("'%s': damaged ZIP directory", path);
    npz->methods[i] = (int)u16(f + at + 10);
    npz->crcs[i] = u32(f + at + 16);
    npz->packed[i] = u32(f + at + 20);
    npz->unpacked[i] = u32(f + at + 24);
    npz->headers[i] = u32(f + at + 42);
    const unsigned char *e = f + at + 46 + name, *e_end = e + extra;
    while (e_end - e >= 4) {
      int64_t length = u16(e + 2);
      if (e_end - e - 4 < length)
        break;
      if (u16(e) == 1) {
        const unsigned char *v = e + 4, *v_end = v + length;
        int64_t *fields[] = {&npz->unpacked[i], &npz->packed[i], &npz->headers[i]};
        for (int k = 0; k < 3; ++k)
          if (*fields[k] == 0xffffffff && v_end - v >= 8) {
            *fields[k] = (int64_t)u64(v);
            v += 8;
          }
      }
      e += 4 + length;
    }
    char *copy = malloc((size_t)name + 1);
    if (!copy)
      BAD("out of memory");
    memcpy(copy, f + at + 46, (size_t)name);
    copy[name] = 0;
    if (name > 4 && !strcmp(copy + name - 4, ".npy"))
      copy[name - 4] = 0;
    npz->names[i] = copy;
    npz->count = i + 1;
    for (int64_t j = 0; j < i; ++j)
      if (!strcmp(npz->names[j], copy))
        BAD("'%s': member '%s' appears twice", path, npz->names[j]);
    at += 46 + name + extra + comment;
  }
  return 0;
}

int pith_npz_open(const char *path, pith_npz *npz, char *error, size_t size) {
  memset(npz, 0, sizeof *npz);
  if (open_file(path, npz, error, size))
    return 1;
  int64_t count = 0, at = 0, start;
  unsigned char *directory = NULL;
  int bad = find_directory(npz, path, &count, &at, error, size);
  if (!bad && !(directory = read_end(npz, npz->length - at, &start))) {
    snprintf(error, size, "cannot read '%s'", path);
    bad = 1;
  }
  bad = bad ||
        read_directory(npz, path, directory, npz->length - at, count, error, size);
  free(directory);
  if (bad)
    pith_npz_close(npz);
  return bad;
}

int pith_npz_load(const pith_npz *npz, int64_t index, pith_array *array, char *error,
                  size_t size) {
  const char *name = npz->names[index];
  int64_t at = npz->headers[index], packed = npz->packed[index],
          unpacked = npz->unpacked[index];
  unsigned char header[30];
  memset(array, 0, sizeof *array);
  if (read_at(npz, at, header, 30) || u32(header) != 0x04034b50)
    BAD("member '%s': damaged ZIP header", name);
  int64_t start = at + 30 + u16(header + 26) + u16(header + 28);
  if (start > npz->length || packed < 0 || packed > npz->length - start || unpacked < 0)
    BAD("member '%s': truncated", name);
  /* DEFLATE cannot pack better than about 1 : 1032. */
  if (unpacked / 1040 > packed + 1)
    BAD("member '%s': expected at most 1040 times %lld bytes, found %lld", name,
        (long long)packed, (long long)unpacked);
  if (npz->methods[index] == 0 && packed != unpacked)
    BAD("member '%s': damaged ZIP header", name);
  if (npz->methods[index] != 0 && npz->methods[index] != 8)
    BAD("member '%s': unsupported ZIP method %d", name, npz->methods[index]);
  unsigned char *data = NULL;
  if (posix_memalign((void **)&data, 64, (size_t)unpacked + 64))
    BAD("member '%s': out of memory", name);
  int bad;
  if (npz->methods[index] == 0) {
    bad = read_at(npz, start, data, unpacked);
  } else {
    unsigned char *in = malloc((size_t)packed + 1);
    bad = !in || read_at(npz, start, in, packed) ||
          pith_inflate(in, packed, data, unpacked);
    free(in);
  }
  if (bad) {
    free(data);
    BAD("member '%s': damaged data", name);
  }
  char why[256];
  if (pith_crc32(data, unpacked) != npz->crcs[index]) {
    free(data);
    BAD("member '%s': checksum does not fit", name);
  }
  if (pith_npy_parse(data, unpacked, array, why, sizeof why)) {
    free(data);
    BAD("member '%s': %s", name, why);
  }
  if (array->owner)
    free(data);
  else
    array->owner = data;
  return 0;
}
