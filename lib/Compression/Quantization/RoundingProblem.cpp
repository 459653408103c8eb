//===- RoundingProblem.cpp - What rows of a weight have in common ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of rounding, and factors of the Hessian for it and for each block of descent.
//
//===----------------------------------------------------------------------===//

#include "RoundingProblem.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace pith;

/// Groups by falling sum of the diagonal, and elements within them likewise.
static std::vector<int64_t> getGroupOrder(ArrayRef<float> importance, int64_t groupSize) {
  int64_t size = importance.size(), groups = (size + groupSize - 1) / groupSize;
  std::vector<double> sums(groups);
  for (int64_t k = 0; k < size; ++k)
    sums[k / groupSize] += importance[k];
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), int64_t(0));
  llvm::sort(order, [&](int64_t a, int64_t b) {
    int64_t left = a / groupSize, right = b / groupSize;
    if (left != right)
      return sums[left] > sums[right] || (sums[left] == sums[right] && left < right);
    return importance[a] > importance[b] || (importance[a] == importance[b] && a < b);
  });
  return order;
}

/// The blocks of descent with the factors of their parts of the Hessian.
static std::vector<RoundingProblem::Block>
makeBlocks(MLIRContext *context, const RoundingProblem &problem) {
  const int64_t size = problem.size, groupSize = problem.groupSize;
  std::vector<RoundingProblem::Block> blocks;
  for (int64_t group = 0; group < size; group += groupSize) {
    int64_t end = std::min(group + groupSize, size);
    int64_t step = groupSize <= RoundingProblem::kLongestBlock ? groupSize
                                                               : RoundingProblem::kPart;
    for (int64_t first = group; first < end; first += step)
      blocks.push_back({first, std::min(step, end - first), {}, {}, {}});
  }
  for (RoundingProblem::Block &block : blocks) {
    std::vector<int64_t> elements(block.count);
    std::iota(elements.begin(), elements.end(), block.first);
    auto factor = GramFactor::compute(context, problem.hessian, size, {0, 6}, elements);
    if (!factor)
      return {};
    block.couplings = factor->getCouplings();
    block.inverse = factor->getInverse();
    for (int64_t j : elements)
      block.sums.push_back(std::accumulate(
          &problem.hessian[j * size + block.first],
          &problem.hessian[j * size + block.first] + block.count, 0.0f));
  }
  return blocks;
}

std::optional<RoundingProblem>
RoundingProblem::create(MLIRContext *context, ArrayRef<float> gram, int64_t size,
                        int64_t groupSize, const GramDamping &damping,
                        ActivationOrder order, bool descends) {
  RoundingProblem problem;
  problem.size = size;
  problem.groupSize = groupSize;
  problem.gram = gram;
  problem.importance.resize(size);
  for (int64_t k = 0; k < size; ++k)
    problem.importance[k] = gram[k * size + k];
  if (order == ActivationOrder::Full) {
    problem.order = getActivationOrder(gram, size);
  } else if (order == ActivationOrder::Group) {
    problem.order = getGroupOrder(problem.importance, groupSize);
  } else {
    problem.order.resize(size);
    std::iota(problem.order.begin(), problem.order.end(), int64_t(0));
  }
  problem.scalesOnTheWay =
      order != ActivationOrder::Full && groupSize < size && groupSize <= kLongestBlock;
  auto factor = GramFactor::compute(context, gram, size, damping, problem.order);
  if (!factor)
    return std::nullopt;
  problem.damping = factor->getDamping();
  problem.couplings = factor->getCouplings();
  problem.hessian = gram.vec();
  factor->addDamping(problem.hessian);
  for (int64_t k = 0; k < size; ++k)
    problem.importance[k] = problem.hessian[k * size + k];
  if (descends) {
    problem.blocks = makeBlocks(context, problem);
    if (problem.blocks.empty())
      return std::nullopt;
  }
  return problem;
}
