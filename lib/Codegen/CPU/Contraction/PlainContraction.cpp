//===- PlainContraction.cpp - Sums of products, one element at a time -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For operand types and layouts that have no kernel of their own: a job is one
// element of the result, whose sum runs in a nest of loops. Operands may be
// anything that can be computed at a position.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pith;

namespace {

Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

/// One sum per result element.
class PlainSum {
public:
  explicit PlainSum(KernelEmitter &kernel)
      : kernel(kernel), loc(kernel.getLoc()),
        result(kernel.getRoot()->getResult(0)) {
    Type element = elementOf(result);
    unsigned bits = element.getIntOrFloatBitWidth();
    if (isa<FloatType>(element))
      type = bits > 32 ? element : Type(Float32Type::get(kernel.getContext()));
    else
      type = IntegerType::get(kernel.getContext(), bits);
  }

  /// Makes the task; `body` returns the sum for a position of the result.
  LogicalResult run(AffineExpr terms,
                    function_ref<Value(OpBuilder &, ArrayRef<Value>)> body);
  /// A loop over [0, count) around `body`, which adds to the sum.
  Value loop(OpBuilder &b, Value count, Value sum,
             function_ref<Value(OpBuilder &, Value, Value)> body);
  /// `body`'s sum where `condition` holds, else `sum`.
  Value when(OpBuilder &b, Value condition, Value sum,
             function_ref<Value(OpBuilder &)> body);
  Value zero(OpBuilder &b) {
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(b.getZeroAttr(type)));
  }
  /// The element of `tensor` at a position, in the type of the sums.
  Value load(OpBuilder &b, Value tensor, ArrayRef<Value> position);
  Value addProduct(OpBuilder &b, Value sum, Value x, Value y);
  Value add(OpBuilder &b, Value x, Value y);

  KernelEmitter &kernel;
  Location loc;
  Value result;
  Type type;
  bool good = true; ///< false once an operand could not be computed
};

} // namespace

Value PlainSum::load(OpBuilder &b, Value tensor, ArrayRef<Value> position) {
  ElementEmitter emitter(kernel, b, 1);
  SmallVector<LaneIndex> at;
  for (Value index : position)
    at.push_back({index, 0});
  Value x = emitter.at(tensor, at);
  if (!x) {
    good = false;
    return zero(b);
  }
  Type from = x.getType();
  if (from == type)
    return x;
  bool isUnsigned = elementOf(tensor).isUnsignedInteger() || from.isInteger(1);
  unsigned bits = from.getIntOrFloatBitWidth(), want = type.getIntOrFloatBitWidth();
  if (isa<FloatType>(type)) {
    if (!isa<FloatType>(from))
      return isUnsigned ? arith::UIToFPOp::create(b, loc, type, x).getResult()
                        : arith::SIToFPOp::create(b, loc, type, x).getResult();
    return bits < want ? arith::ExtFOp::create(b, loc, type, x).getResult()
                       : arith::TruncFOp::create(b, loc, type, x).getResult();
  }
  if (isa<FloatType>(from)) {
    good = false;
    return zero(b);
  }
  if (bits > want)
    return arith::TruncIOp::create(b, loc, type, x);
  return isUnsigned ? arith::ExtUIOp::create(b, loc, type, x).getResult()
                    : arith::ExtSIOp::create(b, loc, type, x).getResult();
}

Value PlainSum::add(OpBuilder &b, Value x, Value y) {
  return isa<FloatType>(type) ? arith::AddFOp::create(b, loc, x, y).getResult()
                              : arith::AddIOp::create(b, loc, x, y).getResult();
}

Value PlainSum::addProduct(OpBuilder &b, Value sum, Value x, Value y) {
  Value product = isa<FloatType>(type)
                      ? arith::MulFOp::create(b, loc, x, y).getResult()
                      : arith::MulIOp::create(b, loc, x, y).getResult();
  return add(b, sum, product);
}

Value PlainSum::loop(OpBuilder &b, Value count, Value sum,
                     function_ref<Value(OpBuilder &, Value, Value)> body) {
  auto op = scf::ForOp::create(b, loc, kernel.constantIndex(0), count,
                               kernel.constantIndex(1), sum);
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToStart(op.getBody());
  Value next = body(inner, op.getInductionVar(), op.getRegionIterArg(0));
  scf::YieldOp::create(inner, loc, next);
  return op.getResult(0);
}

Value PlainSum::when(OpBuilder &b, Value condition, Value sum,
                     function_ref<Value(OpBuilder &)> body) {
  auto op = scf::IfOp::create(b, loc, TypeRange{type}, condition, true);
  OpBuilder then(b.getContext());
  then.setInsertionPointToStart(&op.getThenRegion().front());
  scf::YieldOp::create(then, loc, body(then));
  OpBuilder other(b.getContext());
  other.setInsertionPointToStart(&op.getElseRegion().front());
  scf::YieldOp::create(other, loc, sum);
  return op.getResult(0);
}

