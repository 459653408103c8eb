//===- ShapeOps.cpp - The same elements elsewhere ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constants, and shape rules of ops that move elements.
//
//===----------------------------------------------------------------------===//

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Dialect/Pith/IR/ShapeOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

LogicalResult ConstantOp::verify() {
  if (getValueAttr().getType() != getType())
    return emitOpError("expects a value of type ")
           << getType() << ", found " << getValueAttr().getType();
  auto resource = dyn_cast<DenseResourceElementsAttr>(getValueAttr());
  // Elided text has no data; everybody who reads the value must check.
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (blob && !blob->getData().empty()) {
    auto type = cast<RankedTensorType>(getType());
    int64_t expected = getStorageBytes(type.getElementType(), type.getNumElements());
    if (int64_t(blob->getData().size()) < expected)
      return emitOpError("expects a resource of ")
             << expected << " bytes, found " << blob->getData().size();
  }
  return success();
}

LogicalResult ConstantOp::inferSymbolicShapes(ShapeContext &context) {
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return context.emitError() << "expects a static shape, found " << type;
  SymbolicShape shape;
  for (int64_t size : type.getShape())
    shape.push_back(context.constant(size));
  context.setDims(0, shape);
  if (!isa<IntegerType>(type.getElementType()) || type.getNumElements() > 64)
    return success();
  if (auto value = HostTensor::get(getValueAttr())) {
    SymbolicShape contents;
    for (int64_t i = 0, e = value->getNumElements(); i < e; ++i)
      contents.push_back(context.constant(value->getInt(i)));
    context.setContents(0, contents);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Ops that rename bytes
//===----------------------------------------------------------------------===//

/// The same elements in the same order: what is known of them stays known.
static void passContents(Value input, ShapeContext &context) {
  auto type = cast<RankedTensorType>(input.getType());
  if (!isa<IntegerType>(type.getElementType()))
    return;
  if (auto contents = context.contents(input))
    context.setContents(0, *contents);
}

LogicalResult ShapeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput()));
  int64_t rank = input.size();
  int64_t start = std::clamp<int64_t>(getStart(), 0, rank);
  int64_t end = std::clamp<int64_t>(getEnd(), start, rank);
  context.setDims(0, {context.constant(end - start)});
  context.setContents(0, ArrayRef(input).slice(start, end - start));
  return success();
}

LogicalResult ReshapeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput()));
  SymbolicShape wanted(context.dims(getShape()));
  if (wanted.size() != 1 || !getConstant(wanted[0]))
    return context.emitError() << "expects a shape of rank 1 and static size (C1)";
  auto shape = context.contents(getShape());
  if (!shape) {
    // Only the type says what is known.
    auto type = cast<RankedTensorType>(getType());
    SymbolicShape result;
    for (auto [axis, size] : llvm::enumerate(type.getShape()))
      result.push_back(ShapedType::isDynamic(size) ? context.dataDependent(0, axis)
                                                   : context.constant(size));
    context.setDims(0, result);
    return success();
  }
  std::optional<size_t> rest;
  SymbolicShape result;
  for (auto [axis, size] : llvm::enumerate(*shape)) {
    auto constant = getConstant(size);
    if (constant && *constant == -1) {
      if (rest)
        return context.emitError() << "expects at most one −1 in shape (C2)";
      rest = axis;
      result.push_back(context.constant(1));
    } else if (constant && *constant == 0 && !getAllowZero()) {
      if (axis >= input.size())
        return context.emitError() << "expects an input axis for the 0 at position "
                                   << axis << " of shape (C2), found rank "
                                   << input.size();
      result.push_back(input[axis]);
    } else if (constant && *constant < -1) {
      return context.emitError() << "expects sizes of at least −1 (C2), found "
                                 << *constant;
    } else {
      result.push_back(size);
    }
  }
  AffineExpr all = product(getContext(), input);
  AffineExpr known = product(getContext(), result);
  if (rest) {
    auto a = getConstant(all), b = getConstant(known);
    if (a && b && (*b == 0 ? *a != 0 : *a % *b != 0))
      return context.emitError() << "expects " << *a << " elements to be a multiple of "
                                 << *b << " (C2)";
    result[*rest] = b && *b == 0 ? context.constant(0) : quotient(all, known);
  } else if (failed(context.requireEqual(all, known))) {
    return context.emitError() << "expects equal element counts (C2), found " << all
                               << " and " << known;
  }
  context.setDims(0, result);
  passContents(getInput(), context);
  return success();
}

