//===- CodeEmission.cpp - LLVM modules to object code ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/CodeEmission.h"

#include "ModuleParts.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"

using namespace pith;

namespace {

/// What compiles modules for one target. Not shared between threads.
class ModuleCompiler {
public:
  static llvm::Expected<ModuleCompiler> create(const TargetDescription &target,
                                               unsigned level) {
    auto machine = makeTargetMachine(target, level);
    if (!machine)
      return machine.takeError();
    return ModuleCompiler(std::move(*machine), level);
  }

  llvm::Error optimize(llvm::Module &module);
  llvm::Error emit(llvm::Module &module, llvm::raw_pwrite_stream &os,
                   llvm::CodeGenFileType type);

private:
  ModuleCompiler(std::unique_ptr<llvm::TargetMachine> machine, unsigned level)
      : machine(std::move(machine)), level(level) {}
  std::unique_ptr<llvm::TargetMachine> machine;
  unsigned level;
};

} // namespace

llvm::Error ModuleCompiler::optimize(llvm::Module &module) {
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  module.setPICLevel(llvm::PICLevel::BigPIC);
  std::string problems;
  llvm::raw_string_ostream os(problems);
  if (llvm::verifyModule(module, &os))
    return llvm::createStringError("internal error: invalid LLVM IR: " + problems);

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  static const llvm::OptimizationLevel levels[] = {
      llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
      llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
  llvm::OptimizationLevel chosen = levels[std::min(level, 3u)];
  llvm::ModulePassManager passes =
      level == 0 ? builder.buildO0DefaultPipeline(chosen)
                 : builder.buildPerModuleDefaultPipeline(chosen);
  passes.run(module, modules);
  return llvm::Error::success();
}

llvm::Error ModuleCompiler::emit(llvm::Module &module, llvm::raw_pwrite_stream &os,
                                 llvm::CodeGenFileType type) {
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr, type))
    return llvm::createStringError("no code of this kind can be made for '" +
                                   machine->getTargetTriple().str() + "'");
  passes.run(module);
  return llvm::Error::success();
}

static llvm::Error compile(llvm::Module &module, const TargetDescription &target,
                           unsigned level, ObjectCode &code) {
  auto compiler = ModuleCompiler::create(target, level);
  if (!compiler)
    return compiler.takeError();
  if (llvm::Error error = compiler->optimize(module))
    return error;
  llvm::raw_svector_ostream os(code);
  return compiler->emit(module, os, llvm::CodeGenFileType::ObjectFile);
}

/// Compiles one part in a context of its own.
static llvm::Error compilePart(const ModuleParts &parts, unsigned number,
                               const TargetDescription &target, unsigned level,
                               ObjectCode &code) {
  llvm::LLVMContext context;
  auto module = parts.load(number, context);
  if (!module)
    return module.takeError();
  return compile(**module, target, level, code);
}

llvm::Expected<std::vector<ObjectCode>>
pith::emitObjects(Program &program, const TargetDescription &target, unsigned level) {
  unsigned count = ModuleParts::getNumParts(*program.module);
  std::vector<ObjectCode> objects(count);
  if (count == 1) {
    if (llvm::Error error = compile(*program.module, target, level, objects[0]))
      return error;
    return objects;
  }
  ModuleParts parts(*program.module, count, program.symbolPrefix);
  program.module.reset();
  std::vector<llvm::Error> errors;
  for (unsigned i = 0; i < count; ++i)
    errors.push_back(llvm::Error::success());
  {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency());
    for (unsigned i = 0; i < count; ++i)
      pool.async([&, i] {
        llvm::Error error = compilePart(parts, i, target, level, objects[i]);
        errors[i] = llvm::joinErrors(std::move(errors[i]), std::move(error));
      });
    pool.wait();
  }
  llvm::Error all = llvm::Error::success();
  for (llvm::Error &error : errors)
    all = llvm::joinErrors(std::move(all), std::move(error));
  if (all)
    return all;
  return objects;
}

llvm::Error pith::emitAssembly(Program &program, const TargetDescription &target,
                               unsigned level, llvm::raw_pwrite_stream &os) {
  auto compiler = ModuleCompiler::create(target, level);
  if (!compiler)
    return compiler.takeError();
  if (llvm::Error error = compiler->optimize(*program.module))
    return error;
  return compiler->emit(*program.module, os, llvm::CodeGenFileType::AssemblyFile);
}

llvm::Error pith::emitLLVM(Program &program, const TargetDescription &target,
                           unsigned level, llvm::raw_pwrite_stream &os) {
  auto compiler = ModuleCompiler::create(target, level);
  if (!compiler)
    return compiler.takeError();
  if (llvm::Error error = compiler->optimize(*program.module))
    return error;
  program.module->print(os, nullptr);
  return llvm::Error::success();
}
