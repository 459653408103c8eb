//===- Instrument.h - Where a model is observed -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A *site* is an activation together with the way in which its rows are contracted
// with a weight. Ops that share both share the site.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PROFILE_INSTRUMENT_H
#define PITH_PROFILE_INSTRUMENT_H

#include "pith/Profile/ActivationStatistics.h"
#include "pith/Profile/ModelRunner.h"
#include "pith/Runtime/Observer.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

#include <string>
#include <vector>

namespace pith {

struct ObservationSite {
  mlir::Value activation;
  pith_site site;
  /// The ops that contract it, and their names in a profile: the name of the ONNX
  /// node, with `#2`, `#3`, … where several ops have the same.
  std::vector<mlir::Operation *> users;
  std::vector<std::string> names;
};

/// All sites of the module, in the order of their first user, numbered from 0.
std::vector<ObservationSite> findSites(mlir::ModuleOp module,
                                       const CalibrationOptions &options);

/// Adds a `pith.observe` for each site to the function that computes it, or where
/// `copies` maps the activations to others, for these.
void addObservers(llvm::ArrayRef<ObservationSite> sites,
                  const mlir::IRMapping &copies = {});

/// What was seen at a site. Makes all tensors, with the Gram matrix whole.
ActivationStatistics getStatistics(mlir::MLIRContext *context,
                                   const pith_observation &seen);
/// Of a site at which nothing was seen.
ActivationStatistics getEmptyStatistics(mlir::MLIRContext *context,
                                        const pith_site &site);

/// Gives all users of a site the same attribute.
void attachStatistics(const ObservationSite &site, const ActivationStatistics &statistics);

/// Removes what a profile and passes said about weights from an op.
void dropAnnotations(mlir::Operation *op);

} // namespace pith

#endif // PITH_PROFILE_INSTRUMENT_H
