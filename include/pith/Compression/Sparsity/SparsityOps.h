//===- SparsityOps.h - Weights stored in part -------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the ops of SparsityOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_SPARSITYOPS_H
#define PITH_COMPRESSION_SPARSITY_SPARSITYOPS_H

#include "pith/Dialect/Pith/IR/PithOps.h"

#define GET_OP_CLASSES
#include "pith/Compression/Sparsity/SparsityOps.h.inc"

#endif // PITH_COMPRESSION_SPARSITY_SPARSITYOPS_H
