//===- ShapeOps.td - the same elements elsewhere ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_SHAPE_OPS_TD
#define PITH_SHAPE_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_ConstantOp : Pith_Op<"constant", [ConstantLike]> {
  let summary = "a constant tensor";
  let description = [{
    The value is a `dense` attribute (small tensors) or a `dense_resource`
    (weights). `name` is the name of the tensor in the source model.
  }];
  let arguments = (ins ElementsAttr:$value, OptionalAttr<StrAttr>:$name);
  let results = (outs Pith_Tensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Pith_ShapeOp : Pith_Op<"shape"> {
  let summary = "the sizes of a tensor, as i64";
  let description = [{ `result[i] = size of axis start + i`, up to `end` (excluded). }];
  let arguments = (ins Pith_Tensor:$input, I64Attr:$start, I64Attr:$end);
  let results = (outs Pith_Tensor:$result);
}

def Pith_ReshapeOp : Pith_Op<"reshape"> {
  let summary = "the same elements in the same order with other sizes";
  let description = [{
    `shape` holds the result sizes. −1 stands for what is left (once). 0 stands
    for the size of the same axis of the input, or with `allow_zero` for 0.
    Constraints:
    - C1: `shape` has rank 1 and a static size
    - C2: element counts agree
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$shape, UnitAttr:$allow_zero);
  let results = (outs Pith_Tensor:$result);
}

def Pith_SqueezeOp : Pith_Op<"squeeze"> {
  let summary = "drops axes of size 1";
  let description = [{
    Constraints:
    - C1: axes are sorted, without repeats, smaller than the rank
    - C2: their sizes are 1
  }];
  let arguments = (ins Pith_Tensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs Pith_Tensor:$result);
}

def Pith_UnsqueezeOp : Pith_Op<"unsqueeze"> {
  let summary = "adds axes of size 1";
  let description = [{
    `axes` are positions in the result.
    Constraints:
    - C1: axes are sorted, without repeats, smaller than the result's rank
  }];
  let arguments = (ins Pith_Tensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs Pith_Tensor:$result);
}

def Pith_FlattenOp : Pith_Op<"flatten"> {
  let summary = "a matrix: axes before and from an axis on";
  let description = [{
    `result` is `[Π sizes before axis, Π sizes from axis on]`.
    Constraints:
    - C1: `0 ≤ axis ≤ rank`
  }];
  let arguments = (ins Pith_Tensor:$input, I64Attr:$axis);
  let results = (outs Pith_Tensor:$result);
}

def Pith_TransposeOp : Pith_Op<"transpose"> {
  let summary = "axes in another order";
  let description = [{
    Axis `i` of the result is axis `permutation[i]` of the input.
    Constraints:
    - C1: `permutation` is a permutation of the axes
  }];
  let arguments = (ins Pith_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Pith_Tensor:$result);
}

def Pith_ExpandOp : Pith_Op<"expand"> {
  let summary = "broadcast to a shape";
  let description = [{
    The result's sizes are the input's and `shape` broadcast against each other.
    Constraints:
    - C1: `shape` has rank 1 and a static size
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$shape);
  let results = (outs Pith_Tensor:$result);
}

def Pith_TileOp : Pith_Op<"tile"> {
  let summary = "repeats along axes";
  let description = [{
    Axis `i` is repeated `repeats[i]` times.
    Constraints:
    - C1: `repeats` has one element per axis
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$repeats);
  let results = (outs Pith_Tensor:$result);
}

def Pith_ConcatOp : Pith_Op<"concat"> {
  let summary = "tensors one behind the other along an axis";
  let description = [{
    Constraints:
    - C1: at least one operand; all have one rank and element type
    - C2: `0 ≤ axis < rank`
    - C3: all other axes agree
  }];
  let arguments = (ins Variadic<Pith_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs Pith_Tensor:$result);
}

def Pith_SliceOp : Pith_Op<"slice"> {
  let summary = "a strided part of a tensor";
  let description = [{
    Along `axes[i]`: elements `start, start + step, …` before `end`, with
    `starts`, `ends` and `steps` as in ONNX Slice: negative starts and ends count
    from the back, values outside are clamped, steps may be negative. Other
    axes are kept whole.
    Constraints:
    - C1: axes are without repeats and smaller than the rank
    - C2: `starts`, `ends`, and `steps` have one element per entry of `axes`
    - C3: no step is 0
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$starts,
    Pith_IntTensor:$ends, DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$steps);
  let results = (outs Pith_Tensor:$result);
}

def Pith_PadOp : Pith_Op<"pad"> {
  let summary = "adds elements around a tensor";
  let description = [{
    `low[i]` and `high[i]` elements are added before and behind axis `i`
    (negative: taken away), in `mode`; `value` (a scalar tensor) is the constant.
    Constraints:
    - C1: `low` and `high` have one element per axis
    - C2: `reflect` pads less than the size, and nothing of an empty axis
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$low, Pith_IntTensor:$high,
    Optional<Pith_Tensor>:$value, Pith_PadModeAttr:$mode);
  let results = (outs Pith_Tensor:$result);
}

def Pith_DepthToSpaceOp : Pith_Op<"depth_to_space"> {
  let summary = "channels spread over blocks of the plane";
  let description = [{
    `[n, c, h, w]` to `[n, c/b², h·b, w·b]`: channel `(i·b + j)·c' + k` (DCR), or
    with `column_row_depth` `(k·b + i)·b + j` (CRD), goes to offset `(i, j)` of
    each block.
    Constraints:
    - C1: the input has rank 4 and `block²` divides the channels
  }];
  let arguments = (ins Pith_Tensor:$input, I64Attr:$block, UnitAttr:$column_row_depth);
  let results = (outs Pith_Tensor:$result);
}

def Pith_SpaceToDepthOp : Pith_Op<"space_to_depth"> {
  let summary = "blocks of the plane gathered into channels";
  let description = [{
    The inverse of `pith.depth_to_space` (DCR).
    Constraints:
    - C1: the input has rank 4 and `block` divides height and width
  }];
  let arguments = (ins Pith_Tensor:$input, I64Attr:$block);
  let results = (outs Pith_Tensor:$result);
}

def Pith_RangeOp : Pith_Op<"range"> {
  let summary = "start, start + delta, … before limit";
  let description = [{
    All operands are scalars; `max(0, ⌈(limit − start) / delta⌉)` elements.
    Constraints:
    - C1: operands have one element and one type
  }];
  let arguments = (ins Pith_Tensor:$start, Pith_Tensor:$limit, Pith_Tensor:$delta);
  let results = (outs Pith_Tensor:$result);
}

def Pith_FillOp : Pith_Op<"fill"> {
  let summary = "a tensor of one value";
  let description = [{
    Constraints:
    - C1: `shape` has rank 1 and a static size; `value` has one element
  }];
  let arguments = (ins Pith_IntTensor:$shape, Pith_Tensor:$value);
  let results = (outs Pith_Tensor:$result);
}

def Pith_TriluOp : Pith_Op<"trilu"> {
  let summary = "the upper or lower triangle of matrices";
  let description = [{
    Keeps elements with `column ≥ row + k` (`upper`), or `≤`; others become 0.
    Constraints:
    - C1: the rank is at least 2
  }];
  let arguments = (ins Pith_Tensor:$input, I64Attr:$k, UnitAttr:$upper);
  let results = (outs Pith_Tensor:$result);
}

def Pith_ReverseSequenceOp : Pith_Op<"reverse_sequence"> {
  let summary = "reverses the first elements of sequences";
  let description = [{
    For each index along `batch_axis`, the first `lengths[index]` elements along
    `time_axis` are reversed.
    Constraints:
    - C1: `batch_axis` and `time_axis` are 0 and 1 in some order
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_IntTensor:$lengths, I64Attr:$batch_axis,
    I64Attr:$time_axis);
  let results = (outs Pith_Tensor:$result);
}

#endif // PITH_SHAPE_OPS_TD
