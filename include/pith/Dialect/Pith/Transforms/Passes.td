//===- Passes.td - Passes of the simplify stage ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_TRANSFORMS_PASSES_TD
#define PITH_DIALECT_PITH_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

class Pith_SimplifyPass<string argument> : Pass<argument, "::mlir::func::FuncOp">;

def RefineShapesPass : Pith_SimplifyPass<"pith-refine-shapes"> {
  let summary = "makes result types as static as they can be";
  let description = [{
    Runs the shape rules over the function with sizes as expressions of symbols.
    Result types take the sizes that turn out constant, integer tensors whose
    elements turn out constant become constants, and the shape operands of
    reshape, expand and slice become constants where −1, 0, 1 or "to the end" say
    the same. What computed them is then dead. Ops that keep a tensor's sizes and
    elements are removed, also where sizes are only known to be equal.

    Requires: verified `pith` IR.
    Ensures: no type can be refined by the shape rules.
  }];
}

def FoldConstantsPass : Pith_SimplifyPass<"pith-fold-constants"> {
  let summary = "computes ops whose operands are constants";
  let description = [{
    By the reference evaluator, in program order. Codec ops are never folded:
    their operands are what is stored. A result that is bigger than `max-bytes`,
    or than 64 KiB and all operands together, stays an op (a remark says so).

    Requires: verified `pith` IR.
    Ensures: every other op with constant operands alone is a constant.
  }];
  let options = [
    Option<"maxBytes", "max-bytes", "int64_t", "16777216",
           "Largest constant to make, in bytes">
  ];
}

def FoldBatchNormPass : Pith_SimplifyPass<"pith-fold-batch-norm"> {
  let summary = "folds scales and shifts per channel into weights";
  let description = [{
    `pith.batch_norm` with constant statistics is a scale and a shift per channel:

        result = x · s + t,  s = scale / √(variance + epsilon),  t = bias − mean · s

    computed in double precision. A product, quotient, sum or difference of a
    convolution's or matrix product's result with a constant per output channel
    goes into constant weights and the bias (a matrix product keeps its bias as a
    sum behind it), if nothing else uses the result between. A scale in front of a
    convolution goes into its weights, and a shift into its bias where nothing is
    padded. Zero padding by `pith.pad` becomes the convolution's own.

    Requires: verified `pith` IR.
    Ensures: no `pith.batch_norm` is left.
  }];
}

def RecomposeActivationsPass : Pith_SimplifyPass<"pith-recompose-activations"> {
  let summary = "finds activations and softmax that are spelled out";
  let description = [{
    GELU by `erf` and by `tanh`, SiLU (`x · sigmoid(x)`), hard swish, Mish,
    sigmoid by `exp`, softplus, softmax by `exp` and sums, the logarithm of a
    softmax. Values change by rounding alone.

    Requires: canonical `pith` IR.
    Ensures: nothing; what does not match exactly stays.
  }];
}

def RecomposeNormsPass : Pith_SimplifyPass<"pith-recompose-norms"> {
  let summary = "finds layer norm and RMS norm that are spelled out";
  let description = [{
    A division by the root of a mean square over trailing axes, written with
    division, reciprocal, powers or products; a scale and a bias that follow become
    operands.

    Requires: canonical `pith` IR, so that a square is `x · x`.
    Ensures: nothing; what does not match exactly stays.
  }];
}

def RecomposeAttentionPass : Pith_SimplifyPass<"pith-recompose-attention"> {
  let summary = "finds scaled dot-product attention that is spelled out";
  let description = [{
    `matmul(softmax(scale · q·kᵀ + mask), v)` of rank 3 or 4 becomes
    `pith.attention`. Scales of queries, keys or products are collected; a mask
    stays an addend. Keys and values that are repeated for groups of queries are
    used as they are.

    Requires: canonical `pith` IR.
    Ensures: nothing; what does not match exactly stays.
  }];
}

