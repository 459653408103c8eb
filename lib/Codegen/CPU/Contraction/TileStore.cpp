//===- TileStore.cpp - Tiles through the epilogue -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Short epilogues are emitted for every vector of a tile, right from registers;
// long ones (activation functions) once, in a loop over the tile's rows in
// memory, so that code stays small. A panel with fewer outputs than lanes is
// stored in pieces of 8, 4, 2 and 1.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/Contraction/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "pith/Dialect/Pith/IR/PithInterfaces.h"

using namespace mlir;
using namespace pith;

/// Whether the op is few instructions: no function of `math`, which becomes a
/// polynomial, and at most a clip's compares and selects. The op's own code tells,
/// so that ops from elsewhere are judged like Pith's.
static bool isLight(ElementwiseCodeOpInterface op) {
  constexpr int64_t kFewInstructions = 4;
  auto whole = [](Type type) -> Type {
    Type element = getElementTypeOrSelf(type);
    return element.isInteger()
               ? IntegerType::get(type.getContext(), element.getIntOrFloatBitWidth())
               : element;
  };
  Block scratch;
  SmallVector<Value> operands;
  for (Type type : op->getOperandTypes())
    operands.push_back(scratch.addArgument(whole(type), op.getLoc()));
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToStart(&scratch);
  op.emitElement(builder, op.getLoc(), operands);
  int64_t instructions = 0;
  for (Operation &code : scratch) {
    if (isa<math::MathDialect>(code.getDialect()))
      return false;
    // Half precision is computed in single: what widens and rounds is no part of it.
    instructions += !isa<arith::ConstantOp, arith::ExtFOp, arith::TruncFOp>(code);
  }
  return instructions <= kFewInstructions;
}

/// Rough number of instructions per vector of the fused ops.
static int64_t epilogueCost(KernelEmitter &kernel) {
  int64_t cost = 1;
  for (Operation &op : kernel.getSource().getBody().front().without_terminator()) {
    if (&op == kernel.getRoot() || op.hasTrait<mlir::OpTrait::ConstantLike>() ||
        isa<WeightCodecOpInterface>(op))
      continue;
    auto elementwise = dyn_cast<ElementwiseCodeOpInterface>(op);
    cost += elementwise && isLight(elementwise) ? 2 : 16;
  }
  return cost;
}

bool TileStore::isHeavy(int64_t rows) const {
  return rows > 1 && rows * vectors * epilogueCost(kernel) > 220;
}

namespace {
/// Emitters for every width used, made once per place.
class Emitters {
public:
  Emitters(KernelEmitter &kernel, OpBuilder &builder)
      : kernel(kernel), builder(builder) {}
  ElementEmitter &get(int64_t lanes) {
    for (auto &emitter : made)
      if (emitter->lanes() == lanes)
        return *emitter;
    made.push_back(std::make_unique<ElementEmitter>(kernel, builder, lanes));
    return *made.back();
  }

private:
  KernelEmitter &kernel;
  OpBuilder &builder;
  SmallVector<std::unique_ptr<ElementEmitter>> made;
};
} // namespace

/// Rounds f32 to the root's type where that is narrower.
static Value toResultType(TileCode &code, KernelEmitter &kernel, Value value) {
  Type element =
      cast<RankedTensorType>(kernel.getRoot()->getResult(0).getType()).getElementType();
  if (!isa<FloatType>(element) || element.isF32())
    return value;
  Type type = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = VectorType::get(vector.getShape(), element);
  if (element.getIntOrFloatBitWidth() > 32)
    return arith::ExtFOp::create(code.b, code.loc, type, value);
  return arith::TruncFOp::create(code.b, code.loc, type, value);
}

static void storePiece(const TileStore &target, Emitters &emitters, TileCode &code,
                       Value vector, int64_t skip, int64_t lanes,
                       ArrayRef<LaneIndex> row, Value output) {
  int64_t whole = cast<VectorType>(vector.getType()).getDimSize(0);
  ElementEmitter &emitter = emitters.get(lanes);
  Value piece = vector;
  if (lanes == 1)
    piece = vector::ExtractOp::create(code.b, code.loc, vector,
                                      ArrayRef<int64_t>{skip});
  else if (lanes != whole)
    piece = vector::ExtractStridedSliceOp::create(
        code.b, code.loc, vector, ArrayRef<int64_t>{skip},
        ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1});
  SmallVector<LaneIndex> position(row);
  LaneIndex column{output, lanes > 1 ? 1 : 0};
  if (target.hasOutputAxis)
    position.push_back(column);
  if (target.bias) {
    Value bias = emitter.at(target.bias, {column});
    piece = arith::AddFOp::create(code.b, code.loc, piece, code.toFloat(bias));
  }
  target.kernel.store(emitter, position, toResultType(code, target.kernel, piece));
}

/// One row of a panel that has `outputs` outputs.
static void storeVectors(const TileStore &target, Emitters &emitters, TileCode &code,
                         ValueRange vectors, ArrayRef<Value> columns,
                         ArrayRef<LaneIndex> row, int64_t outputs) {
  for (int64_t v = 0; v < target.vectors; ++v) {
    int64_t left = std::min(outputs - v * target.lanes, target.lanes);
    for (int64_t skip = 0; skip < left;) {
      int64_t lanes = target.lanes;
      while (lanes > left - skip)
        lanes /= 2;
      Value output = skip ? code.add(columns[v], skip) : columns[v];
      storePiece(target, emitters, code, vectors[v], skip, lanes, row, output);
      skip += lanes;
    }
  }
}