static LogicalResult checkAxes(ShapeContext &context, ArrayRef<int64_t> axes,
                               int64_t rank) {
  int64_t last = -1;
  for (int64_t axis : axes) {
    if (axis <= last || axis >= rank)
      return context.emitError() << "expects sorted axes without repeats below " << rank
                                 << " (C1), found " << axis;
    last = axis;
  }
  return success();
}

LogicalResult SqueezeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), result;
  if (failed(checkAxes(context, getAxes(), input.size())))
    return failure();
  for (auto [axis, size] : llvm::enumerate(input)) {
    if (!llvm::is_contained(getAxes(), int64_t(axis)))
      result.push_back(size);
    else if (failed(context.requireEqual(size, context.constant(1))))
      return context.emitError() << "expects size 1 along axis " << axis
                                 << " (C2), found " << size;
  }
  context.setDims(0, result);
  passContents(getInput(), context);
  return success();
}

LogicalResult UnsqueezeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), result;
  size_t rank = input.size() + getAxes().size(), next = 0;
  if (failed(checkAxes(context, getAxes(), rank)))
    return failure();
  for (size_t axis = 0; axis < rank; ++axis)
    result.push_back(llvm::is_contained(getAxes(), int64_t(axis)) ? context.constant(1)
                                                                  : input[next++]);
  context.setDims(0, result);
  passContents(getInput(), context);
  return success();
}

LogicalResult FlattenOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput()));
  int64_t axis = getAxis();
  if (axis < 0 || axis > int64_t(input.size()))
    return context.emitError() << "expects 0 ≤ axis ≤ " << input.size() << " (C1), found "
                               << axis;
  context.setDims(0, {product(getContext(), ArrayRef(input).take_front(axis)),
                      product(getContext(), ArrayRef(input).drop_front(axis))});
  return success();
}

//===----------------------------------------------------------------------===//
// Ops that move elements
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput())), result;
  SmallVector<bool> seen(input.size());
  for (int64_t axis : getPermutation()) {
    if (axis < 0 || axis >= int64_t(input.size()) || seen[axis])
      return context.emitError() << "expects a permutation of " << input.size()
                                 << " axes (C1), found " << axis;
    seen[axis] = true;
    result.push_back(input[axis]);
  }
  if (result.size() != input.size())
    return context.emitError() << "expects a permutation of " << input.size()
                               << " axes (C1), found " << result.size();
  context.setDims(0, result);
  if (input.size() == 1)
    passContents(getInput(), context);
  return success();
}

LogicalResult ExpandOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput()));
  auto shape = needContents(context, getShape(), "shape");
  if (failed(shape))
    return failure();
  for (AffineExpr size : *shape)
    if (auto extent = getConstant(size); extent && *extent < 0)
      return context.emitError() << "expects sizes of at least 0, found " << *extent;
  auto result = broadcastShapes(context, {input, *shape});
  if (failed(result))
    return failure();
  context.setDims(0, *result);
  if (result->size() <= 1 && isa<IntegerType>(getElementTypeOrSelf(getType())))
    if (auto contents = context.contents(getInput())) {
      auto count = result->empty() ? std::optional<int64_t>(1) : getConstant((*result)[0]);
      if (count && *count <= 64 && contents->size() == 1)
        context.setContents(0, SymbolicShape(*count, (*contents)[0]));
    }
  return success();
}

