//===- ApplyFactors.cpp - Factors go into constants -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rewrites what a flow absorbs factors into. Factors are applied in double precision
// and rounded once.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Equalization/ScaleFlow.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace pith;

using Absorption = ScaleFlow::Absorption;

/// What an element with a label is multiplied by.
static double getMultiplier(const ScaleFlow &flow, const ChannelLabels &labels,
                            ScaleFlow::Label label, ArrayRef<double> factors) {
  double factor = factors[flow.getFactor(label)];
  return labels.inverse ? 1 / factor : factor;
}

/// The labels without axes along which factors do not differ, so that constants that
/// broadcast along them still do.
static ChannelLabels dropEqualAxes(const ScaleFlow &flow, ChannelLabels labels,
                                   ArrayRef<int64_t> shape) {
  for (size_t i = labels.axes.size(); i-- > 0;) {
    int64_t behind = 1, size = shape[labels.axes[i]];
    for (size_t j = i + 1; j < labels.axes.size(); ++j)
      behind *= shape[labels.axes[j]];
    std::vector<ScaleFlow::Label> first;
    bool isEqual = true;
    for (size_t k = 0; k < labels.labels.size(); ++k) {
      int64_t index = int64_t(k) / behind % size;
      if (index == 0)
        first.push_back(labels.labels[k]);
      size_t origin = k - index * behind;
      isEqual &= flow.getFactor(labels.labels[k]) == flow.getFactor(labels.labels[origin]);
    }
    if (!isEqual)
      continue;
    labels.axes.erase(labels.axes.begin() + i);
    labels.labels = std::move(first);
  }
  return labels;
}

/// The constant with all axes that have labels, and no more axes than that takes.
static HostTensor broadcast(const HostTensor &tensor, ArrayRef<int64_t> target,
                            ChannelLabels &labels) {
  int64_t rank = target.size();
  if (labels.axes.empty())
    return tensor;
  int64_t own = std::max(tensor.getRank(), rank - labels.axes.front());
  SmallVector<int64_t> shape(own, 1);
  for (int64_t &axis : labels.axes) {
    int64_t size = target[axis];
    axis -= rank - own;
    shape[axis] = size;
  }
  for (auto [i, size] : llvm::enumerate(tensor.getShape()))
    shape[own - tensor.getRank() + i] = std::max(shape[own - tensor.getRank() + i], size);
  HostTensor wide(RankedTensorType::get(shape, tensor.getElementType()));
  for (int64_t i = 0, e = wide.getNumElements(); i < e; ++i) {
    int64_t rest = i, from = 0, stride = 1;
    for (int64_t axis = own; axis-- > 0;) {
      int64_t index = rest % shape[axis], inner = axis - (own - tensor.getRank());
      rest /= shape[axis];
      if (inner < 0)
        continue;
      int64_t size = tensor.getShape()[inner];
      from += (size == 1 ? 0 : index) * stride;
      stride *= size;
    }
    wide.setDouble(i, tensor.getDouble(from));
  }
  return wide;
}

static HostTensor getScaled(const ScaleFlow &flow, const Absorption &absorption,
                            const HostTensor &tensor, ArrayRef<double> factors) {
  ChannelLabels labels = absorption.labels;
  HostTensor wide = tensor;
  if (tensor.getShape() != ArrayRef<int64_t>(absorption.shape)) {
    labels = dropEqualAxes(flow, std::move(labels), absorption.shape);
    wide = broadcast(tensor, absorption.shape, labels);
  }
  std::vector<ScaleFlow::Label> element = getElementLabels(labels, wide.getShape());
  HostTensor result(wide.getType());
  if (wide.getElementType().isF32()) {
    ArrayRef<float> from = wide.as<float>();
    MutableArrayRef<float> to = result.asMutable<float>();
    for (size_t i = 0; i < to.size(); ++i)
      to[i] = float(from[i] * getMultiplier(flow, labels, element[i], factors));
    return result;
  }
  for (size_t i = 0; i < element.size(); ++i)
    result.setDouble(i, wide.getDouble(i) * getMultiplier(flow, labels, element[i], factors));
  return result;
}

/// Whether two absorptions do the same to their constants.
static bool areAlike(const ScaleFlow &flow, const Absorption &a, const Absorption &b) {
  return a.shape == b.shape && a.labels.axes == b.labels.axes &&
         a.labels.inverse == b.labels.inverse &&
         llvm::all_of_zip(a.labels.labels, b.labels.labels, [&](auto x, auto y) {
           return flow.getFactor(x) == flow.getFactor(y);
         });
}

/// A weight's use of which the flow scales columns: what its activation was multiplied
/// by, for each group and element of the reduction.
static std::vector<float> getActivationFactors(const ScaleFlow &flow,
                                               const Absorption &absorption,
                                               int64_t groups, ArrayRef<double> factors) {
  std::vector<ScaleFlow::Label> element =
      getElementLabels(absorption.labels, absorption.shape);
  int64_t outputs = absorption.shape[0], K = element.size() / outputs;
  std::vector<float> result;
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t k = 0; k < K; ++k)
      result.push_back(float(1 / getMultiplier(
          flow, absorption.labels, element[g * (outputs / groups) * K + k], factors)));
  return result;
}

