//===- Weights.cpp - Replacing weights and recording why ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the weights of a module and rewrites them. Which of them a pass looks at
// is decided in WeightSelection.cpp.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Weights.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Support/NodeName.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace pith;

std::string pith::getNodeName(Operation *op) {
  StringRef name = findNodeName(op->getLoc());
  return name.empty() ? op->getName().getStringRef().str() : name.str();
}

std::string pith::getTensorName(Value weight) {
  Operation *op = weight.getDefiningOp();
  while (op && isa<WeightCodecOpInterface>(op) && op->getNumOperands() > 0)
    op = op->getOperand(0).getDefiningOp();
  auto constant = dyn_cast_if_present<ConstantOp>(op);
  return constant && constant.getName() ? constant.getName()->str() : "";
}

SmallVector<Weight> pith::findWeights(ModuleOp module) {
  llvm::MapVector<Value, Weight> weights;
  module.walk([&](CompressibleOpInterface op) {
    for (OpOperand *operand : op.getWeightOperands()) {
      Value value = operand->get();
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type || !type.hasStaticShape() || type.getRank() < 2 ||
          type.getNumElements() == 0 || !isa<FloatType>(type.getElementType()) ||
          !isStoredWeight(value))
        continue;
      Weight &weight = weights[value];
      if (weight.uses.empty()) {
        weight.value = value;
        weight.node = getNodeName(op);
        weight.name = getTensorName(value);
        if (weight.name.empty())
          weight.name = weight.node;
      }
      weight.uses.push_back(operand);
    }
  });
  return llvm::to_vector(llvm::make_second_range(weights.takeVector()));
}

double pith::toDecibels(WeightError error) {
  constexpr double kExact = 999;
  if (std::isnan(error.noise))
    return -kExact; // sums that overflowed
  if (!(error.noise > 0))
    return kExact;
  if (!(error.signal > 0))
    return -kExact;
  return std::min(kExact, 10 * std::log10(error.signal / error.noise));
}

double pith::combineDecibels(std::optional<double> first, double second) {
  if (!first)
    return second;
  // The second is measured against a signal that the first made smaller.
  double noise = std::pow(10, -*first / 10);
  noise += std::max(0.0, 1 - noise) * std::pow(10, -second / 10);
  return toDecibels({1, noise});
}

WeightHistory WeightHistory::get(Value weight) {
  WeightHistory history;
  Operation *op = weight.getDefiningOp();
  if (!op)
    return history;
  if (auto error = op->getAttrOfType<FloatAttr>(kErrorAttr))
    history.error = error.getValueAsDouble();
  if (auto bytes = op->getAttrOfType<IntegerAttr>(kOriginalBytesAttr))
    history.originalBytes = bytes.getInt();
  else
    history.originalBytes = (getStoredBits(weight) + 7) / 8;
  history.original = op->getAttrOfType<ElementsAttr>(kOriginalAttr);
  if (!history.original)
    if (auto constant = dyn_cast<ConstantOp>(op))
      history.original = constant.getValue();
  return history;
}

void WeightHistory::set(Operation *op) const {
  Builder builder(op->getContext());
  if (error)
    op->setAttr(kErrorAttr, builder.getF64FloatAttr(*error));
  op->setAttr(kOriginalBytesAttr, builder.getI64IntegerAttr(originalBytes));
  if (original)
    op->setAttr(kOriginalAttr, original);
}

void pith::eraseStoredValue(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !op->use_empty())
    return;
  SmallVector<Value> operands(op->getOperands());
  op->erase();
  for (Value operand : operands)
    eraseStoredValue(operand);
}

void pith::remarkCompressed(const Weight &weight, Value replacement,
                            double decibels, StringRef pass,
                            std::optional<WeightError> outputError) {
  double bits = double(getStoredBits(replacement)) /
                cast<RankedTensorType>(replacement.getType()).getNumElements();
  auto remark = remark::passed(weight.getLoc(), remark::RemarkOpts::name("Compressed")
                                                    .category(pass)
                                                    .function("main"));
  remark << remark::add("{0}", getFormatName(replacement))
         << remark::metric("node", weight.node)
         << remark::metric("tensor", weight.name)
         << remark::metric("sqnr_db", llvm::formatv("{0:f2}", decibels).str())
         << remark::metric("bits_per_weight", llvm::formatv("{0:f3}", bits).str());
  if (outputError)
    remark << remark::metric("output_sqnr_db",
                             llvm::formatv("{0:f2}", toDecibels(*outputError)).str());
}

void pith::replaceWeight(const Weight &weight, Value replacement,
                         WeightError error, StringRef pass,
                         std::optional<WeightError> outputError) {
  WeightHistory history = WeightHistory::get(weight.value);
  history.error = combineDecibels(history.error, toDecibels(error));
  history.set(replacement.getDefiningOp());
  remarkCompressed(weight, replacement, *history.error, pass, outputError);
  Value old = weight.value;
  for (OpOperand *use : weight.uses)
    use->set(replacement);
  eraseStoredValue(old);
}

void pith::keepWeight(const Weight &weight, StringRef pass, const Twine &reason) {
  std::string text = reason.str();
  remark::missed(weight.getLoc(), remark::RemarkOpts::name("Kept")
                                      .category(pass)
                                      .function("main"))
      << remark::add("{0}", text) << remark::metric("node", weight.node)
      << remark::metric("tensor", weight.name);
  if (auto constant = weight.value.getDefiningOp<ConstantOp>())
    constant->setAttr(kKeptAttr, StringAttr::get(constant.getContext(), text));
}

InFlightDiagnostic pith::emitWeightError(const Weight &weight) {
  return emitError(weight.getLoc()) << "weight '" << weight.name << "': ";
}
