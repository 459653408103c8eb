//===- DepthwiseConv.cpp - One filter per channel -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Channels run along the lanes. A tile is a piece of one output line; each input
// vector is loaded once per kernel line and feeds every output that it reaches.
// Kernel lines outside the input are left out by the bounds of their loop; for
// columns that is known when the kernel is made: tiles at the borders get code
// of their own. Where the width is not constant, the input is padded first.
//
// Codes with one scale become floats when they are loaded. Sums of products of codes
// are exact as long as they fit 24 bits, which takes more than 500 kernel positions.
//
//===----------------------------------------------------------------------===//

#include "ConvGeometry.h"
#include "IntegerWeight.h"
#include "PaddedCodes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

namespace {
class DepthwiseEmitter {
public:
  DepthwiseEmitter(KernelEmitter &kernel, ConvGeometry geometry, PanelWeight weight)
      : kernel(kernel), g(std::move(geometry)), weight(std::move(weight)),
        codes(QuantizedRows::get(g.op.getInput())), loc(kernel.getLoc()) {}
  LogicalResult emit();

private:
  /// Columns [x, x + size) of an output line, of which the kernel columns set in
  /// `valid[c]` lie inside the input.
  struct Piece {
    int64_t size;
    SmallVector<SmallVector<bool>> valid;
  };
  Piece pieceAt(std::optional<int64_t> x, int64_t size) const;
  void emitLine(OpBuilder &b, Value number, Value line, Value panel);
  void emitPiece(OpBuilder &b, const Piece &piece, Value x);
  void emitColumns(OpBuilder &b);
  int64_t emitPadded();
  void makeInput(OpBuilder &b);
  Value toFloat(TileCode &code, Value loaded) const;

  int64_t stride() const { return g.strides.back(); }
  int64_t dilation() const { return g.dilations.back(); }
  int64_t kernelWidth() const { return g.kernel.back(); }
  int64_t kernelHeight() const { return g.axes > 1 ? g.kernel[0] : 1; }

  KernelEmitter &kernel;
  ConvGeometry g;
  PanelWeight weight;
  std::optional<QuantizedRows> codes; ///< what the input is made of
  Location loc;
  bool copied = false; ///< the input has been padded
  int64_t scratch = -1;
  int64_t tileSize = 8;
  SmallVector<AffineExpr> sizes; ///< of the input read

  // Of the line being emitted.
  KernelBuffer input;
  Value zero, scale; ///< of codes, f32; null: 0 and 1
  Value weights, weightBase;   ///< f32, [kernel position][lane]
  Value firstLine, lowKernel, highKernel; ///< input line of kernel line 0
  Value imageLine;             ///< number of lines in front of the image
  Value firstChannel, mask;
  TileStore *store = nullptr;
  SmallVector<LaneIndex> position;
};
} // namespace

DepthwiseEmitter::Piece DepthwiseEmitter::pieceAt(std::optional<int64_t> x,
                                                  int64_t size) const {
  Piece piece{size, {}};
  auto width = getConstant(sizes.back());
  for (int64_t c = 0; c < size; ++c) {
    SmallVector<bool> valid(kernelWidth(), true);
    if (x && !copied)
      for (int64_t kw = 0; kw < kernelWidth(); ++kw) {
        int64_t column = (*x + c) * stride() - g.padsLow.back() + kw * dilation();
        valid[kw] = column >= 0 && column < *width;
      }
    piece.valid.push_back(std::move(valid));
  }
  return piece;
}

