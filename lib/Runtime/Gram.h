/*===- Gram.h - Products of panels ===*
 *
 * Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * The inner loop of Gram matrices. The columns of X are cut into panels of PANEL
 * (or half as many) columns, the rows into blocks of PANEL_ROWS; a panel's block
 * lies together:
 *
 *     panel[row][column]      row < PANEL_ROWS, column < width
 *
 * so that two blocks stay in the first cache while their product is formed.
 *
 *===----------------------------------------------------------------------===*/

#ifndef PITH_LIB_RUNTIME_GRAM_H
#define PITH_LIB_RUNTIME_GRAM_H

#include <stdint.h>

#define PANEL 32
#define PANEL_ROWS 128

/* c[i][j] += sum over rows of a[row][i] * b[row][j], for i below `used` (at least)
 * and j < width; `width` is PANEL or PANEL / 2. */
typedef void (*pith_gram_tile)(const float *a, const float *b, int64_t rows, int64_t width,
                               int64_t used, float *c);

/* The fastest that this processor can run. */
pith_gram_tile pith_find_gram_tile(void);

#endif
