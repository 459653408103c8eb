//===- PassOptionNames.h - Which options a pass has -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR prints the options of a pass, but does not list them; the lists are
// protected members, which this header reads.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_PASSOPTIONNAMES_H
#define PITH_LIB_COMPRESSION_PASSOPTIONNAMES_H

#include "mlir/Pass/Pass.h"

#include <string>
#include <vector>

namespace pith {

struct PassOptionName {
  std::string name, help;
};

/// The options of a pass, sorted by name.
std::vector<PassOptionName> getPassOptionNames(mlir::Pass &pass);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_PASSOPTIONNAMES_H
