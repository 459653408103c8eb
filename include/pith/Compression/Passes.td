//===- Passes.td - What begins and ends the compress stage ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_PASSES_TD
#define PITH_COMPRESSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def CountParametersPass : Pass<"pith-count-parameters", "::mlir::ModuleOp"> {
  let summary = "records how many float weights the model has";
  let description = [{
    Sets `pith.parameters` on the module to the number of elements of all
    floating-point constants, each counted once, and `pith.parameter_bytes` to
    the bytes they take. A module that has the attributes keeps them.

    Requires: `pith` IR before any weight was compressed.
    Ensures: the module has both attributes.
  }];
}

def ReleaseConstantsPass : Pass<"pith-release-constants", "::mlir::ModuleOp"> {
  let summary = "frees the memory of weights that are not used any more";
  let description = [{
    Drops `pith.original` and what a profile and passes said about weights
    (`pith.statistics`, `pith.sensitivity`, `pith.bits`, `pith.rank`) from all ops,
    erases constants without uses, and frees
    the data of every resource of the context to which nothing in the module
    refers. Run it once, at the end of the compress stage, and only where the
    context holds no other module.

    Requires: all passes that compare with original weights have run.
    Ensures: no resource without a reference from the module holds data.
  }];
  let options = [
    Option<"keepAnnotations", "keep-annotations", "bool", "false",
      "Only free memory: attributes stay">
  ];
}

#endif // PITH_COMPRESSION_PASSES_TD