LogicalResult TileOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape input(context.dims(getInput()));
  auto repeats = needContents(context, getRepeats(), "repeats");
  if (failed(repeats))
    return failure();
  if (repeats->size() != input.size())
    return context.emitError() << "expects " << input.size() << " repeats (C1), found "
                               << repeats->size();
  for (auto [size, repeat] : llvm::zip(input, *repeats))
    size = product(getContext(), {size, repeat});
  context.setDims(0, input);
  return success();
}

LogicalResult ConcatOp::inferSymbolicShapes(ShapeContext &context) {
  if (getInputs().empty())
    return context.emitError() << "expects at least one operand (C1)";
  SymbolicShape result(context.dims(getInputs()[0]));
  int64_t axis = getAxis();
  if (axis < 0 || axis >= int64_t(result.size()))
    return context.emitError() << "expects 0 ≤ axis < " << result.size()
                               << " (C2), found " << axis;
  for (Value input : getInputs().drop_front()) {
    SymbolicShape own(context.dims(input));
    if (own.size() != result.size() ||
        getElementTypeOrSelf(input.getType()) != getElementTypeOrSelf(getType()))
      return context.emitError() << "expects operands of one rank and element type (C1)";
    for (size_t i = 0; i < own.size(); ++i) {
      if (int64_t(i) == axis)
        continue;
      if (failed(context.requireEqual(result[i], own[i])))
        return context.emitError() << "expects equal sizes along axis " << i
                                   << " (C3), found " << result[i] << " and " << own[i];
      if (getConstant(own[i]))
        result[i] = own[i];
    }
    result[axis] = simplify(result[axis] + own[axis]);
  }
  context.setDims(0, result);
  if (result.size() == 1 && isa<IntegerType>(getElementTypeOrSelf(getType()))) {
    SymbolicShape all;
    for (Value input : getInputs()) {
      auto contents = context.contents(input);
      if (!contents)
        return success();
      all.append(contents->begin(), contents->end());
    }
    if (all.size() <= 64)
      context.setContents(0, all);
  }
  return success();
}

/// Whether an expression of sizes cannot be negative.
static bool isNotNegative(AffineExpr expr) {
  if (auto constant = getConstant(expr))
    return *constant >= 0;
  if (isa<AffineSymbolExpr>(expr))
    return true;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return binary && isNotNegative(binary.getLHS()) && isNotNegative(binary.getRHS());
}

/// Numbers at or beyond this stand for "to the end".
static constexpr int64_t kFar = int64_t(1) << 31;

/// A slice bound with a positive step as a position in [0, size].
static AffineExpr clampBound(ShapeContext &context, AffineExpr bound, AffineExpr size) {
  auto value = getConstant(bound), extent = getConstant(size);
  if (value && extent) {
    int64_t v = *value < 0 ? *value + *extent : *value;
    return context.constant(std::clamp<int64_t>(v, 0, *extent));
  }
  if (value && *value >= kFar - 1)
    return size;
  if (value && *value <= -kFar)
    return context.constant(0);
  if (value && *value == 0)
    return bound;
  if (value && *value < 0)
    return context.maximum(simplify(size + *value), context.constant(0));
  if (bound == size)
    return size;
  if (!value && !isNotNegative(bound)) {
    // −s counts from the back.
    if (isNotNegative(simplify(-bound)))
      return context.maximum(simplify(size + bound), context.constant(0));
    return context.maximum(context.minimum(bound, size), context.constant(0));
  }
  if (isNotNegative(difference(size, bound)))
    return bound;
  return context.minimum(bound, size);
}