void DepthwiseEmitter::emitPiece(OpBuilder &b, const Piece &piece, Value x) {
  TileCode code(b, loc);
  const PanelShape &shape = weight.getShape();
  auto type = VectorType::get({shape.lanes}, b.getF32Type());
  SmallVector<Value> sums(piece.size, code.constant(type, 0));
  Value width = kernel.size(sizes.back());
  int64_t padding = copied ? 0 : g.padsLow.back();
  // Element of input line 0, column of the tile's first kernel column.
  Value column = code.sub(code.mul(x, stride()), code.index(padding));

  auto line = [&](OpBuilder &lb, Value kh, SmallVector<Value> acc) {
    TileCode c(lb, loc);
    Value y = c.add(firstLine, c.mul(kh, g.axes > 1 ? g.dilations[0] : 1));
    Value base = c.add(c.mul(c.add(imageLine, y), width), column);
    base = c.add(c.mul(base, g.channels), firstChannel);
    SmallVector<Value> taps;
    Value tap = c.add(weightBase, c.mul(kh, kernelWidth() * shape.width()));
    for (int64_t kw = 0; kw < kernelWidth(); ++kw)
      taps.push_back(c.toFloat(
          c.load(weights, c.add(tap, kw * shape.width()), shape.lanes)));
    int64_t last = (piece.size - 1) * stride() + (kernelWidth() - 1) * dilation();
    for (int64_t j = 0; j <= last; ++j) {
      Value loaded;
      for (int64_t kw = 0; kw < kernelWidth(); ++kw) {
        int64_t from = j - kw * dilation();
        int64_t to = from / stride();
        if (from < 0 || from % stride() || to >= piece.size || !piece.valid[to][kw])
          continue;
        if (!loaded) {
          Value at = c.add(base, j * g.channels);
          if (mask) {
            auto stored = VectorType::get(
                {shape.lanes},
                cast<MemRefType>(input.memref.getType()).getElementType());
            loaded = vector::MaskedLoadOp::create(lb, loc, stored, input.memref,
                                                  ValueRange{at}, mask,
                                                  c.constant(stored, 0));
          } else {
            loaded = c.load(input.memref, at, shape.lanes);
          }
          loaded = toFloat(c, loaded);
        }
        acc[to] = c.fma(loaded, taps[kw], acc[to], kernel.getTarget().hasFMA);
      }
    }
    return acc;
  };
  if (kernelHeight() == 1 && (copied || g.axes == 1)) {
    sums = line(b, kernel.constantIndex(0), sums);
  } else {
    auto loop = scf::ForOp::create(b, loc, lowKernel, highKernel,
                                   kernel.constantIndex(1), sums);
    OpBuilder inner(b.getContext());
    inner.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> done =
        line(inner, loop.getInductionVar(),
             SmallVector<Value>(loop.getRegionIterArgs()));
    scf::YieldOp::create(inner, loc, done);
    sums.assign(loop.result_begin(), loop.result_end());
  }
  TileStore target = *store;
  SmallVector<LaneIndex> front(position);
  target.rowPosition = [=](OpBuilder &at, Value row) {
    SmallVector<LaneIndex> p(front);
    p.push_back({TileCode(at, loc).add(x, row), 0});
    return p;
  };
  target.store(b, piece.size, sums);
}

/// All columns of one line.
void DepthwiseEmitter::emitColumns(OpBuilder &b) {
  auto width = getConstant(g.output.back());
  Value zero = kernel.constantIndex(0);
  if (!width) {
    SmallVector<int64_t> pieces{tileSize, 4, 1};
    forEachPiece(b, loc, zero, kernel.size(g.output.back()), pieces,
                 [&](OpBuilder &inner, Value x, int64_t size) {
                   emitPiece(inner, pieceAt(std::nullopt, size), x);
                 });
    return;
  }
  // Neighbouring tiles that are equal become a loop.
  struct Run {
    int64_t from, count;
    Piece piece;
  };
  SmallVector<Run> runs;
  int64_t pieces = llvm::divideCeil(std::max<int64_t>(*width, 1), tileSize);
  int64_t size = llvm::divideCeil(std::max<int64_t>(*width, 1), pieces);
  for (int64_t x = 0; x < *width; x += size) {
    Piece piece = pieceAt(x, std::min(size, *width - x));
    if (!runs.empty() && runs.back().piece.size == piece.size &&
        runs.back().piece.valid == piece.valid)
      ++runs.back().count;
    else
      runs.push_back({x, 1, std::move(piece)});
  }
  for (const Run &run : runs) {
    Value from = kernel.constantIndex(run.from);
    if (run.count == 1) {
      emitPiece(b, run.piece, from);
      continue;
    }
    Value to = kernel.constantIndex(run.from + run.count * run.piece.size);
    KernelEmitter::loop(b, loc, from, to, run.piece.size,
                        [&](OpBuilder &inner, Value x) {
                          emitPiece(inner, run.piece, x);
                        });
  }
}

