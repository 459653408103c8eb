//===- ChannelFlowInterface.td - Which channels stand or fall together ----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_STRUCTURED_CHANNELFLOWINTERFACE_TD
#define PITH_COMPRESSION_STRUCTURED_CHANNELFLOWINTERFACE_TD

include "mlir/IR/OpBase.td"

def Pith_ChannelFlowOpInterface : OpInterface<"ChannelFlowOpInterface"> {
  let cppNamespace = "::pith";
  let description = [{
    How indices of one axis ("channels") of an op's operands and results depend on
    those of the others, for passes that remove some: what has to go with a removed
    channel, and what of the op's own description changes then.

    The rules are about sizes alone. Whether a removal is exact is another matter; it
    is wherever the removed elements are zeros where they are summed up.
  }];
  let methods = [
    InterfaceMethod<[{
      Completes a removal: looks at what is removed of axes of operands and results
      (`flow.getRemoved`), and removes what has to go with it (`flow.remove`, `couple`,
      `keep`). Called again whenever more was removed.
    }], "void", "coupleChannels", (ins "::pith::ChannelFlow &":$flow)>,
    InterfaceMethod<[{
      Adapts attributes, and operands that are lists of sizes, to what was removed. The
      types of operands and results are the new ones already.
    }], "void", "dropChannels",
      (ins "const ::pith::ChannelFlow &":$flow, "::mlir::OpBuilder &":$builder), "",
      [{ return; }]>,
    InterfaceMethod<[{
      The axes at which a removal may begin.
    }], "::llvm::SmallVector<::pith::ChannelSeed>", "getChannelSeeds", (ins), "",
      [{ return {}; }]>
  ];
}

#endif // PITH_COMPRESSION_STRUCTURED_CHANNELFLOWINTERFACE_TD
