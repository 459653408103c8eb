//===- SpacedRows.cpp - Rows that do not share cache lines ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpacedRows.h"

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

using namespace mlir;
using namespace pith;

/// Equal low bits of addresses mean the same place.
static constexpr int64_t kPlaceBytes = 4096, kLineBytes = 64;

int64_t pith::getSpacedStride(int64_t reduction) {
  return reduction * 4 % kPlaceBytes == 0 ? reduction + kLineBytes / 4 : reduction;
}

bool pith::needsSpacedRows(int64_t reduction, Type type, std::optional<int64_t> count) {
  constexpr int64_t kFew = 3;
  int64_t bytes = type.getIntOrFloatBitWidth() / 8;
  return reduction > 0 && reduction * bytes % kPlaceBytes == 0 && (!count || *count >= kFew);
}

FailureOr<int64_t> pith::emitSpacedRows(KernelEmitter &kernel, Value lhs, AffineExpr count,
                                        int64_t reduction) {
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
