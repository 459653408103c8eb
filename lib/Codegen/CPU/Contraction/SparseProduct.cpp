//===- SparseProduct.cpp - Many rows times stored elements alone ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where there are many rows, lanes hold rows instead of outputs: every stored element
// of an output is broadcast and multiplied with one column of the rows, and what is not
// stored costs nothing (Elsen et al., "Fast Sparse ConvNets", 2020). A task turns the
// rows into tiles of columns first.
//
//     columns  f32 [tile][position][row of the tile]
//     values   f32, output by output, each padded with zeros to a multiple of 4
//     places   i32 [output + 1] first entry, then one byte per entry: how far it is
//              from the last one's position (the first one's from 0)
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "StoredRows.h"
#include "pith/Codegen/CPU/BlockTranspose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace pith;

/// Entries of one turn of the inner loop.
static constexpr int64_t kTurn = 4;
/// Of one tile of columns, which stays in the second-level cache.
static constexpr int64_t kTileBytes = 512 << 10;
/// Few enough elements to multiply. Where SlidingProduct.cpp can permute, it is faster
/// for rows that do not fill vectors and, as columns do not all stay in the first-level
/// cache, for more elements; elsewhere any constant number of rows is better than taking elements
/// lane by lane.
static constexpr int64_t kMinRowsBesidePermutations = 16;
static constexpr double kMaxDensity = 0.6, kMaxDensityBesidePermutations = 0.3;
/// Positions are stored in 16 bits.
static constexpr int64_t kMaxReduction = 65536;

namespace {
/// Where a weight's elements are stored.
struct SparsePlaces {
  SparseForm form;
  int64_t outputs, reduction;

  /// Calls `visit(output, position, entry)`, or with entry −1 for padding.
  void forEntries(const HostTensor &where,
                  llvm::function_ref<void(int64_t, int64_t, int64_t)> visit) const;
  std::vector<char> packValues(const HostTensor &values, const HostTensor &where) const;
  std::vector<char> packPlaces(const HostTensor &where) const;
  int64_t tableBytes() const { return llvm::alignTo((outputs + 1) * 4, 64); }
};

class SparseProduct {
public:
  SparseProduct(KernelEmitter &kernel, const RowProduct &product, SparsePlaces places,
                int64_t values, int64_t where)
      : kernel(kernel), loc(kernel.getLoc()), product(product), places(places),
        values(values), where(where), rows(kernel, product.rowAxes),
        lanes(kernel.getLanes()) {}
  LogicalResult emit();

private:
  int64_t rowCount() const { return *rows.getConstantCount(); }
  void setPackings();
  LogicalResult addTranspose();
  void emitOutput(OpBuilder &b, Value tile, Value output, Value buffer, Value line);
  void emitStores(OpBuilder &b, Value tile, Value group, Value buffer);

  KernelEmitter &kernel;
  Location loc;
  const RowProduct &product;
  SparsePlaces places;
  int64_t values, where; ///< arguments
  RowSpace rows;
  int64_t lanes, vectors = 1;
  StoredRows left;
  int64_t columns = -1;
};
} // namespace

void SparsePlaces::forEntries(
    const HostTensor &tensor,
    llvm::function_ref<void(int64_t, int64_t, int64_t)> visit) const {
  int64_t blocks = form.m ? llvm::divideCeil(reduction, form.m) : 0, next = 0;
  std::vector<int64_t> entryAt(reduction);
  for (int64_t output = 0; output < outputs; ++output) {
    std::fill(entryAt.begin(), entryAt.end(), -1);
    if (form.m == 0) {
      for (int64_t k = 0; k < reduction; ++k)
        if (tensor.getBytes()[output * reduction + k] & 1)
          entryAt[k] = next++;
    } else {
      for (int64_t i = 0; i < blocks * form.n; ++i, ++next) {
        int64_t k = i / form.n * form.m + tensor.getInt(next);
        if (k < reduction)
          entryAt[k] = next;
      }
    }
    int64_t count = 0;
    for (int64_t k = 0; k < reduction; ++k)
      if (entryAt[k] >= 0) {
        visit(output, k, entryAt[k]);
        ++count;
      }
    for (; count % kTurn; ++count)
      visit(output, 0, -1);
  }
}

