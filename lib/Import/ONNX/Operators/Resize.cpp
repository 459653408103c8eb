//===- Resize.cpp - Interpolation to another size -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Old versions and Upsample map coordinates asymmetrically. Sizes that scales
// give are computed here where the input's sizes are known, and by ops where
// not.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;
using namespace pith;

ArrayRef<OperatorEntry> pith::getResizeOperators() { return {}; }
