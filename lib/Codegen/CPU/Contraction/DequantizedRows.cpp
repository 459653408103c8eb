//===- DequantizedRows.cpp - Quantized activations ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Activations that are codes with scales, and the task that writes their values
// for kernels that cannot multiply codes.
//
//===----------------------------------------------------------------------===//

#include "DequantizedRows.h"

#include "Kernels.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace pith;

std::optional<QuantizedRows> QuantizedRows::get(Value value) {
  auto op = value.getDefiningOp<DequantizeOp>();
  if (!op || !isa<BlockArgument>(op.getCodes()))
    return std::nullopt;
  QuantizedRows rows;
  rows.codes = op.getCodes();
  rows.scale = op.getScale();
  rows.zeroPoint = op.getZeroPoint();
  rows.element = op.getResult().getType().getElementType();
  rows.groupSize = op.getGroupSize();
  RankedTensorType scale = op.getScale().getType();
  rows.isSingle = scale.hasStaticShape() && scale.getNumElements() == 1;
  ArrayRef<int64_t> shape = op.getCodes().getType().getShape();
  if (rows.isSingle) {
    rows.groupSize = 0;
    shape = shape.take_back(1);
  } else {
    shape = shape.drop_front(op.getAxis());
  }
  if (ShapedType::isDynamicShape(shape))
    return std::nullopt;
  rows.reduction = ShapedType::getNumElements(shape);
  if (rows.groupSize > 0)
    rows.groups = (rows.reduction + rows.groupSize - 1) / rows.groupSize;
  return rows;
}

AffineExpr QuantizedRows::rowCount(KernelEmitter &kernel) const {
  // Leading axes until the rest is one row.
  ArrayRef<AffineExpr> dims = kernel.dims(codes);
  int64_t length = 1;
  while (!dims.empty() && length < reduction) {
    length *= getConstant(dims.back()).value_or(reduction);
    dims = dims.drop_back();
  }
  while (isSingle && length == 1 && !dims.empty() && getConstant(dims.back()) == 1)
    dims = dims.drop_back();
  return product(kernel.getContext(), dims);
}

Value QuantizedRows::at(KernelEmitter &kernel, OpBuilder &builder, Value tensor,
                        Value row, Value group) const {
  TileCode code(builder, kernel.getLoc());
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (!argument) {
    // A constant inside the kernel: all elements are equal.
    ElementEmitter emitter(kernel, builder, 1);
    SmallVector<LaneIndex> first(cast<RankedTensorType>(tensor.getType()).getRank(),
                                 LaneIndex{kernel.constantIndex(0), 0});
    return emitter.at(tensor, first);
  }
  Value index = isSingle ? kernel.constantIndex(0)
                         : code.add(code.mul(row, groups), group);
  return code.loadScalar(kernel.argument(argument.getArgNumber()).memref, index);
}

Value QuantizedRows::scaleAt(KernelEmitter &kernel, OpBuilder &builder, Value row,
                             Value group) const {
  return TileCode(builder, kernel.getLoc())
      .toFloat(at(kernel, builder, scale, row, group));
}

Value QuantizedRows::zeroAt(KernelEmitter &kernel, OpBuilder &builder, Value row,
                            Value group) const {
  return at(kernel, builder, zeroPoint, row, group);
}

/// Integers of the tensor's type as f32.
static Value integersToFloat(TileCode &code, Value value, Type element) {
  bool isUnsigned = element.isUnsignedInteger();
  if (isUnsigned && element.getIntOrFloatBitWidth() == 32) {
    Type type = code.b.getF32Type();
    if (auto vector = dyn_cast<VectorType>(value.getType()))
      type = VectorType::get(vector.getShape(), type);
    return arith::UIToFPOp::create(code.b, code.loc, type, value);
  }
  return code.toFloat(code.toInt(value, isUnsigned));
}

namespace {
/// Writes the values of rows of codes.
struct RowWriter {
  KernelEmitter &kernel;
  const QuantizedRows &rows;
  KernelBuffer codes;
  Value out;

