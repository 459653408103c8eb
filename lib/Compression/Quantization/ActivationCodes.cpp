//===- ActivationCodes.cpp - Activations that are codes -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ActivationCodes.h"

#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"

using namespace mlir;
using namespace pith;

static constexpr int64_t kWholeTensor = -1;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A constant of one f32.
static Value makeScale(OpBuilder &builder, Location loc, float scale) {
  HostTensor tensor(RankedTensorType::get({1}, builder.getF32Type()));
  tensor.setDouble(0, scale);
  return createConstant(builder, loc, tensor);
}

/// Symmetric codes by their scales.
static Value dequantize(OpBuilder &builder, Value codes, Value scale, RankedTensorType type,
                        int64_t groupSize) {
  return DequantizeOp::create(builder, codes.getLoc(), type, codes, scale,
                              /*zero_point=*/Value(), type.getRank() - 1, groupSize);
}

bool ActivationCodes::isRounded(Value activation) {
  auto dequantize = activation.getDefiningOp<DequantizeOp>();
  if (!dequantize)
    return false;
  Value codes = dequantize.getCodes();
  if (auto reshape = codes.getDefiningOp<ReshapeOp>())
    codes = reshape.getInput();
  return isa_and_nonnull<DynamicQuantizeOp, QuantizeOp>(codes.getDefiningOp());
}

Value ActivationCodes::makeStatic(Value activation, const CodeGrid &grid) const {
  OpBuilder builder(activation.getContext());
  builder.setInsertionPointAfterValue(activation);
  Location loc = activation.getLoc();
  RankedTensorType type = typeOf(activation);
  Value scale = makeScale(builder, loc, grid.scale), zero;
  Type codeType = builder.getIntegerType(8);
  if (!grid.isSigned()) {
    codeType = builder.getIntegerType(8, /*isSigned=*/false);
    HostTensor stored(RankedTensorType::get({1}, codeType));
    stored.setInt(0, grid.zero);
    zero = createConstant(builder, loc, stored);
  }
  Value codes = QuantizeOp::create(builder, loc,
                                   RankedTensorType::get(type.getShape(), codeType),
                                   activation, scale, zero, /*axis=*/0,
                                   bits == 8 ? 0 : int64_t(bits));
  return DequantizeOp::create(builder, loc, type, codes, scale, zero, type.getRank() - 1,
                              /*group_size=*/0);
}

Value ActivationCodes::getGrouped(Value activation, const GroupScales &groups) {
  Value &result = grouped[{activation.getAsOpaquePointer(), groups.groupSize}];
  if (result)
    return result;
  OpBuilder builder(activation.getContext());
  builder.setInsertionPointAfterValue(activation);
  Location loc = activation.getLoc();
  RankedTensorType type = typeOf(activation);
  HostTensor scales(RankedTensorType::get({type.getShape().back()}, builder.getF32Type()));
  for (int64_t k = 0, e = scales.getNumElements(); k < e; ++k)
    scales.setDouble(k, groups.scales[k / groups.groupSize]);
  Value codes = QuantizeOp::create(
      builder, loc, RankedTensorType::get(type.getShape(), builder.getI8Type()), activation,
      createConstant(builder, loc, scales), /*zero_point=*/Value(), type.getRank() - 1,
      bits == 8 ? 0 : int64_t(bits));
  return result = dequantize(builder, codes, makeScale(builder, loc, groups.common), type,
                             /*groupSize=*/0);
}

Value ActivationCodes::getDynamic(Value activation, int64_t groupSize) {
  Value &result = dynamic[{activation.getAsOpaquePointer(), groupSize}];
  if (result)
    return result;
  OpBuilder builder(activation.getContext());
  builder.setInsertionPointAfterValue(activation);
  RankedTensorType type = typeOf(activation);
  SmallVector<int64_t> scaleShape(type.getShape());
  int64_t size = scaleShape.back();
  scaleShape.back() = groupSize == 0 ? 1 : (size + groupSize - 1) / groupSize;
  auto codes = DynamicQuantizeOp::create(
      builder, activation.getLoc(),
      RankedTensorType::get(type.getShape(), builder.getI8Type()),
      RankedTensorType::get(scaleShape, builder.getF32Type()), activation, groupSize, bits);
  return result =
             dequantize(builder, codes.getCodes(), codes.getScales(), type, groupSize);
}

Value ActivationCodes::getDynamicTensor(Value activation) {
  RankedTensorType type = typeOf(activation);
  if (type.getNumDynamicDims() > 1 || type.getRank() == 0 ||
      llvm::is_contained(type.getShape(), 0))
    return {};
  Value &result = dynamic[{activation.getAsOpaquePointer(), kWholeTensor}];
  if (result)
    return result;
  OpBuilder builder(activation.getContext());
  builder.setInsertionPointAfterValue(activation);
  Location loc = activation.getLoc();
  auto reshape = [&](Value value, RankedTensorType to) -> Value {
    HostTensor shape(RankedTensorType::get({to.getRank()}, builder.getI64Type()));
    for (auto [i, size] : llvm::enumerate(to.getShape()))
      shape.setInt(i, ShapedType::isDynamic(size) ? -1 : size);
    return ReshapeOp::create(builder, loc, to, value, createConstant(builder, loc, shape),
                             /*allow_zero=*/false);
  };
  int64_t all = type.hasStaticShape() ? type.getNumElements() : ShapedType::kDynamic;
  auto codes = DynamicQuantizeOp::create(
      builder, loc, RankedTensorType::get({all}, builder.getI8Type()),
      RankedTensorType::get({1}, builder.getF32Type()),
      reshape(activation, RankedTensorType::get({all}, type.getElementType())),
      /*group_size=*/0, bits);
  Value shaped = reshape(codes.getCodes(),
                         RankedTensorType::get(type.getShape(), builder.getI8Type()));
  return result = dequantize(builder, shaped, codes.getScales(), type, /*groupSize=*/0);
}
