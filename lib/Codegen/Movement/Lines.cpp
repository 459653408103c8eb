//===- Lines.cpp - Kernels that put lines together ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops whose result lines (along the last axis) consist of a few runs, in each of
// which the operand's elements lie side by side: concat, pad, tile and depth to
// space along the last axis. A job is a line; each run is a loop over vectors.
// Which run an element belongs to is never asked for a single element.
//
//===----------------------------------------------------------------------===//

#include "Lines.h"

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pith;

namespace {

class LineKernel {
public:
  explicit LineKernel(KernelEmitter &kernel)
      : kernel(kernel), loc(kernel.getLoc()), result(kernel.getRoot()->getResult(0)),
        sizes(kernel.dims(result)),
        element(cast<RankedTensorType>(result.getType()).getElementType()) {}

  /// Makes the task; `body` emits all runs of one line.
  LogicalResult emit(function_ref<void(OpBuilder &, ArrayRef<Value> outer)> body);
  /// Elements [from, from + length · stride) of the line at `outer`; `value` gives
  /// those for positions of the run.
  void run(OpBuilder &b, ArrayRef<Value> outer, Value from, Value length, int64_t stride,
           function_ref<Value(ElementEmitter &, LaneIndex)> value);

  KernelEmitter &kernel;
  Location loc;
  Value result;
  SmallVector<AffineExpr> sizes;
  Type element;
  bool good = true;
};

} // namespace

LogicalResult
LineKernel::emit(function_ref<void(OpBuilder &, ArrayRef<Value>)> body) {
  SmallVector<AffineExpr> space(ArrayRef(sizes).drop_back());
  MLIRContext *context = kernel.getContext();
  LogicalResult made = kernel.addTask(
      product(context, space), sizes.back().floorDiv(8) + 5,
      [&](OpBuilder &builder, Value lo, Value hi) {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          body(b, kernel.delinearize(b, job, space));
        });
        return success();
      });
  if (succeeded(made) && !good)
    return kernel.getRoot()->emitError("operand cannot be computed element by element");
  return made;
}

void LineKernel::run(OpBuilder &b, ArrayRef<Value> outer, Value from, Value length,
                     int64_t stride,
                     function_ref<Value(ElementEmitter &, LaneIndex)> value) {
  int64_t lanes = kernel.getLanes();
  TileCode code(b, loc);
  auto piece = [&](Value first, Value last, int64_t width) {
    KernelEmitter::loop(b, loc, first, last, width, [&](OpBuilder &in, Value i) {
      ElementEmitter e(kernel, in, width);
      Value x = value(e, {i, width > 1 ? 1 : 0});
      if (!x) {
        good = false;
        return;
      }
      SmallVector<LaneIndex> position;
      for (Value index : outer)
        position.push_back({index, 0});
      position.push_back({e.add(from, e.mul(i, e.constantIndex(stride))),
                          width > 1 ? stride : 0});
      kernel.store(e, position, e.splat(x));
    });
  };
  Value zero = kernel.constantIndex(0), middle = zero;
  APInt fixed;
  bool isShort = matchPattern(length, m_ConstantInt(&fixed)) && fixed.slt(lanes);
  if (lanes > 1 && !isShort) {
    middle = code.sub(length, code.rem(length, lanes));
    piece(zero, middle, lanes);
  }
  piece(middle, length, 1);
}

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

static SmallVector<LaneIndex> at(ArrayRef<Value> outer, LaneIndex last) {
  SmallVector<LaneIndex> position;
  for (Value index : outer)
    position.push_back({index, 0});
  position.push_back(last);
  return position;
}

static LogicalResult emit(ConcatOp op, LineKernel &lines) {
  return lines.emit([&](OpBuilder &b, ArrayRef<Value> outer) {
    TileCode code(b, lines.loc);
    Value from = lines.kernel.constantIndex(0);
    for (Value input : op.getInputs()) {
      Value length = lines.kernel.size(lines.kernel.dims(input).back());
      lines.run(b, outer, from, length, 1, [&](ElementEmitter &e, LaneIndex i) {
        return e.at(input, at(outer, i));
      });
      from = code.add(from, length);
    }
  });
}

namespace {
/// A pad, seen from one line.
struct PadLine {
  PadOp op;
  LineKernel &lines;
  SmallVector<AffineExpr> input, low, high;

