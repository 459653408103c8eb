//===- CodebookFit.cpp - Codebooks learnt by the output's error -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// After van Baalen et al., "GPTVQ" (2024), with codebooks of numbers, and Frantar et
// al., "GPTQ" (2022). Rows are independent but for the codebook; sums over rows are
// formed in their order, so that results do not depend on the number of threads.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/CodebookFit.h"

#include "KMeans.h"

#include "pith/Compression/Codebook/Codebook.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/GramInverse.h"
#include "pith/Compression/Quantization/GroupQuantizer.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Compression/WideSums.h"
#include "mlir/IR/BuiltinTypes.h"

#include <Eigen/Cholesky>

#include <cmath>
#include <limits>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

/// Rows that work on a row of a matrix while it is in the cache; forRowRuns cuts at
/// multiples of it.
static constexpr int64_t kRowBlock = 8;
/// Of the mean of the diagonal: keeps flat directions from drifting.
static constexpr double kRidge = 1e-4;

namespace {
/// The Gram matrix of one group of rows, and how errors are fed back.
struct RowGroup {
  const float *gram;
  float ridge;
  std::vector<int64_t> order; ///< columns, those with most energy first
  std::vector<float> feedback; ///< upper factor of the inverse, in that order
  float getDiagonal(int64_t k, int64_t K) const { return gram[k * K + k] + ridge; }
};

/// One weight in work.
class Fitting {
public:
  Fitting(const CodebookFit &how, const HostTensor &weight, float largest,
          const ActivationStatistics &statistics);

  bool prepare();
  CodebookFit::Result run();

private:
  const float *getRow(int64_t row) const { return data + row * K; }
  float &scaleOf(int64_t row, int64_t k) { return scales[row * groups + k / size]; }
  const RowGroup &groupOf(int64_t row) const { return rowGroups[row / rowsPerGroup]; }
  float roundScale(double scale) const;
  void setTable(std::vector<float> values);
  /// Calls `body(first, last)` for blocks of rows, in parallel.
  void forBlocks(llvm::function_ref<void(int64_t, int64_t)> body) const;

  void learn();
  void searchScales();
  void feedBack(int64_t first, int64_t last);
  void improveRow(int64_t row);
  std::vector<float> getGradient(int64_t row);
  void descend(int64_t row, std::vector<float> &gradient);
  void fitScales(int64_t row, std::vector<float> &gradient);
  void fitTable();
  void addEquations(int64_t row, std::vector<double> &equations);
  CodebookFit::Result encode();

  const CodebookFit &how;
  MLIRContext *context;
  const ActivationStatistics &statistics;
  const HostTensor &weight;
  const float *data;
  int64_t rows, K, size, groups, rowsPerGroup;
  size_t entries;
  bool halfScales;
  std::vector<RowGroup> rowGroups;
  std::vector<float> table, scales;
  std::optional<CodebookIndex> index;
  std::vector<uint8_t> codes;
};
} // namespace

Fitting::Fitting(const CodebookFit &how, const HostTensor &weight, float largest,
                 const ActivationStatistics &statistics)
    : how(how), context(weight.getType().getContext()), statistics(statistics),
      weight(weight), data(weight.as<float>().data()), rows(weight.getShape()[0]),
      K(statistics.getReductionSize()),
      size(how.groupSize > 0 && how.groupSize < K ? how.groupSize : K),
      groups((K + size - 1) / size), rowsPerGroup(rows / statistics.getGroups()),
      entries(size_t(1) << how.bits),
      halfScales(largest == 0 || (largest <= 65504.0f && largest >= 0x1p-10f)),
      scales(rows * groups), codes(rows * K) {}

float Fitting::roundScale(double scale) const {
  return halfScales ? roundToHalf(float(scale)) : float(scale);
}

