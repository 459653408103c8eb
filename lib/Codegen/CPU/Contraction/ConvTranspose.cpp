//===- ConvTranspose.cpp - Transposed convolution -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Along the last axis, results fall into as many phases as the stride has steps:
// those of one phase see the same kernel columns, and neighbours among them see
// neighbours of the input. So lanes are results of one phase,
//
//     x = phase + stride · j,   input column = j + (phase + pad − k · dilation) / stride
//
// and a few outputs share every vector of the input that is loaded. A job is a few
// outputs at one position of all axes but the last.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace pith;

namespace {
class ConvTransposeEmitter {
public:
  ConvTransposeEmitter(KernelEmitter &kernel, ConvTransposeOp op)
      : kernel(kernel), op(op), loc(kernel.getLoc()),
        input(kernel.dims(op.getInput())), result(kernel.dims(op.getResult())),
        weight(cast<RankedTensorType>(op.getWeight().getType()).getShape()),
        axes(input.size() - 2), lanes(kernel.getLanes()) {
    for (int64_t count : {4, 2})
      if (weight[1] % count == 0) {
        outputs = count;
        break;
      }
  }
  LogicalResult emit();

private:
  /// What a job needs to know.
  struct Job {
    Value number, firstOutput;
    SmallVector<Value> outer;     ///< result indices of the axes between
    Value firstChannel, inGroup;  ///< of the input, and of the first output
  };
  /// Sums of results `phase + stride · (j + lane)`, one vector per output.
  SmallVector<Value> sum(OpBuilder &b, const Job &job, int64_t phase, Value j);
  SmallVector<Value> addColumns(OpBuilder &b, const Job &job, int64_t phase, Value j,
                                Value line, Value taps, ValueRange sums);
  void store(OpBuilder &b, const Job &job, int64_t phase, Value j, Value count,
             ValueRange sums);
  void emitJob(OpBuilder &b, const Job &job);

  int64_t stride(size_t axis) { return op.getStrides()[axis]; }

  KernelEmitter &kernel;
  ConvTransposeOp op;
  Location loc;
  SmallVector<AffineExpr> input, result;
  ArrayRef<int64_t> weight;
  size_t axes;
  int64_t lanes, outputs = 1;
  Value source, weights;
};
} // namespace

/// Adds what one kernel line gives. `line` is the number of the input line within
/// a channel, `taps` the kernel position of the line's first column.
SmallVector<Value> ConvTransposeEmitter::addColumns(OpBuilder &b, const Job &job,
                                                    int64_t phase, Value j, Value line,
                                                    Value taps, ValueRange sums) {
  TileCode code(b, loc);
  size_t last = axes - 1;
  Value width = kernel.size(input.back());
  SmallVector<AffineExpr> plane(ArrayRef(input).drop_front(2));
  Value planeSize = kernel.size(product(kernel.getContext(), plane));
  int64_t kernelSize = 1;
  for (int64_t size : weight.drop_front(2))
    kernelSize *= size;
  auto type = VectorType::get(
      {lanes}, cast<MemRefType>(source.getType()).getElementType());
  // Kernel columns that this phase sees, and where their input starts.
  struct Column {
    int64_t tap;
    Value start, mask;
  };
  SmallVector<Column> columns;
  Value steps = vector::StepOp::create(b, loc, VectorType::get({lanes}, b.getIndexType()));
  for (int64_t k = 0; k < weight.back(); ++k) {
    int64_t reach = phase + op.getPadsLow()[last] - k * op.getDilations()[last];
    if (reach % stride(last) != 0)
      continue;
    Value start = code.add(j, code.index(reach / stride(last)));
    Value at = arith::AddIOp::create(b, loc, steps, code.splat(start, lanes));
    Value mask = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at,
                                       code.splat(width, lanes));
    columns.push_back({k, start, mask});
  }
  Value channels = kernel.size(input[1].floorDiv(op.getGroup()));
  auto loop = scf::ForOp::create(b, loc, kernel.constantIndex(0), channels,
                                 kernel.constantIndex(1), sums);
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToStart(loop.getBody());
  TileCode in(inner, loc);
  SmallVector<Value> next(loop.getRegionIterArgs());
  Value channel = in.add(job.firstChannel, loop.getInductionVar());
  Value image = in.add(in.mul(job.number, kernel.size(input[1])), channel);
  Value lineStart = in.add(in.mul(image, planeSize), in.mul(line, width));
  Value first = in.mul(in.add(in.mul(channel, weight[1]), job.inGroup), kernelSize);
  first = in.add(first, taps);
  for (const Column &column : columns) {
    Value x = vector::MaskedLoadOp::create(
        inner, loc, type, source, ValueRange{in.add(lineStart, column.start)}, column.mask,
        in.constant(type, 0));
    x = in.toFloat(x);
    for (int64_t o = 0; o < outputs; ++o) {
      Value w = in.loadScalar(weights, in.add(first, o * kernelSize + column.tap));
      next[o] = in.fma(x, in.splat(in.toFloat(w), lanes), next[o],
                       kernel.getTarget().hasFMA);
    }
  }
  scf::YieldOp::create(inner, loc, next);
  return SmallVector<Value>(loop.result_begin(), loop.result_end());
}

