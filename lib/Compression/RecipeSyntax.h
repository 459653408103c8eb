//===- RecipeSyntax.h - The text of a recipe --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Splits a recipe into steps and options, and prints messages that show where in
// the recipe something is wrong. Knows no pass.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_RECIPESYNTAX_H
#define PITH_LIB_COMPRESSION_RECIPESYNTAX_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace pith {

/// `name{options}`; the parts point into the recipe.
struct RecipeStep {
  llvm::StringRef text, name, options;
};

class RecipeText {
public:
  RecipeText(llvm::StringRef recipe, llvm::raw_ostream &errors);

  /// The steps; prints what is wrong and fails if the text is no recipe.
  mlir::FailureOr<std::vector<RecipeStep>> getSteps() const;
  /// The options of a step, without empty ones.
  mlir::FailureOr<std::vector<llvm::StringRef>>
  getOptions(const RecipeStep &step) const;

  /// Prints a message with the recipe and `place`, a part of it, marked. `notes`
  /// are lines that follow.
  mlir::LogicalResult error(llvm::StringRef place, const llvm::Twine &message,
                            llvm::ArrayRef<std::string> notes = {}) const;

private:
  std::string recipe; ///< on one line
  llvm::raw_ostream &errors;
};

/// The name before '=', and the value behind it.
llvm::StringRef getOptionKey(llvm::StringRef option);

/// The closest of `candidates`, if it is near enough to be a slip of the finger;
/// else nothing.
llvm::StringRef findClosest(llvm::StringRef name,
                            llvm::ArrayRef<std::string> candidates);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_RECIPESYNTAX_H
