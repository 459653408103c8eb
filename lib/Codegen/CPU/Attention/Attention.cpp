//===- Attention.cpp - The fused attention kernel -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tasks, jobs and the two products; see Attention.h.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"

#include "../Contraction/FloatContraction.h"
#include "AttentionModel.h"
#include "pith/Codegen/CPU/BlockTranspose.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pith;

/// Scores of one row on the stack.
static constexpr int64_t kKeys = 512;
/// Up to this many queries read keys where they lie.
static constexpr int64_t kFewQueries = 2;

/// Whether dot products can run along rows of `size` elements.
static bool isWhole(int64_t size, int64_t lanes) { return size % lanes == 0; }

AttentionKernel::AttentionKernel(KernelEmitter &kernel, AttentionOp op)
    : kernel(kernel), loc(kernel.getLoc()), op(op), lanes(kernel.getLanes()) {
  SmallVector<AffineExpr> q(kernel.dims(op.getQuery())), k(kernel.dims(op.getKey())),
      v(kernel.dims(op.getValue()));
  batch = q[0];
  heads = q[1];
  queries = q[2];
  keyHeads = k[1];
  keys = k[2];
  size = *getConstant(q[3]);
  valueSize = *getConstant(v[3]);
  auto count = getConstant(queries), length = getConstant(keys);
  bool dots = isWhole(size, lanes) && isWhole(valueSize, lanes) && lanes > 1;
  mayBeFew = dots && (!count || *count <= kFewQueries);
  mayBeMany = !count || !mayBeFew;
  const TargetDescription &target = kernel.getTarget();
  vectors = target.vectorRegisters >= 32 ? 4 : 2;
  if (length)
    vectors = std::min<int64_t>(vectors, llvm::divideCeil(std::max<int64_t>(*length, 1), lanes));
  rows = RegisterTile::maxRows(target, vectors);
  if (count)
    rows = std::max<int64_t>(1, std::min(rows, *count));
  int64_t width = vectors * lanes;
  block = kKeys / width * width;
  if (length)
    block = std::min<int64_t>(block, llvm::alignTo(std::max<int64_t>(*length, 1), width));
}

VectorType AttentionKernel::vectorType() const {
  return VectorType::get({lanes}, Float32Type::get(kernel.getContext()));
}

bool AttentionKernel::isOneBlock() const {
  auto length = getConstant(keys);
  return length && *length <= block;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void AttentionKernel::forKeys(OpBuilder &b, const Job &job,
                              function_ref<void(OpBuilder &, Value, Value)> body) {
  TileCode code(b, loc);
  Value end = kernel.size(keys);
  if (op.getCausal()) {
    // What the job's last row sees.
    Value limit = code.add(job.lastRow, kernel.size(keys - queries));
    end = code.max(code.index(0), code.min(end, limit));
  }
  if (isOneBlock())
    return body(b, kernel.constantIndex(0), end);
  KernelEmitter::loop(b, loc, kernel.constantIndex(0), end, block,
                      [&](OpBuilder &in, Value from) {
                        TileCode c(in, loc);
                        body(in, from, c.min(c.add(from, block), end));
                      });
}

void AttentionKernel::scoreTiles(OpBuilder &b, const Job &job, Value from, Value to) {
  TileCode code(b, loc);
  int64_t width = vectors * lanes;
  Value panels = kernel.scratch(packedKeys, b.getF32Type()).memref;
  Value head = code.add(code.mul(job.batch, kernel.size(keyHeads)), job.keyHead);
  Value base = code.mul(head, kernel.size(keys.ceilDiv(width)));
  KernelEmitter::loop(b, loc, from, to, width, [&](OpBuilder &in, Value key) {
    TileCode c(in, loc);
    Value panel = c.add(base, c.div(key, width));
    MemoryColumns columns(loc, panels, c.mul(panel, size * width), c.index(width), lanes,
                          vectors);
    TileRows left;
    left.memref = buffers.query;
    left.base = kernel.constantIndex(0);
    for (int64_t row = 0; row < rows; ++row)
      left.offsets.push_back(in.getIndexAttr(row * padded(size)));
    RegisterTile tile(kernel, rows, vectors, lanes);
    SmallVector<Value> sums = tile.accumulate(
        in, columns, {kernel.constantIndex(0), size, {}}, left, tile.zeros(in));
    sums = tile.finish(in, sums);
    Value start = c.sub(key, from);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t v = 0; v < vectors; ++v)
        c.store(sums[row * vectors + v], buffers.scores,
                c.add(start, row * block + v * lanes));
  });
}

