//===- IntegerWeight.h - A weight made of integer codes ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERWEIGHT_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERWEIGHT_H

#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Dialect/Pith/IR/WeightTile.h"

#include <optional>

namespace pith {

/// A constant inside the kernel: its elements are equal, one stands for all. Empty
/// where `value` is none.
HostTensor getInsideConstant(mlir::Value value);

/// Which values the integer form of a weight is made of.
struct IntegerWeight {
  mlir::Value codes; ///< an argument of the kernel
  mlir::Value scale;
  mlir::Value zeroPoint; ///< or null
  /// What scales that are integers count: one per output, or one; or null.
  mlir::Value scaleStep;
  IntegerForm form;
  /// The zero point, where it is the same everywhere (`zeroPoint` is null then).
  int64_t sharedZero = 0;

  /// Nothing where codes are computed, or the weight has no integer form.
  static std::optional<IntegerWeight> get(mlir::Value weight);

  /// Of the scales that the stream gets.
  mlir::Type scaleType() const {
    if (scaleStep || form.hasExponents || form.factor != 1)
      return mlir::Float32Type::get(scale.getContext());
    return mlir::cast<mlir::RankedTensorType>(scale.getType()).getElementType();
  }
  unsigned codeArgument() const {
    return mlir::cast<mlir::BlockArgument>(codes).getArgNumber();
  }
  /// Tells the plan that codes, scales and zero points become one stream by `pack`,
  /// which gets a scale and maybe a zero point. `key` says what the stream is like.
  void setPacking(KernelEmitter &kernel, std::string key,
                  std::function<std::vector<char>(const HostTensor &codes,
                                                  const HostTensor &scales,
                                                  const HostTensor &zeros)>
                      pack) const;
};

/// Emits a remark that says why rounded activations are multiplied as floats all the
/// same; returns false.
bool declineIntegers(KernelEmitter &kernel, llvm::StringRef reason);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_INTEGERWEIGHT_H
