//===- WeightQuantizer.cpp - Rounding a whole weight ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cuts a weight into groups, rounds them in parallel runs of rows, and packs the
// codes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/WeightQuantizer.h"

#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cmath>

using namespace mlir;
using namespace pith;

/// Whether f16 represents scales for weights of this size well: neither
/// overflows nor subnormal.
static bool fitsHalf(float largest, int maxCode) {
  float scale = largest / maxCode;
  return largest == 0 || (scale <= 65504.0f && scale >= 0x1p-14f);
}

/// One entry per group, to be converted into tensors at the end.
namespace {
struct GroupValues {
  std::vector<float> scales, zeroPoints;
  std::vector<double> signal, noise;
  explicit GroupValues(int64_t count)
      : scales(count), zeroPoints(count), signal(count), noise(count) {}
};
} // namespace

static HostTensor makeTensor(ArrayRef<int64_t> shape, Type type,
                             ArrayRef<float> values) {
  HostTensor tensor(RankedTensorType::get(shape, type));
  for (auto [index, value] : llvm::enumerate(values))
    tensor.setDouble(index, value);
  return tensor;
}

GroupQuantizer WeightQuantizer::getGroupQuantizer(float largest) const {
  GroupQuantizer how = group;
  how.halfScales &= fitsHalf(largest, how.maxCode());
  return how;
}

WeightQuantizer::Groups WeightQuantizer::getGroups(const HostTensor &weight) const {
  Groups groups;
  bool perTensor = granularity == QuantizationGranularity::Tensor;
  groups.rows = perTensor ? 1 : weight.getShape().front();
  groups.reduction = groups.size = weight.getNumElements() / groups.rows;
  if (granularity == QuantizationGranularity::Group)
    groups.size = std::min(groupSize, groups.reduction);
  groups.count = (groups.reduction + groups.size - 1) / groups.size;
  return groups;
}

/// Whether every output has a scale of scales, rather than the tensor.
static bool hasStepPerRow(const WeightQuantizer::Groups &groups) {
  constexpr int64_t kGroupsWorthAStep = 8;
  return groups.count >= kGroupsWorthAStep;
}

std::vector<float> WeightQuantizer::chooseScaleSteps(const HostTensor &weight,
                                                     float largest) const {
  if (!byteScales)
    return {};
  Groups groups = getGroups(weight);
  GroupQuantizer how = group;
  how.halfScales = false;
  how.scaleStep = 0;
  std::vector<float> steps(groups.rows);
  ArrayRef<float> data = weight.as<float>();
  forRowRuns(weight.getType().getContext(), groups.rows, groups.reduction,
             [&](int64_t begin, int64_t end) {
               std::vector<int16_t> codes(groups.size);
               for (int64_t row = begin; row < end; ++row)
                 for (int64_t first = 0; first < groups.reduction; first += groups.size) {
                   int64_t count = std::min(groups.size, groups.reduction - first);
                   auto w = data.slice(row * groups.reduction + first, count);
                   bool isZero = llvm::all_of(w, [](float x) { return x == 0; });
                   float scale = isZero ? 0 : how.quantize(w, codes).scale;
                   steps[row] = std::max(steps[row], std::fabs(scale));
                 }
             });
  const bool perRow = hasStepPerRow(groups);
  const float greatest = group.signedScales ? 127 : 255;
  float widest = *llvm::max_element(steps);
  for (float &step : steps) {
    step = (perRow ? step : widest) / greatest;
    // In f16 where that is fine enough, rounded up: the greatest scale is in reach.
    bool half = perRow && step >= 0x1p-18f && largest < 65504.0f;
    if (half && roundToHalf(step) < step)
      step += std::max(step * 0x1p-10f, 0x1p-24f);
    step = half ? roundToHalf(step) : std::max(step, 0x1p-126f);
  }
  return steps;
}

void WeightQuantizer::setScales(Result &result, const Groups &groups,
                                ArrayRef<float> scales, ArrayRef<float> steps,
                                Type floatType) const {
  MLIRContext *context = floatType.getContext();
  SmallVector<int64_t> shape = {groups.rows, groups.count};
  if (granularity == QuantizationGranularity::Tensor)
    shape = {1};
  if (steps.empty()) {
    result.scale = makeTensor(shape, floatType, scales);
    return;
  }
  auto type = IntegerType::get(
      context, 8, group.signedScales ? IntegerType::Signless : IntegerType::Unsigned);
  result.scale = HostTensor(RankedTensorType::get(shape, type));
  GroupQuantizer how = group;
  for (auto [index, scale] : llvm::enumerate(scales)) {
    how.scaleStep = steps[index / groups.count];
    result.scale.setInt(index, how.getScaleCode(scale));
  }
  if (!hasStepPerRow(groups)) {
    result.scaleStep = makeTensor({1}, Float32Type::get(context), steps.take_front(1));
    return;
  }
  bool half = llvm::all_of(steps, [](float step) { return roundToHalf(step) == step; });
  Type stepType = half ? Type(Float16Type::get(context)) : Type(Float32Type::get(context));
  result.scaleStep = makeTensor({groups.rows, 1}, stepType, steps);
}

