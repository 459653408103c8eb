//===- PaddedCodes.cpp - Codes of an input with its padding ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PaddedCodes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

Value PaddedCodes::emitZero(KernelEmitter &kernel, OpBuilder &builder) const {
  TileCode code(builder, kernel.getLoc());
  int64_t shift = flips() ? (wantsUnsigned ? 128 : -128) : 0;
  Value shifted = code.constant(builder.getI32Type(), double(shift));
  if (!rows.zeroPoint)
    return shifted;
  Type type = cast<RankedTensorType>(rows.zeroPoint.getType()).getElementType();
  Value none = kernel.constantIndex(0);
  Value stored = code.toInt(rows.zeroAt(kernel, builder, none, none),
                            type.isUnsignedInteger());
  return arith::AddIOp::create(builder, code.loc, stored, shifted);
}

namespace {
/// Writes lines along the last spatial axis.
class LineWriter {
public:
  LineWriter(KernelEmitter &kernel, const PaddedCodes &codes, OpBuilder &builder,
             int64_t scratch)
      : kernel(kernel), loc(kernel.getLoc()), g(codes.geometry), codes(codes),
        from(kernel.argument(codes.rows.codeArgument()).memref),
        to(kernel.scratch(scratch, builder.getI8Type()).memref),
        lanes(kernel.getLanes(8)), pixel(codes.groupPixel * g.group) {
    Value zero = codes.emitZero(kernel, builder);
    zeroByte = arith::TruncIOp::create(builder, loc, builder.getI8Type(), zero);
  }

  /// Zero points into bytes [start, end).
  void fill(OpBuilder &b, Value start, Value end) {
    inSteps(b, start, end, [&](OpBuilder &inner, Value at, int64_t step) {
      TileCode code(inner, loc);
      code.store(step == 1 ? zeroByte : code.splat(zeroByte, step), to, at);
    });
  }

  /// Line number `source` of the input to byte `start`.
  void copy(OpBuilder &b, Value source, Value start) {
    TileCode code(b, loc);
    Value width = kernel.size(g.input.back());
    Value first = code.mul(code.mul(source, width), g.channels);
    if (codes.groupPixel == g.groupChannels) {
      Value end = code.add(start, code.mul(width, pixel));
      inSteps(b, start, end, [&](OpBuilder &inner, Value at, int64_t step) {
        TileCode c(inner, loc);
        move(c, c.add(first, c.sub(at, start)), at, step);
      });
      return;
    }
    // A pixel's bytes beyond its channels are the next one's: they do no harm, but
    // behind the last pixel there may be nothing.
    Value last = code.max(code.sub(width, code.index(1)), code.index(0));
    KernelEmitter::loop(b, loc, kernel.constantIndex(0), last, 1,
                        [&](OpBuilder &inner, Value x) {
                          movePixel(inner, first, start, x, /*isLast=*/false);
                        });
    KernelEmitter::loop(b, loc, last, width, 1, [&](OpBuilder &inner, Value x) {
      movePixel(inner, first, start, x, /*isLast=*/true);
    });
  }

private:
  void inSteps(OpBuilder &b, Value start, Value end,
               function_ref<void(OpBuilder &, Value at, int64_t step)> body) {
    TileCode code(b, loc);
    for (int64_t step = lanes; step > 0; step = step > 16 ? 16 : step > 1 ? 1 : 0) {
      Value middle =
          step == 1 ? end : code.sub(end, code.rem(code.sub(end, start), step));
      KernelEmitter::loop(b, loc, start, middle, step,
                          [&](OpBuilder &inner, Value at) { body(inner, at, step); });
      start = middle;
    }
  }

  void move(TileCode &code, Value source, Value target, int64_t bytes) {
    Value x = bytes == 1 ? code.loadScalar(from, source)
                         : code.load(from, source, bytes);
    if (codes.flips())
      x = arith::XOrIOp::create(code.b, loc, x, code.constant(x.getType(), -128));
    code.store(x, to, target);
  }

  void movePixel(OpBuilder &b, Value first, Value start, Value x, bool isLast) {
    TileCode code(b, loc);
    int64_t count = g.groupChannels;
    Value source = code.add(first, code.mul(x, g.channels));
    Value target = code.add(start, code.mul(x, pixel));
    for (int64_t group = 0; group < g.group; ++group)
      for (int64_t at = 0; at < count; at += 4) {
        bool isExact = isLast && group + 1 == g.group && at + 4 > count;
        int64_t bytes = isExact ? count - at : 4;
        for (int64_t i = 0; i < bytes; i += isExact ? 1 : 4)
          move(code, code.add(source, group * count + at + i),
               code.add(target, group * codes.groupPixel + at + i), isExact ? 1 : 4);
      }
  }

  KernelEmitter &kernel;
  Location loc;
  const ConvGeometry &g;
  const PaddedCodes &codes;
  Value from, to, zeroByte;
  int64_t lanes, pixel;
};
} // namespace

int64_t PaddedCodes::emitCopy(KernelEmitter &kernel) const {
  Location loc = kernel.getLoc();
  MLIRContext *context = kernel.getContext();
  const ConvGeometry &g = geometry;
  int64_t pixel = groupPixel * g.group;
  SmallVector<AffineExpr> padded = g.paddedInput();
  SmallVector<AffineExpr> all{g.batch};
  all.append(padded);
  int64_t number = kernel.addScratch(product(context, all) * pixel + 64);
  // One job writes one line.
  SmallVector<AffineExpr> lines(ArrayRef(all).drop_back());
  AffineExpr rowLength = padded.back() * pixel;
  (void)kernel.addTask(
      product(context, lines), rowLength.floorDiv(32) + 4,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        LineWriter writer(kernel, *this, builder, number);
        Value length = kernel.size(rowLength);
        Value inner = kernel.size(g.input.back() * pixel);
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          TileCode code(b, loc);
          SmallVector<Value> at = kernel.delinearize(b, job, lines);
          Value line = code.mul(job, length);
          // The line of the input, if it is inside.
          Value inside, source = at[0];
          for (size_t axis = 0; axis + 1 < g.axes; ++axis) {
            Value y = code.sub(at[axis + 1], code.index(g.padsLow[axis]));
            if (g.padsLow[axis] || g.padsHigh[axis]) {
              Value good = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, y,
                                                 kernel.size(g.input[axis]));
              inside = inside ? arith::AndIOp::create(b, loc, inside, good).getResult()
                              : good;
            }
            source = code.add(code.mul(source, kernel.size(g.input[axis])), y);
          }
          auto copyLine = [&](OpBuilder &i) {
            TileCode c(i, loc);
            Value left = c.add(line, g.padsLow.back() * pixel);
            Value right = c.add(left, inner);
            if (g.padsLow.back())
              writer.fill(i, line, left);
            writer.copy(i, source, left);
            if (g.padsHigh.back())
              writer.fill(i, right, c.add(line, length));
          };
          if (!inside)
            return copyLine(b);
          auto choice = scf::IfOp::create(b, loc, TypeRange{}, inside, true);
          OpBuilder then(choice.getThenRegion().front().getTerminator());
          copyLine(then);
          OpBuilder other(choice.getElseRegion().front().getTerminator());
          writer.fill(other, line, TileCode(other, loc).add(line, length));
        });
        return success();
      });
  return number;
}
