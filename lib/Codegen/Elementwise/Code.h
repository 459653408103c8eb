//===- Code.h - Helpers to write elementwise code ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `Code` is a builder for one elementwise op: scalars and vectors alike, float
// or integer as the operands are.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_ELEMENTWISE_CODE_H
#define PITH_LIB_CODEGEN_ELEMENTWISE_CODE_H

#include "pith/Codegen/CodegenInterfaces.h"
#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace pith {

class Code {
public:
  Code(mlir::OpBuilder &b, mlir::Location loc, mlir::Operation *op,
       mlir::ValueRange operands)
      : b(b), loc(loc), op(op), operands(operands.begin(), operands.end()) {}

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Operation *op;
  llvm::SmallVector<mlir::Value> operands;

  mlir::Value operator[](unsigned i) const { return operands[i]; }

  static mlir::Type element(mlir::Type type) { return mlir::getElementTypeOrSelf(type); }
  bool isFloat(unsigned i = 0) const {
    return llvm::isa<mlir::FloatType>(element(operands[i].getType()));
  }
  /// Whether the op's operand `i` is a tensor of unsigned integers.
  bool isUnsigned(unsigned i = 0) const {
    return element(op->getOperand(i).getType()).isUnsignedInteger();
  }
  /// `type` with the lanes of `like`.
  static mlir::Type withLanes(mlir::Type type, mlir::Type like) {
    if (auto vector = llvm::dyn_cast<mlir::VectorType>(like))
      return mlir::VectorType::get(vector.getShape(), type);
    return type;
  }
  /// A float constant of the type of operand 0 (or `like`).
  mlir::Value f(double value, mlir::Value like = {}) {
    mlir::Type type = (like ? like : operands[0]).getType();
    auto scalar = b.getFloatAttr(element(type), value);
    return splat(scalar, type);
  }
  mlir::Value i(int64_t value, mlir::Value like = {}) {
    mlir::Type type = (like ? like : operands[0]).getType();
    unsigned width = element(type).getIntOrFloatBitWidth();
    auto scalar = mlir::IntegerAttr::get(
        element(type), llvm::APInt(width, value, true, true));
    return splat(scalar, type);
  }
  /// Zero or one of any type.
  mlir::Value c(int64_t value, mlir::Value like = {}) {
    return llvm::isa<mlir::FloatType>(element((like ? like : operands[0]).getType()))
               ? f(double(value), like)
               : i(value, like);
  }
  template <typename Op, typename... Args>
  mlir::Value make(Args... args) {
    return Op::create(b, loc, args...);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) {
    return isFloatValue(x) ? make<mlir::arith::AddFOp>(x, y)
                           : make<mlir::arith::AddIOp>(x, y);
  }
  mlir::Value sub(mlir::Value x, mlir::Value y) {
    return isFloatValue(x) ? make<mlir::arith::SubFOp>(x, y)
                           : make<mlir::arith::SubIOp>(x, y);
  }
  mlir::Value mul(mlir::Value x, mlir::Value y) {
    return isFloatValue(x) ? make<mlir::arith::MulFOp>(x, y)
                           : make<mlir::arith::MulIOp>(x, y);
  }
  mlir::Value div(mlir::Value x, mlir::Value y) {
    return make<mlir::arith::DivFOp>(x, y);
  }
  mlir::Value neg(mlir::Value x) { return make<mlir::arith::NegFOp>(x); }
  mlir::Value exp(mlir::Value x) { return make<mlir::math::ExpOp>(x); }
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z) {
    return make<mlir::math::FmaOp>(x, y, z);
  }
  mlir::Value select(mlir::Value cond, mlir::Value x, mlir::Value y) {
    return make<mlir::arith::SelectOp>(cond, x, y);
  }
  /// Ordered (false on NaN) comparison of floats, or signed/unsigned of integers.
  mlir::Value less(mlir::Value x, mlir::Value y, bool isUnsigned = false) {
    if (isFloatValue(x))
      return make<mlir::arith::CmpFOp>(mlir::arith::CmpFPredicate::OLT, x, y);
    return make<mlir::arith::CmpIOp>(isUnsigned ? mlir::arith::CmpIPredicate::ult
                                                : mlir::arith::CmpIPredicate::slt,
                                     x, y);
  }
  mlir::Value equal(mlir::Value x, mlir::Value y) {
    if (isFloatValue(x))
      return make<mlir::arith::CmpFOp>(mlir::arith::CmpFPredicate::OEQ, x, y);
    return make<mlir::arith::CmpIOp>(mlir::arith::CmpIPredicate::eq, x, y);
  }
  mlir::Value isNan(mlir::Value x) {
    return make<mlir::arith::CmpFOp>(mlir::arith::CmpFPredicate::UNO, x, x);
  }
  /// The larger one as one instruction; `y` if either is NaN.
  mlir::Value larger(mlir::Value x, mlir::Value y) { return select(less(y, x), x, y); }
  mlir::Value smaller(mlir::Value x, mlir::Value y) { return select(less(x, y), x, y); }
  mlir::Value sigmoid(mlir::Value x) {
    mlir::Value one = f(1.0, x);
    return div(one, add(one, exp(neg(x))));
  }
  /// ln(1 + eˣ) without overflow.
  mlir::Value softplus(mlir::Value x) {
    mlir::Value zero = f(0.0, x);
    mlir::Value size = make<mlir::math::AbsFOp>(x);
    return add(larger(zero, x), make<mlir::math::Log1pOp>(exp(neg(size))));
  }

