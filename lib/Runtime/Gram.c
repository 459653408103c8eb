/*===- Gram.c - Products of panels ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * A tile of the product is formed in registers, rows by rows: each row adds the
 * outer product of a few elements of `a` and one or two vectors of `b`.
 *
 *===----------------------------------------------------------------------===*/

#include "Gram.h"

#include "Instance.h"

/* Vectors of `lanes` floats that may lie anywhere. */
#define VECTOR(lanes)                                                          \
  typedef float v##lanes                                                       \
      __attribute__((vector_size((lanes) * 4), aligned(4), may_alias))
VECTOR(4);
VECTOR(8);
VECTOR(16);

/* One more row for row I of the tile. */
#define STEP1(I) c##I##0 += x[I] * b0;
#define STEP2(I)                                                               \
  c##I##0 += x[I] * b0;                                                        \
  c##I##1 += x[I] * b1;
#define ZERO1(I) V c##I##0 = {0};
#define ZERO2(I) V c##I##0 = {0}, c##I##1 = {0};
#define SAVE1(I) *(V *)(c + (i + I) * width + j) += c##I##0;
#define SAVE2(I)                                                               \
  *(V *)(c + (i + I) * width + j) += c##I##0;                                  \
  *(V *)(c + (i + I) * width + j + lanes) += c##I##1;
#define FOUR(M) M(0) M(1) M(2) M(3)
#define EIGHT(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)

/* A tile of `height` rows and one or two vectors. */
#define TILE(LANES, HEIGHT, ALL, VECTORS)                                      \
  for (int64_t i = 0; i < used; i += HEIGHT)                                   \
    for (int64_t j = 0; j < width; j += VECTORS * LANES) {                     \
      enum { lanes = LANES };                                                  \
      typedef v##LANES V;                                                      \
      const float *x = a + i, *y = b + j;                                      \
      ALL(ZERO##VECTORS)                                                                \
      for (int64_t r = 0; r < rows; ++r, x += width, y += width) {             \
        V b0 = *(const V *)y;                                                  \
        V b1 = VECTORS > 1 ? *(const V *)(y + (VECTORS - 1) * lanes) : b0;     \
        (void)b1;                                                              \
        ALL(STEP##VECTORS)                                                     \
      }                                                                        \
      ALL(SAVE##VECTORS)                                                       \
    }

static void tile_plain(const float *a, const float *b, int64_t rows, int64_t width,
                       int64_t used, float *c) {
  TILE(4, 4, FOUR, 2)
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void
tile_avx2(const float *a, const float *b, int64_t rows, int64_t width, int64_t used,
          float *c) {
  TILE(8, 4, FOUR, 2)
}

__attribute__((target("avx512f,avx2,fma"))) static void
tile_avx512(const float *a, const float *b, int64_t rows, int64_t width, int64_t used,
            float *c) {
  if (width == PANEL) {
    TILE(16, 8, EIGHT, 2)
  } else {
    TILE(16, 8, EIGHT, 1)
  }
}
#endif

pith_gram_tile pith_find_gram_tile(void) {
#if defined(__x86_64__)
  if (pith_has_feature("avx512f"))
    return tile_avx512;
  if (pith_has_feature("avx2") && pith_has_feature("fma"))
    return tile_avx2;
#endif
  return tile_plain;
}
