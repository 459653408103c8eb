//===- GramInverse.h - Least squares with Gram matrices ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The damped Hessian H = G + λI of a layer's squared output error, factored so that
// elements of a row can be decided one after the other (GPTQ, SparseGPT):
//
//     H = R · Rᵀ,  R upper triangular;  U = R⁻¹,  H⁻¹ = Uᵀ · U
//
// so U is the upper Cholesky factor of the inverse that Frantar et al., "GPTQ" (2022)
// work with. R alone does: for a difference d = w − w', the error d·H·dᵀ is ‖d·R‖², a
// sum over columns of which column j has d₀ … dⱼ alone. When d₀ … dⱼ₋₁ are decided,
// the best real value for element j is therefore
//
//     wⱼ + Σ_{i<j} dᵢ · R[i,j] / R[j,j]
//
// if all later elements may still follow, and missing it by e costs (e · R[j,j])². That
// is GPTQ's update without an inverse. Results are the same on every machine and
// with any number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_GRAMINVERSE_H
#define PITH_COMPRESSION_GRAMINVERSE_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pith {

/// What to make of a Gram matrix before it is factored.
struct GramDamping {
  /// λ, as a part of the mean of the diagonal's elements that are not 0. Inputs that
  /// were never seen active (a diagonal of 0) get 1 there instead, times the mean.
  double fraction = 0.01;
  /// How often it is made ten times greater where the matrix is not positive definite.
  unsigned retries = 6;
};

class GramFactor {
public:
  /// Factors the `size` x `size` matrix `gram`, or, where `order` names some of its
  /// inputs, each once, their principal submatrix in that order. Nothing if an element
  /// is not finite or no damping made it positive definite. O(size³ / 3) operations
  /// and 8 · size² bytes.
  static std::optional<GramFactor> compute(mlir::MLIRContext *context,
                                           llvm::ArrayRef<float> gram, int64_t size,
                                           const GramDamping &damping = {},
                                           llvm::ArrayRef<int64_t> order = {});

  int64_t size() const { return count; }
  /// The fraction that was used, after retries.
  double getDamping() const { return damping; }

  /// Makes a Gram matrix of `size` x `size` inputs, in their own order, what was
  /// factored: adds λ to its diagonal.
  void addDamping(llvm::MutableArrayRef<float> gram) const;

  /// R[j,j], and R as `size` x `size` row-major floats with zeros below.
  double getDiagonal(int64_t j) const;
  std::vector<float> getUpper() const;
  /// The weights of the sum above: row j holds R[i,j] / R[j,j] for i < j, else zeros.
  std::vector<float> getCouplings() const;
  /// U = R⁻¹, the upper Cholesky factor of H⁻¹; row-major with zeros below.
  std::vector<float> getInverseUpper() const;
  /// H⁻¹, row-major.
  std::vector<float> getInverse() const;

  /// Replaces every row b (of `size` elements) by x = b · H⁻¹: the least-squares
  /// solution whose normal equations are H · x = b.
  void solve(llvm::MutableArrayRef<float> rows) const;

private:
  GramFactor(mlir::MLIRContext *context, int64_t count)
      : context(context), count(count), lower(count * count) {}

  double damp(double diagonal) const;
  std::vector<double> invertLower() const;

  mlir::MLIRContext *context;
  int64_t count;
  double damping = 0, mean = 1;
  /// The lower Cholesky factor of H with rows and columns in reverse order.
  std::vector<double> lower;
};

/// The inputs of a Gram matrix by falling diagonal, equal ones in their order: the
/// order of activations in which GPTQ rounds.
std::vector<int64_t> getActivationOrder(llvm::ArrayRef<float> gram, int64_t size);

} // namespace pith

#endif // PITH_COMPRESSION_GRAMINVERSE_H
