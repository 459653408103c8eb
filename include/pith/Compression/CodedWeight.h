//===- CodedWeight.h - Weights that become codes ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all passes share that replace a weight by codes and something to decode
// them with, whatever the codes stand for.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEDWEIGHT_H
#define PITH_COMPRESSION_CODEDWEIGHT_H

#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"

namespace pith {

/// Whether no element is an infinity or NaN; `largest` becomes max|w|.
bool allFinite(llvm::ArrayRef<float> weights, float &largest);

/// The weight's elements in f32, and the largest magnitude. Emits an error and
/// fails if one is not finite.
mlir::FailureOr<HostTensor> decodeFinite(const Weight &weight, float &largest);

/// Why the weight cannot become codes of `bits` bits; empty if it can: it is dense,
/// or a sparse form whose stored elements may be codes.
std::string getCodingObstacle(const Weight &weight, unsigned bits);

/// Of how many elements a group must hold a multiple, so that what is stored of it
/// fills whole bytes with codes of `bits` bits; 1 for a dense weight.
int64_t getGroupUnit(const Weight &weight, unsigned bits);

/// The codes as a stored value: sparse where the weight is sparse and that takes
/// fewer bytes (a remark says if not), a constant otherwise.
mlir::Value createCodes(const Weight &weight, mlir::OpBuilder &builder,
                        const HostTensor &codes, llvm::StringRef pass);

/// Replaces the weight, or keeps it, for `reason`, where that takes no fewer bytes.
void replaceIfSmaller(const Weight &weight, mlir::Value replacement, WeightError error,
                      llvm::StringRef pass, const llvm::Twine &reason,
                      std::optional<WeightError> outputError = {});

/// Says that scales asked for in f16 are f32.
void remarkWideScales(const Weight &weight, llvm::StringRef pass);

} // namespace pith

#endif // PITH_COMPRESSION_CODEDWEIGHT_H
