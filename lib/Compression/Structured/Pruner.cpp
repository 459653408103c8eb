//===- Pruner.cpp - Choosing and removing units ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Orders the units of each group by what they cost, merges the orders under the budget,
// fits the layers that read what goes, and cuts.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Structured/Pruner.h"

#include "ParameterCount.h"
#include "LayerProblem.h"

#include "pith/Compression/Structured/ChannelCut.h"
#include "pith/Compression/Structured/Reconstruction.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/ModelRunner.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Threading.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace pith;

namespace {
/// A group, in which order its units go, and how many of them.
struct Candidate {
  ChannelGroup *group;
  std::vector<ReductionProblem> problems;
  std::vector<ReductionStep> order;
  int64_t taken = 0;

  /// How many may be gone after the next step; `taken` if none may. The rest must be a
  /// multiple of `multiple` channels.
  int64_t getNext(int64_t multiple) const {
    int64_t units = group->units.size(), size = group->getUnitSize();
    for (int64_t next = taken + 1; next <= int64_t(order.size()); ++next)
      if ((units - next) * size % multiple == 0)
        return next;
    return taken;
  }
};

class Pruner {
public:
  Pruner(ModuleOp module, func::FuncOp function, const PruningRequest &request)
      : module(module), function(function), request(request), sizes(function) {}

  LogicalResult run();

private:
  LogicalResult findGroups();
  LogicalResult resolveImportance();
  LogicalResult orderUnits();
  void chooseByLayer();
  void chooseTogether();
  LogicalResult remove();
  LogicalResult fitReaders(const ChannelFlow &flow);

  void remarkKept(Location loc, StringRef name, StringRef reason);
  void remarkRemoved(const Candidate &candidate);

  ModuleOp module;
  func::FuncOp function;
  const PruningRequest &request;
  ShapeAnalysis sizes;
  ChannelDependencies dependencies;
  LayerProblems layers;
  UnitImportance importance = UnitImportance::Magnitude;
  std::vector<Candidate> candidates;
  llvm::DenseMap<Value, ReductionResult> fits;
};
} // namespace

void Pruner::remarkKept(Location loc, StringRef name, StringRef reason) {
  remark::missed(loc, remark::RemarkOpts::name("Kept")
                          .category(request.pass)
                          .function("main"))
      << remark::add("{0}", reason) << remark::metric("node", name);
}

/// The weights that the options choose.
static FailureOr<llvm::DenseSet<Value>> selectValues(ModuleOp module,
                                                     WeightSelection selection) {
  selection.replaceable = false;
  FailureOr<SmallVector<Weight>> weights = selectWeights(module, selection);
  if (failed(weights))
    return failure();
  llvm::DenseSet<Value> values;
  for (const Weight &weight : *weights)
    values.insert(weight.value);
  return values;
}

LogicalResult Pruner::findGroups() {
  if (failed(sizes.run()))
    return failure();
  layers.init(module);
  dependencies = ChannelDependencies::get(function, sizes, request.kind);
  auto allowed = selectValues(
      module, {request.pass, request.select, request.exclude, request.minElements});
  auto notExcluded = selectValues(module, {request.pass, {}, request.exclude, 0});
  if (failed(allowed) || failed(notExcluded))
    return failure();
  for (const FixedChannels &fixed : dependencies.fixed)
    if (fixed.seed.kind == ChannelSeed::Kind::Heads || allowed->contains(fixed.seed.value))
      remarkKept(fixed.seed.value.getLoc(), fixed.name, fixed.reason);
  // Axes of heads; what touches them is theirs.
  llvm::DenseSet<ChannelAxis> heads;
  for (Operation &op : function.getBody().front())
    if (auto rule = dyn_cast<ChannelFlowOpInterface>(op))
      for (const ChannelSeed &seed : rule.getChannelSeeds())
        if (seed.kind == ChannelSeed::Kind::Heads)
          heads.insert({seed.value, seed.axis});
  for (ChannelGroup &group : dependencies.groups) {
    SmallVector<Value> weights = getWeights(group.units.front(), /*outputsOnly=*/false);
    auto keep = [&](StringRef reason) {
      remarkKept(group.seed.value.getLoc(), group.name, reason);
    };
    // By default the weight where it begins decides: tables of rotary embeddings share
    // their columns with all projections. What is selected by name may be any.
    bool byName = request.kind == ChannelSeed::Kind::Heads || !request.select.empty();
    bool chosen = allowed->contains(group.seed.value) ||
                  (byName && llvm::any_of(getWeights(group.units.front(), true),
                                          [&](Value weight) {
                                            return allowed->contains(weight);
                                          }));
    bool excluded = !request.exclude.empty() && llvm::any_of(weights, [&](Value weight) {
      return !notExcluded->contains(weight);
    });
    bool hasHeads = llvm::any_of(group.units.front().removed, [&](auto &entry) {
      return heads.contains(entry.first);
    });
    if (!chosen)
      keep("none of its weights is selected");
    else if (excluded)
      keep("one of its weights is excluded");
    else if (request.kind == ChannelSeed::Kind::Outputs && hasHeads)
      keep("they are heads of attention");
    else if (group.units.size() < 2)
      keep("there is only one");
    else
      candidates.push_back({&group, {}, {}, 0});
  }
  return success();
}