std::vector<char> SparsePlaces::packValues(const HostTensor &tensor,
                                           const HostTensor &where) const {
  std::vector<float> packed;
  ArrayRef<float> stored = tensor.as<float>();
  forEntries(where, [&](int64_t, int64_t, int64_t entry) {
    packed.push_back(entry >= 0 && entry < int64_t(stored.size()) ? stored[entry] : 0);
  });
  packed.resize(packed.size() + 16);
  auto *bytes = reinterpret_cast<const char *>(packed.data());
  return std::vector<char>(bytes, bytes + packed.size() * 4);
}

std::vector<char> SparsePlaces::packPlaces(const HostTensor &where) const {
  std::vector<int32_t> starts(outputs + 1);
  std::vector<uint16_t> positions;
  forEntries(where, [&](int64_t output, int64_t position, int64_t) {
    positions.push_back(position);
    starts[output + 1] = positions.size();
  });
  for (int64_t output = 0; output < outputs; ++output)
    starts[output + 1] = std::max(starts[output + 1], starts[output]);
  std::vector<char> out(tableBytes() + positions.size() * 2 + 64);
  std::memcpy(out.data(), starts.data(), starts.size() * 4);
  std::memcpy(out.data() + tableBytes(), positions.data(), positions.size() * 2);
  return out;
}

void SparseProduct::setPackings() {
  std::string key = std::to_string(places.outputs) + "," +
                    std::to_string(places.reduction) + "," +
                    std::to_string(places.form.n) + ":" + std::to_string(places.form.m);
  ArgumentPacking &stored = kernel.getPlan().packings[values];
  stored.key = "sparse values:" + key;
  stored.companions.push_back(where);
  stored.packWith = [places = places](ArrayRef<HostTensor> tensors) {
    return places.packValues(tensors[0], tensors[1]);
  };
  ArgumentPacking &steps = kernel.getPlan().packings[where];
  steps.key = "sparse places:" + key;
  steps.pack = [places = places](const HostTensor &tensor) {
    return places.packPlaces(tensor);
  };
}

/// A job turns `lanes` rows into columns of a tile; rows behind the last repeat it.
LogicalResult SparseProduct::addTranspose() {
  MLIRContext *context = kernel.getContext();
  int64_t K = product.reduction, tileRows = vectors * lanes;
  int64_t tiles = llvm::divideCeil(rowCount(), tileRows);
  columns =
      kernel.addScratch(getAffineConstantExpr(tiles * tileRows * K * 4 + 64, context));
  return kernel.addTask(
      getAffineConstantExpr(tiles * vectors, context),
      getAffineConstantExpr(K * lanes / 8 + 1, context),
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        KernelBuffer lhs = left.getBuffer(kernel);
        Value out = kernel.scratch(columns, builder.getF32Type()).memref;
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          TileCode code(b, loc);
          SmallVector<Value> from;
          for (int64_t i = 0; i < lanes; ++i) {
            Value row =
                code.min(code.add(code.mul(job, lanes), i), code.index(rowCount() - 1));
            from.push_back(code.mul(row, K));
          }
          Value base = code.add(code.mul(code.div(job, vectors), K * tileRows),
                                code.mul(code.rem(job, vectors), lanes));
          auto block = [&](OpBuilder &inner, Value k) {
            TileCode c(inner, loc);
            SmallVector<Value> lines;
            for (Value start : from)
              lines.push_back(c.toFloat(c.load(lhs.memref, c.add(start, k), lanes)));
            lines = transposeBlock(inner, loc, lines);
            for (auto [i, line] : llvm::enumerate(lines))
              c.store(line, out, c.add(base, c.mul(c.add(k, int64_t(i)), tileRows)));
          };
          int64_t whole = K / lanes * lanes;
          KernelEmitter::loop(b, loc, kernel.constantIndex(0),
                              kernel.constantIndex(whole), lanes, block);
          if (K > whole) // the last block again takes some of the one before
            block(b, code.index(K - lanes));
        });
        return success();
      });
}

