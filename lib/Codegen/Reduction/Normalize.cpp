//===- Normalize.cpp - Kernels of softmax, layer norm and RMS norm --------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A job is a row: all elements that are normalized together. Rows are walked two
// or three times. Where the input is computed on the fly, and a row fits, its
// values are kept in a buffer on the stack after the first time.
//
//===----------------------------------------------------------------------===//

#include "Accumulate.h"
#include "Reduction.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace pith;

namespace {

/// A row's elements, loaded or computed once.
class Row {
public:
  Row(KernelEmitter &kernel, Value input, unsigned axis)
      : kernel(kernel), input(input) {
    ArrayRef<AffineExpr> sizes = kernel.dims(input);
    outer.assign(sizes.begin(), sizes.begin() + axis);
    inner.assign(sizes.begin() + axis, sizes.end());
    element = cast<RankedTensorType>(input.getType()).getElementType();
    type = accumulatorType(element);
  }

  /// To be called where the row's job starts.
  void begin(OpBuilder &b, Value job) {
    position.clear();
    for (Value i : kernel.delinearize(b, job, outer))
      position.push_back({i, 0});
    buffer = {};
    auto length = getConstant(product(b.getContext(), inner));
    constexpr int64_t kLongest = 8192;
    if (inner.size() == 1 && length && *length <= kLongest) {
      auto memory = MemRefType::get({*length}, type);
      Value flat = memref::AllocaOp::create(b, kernel.getLoc(), memory,
                                            b.getI64IntegerAttr(64));
      Value any = memref::CastOp::create(
          b, kernel.getLoc(), MemRefType::get({ShapedType::kDynamic}, type), flat);
      buffer = {any, type};
    }
    filled = false;
  }
  SmallVector<LaneIndex> at(ArrayRef<LaneIndex> index) const {
    SmallVector<LaneIndex> all(position);
    all.append(index.begin(), index.end());
    return all;
  }
  /// The element(s) at an index of the row, in the accumulator's type.
  Value get(ElementEmitter &e, ArrayRef<LaneIndex> index) {
    if (filled)
      return e.load(buffer, index[0]);
    return e.splat(widen(e.getBuilder(), kernel.getLoc(), e.at(input, at(index))));
  }
  /// The same, keeping the values for the next walk.
  Value first(ElementEmitter &e, ArrayRef<LaneIndex> index) {
    Value x = get(e, index);
    if (keeps() && !filled)
      e.store(buffer, index[0], x);
    return x;
  }
  void keep(ElementEmitter &e, ArrayRef<LaneIndex> index, Value x) {
    if (buffer.memref)
      e.store(buffer, index[0], x);
  }
  /// Whether walks after the first read the buffer: pays where the input is
  /// computed.
  bool keeps() const { return buffer.memref && !isa<BlockArgument>(input); }
  bool hasBuffer() const { return bool(buffer.memref); }
  void setFilled(bool value = true) { filled = value && buffer.memref; }

  KernelEmitter &kernel;
  Value input;
  SmallVector<AffineExpr> outer, inner;
  SmallVector<LaneIndex> position;
  Type element, type;

private:
  KernelBuffer buffer;
  bool filled = false;
};

struct Rows {
  KernelEmitter &kernel;
  Row row;
  Rows(KernelEmitter &kernel, Value input, unsigned axis)
      : kernel(kernel), row(kernel, input, axis) {}

