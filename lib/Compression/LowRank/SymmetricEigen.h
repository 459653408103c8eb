//===- SymmetricEigen.h - Eigenvalues of symmetric matrices -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of a matrix with itself, and their eigenvalues and eigenvectors, in double
// precision: what singular values of matrices are found by whose smaller side has up to
// a few thousand elements. Results are the same on every machine and with any number
// of threads.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_LOWRANK_SYMMETRICEIGEN_H
#define PITH_LIB_COMPRESSION_LOWRANK_SYMMETRICEIGEN_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace pith {

/// `M · Mᵀ` (rows × rows), or with `ofColumns` `Mᵀ · M`, of a row-major matrix. Only
/// the lower half is set.
std::vector<double> multiplyBySelf(mlir::MLIRContext *context,
                                   llvm::ArrayRef<float> matrix, int64_t rows,
                                   int64_t columns, bool ofColumns);

/// The eigenvalues of a symmetric matrix, and, if they are asked for, eigenvectors.
class SymmetricEigen {
public:
  /// `matrix` is `size` x `size`; its lower half counts. Reduces it to a tridiagonal
  /// one by reflections: O(size³ · 2 / 3) operations.
  SymmetricEigen(mlir::MLIRContext *context, std::vector<double> matrix, int64_t size);

  /// All eigenvalues, falling: O(size²). Empty if an element is not finite.
  std::vector<double> getValues() const;
  /// The eigenvectors of the `count` greatest ones as rows of `size` elements:
  /// O(size³ · 3) operations. Empty as above.
  std::vector<double> getVectors(int64_t count) const;

private:
  void reduce();
  void reflectBack(double *rows, int64_t count) const;

  mlir::MLIRContext *context;
  int64_t size;
  /// Row k holds, in its first k elements, the vector v of the reflection
  /// I − v · vᵀ that made the row tridiagonal.
  std::vector<double> matrix;
  std::vector<double> diagonal, offDiagonal;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_LOWRANK_SYMMETRICEIGEN_H