SmallVector<Value> ConvTransposeEmitter::sum(OpBuilder &b, const Job &job, int64_t phase,
                                             Value j) {
  TileCode code(b, loc);
  auto type = VectorType::get({lanes}, b.getF32Type());
  SmallVector<Value> zeros(outputs, code.constant(type, 0));
  Value zero = kernel.constantIndex(0);
  // One loop per axis in front of the last, over its kernel positions.
  std::function<SmallVector<Value>(OpBuilder &, size_t, Value, Value, ValueRange)> nest =
      [&](OpBuilder &at, size_t axis, Value line, Value taps, ValueRange sums) {
        if (axis + 1 == axes)
          return addColumns(at, job, phase, j, line, TileCode(at, loc).mul(taps, weight.back()),
                            sums);
        auto loop = scf::ForOp::create(at, loc, zero, kernel.constantIndex(weight[2 + axis]),
                                       kernel.constantIndex(1), sums);
        OpBuilder inner(at.getContext());
        inner.setInsertionPointToStart(loop.getBody());
        TileCode in(inner, loc);
        Value k = loop.getInductionVar();
        // Unsigned: what is negative is too large.
        Value i = in.add(job.outer[axis], in.index(op.getPadsLow()[axis]));
        i = in.sub(i, in.mul(k, op.getDilations()[axis]));
        Value whole = arith::CmpIOp::create(inner, loc, arith::CmpIPredicate::eq,
                                            in.rem(i, stride(axis)), zero);
        i = in.div(i, stride(axis));
        Value inside = arith::CmpIOp::create(inner, loc, arith::CmpIPredicate::ult, i,
                                             kernel.size(input[2 + axis]));
        inside = arith::AndIOp::create(inner, loc, inside, whole);
        SmallVector<Value> carried(loop.getRegionIterArgs());
        auto choice = scf::IfOp::create(inner, loc, ValueRange(carried).getTypes(), inside,
                                        /*withElseRegion=*/true);
        OpBuilder then(at.getContext());
        then.setInsertionPointToStart(&choice.getThenRegion().front());
        TileCode c(then, loc);
        SmallVector<Value> done =
            nest(then, axis + 1, c.add(c.mul(line, kernel.size(input[2 + axis])), i),
                 c.add(c.mul(taps, weight[2 + axis]), k), carried);
        scf::YieldOp::create(then, loc, done);
        OpBuilder other(at.getContext());
        other.setInsertionPointToStart(&choice.getElseRegion().front());
        scf::YieldOp::create(other, loc, carried);
        scf::YieldOp::create(inner, loc, choice.getResults());
        return SmallVector<Value>(loop.result_begin(), loop.result_end());
      };
  return nest(b, 0, zero, zero, zeros);
}

