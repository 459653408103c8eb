//===- VectorQuantizer.cpp - Rounding runs of a weight to vectors ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vectors lie element by element, `[element][code]`, so that loops over codes become
// vectors. The cost of code e for a run is, up to a constant,
//
//     s² · cₑᵀ H cₑ + 2 s · cₑ · b
//
// with the run's block H of G (or of its factor, with feedback), which all rows share,
// and a vector b of the row: what the other elements' errors ask for.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/VectorQuantizer.h"

#include "VectorClusters.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/GramInverse.h"
#include "pith/Compression/Quantization/GroupQuantizer.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Compression/WideSums.h"
#include "pith/Support/WideLoop.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

/// Runs that k-means looks at.
static constexpr int64_t kSamples = 1 << 15;
/// Products up to which vectors are fitted to the whole Gram matrix.
static constexpr double kMaxFit = 2e9;
static constexpr unsigned kGradientSteps = 8;

/// The code of least cost: `quadratic[e] · square + Σ linear[i] · vectors[i][e]`.
PITH_WIDE_LOOP static unsigned choose(const float *vectors, int64_t count, int64_t length,
                                      const float *quadratic, float square,
                                      const float *linear) {
  float costs[256];
  for (int64_t e = 0; e < count; ++e)
    costs[e] = quadratic[e] * square;
  for (int64_t i = 0; i < length; ++i)
    for (int64_t e = 0; e < count; ++e)
      costs[e] += linear[i] * vectors[i * count + e];
  unsigned best = 0;
  for (int64_t e = 1; e < count; ++e)
    if (costs[e] < costs[best])
      best = e;
  return best;
}

static float addLanes(const float (&lanes)[16]) {
  float sum = 0;
  for (float lane : lanes)
    sum += lane;
  return sum;
}

PITH_WIDE_LOOP static float dot(const float *x, const float *y, int64_t count) {
  float lanes[16] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int64_t l = 0; l < 16; ++l)
      lanes[l] += x[i + l] * y[i + l];
  for (; i < count; ++i)
    lanes[0] += x[i] * y[i];
  return addLanes(lanes);
}

namespace {
/// One weight in work.
class VectorFit {
public:
  VectorFit(const VectorQuantizer &how, const HostTensor &weight,
            const ActivationStatistics *statistics);
  VectorQuantizer::Result run();

private:
  /// Sums of products for the least-squares vectors, one thread's.
  using Table = std::vector<double>;

  int64_t runSize(int64_t j) const { return std::min(length, K - j * length); }
  const float *gramOf(int64_t row) const {
    return gram.data() + row / (rows / gramGroups) * K * K;
  }
  float element(int64_t row, int64_t k) const {
    return vectors[k % length * count + codes[row * runs + k / length]];
  }
  void normalize();
  void learn();
  void roundVectors();
  void feedBack();
  void descend();
  void refitScales();
  void refitVectors();
  std::vector<float> quadratics(const float *matrix, int64_t stride, int64_t j) const;
  void decodeRow(int64_t row, const float *table, float scale, float *out) const;
  Table applyNormal(const std::vector<float> &table, bool isResidual) const;
  VectorQuantizer::Result finish() const;
  void forRuns(llvm::function_ref<void(int64_t, int64_t)> body) const {
    forRowRuns(context, rows, K * 8, body);
  }

  const VectorQuantizer &how;
  const ActivationStatistics *statistics;
  MLIRContext *context;
  ArrayRef<float> w;
  int64_t rows, K, length, runs, count, gramGroups = 1;
  ArrayRef<float> gram;
  std::vector<float> importance; ///< `[gram group][K]`
  std::vector<float> scales, vectors;
  std::vector<uint8_t> codes;
};
} // namespace

