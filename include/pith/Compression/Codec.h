//===- Codec.h - What codec families share ----------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Helpers for implementing codec ops and for passes that read weights: sizes and
// names of what is stored, decoding to dense tensors, runs of integer codes.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEC_H
#define PITH_COMPRESSION_CODEC_H

#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithInterfaces.h"
#include "pith/Support/HostTensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>

namespace pith {

/// Whether the value is a constant, or made of constants by codec ops alone.
bool isStoredWeight(mlir::Value value);

/// The dense value of a stored weight. Emits a diagnostic and fails if data is
/// missing or an op cannot be evaluated.
mlir::FailureOr<HostTensor> decodeWeight(mlir::Value value);

/// Bits of all constants in a stored weight, each counted once. Elements of a
/// type take its width: `i1` one bit.
int64_t getStoredBits(mlir::Value weight);

/// `getStorageBits` of a codec op: bits of the operands no other codec computes.
int64_t getOperandBits(mlir::Operation *codec);

/// A type or a stored weight for people: `f32`, `int4`, `uint8`, `2:4 int4 g32 f16`.
std::string getFormatName(mlir::Type elementType);
std::string getFormatName(mlir::Value weight);

/// Product of the sizes from `axis` on; for a weight (axis 1) the reduction.
int64_t getReductionSize(mlir::RankedTensorType type, int64_t axis = 1);

/// Elements [first, first + codes.size()) of a tensor of integers of at most 32
/// bits, extended as their type says; bits of `i1` as 0 and 1.
void readIntegers(const HostTensor &tensor, int64_t first,
                  llvm::MutableArrayRef<int32_t> values);

/// Packs the low `bits` bits of each code, the first in the lowest bits of
/// `bytes[0]`, and clears what is left of the last byte.
void packCodes(llvm::ArrayRef<int16_t> codes, unsigned bits, char *bytes);

/// Calls `body(begin, end)` for runs of rows that cover [0, rows), in parallel
/// where the context allows. Every run begins at a multiple of 8 rows, so that
/// packed rows of different runs share no byte.
void forRowRuns(mlir::MLIRContext *context, int64_t rows, int64_t rowElements,
                llvm::function_ref<void(int64_t begin, int64_t end)> body);

/// Creates a constant. `name` is the tensor's name in the source model.
mlir::Value createConstant(mlir::OpBuilder &builder, mlir::Location loc,
                           const HostTensor &tensor, llvm::StringRef name);

} // namespace pith

#endif // PITH_COMPRESSION_CODEC_H
