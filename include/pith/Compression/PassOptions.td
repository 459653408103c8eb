//===- PassOptions.td - What all compression passes have in common --------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_PASSOPTIONS_TD
#define PITH_COMPRESSION_PASSOPTIONS_TD

include "mlir/Pass/PassBase.td"

/// Which weights a pass looks at; see pith/Compression/Weights.h.
defvar selectionOptions = [
  ListOption<"select", "select", "std::string",
    "Only weights whose node or tensor name one of these regular expressions matches">,
  ListOption<"exclude", "exclude", "std::string",
    "Not the weights whose node or tensor name one of these regular expressions matches">,
  Option<"minElements", "min-elements", "int64_t", "256",
    "Weights with fewer elements stay as they are">
];

/// A pass that rewrites weights of the whole module. The C++ class may define
/// `checkOptions`, which `initializeOptions` and `initialize` call.
class Pith_CompressionPass<string flag> : Pass<flag, "::mlir::ModuleOp"> {
  let dependentDialects = ["::pith::PithDialect"];
}

#endif // PITH_COMPRESSION_PASSOPTIONS_TD
