//===- Node.cpp - One ONNX node being imported ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attribute access, values known at compile time, and type inference of new ops.
//
//===----------------------------------------------------------------------===//

#include "Node.h"

#include "Tensors.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

Node::Node(ImportState &state, onnx::NodeProto &proto, Location loc,
           ArrayRef<Value> operands)
    : state(state), proto(proto), loc(loc), operands(operands),
      results(proto.output_size()), version(state.model.getSchemaVersion(proto)) {}

InFlightDiagnostic Node::emitError() {
  failed = true;
  return mlir::emitError(loc) << proto.op_type() << ": ";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const onnx::AttributeProto *Node::getAttribute(StringRef name) const {
  for (const onnx::AttributeProto &attribute : proto.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

int64_t Node::getInt(StringRef name, int64_t otherwise) const {
  auto *attribute = getAttribute(name);
  return attribute ? attribute->i() : otherwise;
}

float Node::getFloat(StringRef name, float otherwise) const {
  auto *attribute = getAttribute(name);
  return attribute ? attribute->f() : otherwise;
}

std::string Node::getString(StringRef name, StringRef otherwise) const {
  auto *attribute = getAttribute(name);
  return attribute ? attribute->s() : otherwise.str();
}

SmallVector<int64_t> Node::getInts(StringRef name) const {
  auto *attribute = getAttribute(name);
  if (!attribute)
    return {};
  return SmallVector<int64_t>(attribute->ints().begin(), attribute->ints().end());
}

HostTensor Node::takeTensor(StringRef name) {
  for (onnx::AttributeProto &attribute : *proto.mutable_attribute()) {
    if (attribute.name() != name || !attribute.has_t())
      continue;
    HostTensor tensor;
    std::string error = readTensor(state.model, *attribute.mutable_t(),
                                   state.builder.getContext(), tensor);
    if (error.empty())
      return tensor;
    emitError() << error;
    return {};
  }
  emitError() << "expected a tensor attribute '" << name << "', found none";
  return {};
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Value Node::getOperand(unsigned index) const {
  return index < operands.size() ? operands[index] : Value();
}

Value Node::getSizesOperand(unsigned index) {
  Value value = getOperand(index);
  if (!value || matchPattern(value, m_Constant()))
    return value;
  auto known = findInts(value);
  if (!known)
    return value;
  HostTensor tensor(cast<RankedTensorType>(value.getType()));
  for (auto [i, number] : llvm::enumerate(*known))
    tensor.setInt(i, number);
  return createConstant(tensor);
}

bool Node::hasResult(unsigned index) const {
  return int(index) < proto.output_size() && !proto.output(index).empty();
}

Type Node::getElementType(Value value) const {
  return value ? cast<RankedTensorType>(value.getType()).getElementType() : Type();
}

int64_t Node::getRank(Value value) const {
  return value ? cast<RankedTensorType>(value.getType()).getRank() : 0;
}

ArrayRef<int64_t> Node::getShape(Value value) const {
  return value ? cast<RankedTensorType>(value.getType()).getShape() : ArrayRef<int64_t>();
}

int64_t Node::getStaticSize(Value value, int64_t axis, StringRef what) {
  ArrayRef<int64_t> shape = getShape(value);
  if (axis >= 0 && axis < int64_t(shape.size()) && !ShapedType::isDynamic(shape[axis]))
    return shape[axis];
  if (!failed)
    emitError() << "expected " << what << " to be known at compile time, found "
                << value.getType() << " (axis " << axis << ")";
  return 1;
}

int64_t Node::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  if (!failed)
    emitError() << "expected an axis from " << -rank << " to " << rank - 1 << ", found "
                << axis;
  return 0;
}

SmallVector<int64_t> Node::normalizeAxes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t axis : axes)
    result.push_back(normalizeAxis(axis, rank));
  llvm::sort(result);
  auto repeated = std::adjacent_find(result.begin(), result.end());
  if (repeated != result.end() && !failed)
    emitError() << "expected different axes, found " << *repeated << " twice";
  return result;
}

std::optional<SmallVector<int64_t>> Node::findInts(Value value) {
  if (failed || !value)
    return std::nullopt;
  Type element = getElementType(value);
  if (!isa<IntegerType>(element))
    return std::nullopt;
  SmallVector<int64_t> result;
  ElementsAttr attr;
  if (matchPattern(value, m_Constant(&attr))) {
    auto tensor = HostTensor::get(attr);
    if (!tensor || tensor->getNumElements() > 4096)
      return std::nullopt;
    for (int64_t i = 0, e = tensor->getNumElements(); i < e; ++i)
      result.push_back(tensor->getInt(i));
    return result;
  }
  auto contents = state.analysis.getContents(value);
  if (!contents)
    return std::nullopt;
  for (AffineExpr expr : *contents) {
    auto known = getConstant(expr);
    if (!known)
      return std::nullopt;
    result.push_back(*known);
  }
  return result;
}

SmallVector<int64_t> Node::requireInts(Value value, StringRef what) {
  auto known = findInts(value);
  if (known)
    return *known;
  if (!failed)
    emitError() << "expected " << what << " to be known at compile time, found "
                << (value ? "a computed tensor" : "none");
  return {};
}

HostTensor Node::requireConstant(Value value, StringRef what) {
  if (failed)
    return {};
  ElementsAttr attr;
  if (value && matchPattern(value, m_Constant(&attr)))
    if (auto tensor = HostTensor::get(attr))
      return *tensor;
  emitError() << "expected " << what << " to be a constant, found "
              << (value ? "a computed tensor" : "none");
  return {};
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Whether a type has a size that arithmetic can handle.
static bool isReasonable(ArrayRef<int64_t> sizes) {
  int64_t count = 1;
  for (int64_t size : sizes) {
    if (ShapedType::isDynamic(size) || size == 0)
      continue;
    if (size < 0 || size > kMaxElements / count)
      return false;
    count *= size;
  }
  return true;
}

/// `'pith.conv' op expects …` without its start: the node says what it is.
static StringRef withoutOpName(StringRef text) {
  size_t end = text.find("' op ");
  return text.starts_with("'pith.") && end != StringRef::npos ? text.substr(end + 5) : text;
}

Operation *Node::finish(const OperationState &description) {
  if (!llvm::all_of(description.operands, [](Value operand) { return bool(operand); })) {
    emitError() << "expected all inputs, found one left out";
    return nullptr;
  }
  Operation *op = state.builder.create(description);
  // Errors of the shape rule are the node's.
  std::string problem;
  LogicalResult inferred = failure();
  {
    ScopedDiagnosticHandler handler(op->getContext(), [&](Diagnostic &diagnostic) {
      if (problem.empty())
        problem = diagnostic.str();
      return success();
    });
    inferred = state.analysis.infer(op);
  }
  if (mlir::failed(inferred)) {
    emitError() << withoutOpName(problem);
    return nullptr;
  }
  for (Value result : op->getResults()) {
    SmallVector<int64_t> sizes;
    for (AffineExpr size : state.analysis.getDims(result))
      sizes.push_back(getConstant(size).value_or(ShapedType::kDynamic));
    if (!isReasonable(sizes)) {
      emitError() << "expected a result of at most 2^48 elements and sizes of at least 0";
      return nullptr;
    }
    result.setType(RankedTensorType::get(sizes, getElementType(result)));
  }
  return op;
}

Value Node::createConstant(const HostTensor &tensor, StringRef name) {
  if (failed)
    return {};
  Value value = pith::createConstant(state, loc, tensor, name);
  return value;
}

Value Node::createInts(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({int64_t(values.size())}, state.builder.getI64Type());
  HostTensor tensor(type);
  for (auto [i, value] : llvm::enumerate(values))
    tensor.setInt(i, value);
  return createConstant(tensor);
}

Value Node::createScalar(Type element, double value) {
  if (failed)
    return {};
  HostTensor tensor(RankedTensorType::get({}, element));
  tensor.setDouble(0, value);
  return createConstant(tensor);
}

void Node::setResult(unsigned index, Value value) {
  if (index < results.size())
    results[index] = value;
}