/// What is known of outputs holds for outputs that are `f` times as large.
static void updateSensitivity(const ScaleFlow &flow, const Absorption &absorption,
                              ArrayRef<double> factors) {
  Operation *op = absorption.operand->getOwner();
  auto sensitivity = op->getAttrOfType<FloatAttr>(kSensitivityAttr);
  if (!sensitivity)
    return;
  double sum = 0;
  for (ScaleFlow::Label label : absorption.labels.labels) {
    double factor = getMultiplier(flow, absorption.labels, label, factors);
    sum += 1 / (factor * factor);
  }
  op->setAttr(kSensitivityAttr,
              FloatAttr::get(sensitivity.getType(), sensitivity.getValueAsDouble() * sum /
                                                        absorption.labels.labels.size()));
}

static void updateStatistics(const ScaleFlow &flow, const Absorption &absorption,
                             ArrayRef<double> factors) {
  Operation *op = absorption.operand->getOwner();
  auto weighted = dyn_cast<CompressibleOpInterface>(op);
  if (!weighted || !llvm::is_contained(weighted.getWeightOperands(), absorption.operand))
    return;
  OpOperand *activation = weighted.getActivationOperand(*absorption.operand);
  if (!activation)
    return;
  const ChannelLabels *seen = flow.get(*activation);
  if (!seen || seen->inverse == absorption.labels.inverse)
    return updateSensitivity(flow, absorption, factors);
  std::optional<ActivationStatistics> statistics = ActivationStatistics::get(op);
  if (!statistics)
    return;
  statistics->scale(
      getActivationFactors(flow, absorption, statistics->getGroups(), factors));
  statistics->set(op, getTensorName(absorption.operand->get()));
}

static void multiplyExplicitly(const ScaleFlow &flow, ArrayRef<double> factors) {
  Value seed = flow.getSeed();
  Operation *first = flow.getOnlyUsers().front();
  for (Operation *user : flow.getOnlyUsers())
    if (user->isBeforeInBlock(first))
      first = user;
  OpBuilder builder(first);
  auto type = tensorType(seed);
  HostTensor values(RankedTensorType::get({type.getShape().back()}, type.getElementType()));
  for (auto [i, label] : llvm::enumerate(flow.get(seed)->labels))
    values.setDouble(i, factors[flow.getFactor(label)]);
  Value constant = createConstant(builder, first->getLoc(), values, "channel_factors");
  Value product = MulOp::create(builder, first->getLoc(), type, seed, constant);
  for (Operation *user : flow.getOnlyUsers())
    user->replaceUsesOfWith(seed, product);
}

namespace {
/// All that happens to one constant at one operand.
using Absorptions = SmallVector<const Absorption *, 2>;
struct Scaled {
  Absorptions absorptions;
  Value constant;
};
} // namespace

static bool areAllAlike(const ScaleFlow &flow, const Absorptions &a, const Absorptions &b) {
  return a.size() == b.size() &&
         llvm::all_of_zip(a, b, [&](auto *x, auto *y) { return areAlike(flow, *x, *y); });
}

LogicalResult pith::applyFactors(const ScaleFlow &flow, ArrayRef<double> factors) {
  llvm::MapVector<OpOperand *, Absorptions> ofOperand;
  for (const Absorption &absorption : flow.getAbsorptions()) {
    ofOperand[absorption.operand].push_back(&absorption);
    updateStatistics(flow, absorption, factors);
  }
  llvm::MapVector<Value, SmallVector<Scaled, 1>> made;
  SmallVector<std::pair<OpOperand *, Value>> replacements;
  for (auto &[operand, absorptions] : ofOperand) {
    Value old = operand->get();
    std::optional<HostTensor> tensor = getConstantTensor(old);
    if (!tensor)
      return emitError(old.getLoc()) << "expected a constant with data";
    SmallVector<Scaled, 1> &known = made[old];
    auto *same = llvm::find_if(known, [&, &all = absorptions](const Scaled &other) {
      return areAllAlike(flow, other.absorptions, all);
    });
    if (same == known.end()) {
      HostTensor scaled = *tensor;
      for (const Absorption *absorption : absorptions)
        scaled = getScaled(flow, *absorption, scaled, factors);
      OpBuilder builder(old.getContext());
      builder.setInsertionPointAfterValue(old);
      known.push_back({absorptions, createConstant(builder, old.getLoc(), scaled,
                                                   getTensorName(old))});
      same = &known.back();
    }
    replacements.push_back({operand, same->constant});
  }
  if (flow.isExplicit())
    multiplyExplicitly(flow, factors);
  for (auto &[operand, constant] : replacements)
    operand->set(constant);
  for (auto &[old, all] : made)
    eraseStoredValue(old);
  return success();
}
