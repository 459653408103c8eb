//===- Window.cpp - Attributes of sliding windows -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes are checked before any arithmetic: they come from the file.
//
//===----------------------------------------------------------------------===//

#include "Window.h"

using namespace mlir;
using namespace pith;

/// No kernel, stride, dilation or pad is larger.
static constexpr int64_t kMaxExtent = int64_t(1) << 30;

static void checkRange(Node &node, StringRef name, ArrayRef<int64_t> values,
                       int64_t least) {
  for (int64_t value : values)
    if ((value < least || value > kMaxExtent) && !node.hasFailed())
      node.emitError() << "expected " << name << " from " << least << " to " << kMaxExtent
                       << ", found " << value;
}

SmallVector<int64_t> pith::readPerAxis(Node &node, StringRef name, size_t count,
                                       int64_t otherwise, int64_t least) {
  SmallVector<int64_t> values = node.getInts(name);
  if (values.empty())
    values.assign(count, otherwise);
  if (values.size() != count && !node.hasFailed())
    node.emitError() << "expected " << count << " " << name << ", found "
                     << values.size();
  checkRange(node, name, values, least);
  values.resize(count, otherwise);
  return values;
}

/// Pads so that the result has ⌈size / stride⌉ elements.
static void padSame(Node &node, Value input, bool upper, Window &window) {
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    int64_t stride = window.strides[i];
    int64_t reach = (window.kernel[i] - 1) * window.dilations[i] + 1;
    // With stride 1 the size does not matter.
    int64_t size = stride == 1 ? 1
                               : node.getStaticSize(input, 2 + i, "sizes for auto_pad");
    int64_t outputs = (size + stride - 1) / stride;
    int64_t total = std::max<int64_t>((outputs - 1) * stride + reach - size, 0);
    int64_t less = total / 2;
    window.low.push_back(upper ? less : total - less);
    window.high.push_back(upper ? total - less : less);
  }
}

Window pith::readWindow(Node &node, Value input, ArrayRef<int64_t> kernel) {
  Window window;
  size_t spatial = kernel.size();
  window.kernel.assign(kernel.begin(), kernel.end());
  checkRange(node, "kernel sizes", kernel, 1);
  if (node.getRank(input) != int64_t(spatial) + 2 && !node.hasFailed())
    node.emitError() << "expected an input of rank " << spatial + 2
                     << " for the kernel, found " << input.getType();
  window.strides = readPerAxis(node, "strides", spatial, 1, 1);
  window.dilations = readPerAxis(node, "dilations", spatial, 1, 1);
  std::string mode = node.getString("auto_pad", "NOTSET");
  if (node.hasFailed()) {
    window.low.assign(spatial, 0);
    window.high.assign(spatial, 0);
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    padSame(node, input, mode == "SAME_UPPER", window);
  } else if (mode == "NOTSET" || mode == "VALID" || mode.empty()) {
    SmallVector<int64_t> pads(2 * spatial, 0);
    if (mode != "VALID")
      pads = readPerAxis(node, "pads", 2 * spatial, 0, 0);
    window.low.assign(pads.begin(), pads.begin() + spatial);
    window.high.assign(pads.begin() + spatial, pads.end());
  } else {
    node.emitError() << "expected auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER, found "
                     << quote(mode);
  }
  return window;
}
