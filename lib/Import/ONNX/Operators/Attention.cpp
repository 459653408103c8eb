//===- Attention.cpp - Scaled dot-product attention ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention with all its forms but a soft cap, windows, lengths without
// padding, and the scores as an output: these come from the operator's
// function.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include <cmath>

using namespace mlir;
using namespace pith;

static bool hasInput(const onnx::NodeProto &node, int index) {
  return index < node.input_size() && !node.input(index).empty();
}

static bool takesAttention(const onnx::NodeProto &node) {
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    if (attribute.name() == "softcap" && attribute.f() != 0)
      return false;
    if ((attribute.name() == "left_window_size" || attribute.name() == "right_window_size") &&
        attribute.i() != -1)
      return false;
  }
  bool scores = node.output_size() > 3 && !node.output(3).empty();
  return !scores && !hasInput(node, 6);
}

/// `[batch, length, heads · size]` as `[batch, heads, length, size]`.
static Value splitHeads(Node &node, Value x, StringRef attribute) {
  if (node.getRank(x) == 4 || node.hasFailed())
    return x;
  int64_t heads = node.getInt(attribute, 0);
  if (node.getRank(x) != 3 || heads < 1) {
    node.emitError() << "expected rank 4, or rank 3 with " << attribute << ", found "
                     << x.getType();
    return {};
  }
  Type type = node.getElementType(x);
  Value split = node.create<ReshapeOp>(type, x, node.createInts({0, 0, heads, -1}), false);
  return node.create<TransposeOp>(type, split, ArrayRef<int64_t>{0, 2, 1, 3});
}

static Value mergeHeads(Node &node, Value x) {
  Type type = node.getElementType(x);
  Value moved = node.create<TransposeOp>(type, x, ArrayRef<int64_t>{0, 2, 1, 3});
  return node.create<ReshapeOp>(type, moved, node.createInts({0, 0, -1}), false);
}

/// A boolean mask says which keys count; others are added as they are.
static Value toAdditive(Node &node, Value mask, Type type) {
  if (!mask || node.hasFailed())
    return mask;
  if (node.getElementType(mask).isInteger(1))
    return node.create<WhereOp>(type, mask, node.createScalar(type, 0),
                                node.createScalar(type, -INFINITY));
  return node.getElementType(mask) == type ? mask : node.create<CastOp>(type, mask);
}

/// Fills up keys that the mask does not mention.
static Value padMask(Node &node, Value mask, Value key) {
  if (!mask || node.hasFailed() || node.getRank(mask) == 0)
    return mask;
  int64_t rank = node.getRank(mask);
  int64_t own = node.getShape(mask).back(), keys = node.getShape(key)[2];
  if (ShapedType::isDynamic(own) || ShapedType::isDynamic(keys) || own == 1 || own >= keys)
    return mask;
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  high.back() = keys - own;
  Type type = node.getElementType(mask);
  return node.create<PadOp>(type, mask, node.createInts(low), node.createInts(high),
                            node.createScalar(type, -INFINITY), PadMode::Constant);
}

static Value makeRange(Node &node, Value x, int64_t axis) {
  Type i64 = node.getBuilder().getI64Type();
  Value size = node.create<ShapeOp>(i64, x, uint64_t(axis), uint64_t(axis + 1));
  size = node.create<SqueezeOp>(i64, size, ArrayRef<int64_t>{0});
  return node.create<RangeOp>(i64, node.createScalar(i64, 0), size, node.createScalar(i64, 1));
}

/// −∞ where key j > query i + offset, the offset being the length of the past.
static Value makeCausalMask(Node &node, Value query, Value key, Value past, Type type) {
  Type i64 = node.getBuilder().getI64Type();
  Value rows = node.create<UnsqueezeOp>(i64, makeRange(node, query, 2), ArrayRef<int64_t>{1});
  if (past) {
    Value length = node.create<ShapeOp>(i64, past, uint64_t(2), uint64_t(3));
    rows = node.create<AddOp>(i64, rows, length);
  }
  Value seen = node.create<LessEqualOp>(node.getBuilder().getI1Type(),
                                        makeRange(node, key, 2), rows);
  return toAdditive(node, seen, type);
}

static void importAttention(Node &node) {
  Value q = splitHeads(node, node.getOperand(0), "q_num_heads");
  Value k = splitHeads(node, node.getOperand(1), "kv_num_heads");
  Value v = splitHeads(node, node.getOperand(2), "kv_num_heads");
  Type type = node.getElementType(q);
  if (node.hasFailed())
    return;
  if (node.getElementType(v) != type)
    v = node.create<CastOp>(type, v);
  // The dialect aligns the causal frontier with the last key: right where the new
  // keys are those of the queries.
  auto &analysis = node.getState().analysis;
  bool sameLength = analysis.getDims(q)[2] == analysis.getDims(k)[2];
  Value past = node.getOperand(4);
  if (past) {
    k = node.create<ConcatOp>(type, ValueRange{past, k}, uint64_t(2));
    v = node.create<ConcatOp>(type, ValueRange{node.getOperand(5), v}, uint64_t(2));
  }
  Value mask = padMask(node, toAdditive(node, node.getOperand(3), type), k);
  bool causal = node.getInt("is_causal", 0) != 0;
  if (causal && !sameLength) {
    Value frontier = makeCausalMask(node, q, k, past, type);
    mask = mask ? node.create<AddOp>(type, mask, frontier) : frontier;
    causal = false;
  }
  double scale = double(node.getFloat("scale", 0));
  if (!node.hasAttribute("scale") && !node.hasFailed())
    scale = 1 / std::sqrt(double(std::max<int64_t>(
                    node.getStaticSize(q, 3, "the size of a head"), 1)));
  Value result = node.create<AttentionOp>(type, q, k, v, mask, APFloat(scale), causal);
  node.setResult(0, node.getRank(node.getOperand(0)) == 3 ? mergeHeads(node, result) : result);
  node.setResult(1, k);
  node.setResult(2, v);
}

static const OperatorEntry kOperators[] = {
    {"Attention", 23, 25, importAttention, takesAttention},
};

ArrayRef<OperatorEntry> pith::getAttentionOperators() { return kOperators; }
