//===- PithInterfaces.cpp - What passes and generators ask of ops ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Definitions generated from PithInterfaces.td.
//
//===----------------------------------------------------------------------===//

#include "pith/Dialect/Pith/IR/PithInterfaces.h"

#include "pith/Dialect/Pith/IR/PithInterfaces.cpp.inc"