void DepthwiseEmitter::emitLine(OpBuilder &b, Value number, Value line,
                                Value panel) {
  TileCode code(b, loc);
  const PanelShape &shape = weight.getShape();
  TileStore target(kernel);
  target.lanes = shape.lanes;
  target.vectors = 1;
  target.firstOutput = firstChannel = code.mul(panel, shape.width());
  target.fullOutputs = shape.width();
  target.lastOutputs = g.outputs - (shape.panels() - 1) * shape.width();
  target.bias = g.op.getBias();
  mask = {};
  if (target.lastOutputs != shape.width()) {
    Value last = code.index(shape.panels() - 1);
    target.isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, panel, last);
    Value left = code.sub(code.index(g.channels), firstChannel);
    mask = vector::CreateMaskOp::create(
        b, loc, VectorType::get({shape.lanes}, b.getI1Type()), ValueRange{left});
  }
  store = &target;

  // Weights: where they lie if they are f32, else decoded.
  int64_t taps = weight.getReduction();
  Value buffer = makeStackBuffer(b, loc, taps * shape.width(), b.getF32Type());
  PanelReader reader(kernel, weight, b, panel, kernel.constantIndex(0));
  reader.forEach(b, {kernel.constantIndex(0), taps, {}}, {},
                 [&](OpBuilder &inner, TilePosition k, ArrayRef<Value> vectors,
                     MutableArrayRef<Value>) {
                   TileCode c(inner, loc);
                   c.store(vectors[0], buffer,
                           c.mul(c.add(k.base, k.offset), shape.width()));
                 });
  weights = buffer;
  weightBase = kernel.constantIndex(0);

  position.assign({LaneIndex{number, 0}});
  imageLine = number;
  firstLine = lowKernel = kernel.constantIndex(0);
  highKernel = kernel.constantIndex(kernelHeight());
  if (g.axes > 1) {
    position.push_back({line, 0});
    Value height = kernel.size(sizes[0]);
    imageLine = code.mul(number, height);
    firstLine = code.sub(code.mul(line, g.strides[0]),
                         code.index(copied ? 0 : g.padsLow[0]));
    if (!copied && (g.padsLow[0] || g.padsHigh[0])) {
      // 0 ≤ firstLine + kh · d < height
      int64_t d = g.dilations[0];
      auto ceil = [&](Value x) {
        return code.div(code.add(code.max(x, code.index(0)), d - 1), d);
      };
      lowKernel = code.min(ceil(code.sub(code.index(0), firstLine)), highKernel);
      highKernel = code.max(
          lowKernel, code.min(highKernel, ceil(code.sub(height, firstLine))));
    }
  }
  emitColumns(b);
}

/// Emits the task that copies the input with its padding.
int64_t DepthwiseEmitter::emitPadded() {
  if (!codes)
    return emitPaddedInput(kernel, g, std::nullopt);
  ConvGeometry whole(g); // channels are one run
  whole.group = 1;
  whole.groupChannels = g.channels;
  PaddedCodes padded(whole, *codes, codes->codeType().isUnsigned());
  padded.groupPixel = g.channels;
  return padded.emitCopy(kernel);
}

