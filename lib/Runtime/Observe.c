/*===- Observe.c - Statistics of activations ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * A tensor is first scanned as it lies (extremes, histogram), then cut into panels
 * (Gram.h) some thousand rows at a time; columns are summed up while a panel is
 * made, and the products of panels are added to the Gram matrix. Only linked into
 * programs that call it.
 *
 *===----------------------------------------------------------------------===*/

#include "Gram.h"
#include "Instance.h"
#include "pith/Runtime/Profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Panels of one block of rows take about this much, or PANEL_ROWS rows if more. */
#define BLOCK_BYTES (4 << 20)
#define SCAN_ELEMENTS 32768

/*===----------------------------------------------------------------------===*
 * What is kept
 *===----------------------------------------------------------------------===*/

static int64_t panel_width(const pith_site *site) {
  return site->reduction <= PANEL / 2 ? PANEL / 2 : PANEL;
}
static int64_t panel_count(const pith_site *site) {
  int64_t width = panel_width(site);
  return (site->reduction + width - 1) / width;
}
/* Floats of one group's triangle. */
static int64_t triangle_size(const pith_site *site) {
  int64_t panels = panel_count(site), width = panel_width(site);
  return panels * (panels + 1) / 2 * width * width;
}
int64_t pith_site_tile_bytes(const pith_site *site) {
  return site->groups * triangle_size(site) * (int64_t)sizeof(float);
}

void pith_observation_free(pith_observation *seen) {
  if (!seen)
    return;
  free(seen->histogram);
  free(seen->sum);
  free(seen->magnitude);
  free(seen->largest);
  free(seen->tiles);
  free(seen);
}

void pith_observer_free(pith_observer *observer) {
  for (int64_t i = 0; observer && i < observer->count; ++i)
    pith_observation_free(observer->sites[i]);
  if (observer) {
    free(observer->sites);
    free(observer->panels);
    free(observer->convert);
  }
  free(observer);
}

pith_observer *pith_observer_take(struct pith_instance *instance) {
  pith_observer *observer = instance->observer;
  instance->observer = NULL;
  return observer;
}

/* At least `count` floats, kept for the next time. */
static float *reserve(float **memory, int64_t *room, int64_t count) {
  if (*room < count) {
    free(*memory);
    *room = 0;
    if (posix_memalign((void **)memory, 64, (size_t)count * sizeof(float)))
      *memory = NULL;
    else
      *room = count;
  }
  return *memory;
}

static pith_observation *make_observation(const pith_site *site) {
  pith_observation *seen = calloc(1, sizeof *seen);
  if (!seen)
    return NULL;
  size_t columns = (size_t)(site->groups * site->reduction);
  seen->site = *site;
  seen->histogram = calloc(PITH_HISTOGRAM_BINS, sizeof(int64_t));
  seen->sum = calloc(columns + 1, sizeof(double));
  seen->magnitude = calloc(columns + 1, sizeof(double));
  seen->largest = calloc(columns + 1, sizeof(float));
  int good = seen->histogram && seen->sum && seen->magnitude && seen->largest;
  if (site->gram) {
    size_t bytes = (size_t)pith_site_tile_bytes(site);
    good = good && !posix_memalign((void **)&seen->tiles, 64, bytes + 64);
    if (good)
      memset(seen->tiles, 0, bytes);
    else
      seen->tiles = NULL;
  }
  if (good)
    return seen;
  pith_observation_free(seen);
  return NULL;
}

/* The entry of a site, made where it is used first; null if there is no memory. */
static pith_observation *find_observation(struct pith_instance *instance,
                                          const pith_site *site) {
  if (!instance->observer) {
    instance->observer = calloc(1, sizeof(pith_observer));
    instance->free_observer = pith_observer_free;
    instance->write_profile = pith_profile_write;
  }
  pith_observer *observer = instance->observer;
  if (!observer)
    return NULL;
  if (site->index >= observer->count) {
    size_t count = (size_t)site->index + 1;
    pith_observation **more = realloc(observer->sites, count * sizeof *more);
    if (!more)
      return NULL;
    memset(more + observer->count, 0, (count - (size_t)observer->count) * sizeof *more);
    observer->sites = more;
    observer->count = (int64_t)count;
  }
  pith_observation **entry = &observer->sites[site->index];
  if (!*entry)
    *entry = make_observation(site);
  return *entry;
}