void Fitting::setTable(std::vector<float> values) {
  for (float &value : values)
    value = roundToHalf(value);
  llvm::sort(values);
  // Ranks count distinct entries; unused ones stand behind them, never chosen.
  values.erase(std::unique(values.begin(), values.end()), values.end());
  index.emplace(values);
  values.resize(entries, values.back());
  table = std::move(values);
}

void Fitting::forBlocks(llvm::function_ref<void(int64_t, int64_t)> body) const {
  forRowRuns(context, rows, K * K, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row += kRowBlock)
      body(row, std::min(row + kRowBlock, end));
  });
}

bool Fitting::prepare() {
  const float *gram = statistics.gram.as<float>().data();
  for (int64_t g = 0; g < statistics.getGroups(); ++g, gram += K * K) {
    RowGroup group;
    group.gram = gram;
    double trace = 0;
    for (int64_t k = 0; k < K; ++k)
      trace += gram[k * K + k];
    group.ridge = float(std::max(kRidge * trace / K, 1e-30));
    llvm::ArrayRef<float> all(gram, K * K);
    group.order = getActivationOrder(all, K);
    std::optional<GramFactor> factor =
        GramFactor::compute(context, all, K, {how.damping}, group.order);
    if (!factor)
      return false;
    group.feedback = factor->getInverseUpper();
    rowGroups.push_back(std::move(group));
  }
  return true;
}

/// The codebook of all elements over their scales.
void Fitting::learn() {
  KMeans clusters;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < K; ++k)
      if (float scale = scaleOf(row, k); scale > 0)
        clusters.add(getRow(row)[k] / scale, double(scale) * scale *
                                                 groupOf(row).getDiagonal(k, K));
  setTable(clusters.cluster(entries, /*zero=*/false));
}

/// The scale of each group with the least error of nearest entries.
void Fitting::searchScales() {
  forBlocks([&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row)
      for (int64_t begin = 0; begin < K; begin += size) {
        float &scale = scaleOf(row, begin);
        int64_t end = std::min(begin + size, K);
        double best = std::numeric_limits<double>::infinity();
        float chosen = scale;
        for (int step = -8; step <= 10 && scale > 0; ++step) {
          float tried = roundScale(scale * (1 + 0.025 * step)), inverse = 1 / tried;
          double noise = 0;
          for (int64_t k = begin; k < end; ++k) {
            float value = getRow(row)[k];
            double off = value - index->getValue(index->getRank(value * inverse)) * tried;
            noise += off * off * groupOf(row).getDiagonal(k, K);
          }
          if (noise < best) {
            best = noise;
            chosen = tried;
          }
        }
        scale = chosen;
      }
  });
}

/// Rounds column after column; what a row loses is made up for by its later ones.
void Fitting::feedBack(int64_t first, int64_t last) {
  const RowGroup &group = groupOf(first);
  std::vector<float> rest((last - first) * K);
  for (int64_t row = first; row < last; ++row)
    for (int64_t i = 0; i < K; ++i)
      rest[(row - first) * K + i] = getRow(row)[group.order[i]];
  for (int64_t i = 0; i < K; ++i) {
    const float *factor = &group.feedback[i * K];
    for (int64_t row = first; row < last; ++row) {
      float *own = &rest[(row - first) * K];
      int64_t k = group.order[i];
      float scale = scaleOf(row, k);
      unsigned rank = index->getRank(scale > 0 ? own[i] / scale : 0);
      codes[row * K + k] = uint8_t(rank);
      float lost = (own[i] - index->getValue(rank) * scale) / factor[i];
      addScaled(own + i, factor + i, -lost, K - i);
    }
  }
}

/// (w' − w) · H of one row.
std::vector<float> Fitting::getGradient(int64_t row) {
  const RowGroup &group = groupOf(row);
  std::vector<float> gradient(K);
  for (int64_t k = 0; k < K; ++k) {
    float off = table[codes[row * K + k]] * scaleOf(row, k) - getRow(row)[k];
    addScaled(gradient.data(), group.gram + k * K, off, K);
    gradient[k] += group.ridge * off;
  }
  return gradient;
}

