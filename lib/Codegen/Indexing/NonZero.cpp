//===- NonZero.cpp - Kernel of pith.non_zero ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three tasks: pieces count their elements, a single job turns the counts into
// where each piece starts (and the total into the result's size), and pieces
// write their positions.
//
//===----------------------------------------------------------------------===//

#include "../Reduction/Accumulate.h"
#include "Indexing.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

namespace {

constexpr int64_t kPiece = 1024;

struct NonZeroKernel {
  NonZeroOp op;
  KernelEmitter &kernel;
  Location loc;
  MLIRContext *context;
  SmallVector<AffineExpr> sizes;
  AffineExpr count, pieces;
  int64_t starts, found; ///< scratch buffers
  bool good = true;

  NonZeroKernel(NonZeroOp op, KernelEmitter &kernel)
      : op(op), kernel(kernel), loc(kernel.getLoc()), context(op.getContext()),
        sizes(kernel.dims(op.getInput())) {
    count = product(context, sizes);
    pieces = count.ceilDiv(kPiece);
    starts = kernel.addScratch(pieces * 8 + 64);
    found = kernel.addScratch(getAffineConstantExpr(64, context));
  }

  /// Walks over a piece; `body` is emitted where an element is not zero and
  /// returns the next state.
  Value walk(OpBuilder &b, Value piece, Value init,
             function_ref<Value(OpBuilder &, ArrayRef<Value>, Value)> body) {
    ElementEmitter at(kernel, b, 1);
    Value start = at.mul(piece, at.constantIndex(kPiece));
    Value end = b.createOrFold<arith::MinSIOp>(
        loc, at.add(start, at.constantIndex(kPiece)), kernel.size(count));
    return carriedLoop(
               b, loc, start, end, 1, init,
               [&](OpBuilder &in, Value i, ValueRange state) -> SmallVector<Value> {
                 SmallVector<Value> index = kernel.delinearize(in, i, sizes);
                 SmallVector<LaneIndex> position;
                 for (Value axis : index)
                   position.push_back({axis, 0});
                 ElementEmitter e(kernel, in, 1);
                 Value x = e.at(op.getInput(), position);
                 if (!x) {
                   good = false;
                   return {state[0]};
                 }
                 Value zero = arith::ConstantOp::create(
                     in, loc, cast<TypedAttr>(in.getZeroAttr(x.getType())));
                 Value set =
                     isa<FloatType>(x.getType())
                         ? arith::CmpFOp::create(in, loc, arith::CmpFPredicate::UNE, x, zero)
                               .getResult()
                         : arith::CmpIOp::create(in, loc, arith::CmpIPredicate::ne, x, zero)
                               .getResult();
                 auto choice = scf::IfOp::create(
                     in, loc, set,
                     [&](OpBuilder &then, Location) {
                       scf::YieldOp::create(then, loc, body(then, index, state[0]));
                     },
                     [&](OpBuilder &other, Location) {
                       scf::YieldOp::create(other, loc, ValueRange{state[0]});
                     });
                 return {choice.getResult(0)};
               })
        .front();
  }
  Value asI64(OpBuilder &b, Value index) {
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
  }

  LogicalResult countPieces() {
    return kernel.addTask(
        pieces, getAffineConstantExpr(kPiece, context),
        [&](OpBuilder &builder, Value lo, Value hi) {
          KernelBuffer counts = kernel.scratch(starts, builder.getI64Type());
          KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value piece) {
            Value total = walk(b, piece, kernel.constantIndex(0),
                               [&](OpBuilder &in, ArrayRef<Value>, Value n) {
                                 return arith::AddIOp::create(in, loc, n,
                                                              kernel.constantIndex(1))
                                     .getResult();
                               });
            ElementEmitter e(kernel, b, 1);
            e.store(counts, {piece, 0}, asI64(b, total));
          });
          return success();
        });
  }

  LogicalResult addUp() {
    AffineExpr one = getAffineConstantExpr(1, context);
    return kernel.addTask(
        one, pieces + 1, [&](OpBuilder &builder, Value lo, Value hi) {
          KernelBuffer counts = kernel.scratch(starts, builder.getI64Type());
          KernelBuffer shape = kernel.scratch(found, builder.getI64Type());
          KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value) {
            Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
            Value total =
                carriedLoop(b, loc, kernel.constantIndex(0), kernel.size(pieces), 1, zero,
                            [&](OpBuilder &in, Value i, ValueRange sum) {
                              ElementEmitter e(kernel, in, 1);
                              Value own = e.load(counts, {i, 0});
                              e.store(counts, {i, 0}, sum[0]);
                              return SmallVector<Value>{
                                  arith::AddIOp::create(in, loc, sum[0], own)};
                            })
                    .front();
            ElementEmitter e(kernel, b, 1);
            Value rank = arith::ConstantOp::create(b, loc,
                                                   b.getI64IntegerAttr(sizes.size()));
            e.store(shape, {kernel.constantIndex(0), 0}, rank);
            e.store(shape, {kernel.constantIndex(1), 0}, total);
          });
          return success();
        });
  }

  LogicalResult writePositions() {
    AffineExpr total = kernel.dims(op.getResult())[1];
    return kernel.addTask(
        pieces, getAffineConstantExpr(kPiece * 2, context),
        [&](OpBuilder &builder, Value lo, Value hi) {
          KernelBuffer counts = kernel.scratch(starts, builder.getI64Type());
          KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value piece) {
            ElementEmitter e(kernel, b, 1);
            Value first = arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                                     e.load(counts, {piece, 0}));
            walk(b, piece, first, [&](OpBuilder &in, ArrayRef<Value> index, Value n) {
              ElementEmitter at(kernel, in, 1);
              for (auto [axis, i] : llvm::enumerate(index)) {
                Value row = at.mul(kernel.constantIndex(axis), kernel.size(total));
                at.store(kernel.result(0), {at.add(row, n), 0}, asI64(in, i));
              }
              return arith::AddIOp::create(in, loc, n, kernel.constantIndex(1))
                  .getResult();
            });
          });
          return success();
        });
  }

  LogicalResult run() {
    if (failed(countPieces()) || failed(addUp()) || failed(writePositions()))
      return failure();
    kernel.getPlan().sizeScratch[0] = found;
    kernel.getPlan().sizeTasks = 2;
    if (!good)
      return op.emitError("operand cannot be computed element by element");
    return success();
  }
};

struct NonZeroModel : KernelOpInterface::ExternalModel<NonZeroModel, NonZeroOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return NonZeroKernel(cast<NonZeroOp>(op), kernel).run();
  }
};

} // namespace

void pith::attachNonZeroModel(MLIRContext *context) {
  NonZeroOp::attachInterface<NonZeroModel>(*context);
}