  Value fill(ElementEmitter &e) {
    if (op.getValue()) {
      SmallVector<LaneIndex> scalar(
          cast<RankedTensorType>(op.getValue().getType()).getRank(),
          {e.constantIndex(0), 0});
      return e.at(op.getValue(), scalar);
    }
    return arith::ConstantOp::create(
        e.getBuilder(), lines.loc,
        cast<TypedAttr>(e.getBuilder().getZeroAttr(e.laneType(lines.element))));
  }
  /// Input index of a padded one in the modes that repeat elements.
  Value mirrored(OpBuilder &b, Value i, Value extent) {
    TileCode code(b, lines.loc);
    Value zero = code.index(0);
    if (op.getMode() == PadMode::Edge)
      return code.max(zero, code.min(i, code.sub(extent, code.index(1))));
    auto is = [&](arith::CmpIPredicate p, Value x, Value y) {
      return arith::CmpIOp::create(b, lines.loc, p, x, y);
    };
    auto select = [&](Value c, Value x, Value y) {
      return arith::SelectOp::create(b, lines.loc, c, x, y);
    };
    Value below = is(arith::CmpIPredicate::slt, i, zero);
    Value above = is(arith::CmpIPredicate::sge, i, extent);
    Value left, right;
    if (op.getMode() == PadMode::Wrap) {
      left = code.add(i, extent);
      right = code.sub(i, extent);
    } else {
      left = code.sub(zero, i);
      right = code.sub(code.mul(code.sub(extent, code.index(1)), 2), i);
    }
    return select(below, left, select(above, right, i));
  }
  void emit(OpBuilder &b, ArrayRef<Value> outer);
  void emitInside(OpBuilder &b, ArrayRef<Value> outer, ArrayRef<Value> source);
};
} // namespace

/// A line that is (in part) inside the input; `source` is where it comes from.
void PadLine::emitInside(OpBuilder &b, ArrayRef<Value> outer, ArrayRef<Value> source) {
  KernelEmitter &kernel = lines.kernel;
  TileCode code(b, lines.loc);
  Value left = kernel.size(low.back()), extent = kernel.size(input.back());
  Value length = kernel.size(lines.sizes.back()), zero = kernel.constantIndex(0);
  // Negative pads take elements away: the middle run starts and ends inside.
  Value first = code.max(left, zero);
  Value last = code.max(first, code.min(code.add(left, extent), length));
  auto edge = [&](OpBuilder &at1, Value from, Value to) {
    lines.run(at1, outer, from, TileCode(at1, lines.loc).sub(to, from), 1,
              [&](ElementEmitter &e, LaneIndex i) -> Value {
                if (op.getMode() == PadMode::Constant)
                  return fill(e);
                SmallVector<Value> elements;
                for (int64_t lane = 0; lane < e.lanes(); ++lane) {
                  ElementEmitter single(kernel, e.getBuilder(), 1);
                  Value index = e.add(e.add(i.base, from), e.constantIndex(lane));
                  index = mirrored(e.getBuilder(), e.sub(index, left), extent);
                  elements.push_back(single.at(op.getInput(), at(source, {index, 0})));
                  if (!elements.back())
                    return {};
                }
                if (e.lanes() == 1)
                  return elements.front();
                return vector::FromElementsOp::create(e.getBuilder(), lines.loc,
                                                      e.laneType(lines.element), elements);
              });
  };
  if (getConstant(low.back()).value_or(1) > 0)
    edge(b, zero, code.min(first, length));
  lines.run(b, outer, first, code.sub(last, first), 1,
            [&](ElementEmitter &e, LaneIndex i) {
              Value index = e.sub(e.add(i.base, first), left);
              return e.at(op.getInput(), at(source, {index, i.stride}));
            });
  if (getConstant(high.back()).value_or(1) > 0)
    edge(b, last, length);
}