/// One row: as many keys at once as there are lanes, each along its elements.
void AttentionKernel::scoreDots(OpBuilder &b, const Job &job, Value from, Value to) {
  TileCode code(b, loc);
  Value last = code.sub(kernel.size(keys), code.index(1));
  KernelEmitter::loop(b, loc, from, to, lanes, [&](OpBuilder &in, Value key) {
    TileCode c(in, loc);
    SmallVector<Value> numbers;
    for (int64_t lane = 0; lane < lanes; ++lane)
      numbers.push_back(c.min(c.add(key, lane), last));
    SmallVector<Value> zeros(lanes, c.constant(vectorType(), 0));
    SmallVector<Value> sums = emitUnrolledLoop(
        in, loc, {kernel.constantIndex(0), size / lanes, {}}, std::max<int64_t>(1, 64 / lanes),
        zeros, [&](OpBuilder &step, TilePosition at, MutableArrayRef<Value> state) {
          TileCode s(step, loc);
          Value element = s.mul(s.add(at.base, at.offset), lanes);
          Value x = s.load(buffers.query, element, lanes);
          ElementEmitter emitter(kernel, step, lanes);
          for (auto [sum, number] : llvm::zip(state, numbers)) {
            Value y = emitter.at(op.getKey(), {{job.batch, 0},
                                               {job.keyHead, 0},
                                               {number, 0},
                                               {element, 1}});
            good &= bool(y);
            if (y)
              sum = s.fma(s.toFloat(emitter.splat(y)), x, sum, kernel.getTarget().hasFMA);
          }
        });
    c.store(sumLanes(in, loc, sums), buffers.scores, c.sub(key, from));
  });
}

namespace {
/// Rows of values, computed or loaded where they are.
class ValueRows : public ColumnSource {
public:
  ValueRows(KernelEmitter &kernel, Value tensor, ArrayRef<Value> front, int64_t first,
            int64_t lanes, int64_t vectors)
      : kernel(kernel), tensor(tensor), front(front), first(first), lanes(lanes),
        vectors(vectors) {}
  bool good = true;

  SmallVector<Value> forEach(OpBuilder &builder, TileRange range, ValueRange state,
                             Body body) override {
    return emitUnrolledLoop(
        builder, kernel.getLoc(), range, 4, state,
        [&](OpBuilder &b, TilePosition k, MutableArrayRef<Value> values) {
          TileCode code(b, kernel.getLoc());
          ElementEmitter emitter(kernel, b, lanes);
          SmallVector<LaneIndex> position;
          for (Value index : front)
            position.push_back({index, 0});
          position.push_back({code.add(k.base, k.offset), 0});
          position.push_back({});
          SmallVector<Value> columns;
          for (int64_t v = 0; v < vectors; ++v) {
            position.back() = {code.index(first + v * lanes), 1};
            Value x = emitter.at(tensor, position);
            good &= bool(x);
            columns.push_back(x ? code.toFloat(emitter.splat(x))
                                : code.constant(VectorType::get({lanes}, b.getF32Type()), 0));
          }
          body(b, k, columns, values);
        });
  }

private:
  KernelEmitter &kernel;
  Value tensor;
  SmallVector<Value> front;
  int64_t first, lanes, vectors;
};
} // namespace

