//===- Correction.h - A low-rank product beside a weight's ------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_LOWRANK_CORRECTION_H
#define PITH_LIB_COMPRESSION_LOWRANK_CORRECTION_H

#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Compression/Weights.h"

namespace pith {

/// Adds, behind every op that uses the weight, the product with the factors, which are
/// named `<weight><suffix>.a` and `.b`. False, and nothing done, if an op does not
/// factorize.
bool addCorrection(const Weight &weight, const LowRankFactors &factors,
                   llvm::StringRef suffix);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_LOWRANK_CORRECTION_H
