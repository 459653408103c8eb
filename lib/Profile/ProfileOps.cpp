//===- ProfileOps.cpp - Watching what a model computes --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Profile/ProfileOps.h"

#include "pith/Runtime/Observer.h"

using namespace mlir;
using namespace pith;

#define GET_OP_CLASSES
#include "pith/Profile/ProfileOps.cpp.inc"

void pith::registerProfileOps(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *dialect) {
    dialect->registerExtensionOps<
#define GET_OP_LIST
#include "pith/Profile/ProfileOps.cpp.inc"
        >();
  });
}

LogicalResult ObserveOp::inferSymbolicShapes(ShapeContext &) { return success(); }

FailureOr<SmallVector<HostTensor>> ObserveOp::evaluate(ArrayRef<HostTensor>) {
  return SmallVector<HostTensor>();
}

LogicalResult ObserveOp::verify() {
  constexpr size_t kFields = sizeof(pith_site) / sizeof(int64_t);
  if (getSite().size() != kFields)
    return emitOpError("expects a site of ")
           << kFields << " numbers (C1), found " << getSite().size();
  pith_site site;
  std::memcpy(&site, getSite().data(), sizeof(site));
  auto type = cast<RankedTensorType>(getActivation().getType());
  Type element = type.getElementType();
  int64_t dtype = element.isF16()    ? PITH_FLOAT16
                  : element.isBF16() ? PITH_BFLOAT16
                  : element.isF32()  ? PITH_FLOAT32
                  : element.isF64()  ? PITH_FLOAT64
                                     : -1;
  if (site.dtype != dtype || site.rank != type.getRank())
    return emitOpError("expects an activation of the site's type ")
           << site.dtype << " and rank " << site.rank << " (C2), found " << type;
  return success();
}
