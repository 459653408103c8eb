//===- Schedule.cpp - How much of each layer is dropped -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Sparsity/Schedule.h"

#include "pith/Compression/Sparsity/Magnitude.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace pith;

static int64_t countScores(llvm::ArrayRef<ScheduledLayer> layers) {
  int64_t count = 0;
  for (const ScheduledLayer &layer : layers)
    count += layer.scores.size();
  return count;
}

/// Drops the least of all scores together.
static std::vector<int64_t> cutTogether(llvm::ArrayRef<llvm::ArrayRef<float>> scores,
                                        int64_t count) {
  std::vector<int64_t> drops;
  MagnitudeCut cut(scores, count);
  for (llvm::ArrayRef<float> layer : scores)
    drops.push_back(llvm::count_if(layer, [&](float x) { return cut.drops(x); }));
  return drops;
}

static std::vector<int64_t> scheduleErk(double sparsity,
                                        llvm::ArrayRef<ScheduledLayer> layers) {
  // A layer's raw density; layers that would keep more than all keep all, and the
  // others share the rest.
  std::vector<double> raw;
  for (const ScheduledLayer &layer : layers) {
    double sum = 0, product = 1;
    for (int64_t size : layer.shape) {
      sum += double(size);
      product *= double(size);
    }
    raw.push_back(sum / product);
  }
  std::vector<bool> full(layers.size());
  double scale = 0;
  for (bool changed = true; changed;) {
    double budget = (1 - sparsity) * double(countScores(layers)), weight = 0;
    for (size_t i = 0; i < layers.size(); ++i) {
      double size = double(layers[i].scores.size());
      if (full[i])
        budget -= size;
      else
        weight += raw[i] * size;
    }
    scale = weight > 0 ? std::max(0.0, budget) / weight : 0;
    changed = false;
    for (size_t i = 0; i < layers.size(); ++i)
      if (!full[i] && raw[i] * scale > 1)
        changed = full[i] = true;
  }
  std::vector<int64_t> drops;
  for (size_t i = 0; i < layers.size(); ++i) {
    double density = full[i] ? 1 : raw[i] * scale;
    drops.push_back(int64_t(std::floor((1 - density) * double(layers[i].scores.size()))));
  }
  return drops;
}

static std::vector<int64_t> scheduleLamp(int64_t count,
                                         llvm::ArrayRef<ScheduledLayer> layers) {
  std::vector<std::vector<float>> scores;
  for (const ScheduledLayer &layer : layers) {
    std::vector<float> own(layer.scores.size());
    llvm::transform(layer.scores, own.begin(), [](float x) { return std::fabs(x); });
    std::sort(own.begin(), own.end());
    double above = 0;
    for (float &x : llvm::reverse(own)) {
      double square = double(x) * x;
      above += square;
      x = above > 0 ? float(square / above) : 0;
    }
    scores.push_back(std::move(own));
  }
  std::vector<llvm::ArrayRef<float>> all(scores.begin(), scores.end());
  return cutTogether(all, count);
}

std::vector<int64_t> pith::scheduleDrops(PruningSchedule schedule, double sparsity,
                                         llvm::ArrayRef<ScheduledLayer> layers) {
  int64_t count = int64_t(std::floor(sparsity * double(countScores(layers))));
  std::vector<int64_t> drops;
  switch (schedule) {
  case PruningSchedule::Uniform:
    for (const ScheduledLayer &layer : layers)
      drops.push_back(int64_t(std::floor(sparsity * double(layer.scores.size()))));
    return drops;
  case PruningSchedule::Erk:
    return scheduleErk(sparsity, layers);
  case PruningSchedule::Lamp:
    return scheduleLamp(count, layers);
  case PruningSchedule::Global:
    break;
  }
  std::vector<llvm::ArrayRef<float>> all;
  for (const ScheduledLayer &layer : layers)
    all.push_back(layer.scores);
  return cutTogether(all, count);
}
