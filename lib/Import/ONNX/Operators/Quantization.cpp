//===- Quantization.cpp - Integer codes with scales ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights stay codes: a constant of codes becomes pith.dequantize, as
// compression writes it. Activations are computed by elementwise ops.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Tensors.h"
#include "pith/Compression/Quantization/QuantizationOps.h"

#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace mlir;
using namespace pith;

namespace {
/// How scales belong to elements.
struct Scheme {
  enum Kind { Tensor, Axis, Block } kind = Tensor;
  int64_t axis = 0, block = 0;
};
} // namespace

static bool isConstant(Value value) { return value && matchPattern(value, m_Constant()); }

/// Checks scale and zero point against the input.
static Scheme readScheme(Node &node, Value x, Value scale, Value zero) {
  Scheme scheme;
  int64_t rank = node.getRank(x), scaleRank = node.getRank(scale);
  if (zero && node.getShape(zero) != node.getShape(scale) &&
      !(node.getRank(zero) <= 1 && scaleRank <= 1)) {
    node.emitError() << "expected a zero point of the scale's shape " << scale.getType()
                     << ", found " << zero.getType();
    return scheme;
  }
  bool single = scaleRank == 0 || (scaleRank == 1 && node.getShape(scale)[0] == 1);
  if (single)
    return scheme;
  scheme.block = node.getInt("block_size", 0);
  scheme.kind = scheme.block > 0 ? Scheme::Block : Scheme::Axis;
  scheme.axis = node.normalizeAxis(node.getInt("axis", 1), rank);
  if (scheme.block < 0 || (scheme.kind == Scheme::Block && scaleRank != rank) ||
      (scheme.kind == Scheme::Axis && scaleRank != 1)) {
    if (!node.hasFailed())
      node.emitError() << "expected one scale, one per index of an axis, or blocks "
                       << "(block_size) of equal rank, found " << scale.getType()
                       << " for " << x.getType();
    return scheme;
  }
  if (scheme.kind == Scheme::Axis && !node.hasFailed()) {
    int64_t size = node.getShape(x)[scheme.axis], scales = node.getShape(scale)[0];
    if (!ShapedType::isDynamic(size) && !ShapedType::isDynamic(scales) && size != scales)
      node.emitError() << "expected " << size << " scales along axis " << scheme.axis
                       << ", found " << scales;
  }
  return scheme;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The axes with `axis` moved to position `to`.
static SmallVector<int64_t> moveAxis(int64_t rank, int64_t axis, int64_t to) {
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      order.push_back(i);
  order.insert(order.begin() + to, axis);
  return order;
}

static SmallVector<int64_t> invert(ArrayRef<int64_t> order) {
  SmallVector<int64_t> inverse(order.size());
  for (auto [i, axis] : llvm::enumerate(order))
    inverse[axis] = i;
  return inverse;
}

static Value permute(Node &node, Value value, ArrayRef<int64_t> order) {
  if (!value || llvm::is_sorted(order))
    return value;
  return node.create<TransposeOp>(node.getElementType(value), value, order);
}

/// A vector of parameters as a column, `[n, 1]`.
static Value toColumn(Node &node, Value vector) {
  if (!vector)
    return vector;
  return node.create<UnsqueezeOp>(node.getElementType(vector), vector, ArrayRef<int64_t>{1});
}

/// `pith.dequantize`: the axis of the scales is moved to the front, and that of
/// blocks to the back.
static Value dequantizeWeight(Node &node, Value x, Value scale, Value zero,
                              const Scheme &scheme, Type type) {
  int64_t rank = node.getRank(x);
  auto create = [&](Value codes, Value scales, Value zeros, int64_t axis, int64_t group) {
    return node.create<DequantizeOp>(type, codes, scales, zeros, uint64_t(axis),
                                     uint64_t(group));
  };
  if (scheme.kind == Scheme::Tensor)
    return create(x, scale, zero, rank > 1 ? 1 : 0, 0);
  if (scheme.kind == Scheme::Axis) {
    SmallVector<int64_t> order = moveAxis(rank, scheme.axis, 0);
    Value result = create(permute(node, x, order), toColumn(node, scale),
                          toColumn(node, zero), 1, 0);
    return permute(node, result, invert(order));
  }
  SmallVector<int64_t> order = moveAxis(rank, scheme.axis, rank - 1);
  Value result = create(permute(node, x, order), permute(node, scale, order),
                        permute(node, zero, order), rank - 1, scheme.block);
  return permute(node, result, invert(order));
}

/// Whether codes are weights that codecs describe: the axes before the groups are
/// rows, so there must be some.
static bool isWeight(Node &node, Value x, Value scale, Value zero, const Scheme &scheme) {
  if (!isConstant(x) || !isConstant(scale) || (zero && !isConstant(zero)))
    return false;
  // Codec ops come with their families; a context may be without.
  if (!RegisteredOperationName::lookup(DequantizeOp::getOperationName(),
                                       node.getBuilder().getContext()))
    return false;
  auto type = dyn_cast<IntegerType>(node.getElementType(x));
  return type && type.getWidth() <= 8 && node.getRank(x) >= 2;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// A parameter with axes of size 1 so that it broadcasts.
static Value alignAxis(Node &node, Value value, int64_t rank, const Scheme &scheme) {
  if (!value || node.hasFailed())
    return value;
  if (scheme.kind == Scheme::Tensor) {
    if (node.getRank(value) == 0)
      return value;
    return node.create<SqueezeOp>(node.getElementType(value), value, ArrayRef<int64_t>{0});
  }
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (axis != scheme.axis)
      axes.push_back(axis);
  return node.create<UnsqueezeOp>(node.getElementType(value), value, axes);
}

static Value dequantizeByOps(Node &node, Value x, Value scale, Value zero,
                             const Scheme &scheme, Type type) {
  if (scheme.kind == Scheme::Block) {
    node.emitError() << "expected constants where scales belong to blocks";
    return {};
  }
  int64_t rank = node.getRank(x);
  // The difference is exact in f32 for all codes below 24 bits.
  Type real = node.getElementType(scale);
  Value value = node.create<CastOp>(real, x);
  if (zero) {
    Value offset = node.create<CastOp>(real, alignAxis(node, zero, rank, scheme));
    value = node.create<SubOp>(real, value, offset);
  }
  value = node.create<MulOp>(real, value, alignAxis(node, scale, rank, scheme));
  return type == real ? value : node.create<CastOp>(type, value);
}

//===----------------------------------------------------------------------===//
// The operators
//===----------------------------------------------------------------------===//

/// The type an attribute names, else `otherwise`.
static Type getOutputType(Node &node, Type otherwise) {
  int64_t stated = node.getInt("output_dtype", 0);
  if (stated == 0)
    return otherwise;
  Type type = getElementType(int32_t(stated), node.getBuilder().getContext());
  if (!type && !node.hasFailed())
    node.emitError() << "element type " << getTypeName(int32_t(stated))
                     << " is not supported";
  return type ? type : otherwise;
}

static void importDequantizeLinear(Node &node) {
  Value x = node.getOperand(0), scale = node.getOperand(1), zero = node.getOperand(2);
  Type type = getOutputType(node, node.getElementType(scale));
  Scheme scheme = readScheme(node, x, scale, zero);
  if (node.hasFailed())
    return;
  if (isWeight(node, x, scale, zero, scheme) &&
      (scheme.kind != Scheme::Tensor || !zero ||
       node.getShape(zero) == node.getShape(scale)))
    node.setResult(0, dequantizeWeight(node, x, scale, zero, scheme, type));
  else
    node.setResult(0, dequantizeByOps(node, x, scale, zero, scheme, type));
}

static void importQuantizeLinear(Node &node) {
  Value x = node.getOperand(0), scale = node.getOperand(1), zero = node.getOperand(2);
  Type unsigned8 = node.getBuilder().getIntegerType(8, /*isSigned=*/false);
  Type type = zero ? node.getElementType(zero) : getOutputType(node, unsigned8);
  Scheme scheme = readScheme(node, x, scale, zero);
  if (scheme.kind == Scheme::Block && !node.hasFailed())
    node.emitError() << "expected one scale, or one per index of an axis, found blocks";
  if (!isa_and_present<IntegerType>(type) && !node.hasFailed())
    node.emitError() << "expected an integer output type, found " << type;
  if (node.hasFailed())
    return;
  if (!isa<FloatType>(node.getElementType(x)))
    x = node.create<CastOp>(node.getElementType(scale), x);
  node.setResult(0, node.create<QuantizeOp>(type, x, scale, zero, uint64_t(scheme.axis)));
}

static const OperatorEntry kOperators[] = {
    {"DequantizeLinear", 10, 25, importDequantizeLinear},
    {"QuantizeLinear", 10, 25, importQuantizeLinear},
};

ArrayRef<OperatorEntry> pith::getQuantizationOperators() { return kOperators; }