/// Sets each code to the best one, the others as they are.
void Fitting::descend(int64_t row, std::vector<float> &gradient) {
  const RowGroup &group = groupOf(row);
  for (int64_t k = 0; k < K; ++k) {
    float scale = scaleOf(row, k), diagonal = group.getDiagonal(k, K);
    if (!(scale > 0))
      continue;
    uint8_t &code = codes[row * K + k];
    float now = table[code] * scale;
    uint8_t next = uint8_t(index->getRank((now - gradient[k] / diagonal) / scale));
    if (next == code)
      continue;
    float change = table[next] * scale - now;
    addScaled(gradient.data(), group.gram + k * K, change, K);
    gradient[k] += group.ridge * change;
    code = next;
  }
}

/// Least-squares scales, one group after the other.
void Fitting::fitScales(int64_t row, std::vector<float> &gradient) {
  const RowGroup &group = groupOf(row);
  std::vector<float> entry(size);
  for (int64_t begin = 0; begin < K; begin += size) {
    int64_t count = std::min(size, K - begin);
    for (int64_t i = 0; i < count; ++i)
      entry[i] = table[codes[row * K + begin + i]];
    double slope = getDot(entry.data(), &gradient[begin], count), curve = 0;
    for (int64_t i = 0; i < count; ++i) {
      const float *products = group.gram + (begin + i) * K + begin;
      curve += entry[i] * (getDot(products, entry.data(), count) +
                           double(group.ridge) * entry[i]);
    }
    float &scale = scaleOf(row, begin);
    float next = curve > 0 ? roundScale(scale - slope / curve) : scale;
    if (!(next > 0) || next == scale || !std::isfinite(next))
      continue;
    for (int64_t i = 0; i < count; ++i) {
      float change = entry[i] * (next - scale);
      addScaled(gradient.data(), group.gram + (begin + i) * K, change, K);
      gradient[begin + i] += group.ridge * change;
    }
    scale = next;
  }
}

void Fitting::improveRow(int64_t row) {
  std::vector<float> gradient = getGradient(row);
  descend(row, gradient);
  fitScales(row, gradient);
}

/// Adds one row to the normal equations of the entries: their matrix, then the
/// right-hand side.
void Fitting::addEquations(int64_t row, std::vector<double> &equations) {
  const RowGroup &group = groupOf(row);
  std::vector<float> perEntry(entries * K), target(K);
  for (int64_t k = 0; k < K; ++k) {
    float *own = &perEntry[codes[row * K + k] * K];
    addScaled(own, group.gram + k * K, scaleOf(row, k), K);
    own[k] += group.ridge * scaleOf(row, k);
    addScaled(target.data(), group.gram + k * K, getRow(row)[k], K);
    target[k] += group.ridge * getRow(row)[k];
  }
  for (size_t entry = 0; entry < entries; ++entry)
    for (int64_t k = 0; k < K; ++k)
      equations[entry * entries + codes[row * K + k]] +=
          double(perEntry[entry * K + k]) * scaleOf(row, k);
  for (int64_t k = 0; k < K; ++k)
    equations[entries * entries + codes[row * K + k]] +=
        double(target[k]) * scaleOf(row, k);
}

