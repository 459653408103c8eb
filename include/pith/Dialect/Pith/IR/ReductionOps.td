//===- ReductionOps.td - many elements to one ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_REDUCTION_OPS_TD
#define PITH_REDUCTION_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_ReduceOp : Pith_Op<"reduce"> {
  let summary = "reduction over axes";
  let description = [{
    Combines the elements along `axes` (sorted, non-negative, no repeats) by
    `kind`; with `keep_dims` the axes stay with size 1. `log_sum_exp` subtracts
    the maximum first. An empty reduction gives the neutral element (`mean`: NaN).
    Boolean `max` is "any", `min` is "all".

    Constraints:
    - C1: axes are sorted, without repeats, and smaller than the rank
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_ReduceKindAttr:$kind,
    DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims);
  let results = (outs Pith_Tensor:$result);
}

class Pith_ArgReduceOp<string mnemonic> : Pith_Op<mnemonic> {
  let arguments = (ins Pith_Tensor:$input, I64Attr:$axis, UnitAttr:$keep_dims,
    UnitAttr:$last_index);
  let results = (outs Pith_Tensor:$result);
}
def Pith_ArgMaxOp : Pith_ArgReduceOp<"arg_max"> {
  let summary = "position of the largest element along an axis";
  let description = [{
    The first such position, or with `last_index` the last; `i64`. NaN counts as
    larger than all numbers.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
}
def Pith_ArgMinOp : Pith_ArgReduceOp<"arg_min"> {
  let summary = "position of the smallest element along an axis";
  let description = [{
    The first such position, or with `last_index` the last; `i64`. NaN counts as
    smaller than all numbers.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
}

class Pith_AxisOp<string mnemonic> : Pith_Op<mnemonic> {
  let arguments = (ins Pith_FloatTensor:$input, I64Attr:$axis);
  let results = (outs Pith_FloatTensor:$result);
}
def Pith_SoftmaxOp : Pith_AxisOp<"softmax"> {
  let summary = "softmax along one axis";
  let description = [{
    `result = e^(x − m) / Σ e^(x − m)`, `m = max x` along `axis`.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
}
def Pith_LogSoftmaxOp : Pith_AxisOp<"log_softmax"> {
  let summary = "logarithm of the softmax along one axis";
  let description = [{
    `result = x − m − ln Σ e^(x − m)`, `m = max x` along `axis`.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
}

def Pith_CumSumOp : Pith_Op<"cumsum"> {
  let summary = "running sum along one axis";
  let description = [{
    `result[i] = Σ_{j ≤ i} x[j]`; with `exclusive` `j < i`; with `reverse` from
    the end.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
  let arguments = (ins Pith_Tensor:$input, I64Attr:$axis, UnitAttr:$exclusive,
    UnitAttr:$reverse);
  let results = (outs Pith_Tensor:$result);
}

def Pith_TopKOp : Pith_Op<"top_k"> {
  let summary = "the k largest or smallest elements along one axis";
  let description = [{
    Values and positions (`i64`), sorted; NaN first; equal values in order of
    position.
    `k` is a tensor with one element.
    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$k, I64Attr:$axis,
    DefaultValuedAttr<BoolAttr, "true">:$largest);
  let results = (outs Pith_Tensor:$values, Pith_Tensor:$indices);
}

#endif // PITH_REDUCTION_OPS_TD
