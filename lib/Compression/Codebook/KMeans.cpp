//===- KMeans.cpp - Codebooks learnt from numbers -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// k-means++ (Arthur and Vassilvitskii, 2007) chooses the first centers, Lloyd's
// iterations (1982) move them; the best of a few trials counts.
//
//===----------------------------------------------------------------------===//

#include "KMeans.h"

#include <algorithm>
#include <cstdint>
#include <limits>

using namespace pith;

static constexpr unsigned kTrials = 3, kIterations = 60;

KMeans::KMeans() : bins(kBins) {}

/// A number from 0 to 1 of a fixed sequence.
static double nextRandom(uint64_t &state) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return double(state >> 11) * 0x1p-53;
}

/// k-means++: each next center is a bin, by its weighted squared distance.
std::vector<double> KMeans::choose(const std::vector<Bin> &used, unsigned count,
                                   bool zero, unsigned seed) const {
  uint64_t state = seed;
  std::vector<double> centers;
  std::vector<double> distances(used.size(), std::numeric_limits<double>::infinity());
  auto addCenter = [&](double center) {
    centers.push_back(center);
    for (size_t i = 0; i < used.size(); ++i) {
      double d = used[i].mean() - center;
      distances[i] = std::min(distances[i], d * d);
    }
  };
  addCenter(zero ? 0 : used[size_t(nextRandom(state) * used.size())].mean());
  while (centers.size() < count) {
    double total = 0;
    for (size_t i = 0; i < used.size(); ++i)
      total += used[i].weight * distances[i];
    double rest = nextRandom(state) * total;
    size_t chosen = 0;
    for (size_t i = 0; i < used.size(); ++i) {
      double part = used[i].weight * distances[i];
      if (part > 0)
        chosen = i;
      if ((rest -= part) < 0)
        break;
    }
    addCenter(total > 0 ? used[chosen].mean() : centers.back());
  }
  return centers;
}

std::vector<float> KMeans::cluster(unsigned count, bool zero) const {
  std::vector<Bin> used;
  for (const Bin &bin : bins)
    if (bin.weight > 0)
      used.push_back(bin);
  if (used.empty())
    return std::vector<float>(count, 0.0f);
  double best = std::numeric_limits<double>::infinity();
  std::vector<double> bestCenters;
  for (unsigned trial = 0; trial < kTrials; ++trial) {
    std::vector<double> centers = choose(used, count, zero, trial + 1);
    double distance = std::numeric_limits<double>::infinity();
    for (unsigned iteration = 0; iteration < kIterations; ++iteration) {
      std::sort(centers.begin(), centers.end());
      std::vector<Bin> clusters(count);
      double sum = 0;
      unsigned nearest = 0;
      for (const Bin &bin : used) { // in increasing order, as centers are
        double mean = bin.mean();
        while (nearest + 1 < count &&
               mean > (centers[nearest] + centers[nearest + 1]) / 2)
          ++nearest;
        clusters[nearest].weight += bin.weight;
        clusters[nearest].sum += bin.sum;
        double d = mean - centers[nearest];
        sum += bin.weight * d * d;
      }
      if (sum < best) {
        best = sum;
        bestCenters = centers;
      }
      if (!(sum < distance * (1 - 1e-6)))
        break;
      distance = sum;
      bool kept = !zero;
      for (unsigned i = 0; i < count; ++i) {
        if (!kept && centers[i] == 0)
          kept = true; // one center stays at 0
        else if (clusters[i].weight > 0)
          centers[i] = clusters[i].mean();
      }
    }
  }
  if (zero) { // to the front
    auto at = std::find(bestCenters.begin(), bestCenters.end(), 0.0);
    std::rotate(bestCenters.begin(), at, at + 1);
  }
  return std::vector<float>(bestCenters.begin(), bestCenters.end());
}
