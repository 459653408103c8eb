//===- ActivationPruning.cpp - Pruning by what activations say ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ActivationPruning.h"

#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"

using namespace mlir;
using namespace pith;

FailureOr<std::optional<PruningInput>>
pith::preparePruning(const Weight &weight, bool isNamed, StringRef pass) {
  std::string obstacle = getPruningObstacle(weight, isNamed);
  if (obstacle.empty() && !isContracted(weight))
    obstacle = "its rows are looked up: no activation tells which elements count";
  if (!obstacle.empty()) {
    keepWeight(weight, pass, obstacle);
    return std::optional<PruningInput>();
  }
  FailureOr<ActivationStatistics> seen = requireStatistics(weight, pass);
  if (failed(seen))
    return failure();
  float largest;
  FailureOr<HostTensor> floats = decodeFinite(weight, largest);
  if (failed(floats))
    return failure();
  HostTensor mask(RankedTensorType::get(
      floats->getShape(), IntegerType::get(weight.value.getContext(), 1)));
  return std::optional<PruningInput>(
      PruningInput{std::move(*seen), std::move(*floats), std::move(mask)});
}
