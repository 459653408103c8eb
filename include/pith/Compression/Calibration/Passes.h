//===- Passes.h - Passes that look at activations ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CALIBRATION_PASSES_H
#define PITH_COMPRESSION_CALIBRATION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace pith {

#define GEN_PASS_DECL
#include "pith/Compression/Calibration/Passes.h.inc"

} // namespace pith

#endif // PITH_COMPRESSION_CALIBRATION_PASSES_H
