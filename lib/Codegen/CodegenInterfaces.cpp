//===- CodegenInterfaces.cpp - How ops become kernels ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Definitions generated from CodegenInterfaces.td.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CodegenInterfaces.h"

#include "pith/Codegen/CPU/KernelEmitter.h"

#include "pith/Codegen/CodegenInterfaces.cpp.inc"
