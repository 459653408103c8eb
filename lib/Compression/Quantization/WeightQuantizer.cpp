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

#include "pith/Compression/Codec.h"
#include "mlir/IR/BuiltinTypes.h"

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

WeightQuantizer::Result WeightQuantizer::quantize(const HostTensor &weight,
                                                  float largest) const {
  MLIRContext *context = weight.getType().getContext();
  GroupQuantizer how = group;
  how.halfScales &= fitsHalf(largest, how.maxCode());
  const bool perTensor = granularity == QuantizationGranularity::Tensor;
  const int64_t rows = perTensor ? 1 : weight.getShape().front();
  const int64_t reduction = weight.getNumElements() / rows;
  Result result;
  if (granularity == QuantizationGranularity::Group && groupSize < reduction)
    result.groupSize = groupSize;
  const int64_t size = result.groupSize ? result.groupSize : reduction;
  const int64_t groups = (reduction + size - 1) / size;

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
      for (int64_t row = block; row < blockEnd; ++row)
        for (int64_t g = 0; g < groups; ++g) {
          int64_t first = g * size, count = std::min(size, reduction - first);
          GroupQuantizer::Group done =
              how.quantize(data.slice(row * reduction + first, count),
                           rest.take_front(count));
          rest = rest.drop_front(count);
          int64_t index = row * groups + g;
          values.scales[index] = done.scale;
          values.zeroPoints[index] = done.zeroPoint;
          values.signal[index] = done.signal;
          values.noise[index] = done.noise;
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
  result.scale = makeTensor(shape, scaleType, values.scales);
  if (!how.symmetric) {
    Type zeroType = how.bits == 1
                        ? scaleType
                        : Type(IntegerType::get(context, 8, IntegerType::Unsigned));
    result.zeroPoint = makeTensor(shape, zeroType, values.zeroPoints);
  }
  return result;
}
