//===- ModuleParts.cpp - Cutting a module for parallel work ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleParts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace pith;

/// Below this, a part costs more to hand over than it saves.
static constexpr uint64_t kInstructionsPerPart = 4000;
static constexpr unsigned kMaxParts = 16;

unsigned ModuleParts::getNumParts(const llvm::Module &module) {
  uint64_t parts = module.getInstructionCount() / kInstructionsPerPart;
  return std::clamp<uint64_t>(parts, 1, kMaxParts);
}

ModuleParts::ModuleParts(llvm::Module &module, unsigned count, llvm::StringRef prefix) {
  struct Piece {
    llvm::Function *function;
    unsigned instructions;
    unsigned number; ///< in the module: for a stable order
  };
  llvm::SmallVector<Piece> pieces;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    if (function.hasLocalLinkage()) {
      function.setLinkage(llvm::GlobalValue::ExternalLinkage);
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
      function.setName(prefix + "_" + function.getName());
    }
    pieces.push_back({&function, function.getInstructionCount(), unsigned(pieces.size())});
  }
  // The longest first, each to the part that has least to do.
  llvm::sort(pieces, [](const Piece &a, const Piece &b) {
    return std::make_pair(b.instructions, a.number) <
           std::make_pair(a.instructions, b.number);
  });
  llvm::SmallVector<uint64_t> loads(count, 0);
  for (const Piece &piece : pieces) {
    unsigned part = std::min_element(loads.begin(), loads.end()) - loads.begin();
    loads[part] += piece.instructions;
    owners[piece.function->getName()] = part;
  }
  llvm::raw_svector_ostream os(bitcode);
  llvm::WriteBitcodeToFile(module, os);
}

llvm::Expected<std::unique_ptr<llvm::Module>>
ModuleParts::load(unsigned number, llvm::LLVMContext &context) const {
  llvm::MemoryBufferRef buffer(llvm::StringRef(bitcode.data(), bitcode.size()), "part");
  auto module = llvm::parseBitcodeFile(buffer, context);
  if (!module)
    return module.takeError();
  for (llvm::Function &function : **module)
    if (!function.isDeclaration() && owners.lookup(function.getName()) != number)
      function.deleteBody();
  // Variables that others see exist once.
  if (number != 0)
    for (llvm::GlobalVariable &variable : (*module)->globals())
      if (!variable.isDeclaration() && !variable.hasLocalLinkage()) {
        variable.setInitializer(nullptr);
        variable.setLinkage(llvm::GlobalValue::ExternalLinkage);
      }
  return std::move(*module);
}
