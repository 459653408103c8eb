//===- WindowFactors.cpp - Convolutions in stages -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first stage maps a patch x to P · x; given that, what follows is a weight on P · x
// whose errors count by P · G · Pᵀ (G = I without statistics): its best values solve a
// least-squares problem, and its best approximation of low rank is as for any matrix.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/LowRank/WindowFactors.h"

#include "BlockProduct.h"

#include "pith/Compression/GramInverse.h"
#include "pith/Compression/LowRank/LowRank.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace pith;

int64_t WindowStages::getElements() const {
  int64_t sum = 0;
  for (const WindowShape &shape : shapes)
    sum += shape.getElements();
  return sum;
}

static std::vector<float> transposed(ArrayRef<float> matrix, int64_t columns) {
  int64_t rows = matrix.size() / columns;
  std::vector<float> result(matrix.size());
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      result[j * rows + i] = matrix[i * columns + j];
  return result;
}

namespace {
/// The problem of what follows after a first stage.
struct Remainder {
  MLIRContext *context;
  ArrayRef<float> weight; ///< [outputs, reduction]
  ArrayRef<float> map;    ///< P, [inner, reduction]
  int64_t reduction, inner;
  std::vector<float> mapped; ///< P · G
  std::vector<float> gram;   ///< P · G · Pᵀ

  Remainder(MLIRContext *context, ArrayRef<float> weight, ArrayRef<float> map,
            int64_t reduction, ArrayRef<float> seen)
      : context(context), weight(weight), map(map), reduction(reduction),
        inner(map.size() / reduction), mapped(map.begin(), map.end()) {
    if (!seen.empty())
      mapped = multiplyMatrices(context, map, seen, reduction);
    gram = multiplyMatrices(context, mapped, transposed(map, reduction), reduction);
    for (int64_t i = 0; i < inner; ++i)
      for (int64_t j = 0; j < i; ++j)
        gram[i * inner + j] = gram[j * inner + i] =
            (gram[i * inner + j] + gram[j * inner + i]) / 2;
  }

  /// Adds to `after` [outputs, inner] what makes `after · P` the best for the outputs.
  bool improve(std::vector<float> &after, double damping) const {
    std::vector<float> rest(weight.begin(), weight.end());
    std::vector<float> product = multiplyMatrices(context, after, map, inner);
    for (size_t i = 0; i < rest.size(); ++i)
      rest[i] -= product[i];
    std::vector<float> step =
        multiplyMatrices(context, rest, transposed(mapped, reduction), reduction);
    GramDamping how;
    how.fraction = damping;
    std::optional<GramFactor> factor = GramFactor::compute(context, gram, inner, how);
    if (!factor)
      return false;
    factor->solve(step);
    for (size_t i = 0; i < after.size(); ++i)
      after[i] += step[i];
    return true;
  }
};
} // namespace

/// The sum of blocks of a Gram matrix: of all elements `element(slice, i)`.
template <typename Element>
static std::vector<float> sumBlocks(ArrayRef<float> gram, int64_t reduction,
                                    int64_t slices, int64_t size, Element element) {
  std::vector<float> sum(size * size);
  for (int64_t slice = 0; slice < slices; ++slice)
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j)
        sum[i * size + j] += gram[element(slice, i) * reduction + element(slice, j)];
  return sum;
}

static std::optional<RowMetric> makeMetric(MLIRContext *context, ArrayRef<float> gram,
                                           int64_t size, double damping) {
  if (gram.empty())
    return RowMetric();
  return RowMetric::makeGram(context, gram, size, damping);
}

/// The least rank that keeps `energy`.
static int64_t findRank(ArrayRef<double> squares, double energy) {
  double total = std::accumulate(squares.begin(), squares.end(), 0.0), sum = 0;
  for (auto [index, square] : llvm::enumerate(squares))
    if ((sum += square) >= energy * total)
      return index + 1;
  return squares.size();
}

std::optional<WindowStages>
pith::factorizeSpatial(MLIRContext *context, ArrayRef<float> weight,
                       const WindowShape &shape, const WindowTarget &target,
                       ArrayRef<float> gram, double damping) {
  const auto [O, H, R, C] = shape;
  const int64_t K = shape.getReduction(), rows = O * R, columns = H * C;
  if (H == 1 || R == 1)
    return std::nullopt;
  auto element = [&, R = R, C = C](int64_t j, int64_t i) {
    return (i / C * R + j) * C + i % C;
  };
  // [(o, j), (i, c)]
  std::vector<float> matrix(weight.size());
  for (int64_t o = 0; o < O; ++o)
    for (int64_t j = 0; j < R; ++j)
      for (int64_t i = 0; i < columns; ++i)
        matrix[(o * R + j) * columns + i] = weight[o * K + element(j, i)];
  std::vector<float> own;
  if (!gram.empty())
    own = sumBlocks(gram, K, R, columns, element);
  std::optional<RowMetric> metric = makeMetric(context, own, columns, damping);
  if (!metric)
    return std::nullopt;
  LowRankTarget cut;
  cut.rank = target.rank;
  if (cut.rank <= 0 && target.elements > 0)
    cut.rank = target.elements / (rows + columns);
  else if (cut.rank <= 0)
    cut.rank = findRank(getSpectrum(context, matrix, rows, columns, *metric),
                        target.energy);
  cut.rank = std::min({cut.rank, rows, columns});
  if (cut.rank < 1)
    return std::nullopt;
  std::optional<LowRankFactors> factors =
      approximateLowRank(context, matrix, rows, columns, cut, *metric);
  if (!factors)
    return std::nullopt;
  const int64_t rank = factors->rank;
  WindowStages stages;
  stages.firstMap.resize(R * rank * K);
  for (int64_t j = 0; j < R; ++j)
    for (int64_t r = 0; r < rank; ++r)
      for (int64_t i = 0; i < columns; ++i)
        stages.firstMap[(j * rank + r) * K + element(j, i)] = factors->b[r * columns + i];
  Remainder rest(context, weight, stages.firstMap, K, gram);
  if (!gram.empty() && !rest.improve(factors->a, damping))
    return std::nullopt;
  stages.product = multiplyMatrices(context, factors->a, stages.firstMap, R * rank);
  stages.shapes = {{rank, H, 1, C}, {O, 1, R, rank}};
  stages.weights = {std::move(factors->b), std::move(factors->a)};
  return stages;
}

