//===- FactorizeWeights.cpp - pith-factorize-weights ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces ops by ops with the factors of their weight, in the form that is best.
//
//===----------------------------------------------------------------------===//

#include "FactorRewriter.h"
#include "WeightMetric.h"
#include "WindowRewriter.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Compression/LowRank/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_FACTORIZEWEIGHTSPASS
#include "pith/Compression/LowRank/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// One way to write a weight.
struct Candidate {
  FactorForm form;
  std::optional<LowRankFactors> factors; ///< `Matrix`
  std::optional<WindowStages> stages;    ///< the others
  std::vector<float> product;            ///< the weight it stands for
  int64_t elements = 0;
  double noise = 0; ///< in the metric

  std::string describe() const;
};

/// A weight and how far to cut it.
struct Problem {
  const Weight &weight;
  WeightMetric metric;
  ArrayRef<float> values;
  int64_t rows, columns;
  int64_t rank = 0, elements = 0; ///< 0: not given
  double energy = 0;
};

class FactorizeWeightsPass final
    : public CheckedPass<pith::impl::FactorizeWeightsPassBase<FactorizeWeightsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override;
  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return factorize(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult factorize(const Weight &weight);
  bool setTarget(Problem &problem);
  void addMatrix(const Problem &problem, std::vector<Candidate> &candidates);
  void addWindows(const Problem &problem, std::vector<Candidate> &candidates);
  std::string getObstacle(const Problem &problem);
  void replace(const Problem &problem, const Candidate &candidate);
  void finish(const Problem &problem, const Candidate &candidate,
              ArrayRef<Operation *> constants, ArrayRef<Value> results);

  bool wants(FactorForm one) { return form == one || form == FactorForm::Auto; }
};
} // namespace

LogicalResult FactorizeWeightsPass::checkOptions(ErrorHandler error) const {
  if (rank < 0)
    return error("expected a rank of at least 1, found " + llvm::Twine(rank));
  if (inputRank < 0)
    return error("expected an input-rank of at least 1, found " + llvm::Twine(inputRank));
  if (inputRank > 0 && (rank == 0 || form != FactorForm::Tucker))
    return error("expected input-rank with rank and form=tucker alone");
  for (auto [name, value] : {std::pair("energy", double(energy)),
                             std::pair("ratio", double(ratio))})
    if (!(value >= 0 && value < 1))
      return error(llvm::formatv("expected {0} between 0 and 1, found {1}", name,
                                 value).str());
  if (!(damping >= 0 && damping <= 1))
    return error(llvm::formatv("expected damping from 0 to 1, found {0}",
                               double(damping)).str());
  if ((rank > 0) + (energy > 0) + (ratio > 0) > 1)
    return error("expected one of rank, energy and ratio, found more");
  return success();
}

std::string Candidate::describe() const {
  if (factors)
    return llvm::formatv("rank {0}", factors->rank);
  if (form == FactorForm::Spatial)
    return llvm::formatv("spatial rank {0}", stages->shapes[0].outputs);
  return llvm::formatv("tucker ranks {0} and {1}", stages->shapes[0].outputs,
                       stages->shapes[1].outputs);
}

/// Sets how far to cut. False if an earlier pass chose that the weight stays.
bool FactorizeWeightsPass::setTarget(Problem &problem) {
  constexpr double kDefaultEnergy = 0.95;
  problem.rank = rank;
  problem.energy = energy;
  if (ratio > 0)
    problem.elements = int64_t(ratio * problem.rows * problem.columns);
  if (rank == 0 && energy == 0 && ratio == 0) {
    if (std::optional<int64_t> chosen = getChoice(problem.weight, kRankAttr)) {
      problem.rank = *chosen;
      return *chosen > 0;
    }
    problem.energy = kDefaultEnergy;
  }
  return true;
}

/// The greatest rank at which factors have fewer elements than the matrix.
static int64_t getGreatestRank(const Problem &problem) {
  return (problem.rows * problem.columns - 1) / (problem.rows + problem.columns);
}

