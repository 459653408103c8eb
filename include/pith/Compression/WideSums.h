//===- WideSums.h - Sums over rows of floats --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What fits of weights to a Gram matrix do most, in wide vectors, with the same results
// on every machine.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_WIDESUMS_H
#define PITH_COMPRESSION_WIDESUMS_H

#include <cstdint>

namespace pith {

/// `to += factor · from`, of `count` values.
void addScaled(float *to, const float *from, float factor, int64_t count);

/// Σ a · b over `count` values, products and sums in double.
double getDot(const float *a, const float *b, int64_t count);

} // namespace pith

#endif // PITH_COMPRESSION_WIDESUMS_H
