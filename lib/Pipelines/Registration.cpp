//===- Registration.cpp - All that Pith brings to a context ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Pipelines/Registration.h"

#include "pith/Codegen/Passes.h"
#include "pith/Compression/Compression.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"
#include "pith/Pipelines/ModelRunner.h"
#include "pith/Pipelines/Simplify.h"
#include "pith/Profile/ProfileOps.h"
#include "pith/Reference/Evaluator.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

void pith::registerPithDialects(DialectRegistry &registry) {
  registry.insert<PithDialect, affine::AffineDialect, arith::ArithDialect,
                  cf::ControlFlowDialect, func::FuncDialect, index::IndexDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
  registerCompressionFamilies(registry);
  registerProfileOps(registry);
  registerKernelModels(registry);
  registerReferenceModels(registry);
  registry.addExtension(+[](MLIRContext *context, PithDialect *dialect) {
    dialect->addInterfaces<CompilingRunner>();
    // Passes that run the model cannot load what its kernels are made of.
    context->loadDialect<affine::AffineDialect, arith::ArithDialect,
                         cf::ControlFlowDialect, func::FuncDialect, index::IndexDialect,
                         LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                         scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
  });
}

void pith::registerPithPasses() {
  registerPithTransformsPasses();
  registerSimplifyPipeline();
  registerCompressionPasses();
  registerPithCodegenPasses();
}
