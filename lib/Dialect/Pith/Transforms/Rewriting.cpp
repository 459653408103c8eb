//===- Rewriting.cpp - What the simplify passes share ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace pith;

SmallVector<int64_t> pith::permute(ArrayRef<int64_t> list,
                                   ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> result;
  for (int64_t axis : permutation)
    result.push_back(list[axis]);
  return result;
}

SmallVector<int64_t> pith::invert(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> result(permutation.size());
  for (auto [i, axis] : llvm::enumerate(permutation))
    result[axis] = i;
  return result;
}

Value pith::createTranspose(OpBuilder &builder, Location loc, Value value,
                            ArrayRef<int64_t> permutation) {
  auto type = tensorType(value);
  SmallVector<int64_t> shape = permute(type.getShape(), permutation);
  if (std::optional<HostTensor> tensor = getConstantTensor(value)) {
    if (keepsElementOrder(type.getShape(), permutation))
      return createReshapedConstant(builder, value, shape);
    return createConstant(builder, value.getLoc(), transpose(*tensor, permutation),
                          getConstantName(value));
  }
  return TransposeOp::create(builder, loc,
                             RankedTensorType::get(shape, type.getElementType()), value,
                             permutation);
}

std::optional<SmallVector<double>> pith::getPerChannel(Value constant,
                                                       RankedTensorType type,
                                                       int64_t axis) {
  std::optional<HostTensor> tensor = getConstantTensor(constant);
  int64_t channels = type.getDimSize(axis);
  if (!tensor || ShapedType::isDynamic(channels) || tensor->getRank() > type.getRank())
    return std::nullopt;
  int64_t own = axis - (type.getRank() - tensor->getRank());
  for (auto [i, size] : llvm::enumerate(tensor->getShape()))
    if (size != 1 && (int64_t(i) != own || size != channels))
      return std::nullopt;
  bool one = tensor->getNumElements() == 1;
  SmallVector<double> values;
  for (int64_t i = 0; i < channels; ++i)
    values.push_back(tensor->getDouble(one ? 0 : i));
  return values;
}

Value pith::createPerChannel(OpBuilder &builder, Location loc, Type element,
                             ArrayRef<double> values, int64_t axis, int64_t rank,
                             StringAttr name) {
  SmallVector<int64_t> shape(rank - axis, 1);
  shape.front() = values.size();
  HostTensor tensor(RankedTensorType::get(shape, element));
  for (auto [i, value] : llvm::enumerate(values))
    tensor.setDouble(i, value);
  return createConstant(builder, loc, tensor, name);
}

Value pith::getOther(Operation *op, Value value) {
  return op->getOperand(op->getOperand(0) == value ? 1 : 0);
}

void pith::remarkMissed(Operation *op, StringRef pass, StringRef name,
                        const Twine &reason) {
  remark::missed(op->getLoc(),
                 remark::RemarkOpts::name(name).category(pass).function("main"))
      << reason.str();
}

LogicalResult pith::applyToFixedPoint(Operation *function,
                                      RewritePatternSet &&patterns) {
  GreedyRewriteConfig config;
  config.setUseTopDownTraversal(true);
  // Constants stay where they are, under their names; nothing is folded.
  config.enableConstantCSE(false);
  config.enableFolding(false);
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return applyPatternsGreedily(function, std::move(patterns), config);
}