void AttentionKernel::addValues(OpBuilder &b, const Job &job, int64_t tileRows, Value from,
                                Value to) {
  TileCode code(b, loc);
  int64_t width = padded(valueSize);
  int64_t most = kernel.getTarget().vectorRegisters >= 32 ? 4 : 2;
  Value head = code.add(code.mul(job.batch, kernel.size(keyHeads)), job.keyHead);
  Value start = code.mul(code.add(code.mul(head, kernel.size(keys)), from), width);
  for (int64_t first = 0; first < width;) {
    int64_t count = std::min(most, (width - first) / lanes);
    RegisterTile tile(kernel, tileRows, count, lanes);
    TileRows left;
    left.memref = buffers.scores;
    left.base = kernel.constantIndex(0);
    for (int64_t row = 0; row < tileRows; ++row)
      left.offsets.push_back(b.getIndexAttr(row * block));
    SmallVector<Value> sums = tile.zeros(b);
    auto place = [&](int64_t row, int64_t v) {
      return code.index(row * width + first + v * lanes);
    };
    if (!isOneBlock())
      for (int64_t row = 0; row < tileRows; ++row)
        for (int64_t v = 0; v < count; ++v)
          sums[row * count + v] = code.load(buffers.sums, place(row, v), lanes);
    if (packedValues >= 0 && mayBeMany && tileRows == rows) {
      Value values = kernel.scratch(packedValues, b.getF32Type()).memref;
      MemoryColumns columns(loc, values, code.add(start, first), code.index(width), lanes,
                            count);
      sums = tile.accumulate(b, columns, {kernel.constantIndex(0), -1, code.sub(to, from)},
                             left, sums);
    } else {
      // Positions of the source count from key 0.
      ValueRows columns(kernel, op.getValue(), {job.batch, job.keyHead}, first, lanes,
                        count);
      sums = tile.accumulate(b, columns, {from, -1, to}, left, sums);
      good &= columns.good;
    }
    sums = tile.finish(b, sums);
    for (int64_t row = 0; row < tileRows; ++row)
      for (int64_t v = 0; v < count; ++v)
        code.store(sums[row * count + v], buffers.sums, place(row, v));
    first += count * lanes;
  }
}

//===----------------------------------------------------------------------===//
// Jobs
//===----------------------------------------------------------------------===//

void AttentionKernel::emitTiles(OpBuilder &b, const Job &job) {
  TileCode code(b, loc);
  double scale = op.getScale().convertToDouble();
  Value last = code.sub(kernel.size(queries), code.index(1));
  auto eachRow = [&](OpBuilder &at, Value count,
                     function_ref<void(OpBuilder &, Value, Value)> body) {
    KernelEmitter::loop(at, loc, kernel.constantIndex(0), count, 1,
                        [&](OpBuilder &in, Value number) {
                          body(in, number, TileCode(in, loc).add(job.firstRow, number));
                        });
  };
  // Rows beyond the last repeat it, and are not stored.
  eachRow(b, code.index(rows), [&](OpBuilder &in, Value number, Value row) {
    TileCode c(in, loc);
    copyRow(in, op.getQuery(), {job.batch, job.head, c.min(row, last)}, size, scale,
            buffers.query, c.mul(number, padded(size)));
  });
  startRows(b, rows);
  forKeys(b, job, [&](OpBuilder &in, Value from, Value to) {
    scoreTiles(in, job, from, to);
    eachRow(in, kernel.constantIndex(rows), [&](OpBuilder &at, Value number, Value row) {
      softmaxRow(at, job, number, TileCode(at, loc).min(row, last), from, to);
    });
    addValues(in, job, rows, from, to);
  });
  eachRow(b, code.sub(job.lastRow, job.firstRow),
          [&](OpBuilder &in, Value number, Value row) { storeRow(in, job, number, row); });
}

