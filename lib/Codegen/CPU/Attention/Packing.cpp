//===- Packing.cpp - Keys and values as tiles read them -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys become panels `[head][panel][element][key lane]`, values rows of whole
// vectors. This is also where operands that are computed on the fly, or are not
// f32, are computed once.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"

#include "pith/Codegen/CPU/BlockTranspose.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pith;

void AttentionKernel::copyRow(OpBuilder &b, Value tensor, ArrayRef<Value> position,
                              int64_t count, double factor, Value target,
                              Value offset) {
  TileCode code(b, loc);
  auto piece = [&](OpBuilder &in, Value at, int64_t width) {
    TileCode c(in, loc);
    ElementEmitter emitter(kernel, in, width);
    SmallVector<LaneIndex> where;
    for (Value index : position)
      where.push_back({index, 0});
    where.push_back({at, width > 1 ? 1 : 0});
    Value x = emitter.at(tensor, where);
    if (!x) {
      good = false;
      return;
    }
    x = c.toFloat(emitter.splat(x));
    if (factor != 1)
      x = arith::MulFOp::create(in, loc, x, c.constant(x.getType(), factor));
    c.store(x, target, c.add(offset, at));
  };
  int64_t whole = count / lanes * lanes;
  if (whole < count && lanes > 1)
    code.store(code.constant(vectorType(), 0), target, code.add(offset, whole));
  if (lanes > 1 && whole)
    KernelEmitter::loop(b, loc, kernel.constantIndex(0), kernel.constantIndex(whole),
                        lanes, [&](OpBuilder &in, Value at) { piece(in, at, lanes); });
  Value rest = kernel.constantIndex(lanes > 1 ? whole : 0);
  if (lanes == 1 || whole < count)
    KernelEmitter::loop(b, loc, rest, kernel.constantIndex(count), 1,
                        [&](OpBuilder &in, Value at) { piece(in, at, 1); });
}

void AttentionKernel::ifMany(OpBuilder &b, function_ref<void(OpBuilder &)> body) {
  if (!mayBeFew)
    return body(b);
  Value many = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt,
                                     kernel.size(queries), kernel.constantIndex(2));
  auto choice = scf::IfOp::create(b, loc, TypeRange{}, many, false);
  OpBuilder then(choice.getThenRegion().front().getTerminator());
  body(then);
}

LogicalResult AttentionKernel::packKeys() {
  int64_t width = vectors * lanes;
  AffineExpr panels = keys.ceilDiv(width);
  packedKeys = kernel.addScratch(batch * keyHeads * panels * (size * width * 4) + 64);
  SmallVector<AffineExpr> space{batch, keyHeads, panels};
  AffineExpr cost =
      getAffineConstantExpr(10 + size * vectors * 3 / 2, kernel.getContext());
  return kernel.addTask(
      product(kernel.getContext(), space), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        Value target = kernel.scratch(packedKeys, builder.getF32Type()).memref;
        Value lines = makeStackBuffer(builder, loc, lanes * padded(size),
                                      builder.getF32Type());
        auto panel = [&](OpBuilder &b, Value job) {
          TileCode code(b, loc);
          SmallVector<Value> at = kernel.delinearize(b, job, space);
          Value first = code.mul(at[2], width);
          // Keys beyond the last repeat it; their scores are never looked at.
          Value last = code.sub(kernel.size(keys), code.index(1));
          Value base = code.mul(job, size * width);
          KernelEmitter::loop(
              b, loc, kernel.constantIndex(0), kernel.constantIndex(width), lanes,
              [&](OpBuilder &in, Value column) {
                TileCode c(in, loc);
                KernelEmitter::loop(
                    in, loc, kernel.constantIndex(0), kernel.constantIndex(lanes), 1,
                    [&](OpBuilder &copy, Value lane) {
                      TileCode cc(copy, loc);
                      Value key = cc.min(cc.add(first, cc.add(column, lane)), last);
                      copyRow(copy, op.getKey(), {at[0], at[1], key}, size, 1, lines,
                              cc.mul(lane, padded(size)));
                    });
                KernelEmitter::loop(
                    in, loc, kernel.constantIndex(0), kernel.constantIndex(padded(size)),
                    lanes, [&](OpBuilder &block, Value element) {
                      TileCode cc(block, loc);
                      SmallVector<Value> loaded;
                      for (int64_t lane = 0; lane < lanes; ++lane)
                        loaded.push_back(
                            lanes == 1
                                ? cc.load(lines, element, 1)
                                : cc.load(lines, cc.add(element, lane * padded(size)),
                                          lanes));
                      Value to = cc.add(base, column);
                      for (auto [i, x] :
                           llvm::enumerate(transposeBlock(block, loc, loaded))) {
                        Value where = cc.add(to, cc.mul(cc.add(element, i), width));
                        if (size % lanes == 0) {
                          cc.store(x, target, where);
                          continue;
                        }
                        // Elements beyond the last are none.
                        Value exists = arith::CmpIOp::create(
                            block, loc, arith::CmpIPredicate::slt, cc.add(element, i),
                            cc.index(size));
                        auto choice =
                            scf::IfOp::create(block, loc, TypeRange{}, exists, false);
                        OpBuilder then(choice.getThenRegion().front().getTerminator());
                        TileCode(then, loc).store(x, target, where);
                      }
                    });
              });
        };
        ifMany(builder, [&](OpBuilder &outer) {
          KernelEmitter::loop(outer, loc, lo, hi, 1,
                              [&](OpBuilder &b, Value job) { panel(b, job); });
        });
        return success();
      });
}

LogicalResult AttentionKernel::packValues() {
  int64_t width = padded(valueSize);
  packedValues = kernel.addScratch(batch * keyHeads * keys * (width * 4) + 64);
  SmallVector<AffineExpr> space{batch, keyHeads, keys};
  AffineExpr cost = getAffineConstantExpr(2 + valueSize / 16, kernel.getContext());
  return kernel.addTask(
      product(kernel.getContext(), space), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        Value target = kernel.scratch(packedValues, builder.getF32Type()).memref;
        ifMany(builder, [&](OpBuilder &outer) {
          KernelEmitter::loop(outer, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
            TileCode code(b, loc);
            SmallVector<Value> at = kernel.delinearize(b, job, space);
            copyRow(b, op.getValue(), at, valueSize, 1, target, code.mul(job, width));
          });
        });
        return success();
      });
}