  LogicalResult run(int64_t perVector, function_ref<void(OpBuilder &)> body) {
    MLIRContext *context = kernel.getContext();
    int64_t lanes = lanesFor(kernel, row.inner.back());
    return kernel.addTask(
        product(context, row.outer), costOf(context, row.inner, perVector, lanes),
        [&](OpBuilder &b, Value lo, Value hi) {
          KernelEmitter::loop(b, kernel.getLoc(), lo, hi, 1,
                              [&](OpBuilder &at, Value job) {
                                // Stack memory is given back after each row.
                                Value stack =
                                    LLVM::StackSaveOp::create(
                                        at, kernel.getLoc(),
                                        LLVM::LLVMPointerType::get(context));
                                row.begin(at, job);
                                body(at);
                                LLVM::StackRestoreOp::create(at, kernel.getLoc(),
                                                             stack);
                              });
          return success();
        });
  }
  Value constant(OpBuilder &b, double v) {
    return arith::ConstantOp::create(b, kernel.getLoc(), b.getFloatAttr(row.type, v));
  }
};

LogicalResult emitSoftmax(Operation *op, KernelEmitter &kernel, unsigned axis,
                          bool logarithm) {
  Rows rows(kernel, op->getOperand(0), axis);
  Row &row = rows.row;
  Location loc = kernel.getLoc();
  return rows.run(24, [&](OpBuilder &b) {
    Value peak = reduceAxes(kernel, b, row.inner, extremeCombiner(true, false, false),
                            row.type, [&](ElementEmitter &e, ArrayRef<LaneIndex> i) {
                              return row.first(e, i);
                            });
    // A row of −∞ alone has no finite maximum; its result is NaN by definition.
    row.setFilled(row.keeps());
    Value sum = reduceAxes(
        kernel, b, row.inner, sumCombiner(), row.type,
        [&](ElementEmitter &e, ArrayRef<LaneIndex> i) -> Value {
          Value x = row.get(e, i);
          Value moved = arith::SubFOp::create(e.getBuilder(), loc, x, e.splat(peak));
          Value y = math::ExpOp::create(e.getBuilder(), loc, moved);
          row.keep(e, i, logarithm ? moved : y);
          return y;
        });
    row.setFilled();
    Value factor = logarithm
                       ? math::LogOp::create(b, loc, sum).getResult()
                       : arith::DivFOp::create(b, loc, rows.constant(b, 1.0), sum)
                             .getResult();
    forAxes(kernel, b, row.inner, [&](ElementEmitter &e, ArrayRef<LaneIndex> i) {
      OpBuilder &at = e.getBuilder();
      Value x = row.get(e, i);
      if (!row.hasBuffer()) {
        x = arith::SubFOp::create(at, loc, x, e.splat(peak));
        if (!logarithm)
          x = math::ExpOp::create(at, loc, x);
      }
      x = logarithm ? arith::SubFOp::create(at, loc, x, e.splat(factor)).getResult()
                    : arith::MulFOp::create(at, loc, x, e.splat(factor)).getResult();
      kernel.store(e, row.at(i), narrow(at, loc, x, row.element));
    });
  });
}

/// Scale and bias, each optional, at a position.
Value affine(ElementEmitter &e, KernelEmitter &kernel, Value input, Value x,
             Value scale, Value bias, ArrayRef<LaneIndex> position) {
  OpBuilder &b = e.getBuilder();
  Location loc = kernel.getLoc();
  SmallVector<AffineExpr> shape(kernel.dims(input));
  auto parameter = [&](Value v) {
    return e.splat(widen(b, loc, e.splat(e.atBroadcast(v, shape, position))));
  };
  if (scale)
    x = arith::MulFOp::create(b, loc, x, parameter(scale));
  if (bias)
    x = arith::AddFOp::create(b, loc, x, parameter(bias));
  return x;
}

LogicalResult emitLayerNorm(LayerNormOp op, KernelEmitter &kernel) {
  Rows rows(kernel, op.getInput(), op.getAxis());
  Row &row = rows.row;
  Location loc = kernel.getLoc();
  double epsilon = op.getEpsilon().convertToDouble();
  return rows.run(12, [&](OpBuilder &b) {
    AffineExpr count = product(b.getContext(), row.inner);
    Value n = arith::IndexCastOp::create(b, loc, b.getI64Type(), kernel.size(count));
    n = arith::SIToFPOp::create(b, loc, row.type, n);
    Value sum = reduceAxes(kernel, b, row.inner, sumCombiner(), row.type,
                           [&](ElementEmitter &e, ArrayRef<LaneIndex> i) {
                             return row.first(e, i);
                           });
    row.setFilled(row.keeps());
    Value mean = arith::DivFOp::create(b, loc, sum, n);
    Value squares = reduceAxes(
        kernel, b, row.inner, sumCombiner(), row.type,
        [&](ElementEmitter &e, ArrayRef<LaneIndex> i) -> Value {
          Value d = arith::SubFOp::create(e.getBuilder(), loc, row.get(e, i),
                                          e.splat(mean));
          return arith::MulFOp::create(e.getBuilder(), loc, d, d);
        });
    Value variance = arith::DivFOp::create(b, loc, squares, n);
    variance = arith::AddFOp::create(b, loc, variance, rows.constant(b, epsilon));
    Value inverse = arith::DivFOp::create(b, loc, rows.constant(b, 1.0),
                                          math::SqrtOp::create(b, loc, variance));
    forAxes(kernel, b, row.inner, [&](ElementEmitter &e, ArrayRef<LaneIndex> i) {
      OpBuilder &at = e.getBuilder();
      Value x = arith::SubFOp::create(at, loc, row.get(e, i), e.splat(mean));
      x = arith::MulFOp::create(at, loc, x, e.splat(inverse));
      auto position = row.at(i);
      x = affine(e, kernel, op.getInput(), x, op.getScale(), op.getBias(), position);
      kernel.store(e, position, narrow(at, loc, x, row.element));
    });
  });
}

LogicalResult emitRmsNorm(RmsNormOp op, KernelEmitter &kernel) {
  Rows rows(kernel, op.getInput(), op.getAxis());
  Row &row = rows.row;
  Location loc = kernel.getLoc();
  double epsilon = op.getEpsilon().convertToDouble();
  return rows.run(8, [&](OpBuilder &b) {
    AffineExpr count = product(b.getContext(), row.inner);
    Value n = arith::IndexCastOp::create(b, loc, b.getI64Type(), kernel.size(count));
    n = arith::SIToFPOp::create(b, loc, row.type, n);
    Value squares = reduceAxes(kernel, b, row.inner, sumCombiner(), row.type,
                               [&](ElementEmitter &e, ArrayRef<LaneIndex> i) -> Value {
                                 Value x = row.first(e, i);
                                 return arith::MulFOp::create(e.getBuilder(), loc, x, x);
                               });
    row.setFilled(row.keeps());
    Value mean = arith::DivFOp::create(b, loc, squares, n);
    mean = arith::AddFOp::create(b, loc, mean, rows.constant(b, epsilon));
    Value inverse = arith::DivFOp::create(b, loc, rows.constant(b, 1.0),
                                          math::SqrtOp::create(b, loc, mean));
    forAxes(kernel, b, row.inner, [&](ElementEmitter &e, ArrayRef<LaneIndex> i) {
      OpBuilder &at = e.getBuilder();
      Value x = arith::MulFOp::create(at, loc, row.get(e, i), e.splat(inverse));
      auto position = row.at(i);
      x = affine(e, kernel, op.getInput(), x, op.getScale(), Value(), position);
      kernel.store(e, position, narrow(at, loc, x, row.element));
    });
  });
}

/// Softmax along an axis before the last: lanes are neighbouring columns, and a job
/// walks along the axis for a line of them.
LogicalResult emitColumnSoftmax(Operation *op, KernelEmitter &kernel, unsigned axis,
                                bool logarithm) {
  MLIRContext *context = kernel.getContext();
  Location loc = kernel.getLoc();
  Value input = op->getOperand(0);
  Type element = cast<RankedTensorType>(input.getType()).getElementType();
  Type type = accumulatorType(element);
  SmallVector<AffineExpr> sizes(kernel.dims(input)), space;
  for (unsigned i = 0; i + 1 < sizes.size(); ++i)
    if (i != axis)
      space.push_back(sizes[i]);
  SmallVector<AffineExpr> line{sizes.back()};
  AffineExpr cost = costOf(context, line, 40, lanesFor(kernel, line[0])) * sizes[axis];
  return kernel.addTask(
      product(context, space), cost, [&](OpBuilder &builder, Value lo, Value hi) {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> outer = kernel.delinearize(b, job, space);
          Value zero = kernel.constantIndex(0), length = kernel.size(sizes[axis]);
          forAxes(kernel, b, line, [&](ElementEmitter &e, ArrayRef<LaneIndex> index) {
            int64_t lanes = e.lanes();
            auto at = [&](Value i) {
              SmallVector<LaneIndex> position;
              for (Value o : outer)
                position.push_back({o, 0});
              position.push_back(index[0]);
              position.insert(position.begin() + axis, LaneIndex{i, 0});
              return position;
            };
            auto load = [&](OpBuilder &in, Value i) {
              ElementEmitter own(kernel, in, lanes);
              return own.splat(widen(in, loc, own.at(input, at(i))));
            };
            OpBuilder &here = e.getBuilder();
            Combiner larger = extremeCombiner(true, false, false);
            Value peak = carriedLoop(here, loc, zero, length, 1,
                                     neutralValue(here, loc, larger, type, lanes),
                                     [&](OpBuilder &in, Value i, ValueRange state) {
                                       return SmallVector<Value>{larger.combine(
                                           in, loc, load(in, i), state[0])};
                                     })
                             .front();
            auto moved = [&](OpBuilder &in, Value i) -> Value {
              return arith::SubFOp::create(in, loc, load(in, i), peak);
            };
            Value sum = carriedLoop(here, loc, zero, length, 1,
                                    neutralValue(here, loc, sumCombiner(), type, lanes),
                                    [&](OpBuilder &in, Value i, ValueRange state) {
                                      Value y = math::ExpOp::create(in, loc, moved(in, i));
                                      return SmallVector<Value>{
                                          arith::AddFOp::create(in, loc, state[0], y)};
                                    })
                            .front();
            if (logarithm)
              sum = math::LogOp::create(here, loc, sum);
            KernelEmitter::loop(here, loc, zero, length, 1, [&](OpBuilder &in, Value i) {
              ElementEmitter own(kernel, in, lanes);
              Value y = moved(in, i);
              if (logarithm)
                y = arith::SubFOp::create(in, loc, y, sum);
              else
                y = arith::DivFOp::create(in, loc, math::ExpOp::create(in, loc, y), sum);
              kernel.store(own, at(i), narrow(in, loc, y, element));
            });
          });
        });
        return success();
      });
}