void ConvTransposeEmitter::store(OpBuilder &b, const Job &job, int64_t phase, Value j,
                                 Value count, ValueRange sums) {
  TileCode code(b, loc);
  Type element = cast<RankedTensorType>(op.getResult().getType()).getElementType();
  int64_t step = stride(axes - 1);
  auto put = [&](OpBuilder &at, int64_t width, Value sum, int64_t output, Value column) {
    TileCode c(at, loc);
    ElementEmitter e(kernel, at, width);
    Value channel = c.add(job.firstOutput, output);
    if (op.getBias()) {
      Value bias = e.at(op.getBias(), {{channel, 0}});
      sum = arith::AddFOp::create(at, loc, sum, e.splat(c.toFloat(bias)));
    }
    if (!element.isF32())
      sum = arith::TruncFOp::create(at, loc, e.laneType(element), sum);
    SmallVector<LaneIndex> position{{job.number, 0}, {channel, 0}};
    for (Value index : job.outer)
      position.push_back({index, 0});
    position.push_back({c.add(c.mul(column, step), phase), width > 1 ? step : 0});
    kernel.store(e, position, sum);
  };
  Value full = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                     code.add(j, lanes), count);
  auto choice = scf::IfOp::create(b, loc, TypeRange{}, full, true);
  OpBuilder then(choice.getThenRegion().front().getTerminator());
  for (auto [o, sum] : llvm::enumerate(sums))
    put(then, lanes, sum, o, j);
  OpBuilder other(choice.getElseRegion().front().getTerminator());
  Value buffer = makeStackBuffer(other, loc, outputs * lanes, b.getF32Type());
  for (auto [o, sum] : llvm::enumerate(sums))
    TileCode(other, loc).store(sum, buffer, kernel.constantIndex(o * lanes));
  KernelEmitter::loop(other, loc, kernel.constantIndex(0), TileCode(other, loc).sub(count, j),
                      1, [&](OpBuilder &in, Value lane) {
                        TileCode c(in, loc);
                        for (int64_t o = 0; o < outputs; ++o)
                          put(in, 1, c.loadScalar(buffer, c.add(lane, o * lanes)), o,
                              c.add(j, lane));
                      });
}

void ConvTransposeEmitter::emitJob(OpBuilder &b, const Job &job) {
  int64_t step = stride(axes - 1);
  for (int64_t phase = 0; phase < step; ++phase) {
    // Results of this phase.
    Value count = kernel.size((result.back() - phase + step - 1).floorDiv(step));
    KernelEmitter::loop(b, loc, kernel.constantIndex(0), count, lanes,
                        [&](OpBuilder &in, Value j) {
                          store(in, job, phase, j, count, sum(in, job, phase, j));
                        });
  }
}

LogicalResult ConvTransposeEmitter::emit() {
  MLIRContext *context = kernel.getContext();
  int64_t each = weight[1];
  SmallVector<AffineExpr> space{result[0], result[1].floorDiv(outputs)};
  space.append(result.begin() + 2, result.end() - 1);
  int64_t terms = 1;
  for (size_t axis = 0; axis < axes; ++axis)
    terms *= std::max<int64_t>(1, weight[2 + axis] / stride(axis));
  AffineExpr cost = result.back() * input[1].floorDiv(op.getGroup()) *
                        std::max<int64_t>(1, terms * outputs / 8) + 20;
  auto number = [](Value v) { return cast<BlockArgument>(v).getArgNumber(); };
  return kernel.addTask(
      product(context, space), cost, [&](OpBuilder &builder, Value lo, Value hi) {
        source = kernel.argument(number(op.getInput())).memref;
        weights = kernel.argument(number(op.getWeight())).memref;
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value index) {
          TileCode code(b, loc);
          SmallVector<Value> at = kernel.delinearize(b, index, space);
          Job job;
          job.number = at[0];
          job.firstOutput = code.mul(at[1], outputs);
          job.outer.assign(at.begin() + 2, at.end());
          job.inGroup = job.firstOutput;
          job.firstChannel = kernel.constantIndex(0);
          if (op.getGroup() > 1) {
            job.inGroup = code.rem(job.firstOutput, each);
            job.firstChannel = code.mul(code.div(job.firstOutput, each),
                                        kernel.size(input[1].floorDiv(op.getGroup())));
          }
          emitJob(b, job);
        });
        return success();
      });
}

LogicalResult pith::emitConvTranspose(KernelEmitter &kernel, ConvTransposeOp op) {
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  Type element = type.getElementType();
  bool isSingle = element.isF32() || element.isF16() || element.isBF16();
  bool inMemory = isa<BlockArgument>(op.getInput()) && isa<BlockArgument>(op.getWeight());
  if (!isSingle || !inMemory || !type.hasStaticShape() || type.getDimSize(1) == 0 ||
      kernel.getLanes() == 1)
    return emitPlainConvTranspose(kernel, op);
  return ConvTransposeEmitter(kernel, op).emit();
}
