//===- EqualizationOps.td - what equalization leaves in the IR ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_EQUALIZATION_OPS_TD
#define PITH_EQUALIZATION_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_HadamardOp : Pith_Op<"hadamard",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>]> {
  let summary = "Walsh-Hadamard transforms of windows of the last axis";
  let description = [{
    For each of `offsets`, one after the other, the elements x of the window
    `[offset, offset + block)` of every row become

        x · H / √block,   H[i, j] = (−1)^popcount(i & j)

    which is orthogonal and its own inverse: the inverse of the op has the offsets in
    reverse order. Windows may overlap, so that rows of any length are mixed.

    Constraints:
    - C1: `block` is a power of two, at least 2
    - C2: the last axis has a static size, and windows lie within it

    Example:
    ```mlir
    %y = pith.hadamard %x {block = 128 : i64, offsets = array<i64: 0, 44>}
      : (tensor<?x172xf32>) -> tensor<?x172xf32>
    ```
  }];
  let arguments = (ins Pith_FloatTensor:$input, I64Attr:$block,
    DenseI64ArrayAttr:$offsets);
  let results = (outs Pith_FloatTensor:$result);
}

#endif // PITH_EQUALIZATION_OPS_TD
