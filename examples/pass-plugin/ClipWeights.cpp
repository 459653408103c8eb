//===- ClipWeights.cpp - A pass outside Pith's tree -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Clips weights to a number of standard deviations, as one may do before
// quantization, so that few large elements do not make all steps coarse. A
// plugin for pith-opt; docs/guides/add-a-pass.md explains it.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codec.h"
#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace {
class ClipWeightsPass : public PassWrapper<ClipWeightsPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ClipWeightsPass)

  ClipWeightsPass() = default;
  ClipWeightsPass(const ClipWeightsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "example-clip-weights"; }
  StringRef getDescription() const override {
    return "clips weights to a number of standard deviations";
  }

  void runOnOperation() override {
    for (const pith::Weight &weight : pith::findWeights(getOperation()))
      if (failed(clip(weight)))
        return signalPassFailure();
  }

private:
  LogicalResult clip(const pith::Weight &weight);

  Option<double> limit{*this, "limit", llvm::cl::init(3.0),
                       llvm::cl::desc("Largest magnitude, in standard deviations")};
};
} // namespace

/// Root of the mean square: weights have a mean close to 0.
static double getDeviation(const pith::HostTensor &tensor) {
  double squares = 0;
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
    squares += tensor.getDouble(i) * tensor.getDouble(i);
  return std::sqrt(squares / std::max<int64_t>(tensor.getNumElements(), 1));
}

LogicalResult ClipWeightsPass::clip(const pith::Weight &weight) {
  FailureOr<pith::HostTensor> dense = pith::decodeWeight(weight.value);
  if (failed(dense))
    return failure(); // a diagnostic has been emitted

  double bound = limit * getDeviation(*dense);
  pith::HostTensor clipped = *dense; // shares the elements until one is written
  pith::WeightError error;
  for (int64_t i = 0, e = dense->getNumElements(); i < e; ++i) {
    double value = dense->getDouble(i);
    double inside = std::clamp(value, -bound, bound);
    error.signal += value * value;
    error.noise += (value - inside) * (value - inside);
    if (inside != value)
      clipped.setDouble(i, inside);
  }
  if (error.noise == 0) {
    pith::keepWeight(weight, getArgument(), "no element is beyond the limit");
    return success();
  }
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(weight.value);
  Value constant =
      pith::createConstant(builder, weight.value.getLoc(), clipped, weight.name);
  pith::replaceWeight(weight, constant, error, getArgument());
  return success();
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "ClipWeights", LLVM_VERSION_STRING,
          [] { PassRegistration<ClipWeightsPass>(); }};
}
