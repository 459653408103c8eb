//===- CodebookQuantizer.cpp - Rounding a weight to a codebook ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds scales group by group, learns codebooks between, and writes codes.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/CodebookQuantizer.h"

#include "KMeans.h"

#include "pith/Compression/Codec.h"
#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <cmath>

#pragma STDC FP_CONTRACT OFF

using namespace mlir;
using namespace pith;

namespace {
/// What rounding a group with some scale costs, and the scale that fits best.
struct Fit {
  double noise = 0, products = 0, squares = 0;
};

/// One weight in work.
class Rounding {
public:
  Rounding(const CodebookQuantizer &how, const HostTensor &weight, float largest);

  CodebookQuantizer::Result run();

private:
  ArrayRef<float> getGroup(int64_t row, int64_t g) const {
    int64_t first = g * size, count = std::min(size, reduction - first);
    return weight.as<float>().slice(row * reduction + first, count);
  }
  /// Calls `body(row, group)` for all, runs of rows in parallel.
  void forGroups(llvm::function_ref<void(int64_t, int64_t)> body) const {
    forRowRuns(context, rows, reduction, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row)
        for (int64_t g = 0; g < groups; ++g)
          body(row, g);
    });
  }
  float roundScale(double scale) const;
  float firstScale(ArrayRef<float> w) const;
  Fit fit(ArrayRef<float> w, float scale) const;
  float searchScale(ArrayRef<float> w, float first) const;
  void setCodebook(ArrayRef<float> entries);
  void learn();
  void splitScales();
  void encode();
  HostTensor makeScales() const;

  CodebookQuantizer how;
  const HostTensor &weight;
  MLIRContext *context;
  const CodebookTraits &traits;
  CodebookIndex index;
  int64_t rows, reduction, size, groups;
  std::vector<float> scales, second;
  std::vector<uint8_t> scaleCodes;
  CodebookQuantizer::Result result;
};
} // namespace

Rounding::Rounding(const CodebookQuantizer &how, const HostTensor &weight,
                   float largest)
    : how(how), weight(weight), context(weight.getType().getContext()),
      traits(getCodebookTraits(how.kind)), index({-1.0f, 1.0f}) {
  bool perTensor = how.granularity == CodebookGranularity::Tensor;
  rows = perTensor ? 1 : weight.getShape().front();
  reduction = weight.getNumElements() / rows;
  if (how.granularity == CodebookGranularity::Group && how.groupSize < reduction)
    result.groupSize = how.groupSize;
  size = result.groupSize ? result.groupSize : reduction;
  groups = (reduction + size - 1) / size;
  scales.resize(rows * groups);
  if (how.kind != CodebookKind::KMeans)
    setCodebook(makeCodebook(how.kind, how.bits));
  // f16 neither overflows nor is subnormal.
  float scale = largest / index.getGreatest();
  if (how.scaleType == CodebookScaleType::F16 && largest != 0 &&
      (scale > 65504.0f || scale < 0x1p-14f))
    this->how.scaleType = CodebookScaleType::F32;
}

/// Large codebooks are looked up byte by byte: bf16 has fewest of them. It holds entries
/// of microscaling formats exactly; learnt ones lose less than 0.2 %.
static constexpr size_t kLargeCodebook = 16;

void Rounding::setCodebook(ArrayRef<float> entries) {
  Type type = Float32Type::get(context);
  if (entries.size() > kLargeCodebook)
    type = BFloat16Type::get(context);
  else if (traits.halfEntries)
    type = Float16Type::get(context);
  result.codebook =
      HostTensor(RankedTensorType::get({int64_t(entries.size())}, type));
  std::vector<float> rounded;
  for (auto [i, entry] : llvm::enumerate(entries)) {
    result.codebook.setDouble(i, entry);
    rounded.push_back(result.codebook.getDouble(i));
  }
  index = CodebookIndex(rounded);
}

