//===- UpdateWeights.cpp - pith-update-weights ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Re-encodes sparse weights with the values that come closest to the outputs of what
// they were before they were pruned.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Sparsity/LeastSquares.h"
#include "pith/Compression/Sparsity/Passes.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_UPDATEWEIGHTSPASS
#include "pith/Compression/Sparsity/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class UpdateWeightsPass final
    : public CheckedPass<pith::impl::UpdateWeightsPassBase<UpdateWeightsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (!(damping >= 0))
      return error("expected a damping of 0 or more, found " +
                   llvm::Twine(std::to_string(damping)));
    if (directSize < 0)
      return error("expected a direct-size of 0 or more, found " +
                   llvm::Twine(directSize.getValue()));
    if (iterations < 1)
      return error("expected 1 or more iterations, found " +
                   llvm::Twine(iterations.getValue()));
    return success();
  }

  void runOnOperation() override;

private:
  LogicalResult update(const Weight &weight);
  void replace(const Weight &weight, WeightCodecOpInterface codec,
               const ActivationStatistics &seen, ArrayRef<float> original,
               ArrayRef<float> before, const HostTensor &fitted);
};
} // namespace

/// What the weight was before it was pruned, as f32; nothing if that is not known.
static std::optional<HostTensor> getOriginal(const Weight &weight) {
  WeightHistory history = WeightHistory::get(weight.value);
  if (!history.original || history.original.getShapedType().getShape() !=
                               weight.getType().getShape())
    return std::nullopt;
  std::optional<HostTensor> tensor = HostTensor::get(history.original);
  if (!tensor || !isa<FloatType>(tensor->getElementType()))
    return std::nullopt;
  return tensor->converted(Float32Type::get(weight.value.getContext()));
}

/// 1 where the sparse form stores an element: what it decodes to, made of ones.
static FailureOr<HostTensor> getSupport(const Weight &weight,
                                        WeightCodecOpInterface codec) {
  OpBuilder builder(codec);
  HostTensor ones(RankedTensorType::get(weight.getType().getShape(), builder.getI8Type()));
  MutableArrayRef<char> bytes = ones.getMutableBytes();
  std::fill(bytes.begin(), bytes.end(), 1);
  Value form = codec.reencode(builder, ones);
  FailureOr<HostTensor> support = decodeWeight(form);
  eraseStoredValue(form);
  return support;
}

void UpdateWeightsPass::replace(const Weight &weight, WeightCodecOpInterface codec,
                                const ActivationStatistics &seen,
                                ArrayRef<float> original, ArrayRef<float> before,
                                const HostTensor &fitted) {
  HostTensor stored = fitted.converted(weight.getType().getElementType());
  HostTensor rounded = stored.converted(Float32Type::get(&getContext()));
  ArrayRef<float> after = rounded.as<float>();
  WeightError error;
  for (size_t i = 0; i < original.size(); ++i) {
    double difference = double(original[i]) - after[i];
    error.signal += double(original[i]) * original[i];
    error.noise += difference * difference;
  }
  WeightError old = getOutputError(&getContext(), seen, original, before);
  WeightError now = getOutputError(&getContext(), seen, original, after);
  auto decibels = [](WeightError error) {
    return llvm::formatv("{0:f2}", toDecibels(error)).str();
  };
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name("Fitted")
                                        .category(getArgumentName())
                                        .function("main"))
      << "the outputs' signal to noise rises by least squares"
      << remark::metric("node", weight.node)
      << remark::metric("output_sqnr_db_before", decibels(old))
      << remark::metric("output_sqnr_db", decibels(now));
  OpBuilder builder(codec);
  Value replacement = codec.reencode(builder, stored);
  // Errors count from the original here, not from what was there before.
  codec->removeAttr(kErrorAttr);
  replaceWeight(weight, replacement, error, getArgumentName(), now);
}

LogicalResult UpdateWeightsPass::update(const Weight &weight) {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  auto keep = [&](const Twine &reason) {
    keepWeight(weight, getArgumentName(), reason);
    return success();
  };
  if (!codec)
    return keep("it is dense; prune first");
  if (!codec.canReencode())
    return keep("it is " + codec.getFormatName() + ", whose elements are no floats of "
                "their own");
  if (!isContracted(weight))
    return keep("its rows are looked up: there are no outputs to fit");
  std::optional<HostTensor> original = getOriginal(weight);
  if (!original)
    return keep("what it was before it was pruned is not known");
  FailureOr<ActivationStatistics> seen = requireStatistics(weight, getArgumentName());
  if (failed(seen))
    return failure();
  float largest;
  FailureOr<HostTensor> current = decodeFinite(weight, largest);
  FailureOr<HostTensor> support = getSupport(weight, codec);
  if (failed(current) || failed(support))
    return failure();
  HostTensor fitted = *current;
  MutableArrayRef<float> values = fitted.asMutable<float>();
  int64_t K = seen->getReductionSize(), groups = seen->getGroups();
  size_t part = values.size() / groups;
  LeastSquaresOptions options{damping, directSize, iterations};
  for (int64_t g = 0; g < groups; ++g)
    fitSupports(&getContext(), seen->gram.as<float>().slice(g * K * K, K * K), K,
                original->as<float>().slice(g * part, part),
                support->getBytes().slice(g * part, part), options,
                values.slice(g * part, part));
  replace(weight, codec, *seen, original->as<float>(), current->as<float>(), fitted);
  return success();
}

void UpdateWeightsPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  if (failed(rewriteWeights(getOperation(), selection,
                            [&](const Weight &weight) { return update(weight); })))
    signalPassFailure();
}
