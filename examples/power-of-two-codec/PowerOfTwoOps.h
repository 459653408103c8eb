//===- PowerOfTwoOps.h - Weights that are powers of two ---------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declares the op of PowerOfTwoOps.td.
//
//===----------------------------------------------------------------------===//
#ifndef POWEROFTWOOPS_H
#define POWEROFTWOOPS_H

#include "pith/Dialect/Pith/IR/PithOps.h"

#define GET_OP_CLASSES
#include "PowerOfTwoOps.h.inc"

#endif // POWEROFTWOOPS_H