/// The nearest scale that the type has; never 0.
float Rounding::roundScale(double scale) const {
  if (how.scaleType == CodebookScaleType::E8M0) {
    int exponent = std::clamp(int(std::lround(std::log2(std::fabs(scale)))), -126, 127);
    return std::ldexp(1.0f, exponent);
  }
  float s = static_cast<float>(scale), least = 0x1p-126f;
  if (how.scaleType == CodebookScaleType::F16) {
    HostTensor half(RankedTensorType::get({1}, Float16Type::get(context)));
    half.setDouble(0, std::clamp(scale, -65504.0, 65504.0));
    s = half.getDouble(0);
    least = 0x1p-24f;
  }
  return std::fabs(s) < least ? std::copysign(least, s) : s;
}

/// By the largest magnitude; 1 where all is 0.
float Rounding::firstScale(ArrayRef<float> w) const {
  float largest = 0;
  for (float x : w)
    largest = std::max(largest, std::fabs(x));
  if (largest == 0)
    return 1;
  if (how.scaleType != CodebookScaleType::E8M0)
    return roundScale(double(largest) / index.getGreatest());
  int exponent = traits.microscaling
                     ? std::ilogb(largest) - traits.maxExponent
                     : int(std::ceil(std::log2(double(largest) / index.getGreatest())));
  return std::ldexp(1.0f, std::clamp(exponent, -126, 127));
}

Fit Rounding::fit(ArrayRef<float> w, float scale) const {
  Fit fit;
  for (float x : w) {
    float entry = index.getValue(index.getRank(x / scale));
    double e = double(x) - double(entry * scale);
    fit.noise += e * e;
    fit.products += double(x) * entry;
    fit.squares += double(entry) * entry;
  }
  return fit;
}

float Rounding::searchScale(ArrayRef<float> w, float first) const {
  float best = first;
  Fit bestFit = fit(w, first);
  auto consider = [&](double scale) {
    float rounded = roundScale(scale);
    Fit other = fit(w, rounded);
    if (other.noise < bestFit.noise) {
      bestFit = other;
      best = rounded;
    }
  };
  if (how.scaleType == CodebookScaleType::E8M0) {
    for (double factor : {2.0, 0.5, 0.25})
      consider(factor * first);
    return best;
  }
  // The fewer entries, the further the range shrinks.
  const double narrowest = how.bits <= 2 ? 0.2 : how.bits == 3 ? 0.5
                           : how.bits == 4 ? 0.65 : 0.8;
  const int steps = how.bits <= 3 ? 20 : 10;
  const bool both = how.scaleType != CodebookScaleType::TwoLevel && !index.isSymmetric();
  for (int step = 0; step <= steps; ++step) {
    double part = 1 - (1 - narrowest) * step / steps;
    consider(part * first);
    if (both)
      consider(-part * first);
  }
  for (int refit = 0; refit < 2 && bestFit.squares > 0; ++refit) {
    double scale = bestFit.products / bestFit.squares;
    if (scale > 0 || how.scaleType != CodebookScaleType::TwoLevel)
      consider(scale);
  }
  return best;
}

/// A codebook for the elements by their scales.
void Rounding::learn() {
  KMeans kMeans;
  const bool mirrored = how.symmetry == CodebookSymmetry::Mirrored;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t g = 0; g < groups; ++g) {
      float scale = scales[row * groups + g];
      for (float x : getGroup(row, g))
        if (!how.zeroEntry || x != 0)
          kMeans.add(mirrored ? std::fabs(x / scale) : x / scale, double(scale) * scale);
    }
  unsigned count = 1u << how.bits;
  std::vector<float> entries = kMeans.cluster(mirrored ? count / 2 : count, how.zeroEntry);
  if (mirrored)
    for (unsigned i = 0; i < count / 2; ++i)
      entries.push_back(-entries[i]);
  setCodebook(entries);
}

/// Cuts scales into codes and a factor per row.
void Rounding::splitScales() {
  second.resize(rows);
  scaleCodes.resize(scales.size());
  for (int64_t row = 0; row < rows; ++row) {
    MutableArrayRef<float> own(scales.data() + row * groups, groups);
    float factor = *llvm::max_element(own) / 255;
    second[row] = factor = std::max(factor, 0x1p-126f);
    for (auto [g, scale] : llvm::enumerate(own)) {
      long code = std::clamp(std::lround(scale / factor), 1l, 255l);
      scaleCodes[row * groups + g] = code;
      scale = float(code) * factor;
    }
  }
}

