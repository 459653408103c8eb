//===- Registration.cpp - All kernel models -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CPU/Attention/AttentionModel.h"
#include "Elementwise/Registration.h"
#include "Indexing/Indexing.h"
#include "Interpolation/Resize.h"
#include "Movement/Movement.h"
#include "Reduction/Reduction.h"
#include "pith/Codegen/CPU/Contraction/ContractionKernels.h"
#include "pith/Codegen/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;

void pith::registerKernelModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *) {
    attachUnaryCode(context);
    attachBinaryCode(context);
    attachMovementModels(context);
    attachIndexingModels(context);
    attachResizeModel(context);
    attachReductionModels(context);
    attachContractionModels(context);
    attachAttentionModel(context);
  });
}
