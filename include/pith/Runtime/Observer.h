/*===- pith/Runtime/Observer.h - Statistics of activations -----------------===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * What `pith.observe` calls. One implementation, used in instrumented programs and,
 * for calibration, inside the compiler. Memory depends on the model alone, never on
 * how much is observed; results depend on the order of the runs (sums are rounded),
 * never on the number of threads.
 *
 * A *row* is one vector that is multiplied with one output's weights (see
 * pith/Profile/ActivationStatistics.h, which also defines the histogram's bins).
 *
 *===----------------------------------------------------------------------===*/
#ifndef PITH_RUNTIME_OBSERVER_H
#define PITH_RUNTIME_OBSERVER_H

#include "pith/Runtime/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How rows lie in the activation. */
typedef enum pith_site_kind {
  PITH_SITE_ROWS = 0,          /* [..., K]: along the last axis */
  PITH_SITE_COLUMNS = 1,       /* [..., K, n]: along the last but one */
  PITH_SITE_PATCHES_LAST = 2,  /* [n, spatial..., c]; K is [kernel..., c / groups] */
  PITH_SITE_PATCHES_FIRST = 3  /* [n, c, spatial...]; K is [c / groups, kernel...] */
} pith_site_kind;

/* One place that is observed, as generated code describes it: 64-bit integers
 * alone. The arrays are for patches, one entry per spatial axis. */
typedef struct pith_site {
  int64_t index;     /* sites of a model are numbered from 0 */
  int64_t kind;      /* pith_site_kind */
  int64_t dtype;     /* pith_dtype of the activation: a float */
  int64_t rank;      /* of the activation */
  int64_t groups;    /* G: of a convolution, else 1 */
  int64_t reduction; /* K: elements of a row */
  int64_t gram;      /* whether to sum up the Gram matrix */
  int64_t kernel[PITH_MAX_RANK], strides[PITH_MAX_RANK], dilations[PITH_MAX_RANK];
  int64_t pads_low[PITH_MAX_RANK], pads_high[PITH_MAX_RANK];
} pith_site;

#define PITH_HISTOGRAM_BINS (2 * 32 * 64 + 1)

/* What was seen at one site. */
typedef struct pith_observation {
  pith_site site;
  const char *node;  /* for messages; lives as long as the program */
  const char *users; /* JSON: a list of the names of all ops that contract it */
  int64_t rows;      /* per group */
  float minimum, maximum; /* of all elements; 0 if there were none */
  int64_t elements;
  int64_t *histogram; /* [PITH_HISTOGRAM_BINS], of all elements */
  double *sum;        /* [G, K]: sum of x */
  double *magnitude;  /* [G, K]: sum of |x| */
  float *largest;     /* [G, K]: maximum of |x| */
  float *tiles;       /* sum of x^T x, the upper triangle in tiles; null: left out */
} pith_observation;

typedef struct pith_observer {
  int64_t count;
  pith_observation **sites; /* by index; null where nothing has run yet */
  float *panels, *convert;  /* scratch memory */
  int64_t panels_room, convert_room;
} pith_observer;

/* Adds what `data`, of sizes `dims`, holds to what was seen at the site. Returns 0,
 * or sets the error (values that are not finite, no memory) and returns 1. */
int32_t pith_rt_observe(struct pith_instance *instance, const pith_site *site,
                        const char *node, const char *users, const void *data,
                        const int64_t *dims);

/* Takes what was seen from the instance; null if nothing was. The caller frees it. */
pith_observer *pith_observer_take(struct pith_instance *instance);
void pith_observer_free(pith_observer *observer);
void pith_observation_free(pith_observation *observation);
/* Writes the whole symmetric matrix of one group, K x K. */
void pith_observation_gram(const pith_observation *observation, int64_t group,
                           float *gram);
/* Bytes that the triangle of one site takes. */
int64_t pith_site_tile_bytes(const pith_site *site);

#ifdef __cplusplus
}
#endif
#endif /* PITH_RUNTIME_OBSERVER_H */
