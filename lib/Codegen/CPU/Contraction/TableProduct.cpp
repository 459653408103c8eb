//===- TableProduct.cpp - Rows times a weight of table rows ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One code of such a weight stands for a run of values, a row of the table. Outputs share
// the table, so a run of activations is multiplied with each of its rows once, and
// outputs look their products up (tables of partial products: Jégou et al., "Product
// Quantization for Nearest Neighbor Search", 2011, section III). That takes one addition
// per output and run instead of a product for each value:
//
//     for row: for block of runs:
//       for run: for entry: products[run][entry] = Σᵢ x[row][run · length + i] · table[entry][i]
//       for panel: for run: sums[panel] += products[run][codes[panel][run]]
//
// Look-ups are of bytes (ByteTables.h), so products lie as four tables of bytes each. Those
// of one block stay in the first-level cache.
//
//===----------------------------------------------------------------------===//

#include "ByteTables.h"
#include "Kernels.h"
#include "StoredRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pith;

/// Bytes of a block's products, and the most that whole groups may make of them: they lie
/// on the stack.
static constexpr int64_t kBlockBytes = 16 << 10, kMaxBlockBytes = 64 << 10;
/// Panels whose sums wait in memory.
static constexpr int64_t kMaxPanels = 64;
/// Parts into which the panels of a row are cut for threads: each multiplies the table anew.
static constexpr int64_t kSlices = 4;
/// As many rows are enough for threads.
static constexpr int64_t kManyRows = 8;

/// Runs of one block, which holds whole groups and steps.
static int64_t blockRuns(const PanelWeight &weight) {
  int64_t length = weight.getRunLength();
  int64_t unit = std::lcm(weight.getStep(), std::max<int64_t>(weight.getGroup(), 1));
  unit = std::lcm(unit, length) / length;
  return std::max(unit, kBlockBytes / (4 * weight.getRunEntries()) / unit * unit);
}

namespace {
class TableProduct {
public:
  TableProduct(KernelEmitter &kernel, const RowProduct &product, PanelWeight weight)
      : kernel(kernel), loc(kernel.getLoc()), product(product), weight(std::move(weight)),
        rows(kernel, product.rowAxes), length(this->weight.getRunLength()),
        entries(this->weight.getRunEntries()) {}

  LogicalResult emit();

private:
  Value decodeTable(OpBuilder &b);
  void multiplyRun(OpBuilder &b, Value first, Value run, int64_t count);
  void multiplyRuns(OpBuilder &b, Value first, int64_t count);
  void addProducts(OpBuilder &b, Value panel, Value place, Value from, int64_t count);
  void emitPanels(OpBuilder &b, Value row, Value from, Value to);
  Value panelStart(OpBuilder &b, Value place) {
    return TileCode(b, loc).mul(place, weight.getShape().width());
  }

  KernelEmitter &kernel;
  Location loc;
  const RowProduct &product;
  PanelWeight weight;
  RowSpace rows;
  int64_t length, entries;
  StoredRows left;
  // Of the current task:
  KernelBuffer lhs;
  Value table;    ///< f32 `[place in the run][set of 64 entries][vector][lane]`
  Value products; ///< bytes `[run of the block][byte][entry]`
  Value sums;     ///< f32 `[panel of the pass][output]`
};
} // namespace

/// The table as f32, in a buffer.
Value TableProduct::decodeTable(OpBuilder &b) {
  const PanelWeight::Leaf &leaf = weight.getRunTable();
  const int64_t lanes = weight.getShape().lanes, set = 4 * lanes;
  int64_t bytes = tableBytes(leaf.element), bits = leaf.element.getIntOrFloatBitWidth();
  Value from = kernel.argument(leaf.argument).memref;
  Value to = makeStackBuffer(b, loc, length * entries, b.getF32Type());
  TileCode code(b, loc);
  auto type = VectorType::get({set}, b.getI8Type());
  for (int64_t place = 0; place < length; ++place)
    for (int64_t at = 0; at < entries; at += set) {
      SmallVector<Value> planes;
      for (int64_t byte = 0; byte < bytes; ++byte) {
        int64_t start = (place * bytes + byte) * entries + at;
        planes.push_back(code.bitcast(
            code.load(from, code.index(start * 8 / bits), set * 8 / bits), type));
      }
      for (auto [v, value] : llvm::enumerate(bytesToFloats(code, planes, lanes)))
        code.store(value, to, code.index(place * entries + at + v * lanes));
    }
  return to;
}

