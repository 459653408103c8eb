//===- Codebook.h - Tables of values ----------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fixed codebooks, as they are computed, and the search for the code of a
// number. Knows no IR.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEBOOK_CODEBOOK_H
#define PITH_COMPRESSION_CODEBOOK_CODEBOOK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pith {

enum class CodebookKind {
  NormalFloat,
  Fp4,
  E3M0,
  Mxfp4,
  Mxfp6E2M3,
  Mxfp6E3M2,
  Mxfp8E4M3,
  Mxfp8E5M2,
  Ternary,
  KMeans
};

/// What is fixed about a kind of codebook.
struct CodebookTraits {
  llvm::StringLiteral name;
  unsigned minBits, maxBits, defaultBits;
  /// Groups of 32 with scales that are powers of two (OCP MX).
  bool microscaling;
  /// f16 represents the entries exactly, or they are chosen so.
  bool halfEntries;
  /// The greatest power of two among the entries of a microscaling format.
  int maxExponent;
};
const CodebookTraits &getCodebookTraits(CodebookKind kind);

/// The name of a codebook for people: `nf4`, `mxfp6-e2m3`, `kmeans3`.
std::string getCodebookName(CodebookKind kind, unsigned bits);

/// The quantile of the standard normal distribution, for 0 < p < 1: the x with
/// Φ(x) = p.
double getNormalQuantile(double p);

/// NormalFloat of 2 to 8 bits (Dettmers et al., "QLoRA", 2023, §3): with b bits
/// and δ = ½ · (1 / 2^(b+1) + 1 / (2^(b+1) − 2)), 2^(b−1) quantiles evenly from
/// ½ to 1 − δ for the positive entries, 2^(b−1) − 1 for the negative ones, and 0;
/// divided by the greatest. Code 0 is 0, codes 1, 2, … are the positive entries
/// in increasing order, then the negative ones (codes −1, −2, … in two's
/// complement go down).
std::vector<float> makeNormalFloat(unsigned bits);

/// Values of a sign, `exponentBits` with bias 2^(exponentBits − 1) − 1, and
/// `mantissaBits`, by code; with subnormals (OCP MX 1.0, §5.3). E4M3 has NaN and
/// E5M2 infinities and NaN where all exponent bits are set.
std::vector<float> makeMinifloat(unsigned exponentBits, unsigned mantissaBits);

/// The entries of a fixed kind.
std::vector<float> makeCodebook(CodebookKind kind, unsigned bits);

/// Finds the nearest entry. Of two that are equally near the even code wins, so
/// that small floats round half to even. Infinities and NaN are never chosen.
class CodebookIndex {
public:
  explicit CodebookIndex(llvm::ArrayRef<float> entries);

  /// A finite entry, by rank from the least.
  unsigned getRank(float x) const {
    unsigned rank = 0;
    for (unsigned step = half; step > 0; step /= 2)
      rank += x > bounds[rank + step - 1] ? step : 0;
    return rank;
  }
  float getValue(unsigned rank) const { return values[rank]; }
  unsigned getCode(unsigned rank) const { return codes[rank]; }
  float getLeast() const { return values.front(); }
  float getGreatest() const { return values.back(); }
  /// Whether −x is an entry for each entry x.
  bool isSymmetric() const;

private:
  std::vector<float> values; ///< distinct, increasing
  std::vector<uint8_t> codes;
  /// Between ranks i and i + 1; padded by infinities to 2 · half − 1.
  std::vector<float> bounds;
  unsigned half = 0;
};

} // namespace pith

#endif // PITH_COMPRESSION_CODEBOOK_CODEBOOK_H
