//===- WideSums.cpp - Sums over rows of floats ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/WideSums.h"

#include "pith/Support/WideLoop.h"

#pragma STDC FP_CONTRACT OFF

PITH_WIDE_LOOP void pith::addScaled(float *to, const float *from, float factor,
                                    int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    to[i] += factor * from[i];
}

PITH_WIDE_LOOP double pith::getDot(const float *a, const float *b, int64_t count) {
  double lanes[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int64_t lane = 0; lane < 8; ++lane)
      lanes[lane] += double(a[i + lane]) * double(b[i + lane]);
  for (; i < count; ++i)
    lanes[0] += double(a[i]) * double(b[i]);
  double sum = 0;
  for (double lane : lanes)
    sum += lane;
  return sum;
}
