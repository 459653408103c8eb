//===- Contraction.cpp - Matrix products and convolutions ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators map to one op each; factors of Gemm become elementwise ops.
//
//===----------------------------------------------------------------------===//

#include "Einsum.h"
#include "Operators.h"
#include "Window.h"

using namespace mlir;
using namespace pith;

static void importMatMul(Node &node) {
  Value lhs = node.getOperand(0), rhs = node.getOperand(1);
  node.setResult(0, node.create<MatMulOp>(node.getElementType(lhs), lhs, rhs, false));
}

//===----------------------------------------------------------------------===//
// Gemm
//===----------------------------------------------------------------------===//

/// `value · factor`; nothing to do for 1.
static Value scale(Node &node, Value value, float factor) {
  if (factor == 1.0f || node.hasFailed())
    return value;
  Type type = node.getElementType(value);
  if (!isa<FloatType>(type) && factor != float(int64_t(factor))) {
    node.emitError() << "expected integer factors for integer operands, found " << factor;
    return {};
  }
  return node.create<MulOp>(type, value, node.createScalar(type, factor));
}

static void importGemm(Node &node) {
  Value a = node.getOperand(0), b = node.getOperand(1), c = node.getOperand(2);
  Type type = node.getElementType(a);
  if (node.getRank(a) != 2 || node.getRank(b) != 2) {
    node.emitError() << "expected matrices, found " << a.getType() << " and "
                     << b.getType();
    return;
  }
  if (node.getInt("transA", 0))
    a = node.create<TransposeOp>(type, a, ArrayRef<int64_t>{1, 0});
  bool transposed = node.getInt("transB", 0) != 0;
  Value product = node.create<MatMulOp>(type, a, b, transposed);
  product = scale(node, product, node.getFloat("alpha", 1));
  float beta = node.getFloat("beta", 1);
  if (c && beta != 0) {
    if (node.getRank(c) > 2) {
      node.emitError() << "expected C of rank at most 2, found " << c.getType();
      return;
    }
    product = node.create<AddOp>(type, product, scale(node, c, beta));
  }
  node.setResult(0, product);
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// Spatial sizes of a weight; `kernel_shape` must agree.
static SmallVector<int64_t> getKernel(Node &node, Value weight) {
  SmallVector<int64_t> kernel;
  int64_t rank = node.getRank(weight);
  if (rank < 3) {
    node.emitError() << "expected weights of rank 3 or more, found " << weight.getType();
    return {};
  }
  for (int64_t axis = 2; axis < rank; ++axis)
    kernel.push_back(node.getStaticSize(weight, axis, "kernel sizes"));
  SmallVector<int64_t> stated = node.getInts("kernel_shape");
  if (!stated.empty() && stated != kernel && !node.hasFailed())
    node.emitError() << "expected kernel_shape to be that of the weights "
                     << weight.getType();
  return kernel;
}

static void importConv(Node &node) {
  Value x = node.getOperand(0), w = node.getOperand(1), bias = node.getOperand(2);
  Window window = readWindow(node, x, getKernel(node, w));
  node.setResult(0, node.create<ConvOp>(node.getElementType(x), x, w, bias, window.strides,
                                        window.dilations, window.low, window.high,
                                        uint64_t(node.getInt("group", 1)),
                                        Layout::ChannelsFirst));
}

/// The pads that give the output sizes a node asks for; output padding where it
/// asks for more than there is.
static void padTransposed(Node &node, Value input, SmallVectorImpl<int64_t> &outputPadding,
                          Window &window) {
  SmallVector<int64_t> wanted = node.getInts("output_shape");
  std::string mode = node.getString("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  size_t spatial = window.kernel.size();
  if ((wanted.empty() && !same) || node.hasFailed())
    return;
  // Some exporters write all axes.
  if (wanted.size() == spatial + 2)
    wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (!wanted.empty() && wanted.size() != spatial) {
    node.emitError() << "expected " << spatial << " output sizes, found "
                     << wanted.size();
    return;
  }
  for (size_t i = 0; i < spatial; ++i) {
    int64_t size = node.getStaticSize(input, 2 + i, "sizes for auto_pad or output_shape");
    int64_t output = wanted.empty() ? size * window.strides[i] : wanted[i];
    int64_t total = window.strides[i] * (size - 1) + outputPadding[i] +
                    (window.kernel[i] - 1) * window.dilations[i] + 1 - output;
    if (output < 0 || output > kMaxElements) {
      node.emitError() << "expected an output size from 0 to 2^48 along spatial axis " << i
                       << ", found " << output;
      return;
    }
    outputPadding[i] += std::max<int64_t>(-total, 0);
    total = std::max<int64_t>(total, 0);
    window.low[i] = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
    window.high[i] = total - window.low[i];
  }
}

static void importConvTranspose(Node &node) {
  Value x = node.getOperand(0), w = node.getOperand(1), bias = node.getOperand(2);
  SmallVector<int64_t> kernel = getKernel(node, w);
  Window window = readWindow(node, x, kernel);
  SmallVector<int64_t> padding =
      readPerAxis(node, "output_padding", kernel.size(), 0, 0);
  padTransposed(node, x, padding, window);
  node.setResult(0, node.create<ConvTransposeOp>(
                        node.getElementType(x), x, w, bias, window.strides,
                        window.dilations, window.low, window.high, padding,
                        uint64_t(node.getInt("group", 1)), Layout::ChannelsFirst));
}

static const OperatorEntry kOperators[] = {
    {"Conv", 1, 22, importConv},
    {"ConvTranspose", 1, 22, importConvTranspose},
    {"Einsum", 12, 12, importEinsum},
    {"Gemm", 7, 13, importGemm},
    {"MatMul", 1, 13, importMatMul},
};

ArrayRef<OperatorEntry> pith::getContractionOperators() { return kOperators; }
