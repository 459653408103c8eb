//===- LayerProblem.cpp - Layers that read what is removed ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Between IR and numbers: weights, statistics and biases.
//
//===----------------------------------------------------------------------===//

#include "LayerProblem.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

/// The constant that is added to the outputs of a layer, one element per output; null if
/// there is none of its own.
static ConstantOp findBias(OpOperand &weight, int64_t outputs) {
  Operation *layer = weight.getOwner();
  Value bias;
  if (auto op = dyn_cast<CompressibleOpInterface>(layer))
    bias = op.getBiasOf(weight);
  if (!bias && layer->getResult(0).hasOneUse())
    if (auto add = dyn_cast<AddOp>(*layer->getResult(0).getUsers().begin()))
      bias = add.getLhs() == layer->getResult(0) ? add.getRhs() : add.getLhs();
  auto constant = bias ? bias.getDefiningOp<ConstantOp>() : ConstantOp();
  if (!constant || !constant->hasOneUse())
    return {};
  auto type = tensorType(bias);
  if (type.getNumElements() != outputs || type.getRank() == 0 ||
      type.getShape().back() != outputs || !isa<FloatType>(type.getElementType()))
    return {};
  return constant;
}

void LayerProblems::init(ModuleOp module) {
  haveSensitivities = true;
  for (Weight &weight : findWeights(module)) {
    auto contracts = [&](OpOperand &use) {
      auto op = dyn_cast<CompressibleOpInterface>(use.getOwner());
      return op && llvm::is_contained(weight.uses, &use) && op.isWeightOutputMajor(use) &&
             op.getActivationOperand(use);
    };
    if (llvm::none_of(weight.value.getUses(), contracts) ||
        !weight.value.getDefiningOp<ConstantOp>())
      continue;
    if (llvm::all_of(weight.value.getUses(), contracts))
      fittable.insert(weight.value);
    if (!getSensitivity(weight))
      haveSensitivities = false;
    for (OpOperand *use : weight.uses)
      if (auto statistics = ActivationStatistics::get(use->getOwner()))
        grams |= bool(statistics->gram);
    readers[weight.value] = std::move(weight);
  }
}

std::optional<ReductionProblem> LayerProblems::find(Value value) const {
  auto it = readers.find(value);
  if (it == readers.end())
    return std::nullopt;
  const Weight &weight = it->second;
  std::optional<ActivationStatistics> statistics = getStatistics(weight);
  std::optional<HostTensor> tensor = getConstantTensor(value);
  if (!statistics || !tensor || statistics->rows == 0 || statistics->getGroups() != 1 ||
      statistics->getReductionSize() != getReductionSize(weight.getType()))
    return std::nullopt;
  ReductionProblem problem;
  problem.outputs = weight.getType().getDimSize(0);
  problem.inputs = statistics->getReductionSize();
  problem.rows = statistics->rows;
  HostTensor floats = tensor->converted(Float32Type::get(value.getContext()));
  problem.weight = floats.as<float>().vec();
  problem.mean = statistics->mean.as<float>().vec();
  if (statistics->gram)
    problem.gram = statistics->gram.as<float>().vec();
  problem.hasBias = weight.uses.size() == 1 &&
                    findBias(*weight.uses.front(), problem.outputs);
  if (haveSensitivities) {
    problem.importance = getSensitivity(weight).value_or(1);
  } else if (statistics->gram) {
    std::vector<float> zeros(problem.weight.size());
    double signal =
        getOutputError(value.getContext(), *statistics, problem.weight, zeros).signal;
    problem.importance = signal > 0 ? 1 / signal : 1;
  }
  return problem;
}

FailureOr<ReductionProblem> LayerProblems::get(Value value, StringRef pass) const {
  auto it = readers.find(value);
  if (it == readers.end())
    return emitError(value.getLoc()) << pass << ": expects a weight in float";
  if (failed(requireStatistics(it->second, pass)))
    return failure();
  std::optional<ReductionProblem> problem = find(value);
  if (!problem)
    return emitWeightError(it->second) << pass << " cannot use its profile";
  return std::move(*problem);
}

LogicalResult LayerProblems::set(Value value, const ReductionResult &result) {
  const Weight &weight = readers.find(value)->second;
  auto store = [](ConstantOp constant, ArrayRef<float> change, bool add) -> LogicalResult {
    std::optional<HostTensor> old = getConstantTensor(constant.getResult());
    if (!old)
      return constant.emitError("expects a constant with data");
    HostTensor tensor(old->getType());
    for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
      tensor.setDouble(i, add ? old->getDouble(i) + change[i] : change[i]);
    constant.setValueAttr(tensor.toAttribute(constant.getName().value_or("constant")));
    return success();
  };
  if (failed(store(value.getDefiningOp<ConstantOp>(), result.weight, /*add=*/false)))
    return failure();
  if (result.bias.empty())
    return success();
  ConstantOp bias = findBias(*weight.uses.front(), int64_t(result.bias.size()));
  return store(bias, result.bias, /*add=*/true);
}

/// Whether a weight lets channels through one by one, as a depthwise convolution does:
/// what reaches it counts, not what it makes of nothing.
static bool passesChannels(Value weight, const RemovedChannels &removed) {
  return llvm::any_of(weight.getUses(), [&](OpOperand &use) {
    auto op = dyn_cast<CompressibleOpInterface>(use.getOwner());
    OpOperand *activation = op ? op.getActivationOperand(use) : nullptr;
    return activation && getRemovedColumns(weight, removed).none() &&
           llvm::any_of(removed, [&](auto &entry) {
             return entry.first.first == activation->get();
           });
  });
}

std::vector<ReductionStep> pith::orderByMagnitude(const ChannelGroup &group,
                                                  int64_t count) {
  std::vector<ReductionStep> steps(group.units.size());
  for (size_t u = 0; u < steps.size(); ++u) {
    steps[u].unit = u;
    for (auto &[axis, gone] : group.units[u].removed) {
      std::optional<HostTensor> tensor = getConstantTensor(axis.first);
      if (axis.second != 0 || !tensor || tensor->getRank() < 2 ||
          !isa<FloatType>(tensor->getElementType()) ||
          passesChannels(axis.first, group.units[u].removed))
        continue;
      int64_t inner = getReductionSize(tensor->getType());
      for (unsigned row : gone.set_bits())
        for (int64_t k = 0; k < inner; ++k) {
          double w = tensor->getDouble(row * inner + k);
          steps[u].error += w * w;
        }
    }
  }
  double sum = 0;
  for (const ReductionStep &step : steps)
    sum += step.error;
  for (ReductionStep &step : steps)
    step.error *= sum > 0 ? double(steps.size()) / sum : 1;
  llvm::sort(steps);
  steps.resize(std::min<size_t>(steps.size(), count));
  return steps;
}
