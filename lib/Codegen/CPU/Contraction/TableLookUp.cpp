//===- TableLookUp.cpp - Rows of a compressed table -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An embedding table lies in memory as panels of rows side by side in lanes, as
// every compressed weight does. A job decodes the panel of one row asked for,
// keeps that row's lane in a buffer on the stack, and stores it from there.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "pith/Codegen/CPU/Contraction/ContractionKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

/// Elements of one row that the stack holds.
static constexpr int64_t kMaxRow = 1 << 18;

bool pith::isTableLookUp(Operation *operation) {
  auto op = dyn_cast<GatherOp>(operation);
  return op && op.getAxis() == 0 &&
         isa_and_nonnull<WeightCodecOpInterface>(op.getInput().getDefiningOp()) &&
         PanelWeight::isWeight(op.getInput());
}

namespace {
class TableLookUp {
public:
  TableLookUp(KernelEmitter &kernel, GatherOp op, PanelWeight weight)
      : kernel(kernel), loc(kernel.getLoc()), op(op), weight(std::move(weight)) {
    indexDims.assign(kernel.dims(op.getIndices()).begin(),
                     kernel.dims(op.getIndices()).end());
    ArrayRef<AffineExpr> dims = kernel.dims(op.getResult());
    rowDims.assign(dims.begin() + indexDims.size(), dims.end());
  }
  LogicalResult emit();

private:
  void decode(OpBuilder &b, Value row, Value buffer);
  void storeRow(OpBuilder &b, ArrayRef<LaneIndex> front, Value buffer);

  KernelEmitter &kernel;
  Location loc;
  GatherOp op;
  PanelWeight weight;
  SmallVector<AffineExpr> indexDims, rowDims;
};
} // namespace

void TableLookUp::decode(OpBuilder &b, Value row, Value buffer) {
  TileCode code(b, loc);
  int64_t lanes = weight.getShape().lanes;
  Value lane = code.rem(row, lanes);
  PanelReader reader(kernel, weight, b, code.div(row, lanes), kernel.constantIndex(0));
  reader.forEach(b, {kernel.constantIndex(0), weight.getReduction(), {}}, {},
                 [&](OpBuilder &in, TilePosition k, ArrayRef<Value> vectors,
                     MutableArrayRef<Value>) {
                   TileCode c(in, loc);
                   Value x = vector::ExtractOp::create(in, loc, vectors[0], lane);
                   c.store(x, buffer, c.add(k.base, k.offset));
                 });
}

void TableLookUp::storeRow(OpBuilder &b, ArrayRef<LaneIndex> front, Value buffer) {
  Type element = cast<RankedTensorType>(op.getResult().getType()).getElementType();
  int64_t length = weight.getReduction(), lanes = kernel.getLanes();
  auto piece = [&](OpBuilder &in, Value at, int64_t width) {
    TileCode code(in, loc);
    ElementEmitter emitter(kernel, in, width);
    SmallVector<LaneIndex> position(front);
    if (rowDims.size() == 1)
      position.push_back({at, width > 1 ? 1 : 0});
    else
      for (Value index : kernel.delinearize(in, at, rowDims))
        position.push_back({index, 0});
    Value x = emitter.load({buffer, in.getF32Type()}, {at, width > 1 ? 1 : 0});
    Type type = emitter.laneType(element);
    if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32)
      x = arith::TruncFOp::create(in, loc, type, x);
    else if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() > 32)
      x = arith::ExtFOp::create(in, loc, type, x);
    kernel.store(emitter, position, x);
  };
  int64_t whole = rowDims.size() == 1 ? length / lanes * lanes : 0;
  if (whole)
    KernelEmitter::loop(b, loc, kernel.constantIndex(0), kernel.constantIndex(whole),
                        lanes, [&](OpBuilder &in, Value at) { piece(in, at, lanes); });
  if (whole < length)
    KernelEmitter::loop(b, loc, kernel.constantIndex(whole),
                        kernel.constantIndex(length), 1,
                        [&](OpBuilder &in, Value at) { piece(in, at, 1); });
}

LogicalResult TableLookUp::emit() {
  weight.setPackings(kernel);
  MLIRContext *context = kernel.getContext();
  AffineExpr cost = getAffineConstantExpr(20 + weight.getReduction() * 2, context);
  return kernel.addTask(
      product(context, indexDims), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        bool good = true;
        Value buffer = makeStackBuffer(builder, loc, weight.getReduction(),
                                       builder.getF32Type());
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<LaneIndex> front;
          for (Value index : kernel.delinearize(b, job, indexDims))
            front.push_back({index, 0});
          ElementEmitter emitter(kernel, b, 1);
          Value row = emitter.indexAt(op.getIndices(), front,
                                      kernel.constantIndex(weight.getShape().outputs));
          good &= bool(row);
          if (!row)
            return;
          decode(b, row, buffer);
          storeRow(b, front, buffer);
        });
        if (!good)
          return op.emitError("indices cannot be computed element by element");
        return success();
      });
}

LogicalResult pith::emitTableLookUp(KernelEmitter &kernel, Operation *operation) {
  auto op = cast<GatherOp>(operation);
  auto type = cast<RankedTensorType>(op.getInput().getType());
  int64_t reduction = type.getDimSize(0) ? type.getNumElements() / type.getDimSize(0) : 0;
  if (!isa<FloatType>(type.getElementType()) || reduction > kMaxRow)
    return op.emitError("expected a compressed table of at most ")
           << kMaxRow << " float elements per row, found " << type;
  PanelShape shape;
  shape.outputs = type.getDimSize(0);
  shape.lanes = kernel.getLanes();
  auto weight = PanelWeight::get(kernel, op.getInput(), shape, reduction);
  if (failed(weight))
    return failure();
  return TableLookUp(kernel, op, std::move(*weight)).emit();
}
