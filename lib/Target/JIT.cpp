//===- JIT.cpp - Programs in memory ---------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/JIT.h"

#include "pith/Target/CodeEmission.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>

using namespace pith;
namespace orc = llvm::orc;

/// The weights section, as the file would hold it. Constants are freed on the way: two
/// copies of all would be in memory otherwise.
static llvm::Expected<llvm::sys::OwningMemoryBlock> placeWeights(Program &program) {
  std::error_code error;
  llvm::sys::MemoryBlock block = llvm::sys::Memory::allocateMappedMemory(
      std::max<int64_t>(program.constantBytes, 64), nullptr,
      llvm::sys::Memory::MF_READ | llvm::sys::Memory::MF_WRITE, error);
  if (error)
    return llvm::createStringError("no memory for the weights: " + error.message());
  for (PlacedConstant &constant : program.constants) {
    std::memcpy(static_cast<char *>(block.base()) + constant.offset,
                constant.bytes().data(), constant.bytes().size());
    constant = PlacedConstant();
  }
  return llvm::sys::OwningMemoryBlock(block);
}

llvm::Expected<LoadedProgram>
LoadedProgram::create(Program &program, const TargetDescription &target, unsigned level,
                      const llvm::StringMap<void *> &runtime) {
  LoadedProgram loaded;
  auto weights = placeWeights(program);
  if (!weights)
    return weights.takeError();
  loaded.weights = std::move(*weights);
  auto objects = emitObjects(program, target, level);
  if (!objects)
    return objects.takeError();
  auto jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  loaded.jit = std::move(*jit);

  orc::JITDylib &library = loaded.jit->getMainJITDylib();
  orc::SymbolMap symbols;
  auto define = [&](llvm::StringRef name, void *address) {
    symbols[loaded.jit->mangleAndIntern(name)] = {
        orc::ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported};
  };
  for (const auto &entry : runtime)
    define(entry.getKey(), entry.getValue());
  define(program.weightsSymbol, loaded.weights.base());
  if (llvm::Error error = library.define(orc::absoluteSymbols(std::move(symbols))))
    return error;
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      loaded.jit->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  for (const ObjectCode &object : *objects)
    if (llvm::Error error =
            loaded.jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
                llvm::StringRef(object.data(), object.size()), "program")))
      return error;

  // The model is not visible outside, but of course here.
  auto model = loaded.jit->getExecutionSession().lookup(
      orc::makeJITDylibSearchOrder(&library, orc::JITDylibLookupFlags::MatchAllSymbols),
      loaded.jit->mangleAndIntern(program.modelSymbol));
  if (!model)
    return model.takeError();
  loaded.model = model->getAddress().toPtr<const pith_model *>();
  return loaded;
}