LogicalResult PlainSum::run(AffineExpr terms,
                            function_ref<Value(OpBuilder &, ArrayRef<Value>)> body) {
  SmallVector<AffineExpr> space(kernel.dims(result));
  LogicalResult made = kernel.addTask(
      product(kernel.getContext(), space), terms * 2 + 5,
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> at = kernel.delinearize(b, job, space);
          Value sum = body(b, at);
          Type element = elementOf(result);
          if (isa<FloatType>(element) && element != type)
            sum = arith::TruncFOp::create(b, loc, element, sum);
          ElementEmitter emitter(kernel, b, 1);
          SmallVector<LaneIndex> position;
          for (Value index : at)
            position.push_back({index, 0});
          kernel.store(emitter, position, sum);
        });
        return success();
      });
  if (succeeded(made) && !good)
    return kernel.getRoot()->emitError("operand cannot be computed element by element");
  return made;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

LogicalResult pith::emitPlainProduct(KernelEmitter &kernel, MatMulOp op) {
  PlainSum sums(kernel);
  SmallVector<AffineExpr> lhs(kernel.dims(op.getLhs())), rhs(kernel.dims(op.getRhs()));
  bool row = lhs.size() == 1, column = rhs.size() == 1;
  AffineExpr length = lhs.back();
  return sums.run(length, [&](OpBuilder &b, ArrayRef<Value> at) {
    // Leading axes, aligned at the last one; axes of size 1 repeat.
    size_t leading = at.size() - (row ? 0 : 1) - (column ? 0 : 1);
    auto front = [&](ArrayRef<AffineExpr> dims) {
      SmallVector<Value> index;
      size_t own = dims.size() < 2 ? 0 : dims.size() - 2;
      for (size_t axis = 0; axis < own; ++axis) {
        Value i = at[leading - own + axis];
        Value one = arith::CmpIOp::create(b, sums.loc, arith::CmpIPredicate::eq,
                                          kernel.size(dims[axis]),
                                          kernel.constantIndex(1));
        index.push_back(b.createOrFold<arith::SelectOp>(
            sums.loc, one, kernel.constantIndex(0), i));
      }
      return index;
    };
    SmallVector<Value> left = front(lhs), right = front(rhs);
    if (!row)
      left.push_back(at[leading]);
    Value n = column ? Value() : at.back();
    return sums.loop(
        b, kernel.size(length), sums.zero(b), [&](OpBuilder &in, Value k, Value sum) {
          SmallVector<Value> x(left), y(right);
          x.push_back(k);
          y.push_back(k);
          if (!column)
            y.insert(op.getTransposeRhs() ? y.end() - 1 : y.end(), n);
          return sums.addProduct(in, sum, sums.load(in, op.getLhs(), x),
                                 sums.load(in, op.getRhs(), y));
        });
  });
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

namespace {
/// Where channels and spatial axes are.
struct ConvAxes {
  size_t spatial, channel;
  ConvAxes(Layout layout, size_t rank)
      : spatial(layout == Layout::ChannelsLast ? 1 : 2),
        channel(layout == Layout::ChannelsLast ? rank - 1 : 1) {}
};
} // namespace

/// Loops over all kernel positions; `body` gets one index per spatial axis.
static Value overKernel(PlainSum &sums, OpBuilder &b, ArrayRef<AffineExpr> sizes,
                        Value sum,
                        function_ref<Value(OpBuilder &, ArrayRef<Value>, Value)> body) {
  SmallVector<Value> position;
  std::function<Value(OpBuilder &, Value)> nest = [&](OpBuilder &at, Value carried) {
    size_t axis = position.size();
    if (axis == sizes.size())
      return body(at, position, carried);
    return sums.loop(at, sums.kernel.size(sizes[axis]), carried,
                     [&](OpBuilder &in, Value k, Value inner) {
                       position.push_back(k);
                       Value next = nest(in, inner);
                       position.pop_back();
                       return next;
                     });
  };
  return nest(b, sum);
}

static Value addBias(PlainSum &sums, OpBuilder &b, Value sum, Value bias, Value output) {
  return bias ? sums.add(b, sum, sums.load(b, bias, {output})) : sum;
}

LogicalResult pith::emitPlainConv(KernelEmitter &kernel, ConvOp op) {
  PlainSum sums(kernel);
  SmallVector<AffineExpr> input(kernel.dims(op.getInput()));
  SmallVector<AffineExpr> weight(kernel.dims(op.getWeight()));
  ConvAxes axes(op.getLayout(), input.size());
  size_t spatial = input.size() - 2;
  SmallVector<AffineExpr> taps(weight.begin() + axes.spatial,
                               weight.begin() + axes.spatial + spatial);
  AffineExpr channels = weight[axes.channel];
  AffineExpr each = weight[0].floorDiv(op.getGroup());
  AffineExpr terms = product(kernel.getContext(), taps) * channels;
  return sums.run(terms, [&](OpBuilder &b, ArrayRef<Value> at) {
    TileCode code(b, sums.loc);
    Value output = at[axes.channel];
    Value first = kernel.constantIndex(0);
    if (op.getGroup() > 1) {
      Value group = arith::DivUIOp::create(b, sums.loc, output, kernel.size(each));
      first = code.mul(group, kernel.size(channels));
    }
    Value sum = overKernel(
        sums, b, taps, sums.zero(b), [&](OpBuilder &in, ArrayRef<Value> k, Value carried) {
          TileCode c(in, sums.loc);
          SmallVector<Value> x(input.size()), w(input.size());
          x[0] = at[0];
          w[0] = output;
          Value inside;
          for (size_t s = 0; s < spatial; ++s) {
            Value i = c.add(c.mul(at[axes.spatial + s], op.getStrides()[s]),
                            c.mul(k[s], op.getDilations()[s]));
            i = c.sub(i, c.index(op.getPadsLow()[s]));
            Value good = arith::CmpIOp::create(in, sums.loc, arith::CmpIPredicate::ult,
                                               i, kernel.size(input[axes.spatial + s]));
            inside = inside
                         ? arith::AndIOp::create(in, sums.loc, inside, good).getResult()
                         : good;
            x[axes.spatial + s] = i;
            w[axes.spatial + s] = k[s];
          }
          return sums.when(in, inside, carried, [&](OpBuilder &then) {
            return sums.loop(then, kernel.size(channels), carried,
                             [&](OpBuilder &last, Value channel, Value inner) {
                               x[axes.channel] = TileCode(last, sums.loc).add(first, channel);
                               w[axes.channel] = channel;
                               return sums.addProduct(
                                   last, inner, sums.load(last, op.getInput(), x),
                                   sums.load(last, op.getWeight(), w));
                             });
          });
        });
    return addBias(sums, b, sum, op.getBias(), output);
  });
}

/// The result gathers: element `y` gets `weight[k]` times the input at
/// `(y + pad − k · dilation) / stride` where that is a whole number inside.
LogicalResult pith::emitPlainConvTranspose(KernelEmitter &kernel, ConvTransposeOp op) {
  PlainSum sums(kernel);
  SmallVector<AffineExpr> input(kernel.dims(op.getInput()));
  SmallVector<AffineExpr> weight(kernel.dims(op.getWeight()));
  size_t spatial = input.size() - 2;
  SmallVector<AffineExpr> taps(weight.begin() + 2, weight.end());
  AffineExpr channels = input[1].floorDiv(op.getGroup());
  AffineExpr each = weight[1]; // outputs per group
  AffineExpr terms = product(kernel.getContext(), taps) * channels;
  return sums.run(terms, [&](OpBuilder &b, ArrayRef<Value> at) {
    TileCode code(b, sums.loc);
    Value output = at[1], inGroup = output, first = kernel.constantIndex(0);
    if (op.getGroup() > 1) {
      Value size = kernel.size(each);
      inGroup = arith::RemUIOp::create(b, sums.loc, output, size);
      Value group = arith::DivUIOp::create(b, sums.loc, output, size);
      first = code.mul(group, kernel.size(channels));
    }
    Value sum = overKernel(
        sums, b, taps, sums.zero(b), [&](OpBuilder &in, ArrayRef<Value> k, Value carried) {
          TileCode c(in, sums.loc);
          SmallVector<Value> x{at[0], Value()}, w{Value(), inGroup};
          Value inside;
          for (size_t s = 0; s < spatial; ++s) {
            // Unsigned: what is negative is too large.
            Value i = c.add(at[2 + s], c.index(op.getPadsLow()[s]));
            i = c.sub(i, c.mul(k[s], op.getDilations()[s]));
            Value rest = c.rem(i, op.getStrides()[s]);
            i = c.div(i, op.getStrides()[s]);
            Value whole = arith::CmpIOp::create(in, sums.loc, arith::CmpIPredicate::eq,
                                                rest, kernel.constantIndex(0));
            Value good = arith::CmpIOp::create(in, sums.loc, arith::CmpIPredicate::ult,
                                               i, kernel.size(input[2 + s]));
            good = arith::AndIOp::create(in, sums.loc, good, whole);
            inside = inside
                         ? arith::AndIOp::create(in, sums.loc, inside, good).getResult()
                         : good;
            x.push_back(i);
            w.push_back(k[s]);
          }
          return sums.when(in, inside, carried, [&](OpBuilder &then) {
            return sums.loop(then, kernel.size(channels), carried,
                             [&](OpBuilder &last, Value channel, Value inner) {
                               x[1] = w[0] = TileCode(last, sums.loc).add(first, channel);
                               return sums.addProduct(
                                   last, inner, sums.load(last, op.getInput(), x),
                                   sums.load(last, op.getWeight(), w));
                             });
          });
        });
    return addBias(sums, b, sum, op.getBias(), output);
  });
}
