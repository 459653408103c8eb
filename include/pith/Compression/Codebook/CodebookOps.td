//===- CodebookOps.td - codes that index a table of values ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEBOOK_OPS_TD
#define PITH_CODEBOOK_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_CodebookDecodeOp : Pith_Op<"codebook_decode",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface,
       ["getIntegerForm", "getTileFactors", "emitUnscaledTile",
        "getZeroKeepingOperand"]>]> {
  let summary = "real numbers from codes that index a table, and scales";
  let description = [{
    The axes before `axis` count rows; those from `axis` on are flattened into
    one reduction of `R` elements, cut into groups of `group_size` (0: all of
    `R`; the last group may be shorter). For element `k` of row `r` in group
    `g = ⌊k / group_size⌋`:

        result[r, k] = f32(codebook[codes[r, k]]) · s[r, g]
        s[r, g] = f32(scale[r, g])                        scale of floats
                = 2^(scale[r, g] − 127)                   scale of ui8, alone
                = f32(scale[r, g]) · f32(scale_scale[r])  scale of ui8, in two levels

    each product rounded to `f32`, the result then rounded to its own type. A
    `ui8` scale alone is E8M0 of the OCP Microscaling Formats 1.0: 255 is NaN.

    `format` is the codebook's name for people, without its bits' meaning. `integers`
    says that entry `i` is `integers[i] · 2^exponent`, so that kernels may multiply integers.
    `sign_magnitude` says that the upper half of the entries is the lower half, negated, so
    that kernels may look up half of them.

    Constraints:
    - C1: codes are unsigned integers of 1 to 8 bits
    - C2: `codebook` has rank 1, type f16, bf16 or f32, and 2^bits elements
    - C3: `0 ≤ axis < rank`
    - C4: `group_size` is not negative
    - C5: `scale` is of type f16, bf16, f32 or ui8, and has the sizes of the axes
      before `axis` followed by ⌈R / group_size⌉, or a single element
    - C6: `scale_scale` goes with scales of ui8, is of type f16, bf16 or f32, and
      has the sizes of the axes before `axis`, or a single element
    - C7: the result has the sizes of the codes
    - C8: `integers` are 2^bits numbers from −127 to 127, `exponent` is from −64 to 64,
      and a constant codebook is what they say
    - C9: a constant codebook is what `sign_magnitude` says

    Example:
    ```mlir
    %w = pith.codebook_decode %codes, %codebook, %scale
      {axis = 1 : i64, group_size = 64 : i64, format = "nf4"}
      : (tensor<64x96xui4>, tensor<16xf32>, tensor<64x2xf16>) -> tensor<64x96xf32>
    ```
  }];
  let arguments = (ins Pith_IntTensor:$codes, Pith_FloatTensor:$codebook,
    Pith_Tensor:$scale, Optional<Pith_FloatTensor>:$scale_scale,
    DefaultValuedAttr<I64Attr, "1">:$axis,
    DefaultValuedAttr<I64Attr, "0">:$group_size,
    DefaultValuedStrAttr<StrAttr, "codebook">:$format,
    OptionalAttr<DenseI64ArrayAttr>:$integers, DefaultValuedAttr<I64Attr, "0">:$exponent,
    UnitAttr:$sign_magnitude);
  let results = (outs Pith_FloatTensor:$result);
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$codes,
      "::mlir::Value":$codebook, "::mlir::Value":$scale, "::mlir::Value":$scale_scale,
      "int64_t":$axis, "int64_t":$group_size,
      CArg<"::llvm::StringRef", "\"codebook\"">:$format), [{
    build($_builder, $_state, result, codes, codebook, scale, scale_scale,
          $_builder.getI64IntegerAttr(axis), $_builder.getI64IntegerAttr(group_size),
          $_builder.getStringAttr(format), ::mlir::DenseI64ArrayAttr(),
          $_builder.getI64IntegerAttr(0), ::mlir::UnitAttr());
  }]>];
}

def Pith_VectorDecodeOp : Pith_Op<"vector_decode",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface,
       ["getTileFactors", "emitUnscaledTile", "getTableForm"]>]> {
  let summary = "runs of real numbers from codes that index a table of vectors, and scales";
  let description = [{
    `shape` gives the sizes of the result. Its first axis counts rows, the others
    are flattened into one reduction of `R` elements, which codes cover in runs of `v`,
    the length of the codebook's vectors (of the last run only the part below `R` is
    used), and scales in groups of `group_size` (0: all of `R`; the last group may be
    shorter):

        result[r, k] = f32(codebook[codes[r, ⌊k / v⌋], k mod v]) · f32(scale[r, ⌊k / group_size⌋])

    the product rounded to `f32`, then to the result's own type.

    Constraints:
    - C1: `shape` has at least 2 sizes, all positive
    - C2: codes are unsigned integers of 2 to 8 bits, `[rows, ⌈R / v⌉]`
    - C3: `codebook` is `[2^bits, v]`, v from 2 to 8, of type i8, f16, bf16 or f32
    - C4: `group_size` is not negative, and a multiple of `v`
    - C5: `scale` is of type f16, bf16 or f32, and `[rows, ⌈R / group_size⌉]` or a single
      element
    - C6: the result has the sizes `shape`

    Example:
    ```mlir
    %w = pith.vector_decode %codes, %codebook, %scale {shape = array<i64: 64, 96>}
      : (tensor<64x24xui6>, tensor<64x4xi8>, tensor<64x1xf16>) -> tensor<64x96xf32>
    ```
  }];
  let arguments = (ins Pith_IntTensor:$codes, Pith_Tensor:$codebook,
    Pith_FloatTensor:$scale, DenseI64ArrayAttr:$shape,
    DefaultValuedAttr<I64Attr, "0">:$group_size);
  let results = (outs Pith_FloatTensor:$result);
  let extraClassDeclaration = [{
    /// v: elements for which one code stands.
    int64_t getLength() { return getCodebook().getType().getDimSize(1); }
  }];
  let hasVerifier = 1;
}

#endif // PITH_CODEBOOK_OPS_TD
