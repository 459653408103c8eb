//===- RotateActivations.cpp - pith-rotate-activations --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses regions to rotate; what belongs to one and how it changes is in
// RotatedRegion.
//
//===----------------------------------------------------------------------===//

#include "RotatedRegion.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Equalization/EqualizationOps.h"
#include "pith/Compression/Equalization/Passes.h"
#include "pith/Compression/Equalization/ScaleFlow.h"
#include "pith/Compression/WeightStatistics.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace pith {
#define GEN_PASS_DEF_ROTATEACTIVATIONSPASS
#include "pith/Compression/Equalization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class RotateActivationsPass final
    : public CheckedPass<pith::impl::RotateActivationsPassBase<RotateActivationsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (block != 0 && (block < 2 || !llvm::isPowerOf2_64(block)))
      return error("expected a power of two from 2 on as block, or 0, found " +
                   Twine(block));
    return success();
  }

  void runOnOperation() override {
    if (failed(rotateAll()))
      signalPassFailure();
  }

private:
  LogicalResult rotateAll();
  LogicalResult rotate(Value activation, Operation *user, llvm::SetVector<Value> &done);
  LogicalResult foldScale(Value activation);
  void remarkMissed(Operation *user, const Twine &reason);
};
} // namespace

/// The scale of an RMS norm goes into the weights behind it, where all take it.
LogicalResult RotateActivationsPass::foldScale(Value activation) {
  auto norm = activation.getDefiningOp<RmsNormOp>();
  std::optional<HostTensor> scale =
      norm && norm.getScale() ? getConstantTensor(norm.getScale()) : std::nullopt;
  ScaleFlow flow;
  if (!scale || scale->getRank() != 1 ||
      scale->getNumElements() != tensorType(activation).getShape().back() ||
      failed(flow.solve(activation)))
    return success();
  std::vector<double> factors(flow.getNumFactors(), 0);
  for (auto [i, label] : llvm::enumerate(flow.get(activation)->labels)) {
    double value = scale->getDouble(i), &factor = factors[flow.getFactor(label)];
    // A scale of 0 cannot be taken back, and channels with one factor need one scale.
    if (!(std::abs(value) > 1e-20) || (factor != 0 && factor != 1 / value))
      return success();
    factor = 1 / value;
  }
  for (double &factor : factors)
    if (factor == 0)
      factor = 1;
  if (failed(applyFactors(flow, factors)))
    return failure();
  Value ones = norm.getScale();
  norm.getScaleMutable().clear();
  eraseStoredValue(ones);
  return success();
}

void RotateActivationsPass::remarkMissed(Operation *user, const Twine &reason) {
  std::string text = reason.str();
  remark::missed(user->getLoc(),
                 remark::RemarkOpts::name("NotRotated").category(getArgumentName()).function("main"))
      << remark::add("{0}", text) << remark::metric("node", getNodeName(user));
}

/// The mean of max|w| · √(elements) / ‖W‖ over weights.
static double getIncoherence(ArrayRef<OpOperand *> weights) {
  double sum = 0;
  for (OpOperand *weight : weights) {
    std::optional<HostTensor> tensor = getConstantTensor(weight->get());
    if (!tensor)
      continue;
    double largest = 0, energy = 0;
    for (float element : tensor->as<float>()) {
      largest = std::max(largest, double(std::fabs(element)));
      energy += double(element) * element;
    }
    if (energy > 0)
      sum += largest * std::sqrt(double(tensor->getNumElements()) / energy);
  }
  return weights.empty() ? 0 : sum / weights.size();
}

/// How many root mean squares the largest element of the readers' activations is, on
/// average; nothing if that is not known of all.
static std::optional<double> getPeak(ArrayRef<OpOperand *> readers) {
  double sum = 0;
  for (OpOperand *weight : readers) {
    std::optional<ActivationStatistics> seen =
        ActivationStatistics::get(weight->getOwner());
    if (!seen || !seen->gram || seen->rows == 0)
      return std::nullopt;
    int64_t G = seen->getGroups(), K = seen->getReductionSize();
    double energy = 0, largest = 0;
    for (int64_t i = 0; i < G * K; ++i) {
      energy += seen->getSquareSum(i / K, i % K);
      largest = std::max(largest, double(seen->largest.as<float>()[i]));
    }
    if (!(energy > 0))
      return std::nullopt;
    sum += largest / std::sqrt(energy / double(seen->rows * G * K));
  }
  return sum / readers.size();
}

LogicalResult RotateActivationsPass::rotate(Value activation, Operation *user,
                                            llvm::SetVector<Value> &done) {
  int64_t size = tensorType(activation).getShape().back();
  if (ShapedType::isDynamic(size) || size < 2 ||
      !tensorType(activation).getElementType().isF32())
    return remarkMissed(user, "its last axis has no static size, or no f32"),
           success();
  RotatedRegion region = RotatedRegion::grow(activation);
  bool isWhole = region.countExplicitOps() <= region.countActivations();
  if (!isWhole)
    region = RotatedRegion::isolate(activation);
  if (region.readers.empty())
    return remarkMissed(user,
                  "its weights are not dense, in groups, or used elsewhere too"),
           success();
  if (!isExplicit && region.countExplicitOps() > 0)
    return remarkMissed(user, "that takes explicit ops"), success();
  std::optional<double> peak = onlyOutliers ? getPeak(region.readers) : std::nullopt;
  double normal = std::sqrt(2 * std::log(double(size)));
  if (peak && *peak <= normal)
    return remarkMissed(user, llvm::formatv("its largest element is {0:f1} root mean squares, "
                                            "no more than the {1:f1} of a rotated one",
                                            *peak, normal)
                                  .str()),
           success();
  for (Value value : region.values)
    done.insert(value);
  std::string nodes;
  for (OpOperand *weight : region.readers)
    nodes += (nodes.empty() ? "" : ",") + getNodeName(weight->getOwner());
  Location loc = region.readers.front()->getOwner()->getLoc();
  int64_t ops = region.countExplicitOps();
  double before = getIncoherence(region.readers);
  Rotation rotation = Rotation::create(size, block, seed);
  if (failed(region.apply(rotation)))
    return failure();
  remark::passed(loc, remark::RemarkOpts::name("Rotated")
                          .category(getArgumentName())
                          .function("main"))
      << remark::metric("nodes", nodes)
      << remark::metric("elements", llvm::formatv("{0}", size).str())
      << remark::metric("block", llvm::formatv("{0}", rotation.block).str())
      << remark::metric("writers",
                        llvm::formatv("{0}", region.writers.size() + region.tables.size())
                            .str())
      << remark::metric("explicit_ops", llvm::formatv("{0}", ops).str())
      << remark::metric("incoherence_before", llvm::formatv("{0:f2}", before).str())
      << remark::metric("incoherence",
                        llvm::formatv("{0:f2}", getIncoherence(region.readers)).str());
  return success();
}

LogicalResult RotateActivationsPass::rotateAll() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return failure();
  llvm::MapVector<Value, Operation *> activations; // with their first users
  llvm::SetVector<Value> done;
  for (const Weight &weight : *weights)
    for (OpOperand *use : weight.uses)
      if (OpOperand *activation = cast<CompressibleOpInterface>(use->getOwner())
                                      .getActivationOperand(*use))
        activations.insert({activation->get(), use->getOwner()});
  for (auto &[activation, user] : activations)
    if (failed(foldScale(activation)))
      return failure();
  for (auto &[activation, user] : activations)
    if (!done.contains(activation) && failed(rotate(activation, user, done)))
      return failure();
  return success();
}