void PadLine::emit(OpBuilder &b, ArrayRef<Value> outer) {
  KernelEmitter &kernel = lines.kernel;
  TileCode code(b, lines.loc);
  SmallVector<Value> source;
  Value inside;
  for (auto [axis, index] : llvm::enumerate(outer)) {
    if (getConstant(low[axis]) == 0 && getConstant(high[axis]) == 0) {
      source.push_back(index);
      continue;
    }
    Value extent = kernel.size(input[axis]);
    Value i = code.sub(index, kernel.size(low[axis]));
    if (op.getMode() != PadMode::Constant) {
      source.push_back(mirrored(b, i, extent));
      continue;
    }
    Value good =
        arith::CmpIOp::create(b, lines.loc, arith::CmpIPredicate::ult, i, extent);
    inside = inside ? arith::AndIOp::create(b, lines.loc, inside, good).getResult() : good;
    source.push_back(i);
  }
  if (!inside)
    return emitInside(b, outer, source);
  auto choice = scf::IfOp::create(b, lines.loc, TypeRange{}, inside, true);
  OpBuilder then(choice.getThenRegion().front().getTerminator());
  emitInside(then, outer, source);
  OpBuilder other(choice.getElseRegion().front().getTerminator());
  lines.run(other, outer, kernel.constantIndex(0), kernel.size(lines.sizes.back()), 1,
            [&](ElementEmitter &e, LaneIndex) { return fill(e); });
}

static LogicalResult emit(PadOp op, LineKernel &lines) {
  auto &shapes = lines.kernel.getShapes();
  auto low = shapes.getContents(op.getLow()), high = shapes.getContents(op.getHigh());
  if (!low || !high)
    return op.emitError("expected pads that are known before the kernel runs");
  PadLine line{op, lines, SmallVector<AffineExpr>(lines.kernel.dims(op.getInput())),
               SmallVector<AffineExpr>(*low), SmallVector<AffineExpr>(*high)};
  return lines.emit(
      [&](OpBuilder &b, ArrayRef<Value> outer) { line.emit(b, outer); });
}

static LogicalResult emit(TileOp op, LineKernel &lines) {
  SmallVector<AffineExpr> input(lines.kernel.dims(op.getInput()));
  return lines.emit([&](OpBuilder &b, ArrayRef<Value> outer) {
    KernelEmitter &kernel = lines.kernel;
    SmallVector<Value> source;
    for (auto [axis, index] : llvm::enumerate(outer)) {
      bool same = input[axis] == lines.sizes[axis];
      source.push_back(same ? index
                            : arith::RemUIOp::create(b, lines.loc, index,
                                                     kernel.size(input[axis]))
                                  .getResult());
    }
    Value length = kernel.size(input.back());
    // A loop over copies; an empty line has none.
    Value step = TileCode(b, lines.loc).max(length, kernel.constantIndex(1));
    auto copies = scf::ForOp::create(b, lines.loc, kernel.constantIndex(0),
                                     kernel.size(lines.sizes.back()), step);
    OpBuilder inner(copies.getBody()->getTerminator());
    lines.run(inner, outer, copies.getInductionVar(), length, 1,
              [&](ElementEmitter &e, LaneIndex i) {
                return e.at(op.getInput(), at(source, i));
              });
  });
}

/// Result columns `x · block + j` of a line come from one channel each.
static LogicalResult emit(DepthToSpaceOp op, LineKernel &lines) {
  int64_t block = op.getBlock();
  SmallVector<AffineExpr> input(lines.kernel.dims(op.getInput()));
  return lines.emit([&](OpBuilder &b, ArrayRef<Value> outer) {
    KernelEmitter &kernel = lines.kernel;
    TileCode code(b, lines.loc);
    Value row = code.rem(outer[2], block), line = code.div(outer[2], block);
    for (int64_t column = 0; column < block; ++column) {
      Value channel;
      if (op.getColumnRowDepth()) {
        channel = code.add(code.mul(outer[1], block), row);
        channel = code.add(code.mul(channel, block), column);
      } else {
        channel = code.add(code.mul(row, block), column);
        channel = code.add(code.mul(channel, kernel.size(lines.sizes[1])), outer[1]);
      }
      lines.run(b, outer, kernel.constantIndex(column), kernel.size(input.back()), block,
                [&](ElementEmitter &e, LaneIndex i) {
                  return e.at(op.getInput(), at({outer[0], channel, line}, i));
                });
    }
  });
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

LogicalResult pith::emitLines(Operation *op, KernelEmitter &kernel) {
  LineKernel lines(kernel);
  if (auto concat = dyn_cast<ConcatOp>(op))
    return emit(concat, lines);
  if (auto pad = dyn_cast<PadOp>(op))
    return emit(pad, lines);
  if (auto tile = dyn_cast<TileOp>(op))
    return emit(tile, lines);
  return emit(cast<DepthToSpaceOp>(op), lines);
}