void DepthwiseEmitter::makeInput(OpBuilder &b) {
  Type element = cast<RankedTensorType>(g.op.getInput().getType()).getElementType();
  if (!codes) {
    input = copied ? kernel.scratch(scratch, element)
                   : kernel.argument(cast<BlockArgument>(g.op.getInput()).getArgNumber());
    return;
  }
  input = copied ? kernel.scratch(scratch, b.getI8Type())
                 : kernel.argument(codes->codeArgument());
  Value none = kernel.constantIndex(0);
  TileCode code(b, loc);
  zero = scale = Value();
  if (codes->zeroPoint) {
    Type type = cast<RankedTensorType>(codes->zeroPoint.getType()).getElementType();
    zero = code.toFloat(code.toInt(codes->zeroAt(kernel, b, none, none),
                                   type.isUnsignedInteger()));
  }
  HostTensor known = getInsideConstant(codes->scale);
  if (!known || known.getDouble(0) != 1)
    scale = codes->scaleAt(kernel, b, none, none);
}

Value DepthwiseEmitter::toFloat(TileCode &code, Value loaded) const {
  if (!codes)
    return code.toFloat(loaded);
  int64_t lanes = weight.getShape().lanes;
  loaded = code.toFloat(code.toInt(loaded, codes->codeType().isUnsigned()));
  if (zero)
    loaded = arith::SubFOp::create(code.b, loc, loaded, code.splat(zero, lanes));
  if (scale)
    loaded = arith::MulFOp::create(code.b, loc, loaded, code.splat(scale, lanes));
  return loaded;
}

LogicalResult DepthwiseEmitter::emit() {
  MLIRContext *context = kernel.getContext();
  const PanelShape &shape = weight.getShape();
  weight.setPackings(kernel);
  tileSize = kernel.getTarget().vectorRegisters >= 32 ? 14 : 7;
  bool widthPadded = g.padsLow.back() || g.padsHigh.back();
  copied = widthPadded &&
           (!getConstant(g.input.back()) || !getConstant(g.output.back()));
  sizes = copied ? g.paddedInput() : g.input;
  if (copied)
    scratch = emitPadded();

  AffineExpr one = getAffineConstantExpr(1, context);
  AffineExpr lines = g.axes > 1 ? g.output[0] : one;
  // Few lines: several jobs share one.
  auto height = getConstant(lines * g.batch);
  int64_t chunks = height && *height < 16
                       ? std::min<int64_t>(shape.panels(), 4)
                       : 1;
  int64_t perChunk = llvm::divideCeil(shape.panels(), chunks);
  SmallVector<AffineExpr> jobSpace{g.batch, lines,
                                   getAffineConstantExpr(chunks, context)};
  int64_t perPixel = perChunk * (weight.getReduction() + 4) / 4 + 1;
  return kernel.addTask(
      product(context, jobSpace), g.output.back() * perPixel,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        makeInput(builder);
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          TileCode code(b, loc);
          SmallVector<Value> at = kernel.delinearize(b, job, jobSpace);
          Value from = code.mul(at[2], perChunk);
          Value to = code.min(code.add(from, perChunk), code.index(shape.panels()));
          KernelEmitter::loop(b, loc, from, to, 1, [&](OpBuilder &inner, Value panel) {
            emitLine(inner, at[0], at[1], panel);
          });
        });
        return success();
      });
}

LogicalResult pith::emitDepthwiseConv(KernelEmitter &kernel, ConvOp op) {
  auto geometry = ConvGeometry::get(kernel, op);
  if (failed(geometry))
    return op->emitError("depthwise convolution is not channels last");
  int64_t taps = 1;
  for (int64_t size : geometry->kernel)
    taps *= size;
  PanelShape shape;
  shape.outputs = geometry->outputs;
  shape.lanes = std::max<int64_t>(1, kernel.getTarget().vectorBytes / 4);
  while (shape.lanes > 4 && shape.outputs <= shape.lanes / 2)
    shape.lanes /= 2;
  auto weight = PanelWeight::get(kernel, op.getWeight(), shape, taps);
  if (failed(weight))
    return failure();
  return DepthwiseEmitter(kernel, *geometry, std::move(*weight)).emit();
}