/*===----------------------------------------------------------------------===*
 * The tensor as it lies
 *===----------------------------------------------------------------------===*/

typedef struct scan {
  const void *data;
  int64_t dtype, elements;
  float *convert; /* f32 elements, where the tensor has another type */
  float *extremes; /* minimum and maximum of each piece */
  _Atomic int64_t *histogram;
  _Atomic int64_t not_finite; /* the first such element, or `elements` */
} scan;

static float half_to_float(uint16_t h) {
  int exponent = (h >> 10) & 31, mantissa = h & 1023;
  float value = exponent == 0    ? ldexpf((float)mantissa, -24)
                : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                 : ldexpf((float)(1024 + mantissa), exponent - 25);
  return h >> 15 ? -value : value;
}

static void convert_elements(const scan *s, int64_t lo, int64_t hi) {
  for (int64_t i = lo; i < hi; ++i)
    switch (s->dtype) {
    case PITH_FLOAT64:
      s->convert[i] = (float)((const double *)s->data)[i];
      break;
    case PITH_FLOAT16:
      s->convert[i] = half_to_float(((const uint16_t *)s->data)[i]);
      break;
    default: {
      uint32_t bits = (uint32_t)((const uint16_t *)s->data)[i] << 16;
      memcpy(&s->convert[i], &bits, sizeof bits);
    }
    }
}

/* The bin of a finite value; see LogHistogram in ActivationStatistics.h. */
static inline int find_bin(uint32_t bits) {
  const int per_sign = PITH_HISTOGRAM_BINS / 2;
  int step = (int)((bits & 0x7fffffffu) >> 18) - (127 - 32) * 32;
  if (step < 0)
    return per_sign;
  if (step >= per_sign)
    step = per_sign - 1;
  return bits >> 31 ? per_sign - 1 - step : per_sign + 1 + step;
}

static void report_not_finite(scan *s, int64_t index) {
  int64_t first = atomic_load(&s->not_finite);
  while (index < first && !atomic_compare_exchange_weak(&s->not_finite, &first, index))
    ;
}

static void scan_piece(scan *s, int64_t piece) {
  int64_t lo = piece * SCAN_ELEMENTS, hi = lo + SCAN_ELEMENTS;
  if (hi > s->elements)
    hi = s->elements;
  if (s->convert)
    convert_elements(s, lo, hi);
  const float *x = s->convert ? s->convert : s->data;
  /* Two, since the same bin twice in a row would wait for itself. */
  uint32_t counts[2][PITH_HISTOGRAM_BINS];
  memset(counts, 0, sizeof counts);
  float minimum = INFINITY, maximum = -INFINITY;
  uint32_t bad = 0;
  for (int64_t i = lo; i < hi; ++i) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bad |= (bits & 0x7f800000u) == 0x7f800000u;
    ++counts[i & 1][find_bin(bits)];
    minimum = x[i] < minimum ? x[i] : minimum;
    maximum = x[i] > maximum ? x[i] : maximum;
  }
  for (int64_t i = lo; bad && i < hi; ++i)
    if (!isfinite(x[i])) {
      report_not_finite(s, i);
      break;
    }
  s->extremes[2 * piece] = minimum;
  s->extremes[2 * piece + 1] = maximum;
  for (int bin = 0; bin < PITH_HISTOGRAM_BINS; ++bin)
    if (counts[0][bin] | counts[1][bin])
      atomic_fetch_add_explicit(&s->histogram[bin],
                                (int64_t)counts[0][bin] + counts[1][bin],
                                memory_order_relaxed);
}

static void scan_task(const void *context, int64_t lo, int64_t hi) {
  for (int64_t piece = lo; piece < hi; ++piece)
    scan_piece((scan *)(uintptr_t)context, piece);
}