/// Products of `count` activations from `first` on with the table, as those of run `run`.
void TableProduct::multiplyRun(OpBuilder &b, Value first, Value run, int64_t count) {
  const int64_t lanes = weight.getShape().lanes, set = 4 * lanes;
  TileCode code(b, loc);
  SmallVector<Value> x;
  for (int64_t i = 0; i < count; ++i)
    x.push_back(code.splat(
        code.toFloat(code.loadScalar(lhs.memref, code.add(first, i))), lanes));
  Value start = code.mul(run, 4 * entries);
  for (int64_t at = 0; at < entries; at += set) {
    SmallVector<Value> floats(4, code.constant(x.front().getType(), 0));
    for (int64_t i = 0; i < count; ++i)
      for (auto [v, sum] : llvm::enumerate(floats)) {
        Value entry = code.load(table, code.index(i * entries + at + v * lanes), lanes);
        sum = i == 0 ? arith::MulFOp::create(b, loc, x[i], entry).getResult()
                     : code.fma(x[i], entry, sum, kernel.getTarget().hasFMA);
      }
    for (auto [byte, plane] : llvm::enumerate(floatsToBytes(code, floats)))
      code.store(plane, products, code.add(start, byte * entries + at));
  }
}

/// Products of the `count` activations from `first` on: of whole runs and the last one.
void TableProduct::multiplyRuns(OpBuilder &b, Value first, int64_t count) {
  int64_t whole = count / length;
  KernelEmitter::loop(b, loc, kernel.constantIndex(0), kernel.constantIndex(whole), 1,
                      [&](OpBuilder &inner, Value run) {
                        TileCode code(inner, loc);
                        multiplyRun(inner, code.add(first, code.mul(run, length)), run,
                                    length);
                      });
  if (int64_t rest = count % length)
    multiplyRun(b, TileCode(b, loc).add(first, whole * length), kernel.constantIndex(whole),
                rest);
}

/// Adds the products of `count` positions from `from` on to the sums at `place`.
void TableProduct::addProducts(OpBuilder &b, Value panel, Value place, Value from,
                               int64_t count) {
  const PanelShape &shape = weight.getShape();
  TileCode code(b, loc);
  PanelReader reader(kernel, weight, b, panel, kernel.constantIndex(0));
  reader.products = {products, code.div(from, length)};
  reader.isSumming = reader.leavesFactors = true;
  SmallVector<Value> state;
  for (int64_t v = 0; v < shape.vectors; ++v)
    state.push_back(
        code.load(sums, code.add(panelStart(b, place), v * shape.lanes), shape.lanes));
  state = reader.forEach(b, {from, count, {}}, state,
                         [&](OpBuilder &inner, TilePosition, ArrayRef<Value> values,
                             MutableArrayRef<Value> carried) {
                           for (auto [sum, value] : llvm::zip(carried, values))
                             sum = arith::AddFOp::create(inner, loc, sum, value);
                         });
  for (auto [v, sum] : llvm::enumerate(state))
    code.store(sum, sums, code.add(panelStart(b, place), v * shape.lanes));
}

/// Row `row` times panels [from, to), at most `kMaxPanels`.
void TableProduct::emitPanels(OpBuilder &b, Value row, Value from, Value to) {
  const PanelShape &shape = weight.getShape();
  Value zero = kernel.constantIndex(0);
  Value start = TileCode(b, loc).mul(row, left.stride);
  auto forPanels = [&](OpBuilder &at, function_ref<void(OpBuilder &, Value, Value)> body) {
    KernelEmitter::loop(at, loc, from, to, 1, [&](OpBuilder &inner, Value panel) {
      body(inner, panel, TileCode(inner, loc).sub(panel, from));
    });
  };
  forPanels(b, [&](OpBuilder &inner, Value, Value place) {
    TileCode code(inner, loc);
    Value none = code.constant(VectorType::get({shape.lanes}, b.getF32Type()), 0);
    for (int64_t v = 0; v < shape.vectors; ++v)
      code.store(none, sums, code.add(panelStart(inner, place), v * shape.lanes));
  });
  auto block = [&](OpBuilder &inner, Value first, int64_t count) {
    multiplyRuns(inner, TileCode(inner, loc).add(start, first), count);
    forPanels(inner, [&](OpBuilder &own, Value panel, Value place) {
      addProducts(own, panel, place, first, count);
    });
  };
  int64_t size = blockRuns(weight) * length, whole = product.reduction / size;
  KernelEmitter::loop(b, loc, zero, kernel.constantIndex(whole), 1,
                      [&](OpBuilder &inner, Value number) {
                        block(inner, TileCode(inner, loc).mul(number, size), size);
                      });
  if (int64_t rest = product.reduction % size)
    block(b, kernel.constantIndex(whole * size), rest);
  forPanels(b, [&](OpBuilder &inner, Value panel, Value place) {
    PanelReader reader(kernel, weight, inner, panel, zero);
    TileCode code(inner, loc);
    for (auto [v, factor] : llvm::enumerate(reader.getFactors(inner))) {
      Value at = code.add(panelStart(inner, place), v * shape.lanes);
      Value sum = code.load(sums, at, shape.lanes);
      code.store(arith::MulFOp::create(inner, loc, sum, factor), sums, at);
    }
    TileStore store(kernel);
    store.setPanel(inner, panel, shape);
    store.bias = product.bias;
    store.hasOutputAxis = product.hasOutputAxis;
    store.rowPosition = [&](OpBuilder &at, Value m) {
      return rows.position(at, TileCode(at, loc).add(row, m));
    };
    store.storeFrom(inner, 1, sums, panelStart(inner, place));
  });
}

