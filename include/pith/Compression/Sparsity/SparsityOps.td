//===- SparsityOps.td - weights of which only some elements are stored ----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_SPARSITY_OPS_TD
#define PITH_SPARSITY_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_SparseDecodeOp : Pith_Op<"sparse_decode",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface,
       ["canReencode", "reencode", "getSparseForm"]>]> {
  let summary = "a dense weight from its kept elements and a bitmap";
  let description = [{
    `mask` has one bit per element of the result, row by row; `values` holds the
    elements at the set bits, in the same order:

        result[i] = mask[i] ? values[number of set bits before i] : fill

    Values may be codes of another codec, which then wraps this op; `fill` is
    the code that stands for zero.

    Constraints:
    - C1: `values` has rank 1
    - C2: `mask` has element type i1 and at least rank 2
    - C3: where both are constants, there are as many values as set bits
    - C4: the result has the sizes of the mask and the element type of the values
    - C5: `fill` is 0 for float values, and fits the type of integer ones

    Example:
    ```mlir
    %w = pith.sparse_decode %values, %mask
      : (tensor<1536xf32>, tensor<64x48xi1>) -> tensor<64x48xf32>
    ```
  }];
  let arguments = (ins Pith_Tensor:$values, Pith_IntTensor:$mask,
    DefaultValuedAttr<I64Attr, "0">:$fill);
  let results = (outs Pith_Tensor:$result);
  let hasVerifier = 1;
}

def Pith_NmDecodeOp : Pith_Op<"nm_decode",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface,
       ["canReencode", "reencode", "getSparseForm"]>]> {
  let summary = "a dense weight of which n in every m elements are stored";
  let description = [{
    `shape` gives the sizes of the result, `[outputs, reduction…]`, with `R`
    elements of reduction per output, cut into blocks of `m`. For block `b` of
    output `o` and `j < n`:

        result[o, b·m + positions[o, b·n + j]] = values[o, b·n + j]

    and every other element is 0. Of entries with the same position the last
    one counts; entries that fall behind `R` are ignored.

    Constraints:
    - C1: `1 ≤ n < m ≤ 32`
    - C2: `shape` has at least 2 sizes, all positive
    - C3: `values` and `positions` are `[outputs, ⌈R / m⌉ · n]`
    - C4: `positions` are unsigned integers of ⌈log₂ m⌉ bits; where they are
      constant, all are less than `m`
    - C5: the result has the sizes `shape` and the element type of the values

    Example:
    ```mlir
    %w = pith.nm_decode %values, %positions
      {n = 2 : i64, m = 4 : i64, shape = array<i64: 64, 48>}
      : (tensor<64x24xf32>, tensor<64x24xui2>) -> tensor<64x48xf32>
    ```
  }];
  let arguments = (ins Pith_Tensor:$values, Pith_IntTensor:$positions,
    I64Attr:$n, I64Attr:$m, DenseI64ArrayAttr:$shape);
  let results = (outs Pith_Tensor:$result);
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Elements of reduction per output.
    int64_t getReduction();
    /// Blocks per output.
    int64_t getBlocks() { return (getReduction() + getM() - 1) / getM(); }
  }];
}

def Pith_BlockSparseDecodeOp : Pith_Op<"block_sparse_decode",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface,
       ["canReencode", "reencode"]>]> {
  let summary = "a dense weight of which whole blocks are stored";
  let description = [{
    `shape` gives the sizes of the result, `[outputs, reduction…]`, seen as a matrix
    of `outputs` rows and `R` columns that is cut into blocks of `r` rows and `c`
    columns. `mask` has one bit per block; `values`, `[blocks, r, c]`, holds the
    blocks at the set bits, row of blocks by row of blocks:

        result[i, k] = mask[i/r, k/c] ? values[set bits before, i mod r, k mod c] : 0

    What of a block lies behind the last row or column is ignored.

    Kernels multiply the stored blocks alone. They see outputs in vectors, so
    blocks of a multiple of the vector's lanes (16 with AVX-512) save most: of
    smaller ones, a vector's outputs take all columns that one of them has stored.

    Constraints:
    - C1: `values` has rank 3, with positive sizes of blocks
    - C2: `shape` has at least 2 sizes, all positive
    - C3: `mask` is `[⌈outputs / r⌉, ⌈R / c⌉]` of type i1
    - C4: where both are constants, there are as many blocks as set bits
    - C5: the result has the sizes `shape` and the element type of the values

    Example:
    ```mlir
    %w = pith.block_sparse_decode %values, %mask {shape = array<i64: 64, 48>}
      : (tensor<12x16x4xf32>, tensor<4x12xi1>) -> tensor<64x48xf32>
    ```
  }];
  let arguments = (ins Pith_Tensor:$values, Pith_IntTensor:$mask,
    DenseI64ArrayAttr:$shape);
  let results = (outs Pith_Tensor:$result);
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getBlockOutputs() { return getValues().getType().getDimSize(1); }
    int64_t getBlockPositions() { return getValues().getType().getDimSize(2); }
    /// Elements of reduction per output.
    int64_t getReduction();
  }];
}

#endif // PITH_SPARSITY_OPS_TD