/// Error of the weight `product` in the metric.
static double getNoise(const Problem &problem, ArrayRef<float> product) {
  const WeightMetric &metric = problem.metric;
  if (metric.metric.isGram())
    return metric.getOutputError(problem.values, product)->noise;
  MLIRContext *context = problem.weight.value.getContext();
  return getWeightError(metric.metric.apply(context, problem.values, problem.columns),
                        metric.metric.apply(context, product, problem.columns))
      .noise;
}

void FactorizeWeightsPass::addMatrix(const Problem &problem,
                                     std::vector<Candidate> &candidates) {
  LowRankTarget target;
  target.maxRank = getGreatestRank(problem);
  target.energy = problem.energy;
  target.rank = problem.elements > 0
                    ? problem.elements / (problem.rows + problem.columns)
                    : problem.rank;
  if (target.energy == 0 && (target.rank < 1 || target.rank > target.maxRank))
    return;
  Candidate candidate;
  candidate.form = FactorForm::Matrix;
  candidate.factors =
      approximateLowRank(&getContext(), problem.values, problem.rows, problem.columns,
                         target, problem.metric.metric);
  if (!candidate.factors)
    return;
  candidate.product = multiplyFactors(&getContext(), *candidate.factors);
  candidate.elements = candidate.factors->a.size() + candidate.factors->b.size();
  candidates.push_back(std::move(candidate));
}

void FactorizeWeightsPass::addWindows(const Problem &problem,
                                      std::vector<Candidate> &candidates) {
  std::optional<WindowShape> shape = getWindowShape(problem.weight);
  if (!shape || shape->getWindow() == 1)
    return;
  WindowTarget target;
  target.energy = problem.energy;
  target.elements = problem.elements;
  if (problem.rank > 0 && form == FactorForm::Auto)
    target.elements = problem.rank * (problem.rows + problem.columns);
  else if (problem.rank > 0)
    target.rank = problem.rank;
  target.inputRank = inputRank;
  ArrayRef<float> gram;
  if (problem.metric.metric.isGram())
    gram = problem.metric.seen->gram.as<float>();
  auto add = [&](FactorForm one, std::optional<WindowStages> stages) {
    if (!stages || stages->getElements() >= problem.rows * problem.columns)
      return;
    Candidate candidate;
    candidate.form = one;
    candidate.elements = stages->getElements();
    candidate.product = std::move(stages->product);
    candidate.stages = std::move(stages);
    candidates.push_back(std::move(candidate));
  };
  if (wants(FactorForm::Spatial))
    add(FactorForm::Spatial, factorizeSpatial(&getContext(), problem.values, *shape,
                                              target, gram, damping));
  if (wants(FactorForm::Tucker))
    add(FactorForm::Tucker, factorizeTucker(&getContext(), problem.values, *shape,
                                            target, gram, damping));
}

/// Why there is no candidate.
std::string FactorizeWeightsPass::getObstacle(const Problem &problem) {
  const bool isWindow = getWindowShape(problem.weight).has_value();
  if (!isWindow && form != FactorForm::Auto && form != FactorForm::Matrix)
    return "it is no window of a convolution without groups";
  if (form == FactorForm::Spatial || form == FactorForm::Tucker)
    return "no such product has fewer elements and is as near";
  if (problem.energy > 0)
    return llvm::formatv("no rank up to {0} keeps {1} of the energy",
                         getGreatestRank(problem), problem.energy);
  int64_t tried = problem.elements > 0
                      ? problem.elements / (problem.rows + problem.columns)
                      : problem.rank;
  return llvm::formatv("rank {0} of {1} x {2} {3}", tried, problem.rows, problem.columns,
                       tried < 1 ? "is no rank" : "would take no fewer bytes");
}

