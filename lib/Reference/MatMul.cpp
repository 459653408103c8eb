//===- MatMul.cpp - Matrix products ---------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The right operand is brought into the form [k, n] first; sums run over k in
// order, in double precision or in 64-bit integers that wrap around.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

using namespace mlir;
using namespace pith;
using namespace pith::reference;

namespace {

/// The matrices of an operand: sizes, where they lie, and which axes count them.
struct Matrices {
  Sizes batch;
  int64_t rows, columns;
};

} // namespace

/// `c += a · b` for row-major matrices [m, k], [k, n], [m, n].
template <typename T>
static void multiply(const T *a, const T *b, T *c, int64_t m, int64_t k, int64_t n) {
  for (int64_t row = 0; row < m; ++row)
    for (int64_t inner = 0; inner < k; ++inner) {
      T factor = a[row * k + inner];
      const T *from = b + inner * n;
      T *to = c + row * n;
      for (int64_t column = 0; column < n; ++column)
        to[column] = wrapAdd(to[column], wrapMul(factor, from[column]));
    }
}

/// Swaps the last two axes.
template <typename T>
static std::vector<T> transposeLast(const std::vector<T> &values, const Matrices &m) {
  std::vector<T> result(values.size());
  int64_t size = m.rows * m.columns;
  for (int64_t first = 0; first < int64_t(values.size()); first += size)
    for (int64_t row = 0; row < m.rows; ++row)
      for (int64_t column = 0; column < m.columns; ++column)
        result[first + column * m.rows + row] = values[first + row * m.columns + column];
  return result;
}

template <typename T>
static HostTensor product(MatMulOp op, Inputs inputs, RankedTensorType type) {
  Shape left = inputs[0].getShape(), right = inputs[1].getShape();
  bool isRow = left.size() == 1, isColumn = right.size() == 1;
  Matrices lhs{Sizes(left.drop_back(isRow ? 1 : 2)), isRow ? 1 : left[left.size() - 2],
               left.back()};
  Matrices rhs{Sizes(right.drop_back(isColumn ? 1 : 2)),
               isColumn ? right.back() : right[right.size() - 2],
               isColumn ? 1 : right.back()};
  std::vector<T> a = toValues<T>(inputs[0]), b = toValues<T>(inputs[1]);
  if (op.getTransposeRhs() && !isColumn) {
    b = transposeLast(b, rhs);
    std::swap(rhs.rows, rhs.columns);
  }
  int64_t m = lhs.rows, k = lhs.columns, n = rhs.columns;
  Shape batch = type.getShape().drop_back((isRow ? 0 : 1) + (isColumn ? 0 : 1));
  std::vector<T> c(type.getNumElements());
  forEachOffset<2>(
      batch,
      {getBroadcastStrides(lhs.batch, batch), getBroadcastStrides(rhs.batch, batch)},
      [&](int64_t i, auto &at) {
        multiply(a.data() + at[0] * m * k, b.data() + at[1] * k * n, c.data() + i * m * n,
                 m, k, n);
      });
  return fromValues(type, c);
}

static Results evaluate(MatMulOp op, Inputs inputs, Types types) {
  return one(isReal(inputs[0]) ? product<double>(op, inputs, types[0])
                               : product<int64_t>(op, inputs, types[0]));
}

void pith::reference::attachMatMul(MLIRContext *context) {
  attach<MatMulOp, evaluate>(context);
}