void AttentionKernel::emitFew(OpBuilder &b, const Job &job) {
  double scale = op.getScale().convertToDouble();
  KernelEmitter::loop(b, loc, job.firstRow, job.lastRow, 1, [&](OpBuilder &in, Value row) {
    TileCode code(in, loc);
    Value zero = kernel.constantIndex(0);
    Job one = job;
    one.firstRow = row;
    one.lastRow = code.add(row, 1);
    copyRow(in, op.getQuery(), {job.batch, job.head, row}, size, scale, buffers.query, zero);
    startRows(in, 1);
    forKeys(in, one, [&](OpBuilder &at, Value from, Value to) {
      scoreDots(at, one, from, to);
      softmaxRow(at, one, zero, row, from, to);
      addValues(at, one, 1, from, to);
    });
    storeRow(in, one, zero, row);
  });
}

AttentionKernel::Job AttentionKernel::jobAt(OpBuilder &b, ArrayRef<Value> at) {
  TileCode code(b, loc);
  Job job;
  job.batch = at[0];
  job.head = job.keyHead = at[1];
  auto all = getConstant(heads), some = getConstant(keyHeads);
  if (all && some)
    job.keyHead = code.div(at[1], std::max<int64_t>(1, *all / std::max<int64_t>(*some, 1)));
  else if (heads != keyHeads)
    job.keyHead = arith::DivUIOp::create(
        b, loc, code.mul(at[1], kernel.size(keyHeads)), kernel.size(heads));
  job.firstRow = code.mul(at[2], rows);
  job.lastRow = code.min(code.add(job.firstRow, rows), kernel.size(queries));
  return job;
}

LogicalResult AttentionKernel::emit() {
  bool asTheyLie = isa<BlockArgument>(op.getValue()) && isWhole(valueSize, lanes) &&
                   lanes > 1;
  if (mayBeMany &&
      (failed(packKeys()) || (!asTheyLie && failed(packValues()))))
    return failure();
  SmallVector<AffineExpr> space{batch, heads, queries.ceilDiv(rows)};
  // Two operations per product, 80 a nanosecond.
  AffineExpr cost = keys * std::max<int64_t>(1, rows * (size + valueSize + 16) / 40) + 50;
  LogicalResult made = kernel.addTask(
      product(kernel.getContext(), space), cost,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        auto stack = [&](int64_t elements) {
          return makeStackBuffer(builder, loc, elements, builder.getF32Type());
        };
        buffers.query = stack(rows * padded(size));
        buffers.scores = stack(rows * block);
        buffers.sums = stack(rows * padded(valueSize));
        buffers.state = stack(2 * rows);
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value number) {
          Job job = jobAt(b, kernel.delinearize(b, number, space));
          if (!mayBeMany)
            return emitFew(b, job);
          if (!mayBeFew)
            return emitTiles(b, job);
          Value few = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                            kernel.size(queries),
                                            kernel.constantIndex(kFewQueries));
          auto choice = scf::IfOp::create(b, loc, TypeRange{}, few, true);
          OpBuilder then(choice.getThenRegion().front().getTerminator());
          emitFew(then, job);
          OpBuilder other(choice.getElseRegion().front().getTerminator());
          emitTiles(other, job);
        });
        return success();
      });
  if (succeeded(made) && !good)
    return op.emitError("operand of attention cannot be computed element by element");
  return made;
}

namespace {
struct AttentionModel : KernelOpInterface::ExternalModel<AttentionModel, AttentionOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  // Each element of query, key and value is read once, or for few queries once
  // per head. The mask is read by every head.
  bool acceptsPrologue(Operation *, unsigned operand) const { return operand < 3; }
  LogicalResult emitKernel(Operation *operation, KernelEmitter &kernel) const {
    auto op = cast<AttentionOp>(operation);
    ArrayRef<AffineExpr> value = kernel.dims(op.getValue());
    bool isFixed = getConstant(kernel.dims(op.getQuery())[3]) && getConstant(value[3]);
    Type element = cast<RankedTensorType>(op.getQuery().getType()).getElementType();
    if (!isFixed || element.isF64())
      return emitPlainAttention(kernel, op);
    return AttentionKernel(kernel, op).emit();
  }
};
} // namespace

void pith::attachAttentionModel(MLIRContext *context) {
  AttentionOp::attachInterface<AttentionModel>(*context);
}
