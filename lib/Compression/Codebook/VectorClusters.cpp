//===- VectorClusters.cpp - k-means of weighted vectors -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorClusters.h"

#include "pith/Compression/Codec.h"

#include <algorithm>
#include <limits>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

static constexpr unsigned kTurns = 25, kSeeds = 3;
static constexpr int64_t kMaxCenters = 256;

namespace {
class Clustering {
public:
  Clustering(MLIRContext *context, const VectorSamples &samples, int64_t centers)
      : context(context), samples(samples), length(samples.length), centers(centers),
        nearest(samples.count) {}

  std::vector<float> run();

private:
  float distance(int64_t sample, int64_t center) const;
  void spread(uint64_t state);
  void assign();
  double getError() const;
  void moveToMeans();

  MLIRContext *context;
  const VectorSamples &samples;
  const int64_t length, centers;
  std::vector<float> table; ///< `[length, centers]`
  std::vector<unsigned> nearest;
};
} // namespace

float Clustering::distance(int64_t sample, int64_t center) const {
  float sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    float d = samples.values[sample * length + i] - table[i * centers + center];
    sum += samples.importance[sample * length + i] * d * d;
  }
  return sum;
}

/// First centers: samples, each drawn with a chance that is its distance to those before.
void Clustering::spread(uint64_t state) {
  auto random = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return double(state >> 11) * 0x1p-53;
  };
  table.assign(length * centers, 0.0f);
  std::vector<float> least(samples.count, std::numeric_limits<float>::infinity());
  int64_t chosen = int64_t(random() * samples.count);
  for (int64_t e = 0; e < centers; ++e) {
    for (int64_t i = 0; i < length; ++i)
      table[i * centers + e] = samples.values[chosen * length + i];
    double sum = 0;
    for (int64_t n = 0; n < samples.count; ++n) {
      least[n] = std::min(least[n], distance(n, e));
      sum += least[n];
    }
    double rest = random() * sum;
    for (int64_t n = 0; n < samples.count; ++n)
      if (least[n] > 0) {
        chosen = n;
        if ((rest -= least[n]) < 0)
          break;
      }
  }
}

void Clustering::assign() {
  forRowRuns(context, samples.count, length * centers, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      float costs[kMaxCenters] = {};
      for (int64_t i = 0; i < length; ++i)
        for (int64_t e = 0; e < centers; ++e) {
          float d = samples.values[n * length + i] - table[i * centers + e];
          costs[e] += samples.importance[n * length + i] * d * d;
        }
      nearest[n] = std::min_element(costs, costs + centers) - costs;
    }
  });
}

double Clustering::getError() const {
  double sum = 0;
  for (int64_t n = 0; n < samples.count; ++n)
    sum += distance(n, nearest[n]);
  return sum;
}

/// Centers become their samples' means; those without stay.
void Clustering::moveToMeans() {
  std::vector<double> weights(length * centers), means(length * centers);
  for (int64_t n = 0; n < samples.count; ++n)
    for (int64_t i = 0; i < length; ++i) {
      float importance = samples.importance[n * length + i];
      weights[i * centers + nearest[n]] += importance;
      means[i * centers + nearest[n]] +=
          double(importance) * samples.values[n * length + i];
    }
  for (int64_t i = 0; i < length * centers; ++i)
    if (weights[i] > 0)
      table[i] = means[i] / weights[i];
}

std::vector<float> Clustering::run() {
  std::vector<float> best;
  double least = std::numeric_limits<double>::infinity();
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    spread(seed);
    double previous = std::numeric_limits<double>::infinity();
    for (unsigned turn = 0; turn < kTurns; ++turn) {
      assign();
      double error = getError();
      if (best.empty() || error < least) {
        least = error;
        best = table;
      }
      if (!(error < previous * (1 - 1e-4)))
        break;
      previous = error;
      moveToMeans();
    }
  }
  return best;
}

std::vector<float> pith::clusterVectors(MLIRContext *context,
                                        const VectorSamples &samples, int64_t centers) {
  return Clustering(context, samples, centers).run();
}
