//===- Shape.cpp - The same elements elsewhere --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Axes that were attributes became operands with version 13; they must be
// known when compiling, since ranks are.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Pad.h"
#include "Slice.h"
#include "Tensors.h"

using namespace mlir;
using namespace pith;

static Type i64(Node &node) { return node.getBuilder().getI64Type(); }

static void importIdentity(Node &node) { node.setResult(0, node.getOperand(0)); }

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// A constant of the attributes `value_float` and so on.
static HostTensor readInlineConstant(Node &node) {
  OpBuilder &b = node.getBuilder();
  for (StringRef name : {"value_float", "value_floats", "value_int", "value_ints"}) {
    const onnx::AttributeProto *attribute = node.getAttribute(name);
    if (!attribute)
      continue;
    bool isFloat = name.starts_with("value_float"), isList = name.ends_with("s");
    int64_t count = !isList ? 1 : isFloat ? attribute->floats_size() : attribute->ints_size();
    SmallVector<int64_t> sizes;
    if (isList)
      sizes.push_back(count);
    HostTensor tensor(RankedTensorType::get(sizes, isFloat ? Type(b.getF32Type())
                                                           : Type(b.getI64Type())));
    for (int64_t i = 0; i < count; ++i) {
      if (isFloat)
        tensor.setDouble(i, isList ? attribute->floats(i) : attribute->f());
      else
        tensor.setInt(i, isList ? attribute->ints(i) : attribute->i());
    }
    return tensor;
  }
  node.emitError() << "expected a dense tensor of numbers, found another kind of constant";
  return {};
}

static void importConstant(Node &node) {
  HostTensor tensor =
      node.hasAttribute("value") ? node.takeTensor("value") : readInlineConstant(node);
  if (!node.hasFailed())
    node.setResult(0, node.createConstant(tensor, node.getResultName(0)));
}

static void importConstantOfShape(Node &node) {
  Value shape = node.getSizesOperand(0), value;
  if (node.hasAttribute("value")) {
    HostTensor tensor = node.takeTensor("value");
    if (node.hasFailed())
      return;
    if (tensor.getNumElements() != 1) {
      node.emitError() << "expected a value with one element, found "
                       << tensor.getNumElements();
      return;
    }
    value = node.createConstant(tensor.reshaped({}));
  } else {
    value = node.createScalar(node.getBuilder().getF32Type(), 0);
  }
  node.setResult(0, node.create<FillOp>(node.getElementType(value), shape, value));
}

/// Ones where the column is the row plus k.
static void importEyeLike(Node &node) {
  Value x = node.getOperand(0);
  Type type = node.getElementType(x);
  if (node.hasAttribute("dtype"))
    type = getElementType(int32_t(node.getInt("dtype", 0)), node.getBuilder().getContext());
  if (!type || node.getRank(x) != 2) {
    node.emitError() << "expected a matrix and a supported dtype, found " << x.getType();
    return;
  }
  Value zero = node.createScalar(i64(node), 0), one = node.createScalar(i64(node), 1);
  Value ranges[2];
  for (int64_t axis : {0, 1}) {
    Value size = node.create<ShapeOp>(i64(node), x, uint64_t(axis), uint64_t(axis + 1));
    size = node.create<SqueezeOp>(i64(node), size, ArrayRef<int64_t>{0});
    ranges[axis] = node.create<RangeOp>(i64(node), zero, size, one);
  }
  Value rows = node.create<UnsqueezeOp>(i64(node), ranges[0], ArrayRef<int64_t>{1});
  rows = node.create<AddOp>(i64(node), rows,
                            node.createScalar(i64(node), double(node.getInt("k", 0))));
  Value equal = node.create<EqualOp>(node.getBuilder().getI1Type(), rows, ranges[1]);
  node.setResult(0, node.create<CastOp>(type, equal));
}

