//===- WindowFactorsInterface.td - Ops whose weight is a window -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_LOWRANK_WINDOWFACTORSINTERFACE_TD
#define PITH_COMPRESSION_LOWRANK_WINDOWFACTORSINTERFACE_TD

include "mlir/IR/OpBase.td"

def Pith_WindowFactorsOpInterface : OpInterface<"WindowFactorsOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    An op that slides a window over some axes, `[outputs, window…, channels]` being its
    weight, and that several such ops one after the other may replace.
  }];
  let methods = [
    InterfaceMethod<[{
      The number of axes of the window; 0 if the op does not factorize.
    }], "int64_t", "getWindowAxes", (ins "::mlir::OpOperand &":$weight)>,
    InterfaceMethod<[{
      Creates ops with the weights `stages`, each on the result of the one before. The
      stage `stageOfAxis[i]` moves over window axis i as the op does (stride, dilation,
      padding) and has its size there; the others have 1. The last adds the bias.
    }], "::llvm::SmallVector<::mlir::Operation *>", "createStages",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$stages,
           "::llvm::ArrayRef<int64_t>":$stageOfAxis)>
  ];
}

#endif // PITH_COMPRESSION_LOWRANK_WINDOWFACTORSINTERFACE_TD
