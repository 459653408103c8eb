//===- Scatter.cpp - Kernels of scatters ----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A task copies the input; a second one applies the updates. Updates that may
// meet in one element belong to one job, which takes them in order: those along
// the scattered axis, or for index tuples all that agree in the position within
// their slices.
//
//===----------------------------------------------------------------------===//

#include "../Reduction/Accumulate.h"
#include "Indexing.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

namespace {

/// Elements of a slice per job.
constexpr int64_t kPiece = 2048;

template <typename Op>
struct ScatterKernel {
  Op op;
  KernelEmitter &kernel;
  Location loc;
  Type element;
  SmallVector<AffineExpr> sizes, indexSizes, updateSizes;
  bool good = true;

  ScatterKernel(Op op, KernelEmitter &kernel)
      : op(op), kernel(kernel), loc(kernel.getLoc()),
        element(cast<RankedTensorType>(op.getInput().getType()).getElementType()),
        sizes(kernel.dims(op.getInput())), indexSizes(kernel.dims(op.getIndices())),
        updateSizes(kernel.dims(op.getUpdates())) {}

  LogicalResult copyInput();
  LogicalResult scatter();
  LogicalResult run() {
    if (failed(copyInput()) || failed(scatter()))
      return failure();
    if (!good)
      return op.emitError("operand of a scatter cannot be computed element by element");
    return success();
  }

  std::optional<Combiner> combiner() {
    bool isUnsigned = element.isUnsignedInteger();
    switch (op.getKind()) {
    case ScatterKind::None:
      return std::nullopt;
    case ScatterKind::Add:
      return sumCombiner();
    case ScatterKind::Mul:
      return productCombiner();
    case ScatterKind::Max:
      return extremeCombiner(true, isUnsigned, true);
    case ScatterKind::Min:
      return extremeCombiner(false, isUnsigned, true);
    }
    return std::nullopt;
  }
  /// Puts the update at `from` to the result's position `to`.
  void update(ElementEmitter &e, ArrayRef<LaneIndex> from, ArrayRef<LaneIndex> to) {
    Value x = e.at(op.getUpdates(), from);
    auto offset = kernel.linearize(e, sizes, to);
    if (!x || !offset) {
      good = false;
      return;
    }
    x = e.splat(x);
    KernelBuffer result = kernel.result(0);
    if (auto combine = combiner()) {
      OpBuilder &b = e.getBuilder();
      Value old = widen(b, loc, e.load(result, *offset));
      x = narrow(b, loc, combine->combine(b, loc, old, widen(b, loc, x)), element);
    }
    e.store(result, *offset, x);
  }
};

} // namespace

template <typename Op>
LogicalResult ScatterKernel<Op>::copyInput() {
  AffineExpr count = product(op.getContext(), sizes);
  AffineExpr pieces = count.ceilDiv(kPiece);
  if (isa<BlockArgument>(op.getInput())) {
    int64_t lanes = kernel.getLanes(getStorageBits(element));
    return kernel.addTask(
        pieces, getAffineConstantExpr(kPiece / lanes, op.getContext()),
        [&](OpBuilder &builder, Value lo, Value hi) {
          KernelBuffer from =
              kernel.argument(cast<BlockArgument>(op.getInput()).getArgNumber());
          KernelBuffer to = kernel.result(0);
          KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
            ElementEmitter at(kernel, b, 1);
            Value start = at.mul(job, at.constantIndex(kPiece));
            Value end = b.createOrFold<arith::MinSIOp>(
                loc, at.add(start, at.constantIndex(kPiece)), kernel.size(count));
            Value length = at.sub(end, start);
            Value rest = b.createOrFold<arith::RemUIOp>(loc, length, at.constantIndex(lanes));
            Value middle = at.sub(end, rest);
            auto copy = [&](Value first, Value last, int64_t width) {
              KernelEmitter::loop(b, loc, first, last, width, [&](OpBuilder &in, Value i) {
                ElementEmitter e(kernel, in, width);
                LaneIndex offset{i, width > 1 ? 1 : 0};
                e.store(to, offset, e.load(from, offset));
              });
            };
            if (lanes > 1)
              copy(start, middle, lanes);
            copy(lanes > 1 ? middle : start, end, 1);
          });
          return success();
        });
  }
  return kernel.addTask(
      count, getAffineConstantExpr(2, op.getContext()),
      [&](OpBuilder &builder, Value lo, Value hi) {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          ElementEmitter e(kernel, b, 1);
          SmallVector<LaneIndex> position;
          for (Value i : kernel.delinearize(b, job, sizes))
            position.push_back({i, 0});
          Value x = e.at(op.getInput(), position);
          good &= bool(x);
          if (x)
            e.store(kernel.result(0), {job, 0}, x);
        });
        return success();
      });
}