  /// Positions [from, from + length) of a row, all of one group.
  void writeGroup(OpBuilder &builder, Value row, Value from, int64_t length,
                  Value group) {
    Location loc = kernel.getLoc();
    TileCode code(builder, loc);
    Value scale = rows.scaleAt(kernel, builder, row, group), zero;
    if (rows.zeroPoint) {
      Type type = cast<RankedTensorType>(rows.zeroPoint.getType()).getElementType();
      zero = rows.zeroAt(kernel, builder, row, group);
      zero = isa<FloatType>(type) ? code.toFloat(zero)
                                  : integersToFloat(code, zero, type);
    }
    Value start = code.add(code.mul(row, rows.reduction), from);
    int64_t done = 0;
    for (int64_t lanes = kernel.getLanes(); lanes > 0; lanes /= 2) {
      int64_t whole = (length - done) / lanes * lanes;
      if (whole == 0)
        continue;
      KernelEmitter::loop(builder, loc, kernel.constantIndex(done),
                          kernel.constantIndex(done + whole), lanes,
                          [&](OpBuilder &b, Value k) {
                            writeLanes(b, TileCode(b, loc).add(start, k), lanes,
                                       scale, zero);
                          });
      done += whole;
    }
  }

  void writeLanes(OpBuilder &b, Value at, int64_t lanes, Value scale, Value zero) {
    TileCode code(b, kernel.getLoc());
    auto spread = [&](Value scalar) {
      return lanes == 1 ? scalar : code.splat(scalar, lanes);
    };
    Value raw = lanes == 1 ? code.loadScalar(codes.memref, at)
                           : code.load(codes.memref, at, lanes);
    Value x = integersToFloat(code, raw, codes.elementType);
    if (zero)
      x = arith::SubFOp::create(b, code.loc, x, spread(zero));
    x = arith::MulFOp::create(b, code.loc, x, spread(scale));
    if (rows.element.getIntOrFloatBitWidth() < 32) {
      Type narrow = rows.element;
      if (lanes > 1)
        narrow = VectorType::get({lanes}, narrow);
      x = code.toFloat(arith::TruncFOp::create(b, code.loc, narrow, x));
    }
    code.store(x, out, at);
  }
};
} // namespace

FailureOr<int64_t> pith::emitDequantizedRows(KernelEmitter &kernel, Value value) {
  auto rows = QuantizedRows::get(value);
  unsigned bits = rows ? rows->codeType().getWidth() : 0;
  if (!rows || bits < 8)
    return kernel.getRoot()->emitError(
        "expected an activation that is in memory, or pith.dequantize of codes of "
        "at least 8 bits with rows of constant length");
  AffineExpr count = rows->rowCount(kernel);
  int64_t number = kernel.addScratch(count * (rows->reduction * 4));
  int64_t cost = 1 + rows->reduction / (4 * kernel.getLanes());
  auto done = kernel.addTask(
      count, getAffineConstantExpr(cost, kernel.getContext()),
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        Location loc = kernel.getLoc();
        RowWriter writer{kernel, *rows, kernel.argument(rows->codeArgument()),
                         kernel.scratch(number, builder.getF32Type()).memref};
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value row) {
          int64_t size = rows->groupSize ? rows->groupSize : rows->reduction;
          int64_t whole = size ? rows->reduction / size : 0;
          KernelEmitter::loop(
              b, loc, kernel.constantIndex(0), kernel.constantIndex(whole), 1,
              [&](OpBuilder &inner, Value group) {
                writer.writeGroup(inner, row, TileCode(inner, loc).mul(group, size),
                                  size, group);
              });
          if (int64_t rest = size ? rows->reduction % size : 0)
            writer.writeGroup(b, row, kernel.constantIndex(whole * size), rest,
                              kernel.constantIndex(whole));
        });
        return success();
      });
  if (failed(done))
    return failure();
  return number;
}
