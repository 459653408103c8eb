//===- BiasCorrection.cpp - Constants added to an op's outputs ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BiasCorrection.h"

#include "pith/Compression/WeightStatistics.h"

using namespace mlir;
using namespace pith;

void pith::correctBias(OpOperand &use, ArrayRef<float> error, StringRef name) {
  Operation *op = use.getOwner();
  Type f32 = Float32Type::get(op->getContext());
  HostTensor total(RankedTensorType::get({int64_t(error.size())}, f32));
  llvm::copy(error, total.asMutable<float>().begin());
  std::vector<float> change = error.vec();
  auto attr = op->getAttrOfType<ElementsAttr>(kMeanErrorAttr);
  std::optional<HostTensor> before = attr ? HostTensor::get(attr) : std::nullopt;
  if (before && before->getType() == total.getType())
    for (auto [left, right] : llvm::zip_equal(change, before->as<float>()))
      left -= right;
  if (llvm::all_of(change, [](float x) { return x == 0; }))
    return;
  op->setAttr(kMeanErrorAttr, total.toAttribute((name + ".mean_error").str()));
  addToBias(use, change, (name + ".bias").str());
}

std::vector<float> pith::getMeanError(const ActivationStatistics &statistics,
                                      ArrayRef<float> original,
                                      ArrayRef<float> rewritten) {
  const int64_t K = statistics.getReductionSize(), outputs = original.size() / K;
  const int64_t perGroup = std::max<int64_t>(outputs / statistics.getGroups(), 1);
  ArrayRef<float> mean = statistics.mean.as<float>();
  std::vector<float> error(outputs);
  for (int64_t row = 0; row < outputs; ++row) {
    double sum = 0;
    for (int64_t k = 0; k < K; ++k)
      sum += (double(original[row * K + k]) - rewritten[row * K + k]) *
             mean[row / perGroup * K + k];
    error[row] = static_cast<float>(sum);
  }
  return error;
}

void pith::removeMean(ActivationStatistics &statistics) {
  const int64_t groups = statistics.getGroups(), K = statistics.getReductionSize();
  ArrayRef<float> mean = statistics.mean.as<float>();
  MutableArrayRef<float> gram = statistics.gram.asMutable<float>();
  for (int64_t i = 0; i < groups * K; ++i) {
    const int64_t group = i / K;
    for (int64_t j = 0; j < K; ++j) {
      double product = double(statistics.rows) * mean[i] * mean[group * K + j];
      float &value = gram[i * K + j];
      value = static_cast<float>(value - product);
      // Below that, a variance is what rounding left of a difference, which no matrix of
      // covariances has to be: at worst all of it, if one row was seen.
      if (i == group * K + j)
        value = std::max(value, float(4e-7 * std::sqrt(double(K)) * product));
    }
  }
}
