//===- GroupScales.cpp - Static scales of an activation's groups ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/GroupScales.h"

#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include <cmath>

using namespace mlir;
using namespace pith;

GroupScales GroupScales::get(const ActivationStatistics &statistics,
                             ArrayRef<float> weights, int64_t groupSize, unsigned bits,
                             double signal) {
  constexpr float kLeast = 1.0f / 64;
  const int64_t K = statistics.getReductionSize();
  const float limit = float((1 << (bits - 1)) - 1);
  ArrayRef<float> largest = statistics.largest.as<float>();
  GroupScales result;
  result.groupSize = groupSize;
  for (int64_t k = 0; k < K; k += groupSize)
    result.scales.push_back(
        *llvm::max_element(largest.slice(k, std::min(groupSize, K - k))) / limit);
  result.common = *llvm::max_element(result.scales);
  if (!(result.common > 0))
    result.common = 1;
  for (float &scale : result.scales)
    scale = std::max(scale, result.common * kLeast);
  WeightError error{signal, 0};
  for (size_t i = 0; i < weights.size(); ++i) {
    double scale = result.scales[int64_t(i) % K / groupSize];
    error.noise += double(statistics.rows) * weights[i] * weights[i] * scale * scale / 12;
  }
  result.decibels = toDecibels(error);
  return result;
}

bool GroupScales::takeInto(const Weight &weight, const IntegerForm &form) const {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  OpOperand &operand = codec->getOpOperand(form.scale);
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  SmallVector<int64_t> expected{weight.getType().getDimSize(0), int64_t(scales.size())};
  if (!weight.value.hasOneUse() || form.hasExponents || form.scaleStep ||
      form.groupSize != groupSize || !type || type.getShape() != ArrayRef(expected) ||
      !isa<FloatType>(type.getElementType()))
    return false;
  std::optional<HostTensor> stored = getConstantTensor(operand.get());
  if (!stored)
    return false;
  // Half precision may have no such small scale.
  constexpr double kMostError = 1.0 / 256;
  HostTensor scaled(type);
  for (int64_t i = 0, e = stored->getNumElements(); i < e; ++i) {
    double exact = stored->getDouble(i) * double(scales[i % expected[1]] / common);
    scaled.setDouble(i, exact);
    if (std::fabs(scaled.getDouble(i) - exact) > kMostError * std::fabs(exact))
      return false;
  }
  OpBuilder builder(codec);
  operand.set(createConstant(builder, codec->getLoc(), scaled,
                             builder.getStringAttr(weight.name + ".scale")));
  return true;
}
