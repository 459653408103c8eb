//===- Recipe.h - --compress=RECIPE -----------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A recipe is a list of steps separated by commas:
//
//     recipe = step { "," step }        step = name [ "{" options "}" ]
//
// A name is a preset (`int4`), or a registered compression pass without the
// prefix `pith-`, where what follows its verb may be left out if it is clear
// (`quantize` for `pith-quantize-weights`). Options are those of the pass,
// separated by spaces; those of a preset go to its first pass.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_RECIPE_H
#define PITH_COMPRESSION_RECIPE_H

#include "pith/Compression/Family.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace pith {

/// The presets of all families, in their order.
std::vector<CompressionPreset> getCompressionPresets();

/// Adds the passes of a recipe to a pass manager on modules. Writes what is wrong
/// with the recipe, where, and what there is instead, to `errors` (a line, to go
/// behind "error: ", and more) and fails; that is a usage error. registerCompressionPasses must have been called.
mlir::LogicalResult parseRecipe(llvm::StringRef recipe, mlir::OpPassManager &passes,
                                llvm::raw_ostream &errors);

/// Lists presets and passes with their options, for --help.
void printRecipeHelp(llvm::raw_ostream &os);

} // namespace pith

#endif // PITH_COMPRESSION_RECIPE_H