/// Sums of one output for all rows of a tile, to line `line` of the buffer.
void SparseProduct::emitOutput(OpBuilder &b, Value tile, Value output, Value buffer,
                               Value line) {
  TileCode code(b, loc);
  int64_t tileRows = vectors * lanes;
  Value places = kernel.argument(where).memref;
  Value stored = kernel.argument(values).memref;
  Value x = kernel.scratch(columns, b.getF32Type()).memref;
  Value first = code.loadIndex(places, code.mul(output, 4), 32);
  Value end = code.loadIndex(places, code.mul(code.add(output, 1), 4), 32);
  Value base = code.mul(tile, product.reduction * tileRows);
  int64_t sets = std::max<int64_t>(1, kTurn / vectors);
  Value zero = code.constant(VectorType::get({lanes}, b.getF32Type()), 0);
  SmallVector<Value> state(sets * vectors, zero);
  auto loop = scf::ForOp::create(b, loc, first, end, kernel.constantIndex(kTurn), state);
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToStart(loop.getBody());
  TileCode c(inner, loc);
  SmallVector<Value> carried(loop.getRegionIterArgs());
  for (int64_t i = 0; i < kTurn; ++i) {
    Value entry = c.add(loop.getInductionVar(), i);
    Value position =
        c.loadIndex(places, c.add(c.mul(entry, 2), this->places.tableBytes()), 16);
    Value at = c.add(base, c.mul(position, tileRows));
    Value element = c.splat(c.loadScalar(stored, entry), lanes);
    for (int64_t v = 0; v < vectors; ++v) {
      Value &sum = carried[i % sets * vectors + v];
      sum = c.fma(element, c.load(x, c.add(at, v * lanes), lanes), sum,
                  kernel.getTarget().hasFMA);
    }
  }
  scf::YieldOp::create(inner, loc, carried);
  SmallVector<Value> sums(loop.getResults());
  for (int64_t count = sets; count > 1; count /= 2)
    for (int64_t i = 0; i < count / 2 * vectors; ++i)
      sums[i] = arith::AddFOp::create(b, loc, sums[i], sums[i + count / 2 * vectors]);
  for (int64_t v = 0; v < vectors; ++v)
    code.store(sums[v], buffer, code.add(code.mul(line, tileRows), v * lanes));
}

/// The buffer's `lanes` outputs, row by row, through the epilogue.
void SparseProduct::emitStores(OpBuilder &builder, Value tile, Value group,
                               Value buffer) {
  TileStore store(kernel);
  PanelShape shape;
  shape.outputs = product.outputs;
  shape.lanes = lanes;
  store.setPanel(builder, group, shape);
  store.bias = product.bias;
  store.hasOutputAxis = product.hasOutputAxis;
  int64_t tileRows = vectors * lanes, rest = rowCount() % lanes;
  TileCode code(builder, loc);
  Value first = code.mul(tile, tileRows);
  Value left = code.min(code.index(tileRows), code.sub(code.index(rowCount()), first));
  auto piece = [&](OpBuilder &b, Value at, int64_t count) {
    TileCode c(b, loc);
    SmallVector<Value> lines;
    for (int64_t i = 0; i < lanes; ++i)
      lines.push_back(c.load(buffer, c.add(at, i * tileRows), lanes));
    lines = transposeBlock(b, loc, lines);
    TileStore own = store;
    Value row = c.add(first, at);
    own.rowPosition = [this, row](OpBuilder &in, Value m) {
      return rows.position(in, TileCode(in, loc).add(row, m));
    };
    own.store(b, count, ArrayRef(lines).take_front(count));
  };
  Value whole = code.sub(left, code.rem(left, lanes));
  KernelEmitter::loop(builder, loc, kernel.constantIndex(0), whole, lanes,
                      [&](OpBuilder &b, Value at) { piece(b, at, lanes); });
  if (rest == 0)
    return;
  Value isShort =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, whole, left);
  auto choice = scf::IfOp::create(builder, loc, TypeRange{}, isShort, false);
  OpBuilder inner(choice.getThenRegion().front().getTerminator());
  piece(inner, whole, rest);
}