/// Least-squares entries of the codebook.
void Fitting::fitTable() {
  int64_t blocks = (rows + kRowBlock - 1) / kRowBlock;
  size_t length = entries * (entries + 1);
  std::vector<std::vector<double>> parts(blocks);
  forBlocks([&](int64_t first, int64_t last) {
    std::vector<double> &part = parts[first / kRowBlock];
    part.resize(length);
    for (int64_t row = first; row < last; ++row)
      addEquations(row, part);
  });
  std::vector<double> sum(length);
  for (const std::vector<double> &part : parts)
    for (size_t i = 0; i < length; ++i)
      sum[i] += part[i];
  Eigen::Map<Eigen::MatrixXd> matrix(sum.data(), entries, entries);
  Eigen::Map<Eigen::VectorXd> right(sum.data() + entries * entries, entries);
  // A pull to the entries there are, which unused ones need.
  double pull = 1e-6 * matrix.trace() / entries;
  if (!(pull > 0))
    return;
  Eigen::MatrixXd system = 0.5 * (matrix + matrix.transpose());
  system.diagonal().array() += pull;
  Eigen::VectorXd now(entries);
  for (size_t i = 0; i < entries; ++i)
    now[i] = table[i];
  Eigen::VectorXd solved = system.ldlt().solve(right + pull * now);
  if (!solved.allFinite() || solved.cwiseAbs().maxCoeff() > 60000)
    return;
  std::vector<float> next(entries);
  for (size_t i = 0; i < entries; ++i)
    next[i] = float(solved[i]);
  std::vector<float> old = next;
  setTable(std::move(next));
  std::vector<uint8_t> ranks(entries);
  for (size_t i = 0; i < entries; ++i)
    ranks[i] = uint8_t(index->getRank(old[i]));
  for (uint8_t &code : codes)
    code = ranks[code];
}

CodebookFit::Result Fitting::encode() {
  CodebookFit::Result result;
  auto codeType = IntegerType::get(context, how.bits, IntegerType::Unsigned);
  result.codes = HostTensor(RankedTensorType::get(weight.getShape(), codeType));
  result.codebook = HostTensor(
      RankedTensorType::get({int64_t(entries)}, Float16Type::get(context)));
  for (size_t i = 0; i < entries; ++i)
    result.codebook.setDouble(i, table[i]);
  Type scaleType = halfScales ? Type(Float16Type::get(context))
                              : Type(Float32Type::get(context));
  result.scale = HostTensor(RankedTensorType::get({rows, groups}, scaleType));
  for (int64_t i = 0; i < rows * groups; ++i)
    result.scale.setDouble(i, scales[i]);
  result.groupSize = groups > 1 ? size : 0;
  std::vector<float> decoded(rows * K);
  std::vector<int16_t> wide(codes.begin(), codes.end());
  packCodes(wide, getStorageBits(codeType), result.codes.getMutableBytes().data());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < K; ++k) {
      float value = table[codes[row * K + k]] * scaleOf(row, k);
      double off = double(getRow(row)[k]) - value;
      result.error.signal += double(getRow(row)[k]) * getRow(row)[k];
      result.error.noise += off * off;
      decoded[row * K + k] = value;
    }
  result.outputError =
      getOutputError(context, statistics, weight.as<float>(), decoded);
  return result;
}

CodebookFit::Result Fitting::run() {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < K; ++k)
      scaleOf(row, k) = std::max(scaleOf(row, k), std::fabs(getRow(row)[k]));
  for (float &scale : scales)
    scale = roundScale(scale);
  constexpr unsigned kRounds = 3;
  for (unsigned round = 0; round < kRounds; ++round) {
    learn();
    searchScales();
  }
  forBlocks([&](int64_t first, int64_t last) {
    // A block may reach into the next group of rows.
    for (int64_t begin = first; begin < last;) {
      int64_t end = std::min(last, (begin / rowsPerGroup + 1) * rowsPerGroup);
      feedBack(begin, end);
      begin = end;
    }
  });
  for (unsigned sweep = 0; sweep < how.sweeps; ++sweep) {
    forBlocks([&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row)
        improveRow(row);
    });
    fitTable();
  }
  return encode();
}

std::optional<CodebookFit::Result>
CodebookFit::fit(const HostTensor &weight, float largest,
                 const ActivationStatistics &statistics) const {
  Fitting fitting(*this, weight, largest, statistics);
  if (!fitting.prepare())
    return std::nullopt;
  return fitting.run();
}
