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
enum class ScaleType { F16, F32 };
enum class ScaleSearch { Auto, None, Mse };
enum class ActivationGranularity { Weight, Row };

#define GEN_PASS_DECL
#include "pith/Compression/Quantization/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_QUANTIZATION_PASSES_H