template <typename Op>
LogicalResult emitAnySoftmax(Op op, KernelEmitter &kernel, bool logarithm) {
  int64_t rank = cast<RankedTensorType>(op.getInput().getType()).getRank();
  return int64_t(op.getAxis()) + 1 == rank
             ? emitSoftmax(op, kernel, op.getAxis(), logarithm)
             : emitColumnSoftmax(op, kernel, op.getAxis(), logarithm);
}
LogicalResult emit(SoftmaxOp op, KernelEmitter &kernel) {
  return emitAnySoftmax(op, kernel, false);
}
LogicalResult emit(LogSoftmaxOp op, KernelEmitter &kernel) {
  return emitAnySoftmax(op, kernel, true);
}
LogicalResult emit(LayerNormOp op, KernelEmitter &kernel) {
  return emitLayerNorm(op, kernel);
}
LogicalResult emit(RmsNormOp op, KernelEmitter &kernel) {
  return emitRmsNorm(op, kernel);
}

template <typename Op>
struct RowModel : KernelOpInterface::ExternalModel<RowModel<Op>, Op> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  bool acceptsPrologue(Operation *op, unsigned operand) const {
    // Columns are walked over three times.
    if constexpr (std::is_same_v<Op, SoftmaxOp> || std::is_same_v<Op, LogSoftmaxOp>)
      if (int64_t(cast<Op>(op).getAxis()) + 1 !=
          cast<RankedTensorType>(op->getOperand(0).getType()).getRank())
        return false;
    return operand == 0;
  }
  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    return emit(cast<Op>(op), kernel);
  }
};

} // namespace

void pith::attachNormalizeModels(MLIRContext *context) {
  SoftmaxOp::attachInterface<RowModel<SoftmaxOp>>(*context);
  LogSoftmaxOp::attachInterface<RowModel<LogSoftmaxOp>>(*context);
  LayerNormOp::attachInterface<RowModel<LayerNormOp>>(*context);
  RmsNormOp::attachInterface<RowModel<RmsNormOp>>(*context);
}