WeightQuantizer::Result WeightQuantizer::quantize(const HostTensor &weight,
                                                  float largest) const {
  MLIRContext *context = weight.getType().getContext();
  const GroupQuantizer how = getGroupQuantizer(largest);
  const bool perTensor = granularity == QuantizationGranularity::Tensor;
  const Groups cut = getGroups(weight);
  const int64_t rows = cut.rows, reduction = cut.reduction;
  const int64_t size = cut.size, groups = cut.count;
  Result result;
  if (size < reduction)
    result.groupSize = size;
  const std::vector<float> steps = chooseScaleSteps(weight, largest);

  auto codeType = IntegerType::get(
      context, how.bits, how.symmetric ? IntegerType::Signless : IntegerType::Unsigned);
  result.codes = HostTensor(RankedTensorType::get(weight.getShape(), codeType));
  const unsigned storedBits = pith::getStorageBits(codeType);
  const bool signBits = how.bits == 1 && how.symmetric;

  GroupValues values(rows * groups);
  ArrayRef<float> data = weight.as<float>();
  char *packed = result.codes.getMutableBytes().data();
  forRowRuns(context, rows, reduction, [&](int64_t begin, int64_t end) {
    std::vector<int16_t> codes(std::min<int64_t>(8, end - begin) * reduction);
    for (int64_t block = begin; block < end; block += 8) {
      int64_t blockEnd = std::min(block + 8, end);
      MutableArrayRef<int16_t> rest(codes);
      for (int64_t row = block; row < blockEnd; ++row) {
        GroupQuantizer own = how;
        own.scaleStep = steps.empty() ? 0 : steps[row];
        for (int64_t g = 0; g < groups; ++g) {
          int64_t first = g * size, count = std::min(size, reduction - first);
          GroupQuantizer::Group done =
              own.quantize(data.slice(row * reduction + first, count),
                           rest.take_front(count));
          rest = rest.drop_front(count);
          int64_t index = row * groups + g;
          values.scales[index] = done.scale;
          values.zeroPoints[index] = done.zeroPoint;
          values.signal[index] = done.signal;
          values.noise[index] = done.noise;
        }
      }
      ArrayRef<int16_t> used(codes.data(), (blockEnd - block) * reduction);
      if (signBits)
        for (int16_t &code : MutableArrayRef<int16_t>(codes))
          code = code > 0;
      // 8 rows of any width end at a byte.
      packCodes(used, storedBits, packed + block * reduction * storedBits / 8);
    }
  });

  for (double x : values.signal)
    result.error.signal += x;
  for (double x : values.noise)
    result.error.noise += x;
  Type scaleType = how.halfScales ? Type(Float16Type::get(context))
                                  : Type(Float32Type::get(context));
  SmallVector<int64_t> shape = {rows, groups};
  if (perTensor)
    shape = {1};
  setScales(result, cut, values.scales, steps, scaleType);
  if (!how.symmetric) {
    Type zeroType = how.bits == 1
                        ? scaleType
                        : Type(IntegerType::get(context, 8, IntegerType::Unsigned));
    result.zeroPoint = makeTensor(shape, zeroType, values.zeroPoints);
  }
  return result;
}

Value pith::createDequantize(const Weight &weight, const WeightQuantizer::Result &result,
                             StringRef pass) {
  Operation *old = weight.value.getDefiningOp();
  OpBuilder builder(old->getContext());
  builder.setInsertionPointAfter(old);
  Location loc = old->getLoc();
  Value codes = createCodes(weight, builder, result.codes, pass);
  Value scale = createConstant(builder, loc, result.scale, weight.name + ".scale"), zero;
  if (result.scaleStep) {
    Value step =
        createConstant(builder, loc, *result.scaleStep, weight.name + ".scale_step");
    auto type = RankedTensorType::get(result.scale.getShape(), builder.getF32Type());
    scale = DequantizeOp::create(builder, loc, type, scale, step, Value(), /*axis=*/1,
                                 /*group_size=*/0);
  }
  if (result.zeroPoint)
    zero = createConstant(builder, loc, *result.zeroPoint, weight.name + ".zero_point");
  return DequantizeOp::create(builder, loc, weight.getType(), codes, scale, zero,
                              /*axis=*/1, result.groupSize);
}