LogicalResult Pruner::resolveImportance() {
  importance = request.importance;
  if (importance == UnitImportance::Auto)
    importance = layers.hasGrams() ? UnitImportance::Reconstruction
                                   : UnitImportance::Magnitude;
  std::vector<Candidate> measured;
  for (Candidate &candidate : candidates) {
    std::vector<ChannelConsumer> consumers = getConsumers(*candidate.group);
    if (consumers.empty()) {
      remarkKept(candidate.group->seed.value.getLoc(), candidate.group->name,
                 "no weight reads them, so that nothing tells what they are worth");
      continue;
    }
    if (importance == UnitImportance::Magnitude) {
      measured.push_back(std::move(candidate));
      continue;
    }
    for (ChannelConsumer &consumer : consumers) {
      FailureOr<ReductionProblem> problem = layers.get(consumer.weight, request.pass);
      if (failed(problem))
        return failure();
      problem->columns = std::move(consumer.columns);
      candidate.problems.push_back(std::move(*problem));
    }
    measured.push_back(std::move(candidate));
  }
  candidates = std::move(measured);
  return success();
}

LogicalResult Pruner::orderUnits() {
  return failableParallelForEachN(
      module.getContext(), 0, candidates.size(), [&](size_t i) {
        Candidate &candidate = candidates[i];
        int64_t units = candidate.group->units.size();
        int64_t most =
            std::min(units - 1, int64_t(std::floor(request.maxRatio * units + 1e-9)));
        if (importance == UnitImportance::Magnitude)
          candidate.order = orderByMagnitude(*candidate.group, most);
        else if (importance == UnitImportance::Activation)
          candidate.order = orderByActivation(candidate.problems, units, most);
        else
          candidate.order = orderByReconstruction(candidate.problems, units, most);
        candidate.problems.clear();
        return success();
      });
}

void Pruner::chooseByLayer() {
  for (Candidate &candidate : candidates) {
    int64_t wanted =
        int64_t(std::floor(request.ratio * candidate.group->units.size() + 1e-9));
    while (true) {
      int64_t next = candidate.getNext(request.multipleOf);
      if (next == candidate.taken || next > wanted)
        break;
      candidate.taken = next;
    }
  }
}

void Pruner::chooseTogether() {
  ParameterCount parameters(function);
  int64_t units = 0, removed = 0;
  for (const Candidate &candidate : candidates)
    units += candidate.group->units.size();
  const int64_t before = parameters.getTotal();
  double goal = request.ratio * double(request.ofParameters ? before : units);
  auto done = [&] {
    return double(request.ofParameters ? before - parameters.getTotal() : removed) >=
           goal - 1e-9;
  };
  while (!done()) {
    Candidate *best = nullptr;
    double least = 0;
    for (Candidate &candidate : candidates) {
      int64_t next = candidate.getNext(request.multipleOf);
      if (next == candidate.taken)
        continue;
      double error = 0;
      RemovedCounts counts;
      for (int64_t i = candidate.taken; i < next; ++i) {
        const ReductionStep &step = candidate.order[i];
        error += step.error;
        counts.add(candidate.group->units[step.unit]);
      }
      double gain = request.ofParameters ? double(parameters.getGain(counts))
                                         : double(next - candidate.taken);
      if (gain <= 0)
        continue;
      // Magnitudes are no errors: they rank units whatever their sizes.
      if (importance == UnitImportance::Magnitude)
        gain = double(next - candidate.taken);
      if (!best || error / gain < least) {
        best = &candidate;
        least = error / gain;
      }
    }
    if (!best) {
      remark::missed(module.getLoc(), remark::RemarkOpts::name("NotReached")
                                          .category(request.pass)
                                          .function("main"))
          << remark::add("no more {0} can be removed, before the ratio is reached",
                         request.what)
          << remark::metric("ratio", llvm::formatv("{0:f3}", request.ratio).str());
      return;
    }
    int64_t next = best->getNext(request.multipleOf);
    RemovedCounts counts;
    for (int64_t i = best->taken; i < next; ++i)
      counts.add(best->group->units[best->order[i].unit]);
    parameters.remove(counts);
    removed += next - best->taken;
    best->taken = next;
  }
}