LogicalResult SliceOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape result(context.dims(getInput()));
  SymbolicShape input(result);
  SmallVector<bool> seen(result.size());
  for (int64_t axis : getAxes()) {
    if (axis < 0 || axis >= int64_t(result.size()) || seen[axis])
      return context.emitError() << "expects axes without repeats below the rank "
                                 << result.size() << " (C1), found " << axis;
    seen[axis] = true;
  }
  auto starts = needContents(context, getStarts(), "starts");
  if (failed(starts))
    return failure();
  auto ends = needContents(context, getEnds(), "ends");
  if (failed(ends))
    return failure();
  size_t count = getAxes().size();
  if (starts->size() != count || ends->size() != count || getSteps().size() != count)
    return context.emitError() << "expects " << count
                               << " starts, ends and steps (C2), found " << starts->size()
                               << ", " << ends->size() << " and " << getSteps().size();
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = getAxes()[i], step = getSteps()[i];
    AffineExpr size = input[axis];
    if (step == 0)
      return context.emitError() << "expects steps other than 0 (C3)";
    if (step > 0) {
      AffineExpr from = clampBound(context, (*starts)[i], size);
      AffineExpr to = clampBound(context, (*ends)[i], size);
      AffineExpr length = difference(to, from);
      if (!isNotNegative(length))
        length = context.maximum(length, context.constant(0));
      result[axis] = step == 1 ? length : simplify(length.ceilDiv(step));
      continue;
    }
    auto extent = getConstant(size), from = getConstant((*starts)[i]),
         to = getConstant((*ends)[i]);
    if (!from || !to)
      return context.emitError() << "expects constant bounds where a step is negative";
    if (extent) {
      int64_t f = *from < 0 ? *from + *extent : *from;
      int64_t t = *to < 0 ? *to + *extent : *to;
      f = std::clamp<int64_t>(f, -1, *extent - 1);
      t = std::clamp<int64_t>(t, -1, *extent - 1);
      result[axis] = context.constant(f > t ? (f - t - step - 1) / -step : 0);
    } else if ((*from == -1 || *from >= kFar - 1) && *to <= -kFar) {
      result[axis] = simplify(size.ceilDiv(-step));
    } else {
      return context.emitError() << "expects a whole axis where a step is negative and "
                                 << "the size is not static";
    }
  }
  context.setDims(0, result);
  // Parts of a list of sizes.
  if (input.size() == 1 && count == 1 && isa<IntegerType>(getElementTypeOrSelf(getType()))) {
    auto contents = context.contents(getInput());
    auto from = getConstant((*starts)[0]), extent = getConstant(input[0]),
         length = getConstant(result[0]);
    if (contents && from && extent && length) {
      int64_t first = *from < 0 ? *from + *extent : *from;
      first = std::clamp<int64_t>(first, 0, getSteps()[0] > 0 ? *extent : *extent - 1);
      SymbolicShape part;
      for (int64_t i = 0; i < *length; ++i)
        part.push_back((*contents)[first + i * getSteps()[0]]);
      context.setContents(0, part);
    }
  }
  return success();
}

LogicalResult PadOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape result(context.dims(getInput()));
  auto low = needContents(context, getLow(), "low");
  if (failed(low))
    return failure();
  auto high = needContents(context, getHigh(), "high");
  if (failed(high))
    return failure();
  if (low->size() != result.size() || high->size() != result.size())
    return context.emitError() << "expects " << result.size() << " low and high pads (C1), "
                               << "found " << low->size() << " and " << high->size();
  for (auto [axis, size] : llvm::enumerate(result)) {
    auto extent = getConstant(size), l = getConstant((*low)[axis]),
         h = getConstant((*high)[axis]);
    if (getMode() == PadMode::Reflect && extent && l && h &&
        (std::max(*l, *h) >= std::max<int64_t>(*extent, 1)) && (*l > 0 || *h > 0))
      return context.emitError() << "expects reflected pads below the size (C2), found "
                                 << std::max(*l, *h) << " for " << *extent;
    size = simplify(size + (*low)[axis] + (*high)[axis]);
    if (auto sum = getConstant(size); sum && *sum < 0)
      return context.emitError() << "expects pads that leave a size of at least 0, found "
                                 << *sum;
  }
  context.setDims(0, result);
  return success();
}

LogicalResult DepthToSpaceOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape s(context.dims(getInput()));
  int64_t block = getBlock();
  auto channels = s.size() == 4 ? getConstant(s[1]) : std::nullopt;
  if (s.size() != 4 || block < 1 || (channels && *channels % (block * block) != 0))
    return context.emitError() << "expects rank 4 and channels divisible by block² (C1)";
  context.setDims(0, {s[0], quotient(s[1], context.constant(block * block)),
                      s[2] * block, s[3] * block});
  return success();
}

