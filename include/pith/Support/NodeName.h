//===- NodeName.h - Names of ONNX nodes in locations ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_SUPPORT_NODENAME_H
#define PITH_SUPPORT_NODENAME_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/StringRef.h"

namespace pith {

/// The name of the ONNX node that a location comes from: the first one, where ops
/// were fused; empty if there is none.
llvm::StringRef findNodeName(mlir::Location loc);

} // namespace pith

#endif // PITH_SUPPORT_NODENAME_H