LogicalResult SparseProduct::emit() {
  MLIRContext *context = kernel.getContext();
  while (vectors < 4 && vectors * lanes < rowCount() &&
         product.reduction * vectors * 2 * lanes * 4 <= kTileBytes)
    vectors *= 2;
  setPackings();
  auto stored = StoredRows::get(kernel, product.lhs, rows, product.reduction,
                                /*loadsLines=*/false);
  if (failed(stored))
    return failure();
  left = *stored;
  if (failed(addTranspose()))
    return failure();
  int64_t tileRows = vectors * lanes;
  int64_t tiles = llvm::divideCeil(rowCount(), tileRows);
  int64_t groups = llvm::divideCeil(product.outputs, lanes);
  SmallVector<AffineExpr> jobSpace{getAffineConstantExpr(tiles, context),
                                   getAffineConstantExpr(groups, context)};
  int64_t cost = product.reduction * lanes * tileRows / 100 + 1;
  return kernel.addTask(
      jobSpace[0] * jobSpace[1], getAffineConstantExpr(cost, context),
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        Value buffer =
            makeStackBuffer(builder, loc, lanes * tileRows, builder.getF32Type());
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> at = kernel.delinearize(b, job, jobSpace);
          TileCode code(b, loc);
          Value from = code.mul(at[1], lanes);
          Value count =
              code.min(code.index(lanes), code.sub(code.index(product.outputs), from));
          KernelEmitter::loop(b, loc, kernel.constantIndex(0), count, 1,
                              [&](OpBuilder &inner, Value line) {
                                Value output = TileCode(inner, loc).add(from, line);
                                emitOutput(inner, at[0], output, buffer, line);
                              });
          emitStores(b, at[0], at[1], buffer);
        });
        return success();
      });
}

FailureOr<bool> pith::emitSparseProduct(KernelEmitter &kernel,
                                        const RowProduct &product) {
  auto codec = product.weight.getDefiningOp<WeightCodecOpInterface>();
  auto form = codec ? codec.getSparseForm() : std::nullopt;
  if (!form)
    return false;
  auto stored = dyn_cast<BlockArgument>(codec->getOperand(form->values));
  auto where = dyn_cast<BlockArgument>(codec->getOperand(form->where));
  if (!stored || !where || stored == where)
    return false;
  auto type = cast<RankedTensorType>(stored.getType());
  auto count = getConstantRows(kernel, product.rowAxes);
  int64_t lanes = kernel.getLanes();
  bool permutes = kernel.getTarget().hasAVX2;
  double most = permutes ? kMaxDensityBesidePermutations : kMaxDensity;
  int64_t fewest = permutes ? kMinRowsBesidePermutations : 1;
  bool isFew = double(type.getNumElements()) <=
               most * double(product.outputs) * double(product.reduction);
  bool fits = product.outputs >= 1 && product.reduction >= lanes &&
              product.reduction <= kMaxReduction;
  if (!count || *count < fewest || !type.getElementType().isF32() || !isFew ||
      lanes < 4 || !fits)
    return false;
  SparsePlaces places{*form, product.outputs, product.reduction};
  if (failed(SparseProduct(kernel, product, places, stored.getArgNumber(),
                           where.getArgNumber())
                 .emit()))
    return failure();
  return true;
}