VectorFit::VectorFit(const VectorQuantizer &how, const HostTensor &weight,
                     const ActivationStatistics *statistics)
    : how(how), statistics(statistics),
      context(weight.getType().getContext()), w(weight.as<float>()),
      rows(weight.getShape().front()), K(weight.getNumElements() / rows),
      length(how.length), runs(llvm::divideCeil(K, length)), count(1 << how.bits) {
  if (statistics)
    gramGroups = statistics->getGroups();
  importance.assign(gramGroups * K, 1.0f);
  if (statistics && statistics->gram)
    gram = statistics->gram.as<float>();
  if (!statistics)
    return;
  double mean = 0;
  for (int64_t i = 0; i < gramGroups * K; ++i) {
    float x = statistics->magnitude.as<float>()[i];
    importance[i] = gram.empty() ? x * x : statistics->getSquareSum(i / K, i % K);
    mean += importance[i];
  }
  // Elements that no sample uses still count a little.
  mean /= gramGroups * K;
  for (float &x : importance)
    x = mean > 0 ? x / mean + 1e-3f : 1;
}

/// Scales by the rows' root mean squares.
void VectorFit::normalize() {
  scales.resize(rows);
  for (int64_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (int64_t k = 0; k < K; ++k)
      squares += double(w[r * K + k]) * w[r * K + k];
    scales[r] = std::max(std::sqrt(squares / K), 1e-30);
  }
}

/// Vectors from some of the runs, over their scales.
void VectorFit::learn() {
  int64_t total = rows * runs, stride = std::max<int64_t>(1, total / kSamples);
  VectorSamples samples(llvm::divideCeil(total, stride), length);
  for (int64_t n = 0; n < samples.count; ++n) {
    int64_t row = n * stride / runs, j = n * stride % runs;
    for (int64_t i = 0; i < runSize(j); ++i) {
      int64_t k = j * length + i;
      samples.values[n * length + i] = w[row * K + k] / scales[row];
      samples.importance[n * length + i] =
          importance[row / (rows / gramGroups) * K + k] * scales[row] * scales[row];
    }
  }
  vectors = clusterVectors(context, samples, count);
}

/// Makes vectors integers from −127 to 127, and scales such that f16 has them.
void VectorFit::roundVectors() {
  float largest = 0;
  for (float x : vectors)
    largest = std::max(largest, std::fabs(x));
  float unit = largest > 0 ? largest / 127 : 1;
  for (float &x : vectors)
    x = std::nearbyint(x / unit);
  float greatest = 0, least = std::numeric_limits<float>::infinity();
  for (float &s : scales) {
    s *= unit;
    greatest = std::max(greatest, std::fabs(s));
    least = std::min(least, std::fabs(s));
  }
  // Rows of zeros have the least scale of all, whatever it is rounded to.
  if (greatest <= 65504.0f)
    for (float &s : scales)
      s = roundToHalf(s);
}

std::vector<float> VectorFit::quadratics(const float *matrix, int64_t stride,
                                         int64_t j) const {
  std::vector<float> result(count, 0.0f);
  for (int64_t a = 0; a < runSize(j); ++a)
    for (int64_t b = 0; b < runSize(j); ++b)
      for (int64_t e = 0; e < count; ++e)
        result[e] += matrix[a * stride + b] * vectors[a * count + e] *
                     vectors[b * count + e];
  return result;
}

/// First codes: the nearest vectors, or, with a Gram matrix, those that also make up for
/// the errors of runs before.
void VectorFit::feedBack() {
  codes.assign(rows * runs, 0);
  std::vector<std::vector<float>> upper(gramGroups);
  if (!gram.empty())
    for (int64_t g = 0; g < gramGroups; ++g)
      if (auto factor = GramFactor::compute(context, gram.slice(g * K * K, K * K), K))
        upper[g] = factor->getUpper();
  forRuns([&](int64_t begin, int64_t end) {
    std::vector<float> sums((end - begin) * K, 0.0f);
    std::vector<float> quadratic;
    for (int64_t j = 0; j < runs; ++j) {
      int64_t group = -1, size = runSize(j), k = j * length;
      float block[8][8] = {};
      for (int64_t r = begin; r < end; ++r) {
        int64_t own = r / (rows / gramGroups);
        const float *R = upper[own].empty() ? nullptr : upper[own].data();
        if (own != group) {
          group = own;
          // The block of R Rᵀ among the run's own columns.
          for (int64_t a = 0; a < size; ++a)
            for (int64_t b = 0; b < size; ++b) {
              block[a][b] = !R && a == b ? importance[own * K + k + a] : 0;
              for (int64_t c = std::max(a, b); R && c < size; ++c)
                block[a][b] += R[(k + a) * K + k + c] * R[(k + b) * K + k + c];
            }
          quadratic = quadratics(&block[0][0], 8, j);
        }
        float s = scales[r], linear[8] = {};
        float *A = sums.data() + (r - begin) * K;
        for (int64_t a = 0; a < size; ++a) {
          for (int64_t c = a; R && c < size; ++c)
            linear[a] += R[(k + a) * K + k + c] * A[k + c];
          for (int64_t b = 0; b < size; ++b)
            linear[a] -= block[a][b] * w[r * K + k + b];
          linear[a] *= 2 * s;
        }
        codes[r * runs + j] =
            choose(vectors.data(), count, length, quadratic.data(), s * s, linear);
        for (int64_t a = 0; R && a < size; ++a)
          addScaled(A + k + size, R + (k + a) * K + k + size,
                    s * element(r, k + a) - w[r * K + k + a], K - k - size);
      }
    }
  });
}

