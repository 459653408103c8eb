//===- VerifySimplified.cpp - pith-verify-simplified ----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace pith {
#define GEN_PASS_DEF_VERIFYSIMPLIFIEDPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

template <typename Op>
static LogicalResult checkLayout(Op op) {
  if (op.getLayout() == Layout::ChannelsLast)
    return success();
  return op.emitOpError("expects layout channels_last in simplified IR, found ")
         << stringifyLayout(op.getLayout());
}

template <typename Op>
static LogicalResult checkAxis(Op op) {
  int64_t last = op.getType().getRank() - 1, axis = op.getAxis();
  if (axis == last)
    return success();
  return op.emitOpError("expects axis ")
         << last << ", the last one, in simplified IR, found " << axis;
}

static LogicalResult checkWeight(MatMulOp op) {
  auto type = tensorType(op.getRhs());
  if (type.getRank() != 2 || op.getTransposeRhs() ||
      !isa<FloatType>(type.getElementType()) || !op.getRhs().getDefiningOp<ConstantOp>())
    return success();
  // Both sides constant: too big to fold.
  if (op.getLhs().getDefiningOp<ConstantOp>() || !getConstantTensor(op.getRhs()))
    return success();
  return op.emitOpError("expects an output-major weight (transpose_rhs) in simplified IR");
}

static LogicalResult check(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<ConvOp, MaxPoolOp, AveragePoolOp, LpPoolOp>(
          [](auto window) { return checkLayout(window); })
      .Case<SoftmaxOp, LogSoftmaxOp>([](auto softmax) { return checkAxis(softmax); })
      .Case<MatMulOp>([](MatMulOp product) { return checkWeight(product); })
      .Case<BatchNormOp>([](BatchNormOp norm) {
        return norm.emitOpError("expects batch norm to be folded in simplified IR");
      })
      .Default([](Operation *) { return success(); });
}

namespace {
struct VerifySimplifiedPass : pith::impl::VerifySimplifiedPassBase<VerifySimplifiedPass> {
  void runOnOperation() override {
    bool failedAny = false;
    getOperation().walk([&](Operation *op) { failedAny |= failed(check(op)); });
    if (failedAny)
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
