//===- Reduction.cpp - Many elements to one -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Axes are an attribute in old versions and an operand in new ones; the
// softmax family flattened its input before version 13.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// Reduce…
//===----------------------------------------------------------------------===//

/// The axes of a node whose version `since` made them an operand.
static SmallVector<int64_t> getAxes(Node &node, int64_t since) {
  int64_t rank = node.getRank(node.getOperand(0));
  SmallVector<int64_t> axes;
  if (node.getVersion() < since)
    axes = node.getInts("axes");
  else if (node.getOperand(1))
    axes = node.requireInts(node.getOperand(1), "axes");
  if (!axes.empty())
    return node.normalizeAxes(axes, rank);
  for (int64_t axis = 0; axis < rank; ++axis)
    axes.push_back(axis);
  return axes;
}

static void importReduce(Node &node, ReduceKind kind, int64_t since) {
  Value x = node.getOperand(0);
  bool noAxes = !node.getOperand(1) || node.getShape(node.getOperand(1)) == ArrayRef<int64_t>(0);
  if (noAxes && node.getInt("noop_with_empty_axes", 0) != 0) {
    node.setResult(0, x);
    return;
  }
  SmallVector<int64_t> axes = getAxes(node, since);
  bool keep = node.getInt("keepdims", 1) != 0;
  node.setResult(0, node.create<ReduceOp>(node.getElementType(x), x, kind, axes, keep));
}

template <ReduceKind kind, int64_t since = 18>
static void importReduce(Node &node) {
  importReduce(node, kind, since);
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

template <typename Op>
static void importArg(Node &node) {
  Value x = node.getOperand(0);
  int64_t axis = node.normalizeAxis(node.getInt("axis", 0), node.getRank(x));
  node.setResult(0, node.create<Op>(node.getBuilder().getI64Type(), x, uint64_t(axis),
                                    node.getInt("keepdims", 1) != 0,
                                    node.getInt("select_last_index", 0) != 0));
}

static void importTopK(Node &node) {
  Value x = node.getOperand(0), k = node.getSizesOperand(1);
  int64_t axis = node.normalizeAxis(node.getInt("axis", -1), node.getRank(x));
  if (node.getVersion() < 10)
    k = node.createInts(node.getInt("k", 0));
  Operation *op = node.createOp<TopKOp>(
      {node.getElementType(x), node.getBuilder().getI64Type()}, x, k, uint64_t(axis),
      node.getInt("largest", 1) != 0);
  if (!op)
    return;
  node.setResult(0, op->getResult(0));
  node.setResult(1, op->getResult(1));
}

static void importCumSum(Node &node) {
  Value x = node.getOperand(0);
  SmallVector<int64_t> axis = node.requireInts(node.getOperand(1), "axis");
  if (axis.size() != 1 && !node.hasFailed())
    node.emitError() << "expected one axis, found " << axis.size();
  if (node.hasFailed())
    return;
  node.setResult(0, node.create<CumSumOp>(
                        node.getElementType(x), x,
                        uint64_t(node.normalizeAxis(axis[0], node.getRank(x))),
                        node.getInt("exclusive", 0) != 0, node.getInt("reverse", 0) != 0));
}

//===----------------------------------------------------------------------===//
// Softmax and siblings
//===----------------------------------------------------------------------===//

/// Whether all axes behind `axis` have size 1, so that flattening changes nothing.
static bool isInnermost(Node &node, Value x, int64_t axis) {
  return llvm::all_of(node.getShape(x).drop_front(std::min(axis + 1, node.getRank(x))),
                      [](int64_t size) { return size == 1; });
}

/// Applies `apply(value, axis)`, on the input flattened to a matrix where old
/// versions say so.
template <typename Apply>
static void importAlongAxis(Node &node, Apply apply) {
  Value x = node.getOperand(0);
  Type type = node.getElementType(x);
  int64_t rank = node.getRank(x);
  bool flattens = node.getVersion() < 13;
  int64_t axis = node.getInt("axis", flattens ? 1 : -1);
  // Flattening may happen behind the last axis.
  if (!flattens || axis != rank)
    axis = node.normalizeAxis(axis, rank);
  if (node.hasFailed())
    return;
  if (!flattens || (axis < rank && isInnermost(node, x, axis))) {
    node.setResult(0, apply(x, axis));
    return;
  }
  Value shape = node.create<ShapeOp>(node.getBuilder().getI64Type(), x, uint64_t(0),
                                     uint64_t(rank));
  Value matrix = node.create<FlattenOp>(type, x, uint64_t(axis));
  Value result = apply(matrix, 1);
  node.setResult(0, node.create<ReshapeOp>(type, result, shape, false));
}

template <typename Op>
static void importSoftmax(Node &node) {
  importAlongAxis(node, [&](Value x, int64_t axis) {
    return node.create<Op>(node.getElementType(x), x, uint64_t(axis));
  });
}

/// 1 at the first largest element, 0 elsewhere.
static void importHardmax(Node &node) {
  importAlongAxis(node, [&](Value x, int64_t axis) -> Value {
    Type i64 = node.getBuilder().getI64Type(), type = node.getElementType(x);
    Value where = node.create<ArgMaxOp>(i64, x, uint64_t(axis), false, false);
    Value depth = node.create<ShapeOp>(i64, x, uint64_t(axis), uint64_t(axis + 1));
    Value zero = node.create<UnsqueezeOp>(type, node.createScalar(type, 0), ArrayRef<int64_t>(0));
    Value one = node.create<UnsqueezeOp>(type, node.createScalar(type, 1), ArrayRef<int64_t>(0));
    Value values = node.create<ConcatOp>(type, ValueRange{zero, one}, uint64_t(0));
    return node.create<OneHotOp>(type, where, depth, values, uint64_t(axis));
  });
}

static const OperatorEntry kOperators[] = {
    {"ArgMax", 1, 13, importArg<ArgMaxOp>},
    {"ArgMin", 1, 13, importArg<ArgMinOp>},
    {"CumSum", 11, 14, importCumSum},
    {"Hardmax", 1, 13, importHardmax},
    {"LogSoftmax", 1, 13, importSoftmax<LogSoftmaxOp>},
    {"ReduceL1", 1, 18, importReduce<ReduceKind::L1>},
    {"ReduceL2", 1, 18, importReduce<ReduceKind::L2>},
    {"ReduceLogSum", 1, 18, importReduce<ReduceKind::LogSum>},
    {"ReduceLogSumExp", 1, 18, importReduce<ReduceKind::LogSumExp>},
    {"ReduceMax", 1, 20, importReduce<ReduceKind::Max>},
    {"ReduceMean", 1, 18, importReduce<ReduceKind::Mean>},
    {"ReduceMin", 1, 20, importReduce<ReduceKind::Min>},
    {"ReduceProd", 1, 18, importReduce<ReduceKind::Prod>},
    {"ReduceSum", 1, 13, importReduce<ReduceKind::Sum, 13>},
    {"ReduceSumSquare", 1, 18, importReduce<ReduceKind::SumSquare>},
    {"Softmax", 1, 13, importSoftmax<SoftmaxOp>},
    {"TopK", 1, 24, importTopK},
};

ArrayRef<OperatorEntry> pith::getReductionOperators() { return kOperators; }
