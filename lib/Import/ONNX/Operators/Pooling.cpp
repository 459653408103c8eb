//===- Pooling.cpp - Windows and whole planes ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Global pooling is a reduction over all spatial axes.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Window.h"

using namespace mlir;
using namespace pith;

static Window readPool(Node &node) {
  return readWindow(node, node.getOperand(0), node.getInts("kernel_shape"));
}

static void importMaxPool(Node &node) {
  Value x = node.getOperand(0);
  Window w = readPool(node);
  node.setResult(0, node.create<MaxPoolOp>(node.getElementType(x), x, w.kernel, w.strides,
                                           w.dilations, w.low, w.high,
                                           node.getInt("ceil_mode", 0) != 0,
                                           Layout::ChannelsFirst));
}

static void importAveragePool(Node &node) {
  Value x = node.getOperand(0);
  Window w = readPool(node);
  node.setResult(0, node.create<AveragePoolOp>(node.getElementType(x), x, w.kernel,
                                               w.strides, w.dilations, w.low, w.high,
                                               node.getInt("ceil_mode", 0) != 0,
                                               Layout::ChannelsFirst,
                                               node.getInt("count_include_pad", 0) != 0));
}

static void importLpPool(Node &node) {
  Value x = node.getOperand(0);
  Window w = readPool(node);
  node.setResult(0, node.create<LpPoolOp>(node.getElementType(x), x, w.kernel, w.strides,
                                          w.dilations, w.low, w.high,
                                          node.getInt("ceil_mode", 0) != 0,
                                          Layout::ChannelsFirst,
                                          uint64_t(node.getInt("p", 2))));
}

static SmallVector<int64_t> getSpatialAxes(Node &node) {
  Value x = node.getOperand(0);
  SmallVector<int64_t> axes;
  for (int64_t axis = 2; axis < node.getRank(x); ++axis)
    axes.push_back(axis);
  if (axes.empty())
    node.emitError() << "expected an input of rank 3 or more, found " << x.getType();
  return axes;
}

static Value reducePlane(Node &node, Value x, ReduceKind kind) {
  SmallVector<int64_t> axes = getSpatialAxes(node);
  return node.create<ReduceOp>(node.getElementType(x), x, kind, axes, true);
}

static void importGlobalAveragePool(Node &node) {
  node.setResult(0, reducePlane(node, node.getOperand(0), ReduceKind::Mean));
}
static void importGlobalMaxPool(Node &node) {
  node.setResult(0, reducePlane(node, node.getOperand(0), ReduceKind::Max));
}
static void importGlobalLpPool(Node &node) {
  Value x = node.getOperand(0);
  int64_t p = node.getInt("p", 2);
  if (p == 1 || p == 2) {
    node.setResult(0, reducePlane(node, x, p == 1 ? ReduceKind::L1 : ReduceKind::L2));
    return;
  }
  if (p < 1) {
    node.emitError() << "expected p of at least 1, found " << p;
    return;
  }
  Type type = node.getElementType(x);
  Value powers = node.create<PowOp>(type, node.create<AbsOp>(type, x),
                                    node.createScalar(type, double(p)));
  Value sum = reducePlane(node, powers, ReduceKind::Sum);
  node.setResult(0, node.create<PowOp>(type, sum, node.createScalar(type, 1.0 / double(p))));
}

static const OperatorEntry kOperators[] = {
    {"AveragePool", 7, 22, importAveragePool},
    {"GlobalAveragePool", 1, 22, importGlobalAveragePool},
    {"GlobalLpPool", 2, 22, importGlobalLpPool},
    {"GlobalMaxPool", 1, 22, importGlobalMaxPool},
    {"LpPool", 2, 22, importLpPool},
    {"MaxPool", 1, 22, importMaxPool},
};

ArrayRef<OperatorEntry> pith::getPoolingOperators() { return kOperators; }