void VectorFit::decodeRow(int64_t row, const float *table, float scale, float *out) const {
  for (int64_t k = 0; k < K; ++k)
    out[k] = scale * table[k % length * count + codes[row * runs + k / length]];
}

/// One sweep over all codes of every row; each takes the best value there is for it.
void VectorFit::descend() {
  forRuns([&](int64_t begin, int64_t end) {
    std::vector<float> errors((end - begin) * K), gradients((end - begin) * K, 0.0f);
    for (int64_t r = begin; r < end; ++r) {
      float *e = errors.data() + (r - begin) * K;
      decodeRow(r, vectors.data(), scales[r], e);
      for (int64_t k = 0; k < K; ++k) {
        e[k] -= w[r * K + k];
        addScaled(gradients.data() + (r - begin) * K, gramOf(r) + k * K, e[k], K);
      }
    }
    std::vector<float> quadratic;
    for (int64_t j = 0; j < runs; ++j) {
      int64_t size = runSize(j), k = j * length, group = -1;
      for (int64_t r = begin; r < end; ++r) {
        const float *G = gramOf(r);
        if (int64_t own = r / (rows / gramGroups); own != group) {
          group = own;
          quadratic = quadratics(G + k * K + k, K, j);
        }
        float s = scales[r], linear[8] = {};
        float *g = gradients.data() + (r - begin) * K;
        uint8_t &code = codes[r * runs + j];
        for (int64_t a = 0; a < size; ++a) {
          linear[a] = g[k + a];
          for (int64_t b = 0; b < size; ++b)
            linear[a] -= G[(k + a) * K + k + b] * s * vectors[b * count + code];
          linear[a] *= 2 * s;
        }
        unsigned best =
            choose(vectors.data(), count, length, quadratic.data(), s * s, linear);
        if (best == code)
          continue;
        for (int64_t a = 0; a < size; ++a) {
          float change = s * (vectors[a * count + best] - vectors[a * count + code]);
          addScaled(g, G + (k + a) * K, change, K);
        }
        code = best;
      }
    }
  });
}

/// The least-squares scale of each row: w G cᵀ / c G cᵀ.
void VectorFit::refitScales() {
  forRuns([&](int64_t begin, int64_t end) {
    std::vector<float> c(K), product(K);
    for (int64_t r = begin; r < end; ++r) {
      decodeRow(r, vectors.data(), 1, c.data());
      const float *own = importance.data() + r / (rows / gramGroups) * K;
      for (int64_t k = 0; k < K; ++k)
        product[k] = gram.empty() ? own[k] * c[k] : dot(gramOf(r) + k * K, c.data(), K);
      double above = 0, below = 0;
      for (int64_t k = 0; k < K; ++k) {
        above += double(w[r * K + k]) * product[k];
        below += double(c[k]) * product[k];
      }
      if (above > 0 && below > 0)
        scales[r] = above / below;
    }
  });
}

