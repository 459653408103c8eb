//===- Accumulate.h - Loops that carry accumulators -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_REDUCTION_ACCUMULATE_H
#define PITH_LIB_CODEGEN_REDUCTION_ACCUMULATE_H

#include "pith/Codegen/CPU/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace pith {

/// How elements are combined: an associative operation and its neutral element.
struct Combiner {
  /// Neutral element of a float or integer type (the tensor's, for signedness).
  std::function<mlir::TypedAttr(mlir::Builder &, mlir::Type)> neutral;
  /// Combines two scalars or two vectors.
  std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::Value,
                            mlir::Value)>
      combine;
};

Combiner sumCombiner();
Combiner productCombiner();
/// The larger (or smaller) one; NaN if there is one, where `keepNan`.
Combiner extremeCombiner(bool larger, bool isUnsigned, bool keepNan);

/// The type sums of `element` are formed in: f32 for half precision.
mlir::Type accumulatorType(mlir::Type element);
/// f16 and bf16 as f32; unsigned integers as signless ones.
mlir::Value widen(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// The accumulator rounded to the element type.
mlir::Value narrow(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                   mlir::Type element);

/// `neutral` as a scalar or a vector of `lanes`.
mlir::Value neutralValue(mlir::OpBuilder &b, mlir::Location loc,
                         const Combiner &combiner, mlir::Type type, int64_t lanes);

/// All lanes of a vector (of a power of two) combined, by shuffles.
mlir::Value combineLanes(mlir::OpBuilder &b, mlir::Location loc,
                         const Combiner &combiner, mlir::Value vector);

/// A loop from lo to hi with loop-carried values.
llvm::SmallVector<mlir::Value>
carriedLoop(mlir::OpBuilder &b, mlir::Location loc, mlir::Value lo,
            mlir::Value hi, int64_t step, mlir::ValueRange init,
            llvm::function_ref<llvm::SmallVector<mlir::Value>(
                mlir::OpBuilder &, mlir::Value, mlir::ValueRange)>
                body);

/// Combines `element(emitter, index)` over the whole range of `axes` sizes, the
/// last of which runs along lanes: one scalar of `type`. `element` gets one index
/// per axis and returns a scalar or vector of `type`.
mlir::Value reduceAxes(
    KernelEmitter &kernel, mlir::OpBuilder &b, llvm::ArrayRef<mlir::AffineExpr> axes,
    const Combiner &combiner, mlir::Type type,
    llvm::function_ref<mlir::Value(ElementEmitter &, llvm::ArrayRef<LaneIndex>)>
        element);

/// Runs `body(emitter, index)` over the whole range, the last axis along lanes.
void forAxes(KernelEmitter &kernel, mlir::OpBuilder &b,
             llvm::ArrayRef<mlir::AffineExpr> axes,
             llvm::function_ref<void(ElementEmitter &, llvm::ArrayRef<LaneIndex>)>
                 body);

/// Lanes to use along an axis of this size.
int64_t lanesFor(KernelEmitter &kernel, mlir::AffineExpr extent);

/// An estimate of nanoseconds for handling `elements` elements with lanes.
mlir::AffineExpr costOf(mlir::MLIRContext *context,
                        llvm::ArrayRef<mlir::AffineExpr> axes, int64_t perVector,
                        int64_t lanes);

} // namespace pith

#endif // PITH_LIB_CODEGEN_REDUCTION_ACCUMULATE_H
