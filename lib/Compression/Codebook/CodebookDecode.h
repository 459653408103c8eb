//===- CodebookDecode.h - Parts of pith.codebook_decode ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the op's meaning and its kernel code share.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_CODEBOOK_CODEBOOKDECODE_H
#define PITH_LIB_COMPRESSION_CODEBOOK_CODEBOOKDECODE_H

#include "pith/Compression/Codebook/CodebookOps.h"
#include "pith/Support/HostTensor.h"

namespace pith {

/// Whether a ranked tensor is known to have one element.
bool hasSingleElement(mlir::Value value);

/// f16, bf16 or f32.
bool isSingleOrHalf(mlir::Type type);

/// Whether the upper half of the entries is the lower half, negated.
bool isSignMagnitude(const HostTensor &codebook);

/// 2^(code − 127), or NaN for 255.
float decodeE8M0(unsigned code);

} // namespace pith

#endif // PITH_LIB_COMPRESSION_CODEBOOK_CODEBOOKDECODE_H
