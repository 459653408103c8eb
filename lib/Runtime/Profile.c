/*===- Profile.c - Writing profiles ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "pith/Runtime/Profile.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BAD(...)                                                               \
  do {                                                                         \
    snprintf(error, size, __VA_ARGS__);                                        \
    return 1;                                                                  \
  } while (0)

static int append(pith_profile_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* More of the index; non-zero if there is no memory. */
static int append(pith_profile_writer *w, const char *format, ...) {
  char *text = NULL;
  va_list list;
  va_start(list, format);
  int length = vasprintf(&text, format, list);
  va_end(list);
  if (length < 0)
    return 1;
  if (w->index_bytes + (size_t)length > w->index_room) {
    size_t room = 2 * w->index_room + (size_t)length + 1024;
    char *more = realloc(w->index, room);
    if (!more) {
      free(text);
      return 1;
    }
    w->index = more;
    w->index_room = room;
  }
  memcpy(w->index + w->index_bytes, text, (size_t)length);
  w->index_bytes += (size_t)length;
  free(text);
  return 0;
}

int pith_profile_begin(pith_profile_writer *w, const char *path, char *error, size_t size) {
  memset(w, 0, sizeof *w);
  if (pith_npz_begin(&w->npz, path, error, size))
    return 1;
  if (append(w, "{\"format\": \"pith-profile\", \"version\": %d,\n \"sites\": [",
             PITH_PROFILE_VERSION))
    BAD("out of memory");
  return 0;
}

void pith_profile_abort(pith_profile_writer *w) {
  pith_npz_abort(&w->npz);
  free(w->index);
  memset(w, 0, sizeof *w);
}

/* Array `name` of the site at hand; null is left out. */
static int add_array(pith_profile_writer *w, const char *name, int32_t dtype, int32_t rank,
                     const int64_t *dims, const void *data, char *error, size_t size) {
  char member[64];
  snprintf(member, sizeof member, "%lld/%s", (long long)w->sites, name);
  return data ? pith_npz_add(&w->npz, member, dtype, rank, dims, data, error, size) : 0;
}

int pith_profile_add(pith_profile_writer *w, const pith_profile_site *site, char *error,
                     size_t size) {
  if (append(w,
             "%s\n  {\"nodes\": %s, \"rows\": %lld, \"groups\": %lld, \"reduction\": %lld, "
             "\"minimum\": %.9g, \"maximum\": %.9g}",
             w->sites ? "," : "", site->users, (long long)site->rows,
             (long long)site->groups, (long long)site->reduction, (double)site->minimum,
             (double)site->maximum))
    BAD("out of memory");
  int64_t bins = PITH_HISTOGRAM_BINS;
  int64_t dims[3] = {site->groups, site->reduction, site->reduction};
  if (add_array(w, "histogram", PITH_INT64, 1, &bins, site->histogram, error, size) ||
      add_array(w, "mean", PITH_FLOAT32, 2, dims, site->mean, error, size) ||
      add_array(w, "magnitude", PITH_FLOAT32, 2, dims, site->magnitude, error, size) ||
      add_array(w, "largest", PITH_FLOAT32, 2, dims, site->largest, error, size) ||
      add_array(w, "gram", PITH_FLOAT32, 3, dims, site->gram, error, size))
    return 1;
  ++w->sites;
  return 0;
}

int pith_profile_end(pith_profile_writer *w, char *error, size_t size) {
  if (append(w, "\n ]}\n"))
    BAD("out of memory");
  int64_t length = (int64_t)w->index_bytes;
  if (pith_npz_add(&w->npz, "index", PITH_UINT8, 1, &length, w->index, error, size) ||
      pith_npz_end(&w->npz, error, size))
    return 1;
  free(w->index);
  memset(w, 0, sizeof *w);
  return 0;
}

/* One site; its matrix is whole only while it is written. */
static int write_observation(pith_profile_writer *w, const pith_observation *seen,
                             char *error, size_t size) {
  int64_t G = seen->site.groups, K = seen->site.reduction, columns = G * K;
  float *means = malloc((size_t)columns * 2 * sizeof(float) + 1);
  float *gram = seen->tiles ? malloc((size_t)(columns * K) * sizeof(float)) : NULL;
  int bad = !means || (seen->tiles && !gram);
  if (bad)
    snprintf(error, size, "no memory to write the profile");
  for (int64_t i = 0; !bad && i < columns; ++i) {
    double rows = seen->rows ? (double)seen->rows : 1;
    means[i] = (float)(seen->sum[i] / rows);
    means[columns + i] = (float)(seen->magnitude[i] / rows);
  }
  for (int64_t g = 0; !bad && gram && g < G; ++g)
    pith_observation_gram(seen, g, gram + g * K * K);
  if (!bad) {
    pith_profile_site site = {seen->users, seen->rows, G, K, seen->minimum, seen->maximum,
                              seen->histogram, means, means + columns, seen->largest, gram};
    bad = pith_profile_add(w, &site, error, size);
  }
  free(means);
  free(gram);
  return bad;
}

int pith_profile_write(const pith_observer *observer, const char *path, char *error,
                       size_t size) {
  pith_profile_writer w;
  int bad = pith_profile_begin(&w, path, error, size);
  for (int64_t i = 0; !bad && observer && i < observer->count; ++i)
    if (observer->sites[i])
      bad = write_observation(&w, observer->sites[i], error, size);
  bad = bad || pith_profile_end(&w, error, size);
  if (bad)
    pith_profile_abort(&w);
  return bad;
}
