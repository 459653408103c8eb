//===- QuantizationOps.h - Integer codes with scales ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the ops of QuantizationOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_QUANTIZATION_QUANTIZATIONOPS_H
#define PITH_COMPRESSION_QUANTIZATION_QUANTIZATIONOPS_H

#include "pith/Dialect/Pith/IR/PithOps.h"

#define GET_OP_CLASSES
#include "pith/Compression/Quantization/QuantizationOps.h.inc"

#endif // PITH_COMPRESSION_QUANTIZATION_QUANTIZATIONOPS_H
