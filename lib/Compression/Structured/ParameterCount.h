//===- ParameterCount.h - Parameters while units go -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removing inputs of a weight makes its outputs smaller, too: what a unit is worth
// changes with the sizes of all axes.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_STRUCTURED_PARAMETERCOUNT_H
#define PITH_LIB_COMPRESSION_STRUCTURED_PARAMETERCOUNT_H

#include "pith/Compression/Structured/Dependencies.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {

/// How many indices of each axis go with some units.
struct RemovedCounts {
  llvm::MapVector<ChannelAxis, int64_t> counts;
  void add(const ChannelUnit &unit) {
    for (auto &[axis, gone] : unit.removed)
      counts[axis] += gone.count();
  }
};

class ParameterCount {
public:
  explicit ParameterCount(mlir::func::FuncOp function) {
    for (auto op : function.getBody().front().getOps<ConstantOp>()) {
      auto type = mlir::cast<mlir::RankedTensorType>(op.getType());
      if (!mlir::isa<mlir::FloatType>(type.getElementType()))
        continue;
      shapes[op.getResult()].assign(type.getShape().begin(), type.getShape().end());
      total += type.getNumElements();
    }
  }

  int64_t getTotal() const { return total; }
  /// How many parameters the removal saves now.
  int64_t getGain(const RemovedCounts &removed) const {
    int64_t gain = 0;
    llvm::DenseSet<mlir::Value> seen;
    for (auto &[axis, count] : removed.counts) {
      auto it = shapes.find(axis.first);
      if (it == shapes.end() || !seen.insert(axis.first).second)
        continue;
      int64_t before = 1, after = 1;
      for (auto [i, size] : llvm::enumerate(it->second)) {
        before *= size;
        auto own = removed.counts.find({axis.first, unsigned(i)});
        after *= own == removed.counts.end() ? size : size - own->second;
      }
      gain += before - after;
    }
    return gain;
  }
  void remove(const RemovedCounts &removed) {
    total -= getGain(removed);
    for (auto &[axis, count] : removed.counts)
      if (auto it = shapes.find(axis.first); it != shapes.end())
        it->second[axis.second] -= count;
  }

private:
  llvm::DenseMap<mlir::Value, llvm::SmallVector<int64_t>> shapes;
  int64_t total = 0;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_STRUCTURED_PARAMETERCOUNT_H
