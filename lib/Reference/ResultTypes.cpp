//===- ResultTypes.cpp - Sizes of results from values ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the op's one shape rule where every size and every element is a number.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include "pith/Dialect/Pith/IR/ShapeContext.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace pith;
using namespace pith::reference;

namespace {

/// All that a rule asks for is a constant, but for sizes that depend on data in
/// ways that rules do not compute: those are symbols.
class ValueContext : public ShapeContext {
public:
  ValueContext(Operation *op, Inputs operands) : op(op) {
    results.resize(op->getNumResults());
    for (auto [value, tensor] : llvm::zip(op->getOperands(), operands))
      known.try_emplace(value, Known{&tensor, toConstants(tensor.getShape())});
  }

  MLIRContext *getContext() override { return op->getContext(); }
  ArrayRef<AffineExpr> dims(Value value) override {
    auto it = known.find(value);
    return it == known.end() ? ArrayRef<AffineExpr>() : it->second.dims;
  }
  std::optional<SymbolicShape> contents(Value value) override {
    constexpr int64_t limit = 64; // as the interface says
    auto it = known.find(value);
    if (it == known.end() || isReal(*it->second.tensor) ||
        it->second.tensor->getNumElements() > limit)
      return std::nullopt;
    return toConstants(toIntegers(*it->second.tensor));
  }
  void setDims(unsigned index, ArrayRef<AffineExpr> dims) override {
    results[index].assign(dims.begin(), dims.end());
  }
  void setContents(unsigned, ArrayRef<AffineExpr>) override {}

  AffineExpr minimum(AffineExpr a, AffineExpr b) override {
    auto x = getConstant(a), y = getConstant(b);
    return x && y ? constant(std::min(*x, *y)) : unknown();
  }
  AffineExpr maximum(AffineExpr a, AffineExpr b) override {
    auto x = getConstant(a), y = getConstant(b);
    return x && y ? constant(std::max(*x, *y)) : unknown();
  }
  AffineExpr broadcast(AffineExpr a, AffineExpr b) override {
    auto x = getConstant(a), y = getConstant(b);
    if (!x || !y)
      return unknown();
    if (*x != *y && *x != 1 && *y != 1)
      return {};
    return *x == 1 ? b : a;
  }
  AffineExpr dataDependent(unsigned, unsigned) override { return unknown(); }
  LogicalResult requireEqual(AffineExpr a, AffineExpr b) override {
    auto x = getConstant(a), y = getConstant(b);
    return failure(x && y && *x != *y);
  }
  InFlightDiagnostic emitError() override { return op->emitOpError(); }

  ArrayRef<SymbolicShape> getResults() const { return results; }

private:
  struct Known {
    const HostTensor *tensor;
    SymbolicShape dims;
  };
  SymbolicShape toConstants(ArrayRef<int64_t> numbers) {
    SymbolicShape exprs;
    for (int64_t number : numbers)
      exprs.push_back(constant(number));
    return exprs;
  }
  AffineExpr unknown() { return getAffineSymbolExpr(symbols++, getContext()); }

  Operation *op;
  llvm::DenseMap<Value, Known> known;
  SmallVector<SymbolicShape> results;
  unsigned symbols = 0;
};

} // namespace

/// Whether sizes agree, dynamic ones with all.
static bool fits(ArrayRef<int64_t> shape, ArrayRef<int64_t> declared) {
  return shape.size() == declared.size() &&
         llvm::all_of(llvm::zip(shape, declared), [](auto pair) {
           auto [size, wanted] = pair;
           return size == wanted || ShapedType::isDynamic(size) ||
                  ShapedType::isDynamic(wanted);
         });
}

LogicalResult pith::reference::checkOperands(Operation *op, Inputs operands) {
  if (operands.size() != op->getNumOperands())
    return op->emitOpError("expects ")
           << op->getNumOperands() << " values, found " << operands.size();
  for (auto [index, value] : llvm::enumerate(op->getOperands())) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    const HostTensor &tensor = operands[index];
    if (!tensor)
      return op->emitOpError("lacks the value of operand ") << index;
    if (!type || type.getElementType() != tensor.getElementType() ||
        !fits(tensor.getShape(), type.getShape()))
      return op->emitOpError("expects operand ")
             << index << " of type " << value.getType() << ", found " << tensor.getType();
  }
  return success();
}

LogicalResult pith::reference::checkSize(Operation *op, ArrayRef<int64_t> shape,
                                         Type element) {
  constexpr int64_t limit = int64_t(1) << 35; // bits: 4 GiB
  int64_t bits = getStorageBits(element);
  for (int64_t size : shape)
    if (size < 0)
      return op->emitOpError("expects result sizes of at least 0, found ") << size;
  if (llvm::is_contained(shape, 0))
    return success();
  for (int64_t size : shape)
    if (llvm::MulOverflow(bits, size, bits) || bits > limit)
      return op->emitOpError("expects a result of at most ")
             << limit / 8 << " bytes, found sizes [" << shape << "]";
  return success();
}

FailureOr<SmallVector<RankedTensorType>>
pith::reference::inferResultTypes(Operation *op, Inputs operands) {
  ValueContext context(op, operands);
  auto rule = dyn_cast<SymbolicShapeOpInterface>(op);
  if (!rule)
    return op->emitOpError("has no shape rule"), failure();
  if (failed(rule.inferSymbolicShapes(context)))
    return failure();
  SmallVector<RankedTensorType> types;
  for (auto [result, dims] : llvm::zip(op->getResults(), context.getResults())) {
    auto declared = cast<RankedTensorType>(result.getType());
    Sizes shape, least;
    for (AffineExpr size : dims) {
      shape.push_back(getConstant(size).value_or(ShapedType::kDynamic));
      least.push_back(getConstant(size).value_or(1));
    }
    if (failed(checkSize(op, least, declared.getElementType())))
      return failure();
    if (!fits(shape, declared.getShape()))
      return op->emitOpError("expects a result of type ")
                 << declared << ", but the operands give sizes [" << shape << "]",
             failure();
    types.push_back(RankedTensorType::get(shape, declared.getElementType()));
  }
  return types;
}