LogicalResult SpaceToDepthOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape s(context.dims(getInput()));
  int64_t block = getBlock();
  if (s.size() != 4 || block < 1)
    return context.emitError() << "expects rank 4 and a positive block (C1)";
  for (AffineExpr size : {s[2], s[3]})
    if (auto extent = getConstant(size); extent && *extent % block != 0)
      return context.emitError() << "expects block to divide " << *extent << " (C1), got "
                                 << block;
  context.setDims(0, {s[0], s[1] * (block * block), quotient(s[2], context.constant(block)),
                      quotient(s[3], context.constant(block))});
  return success();
}

static std::optional<double> scalarOf(Value value) {
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto tensor = HostTensor::get(attr);
  if (!tensor || tensor->getNumElements() != 1)
    return std::nullopt;
  return tensor->getDouble(0);
}

LogicalResult RangeOp::inferSymbolicShapes(ShapeContext &context) {
  Type element = getElementTypeOrSelf(getType());
  if (!isa<IntegerType>(element)) {
    auto start = scalarOf(getStart()), limit = scalarOf(getLimit()), delta = scalarOf(getDelta());
    if (start && limit && delta && *delta != 0) {
      double count = std::ceil((*limit - *start) / *delta);
      context.setDims(0, {context.constant(std::max<int64_t>(0, int64_t(count)))});
      return success();
    }
    context.setDims(0, {context.dataDependent(0, 0)});
    return success();
  }
  SymbolicShape values;
  for (Value operand : getOperands()) {
    auto contents = needContents(context, operand, "start, limit and delta");
    if (failed(contents) || contents->size() != 1)
      return context.emitError() << "expects scalars (C1)";
    values.push_back((*contents)[0]);
  }
  auto delta = getConstant(values[2]);
  if (!delta) { // not even the direction is known
    context.setDims(0, {context.dataDependent(0, 0)});
    return success();
  }
  if (*delta == 0)
    return context.emitError() << "expects a delta other than 0";
  AffineExpr distance = *delta > 0 ? difference(values[1], values[0])
                                   : difference(values[0], values[1]);
  AffineExpr count = simplify(distance.ceilDiv(std::abs(*delta)));
  if (!isNotNegative(count))
    count = context.maximum(count, context.constant(0));
  context.setDims(0, {count});
  if (auto n = getConstant(count); n && *n <= 64) {
    SymbolicShape contents;
    for (int64_t i = 0; i < *n; ++i)
      contents.push_back(simplify(values[0] + i * *delta));
    context.setContents(0, contents);
  }
  return success();
}

LogicalResult FillOp::inferSymbolicShapes(ShapeContext &context) {
  auto shape = needContents(context, getShape(), "shape");
  if (failed(shape))
    return failure();
  for (AffineExpr size : *shape)
    if (auto extent = getConstant(size); extent && *extent < 0)
      return context.emitError() << "expects sizes of at least 0, found " << *extent;
  context.setDims(0, *shape);
  if (shape->size() <= 1 && isa<IntegerType>(getElementTypeOrSelf(getType()))) {
    auto count = shape->empty() ? std::optional<int64_t>(1) : getConstant((*shape)[0]);
    auto value = context.contents(getValue());
    if (count && *count <= 64 && value && value->size() == 1)
      context.setContents(0, SymbolicShape(*count, (*value)[0]));
  }
  return success();
}

LogicalResult TriluOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  if (shape.size() < 2)
    return context.emitError() << "expects rank 2 or more (C1), found " << shape.size();
  context.setDims(0, shape);
  return success();
}

LogicalResult ReverseSequenceOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  if (getBatchAxis() + getTimeAxis() != 1 || shape.size() < 2)
    return context.emitError() << "expects batch and time axes 0 and 1 (C1)";
  context.setDims(0, shape);
  return success();
}