LogicalResult Pruner::fitReaders(const ChannelFlow &flow) {
  llvm::SetVector<Value> weights;
  for (auto &[axis, gone] : flow.getAll())
    if (axis.second > 0 && layers.canFit(axis.first))
      weights.insert(axis.first);
  for (Value weight : weights) {
    std::optional<ReductionProblem> problem = layers.find(weight);
    if (!problem)
      continue;
    llvm::BitVector columns = getRemovedColumns(weight, flow.getAll());
    ReductionResult result = reconstruct(*problem, columns, request.fit);
    if (failed(layers.set(weight, result)))
      return failure();
    fits[weight] = std::move(result);
  }
  return success();
}

void Pruner::remarkRemoved(const Candidate &candidate) {
  const ChannelGroup &group = *candidate.group;
  static constexpr llvm::StringLiteral kNames[] = {"auto", "magnitude", "activation",
                                                   "reconstruction"};
  double error = 0;
  for (int64_t i = 0; i < candidate.taken; ++i)
    error += candidate.order[i].error;
  std::string text =
      llvm::formatv("removed {0} of {1} {2}", candidate.taken * group.getUnitSize(),
                    group.channels, request.what);
  auto remark = remark::passed(group.seed.value.getLoc(),
                               remark::RemarkOpts::name("Removed")
                                   .category(request.pass)
                                   .function("main"));
  remark << remark::add("{0}", text) << remark::metric("node", group.name)
         << remark::metric("importance", kNames[int(importance)])
         << remark::metric("loss", llvm::formatv("{0:g4}", error).str());
  for (auto &[axis, gone] : group.units.front().removed) {
    auto it = fits.find(axis.first);
    if (axis.second == 0 || it == fits.end() || it->second.before.signal <= 0)
      continue;
    auto decibels = [](WeightError e) { return llvm::formatv("{0:f2}", toDecibels(e)).str(); };
    remark << remark::metric("reader", getTensorName(axis.first))
           << remark::metric("output_sqnr_db_unfitted", decibels(it->second.before))
           << remark::metric("output_sqnr_db", decibels(it->second.after));
  }
}

LogicalResult Pruner::remove() {
  ChannelFlow flow(sizes);
  for (const Candidate &candidate : candidates)
    for (int64_t i = 0; i < candidate.taken; ++i)
      for (auto &[axis, gone] : candidate.group->units[candidate.order[i].unit].removed)
        flow.remove(axis.first, axis.second, gone);
  if (flow.getAll().empty())
    return success();
  if (failed(flow.complete()))
    return module.emitError() << request.pass
                              << ": what was chosen cannot be removed together: "
                              << flow.getObstacle();
  if (failed(fitReaders(flow)))
    return failure();
  for (const Candidate &candidate : candidates) {
    if (candidate.taken == 0) {
      remarkKept(candidate.group->seed.value.getLoc(), candidate.group->name,
                 "others cost less");
      continue;
    }
    remarkRemoved(candidate);
    recordRemoval(module, request.pass, candidate.group->name, request.what,
                  candidate.taken * candidate.group->getUnitSize(),
                  candidate.group->channels);
  }
  return cutChannels(function, flow);
}

LogicalResult Pruner::run() {
  if (failed(findGroups()) || failed(resolveImportance()) || failed(orderUnits()))
    return failure();
  if (request.scope == StructuredScope::Layer)
    chooseByLayer();
  else
    chooseTogether();
  return remove();
}

LogicalResult pith::pruneUnits(ModuleOp module, const PruningRequest &request) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("expects a function named 'main'");
  const int64_t all = ParameterCount(function).getTotal();
  bool hasSamples =
      module->hasAttr(kSamplesAttr) && ModelRunner::get(module.getContext());
  LogicalResult result = success();
  for (int64_t step = 1; step <= request.steps && succeeded(result); ++step) {
    PruningRequest part = request;
    if (request.steps > 1) {
      // What is left of the goal, as a part of what is left.
      int64_t left = ParameterCount(function).getTotal();
      double goal = request.ratio * double(step) / double(request.steps) * double(all);
      part.ratio = std::max(0.0, goal - double(all - left)) / std::max<int64_t>(left, 1);
    }
    if (step > 1 && hasSamples && failed(calibrate(module)))
      return failure();
    separateConstants(function);
    result = Pruner(module, function, part).run();
    mergeConstants(function);
  }
  return result;
}
