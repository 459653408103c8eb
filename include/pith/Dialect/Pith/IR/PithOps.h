//===- PithOps.h - The pith dialect and its ops -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_PITHOPS_H
#define PITH_DIALECT_PITH_IR_PITHOPS_H

#include "pith/Dialect/Pith/IR/PithInterfaces.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "pith/Dialect/Pith/IR/PithDialect.h.inc"
#include "pith/Dialect/Pith/IR/PithEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "pith/Dialect/Pith/IR/PithAttributes.h.inc"

namespace pith::OpTrait {
/// See Pith_Elementwise in PithBase.td.
template <typename ConcreteType>
class Elementwise
    : public mlir::OpTrait::TraitBase<ConcreteType, Elementwise> {};
} // namespace pith::OpTrait

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ElementwiseOps.h.inc"
#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ContractionOps.h.inc"
#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ReductionOps.h.inc"
#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/NormalizationOps.h.inc"
#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/PoolingOps.h.inc"
#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ShapeOps.h.inc"
#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/IndexingOps.h.inc"

#endif // PITH_DIALECT_PITH_IR_PITHOPS_H
