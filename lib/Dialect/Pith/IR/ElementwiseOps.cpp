//===- ElementwiseOps.cpp - Ops with one result element per position ------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All of them share one shape rule.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ElementwiseOps.cpp.inc"

#define PITH_ELEMENTWISE(OP)                                                   \
  LogicalResult OP::inferSymbolicShapes(ShapeContext &context) {               \
    return inferElementwise(*this, context);                                   \
  }
PITH_ELEMENTWISE(CeilOp)
PITH_ELEMENTWISE(FloorOp)
PITH_ELEMENTWISE(RoundOp)
PITH_ELEMENTWISE(SqrtOp)
PITH_ELEMENTWISE(ReciprocalOp)
PITH_ELEMENTWISE(ExpOp)
PITH_ELEMENTWISE(LogOp)
PITH_ELEMENTWISE(SinOp)
PITH_ELEMENTWISE(CosOp)
PITH_ELEMENTWISE(TanOp)
PITH_ELEMENTWISE(AsinOp)
PITH_ELEMENTWISE(AcosOp)
PITH_ELEMENTWISE(AtanOp)
PITH_ELEMENTWISE(SinhOp)
PITH_ELEMENTWISE(CoshOp)
PITH_ELEMENTWISE(TanhOp)
PITH_ELEMENTWISE(AsinhOp)
PITH_ELEMENTWISE(AcoshOp)
PITH_ELEMENTWISE(AtanhOp)
PITH_ELEMENTWISE(ErfOp)
PITH_ELEMENTWISE(SigmoidOp)
PITH_ELEMENTWISE(SoftplusOp)
PITH_ELEMENTWISE(SoftsignOp)
PITH_ELEMENTWISE(HardSwishOp)
PITH_ELEMENTWISE(MishOp)
PITH_ELEMENTWISE(AbsOp)
PITH_ELEMENTWISE(NegOp)
PITH_ELEMENTWISE(SignOp)
PITH_ELEMENTWISE(ReluOp)
PITH_ELEMENTWISE(NotOp)
PITH_ELEMENTWISE(BitwiseNotOp)
PITH_ELEMENTWISE(IsNanOp)
PITH_ELEMENTWISE(IsInfOp)
PITH_ELEMENTWISE(LeakyReluOp)
PITH_ELEMENTWISE(EluOp)
PITH_ELEMENTWISE(SeluOp)
PITH_ELEMENTWISE(CeluOp)
PITH_ELEMENTWISE(HardSigmoidOp)
PITH_ELEMENTWISE(ThresholdedReluOp)
PITH_ELEMENTWISE(SwishOp)
PITH_ELEMENTWISE(ShrinkOp)
PITH_ELEMENTWISE(GeluOp)
PITH_ELEMENTWISE(CastOp)
PITH_ELEMENTWISE(ClipOp)
PITH_ELEMENTWISE(WhereOp)
PITH_ELEMENTWISE(PreluOp)
PITH_ELEMENTWISE(AddOp)
PITH_ELEMENTWISE(SubOp)
PITH_ELEMENTWISE(MulOp)
PITH_ELEMENTWISE(DivOp)
PITH_ELEMENTWISE(PowOp)
PITH_ELEMENTWISE(MinOp)
PITH_ELEMENTWISE(MaxOp)
PITH_ELEMENTWISE(AndOp)
PITH_ELEMENTWISE(OrOp)
PITH_ELEMENTWISE(XorOp)
PITH_ELEMENTWISE(BitwiseAndOp)
PITH_ELEMENTWISE(BitwiseOrOp)
PITH_ELEMENTWISE(BitwiseXorOp)
PITH_ELEMENTWISE(ShiftLeftOp)
PITH_ELEMENTWISE(ShiftRightOp)
PITH_ELEMENTWISE(ModOp)
PITH_ELEMENTWISE(EqualOp)
PITH_ELEMENTWISE(LessOp)
PITH_ELEMENTWISE(LessEqualOp)
PITH_ELEMENTWISE(GreaterOp)
PITH_ELEMENTWISE(GreaterEqualOp)
#undef PITH_ELEMENTWISE
