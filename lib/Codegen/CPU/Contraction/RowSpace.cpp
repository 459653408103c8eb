//===- RowSpace.cpp - The rows of a contraction ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowSpace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pith;

/// Makes the first `axes` axes of all values of the epilogue one axis. Returns
/// whether it did.
static bool collapseRows(KernelEmitter &kernel, size_t axes) {
  Operation *root = kernel.getRoot();
  SmallVector<AffineExpr> full(kernel.dims(root->getResult(0)));
  llvm::SetVector<Value> values;
  values.insert(root->getResult(0));
  for (Operation &op : kernel.getSource().getBody().front().without_terminator()) {
    if (&op == root || op.hasTrait<mlir::OpTrait::ConstantLike>() ||
        isa<WeightCodecOpInterface>(op))
      continue;
    auto kernelOp = dyn_cast<KernelOpInterface>(op);
    if (!kernelOp || kernelOp.getKernelRole() != KernelRole::Pointwise)
      return false;
    values.insert(op.operand_begin(), op.operand_end());
    values.insert(op.result_begin(), op.result_end());
  }
  AffineExpr one = getAffineConstantExpr(1, kernel.getContext());
  SmallVector<std::pair<Value, SmallVector<AffineExpr>>> collapsed;
  for (Value value : values) {
    SmallVector<AffineExpr> own(kernel.dims(value));
    if (own.size() > full.size())
      return false;
    // What a codec computes has its operands' axes.
    if (value.getDefiningOp<WeightCodecOpInterface>()) {
      if (own.size() > full.size() - axes)
        return false;
      continue;
    }
    own.insert(own.begin(), full.size() - own.size(), one);
    bool same = true, ones = true;
    for (size_t axis = 0; axis < axes; ++axis) {
      same &= own[axis] == full[axis];
      ones &= own[axis] == one;
    }
    if (!same && !ones)
      return false;
    SmallVector<AffineExpr> joined{
        product(kernel.getContext(), ArrayRef(own).take_front(axes))};
    joined.append(own.begin() + axes, own.end());
    collapsed.push_back({value, std::move(joined)});
  }
  for (auto &[value, dims] : collapsed)
    kernel.getShapes().setDims(value, dims);
  return true;
}

RowSpace::RowSpace(KernelEmitter &kernel, size_t axes) : kernel(kernel) {
  if (axes > 1)
    if (collapseRows(kernel, axes))
      axes = 1;
  ArrayRef<AffineExpr> own = kernel.dims(kernel.getRoot()->getResult(0));
  dims.assign(own.begin(), own.begin() + axes);
  count = product(kernel.getContext(), dims);
}

std::optional<int64_t> pith::getConstantRows(KernelEmitter &kernel, size_t axes) {
  ArrayRef<AffineExpr> dims = kernel.dims(kernel.getRoot()->getResult(0));
  return getConstant(product(kernel.getContext(), dims.take_front(axes)));
}

SmallVector<LaneIndex> RowSpace::position(OpBuilder &builder, Value row) const {
  SmallVector<LaneIndex> position;
  if (dims.size() == 1) {
    position.push_back({row, 0});
    return position;
  }
  for (Value index : kernel.delinearize(builder, row, dims))
    position.push_back({index, 0});
  return position;
}

SmallVector<int64_t> RowSpace::tileSizes(int64_t most) const {
  SmallVector<int64_t> sizes;
  if (auto rows = getConstantCount()) {
    if (*rows == 0)
      return {1};
    int64_t tiles = llvm::divideCeil(*rows, most);
    int64_t size = llvm::divideCeil(*rows, tiles);
    sizes.push_back(size);
    if (*rows % size)
      sizes.push_back(*rows % size);
    return sizes;
  }
  sizes.push_back(most);
  for (int64_t size : {8, 4, 2, 1})
    if (size < most)
      sizes.push_back(size);
  return sizes;
}

void pith::forEachPiece(
    OpBuilder &builder, Location loc, Value from, Value to,
    ArrayRef<int64_t> sizes,
    function_ref<void(OpBuilder &, Value, int64_t)> body) {
  TileCode code(builder, loc);
  for (int64_t size : sizes) {
    Value length = code.sub(to, from);
    Value whole = code.sub(length, code.rem(length, size));
    Value middle = code.add(from, whole);
    APInt known;
    if (matchPattern(length, m_ConstantInt(&known))) {
      if (known.ult(size))
        continue;
      if (known.ult(2 * size)) {
        body(builder, from, size);
        from = middle;
        continue;
      }
    }
    KernelEmitter::loop(builder, loc, from, middle, size,
                        [&](OpBuilder &b, Value at) { body(b, at, size); });
    from = middle;
  }
}
