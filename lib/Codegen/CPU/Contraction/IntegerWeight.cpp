//===- IntegerWeight.cpp - A weight made of integer codes -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerWeight.h"

#include "PanelWeight.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/bit.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;

HostTensor pith::getInsideConstant(Value value) {
  ElementsAttr attr;
  if (!value || isa<BlockArgument>(value) || !matchPattern(value, m_Constant(&attr)))
    return {};
  auto tensor = HostTensor::get(attr);
  return tensor ? *tensor : HostTensor();
}

/// The integers for which codes stand.
static HostTensor mapCodes(const HostTensor &codes, ArrayRef<int64_t> values) {
  if (values.empty())
    return codes;
  MLIRContext *context = codes.getType().getContext();
  HostTensor mapped(
      RankedTensorType::get(codes.getShape(), IntegerType::get(context, 8)));
  for (int64_t i = 0, e = codes.getNumElements(); i < e; ++i)
    mapped.setInt(i, values[codes.getInt(i)]);
  return mapped;
}

/// Scales as f32, by whatever they are stored. `steps` may be empty.
static HostTensor mapScales(const HostTensor &scales, const HostTensor &steps,
                            const IntegerForm &form) {
  if (!steps && !form.hasExponents && form.factor == 1)
    return scales;
  MLIRContext *context = scales.getType().getContext();
  HostTensor mapped(
      RankedTensorType::get(scales.getShape(), Float32Type::get(context)));
  int64_t count = scales.getNumElements();
  int64_t perStep = steps ? std::max<int64_t>(1, count / steps.getNumElements()) : 1;
  for (int64_t i = 0; i < count; ++i) {
    float scale = scales.getDouble(i);
    if (form.hasExponents)
      scale = scales.getInt(i) == 255 ? std::numeric_limits<float>::quiet_NaN()
                                      : std::ldexp(1.0f, int(scales.getInt(i)) - 127);
    if (steps)
      scale *= float(steps.getDouble(i / perStep));
    mapped.setDouble(i, scale * form.factor);
  }
  return mapped;
}

std::optional<IntegerWeight> IntegerWeight::get(Value weight) {
  auto codec = weight.getDefiningOp<WeightCodecOpInterface>();
  auto form = codec ? codec.getIntegerForm() : std::nullopt;
  if (!form || !PanelWeight::isWeight(weight))
    return std::nullopt;
  IntegerWeight result;
  result.form = *form;
  result.codes = codec->getOperand(form->codes);
  result.scale = codec->getOperand(form->scale);
  if (form->zeroPoint)
    result.zeroPoint = codec->getOperand(*form->zeroPoint);
  if (form->scaleStep)
    result.scaleStep = codec->getOperand(*form->scaleStep);
  // Scales that are codes themselves.
  if (auto scale = result.scale.getDefiningOp<DequantizeOp>();
      scale && !scale.getZeroPoint() && scale.getGroupSize() == 0) {
    result.scaleStep = scale.getScale();
    result.scale = scale.getCodes();
  }
  // Codes that another codec makes are known only at run time.
  for (Value part : {result.codes, result.scale, result.zeroPoint, result.scaleStep})
    if (part && part.getDefiningOp<WeightCodecOpInterface>())
      return std::nullopt;
  if (!isa<BlockArgument>(result.codes))
    return std::nullopt;
  if (HostTensor zero = getInsideConstant(result.zeroPoint)) {
    result.sharedZero = zero.getInt(0);
    result.zeroPoint = Value();
  }
  return result;
}

void IntegerWeight::setPacking(
    KernelEmitter &kernel, std::string key,
    std::function<std::vector<char>(const HostTensor &, const HostTensor &,
                                    const HostTensor &)>
        pack) const {
  ArgumentPacking &packing = kernel.getPlan().packings[codeArgument()];
  packing.key = std::move(key);
  HostTensor inside = getInsideConstant(scale), step = getInsideConstant(scaleStep);
  for (const HostTensor &shared : {inside, step})
    if (shared)
      packing.key +=
          ",scale " + std::to_string(llvm::bit_cast<uint64_t>(shared.getDouble(0)));
  int scaleAt = 0, zeroAt = 0, stepAt = 0, next = 1;
  for (auto [value, at] :
       {std::make_pair(scale, &scaleAt), std::make_pair(zeroPoint, &zeroAt),
        std::make_pair(scaleStep, &stepAt)})
    if (value && isa<BlockArgument>(value)) {
      packing.companions.push_back(cast<BlockArgument>(value).getArgNumber());
      *at = next++;
    }
  packing.packWith = [pack = std::move(pack), inside, scaleAt, zeroAt, step, stepAt,
                      form = form](ArrayRef<HostTensor> tensors) {
    HostTensor scales = mapScales(scaleAt ? tensors[scaleAt] : inside,
                                  stepAt ? tensors[stepAt] : step, form);
    return pack(mapCodes(tensors[0], form.values), scales,
                zeroAt ? tensors[zeroAt] : HostTensor());
  };
}

bool pith::declineIntegers(KernelEmitter &kernel, StringRef reason) {
  remark::missed(kernel.getRoot()->getLoc(), remark::RemarkOpts::name("FloatProduct")
                                                 .category("pith-codegen")
                                                 .function("main"))
      << reason;
  return false;
}
