//===- Dependencies.cpp - Channels that can only go together --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Completes the removal of each single index, and groups what touches the same axes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Structured/Dependencies.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include <map>

using namespace mlir;
using namespace pith;

/// The axes of a removal, for comparisons.
static std::vector<std::pair<void *, unsigned>> getSignature(const RemovedChannels &all) {
  std::vector<std::pair<void *, unsigned>> axes;
  for (auto &[axis, gone] : all)
    axes.push_back({axis.first.getAsOpaquePointer(), axis.second});
  llvm::sort(axes);
  return axes;
}

static std::string getSeedName(Operation *op, const ChannelSeed &seed) {
  if (seed.kind == ChannelSeed::Kind::Heads)
    return getNodeName(op);
  std::string name = getTensorName(seed.value);
  return name.empty() ? getNodeName(op) : name;
}

ChannelDependencies ChannelDependencies::get(func::FuncOp function,
                                             const ShapeAnalysis &sizes,
                                             ChannelSeed::Kind kind) {
  ChannelDependencies result;
  std::map<std::vector<std::pair<void *, unsigned>>, size_t> groups;
  llvm::DenseMap<ChannelAxis, llvm::BitVector> seen;
  auto visit = [&](Operation *op, const ChannelSeed &seed) {
    ChannelAxis own{seed.value, seed.axis};
    int64_t size = getChannels(seed.value, seed.axis);
    seen[own].resize(size);
    std::string obstacle;
    for (int64_t index = 0; index < size; ++index) {
      if (seen[own].test(index))
        continue;
      ChannelFlow flow(sizes);
      flow.remove(seed.value, seed.axis, index);
      if (failed(flow.complete())) {
        obstacle = flow.getObstacle().str();
        continue;
      }
      auto [it, isNew] =
          groups.try_emplace(getSignature(flow.getAll()), result.groups.size());
      if (isNew)
        result.groups.push_back({seed, getSeedName(op, seed), {}, size});
      // The same channels may be reached from several seeds.
      for (auto &[axis, gone] : flow.getAll()) {
        llvm::BitVector &others = seen[axis];
        others.resize(gone.size());
        others |= gone;
      }
      result.groups[it->second].units.push_back({flow.getAll()});
    }
    if (!obstacle.empty())
      result.fixed.push_back({seed, getSeedName(op, seed), obstacle});
  };
  llvm::DenseSet<ChannelAxis> visited;
  for (Operation &op : function.getBody().front())
    if (auto rule = dyn_cast<ChannelFlowOpInterface>(op))
      for (const ChannelSeed &seed : rule.getChannelSeeds())
        if (seed.kind == kind && visited.insert({seed.value, seed.axis}).second)
          visit(&op, seed);
  return result;
}

/// Whether some use contracts the value with an activation, along its axes from 1 on.
static bool isContracted(Value weight) {
  return llvm::any_of(weight.getUses(), [](OpOperand &use) {
    auto op = dyn_cast<CompressibleOpInterface>(use.getOwner());
    return op && llvm::is_contained(op.getWeightOperands(), &use) &&
           op.isWeightOutputMajor(use) && op.getActivationOperand(use);
  });
}

llvm::BitVector pith::getRemovedColumns(Value weight, const RemovedChannels &removed) {
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t columns = getReductionSize(type), stride = columns;
  llvm::BitVector all(columns);
  for (int64_t axis = 1; axis < type.getRank(); ++axis) {
    int64_t size = type.getDimSize(axis);
    stride /= std::max<int64_t>(size, 1);
    auto it = removed.find({weight, unsigned(axis)});
    if (it == removed.end())
      continue;
    for (int64_t k = 0; k < columns; ++k)
      if (it->second.test(k / stride % size))
        all.set(k);
  }
  return all;
}

std::vector<ChannelConsumer> pith::getConsumers(const ChannelGroup &group) {
  std::vector<ChannelConsumer> consumers;
  llvm::DenseSet<Value> seen;
  for (auto &[axis, gone] : group.units.front().removed) {
    Value weight = axis.first;
    if (axis.second == 0 || !isStoredWeight(weight) || !isContracted(weight) ||
        !seen.insert(weight).second)
      continue;
    ChannelConsumer consumer{weight, {}};
    for (const ChannelUnit &unit : group.units) {
      llvm::BitVector columns = getRemovedColumns(weight, unit.removed);
      consumer.columns.emplace_back(columns.set_bits_begin(), columns.set_bits_end());
    }
    consumers.push_back(std::move(consumer));
  }
  return consumers;
}

SmallVector<Value> pith::getWeights(const ChannelUnit &unit, bool outputsOnly) {
  SmallVector<Value> weights;
  for (auto &[axis, gone] : unit.removed) {
    if ((outputsOnly && axis.second != 0) || llvm::is_contained(weights, axis.first))
      continue;
    if (llvm::any_of(axis.first.getUses(), [](OpOperand &use) {
          auto op = dyn_cast<CompressibleOpInterface>(use.getOwner());
          return op && llvm::is_contained(op.getWeightOperands(), &use);
        }))
      weights.push_back(axis.first);
  }
  return weights;
}

void pith::separateConstants(func::FuncOp function) {
  OpBuilder builder(function.getContext());
  for (auto constant :
       llvm::make_early_inc_range(function.getBody().front().getOps<ConstantOp>())) {
    auto uses = llvm::map_to_vector(constant->getUses(), [](OpOperand &use) {
      return &use;
    });
    bool tied = llvm::all_of(uses, [](OpOperand *use) {
      auto op = dyn_cast<CompressibleOpInterface>(use->getOwner());
      return op && llvm::is_contained(op.getWeightOperands(), use);
    });
    if (tied)
      continue;
    builder.setInsertionPointAfter(constant);
    for (OpOperand *use : llvm::drop_begin(uses))
      use->set(builder.clone(*constant)->getResult(0));
  }
}

void pith::mergeConstants(func::FuncOp function) {
  std::map<std::pair<const void *, const void *>, Operation *> known;
  for (auto constant :
       llvm::make_early_inc_range(function.getBody().front().getOps<ConstantOp>())) {
    if (constant->use_empty()) {
      constant->erase();
      continue;
    }
    auto [it, isNew] = known.try_emplace(
        {constant.getValueAttr().getAsOpaquePointer(),
         constant->getDiscardableAttrDictionary().getAsOpaquePointer()},
        constant);
    if (isNew || it->second->getResult(0).getType() != constant.getType())
      continue;
    constant.getResult().replaceAllUsesWith(it->second->getResult(0));
    constant->erase();
  }
}
