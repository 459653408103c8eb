//===- Passes.td - Passes that drop weights -------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_SPARSITY_PASSES_TD
#define PITH_COMPRESSION_SPARSITY_PASSES_TD

include "pith/Compression/PassOptions.td"

def PruneWeightsPass : Pith_CompressionPass<"pith-prune-weights"> {
  let summary = "drops the smallest weights and stores the others sparsely";
  let description = [{
    Magnitude pruning (Han et al., "Learning both Weights and Connections", 2015).
    Without `pattern` the ⌊sparsity · N⌋ elements of least |w| are dropped, of
    each weight (`scope=layer`) or of all selected weights together
    (`scope=global`); of equal ones the first. The rest is stored with a bitmap,
    `pith.sparse_decode`. With `pattern=N:M` the N elements of greatest |w| in
    every M consecutive ones of an output's reduction stay, and are stored with
    their positions, `pith.nm_decode`; `sparsity` does not count then.

    A weight whose sparse form would take no fewer bytes stays as it is.

    Requires: `pith` IR; weights are constants.
    Ensures: each selected weight is sparse and carries `pith.error` (dB); remarks
    name the others and say why.
  }];
  let options = !listconcat([
    Option<"sparsity", "sparsity", "double", "0.5",
      "Part of the elements to drop, from 0 to below 1">,
    Option<"pattern", "pattern", "std::string", "",
      "N:M keeps N of every M elements, 1 ≤ N < M ≤ 32; empty: any pattern">,
    Option<"scope", "scope", "::pith::PruningScope", "::pith::PruningScope::Layer",
      "What `sparsity` is a part of",
      [{::llvm::cl::values(
        clEnumValN(::pith::PruningScope::Layer, "layer", "each weight"),
        clEnumValN(::pith::PruningScope::Global, "global", "all selected weights"))}]>
  ], selectionOptions);
}

#endif // PITH_COMPRESSION_SPARSITY_PASSES_TD
