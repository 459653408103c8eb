//===- Codebook.cpp - Tables of values ------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Computes the fixed codebooks.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Codebook/Codebook.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <limits>

using namespace pith;

const CodebookTraits &pith::getCodebookTraits(CodebookKind kind) {
  // In the order of the enumeration.
  static constexpr CodebookTraits traits[] = {
      {"nf", 2, 8, 4, false, false, 0},
      {"fp4", 4, 4, 4, false, true, 0},
      {"e3m0", 4, 4, 4, false, true, 0},
      {"mxfp4", 4, 4, 4, true, true, 2},
      {"mxfp6-e2m3", 6, 6, 6, true, true, 2},
      {"mxfp6-e3m2", 6, 6, 6, true, true, 4},
      {"mxfp8-e4m3", 8, 8, 8, true, true, 8},
      {"mxfp8-e5m2", 8, 8, 8, true, true, 15},
      {"ternary", 2, 2, 2, false, true, 0},
      {"kmeans", 1, 8, 4, false, true, 0},
  };
  return traits[static_cast<unsigned>(kind)];
}

std::string pith::getCodebookName(CodebookKind kind, unsigned bits) {
  const CodebookTraits &traits = getCodebookTraits(kind);
  std::string name = traits.name.str();
  return traits.minBits == traits.maxBits ? name : name + std::to_string(bits);
}

double pith::getNormalQuantile(double p) {
  // Φ is monotonic: halve the interval until doubles have nothing between.
  double low = -40, high = 40;
  while (true) {
    double middle = low + (high - low) / 2;
    if (middle == low || middle == high)
      return middle;
    (std::erfc(-middle * M_SQRT1_2) / 2 < p ? low : high) = middle;
  }
}

std::vector<float> pith::makeNormalFloat(unsigned bits) {
  const unsigned count = 1u << bits, positive = count / 2, negative = positive - 1;
  const double delta = (0.5 / count + 0.5 / (count - 1)) / 2;
  // Entry i of n, counted from the outermost one.
  auto getEntry = [&](unsigned i, unsigned n) {
    double p = (1 - delta) + (0.5 - (1 - delta)) * i / n;
    return getNormalQuantile(p) / getNormalQuantile(1 - delta);
  };
  std::vector<float> entries(count);
  for (unsigned i = 0; i < positive; ++i)
    entries[positive - i] = static_cast<float>(getEntry(i, positive));
  for (unsigned i = 0; i < negative; ++i)
    entries[positive + 1 + i] = static_cast<float>(-getEntry(i, negative));
  return entries;
}

std::vector<float> pith::makeMinifloat(unsigned exponentBits, unsigned mantissaBits) {
  const int bias = (1 << (exponentBits - 1)) - 1;
  const unsigned magnitudes = 1u << (exponentBits + mantissaBits);
  const bool isByte = exponentBits + mantissaBits == 7;
  std::vector<float> entries(2 * magnitudes);
  for (unsigned code = 0; code < magnitudes; ++code) {
    int exponent = code >> mantissaBits, mantissa = code & ((1 << mantissaBits) - 1);
    float value = exponent == 0
                      ? std::ldexp(float(mantissa), 1 - bias - int(mantissaBits))
                      : std::ldexp(float((1 << mantissaBits) + mantissa),
                                   exponent - bias - int(mantissaBits));
    if (isByte && exponent == (1 << exponentBits) - 1) {
      if (exponentBits == 5)
        value = mantissa == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
      else if (mantissa == (1 << mantissaBits) - 1)
        value = std::numeric_limits<float>::quiet_NaN();
    }
    entries[code] = value;
    entries[magnitudes + code] = -value;
  }
  return entries;
}

std::vector<float> pith::makeCodebook(CodebookKind kind, unsigned bits) {
  switch (kind) {
  case CodebookKind::NormalFloat:
    return makeNormalFloat(bits);
  case CodebookKind::Fp4:
  case CodebookKind::Mxfp4:
    return makeMinifloat(2, 1);
  case CodebookKind::E3M0:
    return makeMinifloat(3, 0);
  case CodebookKind::Mxfp6E2M3:
    return makeMinifloat(2, 3);
  case CodebookKind::Mxfp6E3M2:
    return makeMinifloat(3, 2);
  case CodebookKind::Mxfp8E4M3:
    return makeMinifloat(4, 3);
  case CodebookKind::Mxfp8E5M2:
    return makeMinifloat(5, 2);
  case CodebookKind::Ternary:
    return {0, 1, 0, -1}; // as two's complement, without −2
  case CodebookKind::KMeans:
    break;
  }
  return std::vector<float>(size_t(1) << bits, 0.0f);
}

CodebookIndex::CodebookIndex(llvm::ArrayRef<float> entries) {
  std::vector<std::pair<float, unsigned>> sorted;
  for (auto [code, value] : llvm::enumerate(entries))
    if (std::isfinite(value))
      sorted.emplace_back(value, code);
  llvm::sort(sorted);
  for (auto [value, code] : sorted)
    if (values.empty() || values.back() != value) { // −0 equals 0
      values.push_back(value);
      codes.push_back(code);
    }
  if (values.empty()) {
    values.push_back(0);
    codes.push_back(0);
  }
  for (half = 1; 2 * half < values.size(); half *= 2)
    ;
  bounds.assign(2 * half - 1, std::numeric_limits<float>::infinity());
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    float middle = static_cast<float>((double(values[i]) + values[i + 1]) / 2);
    // A number that equals its bound goes down.
    bounds[i] = codes[i + 1] % 2 == 0
                    ? std::nextafter(middle, -std::numeric_limits<float>::infinity())
                    : middle;
  }
}

bool CodebookIndex::isSymmetric() const {
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] != -values[values.size() - 1 - i])
      return false;
  return true;
}
