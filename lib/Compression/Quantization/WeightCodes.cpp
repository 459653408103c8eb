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

static HostTensor packAll(const HostTensor &weight, IntegerType type,
                          ArrayRef<int16_t> codes) {
  HostTensor packed(RankedTensorType::get(weight.getShape(), type));
  const unsigned bits = pith::getStorageBits(type);
  char *bytes = packed.getMutableBytes().data();
  // 8 codes of any width end at a byte.
  constexpr int64_t kRun = 8 * 1024;
  for (int64_t first = 0, n = codes.size(); first < n; first += kRun)
    packCodes(codes.slice(first, std::min(kRun, n - first)), bits,
              bytes + first * bits / 8);
  return packed;
}

WeightQuantizer::Result pith::assemble(const WeightQuantizer &how,
                                       const GroupQuantizer &group,
                                       const HostTensor &weight,
                                       const ChosenCodes &chosen) {
  MLIRContext *context = weight.getType().getContext();
  const WeightQuantizer::Groups groups = how.getGroups(weight);
  WeightQuantizer::Result result;
  auto codeType = IntegerType::get(context, group.bits,
                                   group.symmetric ? IntegerType::Signless
                                                   : IntegerType::Unsigned);
  result.codes = packAll(weight, codeType, chosen.codes);
  if (groups.size < groups.reduction)
    result.groupSize = groups.size;
  Type scaleType = group.halfScales ? Type(Float16Type::get(context))
                                    : Type(Float32Type::get(context));
  how.setScales(result, groups, chosen.scales, chosen.steps, scaleType);
  if (!group.symmetric) {
    Type zeroType = chosen.wholeZeroPoints
                        ? Type(IntegerType::get(context, 8, IntegerType::Unsigned))
                        : scaleType;
    HostTensor zero(RankedTensorType::get(result.scale.getShape(), zeroType));
    for (auto [index, value] : llvm::enumerate(chosen.zeroPoints))
      zero.setDouble(index, value);
    result.zeroPoint = zero;
  }
  ArrayRef<float> w = weight.as<float>();
  const bool sign = group.symmetric && group.bits == 1;
  for (int64_t i = 0, n = w.size(); i < n; ++i) {
    int64_t row = i / groups.reduction, place = i % groups.reduction / groups.size;
    int64_t index = row * groups.count + place;
    float code = sign ? 2 * chosen.codes[i] - 1 : chosen.codes[i];
    float zero = group.symmetric ? 0 : chosen.zeroPoints[index];
    double difference = double(w[i]) - (code - zero) * chosen.scales[index];
    result.error.signal += double(w[i]) * w[i];
    result.error.noise += difference * difference;
  }
  return result;
}
