//===- Resize.h - Kernel of pith.resize -------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interpolation is separable: along each resized axis, an output position is a
// weighted sum of a few input positions, its *taps*. First a task per resized
// axis writes tables of taps, `[tap][output position]`; then jobs, one line along
// the last axis each, sum up. Outside the input its edge continues.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_INTERPOLATION_RESIZE_H
#define PITH_LIB_CODEGEN_INTERPOLATION_RESIZE_H

#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {

/// An axis that changes its size.
struct ResizedAxis {
  unsigned number = 0;
  mlir::AffineExpr input, output;
  std::optional<double> scale; ///< given; else the ratio of sizes
  mlir::AffineExpr taps;       ///< at most this many
  int64_t positions = -1, weights = -1; ///< scratch: i64, and f32 or f64
};

class ResizeTables {
public:
  ResizeTables(KernelEmitter &kernel, ResizeOp op, mlir::Type real);
  /// Emits the tasks that fill the tables.
  mlir::LogicalResult emit();
  llvm::ArrayRef<ResizedAxis> getAxes() const { return axes; }

private:
  void emitEntry(mlir::OpBuilder &b, const ResizedAxis &axis, mlir::Value position);
  mlir::Value coordinate(mlir::OpBuilder &b, const ResizedAxis &axis, mlir::Value x,
                         mlir::Value scale);
  mlir::Value nearest(mlir::OpBuilder &b, mlir::Value x);
  mlir::Value filter(mlir::OpBuilder &b, mlir::Value distance);
  mlir::AffineExpr countTaps(const ResizedAxis &axis);

  KernelEmitter &kernel;
  ResizeOp op;
  mlir::Location loc;
  mlir::Type real;
  llvm::SmallVector<ResizedAxis> axes;
};

void attachResizeModel(mlir::MLIRContext *context);

} // namespace pith

#endif // PITH_LIB_CODEGEN_INTERPOLATION_RESIZE_H
