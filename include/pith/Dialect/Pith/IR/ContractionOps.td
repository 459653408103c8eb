//===- ContractionOps.td - sums of products -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CONTRACTION_OPS_TD
#define PITH_CONTRACTION_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_MatMulOp : Pith_Op<"matmul",
    [DeclareOpInterfaceMethods<Pith_CompressibleOpInterface,
       ["factorizeWeight", "getActivationOperand", "getActivationRows"]>]> {
  let summary = "matrix product, batched and broadcast as in numpy";
  let description = [{
    `result[…, m, n] = Σₖ lhs[…, m, k] · B[…, k, n]`, with `B = rhs`, or with
    `transpose_rhs` `B[…, k, n] = rhs[…, n, k]`. Leading axes broadcast. An
    operand of rank 1 is a row (lhs) or a column (rhs), whose axis is dropped
    from the result. Float sums are formed in at least single precision.

    A weight is output-major if it is `rhs` of rank 2 with `transpose_rhs`.

    Constraints:
    - C1: the reduction sizes are equal
    - C2: leading axes are broadcastable
    - C3: element types of the operands are equal
  }];
  let arguments = (ins Pith_Tensor:$lhs, Pith_Tensor:$rhs, UnitAttr:$transpose_rhs);
  let results = (outs Pith_Tensor:$result);
}

class Pith_ConvLikeOp<string mnemonic, list<Trait> traits = []> : Pith_Op<mnemonic, traits> {
  let arguments = (ins Pith_Tensor:$input, Pith_Tensor:$weight,
    Optional<Pith_Tensor>:$bias,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
    DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high,
    DefaultValuedAttr<I64Attr, "1">:$group,
    DefaultValuedAttr<Pith_LayoutAttr, "::pith::Layout::ChannelsFirst">:$layout);
  let results = (outs Pith_Tensor:$result);
}

def Pith_ConvOp : Pith_ConvLikeOp<"conv",
    [DeclareOpInterfaceMethods<Pith_CompressibleOpInterface,
       ["factorizeWeight", "getActivationOperand", "getActivationRows", "canAddBias",
        "getBiasOf", "setBiasOf"]>]> {
  let summary = "convolution (correlation) over any number of spatial axes";
  let description = [{
    With `channels_first` input and result are `[n, c, spatial…]` and the weight
    `[o, c/group, spatial…]`; with `channels_last` `[n, spatial…, c]` and
    `[o, spatial…, c/group]`. For one spatial axis:

        result[n, o, x] = bias[o] + Σ_{i, k} weight[o, i, k] ·
                          input[n, g·c/group + i, x·stride + k·dilation − pad_low]

    where `g = ⌊o / (O/group)⌋` and input outside its sizes is 0. Result size
    per axis: `⌊(size + pad_low + pad_high − dilation·(kernel−1) − 1) / stride⌋ + 1`.

    A weight is output-major with `channels_last`.

    Constraints:
    - C1: input and weight have equal rank of at least 3
    - C2: one stride, dilation, low and high pad per spatial axis; strides and
      dilations positive
    - C3: `group` divides input channels and outputs; weight channels fit
    - C4: bias has one element per output
    - C5: every result size is at least 0 (a static kernel fits the padded input)
  }];
}

def Pith_ConvTransposeOp : Pith_ConvLikeOp<"conv_transpose"> {
  let summary = "transposed convolution";
  let description = [{
    The adjoint of `pith.conv` with regard to its input: with `channels_first`
    the weight is `[c, o/group, spatial…]`, and every input element adds
    `input · weight` to the result at `x·stride + k·dilation − pad_low`. Result
    size per axis: `stride·(size−1) + output_padding + dilation·(kernel−1) + 1 −
    pad_low − pad_high`.

    Constraints:
    - C1: input and weight have equal rank of at least 3; layout is `channels_first`
    - C2: attributes have one value per spatial axis
    - C3: `group` divides the input channels
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_Tensor:$weight,
    Optional<Pith_Tensor>:$bias,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
    DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high,
    DenseI64ArrayAttr:$output_padding,
    DefaultValuedAttr<I64Attr, "1">:$group,
    DefaultValuedAttr<Pith_LayoutAttr, "::pith::Layout::ChannelsFirst">:$layout);
}

def Pith_AttentionOp : Pith_Op<"attention"> {
  let summary = "scaled dot-product attention";
  let description = [{
    `result[b, h, i, :] = Σⱼ softmaxⱼ(scale · query[b, h, i, :] · key[b, h', j, :]
    + mask[b, h, i, j]) · value[b, h', j, :]`, with `h' = ⌊h / (H / H')⌋` where
    key and value have fewer heads (grouped queries). Operands are `[batch, heads,
    length, size]`; the additive mask broadcasts to `[batch, heads, queries, keys]`.
    With `causal`, keys `j > i + keys − queries` are left out. A query that sees no
    key gives 0.

    Constraints:
    - C1: query, key and value have rank 4; batch sizes agree
    - C2: key heads divide query heads; key and value agree in heads and length
    - C3: query and key agree in size
  }];
  let arguments = (ins Pith_FloatTensor:$query, Pith_FloatTensor:$key,
    Pith_FloatTensor:$value, Optional<Pith_FloatTensor>:$mask,
    F64Attr:$scale, UnitAttr:$causal);
  let results = (outs Pith_FloatTensor:$result);
}

#endif // PITH_CONTRACTION_OPS_TD
