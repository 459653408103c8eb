//===- ShapeAnalysis.cpp - Symbolic sizes of a whole function -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The analysis proper, and a small context for verifiers and builders, in which
// every unknown size is a symbol of its own and only constants have contents.
//
//===----------------------------------------------------------------------===//

#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"

#include "ShapeExpressions.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

static constexpr int64_t kMaxContents = 64;

/// Elements of a constant integer tensor.
static std::optional<SymbolicShape> constantContents(Value value) {
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  if (!type || !isa<IntegerType>(type.getElementType()) || !type.hasStaticShape() ||
      type.getNumElements() > kMaxContents)
    return std::nullopt;
  auto tensor = HostTensor::get(attr);
  if (!tensor)
    return std::nullopt;
  SymbolicShape result;
  for (int64_t i = 0, e = tensor->getNumElements(); i < e; ++i)
    result.push_back(getAffineConstantExpr(tensor->getInt(i), value.getContext()));
  return result;
}

/// Broadcasting that needs no run-time symbol; null if it does, or if it fails
/// (`conflict`).
static AffineExpr broadcastKnown(AffineExpr a, AffineExpr b, bool &conflict) {
  conflict = false;
  if (a == b)
    return a;
  auto x = getConstant(a), y = getConstant(b);
  if (x && y) {
    if (*x == 1)
      return b;
    if (*y == 1)
      return a;
    conflict = true;
    return {};
  }
  // A constant other than 1 wins: the other one is equal to it, or 1.
  if (x)
    return *x == 1 ? b : a;
  if (y)
    return *y == 1 ? a : b;
  return {};
}

//===----------------------------------------------------------------------===//
// Verifiers and builders
//===----------------------------------------------------------------------===//

namespace {

/// Unknown sizes are fresh symbols.
class StaticContext : public ShapeContext {
public:
  explicit StaticContext(Operation *op) : op(op), context(op->getContext()) {
    results.resize(op->getNumResults());
  }
  MLIRContext *getContext() override { return context; }
  ArrayRef<AffineExpr> dims(Value value) override {
    auto [it, isNew] = known.try_emplace(value);
    if (isNew)
      for (int64_t size : cast<RankedTensorType>(value.getType()).getShape())
        it->second.push_back(ShapedType::isDynamic(size) ? fresh() : constant(size));
    return it->second;
  }
  std::optional<SymbolicShape> contents(Value value) override {
    if (auto fixed = constantContents(value))
      return fixed;
    auto type = cast<RankedTensorType>(value.getType());
    if (!isa<IntegerType>(type.getElementType()) || !type.hasStaticShape() ||
        type.getNumElements() > kMaxContents)
      return std::nullopt;
    auto [it, isNew] = unknown.try_emplace(value);
    if (isNew)
      for (int64_t i = 0; i < type.getNumElements(); ++i)
        it->second.push_back(fresh());
    return it->second;
  }
  void setDims(unsigned index, ArrayRef<AffineExpr> shape) override {
    results[index].assign(shape.begin(), shape.end());
  }
  void setContents(unsigned, ArrayRef<AffineExpr>) override {}
  AffineExpr minimum(AffineExpr a, AffineExpr b) override {
    auto x = getConstant(a), y = getConstant(b);
    return x && y ? constant(std::min(*x, *y)) : a == b ? a : fresh();
  }
  AffineExpr maximum(AffineExpr a, AffineExpr b) override {
    auto x = getConstant(a), y = getConstant(b);
    return x && y ? constant(std::max(*x, *y)) : a == b ? a : fresh();
  }
  AffineExpr broadcast(AffineExpr a, AffineExpr b) override {
    bool conflict;
    AffineExpr result = broadcastKnown(a, b, conflict);
    return result || conflict ? result : fresh();
  }
  AffineExpr dataDependent(unsigned, unsigned) override { return fresh(); }
  LogicalResult requireEqual(AffineExpr a, AffineExpr b) override {
    auto x = getConstant(a), y = getConstant(b);
    return failure(x && y && *x != *y);
  }
  InFlightDiagnostic emitError() override { return op->emitOpError(); }
  ArrayRef<SymbolicShape> getResults() const { return results; }

private:
  AffineExpr fresh() { return getAffineSymbolExpr(count++, context); }
  Operation *op;
  MLIRContext *context;
  llvm::DenseMap<Value, SymbolicShape> known, unknown;
  SmallVector<SymbolicShape> results;
  unsigned count = 0;
};

} // namespace