/* Extremes and histogram; the elements as f32, or null after setting the error. */
static const float *scan_tensor(struct pith_instance *instance, pith_observation *seen,
                                const char *node, const void *data, int64_t elements) {
  pith_observer *observer = instance->observer;
  scan s = {.data = data, .dtype = seen->site.dtype, .elements = elements,
            .histogram = (_Atomic int64_t *)seen->histogram, .not_finite = elements};
  int64_t pieces = (elements + SCAN_ELEMENTS - 1) / SCAN_ELEMENTS;
  s.extremes = malloc((size_t)pieces * 2 * sizeof(float));
  if (s.extremes && s.dtype != PITH_FLOAT32)
    s.convert = reserve(&observer->convert, &observer->convert_room, elements);
  if (!s.extremes || (s.dtype != PITH_FLOAT32 && !s.convert)) {
    free(s.extremes);
    pith_rt_fail(instance, node, "no memory to observe the activation");
    return NULL;
  }
  pith_rt_parallel_for(instance, scan_task, &s, pieces, 1);
  for (int64_t piece = 0; piece < pieces; ++piece) {
    float minimum = s.extremes[2 * piece], maximum = s.extremes[2 * piece + 1];
    int first = seen->elements == 0 && piece == 0;
    if (first || minimum < seen->minimum)
      seen->minimum = minimum;
    if (first || maximum > seen->maximum)
      seen->maximum = maximum;
  }
  free(s.extremes);
  const float *x = s.convert ? s.convert : data;
  if (s.not_finite < elements) {
    pith_error(instance, "node '%s': expected activations to be finite, found %f (element "
               "%lld of %lld)", node ? node : "", (double)x[s.not_finite],
               (long long)s.not_finite, (long long)elements);
    return NULL;
  }
  seen->elements += elements;
  return x;
}

/*===----------------------------------------------------------------------===*
 * Rows in panels
 *===----------------------------------------------------------------------===*/

/* Elements of a panel that lie together in the activation (patches only). */
typedef struct segment {
  int64_t panel, to, length; /* columns [to, to + length) of the panel */
  int64_t channel;           /* the first, within the group */
  int64_t offset[PITH_MAX_RANK]; /* spatial, from the patch's corner */
} segment;

typedef struct rows {
  pith_observation *seen;
  const float *x;
  const int64_t *dims;
  int64_t count;         /* of rows, per group */
  int64_t width, panels; /* of and in a group */
  /* Patches. */
  int64_t spatial;
  int64_t sizes[PITH_MAX_RANK], outputs[PITH_MAX_RANK];
  int64_t strides[PITH_MAX_RANK]; /* elements, per spatial axis */
  int64_t batch_stride, channel_stride, group_channels;
  segment *segments;
  int64_t *panel_segments; /* where those of each panel begin; one more at the end */
  /* The block of rows at hand. */
  int64_t first, rows, blocks; /* blocks of PANEL_ROWS */
  float *memory;
  pith_gram_tile tile;
} rows;

static int is_patches(const pith_site *site) {
  return site->kind == PITH_SITE_PATCHES_LAST || site->kind == PITH_SITE_PATCHES_FIRST;
}

/* Which elements of a patch each column is. */
static int find_segments(rows *r) {
  const pith_site *site = &r->seen->site;
  int last = site->kind == PITH_SITE_PATCHES_LAST;
  int64_t volume = site->reduction / r->group_channels, used = 0;
  r->segments = malloc((size_t)site->reduction * sizeof(segment));
  r->panel_segments = calloc((size_t)r->panels + 1, sizeof(int64_t));
  if (!r->segments || !r->panel_segments)
    return 1;
  for (int64_t k = 0; k < site->reduction; ++k) {
    int64_t at = last ? k / r->group_channels : k % volume;
    int64_t channel = last ? k % r->group_channels : k / volume;
    int64_t panel = k / r->width, to = k % r->width;
    segment *before = used ? &r->segments[used - 1] : NULL;
    if (last && channel && to && before) {
      ++before->length;
      continue;
    }
    segment *s = &r->segments[used++];
    *s = (segment){.panel = panel, .to = to, .length = 1, .channel = channel};
    for (int64_t axis = r->spatial - 1; axis >= 0; --axis) {
      s->offset[axis] = at % site->kernel[axis] * site->dilations[axis];
      at /= site->kernel[axis];
    }
    r->panel_segments[panel + 1] = used;
  }
  return 0;
}