void Rounding::encode() {
  auto codeType = IntegerType::get(context, how.bits, IntegerType::Unsigned);
  result.codes = HostTensor(RankedTensorType::get(weight.getShape(), codeType));
  const unsigned bits = pith::getStorageBits(codeType);
  char *packed = result.codes.getMutableBytes().data();
  std::vector<WeightError> errors(rows);
  forRowRuns(context, rows, reduction, [&](int64_t begin, int64_t end) {
    std::vector<int16_t> codes;
    for (int64_t block = begin; block < end; block += 8) {
      codes.clear();
      for (int64_t row = block; row < std::min(block + 8, end); ++row)
        for (int64_t g = 0; g < groups; ++g) {
          float scale = scales[row * groups + g];
          for (float x : getGroup(row, g)) {
            unsigned rank = index.getRank(x / scale);
            codes.push_back(index.getCode(rank));
            double e = double(x) - double(index.getValue(rank) * scale);
            errors[row].signal += double(x) * x;
            errors[row].noise += e * e;
          }
        }
      // 8 rows of any width end at a byte.
      packCodes(codes, bits, packed + block * reduction * bits / 8);
    }
  });
  for (const WeightError &error : errors) {
    result.error.signal += error.signal;
    result.error.noise += error.noise;
  }
}

HostTensor Rounding::makeScales() const {
  SmallVector<int64_t> shape = {rows, groups};
  if (how.granularity == CodebookGranularity::Tensor)
    shape = {1};
  Type type = IntegerType::get(context, 8, IntegerType::Unsigned);
  if (how.scaleType == CodebookScaleType::F16)
    type = Float16Type::get(context);
  else if (how.scaleType == CodebookScaleType::F32)
    type = Float32Type::get(context);
  HostTensor tensor(RankedTensorType::get(shape, type));
  for (auto [i, scale] : llvm::enumerate(scales)) {
    if (how.scaleType == CodebookScaleType::E8M0)
      tensor.setInt(i, std::ilogb(scale) + 127);
    else if (how.scaleType == CodebookScaleType::TwoLevel)
      tensor.setInt(i, scaleCodes[i]);
    else
      tensor.setDouble(i, scale);
  }
  return tensor;
}

CodebookQuantizer::Result Rounding::run() {
  forGroups([&](int64_t row, int64_t g) {
    scales[row * groups + g] = firstScale(getGroup(row, g));
  });
  const bool learns = how.kind == CodebookKind::KMeans;
  for (int round = 0, rounds = learns ? 3 : 1; round < rounds; ++round) {
    if (learns)
      learn();
    if (how.search && (!learns || round + 1 < rounds))
      forGroups([&](int64_t row, int64_t g) {
        float &scale = scales[row * groups + g];
        scale = searchScale(getGroup(row, g), scale);
      });
  }
  if (how.scaleType == CodebookScaleType::TwoLevel) {
    splitScales();
    result.scaleScale = HostTensor(
        RankedTensorType::get({rows}, Float32Type::get(context)));
    llvm::copy(second, result.scaleScale->asMutable<float>().begin());
  }
  encode();
  result.scale = makeScales();
  return std::move(result);
}

CodebookQuantizer::Result CodebookQuantizer::quantize(const HostTensor &weight,
                                                      float largest) const {
  constexpr double kMostNoise = 1.1; // 0.4 dB
  CodebookQuantizer free = *this;
  if (kind != CodebookKind::KMeans || zeroEntry)
    free.symmetry = CodebookSymmetry::None;
  if (free.symmetry != CodebookSymmetry::Auto)
    return Rounding(free, weight, largest).run();
  free.symmetry = CodebookSymmetry::None;
  Result best = Rounding(free, weight, largest).run();
  if (bits < 8)
    return best;
  CodebookQuantizer mirrored = free;
  mirrored.symmetry = CodebookSymmetry::Mirrored;
  Result other = Rounding(mirrored, weight, largest).run();
  return other.error.noise <= kMostNoise * best.error.noise ? other : best;
}
