//===- MinimumCut.h - The cheapest way to part a graph ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_DIALECT_PITH_TRANSFORMS_MINIMUMCUT_H
#define PITH_LIB_DIALECT_PITH_TRANSFORMS_MINIMUMCUT_H

#include <cstdint>
#include <limits>
#include <vector>

namespace pith {

/// A directed graph with capacities, parted so that the capacities of edges from
/// the source's side to the sink's side have the least sum. Dinic's algorithm;
/// among cuts of equal cost the one with the largest source side.
class MinimumCut {
public:
  static constexpr int kSource = 0, kSink = 1;
  static constexpr int64_t kInfinite = std::numeric_limits<int64_t>::max() / 4;

  MinimumCut() : edgesOf(2) {}
  int addNode() {
    edgesOf.emplace_back();
    return int(edgesOf.size()) - 1;
  }
  void addEdge(int from, int to, int64_t capacity);
  void solve();
  /// After `solve`: which side a node is on.
  bool isOnSourceSide(int node) const { return !reachesSink[node]; }

private:
  struct Edge {
    int to;
    int64_t left; ///< capacity that is not used; edge i's reverse is i ^ 1
  };
  bool rank();
  int64_t push();

  std::vector<Edge> edges;
  std::vector<std::vector<int>> edgesOf;
  std::vector<int> level;
  std::vector<size_t> next;
  std::vector<bool> reachesSink;
};

} // namespace pith

#endif // PITH_LIB_DIALECT_PITH_TRANSFORMS_MINIMUMCUT_H