/// What the normal equations of the vectors make of a table: Σ s · ((S t) G) by code and
/// element; of the residual with the weights subtracted.
VectorFit::Table VectorFit::applyNormal(const std::vector<float> &table,
                                        bool isResidual) const {
  Table total(length * count, 0.0);
  std::vector<float> products(rows * K);
  forRuns([&](int64_t begin, int64_t end) {
    std::vector<float> decoded(K);
    for (int64_t r = begin; r < end; ++r) {
      decodeRow(r, table.data(), scales[r], decoded.data());
      for (int64_t k = 0; isResidual && k < K; ++k)
        decoded[k] = w[r * K + k] - decoded[k];
      for (int64_t k = 0; k < K; ++k)
        products[r * K + k] = dot(gramOf(r) + k * K, decoded.data(), K);
    }
  });
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < K; ++k)
      total[k % length * count + codes[r * runs + k / length]] +=
          double(scales[r]) * products[r * K + k];
  return total;
}

/// A few steps of conjugate gradients towards the least-squares vectors.
void VectorFit::refitVectors() {
  if (double(rows) * K * K > kMaxFit)
    return;
  Table residual = applyNormal(vectors, /*isResidual=*/true), direction = residual;
  auto product = [](const Table &x, const Table &y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  double old = product(residual, residual);
  for (unsigned step = 0; step < kGradientSteps && old > 0; ++step) {
    std::vector<float> single(direction.begin(), direction.end());
    Table image = applyNormal(single, /*isResidual=*/false);
    double curvature = product(direction, image);
    if (!(curvature > 0))
      return;
    double by = old / curvature;
    for (size_t i = 0; i < direction.size(); ++i) {
      vectors[i] += by * direction[i];
      residual[i] -= by * image[i];
    }
    double now = product(residual, residual);
    for (size_t i = 0; i < direction.size(); ++i)
      direction[i] = residual[i] + now / old * direction[i];
    old = now;
  }
}

VectorQuantizer::Result VectorFit::finish() const {
  VectorQuantizer::Result result;
  auto codeType = IntegerType::get(context, how.bits, IntegerType::Unsigned);
  result.codes = HostTensor(RankedTensorType::get({rows, runs}, codeType));
  packCodes(SmallVector<int16_t>(codes.begin(), codes.end()), how.bits,
            result.codes.getMutableBytes().data());
  result.codebook =
      HostTensor(RankedTensorType::get({count, length}, IntegerType::get(context, 8)));
  for (int64_t e = 0; e < count; ++e)
    for (int64_t i = 0; i < length; ++i)
      result.codebook.setInt(e * length + i, int64_t(vectors[i * count + e]));
  bool half = llvm::all_of(scales, [](float s) { return roundToHalf(s) == s; });
  Type scaleType = half ? Type(Float16Type::get(context)) : Type(Float32Type::get(context));
  result.scale = HostTensor(RankedTensorType::get({rows, 1}, scaleType));
  std::vector<float> decoded(rows * K);
  for (int64_t r = 0; r < rows; ++r) {
    result.scale.setDouble(r, scales[r]);
    decodeRow(r, vectors.data(), scales[r], decoded.data() + r * K);
  }
  for (int64_t i = 0; i < rows * K; ++i) {
    double e = double(w[i]) - decoded[i];
    result.error.signal += double(w[i]) * w[i];
    result.error.noise += e * e;
  }
  if (!gram.empty())
    result.outputError = getOutputError(context, *statistics, w, decoded);
  return result;
}

VectorQuantizer::Result VectorFit::run() {
  normalize();
  learn();
  roundVectors();
  feedBack();
  if (gram.empty()) {
    // Each run for itself: the nearest vector is the best.
    for (unsigned turn = 0; turn < 2; ++turn) {
      refitScales();
      roundVectors();
      feedBack();
    }
    return finish();
  }
  for (unsigned turn = 0; turn < how.sweeps; ++turn) {
    descend();
    refitVectors();
    refitScales();
    roundVectors();
    descend();
  }
  return finish();
}

VectorQuantizer::Result
VectorQuantizer::quantize(const HostTensor &weight,
                          const ActivationStatistics *statistics) const {
  return VectorFit(*this, weight, statistics).run();
}
