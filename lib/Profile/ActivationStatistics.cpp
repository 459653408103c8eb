//===- ActivationStatistics.cpp - What calibration saw --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics as attributes, and their arithmetic.
//
//===----------------------------------------------------------------------===//

#include "pith/Profile/ActivationStatistics.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace pith;

int64_t LogHistogram::getBin(float value) {
  static_assert(kBinsPerOctave == 32, "five bits of the mantissa");
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  int64_t step = int64_t((bits & 0x7fffffffu) >> 18) -
                 (127 + kLeastExponent) * kBinsPerOctave;
  if (step < 0)
    return kBinsPerSign;
  step = std::min(step, kBinsPerSign - 1);
  return bits >> 31 ? kBinsPerSign - 1 - step : kBinsPerSign + 1 + step;
}

double LogHistogram::getCenter(int64_t bin) {
  if (bin == kBinsPerSign)
    return 0;
  int64_t step = bin > kBinsPerSign ? bin - kBinsPerSign - 1 : kBinsPerSign - 1 - bin;
  double mantissa = 1 + (step % kBinsPerOctave + 0.5) / kBinsPerOctave;
  double magnitude =
      std::ldexp(mantissa, int(step / kBinsPerOctave + kLeastExponent));
  return bin > kBinsPerSign ? magnitude : -magnitude;
}

/// A member of the dictionary as a tensor of the given type.
static bool readTensor(DictionaryAttr all, StringRef name, RankedTensorType type,
                       HostTensor &tensor) {
  auto attr = all.getAs<ElementsAttr>(name);
  std::optional<HostTensor> value = attr ? HostTensor::get(attr) : std::nullopt;
  if (!value || value->getType() != type)
    return false;
  tensor = *value;
  return true;
}

std::optional<ActivationStatistics> ActivationStatistics::get(Operation *op) {
  auto all = op->getAttrOfType<DictionaryAttr>(kStatisticsAttr);
  if (!all)
    return std::nullopt;
  auto rows = all.getAs<IntegerAttr>("rows");
  auto minimum = all.getAs<FloatAttr>("minimum"), maximum = all.getAs<FloatAttr>("maximum");
  auto mean = all.getAs<ElementsAttr>("mean");
  auto type = mean ? dyn_cast<RankedTensorType>(mean.getType()) : RankedTensorType();
  if (!rows || rows.getInt() < 0 || !minimum || !maximum || !type || type.getRank() != 2 ||
      !type.hasStaticShape() || !type.getElementType().isF32())
    return std::nullopt;
  ActivationStatistics result;
  result.rows = rows.getInt();
  result.minimum = float(minimum.getValueAsDouble());
  result.maximum = float(maximum.getValueAsDouble());
  if (!readTensor(all, "mean", type, result.mean) ||
      !readTensor(all, "magnitude", type, result.magnitude) ||
      !readTensor(all, "largest", type, result.largest))
    return std::nullopt;
  int64_t G = type.getShape()[0], K = type.getShape()[1];
  auto gramType = RankedTensorType::get({G, K, K}, type.getElementType());
  if (all.get("gram") && !readTensor(all, "gram", gramType, result.gram))
    return std::nullopt;
  auto binsType = RankedTensorType::get({LogHistogram::kBins},
                                        IntegerType::get(op->getContext(), 64));
  if (all.get("histogram") && !readTensor(all, "histogram", binsType, result.histogram))
    return std::nullopt;
  return result;
}

void ActivationStatistics::set(Operation *op, StringRef name) const {
  Builder builder(op->getContext());
  SmallVector<NamedAttribute> all;
  auto add = [&](StringRef key, Attribute value) {
    all.push_back(builder.getNamedAttr(key, value));
  };
  auto addTensor = [&](StringRef key, const HostTensor &tensor) {
    if (tensor)
      add(key, tensor.toAttribute((name + "." + key).str()));
  };
  add("rows", builder.getI64IntegerAttr(rows));
  add("minimum", builder.getF32FloatAttr(minimum));
  add("maximum", builder.getF32FloatAttr(maximum));
  addTensor("histogram", histogram);
  addTensor("mean", mean);
  addTensor("magnitude", magnitude);
  addTensor("largest", largest);
  addTensor("gram", gram);
  op->setAttr(kStatisticsAttr, builder.getDictionaryAttr(all));
}

template <typename T>
static void addAll(HostTensor &sum, const HostTensor &other) {
  MutableArrayRef<T> to = sum.asMutable<T>();
  ArrayRef<T> from = other.as<T>();
  for (size_t i = 0; i < to.size(); ++i)
    to[i] += from[i];
}

/// Means of `a` and `b` rows to the mean of both.
static void addMeans(HostTensor &mean, int64_t a, const HostTensor &other, int64_t b) {
  if (a + b == 0)
    return;
  MutableArrayRef<float> to = mean.asMutable<float>();
  ArrayRef<float> from = other.as<float>();
  for (size_t i = 0; i < to.size(); ++i)
    to[i] = float((double(to[i]) * a + double(from[i]) * b) / double(a + b));
}

bool ActivationStatistics::hasPlausibleGram() const {
  if (!gram || !llvm::all_of(gram.as<float>(), [](float x) { return std::isfinite(x); }))
    return false;
  for (int64_t g = 0; g < getGroups(); ++g)
    for (int64_t k = 0, K = getReductionSize(); k < K; ++k)
      if (getSquareSum(g, k) < 0)
        return false;
  return true;
}

void ActivationStatistics::add(const ActivationStatistics &other) {
  // Where nothing was seen, there are no extremes.
  if (other.rows == 0)
    return;
  if (rows == 0) {
    *this = other;
    return;
  }
  addMeans(mean, rows, other.mean, other.rows);
  addMeans(magnitude, rows, other.magnitude, other.rows);
  MutableArrayRef<float> to = largest.asMutable<float>();
  for (auto [index, value] : llvm::enumerate(other.largest.as<float>()))
    to[index] = std::max(to[index], value);
  if (gram && other.gram)
    addAll<float>(gram, other.gram);
  else
    gram = HostTensor();
  if (histogram && other.histogram)
    addAll<int64_t>(histogram, other.histogram);
  else
    histogram = HostTensor();
  minimum = std::min(minimum, other.minimum);
  maximum = std::max(maximum, other.maximum);
  rows += other.rows;
}

void ActivationStatistics::scale(ArrayRef<float> factors) {
  if (llvm::all_of(factors, [](float factor) { return factor == 1; }))
    return;
  int64_t G = getGroups(), K = getReductionSize();
  auto factor = [&](int64_t i) { return factors[i % int64_t(factors.size())]; };
  MutableArrayRef<float> means = mean.asMutable<float>();
  MutableArrayRef<float> magnitudes = magnitude.asMutable<float>();
  MutableArrayRef<float> maxima = largest.asMutable<float>();
  float reach = 0;
  for (int64_t i = 0; i < G * K; ++i) {
    means[i] *= factor(i);
    magnitudes[i] *= std::fabs(factor(i));
    maxima[i] *= std::fabs(factor(i));
    reach = std::max(reach, maxima[i]);
  }
  if (gram) {
    MutableArrayRef<float> products = gram.asMutable<float>();
    for (int64_t i = 0; i < G * K; ++i)
      for (int64_t j = 0; j < K; ++j)
        products[i * K + j] *= factor(i) * factor(i / K * K + j);
  }
  // Bounds: which channel held the extremes is not known any more.
  minimum = minimum < 0 ? -reach : 0;
  maximum = maximum > 0 ? reach : 0;
  histogram = HostTensor();
}
