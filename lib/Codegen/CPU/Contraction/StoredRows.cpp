//===- StoredRows.cpp - Where a product's kernel reads its rows -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StoredRows.h"

#include "Kernels.h"

using namespace mlir;
using namespace pith;

/// Equal low bits of addresses mean the same place.
static constexpr int64_t kPlaceBytes = 4096, kLineBytes = 64;

/// Elements between rows of `reduction` f32 that do not compete.
static int64_t getSpacedStride(int64_t reduction) {
  return reduction * 4 % kPlaceBytes == 0 ? reduction + kLineBytes / 4 : reduction;
}

/// Whether `count` rows (nothing: any number) would compete.
static bool compete(int64_t reduction, Type type, std::optional<int64_t> count) {
  constexpr int64_t kFew = 3;
  int64_t bytes = type.getIntOrFloatBitWidth() / 8;
  return reduction > 0 && reduction * bytes % kPlaceBytes == 0 && (!count || *count >= kFew);
}

/// Adds a task that copies rows as f32 to a buffer, at the stride of `getSpacedStride`.
static FailureOr<int64_t> emitSpacedRows(KernelEmitter &kernel, Value lhs,
                                         AffineExpr count, int64_t reduction) {
  int64_t stride = getSpacedStride(reduction), lanes = kernel.getLanes();
  int64_t number = kernel.addScratch(count * (stride * 4));
  auto done = kernel.addTask(
      count, getAffineConstantExpr(1 + reduction / (4 * lanes), kernel.getContext()),
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        Location loc = kernel.getLoc();
        Value from = kernel.argument(cast<BlockArgument>(lhs).getArgNumber()).memref;
        Value to = kernel.scratch(number, builder.getF32Type()).memref;
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value row) {
          TileCode code(b, loc);
          Value source = code.mul(row, reduction), target = code.mul(row, stride);
          // Such rows are whole vectors.
          KernelEmitter::loop(b, loc, kernel.constantIndex(0),
                              kernel.constantIndex(reduction), lanes,
                              [&](OpBuilder &inner, Value k) {
                                TileCode own(inner, loc);
                                Value x = own.load(from, own.add(source, k), lanes);
                                own.store(own.toFloat(x), to, own.add(target, k));
                              });
        });
        return success();
      });
  if (failed(done))
    return failure();
  return number;
}

FailureOr<StoredRows> StoredRows::get(KernelEmitter &kernel, Value lhs,
                                      const RowSpace &rows, int64_t reduction,
                                      bool loadsLines) {
  StoredRows stored;
  stored.lhs = lhs;
  stored.stride = reduction;
  FailureOr<int64_t> made = -1;
  if (!isa<BlockArgument>(lhs)) {
    made = emitDequantizedRows(kernel, lhs);
  } else if (loadsLines && compete(reduction, getElementTypeOrSelf(lhs.getType()),
                                   rows.getConstantCount())) {
    made = emitSpacedRows(kernel, lhs, rows.getCount(), reduction);
    stored.stride = getSpacedStride(reduction);
  }
  if (failed(made))
    return failure();
  stored.scratch = *made;
  return stored;
}

KernelBuffer StoredRows::getBuffer(KernelEmitter &kernel) const {
  if (scratch >= 0)
    return kernel.scratch(scratch, Float32Type::get(kernel.getContext()));
  return kernel.argument(cast<BlockArgument>(lhs).getArgNumber());
}