private:
  static bool isFloatValue(mlir::Value x) {
    return llvm::isa<mlir::FloatType>(element(x.getType()));
  }
  mlir::Value splat(mlir::TypedAttr scalar, mlir::Type type) {
    if (auto vector = llvm::dyn_cast<mlir::VectorType>(type))
      return mlir::arith::ConstantOp::create(
          b, loc, mlir::DenseElementsAttr::get(vector, scalar));
    return mlir::arith::ConstantOp::create(b, loc, scalar);
  }
};

/// Attaches ElementwiseCodeOpInterface with `emit(Op, Code &)` and the pointwise
/// KernelOpInterface to `Op`. Half-precision operands are widened to f32 first
/// and the result rounded, except where `Raw`.
template <typename Op, bool Raw = false>
struct ElementwiseModel
    : ElementwiseCodeOpInterface::ExternalModel<ElementwiseModel<Op, Raw>, Op> {
  mlir::Value emitElement(mlir::Operation *op, mlir::OpBuilder &b,
                          mlir::Location loc, mlir::ValueRange operands) const;
};

/// KernelOpInterface of every op that computes elements from elements.
template <typename Op>
struct PointwiseModel
    : KernelOpInterface::ExternalModel<PointwiseModel<Op>, Op> {
  KernelRole getKernelRole(mlir::Operation *) const { return KernelRole::Pointwise; }
  mlir::Value emitAt(mlir::Operation *op, ElementEmitter &emitter, unsigned,
                     llvm::ArrayRef<LaneIndex> position) const {
    llvm::SmallVector<mlir::Value> operands;
    llvm::SmallVector<mlir::AffineExpr> shape(
        emitter.getKernel().dims(op->getResult(0)));
    for (mlir::Value operand : op->getOperands()) {
      mlir::Value element = emitter.atBroadcast(operand, shape, position);
      if (!element)
        return {};
      operands.push_back(emitter.splat(element));
    }
    return llvm::cast<ElementwiseCodeOpInterface>(op).emitElement(
        emitter.getBuilder(), emitter.getLoc(), operands);
  }
};

/// f16 and bf16 to f32, others as they are.
mlir::Value widenHalf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// Rounds f32 to the (half) type of the op's result where it is one.
mlir::Value narrowTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Type element);

template <typename Op>
mlir::Value emit(Op op, Code &code);

template <typename Op, bool Raw>
mlir::Value ElementwiseModel<Op, Raw>::emitElement(mlir::Operation *op,
                                                   mlir::OpBuilder &b,
                                                   mlir::Location loc,
                                                   mlir::ValueRange operands) const {
  llvm::SmallVector<mlir::Value> wide;
  for (mlir::Value operand : operands)
    wide.push_back(Raw ? operand : widenHalf(b, loc, operand));
  Code code(b, loc, op, wide);
  mlir::Value result = emit<Op>(llvm::cast<Op>(op), code);
  if (Raw)
    return result;
  return narrowTo(b, loc, result,
                  mlir::getElementTypeOrSelf(op->getResult(0).getType()));
}

template <typename Op, bool Raw = false>
void attachElementwise(mlir::MLIRContext *context) {
  Op::template attachInterface<ElementwiseModel<Op, Raw>>(*context);
  Op::template attachInterface<PointwiseModel<Op>>(*context);
}

} // namespace pith

#endif // PITH_LIB_CODEGEN_ELEMENTWISE_CODE_H
