//===- ScaleFlowInterface.td - How factors of channels pass through ops ---===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_EQUALIZATION_SCALEFLOWINTERFACE_TD
#define PITH_COMPRESSION_EQUALIZATION_SCALEFLOWINTERFACE_TD

include "mlir/IR/OpBase.td"

def Pith_ScaleFlowOpInterface : OpInterface<"ScaleFlowOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    How positive factors per channel of an op's operands and results depend on each
    other, such that the op computes the same up to these factors. Ops without the
    interface let no factor through.
  }];
  let methods = [
    InterfaceMethod<[{
      Looks at which operands and results are scaled (`flow.get`) and scales what has to
      be scaled with them (`flow.scale`, which puts the factors of a constant into the
      constant), or says why that is impossible (`flow.block`). Called again whenever
      another operand or result is scaled.
    }], "void", "followScales", (ins "::pith::ScaleFlow &":$flow)>
  ];
}

#endif // PITH_COMPRESSION_EQUALIZATION_SCALEFLOWINTERFACE_TD
