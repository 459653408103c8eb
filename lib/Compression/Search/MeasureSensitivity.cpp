//===- MeasureSensitivity.cpp - pith-measure-sensitivity ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the model with one weight at a time rounded.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Search/Passes.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

namespace pith {
#define GEN_PASS_DEF_MEASURESENSITIVITYPASS
#include "pith/Compression/Search/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class MeasureSensitivityPass final
    : public CheckedPass<
          pith::impl::MeasureSensitivityPassBase<MeasureSensitivityPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (bits < 2 || bits > 8)
      return error("expected bits from 2 to 8, found " + Twine(bits));
    if (samples < 1)
      return error("expected at least 1 sample, found " + Twine(samples));
    return success();
  }

  void runOnOperation() override {
    ModelError::Options options{metric, outputs, samples};
    FailureOr<ModelError> error = ModelError::create(getOperation(), options);
    if (failed(error))
      return signalPassFailure();
    WeightSelection selection{getArgumentName(), select, exclude, minElements,
                              /*replaceable=*/false};
    if (failed(rewriteWeights(getOperation(), selection, [&](const Weight &weight) {
          return measure(weight, *error);
        })))
      signalPassFailure();
  }

private:
  LogicalResult measure(const Weight &weight, const ModelError &error);
  FailureOr<double> measureWith(const Weight &weight, const HostTensor &rounded,
                                const ModelError &error);
};
} // namespace

/// Rounds each output to `bits` bits, symmetrically. Returns Σ(w − w')².
static double roundOutputs(HostTensor &weight, unsigned bits) {
  int64_t columns = getReductionSize(weight.getType());
  float top = float((1 << (bits - 1)) - 1);
  MutableArrayRef<float> all = weight.asMutable<float>();
  double noise = 0;
  for (int64_t begin = 0, end = all.size(); begin < end; begin += columns) {
    MutableArrayRef<float> row = all.slice(begin, columns);
    float largest = 0;
    for (float value : row)
      largest = std::max(largest, std::fabs(value));
    float scale = largest / top;
    for (float &value : row) {
      float rounded = scale > 0 ? std::nearbyint(value / scale) * scale : 0;
      noise += double(value - rounded) * double(value - rounded);
      value = rounded;
    }
  }
  return noise;
}

/// The model's error with the weight replaced, in a copy of the module.
FailureOr<double> MeasureSensitivityPass::measureWith(const Weight &weight,
                                                      const HostTensor &rounded,
                                                      const ModelError &error) {
  IRMapping mapping;
  OwningOpRef<ModuleOp> copy(cast<ModuleOp>(getOperation()->clone(mapping)));
  Value old = mapping.lookup(weight.value);
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(old);
  Value probe = createConstant(builder, old.getLoc(),
                               rounded.converted(weight.getType().getElementType()),
                               weight.name + ".probe");
  for (OpOperand *use : weight.uses)
    mapping.lookup(use->getOwner())->setOperand(use->getOperandNumber(), probe);
  return error.measure(*copy);
}

LogicalResult MeasureSensitivityPass::measure(const Weight &weight,
                                              const ModelError &error) {
  FailureOr<HostTensor> decoded = decodeWeight(weight.value);
  if (failed(decoded))
    return failure();
  HostTensor original = decoded->converted(Float32Type::get(&getContext()));
  HostTensor rounded = original;
  double noise = roundOutputs(rounded, bits);
  if (isContracted(weight)) {
    FailureOr<ActivationStatistics> seen = requireStatistics(weight, getArgumentName());
    if (failed(seen))
      return failure();
    noise = getOutputError(&getContext(), *seen, original.as<float>(), rounded.as<float>())
                .noise;
  }
  FailureOr<double> found = measureWith(weight, rounded, error);
  if (failed(found))
    return failure();
  double sensitivity = noise > 0 ? *found / noise : 0;
  Builder builder(&getContext());
  for (OpOperand *use : weight.uses)
    use->getOwner()->setAttr(kSensitivityAttr, builder.getF64FloatAttr(sensitivity));
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name("Sensitivity")
                                        .category(getArgumentName())
                                        .function("main"))
      << remark::add("{0} bits alone", unsigned(bits))
      << remark::metric("node", weight.node) << remark::metric("tensor", weight.name)
      << remark::metric("model_error", llvm::formatv("{0:e3}", *found).str())
      << remark::metric("sensitivity", llvm::formatv("{0:e3}", sensitivity).str());
  return success();
}
