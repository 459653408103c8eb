//===- ContractionOps.cpp - Sums of products --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rules of products, convolutions and attention.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ContractionOps.cpp.inc"

LogicalResult MatMulOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape lhs(context.dims(getLhs())), rhs(context.dims(getRhs()));
  if (lhs.empty() || rhs.empty())
    return context.emitError() << "expects operands of rank 1 or more, found a scalar";
  if (getElementTypeOrSelf(getLhs().getType()) !=
      getElementTypeOrSelf(getRhs().getType()))
    return context.emitError() << "expects equal element types (C3), found "
                               << getElementTypeOrSelf(getLhs().getType()) << " and "
                               << getElementTypeOrSelf(getRhs().getType());
  bool row = lhs.size() == 1, column = rhs.size() == 1;
  AffineExpr k = lhs.pop_back_val(), m, n;
  if (!row)
    m = lhs.pop_back_val();
  AffineExpr inner = rhs.pop_back_val();
  if (!column) {
    n = rhs.pop_back_val();
    if (!getTransposeRhs())
      std::swap(inner, n);
  }
  if (failed(context.requireEqual(k, inner)))
    return context.emitError() << "expects equal reduction sizes (C1), found " << k
                               << " and " << inner;
  auto batch = broadcastShapes(context, {lhs, rhs});
  if (failed(batch))
    return failure();
  if (!row)
    batch->push_back(m);
  if (!column)
    batch->push_back(n);
  context.setDims(0, *batch);
  return success();
}

/// What conv and conv_transpose check alike; true if all is well.
template <typename Op>
static bool checkSpatial(Op op, ShapeContext &context, size_t rank, size_t weightRank) {
  if (rank < 3 || rank != weightRank) {
    context.emitError() << "expects input and weight of equal rank of at least 3 (C1), "
                        << "found " << rank << " and " << weightRank;
    return false;
  }
  for (auto [name, list] : {std::pair<StringRef, ArrayRef<int64_t>>{"strides", op.getStrides()},
                            {"dilations", op.getDilations()},
                            {"pads_low", op.getPadsLow()},
                            {"pads_high", op.getPadsHigh()}}) {
    if (list.size() != rank - 2) {
      context.emitError() << "expects " << rank - 2 << " " << name << " (C2), found "
                          << list.size();
      return false;
    }
    bool positive = name == "strides" || name == "dilations";
    for (int64_t v : list)
      if (positive && v < 1) {
        context.emitError() << "expects positive " << name << " (C2), found " << v;
        return false;
      }
  }
  return true;
}

LogicalResult ConvOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), weight(context.dims(getWeight()));
  if (!checkSpatial(*this, context, input.size(), weight.size()))
    return failure();
  bool last = getLayout() == Layout::ChannelsLast;
  size_t channel = last ? input.size() - 1 : 1, spatial = last ? 1 : 2;
  int64_t group = getGroup();
  if (group < 1)
    return context.emitError() << "expects a positive group (C3), found " << group;
  auto outputs = getConstant(weight[0]), channels = getConstant(input[channel]);
  if (outputs && *outputs % group != 0)
    return context.emitError() << "expects group to divide " << *outputs
                               << " outputs (C3), got " << group;
  if (channels && *channels % group != 0)
    return context.emitError() << "expects group to divide " << *channels
                               << " input channels (C3), got " << group;
  AffineExpr expected = quotient(input[channel], context.constant(group));
  if (failed(context.requireEqual(expected, weight[channel])))
    return context.emitError() << "expects weights for " << expected
                               << " channels (C3), found " << weight[channel];
  if (getBias()) {
    SymbolicShape bias(context.dims(getBias()));
    if (bias.size() != 1 || failed(context.requireEqual(bias[0], weight[0])))
      return context.emitError() << "expects a bias of size " << weight[0] << " (C4)";
  }
  SymbolicShape result(input.size());
  result[0] = input[0];
  result[channel] = weight[0];
  for (size_t s = 0; s + 2 < input.size(); ++s) {
    AffineExpr reach = (weight[spatial + s] - 1) * getDilations()[s];
    AffineExpr room = simplify(input[spatial + s] - reach + getPadsLow()[s] +
                               getPadsHigh()[s] - 1);
    auto fixed = getConstant(room);
    if (fixed && *fixed < -1)
      return context.emitError()
             << "expects a kernel that fits the padded input (C5), found size "
             << input[spatial + s] << " along spatial axis " << s;
    AffineExpr steps = fixed ? context.constant((*fixed < 0 ? -1 : *fixed / getStrides()[s]) + 1)
                             : simplify(room.floorDiv(getStrides()[s]) + 1);
    result[spatial + s] = steps;
  }
  context.setDims(0, result);
  return success();
}

LogicalResult ConvTransposeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), weight(context.dims(getWeight()));
  if (!checkSpatial(*this, context, input.size(), weight.size()))
    return failure();
  if (getLayout() != Layout::ChannelsFirst)
    return context.emitError() << "expects layout channels_first (C1)";
  if (getOutputPadding().size() + 2 != input.size())
    return context.emitError() << "expects " << input.size() - 2
                               << " output_padding values (C2), found "
                               << getOutputPadding().size();
  int64_t group = getGroup();
  auto channels = getConstant(input[1]);
  if (group < 1 || (channels && *channels % group != 0))
    return context.emitError() << "expects group to divide " << input[1]
                               << " input channels (C3), got " << group;
  if (failed(context.requireEqual(input[1], weight[0])))
    return context.emitError() << "expects weights for " << input[1]
                               << " channels (C3), found " << weight[0];
  SymbolicShape result{input[0], weight[1] * group};
  for (size_t s = 0; s + 2 < input.size(); ++s)
    result.push_back(simplify((input[2 + s] - 1) * getStrides()[s] +
                              getOutputPadding()[s] +
                              (weight[2 + s] - 1) * getDilations()[s] + 1 -
                              getPadsLow()[s] - getPadsHigh()[s]));
  context.setDims(0, result);
  return success();
}

LogicalResult AttentionOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape q(context.dims(getQuery())), k(context.dims(getKey())),
      v(context.dims(getValue()));
  if (q.size() != 4 || k.size() != 4 || v.size() != 4)
    return context.emitError() << "expects query, key and value of rank 4 (C1)";
  if (failed(context.requireEqual(q[0], k[0])) || failed(context.requireEqual(q[0], v[0])))
    return context.emitError() << "expects equal batch sizes (C1), found " << q[0] << ", "
                               << k[0] << " and " << v[0];
  auto heads = getConstant(q[1]), keyHeads = getConstant(k[1]);
  if (heads && keyHeads && (*keyHeads == 0 || *heads % *keyHeads != 0))
    return context.emitError() << "expects key heads to divide " << *heads
                               << " query heads (C2), got " << *keyHeads;
  if (failed(context.requireEqual(k[1], v[1])) || failed(context.requireEqual(k[2], v[2])))
    return context.emitError() << "expects key and value of equal heads and length (C2)";
  if (failed(context.requireEqual(q[3], k[3])))
    return context.emitError() << "expects query and key of equal size (C3), found "
                               << q[3] << " and " << k[3];
  context.setDims(0, {q[0], q[1], q[2], v[3]});
  return success();
}
