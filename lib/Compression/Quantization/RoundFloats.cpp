//===- RoundFloats.cpp - pith-round-floats --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stores f32 constants, weights and all others that kernels read element by
// element, in 16 bits behind pith.widen.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_ROUNDFLOATSPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class RoundFloatsPass final
    : public CheckedPass<pith::impl::RoundFloatsPassBase<RoundFloatsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (minElements < 0)
      return error("expected min-elements that is not negative, found " +
                   llvm::Twine(minElements));
    if (!(minSqnr >= 0 && minSqnr <= 200))
      return error("expected a min-sqnr from 0 to 200 dB, found " +
                   llvm::formatv("{0}", double(minSqnr)).str());
    return success();
  }

  void runOnOperation() override;

private:
  LogicalResult round(const Weight &weight);
  std::string getObstacle(const Weight &weight);
};
} // namespace

/// Whether the op reads the operand element by element, wherever it comes from.
static bool isReadByElement(OpOperand &use) {
  Operation *op = use.getOwner();
  unsigned operand = use.getOperandNumber();
  if (isa<LayerNormOp, RmsNormOp, GroupNormOp, BatchNormOp>(op))
    return operand > 0;
  if (isa<ConvOp, ConvTransposeOp>(op))
    return operand == 2; // the bias
  // Limits and exponents are best known while kernels are made.
  return op->hasTrait<pith::OpTrait::Elementwise>() && !isa<ClipOp, PowOp, CastOp>(op);
}

/// All weights, and all other float constants that some op reads element by element.
static SmallVector<Weight> findFloats(ModuleOp module) {
  SmallVector<Weight> found = findWeights(module);
  llvm::SmallDenseSet<Value> weights;
  for (const Weight &weight : found)
    weights.insert(weight.value);
  module.walk([&](ConstantOp op) {
    Value value = op.getResult();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !type.hasStaticShape() || !type.getElementType().isF32() ||
        weights.contains(value))
      return;
    Weight other;
    other.value = value;
    for (OpOperand &use : value.getUses())
      if (isReadByElement(use))
        other.uses.push_back(&use);
    if (other.uses.empty())
      return;
    std::reverse(other.uses.begin(), other.uses.end()); // in the order of the ops
    other.node = getNodeName(other.uses.front()->getOwner());
    other.name = getTensorName(value);
    if (other.name.empty())
      other.name = other.node;
    found.push_back(std::move(other));
  });
  return found;
}

void RoundFloatsPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  selection.factors = true;
  auto floats = selectWeights(getOperation(), selection, findFloats(getOperation()));
  if (failed(floats))
    return signalPassFailure();
  for (const Weight &weight : *floats)
    if (failed(round(weight)))
      return signalPassFailure();
}

/// Why the constant cannot take 16 bits, by what it is; empty if it can.
std::string RoundFloatsPass::getObstacle(const Weight &weight) {
  Type element = weight.getType().getElementType();
  if (!element.isF32())
    return "it is " + pith::getFormatName(element);
  if (auto constant = weight.value.getDefiningOp<ConstantOp>())
    if (auto attr = dyn_cast<DenseElementsAttr>(constant.getValue());
        attr && attr.isSplat())
      return "all its elements are equal: kernels contain them";
  return getCodingObstacle(weight, 16);
}

LogicalResult RoundFloatsPass::round(const Weight &weight) {
  auto keep = [&](const Twine &reason) {
    keepWeight(weight, getArgumentName(), reason);
    return success();
  };
  if (std::string obstacle = getObstacle(weight); !obstacle.empty())
    return keep(obstacle);
  FailureOr<HostTensor> dense = decodeWeight(weight.value);
  if (failed(dense))
    return failure();
  MLIRContext *context = &getContext();
  bool isHalf = to == FloatStorage::F16;
  Type type = isHalf ? Type(Float16Type::get(context)) : Type(BFloat16Type::get(context));
  HostTensor rounded = dense->converted(type);
  HostTensor back = rounded.converted(Float32Type::get(context));
  float largest, largestRounded;
  if (!allFinite(dense->as<float>(), largest))
    return keep("not all of its elements are finite");
  if (!allFinite(back.as<float>(), largestRounded))
    return keep(llvm::formatv("its largest magnitude, {0:e3}, lies outside the range of {1}",
                              double(largest), isHalf ? "f16" : "bf16")
                    .str());
  WeightError error;
  for (auto [before, after] : llvm::zip(dense->as<float>(), back.as<float>())) {
    error.signal += double(before) * before;
    error.noise += (double(before) - after) * (double(before) - after);
  }
  if (double decibels = toDecibels(error); decibels < minSqnr)
    return keep(llvm::formatv("rounded it has {0:f1} dB, fewer than min-sqnr {1:f1}",
                              decibels, double(minSqnr))
                    .str());
  OpBuilder builder(weight.value.getDefiningOp());
  Value stored = createCodes(weight, builder, rounded, getArgumentName());
  Value widened = WidenOp::create(builder, weight.value.getLoc(), weight.getType(), stored);
  replaceIfSmaller(weight, widened, error, getArgumentName(),
                   "rounded it would take no fewer bytes");
  return success();
}
