//===- Resize.cpp - Interpolation to another size -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Old versions and Upsample map coordinates asymmetrically. Sizes that scales
// give are computed here where the input's sizes are known, and by ops where
// not.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "llvm/ADT/StringSwitch.h"

#include <cmath>

using namespace mlir;
using namespace pith;

namespace {
/// What a resize does, whichever version says it.
struct Resize {
  std::optional<ResizeMode> mode;
  std::optional<CoordinateMode> coordinates = CoordinateMode::Asymmetric;
  std::optional<NearestMode> nearest = NearestMode::Floor;
  double cubicCoefficient = -0.75;
  bool excludeOutside = false, antialias = false;
  Value sizes;
  /// Per axis; empty if sizes were given.
  SmallVector<double> scales;
};
} // namespace

static std::optional<ResizeMode> parseMode(StringRef text) {
  return llvm::StringSwitch<std::optional<ResizeMode>>(text)
      .Case("nearest", ResizeMode::Nearest)
      .Cases({"linear", "bilinear"}, ResizeMode::Linear)
      .Case("cubic", ResizeMode::Cubic)
      .Default(std::nullopt);
}

static std::optional<CoordinateMode> parseCoordinates(StringRef text) {
  return llvm::StringSwitch<std::optional<CoordinateMode>>(text)
      .Case("half_pixel", CoordinateMode::HalfPixel)
      .Case("pytorch_half_pixel", CoordinateMode::PytorchHalfPixel)
      .Case("align_corners", CoordinateMode::AlignCorners)
      .Case("asymmetric", CoordinateMode::Asymmetric)
      .Case("half_pixel_symmetric", CoordinateMode::HalfPixelSymmetric)
      .Case("tf_half_pixel_for_nn", CoordinateMode::TfHalfPixelForNn)
      .Default(std::nullopt);
}

static std::optional<NearestMode> parseNearest(StringRef text) {
  return llvm::StringSwitch<std::optional<NearestMode>>(text)
      .Case("round_prefer_floor", NearestMode::RoundPreferFloor)
      .Case("round_prefer_ceil", NearestMode::RoundPreferCeil)
      .Case("floor", NearestMode::Floor)
      .Case("ceil", NearestMode::Ceil)
      .Default(std::nullopt);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

static Value getSize(Node &node, Value x, int64_t axis) {
  return node.create<ShapeOp>(node.getBuilder().getI64Type(), x, uint64_t(axis),
                              uint64_t(axis + 1));
}

/// `⌊size · scale⌋` of one axis, as a tensor with one element.
static Value scaleSize(Node &node, Value x, int64_t axis, double scale) {
  int64_t size = node.getShape(x)[axis];
  Type i64 = node.getBuilder().getI64Type();
  if (!ShapedType::isDynamic(size))
    return node.createInts(int64_t(std::floor(double(size) * scale)));
  Value dynamic = getSize(node, x, axis);
  if (scale == 1)
    return dynamic;
  if (scale == std::floor(scale))
    return node.create<MulOp>(i64, dynamic, node.createInts(int64_t(scale)));
  Type f64 = node.getBuilder().getF64Type();
  Value real = node.create<CastOp>(f64, dynamic);
  real = node.create<MulOp>(f64, real, node.createScalar(f64, scale));
  return node.create<CastOp>(i64, node.create<FloorOp>(f64, real));
}

static void setScales(Node &node, Value x, ArrayRef<double> scales, Resize &resize) {
  resize.scales.assign(scales.begin(), scales.end());
  SmallVector<Value> sizes;
  for (auto [axis, scale] : llvm::enumerate(scales)) {
    if (!(scale > 0) || !(scale < 1e6)) {
      if (!node.hasFailed())
        node.emitError() << "expected positive scales, found " << scale;
      return;
    }
    sizes.push_back(scaleSize(node, x, axis, scale));
  }
  if (!node.hasFailed())
    resize.sizes = sizes.size() == 1
                       ? sizes[0]
                       : node.create<ConcatOp>(node.getBuilder().getI64Type(),
                                               ValueRange(sizes), uint64_t(0));
}

/// The axes that `scales` and `sizes` speak of.
static SmallVector<int64_t> getAxes(Node &node, int64_t rank) {
  SmallVector<int64_t> axes = node.getInts("axes");
  if (axes.empty())
    for (int64_t axis = 0; axis < rank; ++axis)
      axes.push_back(axis);
  for (int64_t &axis : axes)
    axis = node.normalizeAxis(axis, rank);
  return axes;
}

static void readScales(Node &node, Value x, const HostTensor &tensor, Resize &resize) {
  if (node.hasFailed())
    return;
  SmallVector<int64_t> axes = getAxes(node, node.getRank(x));
  if (tensor.getNumElements() != int64_t(axes.size())) {
    node.emitError() << "expected " << axes.size() << " scales, found "
                     << tensor.getNumElements();
    return;
  }
  SmallVector<double> scales(node.getRank(x), 1.0);
  if (node.hasFailed())
    return;
  for (auto [i, axis] : llvm::enumerate(axes))
    scales[axis] = tensor.getDouble(i);
  setScales(node, x, scales, resize);
}

/// Sizes limited so that all axes keep one scale.
static void keepAspect(Node &node, Value x, ArrayRef<int64_t> axes, Value sizes, bool larger,
                       Resize &resize) {
  SmallVector<int64_t> wanted = node.requireInts(sizes, "sizes");
  double scale = larger ? 0 : INFINITY;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t size = node.getStaticSize(x, axis, "sizes with keep_aspect_ratio_policy");
    if (node.hasFailed() || i >= wanted.size())
      return;
    double own = double(wanted[i]) / double(std::max<int64_t>(size, 1));
    scale = larger ? std::max(scale, own) : std::min(scale, own);
  }
  SmallVector<int64_t> all(node.getShape(x));
  SmallVector<double> scales(all.size(), 1.0);
  for (int64_t axis : axes) {
    // Halves are rounded up here.
    all[axis] = int64_t(std::floor(double(all[axis]) * scale + 0.5));
    scales[axis] = scale;
  }
  for (int64_t &size : all)
    if (ShapedType::isDynamic(size) && !node.hasFailed())
      node.emitError() << "expected sizes known at compile time, found " << x.getType();
  resize.scales = scales;
  resize.sizes = node.createInts(all);
}