/* Sizes and strides; the number of rows. */
static void measure(rows *r) {
  const pith_site *site = &r->seen->site;
  const int64_t *dims = r->dims;
  int64_t rank = site->rank;
  r->count = 1;
  if (!is_patches(site)) {
    int64_t reduced = site->kind == PITH_SITE_ROWS ? rank - 1 : rank - 2;
    for (int64_t axis = 0; axis < rank; ++axis)
      if (axis != reduced)
        r->count *= dims[axis];
    return;
  }
  int last = site->kind == PITH_SITE_PATCHES_LAST;
  int64_t first = last ? 1 : 2, channels = dims[last ? rank - 1 : 1];
  r->spatial = rank - 2;
  r->group_channels = channels / site->groups;
  int64_t stride = last ? channels : 1;
  for (int64_t axis = r->spatial - 1; axis >= 0; --axis) {
    r->sizes[axis] = dims[first + axis];
    r->strides[axis] = stride;
    stride *= r->sizes[axis];
    int64_t room = r->sizes[axis] + site->pads_low[axis] + site->pads_high[axis] -
                   site->dilations[axis] * (site->kernel[axis] - 1) - 1;
    r->outputs[axis] = room < 0 ? 0 : room / site->strides[axis] + 1;
    r->count *= r->outputs[axis];
  }
  r->channel_stride = last ? 1 : stride;
  r->batch_stride = last ? stride : stride * channels;
  r->count *= dims[0];
}

/* One panel of patches: `to` is zero where padding is. */
static void copy_patches(const rows *r, int64_t group, int64_t panel, int64_t first,
                         int64_t count, float *to) {
  const pith_site *site = &r->seen->site;
  int64_t position[PITH_MAX_RANK], rest = first;
  for (int64_t axis = r->spatial - 1; axis >= 0; --axis) {
    position[axis] = rest % r->outputs[axis];
    rest /= r->outputs[axis];
  }
  const float *image = r->x + rest * r->batch_stride +
                       group * r->group_channels * r->channel_stride;
  memset(to, 0, (size_t)(count * r->width) * sizeof(float));
  for (int64_t row = 0; row < count; ++row, to += r->width) {
    for (int64_t i = r->panel_segments[panel]; i < r->panel_segments[panel + 1]; ++i) {
      const segment *s = &r->segments[i];
      const float *from = image + s->channel * r->channel_stride;
      int inside = 1;
      for (int64_t axis = 0; axis < r->spatial; ++axis) {
        int64_t at = position[axis] * site->strides[axis] - site->pads_low[axis] +
                     s->offset[axis];
        inside &= at >= 0 && at < r->sizes[axis];
        from += at * r->strides[axis];
      }
      if (inside)
        memcpy(to + s->to, from, (size_t)s->length * sizeof(float));
    }
    int64_t axis = r->spatial - 1;
    for (; axis >= 0 && ++position[axis] == r->outputs[axis]; --axis)
      position[axis] = 0;
    if (axis < 0)
      image += r->batch_stride;
  }
}

static void copy_rows(const rows *r, int64_t panel, int64_t first, int64_t count, float *to) {
  const pith_site *site = &r->seen->site;
  int64_t k = panel * r->width, used = site->reduction - k;
  if (used > r->width)
    used = r->width;
  int64_t columns = site->kind == PITH_SITE_COLUMNS ? r->dims[site->rank - 1] : 1;
  if (used < r->width)
    memset(to, 0, (size_t)(count * r->width) * sizeof(float));
  for (int64_t row = first; row < first + count; ++row, to += r->width) {
    if (columns == 1) {
      memcpy(to, r->x + row * site->reduction + k, (size_t)used * sizeof(float));
      continue;
    }
    const float *from = r->x + (row / columns * site->reduction + k) * columns + row % columns;
    for (int64_t i = 0; i < used; ++i)
      to[i] = from[i * columns];
  }
}

