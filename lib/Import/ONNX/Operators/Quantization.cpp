//===- Quantization.cpp - Integer codes with scales ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights stay codes: a constant of codes becomes pith.dequantize, as
// compression writes it. Activations are computed by elementwise ops.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;
using namespace pith;

ArrayRef<OperatorEntry> pith::getQuantizationOperators() { return {}; }
