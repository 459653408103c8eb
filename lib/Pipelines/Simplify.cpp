//===- Simplify.cpp - The simplify stage ----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Pipelines/Simplify.h"

#include "pith/Dialect/Pith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace pith;

/// Shapes and constants each make the other better: sizes of folded tensors are
/// static, and static sizes are constants.
static void addCleanup(OpPassManager &function) {
  function.addPass(createRefineShapesPass());
  function.addPass(createFoldConstantsPass());
  function.addPass(createCanonicalizerPass());
  function.addPass(createCSEPass());
}

/// Once in the model's own form, and again when reshapes and transposes are out of
/// the way.
static void addRecomposition(OpPassManager &function) {
  function.addPass(createRecomposeActivationsPass());
  function.addPass(createRecomposeNormsPass());
  function.addPass(createRecomposeAttentionPass());
}

void pith::buildSimplifyPipeline(OpPassManager &manager) {
  OpPassManager &function = manager.nest<func::FuncOp>();
  // First, so that a transpose of a table joins the product it is for, before it
  // is computed.
  function.addPass(createCanonicalizerPass());
  addCleanup(function);
  addCleanup(function);
  addRecomposition(function);
  function.addPass(createRecomposeSlicesPass());
  function.addPass(createFoldBatchNormPass());
  addCleanup(function);
  function.addPass(createUseChannelsLastPass());
  function.addPass(createDecomposeOpsPass());
  addCleanup(function);
  function.addPass(createSinkReshapesPass());
  addRecomposition(function);
  function.addPass(createFoldBatchNormPass());
  function.addPass(createNormalizeWeightsPass());
  addCleanup(function);
  function.addPass(createFactorScalesPass());
  function.addPass(createVerifySimplifiedPass());
}

void pith::registerSimplifyPipeline() {
  PassPipelineRegistration<>("pith-simplify", "The simplify stage", buildSimplifyPipeline);
}