/* Adds up the columns of a panel of `count` rows. */
static void add_columns(const rows *r, int64_t group, int64_t panel, int64_t count,
                        const float *from) {
  float sum[PANEL] = {0}, magnitude[PANEL] = {0}, largest[PANEL] = {0};
  int64_t width = r->width;
  for (int64_t row = 0; row < count; ++row, from += width)
    for (int64_t i = 0; i < width; ++i) {
      float size = fabsf(from[i]);
      sum[i] += from[i];
      magnitude[i] += size;
      largest[i] = size > largest[i] ? size : largest[i];
    }
  pith_observation *seen = r->seen;
  int64_t reduction = seen->site.reduction, k = panel * width;
  for (int64_t i = 0; i < width && k < reduction; ++i, ++k) {
    int64_t at = group * reduction + k;
    seen->sum[at] += sum[i];
    seen->magnitude[at] += magnitude[i];
    if (largest[i] > seen->largest[at])
      seen->largest[at] = largest[i];
  }
}

static float *find_panel(const rows *r, int64_t job, int64_t block) {
  return r->memory + (job * r->blocks + block) * PANEL_ROWS * r->width;
}
static int64_t rows_of(const rows *r, int64_t block) {
  int64_t left = r->rows - block * PANEL_ROWS;
  return left < PANEL_ROWS ? left : PANEL_ROWS;
}

/* A job per panel of each group. */
static void panel_task(const void *context, int64_t lo, int64_t hi) {
  const rows *r = context;
  for (int64_t job = lo; job < hi; ++job)
    for (int64_t block = 0; block < r->blocks; ++block) {
      int64_t group = job / r->panels, panel = job % r->panels;
      int64_t first = r->first + block * PANEL_ROWS, count = rows_of(r, block);
      float *to = find_panel(r, job, block);
      if (is_patches(&r->seen->site))
        copy_patches(r, group, panel, first, count, to);
      else
        copy_rows(r, panel, first, count, to);
      add_columns(r, group, panel, count, to);
    }
}

/* A job per tile of each group's triangle, row by row of tiles. */
static void gram_task(const void *context, int64_t lo, int64_t hi) {
  const rows *r = context;
  int64_t tiles = r->panels * (r->panels + 1) / 2;
  for (int64_t job = lo; job < hi; ++job) {
    int64_t group = job / tiles, column = job % tiles, row = 0;
    while (column >= r->panels - row)
      column -= r->panels - row++;
    column += row;
    int64_t used = r->seen->site.reduction - row * r->width;
    if (used > r->width)
      used = r->width;
    float *tile = r->seen->tiles + job * r->width * r->width;
    for (int64_t block = 0; block < r->blocks; ++block)
      r->tile(find_panel(r, group * r->panels + row, block),
              find_panel(r, group * r->panels + column, block), rows_of(r, block),
              r->width, used, tile);
  }
}

static int observe_rows(struct pith_instance *instance, rows *r) {
  pith_observer *observer = instance->observer;
  const pith_site *site = &r->seen->site;
  int64_t jobs = site->groups * r->panels;
  int64_t block_bytes = jobs * r->width * PANEL_ROWS * (int64_t)sizeof(float);
  int64_t blocks = BLOCK_BYTES / block_bytes;
  int64_t all = (r->count + PANEL_ROWS - 1) / PANEL_ROWS;
  blocks = blocks < 1 ? 1 : blocks > all ? all : blocks;
  r->memory = reserve(&observer->panels, &observer->panels_room,
                      blocks * block_bytes / (int64_t)sizeof(float));
  if (!r->memory || (is_patches(site) && find_segments(r)))
    return 1;
  r->tile = pith_find_gram_tile();
  for (r->first = 0; r->first < r->count; r->first += r->rows) {
    r->rows = r->count - r->first;
    if (r->rows > blocks * PANEL_ROWS)
      r->rows = blocks * PANEL_ROWS;
    r->blocks = (r->rows + PANEL_ROWS - 1) / PANEL_ROWS;
    pith_rt_parallel_for(instance, panel_task, r, jobs, 1);
    if (r->seen->tiles)
      pith_rt_parallel_for(instance, gram_task, r,
                           site->groups * r->panels * (r->panels + 1) / 2, 1);
  }
  r->seen->rows += r->count;
  return 0;
}

