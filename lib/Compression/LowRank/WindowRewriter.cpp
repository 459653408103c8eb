//===- WindowRewriter.cpp - Weights as stages -----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two stages are a vertical and a horizontal window; of three, the second has it all.
//
//===----------------------------------------------------------------------===//

#include "WindowRewriter.h"

#include "BlockProduct.h"
#include "FactorStatistics.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/WeightStatistics.h"

using namespace mlir;
using namespace pith;

std::optional<WindowShape> pith::getWindowShape(const Weight &weight) {
  RankedTensorType type = weight.getType();
  for (OpOperand *use : weight.uses) {
    auto op = dyn_cast<WindowFactorsOpInterface>(use->getOwner());
    if (!op || op.getWindowAxes(*use) != type.getRank() - 2)
      return std::nullopt;
  }
  if (type.getRank() < 3)
    return std::nullopt;
  ArrayRef<int64_t> sizes = type.getShape();
  WindowShape shape{sizes.front(), sizes[1], 1, sizes.back()};
  for (int64_t size : sizes.drop_front(2).drop_back())
    shape.rest *= size;
  return shape;
}

static SmallVector<int64_t> getStageOfAxis(size_t stages, int64_t axes) {
  SmallVector<int64_t> result(axes, 1);
  if (stages == 2)
    result.front() = 0;
  return result;
}

static Value createStageWeight(OpBuilder &builder, const Weight &weight,
                               const WindowStages &stages, size_t index,
                               ArrayRef<int64_t> stageOfAxis) {
  ArrayRef<int64_t> original = weight.getType().getShape();
  SmallVector<int64_t> sizes = {stages.shapes[index].outputs};
  for (auto [axis, stage] : llvm::enumerate(stageOfAxis))
    sizes.push_back(stage == int64_t(index) ? original[axis + 1] : 1);
  sizes.push_back(stages.shapes[index].channels);
  Type f32 = builder.getF32Type();
  HostTensor tensor(RankedTensorType::get(sizes, f32));
  llvm::copy(stages.weights[index], tensor.asMutable<float>().begin());
  constexpr StringLiteral kSuffixes[] = {".first", ".second", ".third"};
  return createConstant(builder, weight.value.getLoc(),
                        tensor.converted(weight.getType().getElementType()),
                        weight.name + kSuffixes[index].str());
}

/// Statistics of every stage's activation.
static SmallVector<ActivationStatistics>
getStageStatistics(MLIRContext *context, const ActivationStatistics &seen,
                   const WindowShape &shape, const WindowStages &stages) {
  const bool isSpatial = stages.shapes.size() == 2;
  const int64_t slices = isSpatial ? shape.rest : shape.getWindow();
  const int64_t height = isSpatial ? shape.first : 1;
  std::vector<std::vector<int64_t>> elements(slices);
  for (int64_t slice = 0; slice < slices; ++slice)
    for (int64_t i = 0; i < height; ++i)
      for (int64_t c = 0; c < shape.channels; ++c)
        elements[slice].push_back((i * shape.rest + slice) * shape.channels + c);
  SmallVector<ActivationStatistics> result = {averageSlices(seen, elements)};
  const int64_t inner = stages.firstMap.size() / shape.getReduction();
  result.push_back(transformStatistics(context, seen, stages.firstMap, inner));
  if (!isSpatial) {
    const WindowShape &core = stages.shapes[1];
    result.push_back(
        transformStatistics(context, result[1], stages.weights[1], core.outputs));
  }
  return result;
}

/// How much an error of each stage's outputs counts: the stages after it tell.
static SmallVector<double> getStageSensitivities(MLIRContext *context, double last,
                                                 const WindowStages &stages) {
  SmallVector<double> result(stages.shapes.size(), last);
  std::vector<float> after = stages.weights.back();
  for (int64_t stage = int64_t(result.size()) - 2; stage >= 0; --stage) {
    double squares = 0;
    for (float x : after)
      squares += double(x) * x;
    result[stage] = last * squares / double(stages.shapes[stage].outputs);
    if (stage > 0)
      after = multiplyMatrices(context, after, stages.weights[stage],
                               stages.shapes[stage].outputs);
  }
  return result;
}

RewrittenWindow pith::rewriteInStages(const Weight &weight, const WindowStages &stages) {
  MLIRContext *context = weight.value.getContext();
  OpBuilder builder(context);
  builder.setInsertionPointAfterValue(weight.value);
  const WindowShape shape = *getWindowShape(weight);
  SmallVector<int64_t> stageOfAxis =
      getStageOfAxis(stages.shapes.size(), weight.getType().getRank() - 2);
  RewrittenWindow rewritten;
  SmallVector<Value> weights;
  for (size_t index = 0; index < stages.shapes.size(); ++index) {
    weights.push_back(createStageWeight(builder, weight, stages, index, stageOfAxis));
    rewritten.constants.push_back(weights.back().getDefiningOp());
  }
  for (OpOperand *use : weight.uses) {
    Operation *old = use->getOwner();
    builder.setInsertionPoint(old);
    SmallVector<Operation *> ops = cast<WindowFactorsOpInterface>(old).createStages(
        builder, weights, stageOfAxis);
    ops.back()->getResult(0).setType(old->getResult(0).getType());
    rewritten.results.push_back(ops.back()->getResult(0));
    std::optional<ActivationStatistics> seen = ActivationStatistics::get(old);
    if (seen && seen->getGroups() == 1 && seen->getReductionSize() == shape.getReduction())
      for (auto [op, statistics] :
           llvm::zip_equal(ops, getStageStatistics(context, *seen, shape, stages)))
        statistics.set(op, getNodeName(op));
    if (auto sensitivity = old->getAttrOfType<FloatAttr>(kSensitivityAttr))
      for (auto [op, value] :
           llvm::zip_equal(ops, getStageSensitivities(
                                    context, sensitivity.getValueAsDouble(), stages)))
        op->setAttr(kSensitivityAttr, builder.getF64FloatAttr(value));
    if (Attribute bits = old->getAttr(kBitsAttr))
      for (Operation *op : ops)
        op->setAttr(kBitsAttr, bits);
  }
  return rewritten;
}
