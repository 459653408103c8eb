//===- WindowStages.cpp - Convolutions as stages of convolutions ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface of ops whose weight is a window, for the convolutions of the dialect.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/LowRank/WindowFactors.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace pith;

#include "pith/Compression/LowRank/WindowFactorsInterface.cpp.inc"

/// Sets the result's sizes by the op's own rule.
static void inferType(ConvOp op) {
  SmallVector<SmallVector<int64_t>> shapes;
  if (succeeded(inferStaticShapes(op, shapes)))
    op.getResult().setType(
        RankedTensorType::get(shapes[0], op.getType().getElementType()));
}

namespace {
struct ConvStages : WindowFactorsOpInterface::ExternalModel<ConvStages, ConvOp> {
  int64_t getWindowAxes(Operation *op, OpOperand &weight) const {
    auto conv = cast<ConvOp>(op);
    if (!conv.isWeightOutputMajor(weight) || conv.getGroup() != 1)
      return 0;
    return conv.getStrides().size();
  }

  SmallVector<Operation *> createStages(Operation *op, OpBuilder &builder,
                                        ValueRange stages,
                                        ArrayRef<int64_t> stageOfAxis) const {
    auto conv = cast<ConvOp>(op);
    const int64_t axes = stageOfAxis.size();
    SmallVector<Operation *> created;
    Value input = conv.getInput();
    for (auto [index, weight] : llvm::enumerate(stages)) {
      SmallVector<int64_t> strides(axes, 1), dilations(axes, 1), low(axes, 0),
          high(axes, 0);
      for (int64_t axis = 0; axis < axes; ++axis) {
        if (stageOfAxis[axis] != int64_t(index))
          continue;
        strides[axis] = conv.getStrides()[axis];
        dilations[axis] = conv.getDilations()[axis];
        low[axis] = conv.getPadsLow()[axis];
        high[axis] = conv.getPadsHigh()[axis];
      }
      bool isLast = index + 1 == stages.size();
      SmallVector<int64_t> unknown(axes + 2, ShapedType::kDynamic);
      auto type = RankedTensorType::get(unknown, conv.getType().getElementType());
      auto stage = ConvOp::create(builder, conv.getLoc(), type, input, weight,
                                  isLast ? conv.getBias() : Value(), strides, dilations,
                                  low, high, 1, conv.getLayout());
      inferType(stage);
      created.push_back(stage);
      input = stage.getResult();
    }
    return created;
  }
};
} // namespace

void pith::registerWindowFactors(MLIRContext *context) {
  ConvOp::attachInterface<ConvStages>(*context);
}
