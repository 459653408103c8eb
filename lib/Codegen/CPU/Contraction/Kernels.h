//===- Kernels.h - The generators of contraction kernels --------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_CPU_CONTRACTION_KERNELS_H
#define PITH_LIB_CODEGEN_CPU_CONTRACTION_KERNELS_H

#include "RowSpace.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

namespace pith {

/// Contiguous rows times a weight: `[rows, reduction] · weight`.
struct RowProduct {
  mlir::Value lhs;
  mlir::Value weight;
  mlir::Value bias; ///< one element per output, or null
  /// Leading axes of the root's result that are rows; the outputs follow,
  /// unless `hasOutputAxis` is false.
  size_t rowAxes = 0;
  bool hasOutputAxis = true;
  int64_t outputs = 0, reduction = 0;
  bool transposed = false; ///< the weight is a dense `[reduction, outputs]`
};

/// Float kernel of a product with a constant or compressed weight.
mlir::LogicalResult emitRowProduct(KernelEmitter &kernel, const RowProduct &product);

/// If the weight stores few of its elements and there are many rows, emits a kernel that
/// multiplies these alone, and returns whether it did; fails with a diagnostic.
mlir::FailureOr<bool> emitSparseProduct(KernelEmitter &kernel,
                                        const RowProduct &product);
/// The same for any number of rows, with lanes for outputs; the weight's stored elements
/// may be codes (SlidingProduct.cpp).
mlir::FailureOr<bool> emitSlidingProduct(KernelEmitter &kernel,
                                         const RowProduct &product);

/// If the weight's values are rows of a table, which are multiplied with fewer operations
/// than all values, emits a kernel that looks the products up, and returns whether it did
/// (TableProduct.cpp); fails with a diagnostic.
mlir::FailureOr<bool> emitTableProduct(KernelEmitter &kernel, const RowProduct &product);

/// If both sides are integer codes with scales, emits the integer kernel and
/// returns whether it did; fails with a diagnostic.
mlir::FailureOr<bool> emitIntegerProduct(KernelEmitter &kernel,
                                         const RowProduct &product);

/// Product of two activations (or anything without a kernel of its own).
mlir::LogicalResult emitGeneralProduct(KernelEmitter &kernel, MatMulOp op);

/// Any operand types and layouts, one element at a time.
mlir::LogicalResult emitPlainProduct(KernelEmitter &kernel, MatMulOp op);
mlir::LogicalResult emitPlainConv(KernelEmitter &kernel, ConvOp op);
mlir::LogicalResult emitPlainConvTranspose(KernelEmitter &kernel, ConvTransposeOp op);

/// Float transposed convolutions; others by the plain kernel.
mlir::LogicalResult emitConvTranspose(KernelEmitter &kernel, ConvTransposeOp op);

/// Convolutions of channels-last inputs.
mlir::LogicalResult emitConv(KernelEmitter &kernel, ConvOp op);
mlir::LogicalResult emitDepthwiseConv(KernelEmitter &kernel, ConvOp op);

mlir::LogicalResult emitDynamicQuantize(KernelEmitter &kernel, DynamicQuantizeOp op);

/// Codes with scales, as float values row by row in a scratch buffer (a task of
/// its own): for kernels that need the values of a quantized activation.
/// Returns the buffer's number.
mlir::FailureOr<int64_t> emitDequantizedRows(KernelEmitter &kernel, mlir::Value value);

} // namespace pith

#endif // PITH_LIB_CODEGEN_CPU_CONTRACTION_KERNELS_H
