//===- Dependencies.h - Channels that can only go together ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a model can lose, in the smallest parts: a *unit* is one channel, neuron or
// group of heads with everything that goes with it, a *group* all units that touch the
// same axes, of which some can stay.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_DEPENDENCIES_H
#define PITH_COMPRESSION_STRUCTURED_DEPENDENCIES_H

#include "pith/Compression/Structured/ChannelFlow.h"
#include "pith/Compression/Weights.h"

#include <vector>

namespace pith {

struct ChannelUnit {
  RemovedChannels removed; ///< complete
};

struct ChannelGroup {
  ChannelSeed seed;
  std::string name; ///< of the node that computes the channels, or is made of the heads
  std::vector<ChannelUnit> units;
  /// Size of the seed's axis.
  int64_t channels = 0;

  /// Indices of the seed's axis in one unit.
  int64_t getUnitSize() const {
    auto it = units.front().removed.find({seed.value, seed.axis});
    return it == units.front().removed.end() ? 1 : it->second.count();
  }
};

/// A seed of which nothing can be removed.
struct FixedChannels {
  ChannelSeed seed;
  std::string name, reason;
};

struct ChannelDependencies {
  std::vector<ChannelGroup> groups;
  std::vector<FixedChannels> fixed;

  /// Looks at all seeds of one kind in a function, in the order of its ops.
  static ChannelDependencies get(mlir::func::FuncOp function, const ShapeAnalysis &sizes,
                                 ChannelSeed::Kind kind);
};

/// A weight that is contracted with channels, and which elements of its reduction
/// belong to each unit of a group.
struct ChannelConsumer {
  mlir::Value weight;
  std::vector<std::vector<int64_t>> columns; ///< [unit]
};
std::vector<ChannelConsumer> getConsumers(const ChannelGroup &group);

/// Weights of which the unit removes outputs, or anything.
llvm::SmallVector<mlir::Value> getWeights(const ChannelUnit &unit, bool outputsOnly);

/// The elements of one output's reduction that a removal takes from a weight.
llvm::BitVector getRemovedColumns(mlir::Value weight, const RemovedChannels &removed);

/// Gives each use of a constant its own, but for weights that are shared on purpose
/// (tied). Without that a vector of zeros would tie layers that have nothing in common.
void separateConstants(mlir::func::FuncOp function);
/// Makes equal constants one again.
void mergeConstants(mlir::func::FuncOp function);

} // namespace pith

#endif // PITH_COMPRESSION_STRUCTURED_DEPENDENCIES_H