static void importRange(Node &node) {
  Value start = node.getSizesOperand(0);
  node.setResult(0, node.create<RangeOp>(node.getElementType(start), start,
                                         node.getSizesOperand(1), node.getSizesOperand(2)));
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

static void importShape(Node &node) {
  Value x = node.getOperand(0);
  int64_t rank = node.getRank(x);
  auto clamp = [&](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  int64_t start = clamp(node.getInt("start", 0)), end = clamp(node.getInt("end", rank));
  node.setResult(0, node.create<ShapeOp>(i64(node), x, uint64_t(start),
                                         uint64_t(std::max(start, end))));
}

static void importSize(Node &node) {
  Value x = node.getOperand(0);
  Value shape = node.create<ShapeOp>(i64(node), x, uint64_t(0), uint64_t(node.getRank(x)));
  node.setResult(0, node.create<ReduceOp>(i64(node), shape, ReduceKind::Prod,
                                          ArrayRef<int64_t>{0}, false));
}

static void importReshape(Node &node) {
  Value x = node.getOperand(0);
  node.setResult(0, node.create<ReshapeOp>(node.getElementType(x), x, node.getSizesOperand(1),
                                           node.getInt("allowzero", 0) != 0));
}

/// Axes from the attribute, or since version 13 from operand 1.
static SmallVector<int64_t> getAxes(Node &node, int64_t rank) {
  SmallVector<int64_t> axes = node.getVersion() < 13
                                  ? node.getInts("axes")
                                  : node.requireInts(node.getOperand(1), "axes");
  return node.normalizeAxes(axes, rank);
}

static void importSqueeze(Node &node) {
  Value x = node.getOperand(0);
  SmallVector<int64_t> axes;
  if (node.hasAttribute("axes") || node.getOperand(1)) {
    axes = getAxes(node, node.getRank(x));
  } else {
    for (auto [axis, size] : llvm::enumerate(node.getShape(x))) {
      if (size == 1)
        axes.push_back(axis);
      else if (ShapedType::isDynamic(size) && !node.hasFailed())
        node.emitError() << "expected axes, or sizes known at compile time, found "
                         << x.getType();
    }
  }
  node.setResult(0, node.create<SqueezeOp>(node.getElementType(x), x, axes));
}

static void importUnsqueeze(Node &node) {
  Value x = node.getOperand(0);
  SmallVector<int64_t> axes = node.getVersion() < 13
                                  ? node.getInts("axes")
                                  : node.requireInts(node.getOperand(1), "axes");
  axes = node.normalizeAxes(axes, node.getRank(x) + axes.size());
  node.setResult(0, node.create<UnsqueezeOp>(node.getElementType(x), x, axes));
}

static void importFlatten(Node &node) {
  Value x = node.getOperand(0);
  int64_t rank = node.getRank(x), axis = node.getInt("axis", 1);
  if (axis != rank)
    axis = node.normalizeAxis(axis, rank);
  node.setResult(0, node.create<FlattenOp>(node.getElementType(x), x, uint64_t(axis)));
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

static void importTranspose(Node &node) {
  Value x = node.getOperand(0);
  SmallVector<int64_t> permutation = node.getInts("perm");
  if (permutation.empty())
    for (int64_t axis = node.getRank(x); axis-- > 0;)
      permutation.push_back(axis);
  node.setResult(0, node.create<TransposeOp>(node.getElementType(x), x, permutation));
}

template <typename Op>
static void importWithShape(Node &node) {
  Value x = node.getOperand(0);
  node.setResult(0, node.create<Op>(node.getElementType(x), x, node.getSizesOperand(1)));
}

static void importConcat(Node &node) {
  Value first = node.getOperand(0);
  int64_t axis = node.normalizeAxis(node.getInt("axis", 1), node.getRank(first));
  node.setResult(0, node.create<ConcatOp>(node.getElementType(first),
                                          ValueRange(node.getOperands()), uint64_t(axis)));
}

static void importDepthToSpace(Node &node) {
  Value x = node.getOperand(0);
  std::string mode = node.getString("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") {
    node.emitError() << "expected mode DCR or CRD, found " << quote(mode);
    return;
  }
  node.setResult(0, node.create<DepthToSpaceOp>(node.getElementType(x), x,
                                                uint64_t(node.getInt("blocksize", 0)),
                                                mode == "CRD"));
}

static void importSpaceToDepth(Node &node) {
  Value x = node.getOperand(0);
  node.setResult(0, node.create<SpaceToDepthOp>(node.getElementType(x), x,
                                                uint64_t(node.getInt("blocksize", 0))));
}

static void importTrilu(Node &node) {
  Value x = node.getOperand(0);
  int64_t k = 0;
  if (node.getOperand(1)) {
    SmallVector<int64_t> values = node.requireInts(node.getOperand(1), "k");
    if (values.size() != 1 && !node.hasFailed())
      node.emitError() << "expected one k, found " << values.size();
    if (node.hasFailed())
      return;
    k = values[0];
  }
  node.setResult(0, node.create<TriluOp>(node.getElementType(x), x, uint64_t(k),
                                         node.getInt("upper", 1) != 0));
}

static void importReverseSequence(Node &node) {
  Value x = node.getOperand(0);
  node.setResult(0, node.create<ReverseSequenceOp>(
                        node.getElementType(x), x, node.getOperand(1),
                        uint64_t(node.getInt("batch_axis", 1)),
                        uint64_t(node.getInt("time_axis", 0))));
}

/// In inference the identity, with a mask of all true.
static void importDropout(Node &node) {
  Value x = node.getOperand(0);
  if (Value training = node.getOperand(2)) {
    SmallVector<int64_t> on = node.requireInts(training, "training_mode");
    if (!node.hasFailed() && (on.size() != 1 || on[0] != 0))
      node.emitError() << "expected training_mode = false, found true";
  }
  node.setResult(0, x);
  if (!node.hasResult(1))
    return;
  // Version 7 made the mask of the input's type.
  Type type = node.getVersion() < 10 ? node.getElementType(x)
                                     : Type(node.getBuilder().getI1Type());
  Value shape = node.create<ShapeOp>(i64(node), x, uint64_t(0), uint64_t(node.getRank(x)));
  node.setResult(1, node.create<FillOp>(type, shape, node.createScalar(type, 1)));
}

static const OperatorEntry kOperators[] = {
    {"Concat", 4, 13, importConcat},
    {"Constant", 1, 25, importConstant},
    {"ConstantOfShape", 9, 25, importConstantOfShape},
    {"DepthToSpace", 1, 13, importDepthToSpace},
    {"Dropout", 7, 22, importDropout},
    {"Expand", 8, 13, importWithShape<ExpandOp>},
    {"EyeLike", 9, 22, importEyeLike},
    {"Flatten", 1, 25, importFlatten},
    {"Identity", 1, 25, importIdentity},
    {"Pad", 2, 25, importPad},
    {"Range", 11, 11, importRange},
    {"Reshape", 5, 25, importReshape},
    {"ReverseSequence", 10, 10, importReverseSequence},
    {"Shape", 1, 25, importShape},
    {"Size", 1, 25, importSize},
    {"Slice", 1, 13, importSlice},
    {"SpaceToDepth", 1, 13, importSpaceToDepth},
    {"Split", 2, 18, importSplit},
    {"Squeeze", 1, 25, importSqueeze},
    {"Tile", 6, 13, importWithShape<TileOp>},
    {"Transpose", 1, 25, importTranspose},
    {"Trilu", 14, 14, importTrilu},
    {"Unsqueeze", 1, 25, importUnsqueeze},
};

ArrayRef<OperatorEntry> pith::getShapeOperators() { return kOperators; }