template <>
LogicalResult ScatterKernel<ScatterElementsOp>::scatter() {
  unsigned axis = op.getAxis();
  SmallVector<AffineExpr> others(indexSizes);
  AffineExpr length = others[axis];
  others.erase(others.begin() + axis);
  return kernel.addTask(
      product(op.getContext(), others), length * 4 + 5,
      [&](OpBuilder &builder, Value lo, Value hi) {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> outer = kernel.delinearize(b, job, others);
          KernelEmitter::loop(
              b, loc, kernel.constantIndex(0), kernel.size(length), 1,
              [&](OpBuilder &in, Value i) {
                ElementEmitter e(kernel, in, 1);
                SmallVector<LaneIndex> from;
                for (Value index : outer)
                  from.push_back({index, 0});
                from.insert(from.begin() + axis, LaneIndex{i, 0});
                Value where = e.indexAt(op.getIndices(), from, kernel.size(sizes[axis]));
                if (!where) {
                  good = false;
                  return;
                }
                SmallVector<LaneIndex> to(from);
                to[axis] = {where, 0};
                update(e, from, to);
              });
        });
        return success();
      });
}

template <>
LogicalResult ScatterKernel<ScatterNdOp>::scatter() {
  MLIRContext *context = op.getContext();
  int64_t tuple = *getConstant(indexSizes.back());
  SmallVector<AffineExpr> outer(ArrayRef(indexSizes).drop_back());
  SmallVector<AffineExpr> slice(ArrayRef(sizes).drop_front(tuple));
  // A job is a piece of the slices' last axis, at one position of their others.
  AffineExpr one = getAffineConstantExpr(1, context);
  AffineExpr last = slice.empty() ? one : slice.back();
  SmallVector<AffineExpr> space;
  if (!slice.empty())
    space.assign(slice.begin(), slice.end() - 1);
  space.push_back(last.ceilDiv(kPiece));
  AffineExpr count = product(context, outer);
  int64_t lanes = slice.empty() ? 1 : lanesFor(kernel, last);
  return kernel.addTask(
      product(context, space), count * 50, [&](OpBuilder &builder, Value lo, Value hi) {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> inner = kernel.delinearize(b, job, space);
          KernelEmitter::loop(
              b, loc, kernel.constantIndex(0), kernel.size(count), 1,
              [&](OpBuilder &in, Value number) {
                ElementEmitter single(kernel, in, 1);
                SmallVector<LaneIndex> from, to;
                for (Value index : kernel.delinearize(in, number, outer))
                  from.push_back({index, 0});
                SmallVector<LaneIndex> where(from);
                where.push_back({});
                for (int64_t i = 0; i < tuple; ++i) {
                  where.back() = {kernel.constantIndex(i), 0};
                  Value index =
                      single.indexAt(op.getIndices(), where, kernel.size(sizes[i]));
                  if (!index) {
                    good = false;
                    return;
                  }
                  to.push_back({index, 0});
                }
                for (Value index : ArrayRef(inner).drop_back()) {
                  from.push_back({index, 0});
                  to.push_back({index, 0});
                }
                if (slice.empty())
                  return update(single, from, to);
                Value start = single.mul(inner.back(), single.constantIndex(kPiece));
                Value end = in.createOrFold<arith::MinSIOp>(
                    loc, single.add(start, single.constantIndex(kPiece)),
                    kernel.size(last));
                Value rest = in.createOrFold<arith::RemUIOp>(
                    loc, single.sub(end, start), single.constantIndex(lanes));
                Value middle = single.sub(end, rest);
                auto piece = [&](Value first, Value stop, int64_t width) {
                  KernelEmitter::loop(in, loc, first, stop, width,
                                      [&](OpBuilder &at, Value i) {
                                        ElementEmitter e(kernel, at, width);
                                        SmallVector<LaneIndex> x(from), y(to);
                                        x.push_back({i, width > 1 ? 1 : 0});
                                        y.push_back({i, width > 1 ? 1 : 0});
                                        update(e, x, y);
                                      });
                };
                if (lanes > 1)
                  piece(start, middle, lanes);
                piece(lanes > 1 ? middle : start, end, 1);
              });
        });
        return success();
      });
}

namespace {
template <typename Op>
struct ScatterModel : KernelOpInterface::ExternalModel<ScatterModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return ScatterKernel<Op>(cast<Op>(op), kernel).run();
  }
};
} // namespace

void pith::attachScatterModels(MLIRContext *context) {
  ScatterElementsOp::attachInterface<ScatterModel<ScatterElementsOp>>(*context);
  ScatterNdOp::attachInterface<ScatterModel<ScatterNdOp>>(*context);
}

void pith::attachIndexingModels(MLIRContext *context) {
  attachScatterModels(context);
  attachNonZeroModel(context);
  attachQuantizeModel(context);
}
