//===- Passes.h - Passes that round to integer codes ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td and the types of their options.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_PASSES_H
#define PITH_COMPRESSION_QUANTIZATION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

enum class QuantizationScheme { Symmetric, Asymmetric };
enum class QuantizationGranularity { Tensor, Channel, Group };
enum class FloatStorage { F16, BF16 };
enum class ScaleType { F16, F32, U8, I8 };
enum class ScaleSearch { Auto, None, Mse };
/// Whether scales of codes of so many bits are those of least squared error.
inline bool searchesScales(ScaleSearch search, unsigned bits) {
  return search == ScaleSearch::Mse || (search == ScaleSearch::Auto && bits <= 4);
}
enum class ActivationOrder { None, Full, Group };
/// Which ops' biases make up for the mean error of their weights.
enum class BiasChoice { None, Existing, All };
enum class ActivationGranularity { Weight, Row, Tensor };
enum class ActivationMode { Auto, Static, Dynamic };
enum class ActivationScheme { Auto, Symmetric, Asymmetric };
enum class RangeMethod { Auto, MinMax, Percentile, Entropy, LeastError };

#define GEN_PASS_DECL
#include "pith/Compression/Quantization/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_PASSES_H
