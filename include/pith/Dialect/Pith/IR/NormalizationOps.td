//===- NormalizationOps.td - mean, variance and scale -------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_NORMALIZATION_OPS_TD
#define PITH_NORMALIZATION_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_BatchNormOp : Pith_Op<"batch_norm"> {
  let summary = "normalization by stored statistics per channel";
  let description = [{
    `result = (x − mean) / √(variance + epsilon) · scale + bias` with one value
    per channel (axis 1, or the last axis with `channels_last`).
    Constraints:
    - C1: scale, bias, mean and variance have one element per channel
  }];
  let arguments = (ins Pith_FloatTensor:$input, Pith_FloatTensor:$scale,
    Pith_FloatTensor:$bias, Pith_FloatTensor:$mean, Pith_FloatTensor:$variance,
    F64Attr:$epsilon,
    DefaultValuedAttr<Pith_LayoutAttr, "::pith::Layout::ChannelsFirst">:$layout);
  let results = (outs Pith_FloatTensor:$result);
}

def Pith_LayerNormOp : Pith_Op<"layer_norm", [AttrSizedOperandSegments]> {
  let summary = "normalization over the last axes";
  let description = [{
    With mean `μ` and (population) variance `σ²` over the axes from `axis` on:
    `result = (x − μ) / √(σ² + epsilon) · scale + bias`. Scale and bias broadcast
    to the input.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
  let arguments = (ins Pith_FloatTensor:$input, Optional<Pith_FloatTensor>:$scale,
    Optional<Pith_FloatTensor>:$bias, I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Pith_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`scale` $scale^ `:` type($scale))? (`bias` $bias^ `:` type($bias))? attr-dict `:` type($input) `->` type($result)
  }];
}

def Pith_RmsNormOp : Pith_Op<"rms_norm"> {
  let summary = "division by the root of the mean square over the last axes";
  let description = [{
    `result = x / √(mean(x²) + epsilon) · scale`, the mean over the axes from
    `axis` on. The scale broadcasts to the input.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
  let arguments = (ins Pith_FloatTensor:$input, Optional<Pith_FloatTensor>:$scale,
    I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs Pith_FloatTensor:$result);
}

def Pith_GroupNormOp : Pith_Op<"group_norm"> {
  let summary = "normalization over groups of channels";
  let description = [{
    The channels (axis 1) are cut into `groups`; each group with all its spatial
    positions is normalized as in `pith.layer_norm`, then scaled and shifted per
    channel. `groups` = channels is instance normalization.
    Constraints:
    - C1: `groups` divides the channels
    - C2: scale and bias have one element per channel
  }];
  let arguments = (ins Pith_FloatTensor:$input, Pith_FloatTensor:$scale,
    Pith_FloatTensor:$bias, I64Attr:$groups, F64Attr:$epsilon);
  let results = (outs Pith_FloatTensor:$result);
}

def Pith_LrnOp : Pith_Op<"lrn"> {
  let summary = "local response normalization across channels";
  let description = [{
    `result = x / (bias + alpha / size · Σ x²)^beta`, the sum over the channels
    `c − ⌊(size−1)/2⌋ … c + ⌈(size−1)/2⌉` (axis 1).
    Constraints:
    - C1: `size` is positive
  }];
  let arguments = (ins Pith_FloatTensor:$input, I64Attr:$size,
    F32Attr:$alpha, F32Attr:$beta, F32Attr:$bias);
  let results = (outs Pith_FloatTensor:$result);
}

#endif // PITH_NORMALIZATION_OPS_TD
