//===- FactorizeJointly.cpp - pith-factorize-jointly ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds weights of one activation and gives them one first factor.
//
//===----------------------------------------------------------------------===//

#include "FactorRewriter.h"
#include "WeightMetric.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_FACTORIZEJOINTLYPASS
#include "pith/Compression/LowRank/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// Weights that may share a factor, as one matrix.
struct Group {
  SmallVector<Weight> members; ///< in the order of their ops
  SmallVector<int64_t> memberRows;
  std::vector<float> values;
  int64_t rows = 0, columns = 0;
  WeightMetric metric;

  int64_t getElements() const { return rows * columns; }
  ArrayRef<float> getMember(ArrayRef<float> all, size_t index) const;
};

class FactorizeJointlyPass final
    : public CheckedPass<pith::impl::FactorizeJointlyPassBase<FactorizeJointlyPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override;
  void runOnOperation() override;

private:
  LogicalResult factorize(Group &group);
  LowRankTarget getTarget(const Group &group) const;
  void decline(const Group &group, const llvm::Twine &reason);
  void replace(const Group &group, const LowRankFactors &factors);
};
} // namespace

LogicalResult FactorizeJointlyPass::checkOptions(ErrorHandler error) const {
  if (rank < 0)
    return error("expected a rank of at least 1, found " + llvm::Twine(rank));
  for (auto [name, value] :
       {std::pair("energy", double(energy)), std::pair("ratio", double(ratio))})
    if (!(value >= 0 && value < 1))
      return error(
          llvm::formatv("expected {0} between 0 and 1, found {1}", name, value).str());
  if (!(damping >= 0 && damping <= 1))
    return error(llvm::formatv("expected damping from 0 to 1, found {0}",
                               double(damping)).str());
  if ((rank > 0) + (energy > 0) + (ratio > 0) > 1)
    return error("expected one of rank, energy and ratio, found more");
  return success();
}

ArrayRef<float> Group::getMember(ArrayRef<float> all, size_t index) const {
  size_t first = 0, width = all.size() / rows;
  for (size_t i = 0; i < index; ++i)
    first += memberRows[i];
  return all.slice(first * width, memberRows[index] * width);
}

/// The value that the weight's only op contracts with it; null if there is none.
static Value getActivation(const Weight &weight) {
  if (weight.uses.size() != 1 || !weight.value.getDefiningOp<ConstantOp>())
    return {};
  auto op = cast<CompressibleOpInterface>(weight.uses.front()->getOwner());
  OpOperand *activation = op.getActivationOperand(*weight.uses.front());
  return activation ? activation->get() : Value();
}

/// What the op says of how it contracts.
static DictionaryAttr getOwnAttributes(Operation *op) {
  SmallVector<NamedAttribute> own;
  for (NamedAttribute attribute : op->getAttrDictionary())
    if (!attribute.getName().strref().starts_with("pith."))
      own.push_back(attribute);
  return DictionaryAttr::get(op->getContext(), own);
}

static bool contractAlike(const Weight &left, const Weight &right) {
  Operation *a = left.uses.front()->getOwner(), *b = right.uses.front()->getOwner();
  RankedTensorType first = left.getType(), second = right.getType();
  return a->getName() == b->getName() && a->getBlock() == b->getBlock() &&
         getOwnAttributes(a) == getOwnAttributes(b) &&
         left.uses.front()->getOperandNumber() == right.uses.front()->getOperandNumber() &&
         first.getElementType() == second.getElementType() &&
         first.getShape().drop_front() == second.getShape().drop_front();
}

