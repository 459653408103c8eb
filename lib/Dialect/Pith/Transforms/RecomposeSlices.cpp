//===- RecomposeSlices.cpp - pith-recompose-slices ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reshapes, transposes and look-ups of one index are followed as a view: for every
// axis of the result a size and a distance in the source's memory. Where the view
// is a part of the source's own axes, it is a slice.
//
//     channel shuffle, second half, of [1, 48, 44, 44]:
//       reshape [24, 2, 1936], transpose [2, 24, 1936], reshape [2, 1, 24, 44, 44],
//       gather 1                      =  slice 1, 3, 5, … along axis 1
//
//===----------------------------------------------------------------------===//

#include "Rewriting.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"

namespace pith {
#define GEN_PASS_DEF_RECOMPOSESLICESPASS
#include "pith/Dialect/Pith/Transforms/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

struct View {
  SmallVector<int64_t> sizes, strides;
  int64_t offset = 0;

  static View whole(ArrayRef<int64_t> shape) {
    View view;
    view.sizes.assign(shape.begin(), shape.end());
    view.strides.assign(shape.size(), 1);
    for (int64_t i = int64_t(shape.size()) - 2; i >= 0; --i)
      view.strides[i] = view.strides[i + 1] * shape[i + 1];
    return view;
  }
  std::optional<View> reshaped(ArrayRef<int64_t> shape) const;
  View transposed(ArrayRef<int64_t> permutation) const {
    return {permute(sizes, permutation), permute(strides, permutation), offset};
  }
  /// Index `index` of an axis, which disappears.
  View at(int64_t axis, int64_t index) const {
    View view = *this;
    view.offset += index * strides[axis];
    view.sizes.erase(view.sizes.begin() + axis);
    view.strides.erase(view.strides.begin() + axis);
    return view;
  }
};

} // namespace

/// Axes are split and joined in groups of equal products; joined axes must lie
/// behind each other in memory.
std::optional<View> View::reshaped(ArrayRef<int64_t> shape) const {
  View result;
  result.sizes.assign(shape.begin(), shape.end());
  result.strides.assign(shape.size(), 0);
  result.offset = offset;
  size_t from = 0, to = 0;
  while (from < sizes.size() || to < shape.size()) {
    size_t fromEnd = from, toEnd = to;
    int64_t a = 1, b = 1;
    do {
      if (a <= b && fromEnd < sizes.size())
        a *= sizes[fromEnd++];
      else if (toEnd < shape.size())
        b *= shape[toEnd++];
      else
        return std::nullopt;
    } while (a != b || (fromEnd == from && toEnd == to));
    // One stride for the whole group of source axes.
    std::optional<int64_t> stride;
    int64_t expected = 0;
    for (size_t i = fromEnd; i-- > from;) {
      if (sizes[i] == 1)
        continue;
      if (stride && strides[i] != expected)
        return std::nullopt;
      if (!stride)
        stride = strides[i];
      expected = strides[i] * sizes[i];
    }
    int64_t next = stride.value_or(1);
    for (size_t i = toEnd; i-- > to;) {
      result.strides[i] = next;
      next *= shape[i];
    }
    from = fromEnd;
    to = toEnd;
  }
  return result;
}

namespace {

/// A part of a tensor: one start and step per axis.
struct Part {
  SmallVector<int64_t> starts, steps;
};

/// The view as a part of a tensor of `shape` with the view's sizes.
std::optional<Part> asPart(const View &view, ArrayRef<int64_t> shape) {
  View whole = View::whole(shape);
  if (view.sizes.size() != shape.size())
    return std::nullopt;
  Part part;
  int64_t rest = view.offset;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    int64_t stride = whole.strides[axis];
    int64_t start = shape[axis] == 1 ? 0 : rest / stride;
    rest -= start * stride;
    int64_t step = 1;
    if (view.sizes[axis] > 1) {
      if (view.strides[axis] % stride != 0 || view.strides[axis] < stride)
        return std::nullopt;
      step = view.strides[axis] / stride;
    }
    if (start + (view.sizes[axis] - 1) * step >= shape[axis])
      return std::nullopt;
    part.starts.push_back(start);
    part.steps.push_back(step);
  }
  return rest == 0 ? std::optional<Part>(part) : std::nullopt;
}

bool isView(Operation *op) {
  if (isa_and_nonnull<ReshapeOp, SqueezeOp, UnsqueezeOp, FlattenOp, TransposeOp>(op))
    return true;
  auto gather = dyn_cast_if_present<GatherOp>(op);
  return gather && tensorType(gather.getIndices()).getRank() == 0 &&
         getConstantList(gather.getIndices());
}

std::optional<View> apply(Operation *op, const View &view) {
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return view.transposed(transpose.getPermutation());
  if (auto gather = dyn_cast<GatherOp>(op)) {
    int64_t axis = gather.getAxis(), index = getConstantList(gather.getIndices())->front();
    index += index < 0 ? view.sizes[axis] : 0;
    if (index < 0 || index >= view.sizes[axis])
      return std::nullopt;
    return view.at(axis, index);
  }
  return view.reshaped(tensorType(op->getResult(0)).getShape());
}

/// A look-up of one index at the end of such a chain.
struct GatherToSlice : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    if (!isView(op) || op.getInput().getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "no look-up of one constant index");
    SmallVector<Operation *> chain{op};
    while (isView(chain.back()->getOperand(0).getDefiningOp()))
      chain.push_back(chain.back()->getOperand(0).getDefiningOp());
    // The longest chain that is a slice wins.
    for (; chain.size() > 1; chain.pop_back()) {
      Value source = chain.back()->getOperand(0);
      if (std::optional<Part> part = match(chain, source)) {
        replace(op, source, *part, rewriter);
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "not a part of any tensor before");
  }

private:
  static std::optional<Part> match(ArrayRef<Operation *> chain, Value source) {
    auto type = tensorType(source);
    auto result = tensorType(chain.front()->getResult(0));
    if (!type.hasStaticShape() || !result.hasStaticShape() || type.getNumElements() == 0)
      return std::nullopt;
    std::optional<View> view = View::whole(type.getShape());
    for (Operation *op : llvm::reverse(chain)) {
      if (!tensorType(op->getResult(0)).hasStaticShape())
        return std::nullopt;
      view = apply(op, *view);
      if (!view)
        return std::nullopt;
    }
    return asPart(*view, type.getShape());
  }

  static void replace(GatherOp op, Value source, const Part &part,
                      PatternRewriter &rewriter) {
    auto type = op.getType();
    SmallVector<int64_t> starts, ends, axes, steps;
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      int64_t size = type.getDimSize(axis), step = part.steps[axis];
      if (size == tensorType(source).getDimSize(axis))
        continue;
      axes.push_back(axis);
      starts.push_back(part.starts[axis]);
      ends.push_back(part.starts[axis] + (size - 1) * step + 1);
      steps.push_back(step);
    }
    Value from = createList(rewriter, op.getLoc(), starts);
    Value to = createList(rewriter, op.getLoc(), ends);
    rewriter.replaceOpWithNewOp<SliceOp>(op, type, source, from, to, axes, steps);
  }
};

struct RecomposeSlicesPass : pith::impl::RecomposeSlicesPassBase<RecomposeSlicesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<GatherToSlice>(&getContext());
    if (failed(applyToFixedPoint(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
