//===- PithDialect.cpp - The pith dialect ---------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers ops, attributes and canonicalization patterns, and makes constants.
//
//===----------------------------------------------------------------------===//

#include "Canonicalization.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace pith;

#include "pith/Dialect/Pith/IR/PithDialect.cpp.inc"
#include "pith/Dialect/Pith/IR/PithEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "pith/Dialect/Pith/IR/PithAttributes.cpp.inc"

void PithDialect::initialize() {
  registerAttributes();
  registerOps();
}

void PithDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "pith/Dialect/Pith/IR/PithAttributes.cpp.inc"
      >();
}

void PithDialect::registerOps() {
  addOperations<
#define GET_OP_LIST
#include "pith/Dialect/Pith/IR/ElementwiseOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "pith/Dialect/Pith/IR/ContractionOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "pith/Dialect/Pith/IR/ReductionOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "pith/Dialect/Pith/IR/NormalizationOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "pith/Dialect/Pith/IR/PoolingOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "pith/Dialect/Pith/IR/ShapeOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "pith/Dialect/Pith/IR/IndexingOps.cpp.inc"
      >();
}

void PithDialect::getCanonicalizationPatterns(RewritePatternSet &patterns) const {
  populateElementwiseCanonicalization(patterns);
  populateMovementCanonicalization(patterns);
}

Operation *PithDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type || !isa<RankedTensorType>(type))
    return nullptr;
  return ConstantOp::create(builder, loc, type, elements, StringAttr());
}
