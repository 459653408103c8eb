//===- Evaluator.cpp - The definition of what models compute --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks through a function op by op. Values are dropped after their last use.
//
//===----------------------------------------------------------------------===//

#include "pith/Reference/Evaluator.h"

#include "Models.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace pith;
using namespace pith::reference;

void pith::registerReferenceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, PithDialect *) {
    attachAttention(context);
    attachConv(context);
    attachElementwise(context);
    attachElementwiseBinary(context);
    attachElementwiseUnary(context);
    attachIndexing(context);
    attachMatMul(context);
    attachMovement(context);
    attachNormalization(context);
    attachPooling(context);
    attachQuantize(context);
    attachReduction(context);
    attachResize(context);
    attachScan(context);
    attachScatter(context);
    attachShape(context);
  });
}

FailureOr<SmallVector<HostTensor>> pith::evaluateOp(Operation *op,
                                                    ArrayRef<HostTensor> operands) {
  auto model = dyn_cast<EvaluableOpInterface>(op);
  if (!model)
    return op->emitOpError("has no reference semantics"), failure();
  if (failed(checkOperands(op, operands)))
    return failure();
  return model.evaluate(operands);
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static std::string getArgumentName(func::FuncOp function, unsigned index) {
  if (auto name = function.getArgAttrOfType<StringAttr>(index, "pith.name"))
    return ("'" + name.getValue() + "'").str();
  return std::to_string(index);
}

static LogicalResult checkTypes(func::FuncOp function, ArrayRef<HostTensor> arguments) {
  if (arguments.size() != function.getNumArguments())
    return function.emitError("expects ")
           << function.getNumArguments() << " arguments, found " << arguments.size();
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!arguments[index])
      return function.emitError("lacks a value for argument ")
             << getArgumentName(function, index);
    RankedTensorType found = arguments[index].getType();
    if (!tensor || tensor.getElementType() != found.getElementType() ||
        failed(verifyCompatibleShape(tensor.getShape(), found.getShape())))
      return function.emitError("expects argument ")
             << getArgumentName(function, index) << " of type " << type << ", found "
             << found;
  }
  return success();
}

/// Symbols stand alone somewhere (they are named by inputs' axes): one pass takes
/// their values, a second one checks what is made of them.
static LogicalResult checkSymbols(func::FuncOp function, ArrayRef<HostTensor> arguments) {
  auto names = function->getAttrOfType<ArrayAttr>("pith.symbols");
  if (!names)
    return success();
  SmallVector<Attribute> values(names.size());
  Builder builder(function.getContext());
  for (bool bind : {true, false})
    for (auto [index, argument] : llvm::enumerate(arguments)) {
      auto attr = function.getArgAttrOfType<AffineMapAttr>(index, "pith.shape");
      if (!attr || attr.getValue().getNumResults() != argument.getShape().size())
        continue;
      for (auto [axis, expr] : llvm::enumerate(attr.getValue().getResults())) {
        int64_t size = argument.getShape()[axis];
        auto symbol = dyn_cast<AffineSymbolExpr>(expr);
        if (bind) {
          if (symbol && symbol.getPosition() < values.size() &&
              !values[symbol.getPosition()])
            values[symbol.getPosition()] = builder.getI64IntegerAttr(size);
          continue;
        }
        SmallVector<AffineExpr> numbers;
        for (auto [position, value] : llvm::enumerate(values))
          numbers.push_back(
              value ? builder.getAffineConstantExpr(cast<IntegerAttr>(value).getInt())
                    : builder.getAffineSymbolExpr(position));
        AffineExpr wanted =
            simplifyAffineExpr(expr.replaceSymbols(numbers), 0, values.size());
        if (auto number = getConstant(wanted); number && *number != size) {
          auto diagnostic = function.emitError("expects size ")
                            << *number << " along axis " << axis << " of argument "
                            << getArgumentName(function, index) << ", found " << size;
          if (symbol)
            diagnostic << ": another axis named " << names[symbol.getPosition()]
                       << " has size " << *number;
          return diagnostic;
        }
      }
    }
  return success();
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

namespace {

/// The values that are still needed, while a function runs.
class Frame {
public:
  void define(Value value, HostTensor tensor) {
    if (!value.use_empty())
      values[value] = {std::move(tensor),
                       std::distance(value.use_begin(), value.use_end())};
  }
  /// The values of an op's operands, each of which loses one use.
  FailureOr<SmallVector<HostTensor>> take(Operation *op) {
    SmallVector<HostTensor> operands;
    for (Value operand : op->getOperands()) {
      auto it = values.find(operand);
      if (it == values.end())
        return op->emitError("uses a value that has not been computed"), failure();
      if (--it->second.uses > 0) {
        operands.push_back(it->second.tensor);
        continue;
      }
      operands.push_back(std::move(it->second.tensor));
      values.erase(it);
    }
    return operands;
  }

private:
  struct Entry {
    HostTensor tensor;
    int64_t uses = 0;
  };
  llvm::DenseMap<Value, Entry> values;
};

class Evaluator {
public:
  FailureOr<SmallVector<HostTensor>> run(func::FuncOp function,
                                         ArrayRef<HostTensor> arguments) {
    if (function.isExternal() || !function.getBody().hasOneBlock())
      return function.emitError("expects a body of one block"), failure();
    if (llvm::is_contained(active, function))
      return function.emitError("calls itself"), failure();
    if (failed(checkTypes(function, arguments)) ||
        failed(checkSymbols(function, arguments)))
      return failure();
    active.push_back(function);
    auto results = runBody(function.getBody().front(), arguments);
    active.pop_back();
    return results;
  }

private:
  FailureOr<SmallVector<HostTensor>> runBody(Block &body,
                                             ArrayRef<HostTensor> arguments) {
    Frame frame;
    for (auto [argument, tensor] : llvm::zip(body.getArguments(), arguments))
      frame.define(argument, tensor);
    for (Operation &op : body) {
      auto operands = frame.take(&op);
      if (failed(operands) || isa<func::ReturnOp>(op))
        return operands;
      auto results = runOp(op, *operands);
      if (failed(results))
        return failure();
      if (results->size() != op.getNumResults())
        return op.emitError("gives ")
                   << results->size() << " results of " << op.getNumResults(),
               failure();
      for (auto [result, tensor] : llvm::zip(op.getResults(), *results))
        frame.define(result, tensor);
    }
    return body.getParentOp()->emitError("does not return"), failure();
  }

  FailureOr<SmallVector<HostTensor>> runOp(Operation &op, ArrayRef<HostTensor> operands) {
    auto call = dyn_cast<func::CallOp>(op);
    if (!call)
      return evaluateOp(&op, operands);
    auto callee =
        SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
    if (!callee)
      return call.emitOpError("calls an unknown function ") << call.getCalleeAttr(),
             failure();
    return run(callee, operands);
  }

  SmallVector<func::FuncOp> active;
};

} // namespace

FailureOr<SmallVector<HostTensor>> pith::evaluate(func::FuncOp function,
                                                  ArrayRef<HostTensor> arguments) {
  return Evaluator().run(function, arguments);
}