static void readSizes(Node &node, Value x, Value sizes, Resize &resize) {
  int64_t rank = node.getRank(x);
  SmallVector<int64_t> axes = getAxes(node, rank);
  if (node.getShape(sizes) != ArrayRef<int64_t>(int64_t(axes.size())) && !node.hasFailed())
    node.emitError() << "expected " << axes.size() << " sizes, found " << sizes.getType();
  std::string policy = node.getString("keep_aspect_ratio_policy", "stretch");
  if (policy == "not_larger" || policy == "not_smaller")
    return keepAspect(node, x, axes, sizes, policy == "not_smaller", resize);
  if (policy != "stretch" && !node.hasFailed())
    node.emitError() << "expected keep_aspect_ratio_policy stretch, not_larger or "
                     << "not_smaller, found " << quote(policy);
  if (!node.hasAttribute("axes") || node.hasFailed()) {
    resize.sizes = sizes;
    return;
  }
  Type i64 = node.getBuilder().getI64Type();
  SmallVector<Value> all;
  for (int64_t axis = 0; axis < rank; ++axis) {
    auto *found = llvm::find(axes, axis);
    int64_t i = found - axes.begin();
    all.push_back(found == axes.end()
                      ? getSize(node, x, axis)
                      : node.create<SliceOp>(i64, sizes, node.createInts(i),
                                             node.createInts(i + 1), ArrayRef<int64_t>{0},
                                             ArrayRef<int64_t>{1}));
  }
  if (!node.hasFailed())
    resize.sizes = node.create<ConcatOp>(i64, ValueRange(all), uint64_t(0));
}

//===----------------------------------------------------------------------===//
// The operators
//===----------------------------------------------------------------------===//

static void createResize(Node &node, Value x, const Resize &resize) {
  if (node.hasFailed())
    return;
  if (!resize.mode || !resize.coordinates || !resize.nearest) {
    node.emitError() << "expected known modes, found mode "
                     << quote(node.getString("mode", "nearest"))
                     << ", coordinate_transformation_mode "
                     << quote(node.getString("coordinate_transformation_mode", "half_pixel"))
                     << ", nearest_mode "
                     << quote(node.getString("nearest_mode", "round_prefer_floor"));
    return;
  }
  DenseF64ArrayAttr scales;
  if (!resize.scales.empty())
    scales = node.getBuilder().getDenseF64ArrayAttr(resize.scales);
  node.setResult(0, node.create<ResizeOp>(node.getElementType(x), x, resize.sizes, scales,
                                          *resize.mode, *resize.coordinates,
                                          *resize.nearest, APFloat(resize.cubicCoefficient),
                                          resize.excludeOutside, resize.antialias));
}

static void importUpsample(Node &node) {
  Value x = node.getOperand(0);
  Resize resize;
  resize.mode = parseMode(node.getString("mode", "nearest"));
  if (node.getVersion() >= 9) {
    readScales(node, x, node.requireConstant(node.getOperand(1), "scales"), resize);
  } else if (const onnx::AttributeProto *scales = node.getAttribute("scales")) {
    if (scales->floats_size() != node.getRank(x)) {
      node.emitError() << "expected " << node.getRank(x) << " scales, found "
                       << scales->floats_size();
      return;
    }
    setScales(node, x, SmallVector<double>(scales->floats().begin(), scales->floats().end()),
              resize);
  }
  createResize(node, x, resize);
}

/// Whether an optional tensor is there and has elements.
static bool isGiven(Node &node, Value value) {
  return value && node.getShape(value) != ArrayRef<int64_t>(0);
}

static void importResize(Node &node) {
  Value x = node.getOperand(0);
  Resize resize;
  resize.mode = parseMode(node.getString("mode", "nearest"));
  if (node.getVersion() < 11) {
    readScales(node, x, node.requireConstant(node.getOperand(1), "scales"), resize);
    return createResize(node, x, resize);
  }
  resize.coordinates =
      parseCoordinates(node.getString("coordinate_transformation_mode", "half_pixel"));
  resize.nearest = parseNearest(node.getString("nearest_mode", "round_prefer_floor"));
  resize.cubicCoefficient = double(node.getFloat("cubic_coeff_a", -0.75f));
  resize.excludeOutside = node.getInt("exclude_outside", 0) != 0;
  resize.antialias = node.getInt("antialias", 0) != 0;
  Value scales = node.getOperand(2), sizes = node.getSizesOperand(3);
  if (isGiven(node, sizes))
    readSizes(node, x, sizes, resize);
  else if (isGiven(node, scales))
    readScales(node, x, node.requireConstant(scales, "scales"), resize);
  else
    node.emitError() << "expected scales or sizes, found none";
  createResize(node, x, resize);
}

static const OperatorEntry kOperators[] = {
    {"Resize", 10, 19, importResize},
    {"Upsample", 7, 9, importUpsample},
};

ArrayRef<OperatorEntry> pith::getResizeOperators() { return kOperators; }