LogicalResult pith::verifyShapes(Operation *op) {
  StaticContext context(op);
  if (failed(cast<SymbolicShapeOpInterface>(op).inferSymbolicShapes(context)))
    return failure();
  for (auto [i, shape] : llvm::enumerate(context.getResults())) {
    auto type = cast<RankedTensorType>(op->getResult(i).getType());
    bool fits = type.getRank() == int64_t(shape.size());
    for (size_t axis = 0; fits && axis < shape.size(); ++axis) {
      auto expected = getConstant(shape[axis]);
      int64_t found = type.getShape()[axis];
      fits = !expected || ShapedType::isDynamic(found) || *expected == found;
    }
    if (fits)
      continue;
    auto diagnostic = op->emitOpError("expects result sizes [");
    llvm::interleaveComma(shape, diagnostic, [&](AffineExpr size) {
      if (auto constant = getConstant(size))
        diagnostic << *constant;
      else
        diagnostic << "?";
    });
    return diagnostic << "], found " << type;
  }
  return success();
}

LogicalResult
pith::inferStaticShapes(Operation *op, SmallVectorImpl<SmallVector<int64_t>> &shapes) {
  StaticContext context(op);
  auto rule = dyn_cast<SymbolicShapeOpInterface>(op);
  if (!rule)
    return op->emitOpError("has no shape rule");
  if (failed(rule.inferSymbolicShapes(context)))
    return failure();
  for (const SymbolicShape &shape : context.getResults()) {
    SmallVector<int64_t> sizes;
    for (AffineExpr size : shape)
      sizes.push_back(getConstant(size).value_or(ShapedType::kDynamic));
    shapes.push_back(std::move(sizes));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The analysis
//===----------------------------------------------------------------------===//

ShapeAnalysis::ShapeAnalysis(func::FuncOp func) : func(func) {
  MLIRContext *context = func.getContext();
  if (auto names = func->getAttrOfType<ArrayAttr>("pith.symbols"))
    for (Attribute name : names) {
      auto text = dyn_cast<StringAttr>(name);
      symbols.push_back({RuntimeSymbol::Kind::Input, text ? text.str() : "", {}, 0, {}, {}});
    }
  // Without attributes every dynamic size is an input symbol of its own.
  for (BlockArgument argument : func.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    unsigned number = argument.getArgNumber();
    SymbolicShape shape;
    auto map = func.getArgAttrOfType<AffineMapAttr>(number, "pith.shape");
    bool usable = map && int64_t(map.getValue().getNumResults()) == type.getRank() &&
                  map.getValue().getNumSymbols() <= symbols.size();
    for (auto [axis, size] : llvm::enumerate(type.getShape())) {
      if (!ShapedType::isDynamic(size))
        shape.push_back(getAffineConstantExpr(size, context));
      else if (usable)
        shape.push_back(map.getValue().getResult(axis));
      else
        shape.push_back(getSymbol({RuntimeSymbol::Kind::Input,
                                   "arg" + std::to_string(number) + "_dim" +
                                       std::to_string(axis),
                                   {}, 0, {}, {}}));
    }
    dims[argument] = std::move(shape);
    if (auto known = func.getArgAttrOfType<AffineMapAttr>(number, "pith.contents"))
      contents[argument] = SymbolicShape(known.getValue().getResults());
  }
}

AffineExpr ShapeAnalysis::getSymbol(const RuntimeSymbol &symbol) {
  MLIRContext *context = func.getContext();
  for (auto [i, known] : llvm::enumerate(symbols))
    if (known.kind == symbol.kind && known.name == symbol.name &&
        known.value == symbol.value && known.index == symbol.index &&
        known.lhs == symbol.lhs && known.rhs == symbol.rhs)
      return getAffineSymbolExpr(i, context);
  symbols.push_back(symbol);
  return getAffineSymbolExpr(symbols.size() - 1, context);
}

ArrayRef<AffineExpr> ShapeAnalysis::getDims(Value value) const {
  auto it = dims.find(value);
  return it == dims.end() ? ArrayRef<AffineExpr>() : ArrayRef<AffineExpr>(it->second);
}

void ShapeAnalysis::setDims(Value value, ArrayRef<AffineExpr> shape) {
  dims[value].assign(shape.begin(), shape.end());
}

void ShapeAnalysis::replaceValue(Value from, Value to) {
  auto move = [&](auto &map) {
    auto it = map.find(from);
    if (it == map.end())
      return;
    SymbolicShape shape = std::move(it->second);
    map.erase(it);
    map[to] = std::move(shape);
  };
  move(dims);
  move(contents);
  for (RuntimeSymbol &symbol : symbols)
    if (symbol.value == from)
      symbol.value = to;
}

AffineExpr ShapeAnalysis::getNumElements(Value value) const {
  return product(value.getContext(), getDims(value));
}

std::optional<SymbolicShape> ShapeAnalysis::getContents(Value value) {
  auto it = contents.find(value);
  if (it != contents.end())
    return it->second;
  if (auto fixed = constantContents(value))
    return fixed;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  auto count = getConstant(getNumElements(value));
  if (!type || !isa<IntegerType>(type.getElementType()) ||
      type.getElementType().isInteger(1) || !count || *count > kMaxContents)
    return std::nullopt;
  SymbolicShape result;
  for (int64_t i = 0; i < *count; ++i)
    result.push_back(getSymbol({RuntimeSymbol::Kind::Element, "", value, i, {}, {}}));
  return result;
}

namespace {

/// The context of one op inside the analysis.
class AnalysisContext : public ShapeContext {
public:
  AnalysisContext(ShapeAnalysis &analysis, Operation *op) : analysis(analysis), op(op) {
    shapes.resize(op->getNumResults());
    values.resize(op->getNumResults());
  }
  MLIRContext *getContext() override { return op->getContext(); }
  ArrayRef<AffineExpr> dims(Value value) override { return analysis.getDims(value); }
  std::optional<SymbolicShape> contents(Value value) override {
    return analysis.getContents(value);
  }
  void setDims(unsigned index, ArrayRef<AffineExpr> shape) override {
    shapes[index] = SymbolicShape(shape);
  }
  void setContents(unsigned index, ArrayRef<AffineExpr> contents) override {
    values[index] = SymbolicShape(contents);
  }
  AffineExpr minimum(AffineExpr a, AffineExpr b) override {
    return extreme(RuntimeSymbol::Kind::Minimum, a, b);
  }
  AffineExpr maximum(AffineExpr a, AffineExpr b) override {
    return extreme(RuntimeSymbol::Kind::Maximum, a, b);
  }
  AffineExpr broadcast(AffineExpr a, AffineExpr b) override {
    bool conflict;
    AffineExpr result = broadcastKnown(a, b, conflict);
    if (result || conflict)
      return result;
    // min(s, c) against s: they are equal, or the model does not fit its input.
    for (auto [x, y] : {std::pair(a, b), std::pair(b, a)})
      if (auto symbol = dyn_cast<AffineSymbolExpr>(x)) {
        RuntimeSymbol what = analysis.getSymbols()[symbol.getPosition()];
        if (what.kind == RuntimeSymbol::Kind::Minimum && (what.lhs == y || what.rhs == y)) {
          analysis.addRequirement({x, y, op});
          return y;
        }
      }
    return analysis.getSymbol({RuntimeSymbol::Kind::Broadcast, "", {}, 0, a, b});
  }
  AffineExpr dataDependent(unsigned index, unsigned axis) override {
    return analysis.getSymbol(
        {RuntimeSymbol::Kind::DataDependent, "", op->getResult(index), axis, {}, {}});
  }
  LogicalResult requireEqual(AffineExpr a, AffineExpr b) override {
    if (a == b)
      return success();
    auto x = getConstant(a), y = getConstant(b);
    if (x && y)
      return failure();
    if (getConstant(difference(a, b)) == 0)
      return success();
    analysis.addRequirement({a, b, op});
    return success();
  }
  InFlightDiagnostic emitError() override { return op->emitOpError(); }

  SmallVector<std::optional<SymbolicShape>> shapes, values;

private:
  AffineExpr extreme(RuntimeSymbol::Kind kind, AffineExpr a, AffineExpr b) {
    bool smaller = kind == RuntimeSymbol::Kind::Minimum;
    if (a == b)
      return a;
    if (auto gap = getConstant(difference(a, b)))
      return (*gap < 0) == smaller ? a : b;
    return analysis.getSymbol({kind, "", {}, 0, a, b});
  }
  ShapeAnalysis &analysis;
  Operation *op;
};

} // namespace

/// Result sizes that the op itself states (kernels).
static bool takeStated(ShapeAnalysis &analysis, Operation *op) {
  auto stated = op->getAttrOfType<ArrayAttr>("pith.shapes");
  if (!stated || stated.size() != op->getNumResults())
    return false;
  for (auto [result, attr] : llvm::zip(op->getResults(), stated)) {
    auto map = dyn_cast<AffineMapAttr>(attr);
    if (!map || map.getValue().getNumSymbols() > analysis.getSymbols().size())
      return false;
    analysis.setDims(result, map.getValue().getResults());
  }
  return true;
}

LogicalResult ShapeAnalysis::infer(Operation *op) {
  auto rule = dyn_cast<SymbolicShapeOpInterface>(op);
  if (!rule) {
    if (op->getNumResults() == 0)
      return success();
    return op->emitError("has no shape rule");
  }
  if (takeStated(*this, op))
    return success();
  AnalysisContext context(*this, op);
  if (failed(rule.inferSymbolicShapes(context)))
    return failure();
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    if (!context.shapes[i])
      return op->emitError("shape rule left out result ") << i;
    SymbolicShape shape = std::move(*context.shapes[i]);
    // What the type knows better, holds.
    auto type = cast<RankedTensorType>(result.getType());
    for (size_t axis = 0; axis < shape.size() && int64_t(axis) < type.getRank(); ++axis) {
      int64_t size = type.getShape()[axis];
      if (ShapedType::isDynamic(size) || getConstant(shape[axis]))
        continue;
      AffineExpr fixed = getAffineConstantExpr(size, op->getContext());
      requirements.push_back({shape[axis], fixed, op});
      shape[axis] = fixed;
    }
    dims[result] = std::move(shape);
    if (context.values[i])
      contents[result] = std::move(*context.values[i]);
  }
  return success();
}

LogicalResult ShapeAnalysis::run(bool refineTypes) {
  if (func.isExternal())
    return success();
  for (Operation &op : func.getBody().front()) {
    if (op.hasTrait<mlir::OpTrait::IsTerminator>())
      continue;
    if (failed(infer(&op)))
      return failure();
    if (!refineTypes)
      continue;
    for (Value result : op.getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      SmallVector<int64_t> sizes;
      for (AffineExpr size : getDims(result))
        sizes.push_back(getConstant(size).value_or(ShapedType::kDynamic));
      if (ArrayRef(sizes) != type.getShape())
        result.setType(RankedTensorType::get(sizes, type.getElementType()));
    }
  }
  if (refineTypes) {
    Operation *terminator = func.getBody().front().getTerminator();
    auto type = func.getFunctionType();
    func.setType(FunctionType::get(func.getContext(), type.getInputs(),
                                   terminator->getOperandTypes()));
  }
  return success();
}
