//===- StructuredOptions.h - Checks of options ------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_STRUCTURED_STRUCTUREDOPTIONS_H
#define PITH_LIB_COMPRESSION_STRUCTURED_STRUCTUREDOPTIONS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/LogicalResult.h"

namespace pith {

/// Calls `error` if the ratios are out of range.
inline llvm::LogicalResult
checkRatios(double ratio, double maxRatio,
            llvm::function_ref<llvm::LogicalResult(const llvm::Twine &)> error) {
  if (!(ratio >= 0 && ratio < 1))
    return error("expected a ratio from 0 to below 1, found " +
                 llvm::Twine(llvm::formatv("{0}", ratio).str()));
  if (!(maxRatio >= 0 && maxRatio <= 1))
    return error("expected max-ratio to be from 0 to 1, found " +
                 llvm::Twine(llvm::formatv("{0}", maxRatio).str()));
  return llvm::success();
}

} // namespace pith

#endif // PITH_LIB_COMPRESSION_STRUCTURED_STRUCTUREDOPTIONS_H