/// Ranks of outputs (p) and channels (q).
static std::pair<int64_t, int64_t> chooseRanks(ArrayRef<double> outputs,
                                               ArrayRef<double> channels,
                                               const WindowShape &shape,
                                               const WindowTarget &target) {
  auto getTails = [](ArrayRef<double> squares) {
    std::vector<double> tails(squares.size() + 1);
    for (int64_t i = int64_t(squares.size()) - 1; i >= 0; --i)
      tails[i] = tails[i + 1] + squares[i];
    return tails;
  };
  std::vector<double> left = getTails(outputs), right = getTails(channels);
  const int64_t full = outputs.size(), window = shape.getWindow();
  const double allowed = (1 - target.energy) * left[0];
  std::pair<int64_t, int64_t> best = {0, 0};
  double least = 0;
  for (int64_t q = 1; q <= int64_t(channels.size()); ++q) {
    int64_t p;
    double cost;
    if (target.elements > 0) {
      int64_t rest = target.elements - q * shape.channels;
      p = std::min(full, rest / (shape.outputs + window * q));
      if (p < 1)
        continue;
      cost = left[p] + right[q];
    } else {
      p = 1;
      while (p <= full && left[p] + right[q] > allowed)
        ++p;
      if (p > full)
        continue;
      cost = double(p * shape.outputs + p * q * window + q * shape.channels);
    }
    if (best.first == 0 || cost < least) {
      best = {p, q};
      least = cost;
    }
  }
  return best;
}

std::optional<WindowStages>
pith::factorizeTucker(MLIRContext *context, ArrayRef<float> weight,
                      const WindowShape &shape, const WindowTarget &target,
                      ArrayRef<float> gram, double damping) {
  const auto [O, H, R, C] = shape;
  const int64_t K = shape.getReduction(), window = shape.getWindow();
  if (window == 1)
    return std::nullopt;
  std::vector<float> own;
  if (!gram.empty())
    own = sumBlocks(gram, K, window, C,
                    [C = C](int64_t slice, int64_t i) { return slice * C + i; });
  std::optional<RowMetric> metric = makeMetric(context, own, C, damping);
  std::optional<RowMetric> whole = makeMetric(context, gram, K, damping);
  if (!metric || !whole)
    return std::nullopt;
  int64_t p = std::min(target.rank, std::min(O, K));
  int64_t q = std::min(target.inputRank > 0 ? target.inputRank : target.rank, C);
  if (p <= 0)
    std::tie(p, q) = chooseRanks(getSpectrum(context, weight, O, K, *whole),
                                 getSpectrum(context, weight, O * window, C, *metric),
                                 shape, target);
  if (p < 1 || q < 1)
    return std::nullopt;
  LowRankTarget cut;
  cut.rank = q;
  std::optional<LowRankFactors> narrow =
      approximateLowRank(context, weight, O * window, C, cut, *metric);
  if (!narrow)
    return std::nullopt;
  q = narrow->rank;
  WindowStages stages;
  stages.firstMap.resize(window * q * K);
  for (int64_t w = 0; w < window; ++w)
    for (int64_t i = 0; i < q; ++i)
      std::copy_n(&narrow->b[i * C], C, &stages.firstMap[(w * q + i) * K + w * C]);
  Remainder rest(context, weight, stages.firstMap, K, gram);
  if (!gram.empty() && !rest.improve(narrow->a, damping))
    return std::nullopt;
  std::optional<RowMetric> after =
      RowMetric::makeGram(context, rest.gram, window * q, gram.empty() ? 1e-7 : damping);
  cut.rank = std::min(p, std::min(O, window * q));
  std::optional<LowRankFactors> wide;
  if (after)
    wide = approximateLowRank(context, narrow->a, O, window * q, cut, *after);
  if (!wide)
    return std::nullopt;
  stages.product = multiplyMatrices(context, multiplyFactors(context, *wide),
                                    stages.firstMap, window * q);
  stages.shapes = {{q, 1, 1, C}, {wide->rank, H, R, q}, {O, 1, 1, wide->rank}};
  stages.weights = {std::move(narrow->b), std::move(wide->b), std::move(wide->a)};
  return stages;
}
