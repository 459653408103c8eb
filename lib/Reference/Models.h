//===- Models.h - How ops get their reference meaning -----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The meaning of an op is one function: from the op, the values of its operands
// and the types of its results to the values of its results. The sizes have
// been found, and the constraints on sizes checked, by the op's shape rule.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_REFERENCE_MODELS_H
#define PITH_LIB_REFERENCE_MODELS_H

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Support/HostTensor.h"

namespace pith::reference {

using Inputs = llvm::ArrayRef<HostTensor>;
using Types = llvm::ArrayRef<mlir::RankedTensorType>;
using Results = mlir::FailureOr<llvm::SmallVector<HostTensor>>;

inline Results one(HostTensor tensor) {
  return llvm::SmallVector<HostTensor>{std::move(tensor)};
}

/// Fails with a diagnostic unless the values are of the operands' types up to
/// dynamic sizes.
mlir::LogicalResult checkOperands(mlir::Operation *op, Inputs operands);

/// The results' types for these operands, by the op's shape rule. A size that
/// only the values tell, which the rule does not see, is left dynamic. Fails
/// with a diagnostic if operands do not fit, if the result type of the op says
/// otherwise, or if a result would be larger than any machine's memory.
mlir::FailureOr<llvm::SmallVector<mlir::RankedTensorType>>
inferResultTypes(mlir::Operation *op, Inputs operands);

/// The last of these checks, for sizes that the evaluator itself finds.
mlir::LogicalResult checkSize(mlir::Operation *op, llvm::ArrayRef<int64_t> shape,
                              mlir::Type element);

/// Where an index is that may count from the back. Fails with a diagnostic if it is
/// outside the axis.
mlir::FailureOr<int64_t> resolveIndex(mlir::Operation *op, int64_t index, int64_t size);

template <typename Op, Results (*Function)(Op, Inputs, Types)>
struct Model : EvaluableOpInterface::ExternalModel<Model<Op, Function>, Op> {
  Results evaluate(mlir::Operation *op, Inputs operands) const {
    if (mlir::failed(checkOperands(op, operands)))
      return mlir::failure();
    auto types = inferResultTypes(op, operands);
    if (mlir::failed(types))
      return mlir::failure();
    return Function(llvm::cast<Op>(op), operands, *types);
  }
};

template <typename Op, Results (*Function)(Op, Inputs, Types)>
void attach(mlir::MLIRContext *context) {
  Op::template attachInterface<Model<Op, Function>>(*context);
}

void attachAttention(mlir::MLIRContext *context);
void attachConv(mlir::MLIRContext *context);
void attachElementwise(mlir::MLIRContext *context);
void attachElementwiseBinary(mlir::MLIRContext *context);
void attachElementwiseUnary(mlir::MLIRContext *context);
void attachIndexing(mlir::MLIRContext *context);
void attachMatMul(mlir::MLIRContext *context);
void attachMovement(mlir::MLIRContext *context);
void attachNormalization(mlir::MLIRContext *context);
void attachPooling(mlir::MLIRContext *context);
void attachQuantize(mlir::MLIRContext *context);
void attachReduction(mlir::MLIRContext *context);
void attachResize(mlir::MLIRContext *context);
void attachScan(mlir::MLIRContext *context);
void attachScatter(mlir::MLIRContext *context);
void attachShape(mlir::MLIRContext *context);

} // namespace pith::reference

#endif // PITH_LIB_REFERENCE_MODELS_H
