//===- MatMul.cpp - Which kernel a matrix product gets --------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "pith/Codegen/CPU/Contraction/ContractionKernels.h"

using namespace mlir;
using namespace pith;

namespace {

bool isComputedInSingle(Type element) {
  return element.isF32() || element.isF16() || element.isBF16();
}

/// A weight that all rows of the left side share, if that is what `op` has.
std::optional<RowProduct> matchRowProduct(MatMulOp op) {
  auto lhs = cast<RankedTensorType>(op.getLhs().getType());
  auto rhs = cast<RankedTensorType>(op.getRhs().getType());
  if (!isComputedInSingle(lhs.getElementType()) || lhs.getRank() < 1 ||
      !rhs.hasStaticShape() || rhs.getRank() > 2 ||
      !PanelWeight::isWeight(op.getRhs()) || PanelWeight::isWeight(op.getLhs()))
    return std::nullopt;
  bool isCodec = op.getRhs().getDefiningOp<WeightCodecOpInterface>() != nullptr;
  RowProduct product;
  product.lhs = op.getLhs();
  product.weight = op.getRhs();
  product.rowAxes = lhs.getRank() - 1;
  if (rhs.getRank() == 1) {
    // A column: [reduction] is [1 output, reduction].
    product.outputs = 1;
    product.reduction = rhs.getDimSize(0);
    product.hasOutputAxis = false;
    // Codecs count outputs along axis 0.
    if (isCodec)
      return std::nullopt;
  } else {
    product.transposed = !op.getTransposeRhs();
    product.outputs = rhs.getDimSize(product.transposed ? 1 : 0);
    product.reduction = rhs.getDimSize(product.transposed ? 0 : 1);
    if (product.transposed && isCodec)
      return std::nullopt;
  }
  return product;
}

struct MatMulModel : KernelOpInterface::ExternalModel<MatMulModel, MatMulOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *operation, KernelEmitter &kernel) const {
    auto op = cast<MatMulOp>(operation);
    if (auto product = matchRowProduct(op)) {
      auto isInteger = emitIntegerProduct(kernel, *product);
      if (failed(isInteger) || *isInteger)
        return success(succeeded(isInteger));
      return emitRowProduct(kernel, *product);
    }
    auto isCodec = [](Value v) {
      return v.getDefiningOp<WeightCodecOpInterface>() != nullptr;
    };
    if (isCodec(op.getRhs()) || isCodec(op.getLhs()))
      return op->emitError("compressed weight of a matmul must be the right-hand "
                           "side, of rank 2, and transposed");
    Type element = cast<RankedTensorType>(op.getLhs().getType()).getElementType();
    if (isComputedInSingle(element))
      return emitGeneralProduct(kernel, op);
    return emitPlainProduct(kernel, op);
  }
};

struct ConvModel : KernelOpInterface::ExternalModel<ConvModel, ConvOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *operation, KernelEmitter &kernel) const {
    return emitConv(kernel, cast<ConvOp>(operation));
  }
};

struct ConvTransposeModel
    : KernelOpInterface::ExternalModel<ConvTransposeModel, ConvTransposeOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  LogicalResult emitKernel(Operation *operation, KernelEmitter &kernel) const {
    return emitConvTranspose(kernel, cast<ConvTransposeOp>(operation));
  }
};

struct DynamicQuantizeModel
    : KernelOpInterface::ExternalModel<DynamicQuantizeModel, DynamicQuantizeOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  LogicalResult emitKernel(Operation *operation, KernelEmitter &kernel) const {
    return emitDynamicQuantize(kernel, cast<DynamicQuantizeOp>(operation));
  }
};

} // namespace

void pith::attachContractionModels(MLIRContext *context) {
  MatMulOp::attachInterface<MatMulModel>(*context);
  ConvOp::attachInterface<ConvModel>(*context);
  ConvTransposeOp::attachInterface<ConvTransposeModel>(*context);
  DynamicQuantizeOp::attachInterface<DynamicQuantizeModel>(*context);
}

void pith::registerContractionKernelModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *) {
    attachContractionModels(context);
  });
}
