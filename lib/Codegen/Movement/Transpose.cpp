//===- Transpose.cpp - Transposes by blocks in registers ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the last axis moves, lines of the input become columns of the result. A
// block of as many lines as a vector has lanes is loaded, transposed in registers,
// and stored as lines of the result:
//
//     input axis `from` (the result's last) ↓, input's last axis →
//
//===----------------------------------------------------------------------===//

#include "Transpose.h"

#include "pith/Codegen/CPU/BlockTranspose.h"
#include "pith/Codegen/CPU/Contraction/RegisterTile.h"
#include "pith/Codegen/CPU/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace pith;

/// Below this many elements a kernel of its own does not pay.
static constexpr int64_t kSmall = 256;

bool pith::isBlockTranspose(TransposeOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  ArrayRef<int64_t> permutation = op.getPermutation();
  int64_t last = type.getRank() - 1;
  if (last < 1 || permutation[last] == last ||
      (type.hasStaticShape() && type.getNumElements() < kSmall))
    return false;
  // A short side leaves most of a block empty.
  auto isLong = [&](int64_t axis) {
    return type.isDynamicDim(axis) || type.getDimSize(axis) >= 4;
  };
  return isLong(last) && isLong(permutation[last]);
}

namespace {
class TransposeKernel {
public:
  TransposeKernel(KernelEmitter &kernel, TransposeOp op)
      : kernel(kernel), op(op), loc(kernel.getLoc()),
        input(kernel.dims(op.getInput())), permutation(op.getPermutation()) {
    mergeAxes();
    last = input.size() - 1;
    from = permutation[last];
    Type element = cast<RankedTensorType>(op.getInput().getType()).getElementType();
    lanes = std::min<int64_t>(16, kernel.getLanes(getStorageBits(element)));
    // A short side: smaller blocks.
    for (AffineExpr side : {input[last], input[from]})
      if (auto extent = getConstant(side))
        while (lanes > 4 && *extent < lanes)
          lanes /= 2;
  }
  LogicalResult emit();

private:
  void mergeAxes();
  void emitBlock(OpBuilder &b, ArrayRef<Value> outer, Value line, Value column);
  /// One element at a time.
  void emitRest(OpBuilder &b, ArrayRef<Value> outer, Value line, Value lineEnd,
                Value column, Value columnEnd);
  SmallVector<LaneIndex> source(ArrayRef<Value> outer, LaneIndex line, LaneIndex column);
  void store(ElementEmitter &e, ArrayRef<LaneIndex> position, Value x);

  KernelEmitter &kernel;
  TransposeOp op;
  Location loc;
  SmallVector<AffineExpr> input;
  SmallVector<int64_t> permutation;
  size_t last = 0, from = 0;
  int64_t lanes = 1;
  bool good = true;
};
} // namespace

/// Axes that stay neighbours become one, where nothing but the transpose is in the
/// kernel.
void TransposeKernel::mergeAxes() {
  if (!isa<BlockArgument>(op.getInput()) ||
      !llvm::hasSingleElement(kernel.getSource().getBody().front().without_terminator()))
    return;
  // Runs of the permutation, in the result's order.
  SmallVector<SmallVector<int64_t>> runs;
  for (int64_t axis : permutation) {
    if (!runs.empty() && runs.back().back() + 1 == axis)
      runs.back().push_back(axis);
    else
      runs.push_back({axis});
  }
  SmallVector<size_t> order(runs.size());
  for (size_t i = 0; i < runs.size(); ++i)
    order[i] = i;
  llvm::sort(order, [&](size_t a, size_t b) { return runs[a][0] < runs[b][0]; });
  SmallVector<AffineExpr> merged, moved(runs.size());
  SmallVector<int64_t> place(runs.size());
  for (auto [number, run] : llvm::enumerate(order)) {
    SmallVector<AffineExpr> factors;
    for (int64_t axis : runs[run])
      factors.push_back(input[axis]);
    merged.push_back(product(kernel.getContext(), factors));
    moved[run] = merged.back();
    place[run] = number;
  }
  input = merged;
  permutation = place;
  kernel.getShapes().setDims(op.getInput(), merged);
  kernel.getShapes().setDims(op.getResult(), moved);
}