LogicalResult TableProduct::emit() {
  MLIRContext *context = kernel.getContext();
  const PanelShape &shape = weight.getShape();
  weight.setPackings(kernel);
  auto stored = StoredRows::get(kernel, product.lhs, rows, product.reduction,
                                /*loadsLines=*/false);
  if (failed(stored))
    return failure();
  left = *stored;
  int64_t panels = shape.panels();
  auto count = rows.getConstantCount();
  int64_t slice = count && *count >= kManyRows ? panels : llvm::divideCeil(panels, kSlices);
  int64_t slices = llvm::divideCeil(panels, slice);
  AffineExpr jobs = rows.getCount() * slices;
  int64_t runs = llvm::divideCeil(product.reduction, length);
  int64_t cost = runs * (slice * shape.vectors + 4 * length * entries / 256 + 10);
  return kernel.addTask(
      jobs, getAffineConstantExpr(cost, context),
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        lhs = left.getBuffer(kernel);
        table = decodeTable(builder);
        products = makeStackBuffer(builder, loc, blockRuns(weight) * 4 * entries,
                                   builder.getI8Type());
        sums = makeStackBuffer(builder, loc, std::min(panels, kMaxPanels) * shape.width(),
                               builder.getF32Type());
        // Neighbouring slices of a row share products.
        TileCode code(builder, loc);
        Value end = code.add(code.div(code.sub(hi, kernel.constantIndex(1)), slices), 1);
        KernelEmitter::loop(
            builder, loc, code.div(lo, slices), end, 1, [&](OpBuilder &b, Value row) {
              TileCode own(b, loc);
              Value first = own.mul(row, slices), zero = kernel.constantIndex(0);
              Value from = own.mul(own.max(own.sub(lo, first), zero), slice);
              Value to = own.min(own.mul(own.sub(hi, first), slice), own.index(panels));
              KernelEmitter::loop(b, loc, from, to, kMaxPanels,
                                  [&](OpBuilder &inner, Value at) {
                                    TileCode piece(inner, loc);
                                    emitPanels(inner, row, at,
                                               piece.min(piece.add(at, kMaxPanels), to));
                                  });
            });
        return success();
      });
}

namespace {
/// Cycles for 64 outputs and one code, as measured (docs/kernels.md).
struct Costs {
  double lookUp;     ///< of products
  double decodeOne;  ///< per value, with the products of one row
  double decodeMany; ///< per value and row, where there are more
};
} // namespace

static constexpr Costs kLargeTable{16, 12, 5}, kSmallTable{12, 9, 4.2};
/// Cycles for the products of a value of the run with 256 entries, and to store them all.
static constexpr double kMultiply = 16, kStoreProducts = 40;

/// Whether look-ups of products take less than products of looked-up values, and products
/// fit the stack.
static bool isFaster(KernelEmitter &kernel, const RowProduct &product,
                     const PanelWeight &weight) {
  auto rows = getConstantRows(kernel, product.rowAxes);
  double sets = weight.getShape().panels() * weight.getShape().vectors / 4;
  int64_t length = weight.getRunLength(), entries = weight.getRunEntries();
  if (blockRuns(weight) * 4 * entries > kMaxBlockBytes)
    return false;
  const Costs &costs = entries > 128 ? kLargeTable : kSmallTable;
  double multiply = kMultiply * double(length * entries) / 256 + kStoreProducts;
  double decode = rows && *rows == 1 ? costs.decodeOne : costs.decodeMany;
  return sets > 0 && costs.lookUp + multiply / sets < decode * double(length);
}

FailureOr<bool> pith::emitTableProduct(KernelEmitter &kernel, const RowProduct &product) {
  auto weight =
      PanelWeight::getProducts(kernel, product.weight, product.outputs, product.reduction);
  if (failed(weight))
    return failure();
  if (!*weight || !isFaster(kernel, product, **weight))
    return false;
  if (failed(TableProduct(kernel, product, std::move(**weight)).emit()))
    return failure();
  return true;
}
