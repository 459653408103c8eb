//===- Compression.h - All compression families -----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What tools call to have every codec and every compression pass that was built.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_COMPRESSION_H
#define PITH_COMPRESSION_COMPRESSION_H

#include "pith/Compression/Family.h"

namespace pith {

/// The families that were built, in the order of their folders' names.
std::vector<CompressionFamily> getCompressionFamilies();

/// Adds the ops of all families to the pith dialect as it is loaded.
void registerCompressionFamilies(mlir::DialectRegistry &registry);

/// Registers the passes of all families and those of the stage itself. May be
/// called more than once.
void registerCompressionPasses();

} // namespace pith

#endif // PITH_COMPRESSION_COMPRESSION_H
