//===- QuantizeActivations.cpp - pith-quantize-activations ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Puts pith.dynamic_quantize and pith.dequantize before the activation operand of
// matrix products whose weight is integer.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/Weights.h"
#include "mlir/IR/Remarks.h"

#include <map>

namespace pith {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONSPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class QuantizeActivationsPass final
    : public pith::impl::QuantizeActivationsPassBase<QuantizeActivationsPass> {
public:
  using QuantizeActivationsPassBase::QuantizeActivationsPassBase;

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude,
                              /*minElements=*/0, /*replaceable=*/false};
    FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
    if (failed(weights))
      return signalPassFailure();
    for (const Weight &weight : *weights)
      for (OpOperand *use : weight.uses)
        quantizeActivation(weight, *use);
    rounded.clear();
  }

private:
  void quantizeActivation(const Weight &weight, OpOperand &use);
  Value round(Value activation, int64_t groupSize);
  void keep(OpOperand &use, const llvm::Twine &reason);

  /// Rounded activations by their value and group size.
  std::map<std::pair<void *, int64_t>, Value> rounded;
};
} // namespace

void QuantizeActivationsPass::keep(OpOperand &use, const llvm::Twine &reason) {
  remark::missed(use.getOwner()->getLoc(), remark::RemarkOpts::name("FloatActivation")
                                               .category(getArgumentName())
                                               .function("main"))
      << reason.str() << remark::metric("node", getNodeName(use.getOwner()));
}

/// The activation rounded to 8 bits; made right behind it, so that it reaches all
/// of its users.
Value QuantizeActivationsPass::round(Value activation, int64_t groupSize) {
  Value &result = rounded[{activation.getAsOpaquePointer(), groupSize}];
  if (result)
    return result;
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(activation);
  auto type = cast<RankedTensorType>(activation.getType());
  int64_t last = type.getRank() - 1;
  SmallVector<int64_t> scaleShape(type.getShape());
  int64_t size = scaleShape.back();
  scaleShape.back() = groupSize == 0 ? 1 : (size + groupSize - 1) / groupSize;
  Location loc = activation.getLoc();
  auto codes = DynamicQuantizeOp::create(
      builder, loc, RankedTensorType::get(type.getShape(), builder.getI8Type()),
      RankedTensorType::get(scaleShape, builder.getF32Type()), activation, groupSize);
  result = DequantizeOp::create(builder, loc, type, codes.getCodes(),
                                codes.getScales(), /*zero_point=*/Value(), last,
                                groupSize);
  return result;
}

void QuantizeActivationsPass::quantizeActivation(const Weight &weight,
                                                 OpOperand &use) {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  std::optional<IntegerForm> form = codec ? codec.getIntegerForm() : std::nullopt;
  if (!form)
    return keep(use, "the weight has no integer form: " +
                         getFormatName(weight.value));
  auto op = cast<CompressibleOpInterface>(use.getOwner());
  OpOperand *activation = op.getActivationOperand(use);
  if (!activation)
    return keep(use, "nothing is multiplied with the weight");
  auto type = dyn_cast<RankedTensorType>(activation->get().getType());
  int64_t reduction = getReductionSize(weight.getType());
  if (!type || type.getRank() == 0 || weight.getType().getRank() != 2 ||
      type.getShape().back() != reduction)
    return keep(use, "the activation is not contracted over its last axis alone");
  // What was rounded before, by this or another op's turn.
  if (auto dequantize = activation->get().getDefiningOp<DequantizeOp>();
      dequantize && dequantize.getCodes().getDefiningOp<DynamicQuantizeOp>())
    return keep(use, "the activation is rounded already");
  if (!isa<FloatType>(type.getElementType()))
    return keep(use, "the activation is not float");
  int64_t groupSize =
      granularity == ActivationGranularity::Weight ? form->groupSize : 0;
  activation->set(round(activation->get(), groupSize));
  remark::passed(op->getLoc(), remark::RemarkOpts::name("IntegerActivation")
                                   .category(getArgumentName())
                                   .function("main"))
      << remark::add("int8 activation, groups of {0}",
                     groupSize ? groupSize : reduction)
      << remark::metric("node", getNodeName(op));
}