/* A site may come from IR that somebody wrote: nothing is taken for granted. */
static int32_t check_site(struct pith_instance *instance, const pith_site *site,
                          const char *node, const int64_t *dims) {
  int64_t rank = site->rank, found = -1;
  int good = site->index >= 0 && site->index < 1 << 20 && rank > 0 &&
             rank <= PITH_MAX_RANK && site->groups > 0 && site->reduction > 0 &&
             site->kind >= PITH_SITE_ROWS && site->kind <= PITH_SITE_PATCHES_FIRST;
  if (good && site->kind == PITH_SITE_ROWS)
    found = dims[rank - 1];
  else if (good && site->kind == PITH_SITE_COLUMNS && rank > 1)
    found = dims[rank - 2];
  else if (good && is_patches(site) && rank > 2) {
    found = dims[site->kind == PITH_SITE_PATCHES_LAST ? rank - 1 : 1];
    good = found % site->groups == 0;
    found /= site->groups;
    for (int64_t axis = 0; axis < rank - 2; ++axis) {
      good = good && site->kernel[axis] > 0 && site->strides[axis] > 0 &&
             site->dilations[axis] > 0 && site->kernel[axis] <= site->reduction;
      if (good && __builtin_mul_overflow(found, site->kernel[axis], &found))
        good = 0;
    }
  }
  if (!good || !is_patches(site))
    good = good && site->groups == 1;
  if (!good)
    return pith_rt_fail(instance, node, "malformed description of what to observe");
  return found == site->reduction
             ? 0
             : pith_rt_fail_size(instance, node, "rows of the activation", site->reduction,
                                 found);
}

int32_t pith_rt_observe(struct pith_instance *instance, const pith_site *site,
                        const char *node, const char *users, const void *data,
                        const int64_t *dims) {
  if (check_site(instance, site, node, dims))
    return 1;
  pith_observation *seen = find_observation(instance, site);
  if (!seen)
    return pith_rt_fail(instance, node, "no memory to observe the activation");
  if (memcmp(&seen->site, site, sizeof *site))
    return pith_rt_fail(instance, node, "malformed description of what to observe");
  seen->node = node;
  seen->users = users;
  int64_t elements = 1;
  for (int64_t axis = 0; axis < site->rank; ++axis)
    elements *= dims[axis];
  const float *x = NULL;
  if (elements && !(x = scan_tensor(instance, seen, node, data, elements)))
    return 1;
  rows r = {.seen = seen, .x = x, .dims = dims, .width = panel_width(site),
            .panels = panel_count(site)};
  measure(&r);
  int bad = elements && r.count && site->reduction && observe_rows(instance, &r);
  free(r.segments);
  free(r.panel_segments);
  return bad ? pith_rt_fail(instance, node, "no memory to observe the activation") : 0;
}

void pith_observation_gram(const pith_observation *seen, int64_t group, float *gram) {
  const pith_site *site = &seen->site;
  int64_t width = panel_width(site), panels = panel_count(site), K = site->reduction;
  const float *tile = seen->tiles + group * triangle_size(site);
  for (int64_t row = 0; row < panels; ++row)
    for (int64_t column = row; column < panels; ++column, tile += width * width)
      for (int64_t i = 0; i < width && row * width + i < K; ++i)
        for (int64_t j = 0; j < width && column * width + j < K; ++j) {
          int64_t y = row * width + i, x = column * width + j;
          if (x >= y)
            gram[y * K + x] = gram[x * K + y] = tile[i * width + j];
        }
}
