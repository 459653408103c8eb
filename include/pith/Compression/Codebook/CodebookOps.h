//===- CodebookOps.h - Codes that index a table -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the ops of CodebookOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CODEBOOK_CODEBOOKOPS_H
#define PITH_COMPRESSION_CODEBOOK_CODEBOOKOPS_H

#include "pith/Dialect/Pith/IR/PithOps.h"

#define GET_OP_CLASSES
#include "pith/Compression/Codebook/CodebookOps.h.inc"

#endif // PITH_COMPRESSION_CODEBOOK_CODEBOOKOPS_H
