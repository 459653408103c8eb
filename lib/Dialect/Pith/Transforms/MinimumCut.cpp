//===- MinimumCut.cpp - The cheapest way to part a graph ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// E. A. Dinic, "Algorithm for solution of a problem of maximum flow in networks
// with power estimation" (1970). Paths are found without recursion: models are
// deep.
//
//===----------------------------------------------------------------------===//

#include "MinimumCut.h"

#include <algorithm>

using namespace pith;

void MinimumCut::addEdge(int from, int to, int64_t capacity) {
  edgesOf[from].push_back(int(edges.size()));
  edges.push_back({to, capacity});
  edgesOf[to].push_back(int(edges.size()));
  edges.push_back({from, 0});
}

/// Distances from the source along edges with capacity left; whether the sink has
/// one.
bool MinimumCut::rank() {
  level.assign(edgesOf.size(), -1);
  next.assign(edgesOf.size(), 0);
  level[kSource] = 0;
  std::vector<int> queue{kSource};
  for (size_t i = 0; i < queue.size(); ++i)
    for (int edge : edgesOf[queue[i]])
      if (edges[edge].left > 0 && level[edges[edge].to] < 0) {
        level[edges[edge].to] = level[queue[i]] + 1;
        queue.push_back(edges[edge].to);
      }
  return level[kSink] >= 0;
}

/// Sends flow along one shortest path; returns how much, 0 if there is none.
int64_t MinimumCut::push() {
  std::vector<int> path;
  int node = kSource;
  while (node != kSink) {
    bool forward = false;
    for (size_t &i = next[node]; i < edgesOf[node].size(); ++i) {
      int edge = edgesOf[node][i];
      if (edges[edge].left > 0 && level[edges[edge].to] == level[node] + 1) {
        path.push_back(edge);
        node = edges[edge].to;
        forward = true;
        break;
      }
    }
    if (forward)
      continue;
    if (path.empty())
      return 0;
    node = edges[path.back() ^ 1].to;
    path.pop_back();
    ++next[node];
  }
  int64_t flow = kInfinite;
  for (int edge : path)
    flow = std::min(flow, edges[edge].left);
  for (int edge : path) {
    edges[edge].left -= flow;
    edges[edge ^ 1].left += flow;
  }
  return flow;
}

void MinimumCut::solve() {
  while (rank())
    while (push() > 0) {
    }
  // Everything that still reaches the sink is on its side.
  reachesSink.assign(edgesOf.size(), false);
  reachesSink[kSink] = true;
  std::vector<int> queue{kSink};
  for (size_t i = 0; i < queue.size(); ++i)
    for (int edge : edgesOf[queue[i]])
      if (edges[edge ^ 1].left > 0 && !reachesSink[edges[edge].to]) {
        reachesSink[edges[edge].to] = true;
        queue.push_back(edges[edge].to);
      }
}
