//===- Program.cpp - From pith IR to an LLVM module -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/Program.h"

#include "ModelDescription.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

using namespace mlir;
using namespace pith;

FailureOr<OwningOpRef<ModuleOp>>
pith::emitKernels(OutlinedProgram &program, const TargetDescription &target,
                  llvm::StringMap<KernelPlan> &plans) {
  auto source = program.main->getParentOfType<ModuleOp>();
  OwningOpRef<ModuleOp> tasks = ModuleOp::create(source.getLoc());
  bool good = true;
  for (auto kernel : source.getOps<func::FuncOp>()) {
    if (!kernel->hasAttr("pith.kernel"))
      continue;
    auto plan = KernelEmitter(kernel, *tasks, target).emit();
    if (failed(plan)) {
      good = false;
      continue;
    }
    plans[kernel.getName()] = std::move(*plan);
  }
  if (!good)
    return failure();
  return tasks;
}

/// What `--info` says about the weights: every constant that a kernel reads.
static std::vector<WeightInfo> describeWeights(OutlinedProgram &program) {
  std::vector<WeightInfo> infos;
  for (auto constant : program.main.getOps<ConstantOp>()) {
    auto type = cast<RankedTensorType>(constant.getType());
    WeightInfo info;
    info.name = constant.getName().value_or("").str();
    llvm::raw_string_ostream(info.format) << type.getElementType();
    info.shape.assign(type.getShape().begin(), type.getShape().end());
    unsigned bits = type.getElementType().isInteger(1) ? 1
                                                       : getStorageBits(type.getElementType());
    info.bytes = (type.getNumElements() * bits + 7) / 8;
    infos.push_back(std::move(info));
  }
  return infos;
}

FailureOr<Program> pith::generateProgram(OutlinedProgram &program,
                                         const TargetDescription &target,
                                         const ProgramOptions &options) {
  llvm::StringMap<KernelPlan> plans;
  auto tasks = emitKernels(program, target, plans);
  if (failed(tasks))
    return failure();
  MLIRContext *context = program.main.getContext();
  PassManager pm(context);
  buildLoweringPipeline(pm);
  if (failed(pm.run(**tasks)))
    return failure();

  Program result;
  result.symbolPrefix = options.symbolPrefix;
  result.weightsSymbol = options.symbolPrefix + "_weights";
  result.modelSymbol = options.symbolPrefix + "_model";
  std::string run = options.symbolPrefix + "_run";
  auto host = emitHostCode(program, plans, **tasks, run, result.weightsSymbol);
  if (failed(host))
    return failure();
  // Nothing but the model's description is visible outside.
  for (auto function : (*tasks)->getOps<LLVM::LLVMFuncOp>())
    if (!function.isExternal())
      function.setLinkage(LLVM::Linkage::Internal);
  if (failed(mlir::verify(**tasks)))
    return failure();

  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  result.context = std::make_unique<llvm::LLVMContext>();
  result.module = translateModuleToLLVMIR(**tasks, *result.context, options.modelName);
  if (!result.module)
    return program.main.emitError("translation to LLVM IR failed"), failure();
  result.constants = std::move(host->constants);
  result.constantBytes = host->constantBytes;
  result.arenaBytes = host->arenaBytes;
  result.weights = describeWeights(program);
  if (failed(addModelDescription(program, target, options, run, result)))
    return failure();
  return std::move(result);
}