SmallVector<LaneIndex> TransposeKernel::source(ArrayRef<Value> outer, LaneIndex line,
                                               LaneIndex column) {
  SmallVector<LaneIndex> position;
  size_t next = 0;
  for (size_t axis = 0; axis < input.size(); ++axis) {
    if (axis == from)
      position.push_back(line);
    else if (axis == last)
      position.push_back(column);
    else
      position.push_back({outer[next++], 0});
  }
  return position;
}

/// Stores at the result's place of an input position.
void TransposeKernel::store(ElementEmitter &e, ArrayRef<LaneIndex> position, Value x) {
  SmallVector<LaneIndex> target;
  for (int64_t axis : permutation)
    target.push_back(position[axis]);
  kernel.store(e, target, x);
}

void TransposeKernel::emitBlock(OpBuilder &b, ArrayRef<Value> outer, Value line,
                                Value column) {
  TileCode code(b, loc);
  SmallVector<Value> rows;
  ElementEmitter e(kernel, b, lanes);
  for (int64_t i = 0; i < lanes; ++i) {
    Value x = e.at(op.getInput(), source(outer, {code.add(line, i), 0}, {column, 1}));
    if (!x) {
      good = false;
      return;
    }
    rows.push_back(e.splat(x));
  }
  for (auto [i, x] : llvm::enumerate(transposeBlock(b, loc, rows)))
    store(e, source(outer, {line, 1}, {code.add(column, i), 0}), x);
}

void TransposeKernel::emitRest(OpBuilder &b, ArrayRef<Value> outer, Value line,
                               Value lineEnd, Value column, Value columnEnd) {
  KernelEmitter::loop(b, loc, column, columnEnd, 1, [&](OpBuilder &outerLoop, Value c) {
    KernelEmitter::loop(outerLoop, loc, line, lineEnd, 1, [&](OpBuilder &in, Value l) {
      ElementEmitter e(kernel, in, 1);
      SmallVector<LaneIndex> position = source(outer, {l, 0}, {c, 0});
      Value x = e.at(op.getInput(), position);
      good &= bool(x);
      if (x)
        store(e, position, x);
    });
  });
}

LogicalResult TransposeKernel::emit() {
  MLIRContext *context = op.getContext();
  AffineExpr lineCount = input[from], columnCount = input[last];
  // A job: a block of lines, at one position of all other axes.
  SmallVector<AffineExpr> space;
  for (size_t axis = 0; axis < input.size(); ++axis)
    if (axis != from && axis != last)
      space.push_back(input[axis]);
  space.push_back(lineCount.ceilDiv(lanes));
  LogicalResult made = kernel.addTask(
      product(context, space), columnCount * std::max<int64_t>(lanes / 4, 1) + 5,
      [&](OpBuilder &builder, Value lo, Value hi) {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          TileCode code(b, loc);
          SmallVector<Value> outer = kernel.delinearize(b, job, space);
          Value line = code.mul(outer.pop_back_val(), lanes);
          Value end = kernel.size(lineCount), columns = kernel.size(columnCount);
          Value lineEnd = code.min(code.add(line, lanes), end);
          Value middle = code.sub(columns, code.rem(columns, lanes));
          auto blocks = [&](OpBuilder &in) {
            KernelEmitter::loop(in, loc, kernel.constantIndex(0), middle, lanes,
                                [&](OpBuilder &at, Value column) {
                                  emitBlock(at, outer, line, column);
                                });
            auto fixed = getConstant(columnCount);
            if (!fixed || *fixed % lanes)
              emitRest(in, outer, line, lineEnd, middle, columns);
          };
          auto fixed = getConstant(lineCount);
          if (fixed && *fixed % lanes == 0)
            return blocks(b);
          Value full = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                             code.add(line, lanes), end);
          auto choice = scf::IfOp::create(b, loc, TypeRange{}, full, true);
          OpBuilder then(choice.getThenRegion().front().getTerminator());
          blocks(then);
          OpBuilder other(choice.getElseRegion().front().getTerminator());
          emitRest(other, outer, line, lineEnd, kernel.constantIndex(0), columns);
        });
        return success();
      });
  if (succeeded(made) && !good)
    return op.emitError("operand cannot be computed element by element");
  return made;
}

LogicalResult pith::emitBlockTranspose(TransposeOp op, KernelEmitter &kernel) {
  return TransposeKernel(kernel, op).emit();
}