/// The weights in groups of at least two.
static std::vector<Group> findGroups(ArrayRef<Weight> weights) {
  llvm::MapVector<Value, SmallVector<Group, 1>> found;
  for (const Weight &weight : weights) {
    Value activation = getActivation(weight);
    if (!activation)
      continue;
    SmallVector<Group, 1> &groups = found[activation];
    auto fitting = llvm::find_if(groups, [&](const Group &group) {
      return contractAlike(group.members.front(), weight);
    });
    if (fitting == groups.end())
      fitting = &groups.emplace_back();
    fitting->members.push_back(weight);
  }
  std::vector<Group> result;
  for (auto &[activation, groups] : found)
    for (Group &group : groups)
      if (group.members.size() > 1) {
        llvm::sort(group.members, [](const Weight &a, const Weight &b) {
          return a.uses.front()->getOwner()->isBeforeInBlock(b.uses.front()->getOwner());
        });
        result.push_back(std::move(group));
      }
  return result;
}

void FactorizeJointlyPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements,
                            /*replaceable=*/false};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return signalPassFailure();
  SmallVector<Weight> usable;
  for (const Weight &weight : *weights)
    if (llvm::all_of(weight.uses, [](OpOperand *use) {
          return cast<CompressibleOpInterface>(use->getOwner()).isWeightOutputMajor(*use);
        }) &&
        weight.uses.size() == size_t(std::distance(weight.value.use_begin(),
                                                   weight.value.use_end())))
      usable.push_back(weight);
  for (Group &group : findGroups(usable))
    if (failed(factorize(group)))
      return signalPassFailure();
}

void FactorizeJointlyPass::decline(const Group &group, const llvm::Twine &reason) {
  for (const Weight &weight : group.members)
    remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotJoined")
                                        .category(getArgumentName())
                                        .function("main"))
        << reason.str() << remark::metric("node", weight.node)
        << remark::metric("tensor", weight.name);
}

LowRankTarget FactorizeJointlyPass::getTarget(const Group &group) const {
  constexpr double kDefaultEnergy = 0.95;
  LowRankTarget target;
  const int64_t both = group.rows + group.columns;
  target.maxRank = (group.getElements() - 1) / both;
  target.rank = ratio > 0 ? int64_t(ratio * group.getElements() / both) : int64_t(rank);
  if (rank == 0 && ratio == 0)
    target.energy = energy > 0 ? double(energy) : kDefaultEnergy;
  return target;
}

/// The least noise of separate factors with so many elements in all: singular values
/// are kept in the order of what they hold per element.
static double getSeparateNoise(MLIRContext *context, const Group &group,
                               int64_t elements) {
  std::vector<std::pair<double, int64_t>> parts;
  double noise = 0;
  for (size_t i = 0; i < group.members.size(); ++i) {
    int64_t rows = group.memberRows[i];
    for (double square :
         getSpectrum(context, group.getMember(group.values, i), rows, group.columns,
                     group.metric.metric)) {
      noise += square;
      parts.push_back({square, rows + group.columns});
    }
  }
  llvm::sort(parts, [](const auto &a, const auto &b) {
    return std::tuple(-a.first / double(a.second), a.second, a.first) <
           std::tuple(-b.first / double(b.second), b.second, b.first);
  });
  for (auto [square, cost] : parts)
    if (cost <= elements) {
      elements -= cost;
      noise -= square;
    }
  return std::max(0.0, noise);
}

LogicalResult FactorizeJointlyPass::factorize(Group &group) {
  const Weight &first = group.members.front();
  group.columns = pith::getReductionSize(first.getType());
  for (const Weight &weight : group.members) {
    float largest;
    FailureOr<HostTensor> values = decodeFinite(weight, largest);
    if (failed(values))
      return failure();
    llvm::append_range(group.values, values->as<float>());
    group.memberRows.push_back(weight.getType().getShape().front());
    group.rows += group.memberRows.back();
  }
  LowRankTarget target = getTarget(group);
  auto sizes = llvm::formatv("{0} x {1}", group.rows, group.columns).str();
  if (target.energy == 0 && (target.rank < 1 || target.rank > target.maxRank)) {
    decline(group, "rank " + llvm::Twine(target.rank) + " of " + sizes +
                       (target.rank < 1 ? " is no rank" : " would take no fewer bytes"));
    return success();
  }
  FailureOr<WeightMetric> metric =
      WeightMetric::get(first, weighting, damping, getArgumentName());
  if (failed(metric))
    return failure();
  group.metric = std::move(*metric);
  std::optional<LowRankFactors> factors =
      approximateLowRank(&getContext(), group.values, group.rows, group.columns, target,
                         group.metric.metric);
  if (!factors) {
    decline(group, llvm::formatv("no rank up to {0} keeps {1} of the energy",
                                 target.maxRank, target.energy).str());
    return success();
  }
  int64_t elements = factors->a.size() + factors->b.size();
  double separate = getSeparateNoise(&getContext(), group, elements);
  if (separate < factors->noise) {
    decline(group, llvm::formatv("with as many elements separate factors keep more: "
                                 "{0:f2} dB instead of {1:f2}",
                                 toDecibels({factors->signal, separate}),
                                 toDecibels({factors->signal, factors->noise})).str());
    return success();
  }
  replace(group, *factors);
  return success();
}

