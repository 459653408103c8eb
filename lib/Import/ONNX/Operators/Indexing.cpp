//===- Indexing.cpp - Elements chosen by value --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Axes are counted from the front in the dialect.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;
using namespace pith;

template <typename Op>
static void importGather(Node &node) {
  Value x = node.getOperand(0);
  int64_t axis = node.normalizeAxis(node.getInt("axis", 0), node.getRank(x));
  node.setResult(0, node.create<Op>(node.getElementType(x), x, node.getOperand(1),
                                    uint64_t(axis)));
}

static void importGatherNd(Node &node) {
  Value x = node.getOperand(0), indices = node.getOperand(1);
  int64_t batch = node.getInt("batch_dims", 0);
  if (batch < 0 || batch >= std::min(node.getRank(x), node.getRank(indices))) {
    node.emitError() << "expected batch_dims of at least 0 and below both ranks, found "
                     << batch;
    return;
  }
  node.setResult(0, node.create<GatherNdOp>(node.getElementType(x), x, indices,
                                            uint64_t(batch)));
}

static std::optional<ScatterKind> parseKind(Node &node) {
  std::string text = node.getString("reduction", "none");
  if (text == "none")
    return ScatterKind::None;
  if (text == "add")
    return ScatterKind::Add;
  if (text == "mul")
    return ScatterKind::Mul;
  if (text == "max")
    return ScatterKind::Max;
  if (text == "min")
    return ScatterKind::Min;
  node.emitError() << "expected reduction none, add, mul, max or min, found "
                   << quote(text);
  return std::nullopt;
}

static void importScatterElements(Node &node) {
  Value x = node.getOperand(0);
  int64_t axis = node.normalizeAxis(node.getInt("axis", 0), node.getRank(x));
  if (auto kind = parseKind(node))
    node.setResult(0, node.create<ScatterElementsOp>(node.getElementType(x), x,
                                                     node.getOperand(1), node.getOperand(2),
                                                     uint64_t(axis), *kind));
}

static void importScatterNd(Node &node) {
  Value x = node.getOperand(0);
  if (auto kind = parseKind(node))
    node.setResult(0, node.create<ScatterNdOp>(node.getElementType(x), x, node.getOperand(1),
                                               node.getOperand(2), *kind));
}

/// The depth may have any number type.
static void importOneHot(Node &node) {
  Value indices = node.getOperand(0), depth = node.getSizesOperand(1),
        values = node.getOperand(2);
  Type i64 = node.getBuilder().getI64Type();
  if (isa_and_present<FloatType>(node.getElementType(indices)))
    indices = node.create<CastOp>(i64, indices);
  if (node.getElementType(depth) != i64)
    depth = node.create<CastOp>(i64, depth);
  int64_t axis = node.normalizeAxis(node.getInt("axis", -1), node.getRank(indices) + 1);
  node.setResult(0, node.create<OneHotOp>(node.getElementType(values), indices, depth,
                                          values, uint64_t(axis)));
}

static void importNonZero(Node &node) {
  node.setResult(0, node.create<NonZeroOp>(node.getBuilder().getI64Type(),
                                           node.getOperand(0)));
}

/// The slices at the positions where the condition holds.
static void importCompress(Node &node) {
  Value x = node.getOperand(0), condition = node.getOperand(1);
  Type type = node.getElementType(x), i64 = node.getBuilder().getI64Type();
  int64_t axis = 0;
  if (node.hasAttribute("axis"))
    axis = node.normalizeAxis(node.getInt("axis", 0), node.getRank(x));
  else
    x = node.create<ReshapeOp>(type, x, node.createInts(-1), false);
  if (node.getRank(condition) != 1 && !node.hasFailed())
    node.emitError() << "expected a condition of rank 1, found " << condition.getType();
  Value where = node.create<NonZeroOp>(i64, condition);
  where = node.create<SqueezeOp>(i64, where, ArrayRef<int64_t>{0});
  node.setResult(0, node.create<GatherOp>(type, x, where, uint64_t(axis)));
}

static const OperatorEntry kOperators[] = {
    {"Compress", 9, 11, importCompress},
    {"Gather", 1, 13, importGather<GatherOp>},
    {"GatherElements", 11, 13, importGather<GatherElementsOp>},
    {"GatherND", 11, 13, importGatherNd},
    {"NonZero", 9, 13, importNonZero},
    {"OneHot", 9, 11, importOneHot},
    {"Scatter", 9, 9, importScatterElements},
    {"ScatterElements", 11, 18, importScatterElements},
    {"ScatterND", 11, 18, importScatterNd},
};

ArrayRef<OperatorEntry> pith::getIndexingOperators() { return kOperators; }
