//===- ModuleParts.h - Cutting a module for parallel work -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_TARGET_MODULEPARTS_H
#define PITH_LIB_TARGET_MODULEPARTS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace pith {

/// A module as parts that each define some of its functions. Functions that were
/// internal become hidden symbols with a prefix, since other parts may need them;
/// every part has its own copy of the constants it uses.
class ModuleParts {
public:
  /// How many parts are worth while: depends on the module alone.
  static unsigned getNumParts(const llvm::Module &module);

  ModuleParts(llvm::Module &module, unsigned count, llvm::StringRef prefix);

  /// Makes part `number` in a context. May be called from several threads.
  llvm::Expected<std::unique_ptr<llvm::Module>> load(unsigned number,
                                                     llvm::LLVMContext &context) const;

private:
  llvm::SmallVector<char, 0> bitcode; ///< of the whole module
  llvm::StringMap<unsigned> owners;   ///< part of each defined function
};

} // namespace pith

#endif // PITH_LIB_TARGET_MODULEPARTS_H
