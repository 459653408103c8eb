//===- Attention.cpp - Attention ----------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Forms without cache and soft cap; others come from the operator's function.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;
using namespace pith;

ArrayRef<OperatorEntry> pith::getAttentionOperators() { return {}; }
