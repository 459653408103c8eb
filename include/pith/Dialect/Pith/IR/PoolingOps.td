//===- PoolingOps.td - windows and interpolation ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_POOLING_OPS_TD
#define PITH_POOLING_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

class Pith_PoolOp<string mnemonic, dag extra = (ins)> : Pith_Op<mnemonic> {
  let arguments = !con((ins Pith_Tensor:$input, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
    DenseI64ArrayAttr:$pads_low, DenseI64ArrayAttr:$pads_high, UnitAttr:$ceil_mode,
    DefaultValuedAttr<Pith_LayoutAttr, "::pith::Layout::ChannelsFirst">:$layout), extra);
  let results = (outs Pith_Tensor:$result);
}
def Pith_MaxPoolOp : Pith_PoolOp<"max_pool"> {
  let summary = "largest element of each window";
  let description = [{
    Windows as in `pith.conv`, per channel; positions outside the input do not
    count. NaN where a window has one; the least value of the type where it has
    no position at all. With `ceil_mode` result sizes are rounded up, but no window starts
    in the high padding.
    Constraints:
    - C1: one value of each attribute per spatial axis; strides, dilations and
      kernel positive
    - C2: pads are smaller than the (dilated) kernel
  }];
}
def Pith_AveragePoolOp : Pith_PoolOp<"average_pool", (ins UnitAttr:$count_include_pad)> {
  let summary = "mean of each window";
  let description = [{
    Windows as in `pith.max_pool`. The sum is divided by the number of positions
    inside the input, or with `count_include_pad` inside the padded input.
    Constraints:
    - C1: one value of each attribute per spatial axis; strides, dilations and
      kernel positive
    - C2: pads are smaller than the (dilated) kernel
  }];
}
def Pith_LpPoolOp : Pith_PoolOp<"lp_pool", (ins I64Attr:$p)> {
  let summary = "p-norm of each window";
  let description = [{
    `(Σ |x|^p)^(1/p)` over windows as in `pith.max_pool`.
    Constraints:
    - C1: one value of each attribute per spatial axis; strides, dilations,
      kernel and p positive
  }];
}

def Pith_ResizeOp : Pith_Op<"resize"> {
  let summary = "interpolation to another size";
  let description = [{
    Follows ONNX Resize: output coordinate `x` maps to an input coordinate by
    `coordinate_mode`, then `mode` interpolates. `sizes` holds the result sizes
    of all axes; `scales`, if present, the exact factors used in the mapping
    (else `size_out / size_in`). `cubic_coeff` and `exclude_outside` concern
    `cubic`; `antialias` widens linear and cubic filters when shrinking. Integer
    results are rounded (ties to even) and saturated.
    Constraints:
    - C1: `sizes` has one element per axis, and so have `scales`
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$sizes,
    OptionalAttr<DenseF64ArrayAttr>:$scales,
    Pith_ResizeModeAttr:$mode, Pith_CoordinateModeAttr:$coordinate_mode,
    DefaultValuedAttr<Pith_NearestModeAttr, "::pith::NearestMode::RoundPreferFloor">:$nearest_mode,
    DefaultValuedAttr<F64Attr, "-0.75">:$cubic_coeff, UnitAttr:$exclude_outside,
    UnitAttr:$antialias);
  let results = (outs Pith_Tensor:$result);
}

#endif // PITH_POOLING_OPS_TD
