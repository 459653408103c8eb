//===- JitModel.cpp - Compiling and running IR inside a test --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JitModel.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace pith;

static bool report(llvm::Error error) {
  if (!error)
    return false;
  llvm::logAllUnhandledErrors(std::move(error), llvm::errs(), "jit: ");
  return true;
}

bool pith::canRun(llvm::StringRef cpu) {
  auto wanted = TargetDescription::get(cpu), here = TargetDescription::get("native");
  if (!wanted || !here)
    return !report(wanted.takeError()) && !report(here.takeError());
  llvm::StringSet<> features;
  for (const std::string &feature : here->requiredFeatures)
    features.insert(feature);
  for (const std::string &feature : wanted->requiredFeatures)
    if (!features.contains(feature))
      return false;
  return true;
}

/// What generated code calls.
static llvm::Error addRuntime(llvm::orc::LLJIT &jit, llvm::StringRef weightsName,
                              void *weights) {
  using namespace llvm::orc;
  SymbolMap symbols;
  auto add = [&](llvm::StringRef name, void *address) {
    symbols[jit.mangleAndIntern(name)] = {ExecutorAddr::fromPtr(address),
                                          llvm::JITSymbolFlags::Exported};
  };
#define PITH_ADD(function) add(#function, reinterpret_cast<void *>(&function))
  PITH_ADD(pith_rt_arena);
  PITH_ADD(pith_rt_alloc);
  PITH_ADD(pith_rt_free);
  PITH_ADD(pith_rt_output);
  PITH_ADD(pith_rt_parallel_for);
  PITH_ADD(pith_rt_fail);
  PITH_ADD(pith_rt_fail_size);
  PITH_ADD(pith_rt_trap);
  PITH_ADD(pith_rt_trapped);
#undef PITH_ADD
  add(weightsName, weights);
  return jit.getMainJITDylib().define(absoluteSymbols(std::move(symbols)));
}

std::unique_ptr<JitModel> JitModel::compile(ModuleOp module, llvm::StringRef cpu,
                                            int threads) {
  auto target = TargetDescription::get(cpu);
  if (!target) {
    report(target.takeError());
    return nullptr;
  }
  auto outlined = outlineKernels(module);
  if (failed(outlined))
    return nullptr;
  auto program = generateProgram(**outlined, *target, ProgramOptions());
  if (failed(program))
    return nullptr;

  auto model = std::make_unique<JitModel>();
  model->storage.resize(program->constantBytes + 128);
  auto start = llvm::alignAddr(model->storage.data(), llvm::Align(64));
  char *weights = reinterpret_cast<char *>(start);
  for (const PlacedConstant &constant : program->constants)
    llvm::copy(constant.bytes(), weights + constant.offset);

  llvm::orc::JITTargetMachineBuilder machine(target->triple);
  machine.setCPU(target->cpu);
  machine.getFeatures() = llvm::SubtargetFeatures(target->features);
  auto jit = llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(machine).create();
  if (!jit) {
    report(jit.takeError());
    return nullptr;
  }
  model->jit = std::move(*jit);
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      model->jit->getDataLayout().getGlobalPrefix());
  if (!process) {
    report(process.takeError());
    return nullptr;
  }
  model->jit->getMainJITDylib().addGenerator(std::move(*process));
  program->module->setDataLayout(model->jit->getDataLayout());
  program->module->setTargetTriple(target->triple);
  llvm::orc::ThreadSafeModule code(std::move(program->module),
                                   std::move(program->context));
  if (report(addRuntime(*model->jit, program->weightsSymbol, weights)) ||
      report(model->jit->addIRModule(std::move(code))))
    return nullptr;
  auto symbol = model->jit->lookup(program->modelSymbol);
  if (!symbol) {
    report(symbol.takeError());
    return nullptr;
  }
  char error[256] = "";
  model->instance =
      pith_create(symbol->toPtr<const pith_model *>(), threads, error, sizeof(error));
  if (!model->instance) {
    llvm::errs() << "jit: " << error << '\n';
    return nullptr;
  }
  return model;
}

JitModel::~JitModel() {
  if (instance)
    pith_destroy(instance);
}

std::vector<HostTensor> JitModel::run(llvm::ArrayRef<HostTensor> inputs,
                                      llvm::ArrayRef<RankedTensorType> types) {
  for (auto [i, input] : llvm::enumerate(inputs))
    if (pith_set_input_at(instance, i, input.getBytes().data(),
                          input.getShape().data()))
      return llvm::errs() << pith_error_text(instance) << '\n', std::vector<HostTensor>();
  if (pith_run(instance))
    return llvm::errs() << pith_error_text(instance) << '\n', std::vector<HostTensor>();
  std::vector<HostTensor> results;
  for (auto [i, type] : llvm::enumerate(types)) {
    int64_t dims[PITH_MAX_RANK];
    const void *data = pith_get_output_at(instance, i, dims);
    if (!data || llvm::ArrayRef(dims, type.getRank()) != type.getShape())
      return llvm::errs() << "jit: unexpected output\n", std::vector<HostTensor>();
    HostTensor tensor(type);
    std::memcpy(tensor.getMutableBytes().data(), data, tensor.getBytes().size());
    results.push_back(tensor);
  }
  return results;
}