void FactorizeJointlyPass::replace(const Group &group, const LowRankFactors &factors) {
  OpBuilder builder(&getContext());
  const Weight &first = group.members.front();
  builder.setInsertionPoint(first.uses.front()->getOwner());
  SmallVector<int64_t> sizes(first.getType().getShape());
  sizes.front() = factors.rank;
  HostTensor values(RankedTensorType::get(sizes, builder.getF32Type()));
  llvm::copy(factors.b, values.asMutable<float>().begin());
  Value shared = createConstant(builder, first.value.getLoc(),
                                values.converted(first.getType().getElementType()),
                                first.name + ".shared.b");
  std::vector<float> product = multiplyFactors(&getContext(), factors);
  const int64_t all = factors.a.size() + factors.b.size();
  int64_t bytes = 0;
  for (const Weight &weight : group.members)
    bytes += WeightHistory::get(weight.value).originalBytes;
  int64_t left = bytes;
  Value common; // B · x
  for (auto [index, weight] : llvm::enumerate(group.members)) {
    LowRankFactors own = factors;
    own.a = std::vector<float>(group.getMember(factors.a, index));
    FactorRewriter rewriter(weight, own, "", shared);
    std::optional<SmallVector<Value>> results = rewriter.rewriteUses(/*residual=*/false);
    if (!results) {
      // The others are alike: the first one says it for all.
      shared.getDefiningOp()->erase();
      return decline(group, "an op that uses it does not factorize");
    }
    Operation *second = results->front().getDefiningOp();
    if (!common) {
      common = second->getOperand(0);
    } else {
      Operation *again = second->getOperand(0).getDefiningOp();
      second->setOperand(0, common);
      again->erase();
    }
    WeightError error = getWeightError(group.getMember(group.values, index),
                                       group.getMember(product, index));
    auto remark = remark::passed(weight.getLoc(), remark::RemarkOpts::name("Joined")
                                                      .category(getArgumentName())
                                                      .function("main"));
    remark << remark::add("rank {0}, one of {1}", factors.rank, group.members.size())
           << remark::metric("node", weight.node) << remark::metric("tensor", weight.name)
           << remark::metric("sqnr_db", formatDecibels(error))
           << remark::metric("weighting", group.metric.name)
           << remark::metric("elements_before", group.getElements())
           << remark::metric("elements_after", all);
    if (std::optional<WeightError> output = group.metric.getOutputError(
            group.getMember(group.values, index), group.getMember(product, index)))
      remark << remark::metric("output_sqnr_db", formatDecibels(*output));
    for (Operation *constant : rewriter.getConstants()) {
      if (constant == shared.getDefiningOp())
        continue;
      int64_t share = bytes * int64_t(own.a.size()) / all;
      left -= share;
      WeightHistory{toDecibels(error), share, nullptr}.set(constant);
    }
    Operation *op = weight.uses.front()->getOwner();
    Value old = weight.value;
    op->getResult(0).replaceAllUsesWith(results->front());
    op->erase();
    eraseStoredValue(old);
  }
  WeightHistory{toDecibels(getWeightError(group.values, product)), left, nullptr}.set(
      shared.getDefiningOp());
}
