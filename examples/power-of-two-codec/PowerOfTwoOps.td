//===- PowerOfTwoOps.td - weights that are signed powers of two -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef POWER_OF_TWO_OPS_TD
#define POWER_OF_TWO_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

def Pith_PowerOfTwoDecodeOp : Pith_Op<"power_of_two_decode",
    [DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     DeclareOpInterfaceMethods<Pith_WeightCodecOpInterface>]> {
  let summary = "parts of each output's scale that are powers of two";
  let description = [{
    A code `8·s + e` of 4 bits, with `e` from 0 to 6, stands for a part of the
    output's scale; with `e` = 7 it stands for 0:

        result[o, k] = (−1)^s · scale[o] · 2^(−e)

    After Miyashita et al., "Convolutional Neural Networks using Logarithmic Data
    Representation" (2016).

    Constraints:
    - C1: `codes` are of type ui4 and have rank 2 or more
    - C2: `scale` is of type f32 and has one element per output
    - C3: the result is f32 and has the sizes of the codes
  }];
  let arguments = (ins Pith_IntTensor:$codes, Pith_FloatTensor:$scale);
  let results = (outs Pith_FloatTensor:$result);
  let hasVerifier = 1;
}

#endif // POWER_OF_TWO_OPS_TD
