//===- ConvGeometry.cpp - Sizes of a convolution, and its padding ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvGeometry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pith;

FailureOr<ConvGeometry> ConvGeometry::get(KernelEmitter &kernel, ConvOp op) {
  ConvGeometry g;
  g.op = op;
  auto weight = cast<RankedTensorType>(op.getWeight().getType());
  if (op.getLayout() != Layout::ChannelsLast || !weight.hasStaticShape())
    return failure();
  g.axes = weight.getRank() - 2;
  g.outputs = weight.getDimSize(0);
  g.groupChannels = weight.getShape().back();
  g.group = op.getGroup();
  g.channels = g.groupChannels * g.group;
  g.kernel.assign(weight.getShape().begin() + 1, weight.getShape().end() - 1);
  g.strides.assign(op.getStrides().begin(), op.getStrides().end());
  g.dilations.assign(op.getDilations().begin(), op.getDilations().end());
  g.padsLow.assign(op.getPadsLow().begin(), op.getPadsLow().end());
  g.padsHigh.assign(op.getPadsHigh().begin(), op.getPadsHigh().end());
  SmallVector<AffineExpr> in(kernel.dims(op.getInput()));
  SmallVector<AffineExpr> out(kernel.dims(op.getResult()));
  g.batch = in.front();
  g.input.assign(in.begin() + 1, in.end() - 1);
  g.output.assign(out.begin() + 1, out.end() - 1);
  // Negative pads cut the input: the plain kernel does that.
  for (size_t axis = 0; axis < g.axes; ++axis)
    if (g.padsLow[axis] < 0 || g.padsHigh[axis] < 0)
      return failure();
  return g;
}

bool ConvGeometry::isPadded() const {
  for (size_t axis = 0; axis < axes; ++axis)
    if (padsLow[axis] || padsHigh[axis])
      return true;
  return false;
}

bool ConvGeometry::isPointwise() const {
  for (size_t axis = 0; axis < axes; ++axis)
    if (kernel[axis] != 1 || strides[axis] != 1)
      return false;
  return !isPadded() && group == 1;
}

SmallVector<AffineExpr> ConvGeometry::paddedInput() const {
  SmallVector<AffineExpr> sizes;
  for (size_t axis = 0; axis < axes; ++axis)
    sizes.push_back(input[axis] + padsLow[axis] + padsHigh[axis]);
  return sizes;
}

int64_t pith::emitPaddedInput(KernelEmitter &kernel, const ConvGeometry &g,
                              std::optional<int64_t> source) {
  Location loc = kernel.getLoc();
  MLIRContext *context = kernel.getContext();
  SmallVector<AffineExpr> padded = g.paddedInput();
  Value tensor = ConvOp(g.op).getInput();
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  if (source)
    element = Float32Type::get(context);
  int64_t bytes = getStorageBits(element) / 8;
  SmallVector<AffineExpr> all{g.batch};
  all.append(padded);
  int64_t number =
      kernel.addScratch(product(context, all) * (g.channels * bytes) + 64);
  // One job writes one line along the last spatial axis.
  SmallVector<AffineExpr> lines(ArrayRef(all).drop_back());
  SmallVector<AffineExpr> sourceLines{g.batch};
  sourceLines.append(g.input.begin(), g.input.end() - 1);
  AffineExpr rowLength = padded.back() * g.channels;
  AffineExpr cost = rowLength.floorDiv(16) + 4;
  int64_t lanes = kernel.getLanes(bytes * 8);
  (void)kernel.addTask(
      product(context, lines), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        KernelBuffer from =
            source ? kernel.scratch(*source, element)
                   : kernel.argument(cast<BlockArgument>(tensor).getArgNumber());
        KernelBuffer to = kernel.scratch(number, element);
        Value length = kernel.size(rowLength);
        Value inner = kernel.size(g.input.back() * g.channels);
        Value zero = kernel.constantIndex(0);
        // Emits zeros, or a copy from `source`, into [start, end) of a line.
        auto write = [&](OpBuilder &b, Value line, Value start, Value end,
                         Value source) {
          TileCode code(b, loc);
          Value middle = code.sub(end, code.rem(code.sub(end, start), lanes));
          auto part = [&](Value first, Value last, int64_t step) {
            KernelEmitter::loop(b, loc, first, last, step, [&](OpBuilder &i, Value at) {
              TileCode c(i, loc);
              Value x;
              auto type = VectorType::get({step}, element);
              if (!source)
                x = c.constant(step == 1 ? element : Type(type), 0);
              else if (step == 1)
                x = c.loadScalar(from.memref, c.add(source, c.sub(at, start)));
              else
                x = c.load(from.memref, c.add(source, c.sub(at, start)), step);
              c.store(x, to.memref, c.add(line, at));
            });
          };
          if (lanes > 1)
            part(start, middle, lanes);
          part(lanes > 1 ? middle : start, end, 1);
        };
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          TileCode code(b, loc);
          SmallVector<Value> at = kernel.delinearize(b, job, lines);
          Value line = code.mul(job, length);
          // The line of the input, if it is inside.
          Value inside, source = at[0];
          for (size_t axis = 0; axis + 1 < g.axes; ++axis) {
            Value y = code.sub(at[axis + 1], code.index(g.padsLow[axis]));
            Value good = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, y,
                                               kernel.size(g.input[axis]));
            inside = inside ? arith::AndIOp::create(b, loc, inside, good).getResult()
                            : good;
            source = code.add(code.mul(source, kernel.size(g.input[axis])), y);
          }
          source = code.mul(source, inner);
          auto copyLine = [&](OpBuilder &i) {
            TileCode c(i, loc);
            Value left = c.index(g.padsLow.back() * g.channels);
            Value right = c.add(left, inner);
            if (g.padsLow.back())
              write(i, line, zero, left, {});
            write(i, line, left, right, source);
            if (g.padsHigh.back())
              write(i, line, right, length, {});
          };
          if (!inside) {
            copyLine(b);
            return;
          }
          auto choice = scf::IfOp::create(b, loc, TypeRange{}, inside, true);
          OpBuilder then(choice.getThenRegion().front().getTerminator());
          copyLine(then);
          OpBuilder other(choice.getElseRegion().front().getTerminator());
          write(other, line, zero, length, {});
        });
        return success();
      });
  return number;
}
