//===- FlowSearch.h - Where channels of activations may be scaled -*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_EQUALIZATION_FLOWSEARCH_H
#define PITH_LIB_COMPRESSION_EQUALIZATION_FLOWSEARCH_H

#include "pith/Compression/Equalization/ScaleFlow.h"
#include "pith/Compression/Weights.h"
#include "pith/Compression/WeightStatistics.h"

#include <memory>

namespace pith {

/// A weight of which a flow scales rows or columns.
struct ScaledLayer {
  /// The weight, with the one use that is scaled here.
  Weight weight;
  /// For each element of the weight, the number of its factor.
  std::vector<unsigned> factor;

  int64_t getOutputs() const { return weight.getType().getShape().front(); }
};

/// An activation whose channels may be scaled.
struct ScalingSite {
  ScaleFlow flow;
  /// Layers whose rows are multiplied by the factors, and layers whose columns take
  /// them back.
  std::vector<ScaledLayer> before, after;

  mlir::Location getLoc() const { return after.front().weight.getLoc(); }
  /// Names of the nodes of `after`.
  std::string getNodes() const;
  /// What absorbs the factors in front, for people.
  std::string getAbsorber() const;
};

/// The sites in front of these weights, in the order of the weights, each once. With
/// `isExplicit`, also those where nothing absorbs the factors, multiplied explicitly. Remarks say
/// why others are left out.
std::vector<std::unique_ptr<ScalingSite>>
findSites(llvm::ArrayRef<Weight> weights, llvm::StringRef pass, bool isExplicit);

/// The statistics of a layer's activation; nothing, with a diagnostic, without profile.
mlir::FailureOr<ActivationStatistics> requireStatistics(const ScaledLayer &layer,
                                                        llvm::StringRef pass, bool needsGram);

/// For each factor the greatest |w| it scales in these layers; 0 where there is none.
std::vector<double> getRanges(llvm::ArrayRef<ScaledLayer> layers,
                              llvm::ArrayRef<HostTensor> weights, unsigned factors);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_EQUALIZATION_FLOWSEARCH_H
