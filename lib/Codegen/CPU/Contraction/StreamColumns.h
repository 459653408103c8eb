//===- StreamColumns.h - Scales and zero points of a stream -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_STREAMCOLUMNS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_STREAMCOLUMNS_H

#include "pith/Support/HostTensor.h"

namespace pith {

/// Elements `[outputs, groups]` or a single one.
class StreamColumns {
public:
  StreamColumns(const HostTensor &tensor, int64_t outputs)
      : tensor(tensor),
        count(tensor && outputs ? tensor.getNumElements() / outputs : 0),
        single(tensor && tensor.getNumElements() == 1) {}
  double getDouble(int64_t output, int64_t column) const {
    return tensor.getDouble(index(output, column));
  }
  int64_t getInt(int64_t output, int64_t column) const {
    return tensor.getInt(index(output, column));
  }

private:
  int64_t index(int64_t output, int64_t column) const {
    return single ? 0 : output * count + std::min(column, count - 1);
  }
  const HostTensor &tensor;
  int64_t count;
  bool single;
};

/// Stores a scale in `bytes` bytes, rounded: f32 in 4, bf16 or f16 in 2.
void storeScale(char *to, double value, int64_t bytes, bool bfloat);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_STREAMCOLUMNS_H
