//===- IndexingOps.td - elements chosen by value ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_INDEXING_OPS_TD
#define PITH_INDEXING_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_GatherOp : Pith_Op<"gather",
    [DeclareOpInterfaceMethods<Pith_CompressibleOpInterface, ["factorizeWeight"]>]> {
  let summary = "slices of a tensor by index (embedding look-up)";
  let description = [{
    `result[i…, j…, k…] = input[i…, indices[j…], k…]`, where `i…` are the axes
    before `axis` and `k…` those behind. Negative indices count from the back;
    an index outside the axis is an error at run time.

    A weight is output-major if `axis` is 0.

    Constraints:
    - C1: `0 ≤ axis < rank`
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$indices, I64Attr:$axis);
  let results = (outs Pith_Tensor:$result);
}

def Pith_GatherElementsOp : Pith_Op<"gather_elements"> {
  let summary = "elements by index along one axis";
  let description = [{
    `result[i, j, k] = input[i, indices[i, j, k], k]` for `axis` 1 of rank 3.
    Constraints:
    - C1: equal ranks; `0 ≤ axis < rank`
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$indices, I64Attr:$axis);
  let results = (outs Pith_Tensor:$result);
}

def Pith_GatherNdOp : Pith_Op<"gather_nd"> {
  let summary = "slices by index tuples";
  let description = [{
    As ONNX GatherND: the last axis of `indices` holds tuples that select along
    the axes behind the first `batch_dims`.
    Constraints:
    - C1: the tuple length is static and at most rank − `batch_dims`, which is less
      than the rank of `indices`; the first `batch_dims` sizes agree
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$indices, I64Attr:$batch_dims);
  let results = (outs Pith_Tensor:$result);
}

def Pith_ScatterElementsOp : Pith_Op<"scatter_elements"> {
  let summary = "a copy with elements replaced or combined by index";
  let description = [{
    `result = input`, then `result[i, indices[i, j, k], k] ⊕= updates[i, j, k]` for
    `axis` 1, in row-major order of the updates; `kind` gives ⊕.
    Constraints:
    - C1: equal ranks; `indices` and `updates` agree in size; `0 ≤ axis < rank`
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$indices, Pith_Tensor:$updates,
    I64Attr:$axis, Pith_ScatterKindAttr:$kind);
  let results = (outs Pith_Tensor:$result);
}

def Pith_ScatterNdOp : Pith_Op<"scatter_nd"> {
  let summary = "a copy with slices replaced or combined by index tuples";
  let description = [{
    As ONNX ScatterND, with `kind` as in `pith.scatter_elements`.
    Constraints:
    - C1: the tuple length is static and at most the rank; updates fit
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$indices, Pith_Tensor:$updates,
    Pith_ScatterKindAttr:$kind);
  let results = (outs Pith_Tensor:$result);
}

def Pith_OneHotOp : Pith_Op<"one_hot"> {
  let summary = "indices as indicator vectors";
  let description = [{
    A new axis of size `depth` at `axis` holds `values[1]` at the index and
    `values[0]` elsewhere; negative indices count from `depth`, others outside
    give no indicator.
    Constraints:
    - C1: `0 ≤ axis ≤ rank`; `values` has 2 elements
  }];
  let arguments = (ins Pith_Tensor:$indices, Pith_Tensor:$depth, Pith_Tensor:$values,
    I64Attr:$axis);
  let results = (outs Pith_Tensor:$result);
}

def Pith_NonZeroOp : Pith_Op<"non_zero"> {
  let summary = "positions of the elements that are not zero";
  let description = [{ `[rank, count]`, `i64`, in row-major order. }];
  let arguments = (ins Pith_Tensor:$input);
  let results = (outs Pith_Tensor:$result);
}

def Pith_QuantizeOp : Pith_Op<"quantize"> {
  let summary = "integer codes of an activation by given scales";
  let description = [{
    `result = saturate(round_half_even(x / scale) + zero_point)` in the result's
    integer type, or to the codes of an integer of `bits` bits and the result's sign,
    where `bits` is not 0. `scale` and `zero_point` have one element, or one per index of
    `axis`. The division is one of `f32` (of `f64` if the input is), so that
    kernels give the same codes. NaN gives the code 0.
    Constraints:
    - C1: scale and zero point have 1 element or as many as `axis` has
    - C2: `bits` is 0, or from 2 to the width of the result's type
  }];
  let arguments = (ins Pith_FloatTensor:$input, Pith_FloatTensor:$scale,
    Optional<Pith_IntTensor>:$zero_point, DefaultValuedAttr<I64Attr, "0">:$axis,
    DefaultValuedAttr<I64Attr, "0">:$bits);
  let results = (outs Pith_IntTensor:$result);
}

def Pith_DynamicQuantizeOp : Pith_Op<"dynamic_quantize"> {
  let summary = "integer codes of an activation, by scales found at run time";
  let description = [{
    In groups of `group_size` along the last axis (0: the whole row), with
    `limit = 2^(bits−1) − 1`:

        scale = max|x| / limit   (1 where the group is all zero)
        codes = saturate(round_half_even(x / scale)),  in −limit … limit

    Both divisions are those of `f32`. A NaN does not count for the maximum, and
    gives −limit. `codes` has the input's sizes (`i8`); `scales` (`f32`) those of the axes
    before the last, followed by the number of groups. `pith.dequantize` with
    `axis` = rank − 1 is the inverse.
    Constraints:
    - C1: the rank is at least 1 and `group_size` is not negative
    - C2: `bits` is from 2 to 8
  }];
  let arguments = (ins Pith_FloatTensor:$input, I64Attr:$group_size,
    DefaultValuedAttr<I64Attr, "8">:$bits);
  let results = (outs Pith_IntTensor:$codes, Pith_FloatTensor:$scales);
}

#endif // PITH_INDEXING_OPS_TD
