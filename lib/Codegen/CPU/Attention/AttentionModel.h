//===- AttentionModel.h - Kernel model of attention -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_ATTENTION_ATTENTIONMODEL_H
#define PITH_LIB_CODEGEN_CPU_ATTENTION_ATTENTIONMODEL_H

#include "mlir/IR/MLIRContext.h"

namespace pith {
void attachAttentionModel(mlir::MLIRContext *context);
} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_ATTENTION_ATTENTIONMODEL_H
