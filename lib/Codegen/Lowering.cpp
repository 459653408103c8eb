//===- Lowering.cpp - Tasks to the LLVM dialect ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes that turn emitted tasks (scf, vector, memref, arith, math) into the
// LLVM dialect. All upstream's, but for the expansion of math functions.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/Program.h"

#include "pith/Codegen/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace pith;

void pith::buildLoweringPipeline(OpPassManager &pm) {
  OpPassManager &task = pm.nest<func::FuncOp>();
  task.addPass(createCanonicalizerPass());
  task.addPass(createCSEPass());
  task.addPass(createLoopInvariantCodeMotionPass());
  task.addPass(createExpandMathPass());
  task.addPass(createCSEPass());
  task.addPass(createConvertVectorToSCFPass());
  task.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.reassociateFPReductions = true;
  vectors.force32BitVectorIndices = true;
  pm.addPass(createConvertVectorToLLVMPass(vectors));
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createBFloatAsBitsPass());
}
