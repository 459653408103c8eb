//===- Normalization.cpp - Mean, variance and scale ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Forms that also train are refused; statistics as further outputs of layer
// norm come from the operator's function.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;
using namespace pith;

/// A parameter in the type of the input, which newer versions let differ.
static Value toType(Node &node, Value value, Type type) {
  if (!value || node.getElementType(value) == type)
    return value;
  return node.create<CastOp>(type, value);
}

static void importBatchNormalization(Node &node) {
  Value x = node.getOperand(0);
  Type type = node.getElementType(x);
  if (node.getInt("training_mode", 0) != 0) {
    node.emitError() << "expected training_mode = 0, found 1; export the model for inference";
    return;
  }
  if (node.getInt("spatial", 1) != 1) {
    node.emitError() << "expected spatial = 1, found " << node.getInt("spatial", 1);
    return;
  }
  Value p[4];
  for (unsigned i = 0; i < 4; ++i)
    p[i] = toType(node, node.getOperand(1 + i), type);
  node.setResult(0, node.create<BatchNormOp>(type, x, p[0], p[1], p[2], p[3],
                                             APFloat(double(node.getFloat("epsilon", 1e-5f))),
                                             Layout::ChannelsFirst));
}

static void importLayerNormalization(Node &node) {
  Value x = node.getOperand(0);
  Type type = node.getElementType(x);
  int64_t axis = node.normalizeAxis(node.getInt("axis", -1), node.getRank(x));
  Value scale = toType(node, node.getOperand(1), type);
  Value bias = toType(node, node.getOperand(2), type);
  node.setResult(0, node.create<LayerNormOp>(type, x, scale, bias, uint64_t(axis),
                                             APFloat(double(node.getFloat("epsilon", 1e-5f)))));
}

/// Only the normalized values, not mean and deviation.
static bool hasOneOutput(const onnx::NodeProto &node) {
  for (int i = 1; i < node.output_size(); ++i)
    if (!node.output(i).empty())
      return false;
  return true;
}

/// The result has the type of the scale.
static void importRmsNormalization(Node &node) {
  Value x = node.getOperand(0), scale = node.getOperand(1);
  Type type = node.getElementType(x), wanted = node.getElementType(scale);
  int64_t axis = node.normalizeAxis(node.getInt("axis", -1), node.getRank(x));
  Value result = node.create<RmsNormOp>(type, x, toType(node, scale, type), uint64_t(axis),
                                        APFloat(double(node.getFloat("epsilon", 1e-5f))));
  node.setResult(0, toType(node, result, wanted));
}

static void importGroups(Node &node, int64_t groups) {
  Value x = node.getOperand(0);
  Type type = node.getElementType(x);
  Value scale = toType(node, node.getOperand(1), type);
  Value bias = toType(node, node.getOperand(2), type);
  node.setResult(0, node.create<GroupNormOp>(type, x, scale, bias, uint64_t(groups),
                                             APFloat(double(node.getFloat("epsilon", 1e-5f)))));
}
static void importGroupNormalization(Node &node) {
  importGroups(node, node.getInt("num_groups", 0));
}
static void importInstanceNormalization(Node &node) {
  importGroups(node, node.getStaticSize(node.getOperand(0), 1, "the number of channels"));
}

static void importLrn(Node &node) {
  Value x = node.getOperand(0);
  node.setResult(0, node.create<LrnOp>(node.getElementType(x), x,
                                       uint64_t(node.getInt("size", 0)),
                                       APFloat(node.getFloat("alpha", 1e-4f)),
                                       APFloat(node.getFloat("beta", 0.75f)),
                                       APFloat(node.getFloat("bias", 1.0f))));
}

/// `x / ‖x‖`, and 0 where the norm is 0.
static void importLpNormalization(Node &node) {
  Value x = node.getOperand(0);
  Type type = node.getElementType(x);
  int64_t axis = node.normalizeAxis(node.getInt("axis", -1), node.getRank(x));
  int64_t p = node.getInt("p", 2);
  if (p != 1 && p != 2) {
    node.emitError() << "expected p = 1 or 2, found " << p;
    return;
  }
  Value norm = node.create<ReduceOp>(type, x, p == 1 ? ReduceKind::L1 : ReduceKind::L2,
                                     ArrayRef<int64_t>(axis), true);
  Value isZero = node.create<EqualOp>(node.getBuilder().getI1Type(), norm,
                                      node.createScalar(type, 0));
  Value divisor = node.create<WhereOp>(type, isZero, node.createScalar(type, 1), norm);
  node.setResult(0, node.create<DivOp>(type, x, divisor));
}

static const OperatorEntry kOperators[] = {
    {"BatchNormalization", 7, 15, importBatchNormalization},
    {"GroupNormalization", 21, 21, importGroupNormalization},
    {"InstanceNormalization", 6, 22, importInstanceNormalization},
    {"LRN", 1, 13, importLrn},
    {"LayerNormalization", 17, 17, importLayerNormalization, hasOneOutput},
    {"LpNormalization", 1, 22, importLpNormalization},
    {"RMSNormalization", 23, 23, importRmsNormalization},
};

ArrayRef<OperatorEntry> pith::getNormalizationOperators() { return kOperators; }
