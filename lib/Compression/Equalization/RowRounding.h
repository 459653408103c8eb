//===- RowRounding.h - Weights as a later pass will round them --*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Round-to-nearest of rows of floats in groups, and back. Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_EQUALIZATION_ROWROUNDING_H
#define PITH_LIB_COMPRESSION_EQUALIZATION_ROWROUNDING_H

#include "pith/Compression/Quantization/GroupQuantizer.h"

#include <algorithm>
#include <vector>

namespace pith {

struct RowRounding {
  GroupQuantizer quantizer;
  int64_t groupSize = 0; ///< 0: the whole row

  /// Calls `body(begin, end)` for each group of a row.
  template <typename Body>
  void forGroups(int64_t elements, Body body) const {
    int64_t size = groupSize ? groupSize : elements;
    for (int64_t begin = 0; begin < elements; begin += size)
      body(begin, std::min(elements, begin + size));
  }

  /// The values of one row as the codes stand for them.
  void round(llvm::ArrayRef<float> row, llvm::MutableArrayRef<float> rounded) const {
    forGroups(row.size(), [&](int64_t begin, int64_t end) {
      roundGroup(row.slice(begin, end - begin), rounded.slice(begin, end - begin));
    });
  }

  void roundGroup(llvm::ArrayRef<float> group, llvm::MutableArrayRef<float> rounded) const {
    std::vector<int16_t> codes(group.size());
    GroupQuantizer::Group result = quantizer.quantize(group, codes);
    for (size_t i = 0; i < codes.size(); ++i)
      rounded[i] = (float(codes[i]) - result.zeroPoint) * result.scale;
  }
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_EQUALIZATION_ROWROUNDING_H