LogicalResult FactorizeWeightsPass::factorize(const Weight &weight) {
  if (weight.value.getDefiningOp<WeightCodecOpInterface>()) {
    keepWeight(weight, getArgumentName(),
               "it is " + getFormatName(weight.value) + " already; factorize first");
    return success();
  }
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(floats))
    return failure();
  auto keep = [&](const llvm::Twine &reason) {
    keepWeight(weight, getArgumentName(), reason);
    return success();
  };
  if (largest == 0)
    return keep("all of it is zero");
  Problem problem{weight, {}, floats->as<float>(), weight.getType().getShape().front(),
                  pith::getReductionSize(weight.getType())};
  if (!setTarget(problem))
    return keep("its chosen rank is 0");
  FailureOr<WeightMetric> metric =
      WeightMetric::get(weight, weighting, damping, getArgumentName());
  if (failed(metric))
    return failure();
  problem.metric = std::move(*metric);
  std::vector<Candidate> candidates;
  if (wants(FactorForm::Matrix) ||
      (form == FactorForm::Channel && getWindowShape(weight)))
    addMatrix(problem, candidates);
  addWindows(problem, candidates);
  if (candidates.empty())
    return keep(getObstacle(problem));
  for (Candidate &candidate : candidates)
    candidate.noise = getNoise(problem, candidate.product);
  bool byElements = problem.energy > 0;
  auto best = llvm::min_element(candidates, [&](const Candidate &a, const Candidate &b) {
    if (byElements && a.elements != b.elements)
      return a.elements < b.elements;
    return a.noise < b.noise;
  });
  replace(problem, *best);
  return success();
}

void FactorizeWeightsPass::replace(const Problem &problem, const Candidate &candidate) {
  if (candidate.stages) {
    RewrittenWindow rewritten = rewriteInStages(problem.weight, *candidate.stages);
    return finish(problem, candidate, rewritten.constants, rewritten.results);
  }
  FactorRewriter rewriter(problem.weight, *candidate.factors, "");
  std::optional<SmallVector<Value>> results = rewriter.rewriteUses(/*residual=*/false);
  if (!results)
    return keepWeight(problem.weight, getArgumentName(),
                      "an op that uses it does not factorize");
  finish(problem, candidate, rewriter.getConstants(), *results);
}

void FactorizeWeightsPass::finish(const Problem &problem, const Candidate &candidate,
                                  ArrayRef<Operation *> constants,
                                  ArrayRef<Value> results) {
  const Weight &weight = problem.weight;
  WeightError error = getWeightError(problem.values, candidate.product);
  auto remark = remark::passed(weight.getLoc(), remark::RemarkOpts::name("Factorized")
                                                    .category(getArgumentName())
                                                    .function("main"));
  remark << remark::add("{0}", candidate.describe())
         << remark::metric("node", weight.node) << remark::metric("tensor", weight.name)
         << remark::metric("sqnr_db", formatDecibels(error))
         << remark::metric("weighting", problem.metric.name)
         << remark::metric("elements_before", weight.getType().getNumElements())
         << remark::metric("elements_after", candidate.elements);
  if (std::optional<WeightError> output =
          problem.metric.getOutputError(problem.values, candidate.product))
    remark << remark::metric("output_sqnr_db", formatDecibels(*output));

  // Each factor answers for its part of the original bytes.
  WeightHistory history = WeightHistory::get(weight.value);
  double decibels = combineDecibels(history.error, toDecibels(error));
  int64_t left = history.originalBytes, count = constants.size();
  for (auto [index, constant] : llvm::enumerate(constants)) {
    auto type = cast<RankedTensorType>(constant->getResult(0).getType());
    int64_t share = history.originalBytes * type.getNumElements() / candidate.elements;
    if (int64_t(index) == count - 1)
      share = left;
    left -= share;
    WeightHistory{decibels, share, nullptr}.set(constant);
  }
  Value old = weight.value;
  for (auto [use, result] : llvm::zip_equal(weight.uses, results)) {
    Operation *op = use->getOwner();
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }
  eraseStoredValue(old);
}
