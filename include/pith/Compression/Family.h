//===- Family.h - What a compression family brings --------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A family is a folder `lib/Compression/<Name>` whose library is
// `Pith<Name>`, and which defines `pith::get<Name>Family()`. The build finds the
// folders: nothing else has to be edited.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_FAMILY_H
#define PITH_COMPRESSION_FAMILY_H

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringRef.h"

#include <vector>

namespace pith {

/// A recipe (see Recipe.h) that stands for passes. All three are literals.
struct CompressionPreset {
  llvm::StringRef name, recipe, summary;
};

struct CompressionFamily {
  /// Adds an extension that registers the family's ops, if it has any.
  void (*registerOps)(mlir::DialectRegistry &registry) = nullptr;
  /// Makes the family's passes with default options.
  std::vector<mlir::PassAllocatorFunction> passes;
  /// Short names for recipes, of this family's passes first of all.
  std::vector<CompressionPreset> presets;
};

} // namespace pith

#endif // PITH_COMPRESSION_FAMILY_H