def RecomposeSlicesPass : Pith_SimplifyPass<"pith-recompose-slices"> {
  let summary = "finds slices written as reshapes, transposes and look-ups";
  let description = [{
    A look-up of one constant index behind reshapes and transposes of a tensor of
    static sizes becomes a (strided) slice of the tensor where it is one: halves of
    shuffled channels, parts of a joint projection.

    Requires: `pith` IR; shapes refined.
    Ensures: nothing; what is no slice stays.
  }];
}

def SinkReshapesPass : Pith_SimplifyPass<"pith-sink-reshapes"> {
  let summary = "moves reshapes behind elementwise ops";
  let description = [{
    `f(reshape(x), c)` becomes `reshape(f(x, c))` where x is the result of a kernel
    that nothing else uses and c is constant along trailing axes that the reshape
    keeps, so that f can be the last step of that kernel.

    Requires: canonical `pith` IR.
    Ensures: no such elementwise op is left.
  }];
}

def NormalizeWeightsPass : Pith_SimplifyPass<"pith-normalize-weights"> {
  let summary = "brings constant weights into the order that kernels read";
  let description = [{
    A constant right-hand side of a matrix product becomes `[outputs, reduction]`
    with `transpose_rhs`, transposed once however many ops use it; a constant
    left-hand side changes sides where that costs no transpose. A table that both a
    look-up and a product use stays one constant. A transpose (behind it a reshape)
    in front of a product with a constant moves into the constant, and transposes of
    quantized weights into their codes. Equal constants become one.

    Requires: verified `pith` IR; shapes refined.
    Ensures: float constants of rank 2 on the right-hand side of matrix products
    are output-major; equal constants are one.
  }];
}

def UseChannelsLastPass : Pith_SimplifyPass<"pith-use-channels-last"> {
  let summary = "computes convolutions and pooling with channels last";
  let description = [{
    Convolutions and pools work on `channels_last`; ops that can work on either
    layout get the one that leaves the fewest elements to transpose: a minimum cut
    between ops that need one layout and ops that need the other. Transposes that
    are part of the model count as free where they do what is needed. Weights become
    `[outputs, spatial…, channels]`.

    Requires: verified `pith` IR; shapes refined.
    Ensures: every convolution and pool has `channels_last`.
  }];
}

def DecomposeOpsPass : Pith_SimplifyPass<"pith-decompose-ops"> {
  let summary = "replaces ops that have no kernel of their own";
  let description = [{
    Softmax along another axis than the last is computed on the transposed tensor.

    Requires: verified `pith` IR.
    Ensures: softmax and log-softmax run along the last axis.
  }];
}

def FactorScalesPass : Pith_SimplifyPass<"pith-factor-scales"> {
  let summary = "sums integers in layers of quantized models, and scales the sums";
  let description = [{
    Where an activation is `s · q` with integers `q` of at most 9 bits and one scale
    `s`, and the weight is `pith.dequantize` with codes `c` of at most 8 bits and one
    scale `t` per output:

        Σ (s · q) · (t · c) + bias   becomes   (s · t) · Σ q · c + bias

    and means and sums of `s · q` become `s` times those of `q`. Where `q` is bytes less
    a zero point, products read it as `pith.dequantize` with a scale of 1, so that
    kernels multiply bytes. Sums of less than
    2^24 are exact then, so that rounding the result again (QDQ
    models) gives the code that exact arithmetic gives.

    Where the scaled sums become codes again, through nothing but added constants and
    limits, the divisor of `pith.quantize` goes into all these constants.

    Requires: simplified IR.
    Ensures: such products and convolutions have weights with scales of 1, such means
    have integers as input, and such codes a scale of 1.
  }];
}

def VerifySimplifiedPass : Pith_SimplifyPass<"pith-verify-simplified"> {
  let summary = "checks the contract of the simplify stage";
  let description = [{
    Requires: `pith` IR.
    Ensures: batch norm is gone; convolutions and pools have `channels_last`;
    constant right-hand sides of rank 2 are output-major (`transpose_rhs`); softmax
    runs along the last axis.
  }];
}

#endif // PITH_DIALECT_PITH_TRANSFORMS_PASSES_TD