/// Emits `body(outputs)` for the panel's number of outputs.
static void forOutputs(const TileStore &target, OpBuilder &builder,
                       function_ref<void(OpBuilder &, int64_t)> body) {
  if (!target.isLast || target.lastOutputs == target.fullOutputs) {
    body(builder, target.fullOutputs);
    return;
  }
  auto choice = scf::IfOp::create(builder, target.kernel.getLoc(), TypeRange{},
                                  target.isLast, /*withElseRegion=*/true);
  OpBuilder inner(choice.getThenRegion().front().getTerminator());
  body(inner, target.lastOutputs);
  OpBuilder other(choice.getElseRegion().front().getTerminator());
  body(other, target.fullOutputs);
}

void TileStore::setPanel(OpBuilder &builder, Value panel, const PanelShape &shape) {
  TileCode code(builder, kernel.getLoc());
  lanes = shape.lanes;
  vectors = shape.vectors;
  firstOutput = code.mul(panel, shape.width());
  fullOutputs = shape.width();
  lastOutputs = shape.outputs - (shape.panels() - 1) * shape.width();
  if (shape.panels() == 1)
    fullOutputs = lastOutputs;
  else if (lastOutputs != fullOutputs)
    isLast = arith::CmpIOp::create(builder, code.loc, arith::CmpIPredicate::eq,
                                   panel, code.index(shape.panels() - 1));
}

void TileStore::store(OpBuilder &builder, int64_t rows,
                      ValueRange accumulators) const {
  Location loc = kernel.getLoc();
  if (dynamicOutputs || isHeavy(rows)) {
    TileCode code(builder, loc);
    Value buffer = makeStackBuffer(builder, loc, rows * vectors * lanes,
                                   builder.getF32Type());
    for (auto [i, sum] : llvm::enumerate(accumulators))
      code.store(sum, buffer, kernel.constantIndex(i * lanes));
    storeFrom(builder, rows, buffer, kernel.constantIndex(0));
    return;
  }
  forOutputs(*this, builder, [&](OpBuilder &b, int64_t outputs) {
    TileCode code(b, loc);
    Emitters emitters(kernel, b);
    SmallVector<Value> columns;
    for (int64_t v = 0; v < vectors; ++v)
      columns.push_back(code.add(firstOutput, v * lanes));
    for (int64_t row = 0; row < rows; ++row)
      storeVectors(*this, emitters, code,
                   accumulators.slice(row * vectors, vectors), columns,
                   rowPosition(b, kernel.constantIndex(row)), outputs);
  });
}

void TileStore::storeFrom(OpBuilder &builder, int64_t rows, Value memref,
                          Value base) const {
  if (dynamicOutputs)
    return storeDynamic(builder, rows, memref, base);
  Location loc = kernel.getLoc();
  forOutputs(*this, builder, [&](OpBuilder &outer, int64_t outputs) {
    KernelEmitter::loop(
        outer, loc, kernel.constantIndex(0), kernel.constantIndex(rows), 1,
        [&](OpBuilder &b, Value row) {
          TileCode code(b, loc);
          Emitters emitters(kernel, b);
          SmallVector<Value> columns, sums;
          Value start = code.add(base, code.mul(row, vectors * lanes));
          for (int64_t v = 0; v < vectors; ++v) {
            columns.push_back(code.add(firstOutput, v * lanes));
            sums.push_back(code.load(memref, code.add(start, v * lanes), lanes));
          }
          storeVectors(*this, emitters, code, sums, columns, rowPosition(b, row),
                       outputs);
        });
  });
}

void TileStore::storeDynamic(OpBuilder &builder, int64_t rows, Value memref,
                             Value base) const {
  Location loc = kernel.getLoc();
  Value zero = kernel.constantIndex(0);
  KernelEmitter::loop(
      builder, loc, zero, kernel.constantIndex(rows), 1,
      [&](OpBuilder &b, Value row) {
        TileCode code(b, loc);
        SmallVector<LaneIndex> position = rowPosition(b, row);
        Value start = code.add(base, code.mul(row, vectors * lanes));
        auto piece = [&](OpBuilder &inner, Value column, int64_t width) {
          TileCode innerCode(inner, loc);
          Emitters emitters(kernel, inner);
          Value sum = innerCode.load(memref, innerCode.add(start, column), width);
          storePiece(*this, emitters, innerCode, sum, 0, width, position,
                     innerCode.add(firstOutput, column));
        };
        Value middle = zero;
        if (lanes > 1) {
          middle = code.sub(dynamicOutputs, code.rem(dynamicOutputs, lanes));
          KernelEmitter::loop(b, loc, zero, middle, lanes,
                              [&](OpBuilder &inner, Value column) {
                                piece(inner, column, lanes);
                              });
        }
        KernelEmitter::loop(
            b, loc, middle, dynamicOutputs, 1,
            [&](OpBuilder &inner, Value column) { piece(inner, column, 1); });
      });
}
