//===- ActivationCodes.h - Activations that are codes -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_ACTIVATIONCODES_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_ACTIVATIONCODES_H

#include "pith/Compression/Quantization/ActivationRange.h"
#include "pith/Compression/Quantization/GroupScales.h"

#include <map>

namespace pith {

/// Rounds activations to codes, and gives what the codes stand for. It is made right
/// behind the activation, so that it reaches all of its users, and once where layers ask
/// for the same.
class ActivationCodes {
public:
  explicit ActivationCodes(unsigned bits = 8) : bits(bits) {}

  static bool isRounded(mlir::Value activation);

  /// By the grid's scale and zero point; makes new codes each time.
  mlir::Value makeStatic(mlir::Value activation, const CodeGrid &grid) const;
  /// By a scale for each group of the last axis; what codes stand for has the common one.
  mlir::Value getGrouped(mlir::Value activation, const GroupScales &scales);
  /// By scales found at run time, one for each group of the last axis (0: all of it).
  mlir::Value getDynamic(mlir::Value activation, int64_t groupSize);
  /// By one found at run time; null where more than one size is not known.
  mlir::Value getDynamicTensor(mlir::Value activation);

private:
  unsigned bits;
  /// By activation and group size (−1: one scale for all).
  std::map<std::pair<void *, int64_t>, mlir::Value> dynamic, grouped;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_QUANTIZATION_ACTIVATIONCODES_H
