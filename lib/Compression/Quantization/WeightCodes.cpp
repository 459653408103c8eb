//===- WeightCodes.cpp - What passes to integer codes share ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightCodes.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/WeightStatistics.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

LogicalResult
WeightCodes::check(llvm::function_ref<LogicalResult(const Twine &)> error) const {
  if (bits > 8)
    return error("expected bits from 0 to 8, found " + Twine(bits));
  if (granularity == QuantizationGranularity::Group &&
      (groupSize < 16 || groupSize > 256))
    return error("expected a group-size from 16 to 256, found " + Twine(groupSize));
  bool bytes = scaleType == ScaleType::U8 || scaleType == ScaleType::I8;
  if (bytes && granularity != QuantizationGranularity::Group)
    return error("scale-type=u8 and i8 need granularity=group");
  if (bytes && bits == 1 && scheme == QuantizationScheme::Asymmetric)
    return error("scale-type=u8 and i8 need integer zero points, which codes of 1 bit "
                 "do not have");
  return success();
}

FailureOr<std::optional<WeightCodes::Input>>
WeightCodes::prepare(const Weight &weight) const {
  constexpr int64_t kDefaultBits = 4;
  int64_t chosen = bits ? bits : getChoice(weight, kBitsAttr).value_or(kDefaultBits);
  std::optional<Input> nothing;
  if (chosen < 1 || chosen > 8) {
    keepWeight(weight, pass, "it was chosen to stay as it is");
    return nothing;
  }
  if (std::string obstacle = getCodingObstacle(weight, chosen); !obstacle.empty()) {
    keepWeight(weight, pass, obstacle);
    return nothing;
  }
  Input input;
  FailureOr<HostTensor> floats = decodeFinite(weight, input.largest);
  if (failed(floats))
    return failure();
  input.value = *floats;
  input.isSparse = bool(weight.value.getDefiningOp<WeightCodecOpInterface>());
  WeightQuantizer &quantizer = input.quantizer;
  quantizer.granularity = granularity;
  quantizer.groupSize = groupSize;
  quantizer.group.bits = chosen;
  quantizer.group.symmetric =
      input.isSparse || scheme == QuantizationScheme::Symmetric;
  quantizer.group.halfScales = scaleType == ScaleType::F16;
  quantizer.group.signedScales = scaleType == ScaleType::I8;
  quantizer.group.search = chosen <= 4;
  // Zero points of one bit are of the scale's type.
  quantizer.byteScales = (scaleType == ScaleType::U8 || scaleType == ScaleType::I8) &&
                         (chosen > 1 || quantizer.group.symmetric);
  if (input.isSparse)
    quantizer.groupSize = llvm::alignTo(groupSize, getGroupUnit(weight, chosen));
  return std::optional<Input>(std::move(input));
}

void WeightCodes::replace(const Weight &weight, const Input &input,
                          const WeightQuantizer::Result &result,
                          std::optional<WeightError> outputError) const {
  bool wide = result.scale.getElementType().isF32();
  if (input.quantizer.group.halfScales && wide)
    remarkWideScales(weight, pass);
  replaceIfSmaller(weight, createDequantize(weight, result, pass), result.error, pass,
                   "codes and scales would take no fewer bytes", outputError);
}
