//===- QuantizationOps.td - integer codes with scales ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_QUANTIZATION_OPS_TD
#define PITH_QUANTIZATION_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_DequantizeOp : Pith_Op<"dequantize",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface,
       ["getIntegerForm", "getTileFactors", "emitUnscaledTile",
        "getZeroKeepingOperand"]>]> {
  let summary = "real numbers from integer codes, scales and zero points";
  let description = [{
    The axes before `axis` count rows; those from `axis` on are flattened into
    one reduction of `R` elements, cut into groups of `group_size` (0: all of
    `R`; the last group may be shorter). For element `k` of row `r` in group
    `g = ⌊k / group_size⌋`:

        result[r, k] = (f32(codes[r, k]) − f32(zero_point[r, g])) · f32(scale[r, g])

    each operation rounded to `f32`, the result then rounded to its own type. An
    absent zero point is 0. Signless codes are signed; a code of type `i1` stands
    for −1 (bit 0) or +1 (bit 1).

    A weight has `axis` 1 and output-major codes. With `axis` = rank − 1 the op
    is the inverse of `pith.dynamic_quantize`.

    Constraints:
    - C1: codes have at most 32 bits
    - C2: `0 ≤ axis < rank`
    - C3: `group_size` is not negative
    - C4: `scale` is of type f16, bf16 or f32, and has the sizes of the axes
      before `axis` followed by ⌈R / group_size⌉, or a single element
    - C5: `zero_point` has the shape of `scale`, and integers of at most 32 bits
      or the scale's type
    - C6: the result has the sizes of the codes

    Example:
    ```mlir
    %w = pith.dequantize %codes, %scale {axis = 1 : i64, group_size = 32 : i64}
      : (tensor<64x96xi4>, tensor<64x3xf16>) -> tensor<64x96xf32>
    ```
  }];
  let arguments = (ins Pith_IntTensor:$codes, Pith_FloatTensor:$scale,
    Optional<Pith_Tensor>:$zero_point, DefaultValuedAttr<I64Attr, "1">:$axis,
    DefaultValuedAttr<I64Attr, "0">:$group_size);
  let results = (outs Pith_FloatTensor:$result);
  let hasVerifier = 1;
}

def Pith_WidenOp : Pith_Op<"widen",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface>]> {
  let summary = "numbers stored in half precision";
  let description = [{
    Every element of `input`, a stored value, converted to `f32`, which has all
    values of `f16` and `bf16`. Unlike `pith.cast` it stays what it is until
    kernels are made, and every kernel computes it where it reads the value.

    Constraints:
    - C1: `input` is of type f16 or bf16
    - C2: the result is of type f32
    - C3: the result has the sizes of `input`

    Example:
    ```mlir
    %b = pith.widen %bias : (tensor<64xf16>) -> tensor<64xf32>
    ```
  }];
  let arguments = (ins Pith_FloatTensor:$input);
  let results = (outs Pith_FloatTensor:$result);
  let hasVerifier = 1;
}

#endif // PITH_QUANTIZATION_OPS_TD
