//===- Node.h - One ONNX node being imported --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an import function sees of its node: attributes, operands, and a builder
// that infers result types. Errors stick: after the first one all functions do
// nothing and give null, so that import functions need not check each step.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_NODE_H
#define PITH_LIB_IMPORT_ONNX_NODE_H

#include "Model/Model.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "pith/Support/HostTensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace pith {

/// What all nodes of a graph share while it is imported.
struct ImportState {
  OnnxModel &model;
  mlir::OpBuilder &builder;
  ShapeAnalysis &analysis;
};

class Node {
public:
  Node(ImportState &state, onnx::NodeProto &proto, mlir::Location loc,
       llvm::ArrayRef<mlir::Value> operands);

  llvm::StringRef getType() const { return proto.op_type(); }
  /// `since_version` of the schema that applies.
  int64_t getVersion() const { return version; }
  mlir::OpBuilder &getBuilder() { return state.builder; }
  mlir::Location getLoc() const { return loc; }

  //===--------------------------------------------------------------------===//
  // Errors
  //===--------------------------------------------------------------------===//

  /// An error at the node, whose name its location tells. It has failed from now
  /// on.
  mlir::InFlightDiagnostic emitError();
  bool hasFailed() const { return failed; }

  //===--------------------------------------------------------------------===//
  // Attributes; their types have been checked against the schema
  //===--------------------------------------------------------------------===//

  const onnx::AttributeProto *getAttribute(llvm::StringRef name) const;
  bool hasAttribute(llvm::StringRef name) const { return getAttribute(name); }
  int64_t getInt(llvm::StringRef name, int64_t otherwise) const;
  float getFloat(llvm::StringRef name, float otherwise) const;
  std::string getString(llvm::StringRef name, llvm::StringRef otherwise) const;
  llvm::SmallVector<int64_t> getInts(llvm::StringRef name) const;
  /// A tensor attribute; its bytes are taken out of the model.
  HostTensor takeTensor(llvm::StringRef name);

  //===--------------------------------------------------------------------===//
  // Operands
  //===--------------------------------------------------------------------===//

  unsigned getNumOperands() const { return operands.size(); }
  /// Null if left out.
  mlir::Value getOperand(unsigned index) const;
  llvm::ArrayRef<mlir::Value> getOperands() const { return operands; }
  /// An operand that holds sizes or bounds: as a constant if its elements are
  /// known, however they are computed.
  mlir::Value getSizesOperand(unsigned index);
  unsigned getNumResults() const { return proto.output_size(); }
  llvm::StringRef getResultName(unsigned index) const { return proto.output(int(index)); }
  /// Whether this result has a name.
  bool hasResult(unsigned index) const;

  mlir::Type getElementType(mlir::Value value) const;
  int64_t getRank(mlir::Value value) const;
  llvm::ArrayRef<int64_t> getShape(mlir::Value value) const;
  /// The size of an axis; an error if it is not static.
  int64_t getStaticSize(mlir::Value value, int64_t axis, llvm::StringRef what);
  /// An axis counted from the front; an error unless −rank ≤ axis < rank.
  int64_t normalizeAxis(int64_t axis, int64_t rank);
  /// Sorted, without repeats.
  llvm::SmallVector<int64_t> normalizeAxes(llvm::ArrayRef<int64_t> axes, int64_t rank);

  /// Elements of an integer tensor that are known at compile time.
  std::optional<llvm::SmallVector<int64_t>> findInts(mlir::Value value);
  /// The same; an error naming `what` if they are not known.
  llvm::SmallVector<int64_t> requireInts(mlir::Value value, llvm::StringRef what);
  /// The value of a constant; an error naming `what` if it is none.
  HostTensor requireConstant(mlir::Value value, llvm::StringRef what);

  //===--------------------------------------------------------------------===//
  // Results
  //===--------------------------------------------------------------------===//

  /// Creates an op with one result, whose sizes its shape rule gives.
  template <typename Op, typename... Args>
  mlir::Value create(mlir::Type element, Args &&...args) {
    mlir::Operation *op = createOp<Op>({element}, std::forward<Args>(args)...);
    return op ? op->getResult(0) : mlir::Value();
  }
  /// The same for any number of results.
  template <typename Op, typename... Args>
  mlir::Operation *createOp(llvm::ArrayRef<mlir::Type> elements, Args &&...args) {
    if (failed)
      return nullptr;
    llvm::SmallVector<mlir::Type> types;
    for (mlir::Type element : elements)
      types.push_back(mlir::RankedTensorType::get({}, element));
    mlir::OperationState op(loc, Op::getOperationName());
    Op::build(state.builder, op, mlir::TypeRange(types), std::forward<Args>(args)...);
    return finish(op);
  }

  mlir::Value createConstant(const HostTensor &tensor, llvm::StringRef name = "");
  /// A rank-1 tensor of i64.
  mlir::Value createInts(llvm::ArrayRef<int64_t> values);
  /// A tensor of rank 0.
  mlir::Value createScalar(mlir::Type element, double value);

  void setResult(unsigned index, mlir::Value value);
  llvm::ArrayRef<mlir::Value> getResults() const { return results; }

  ImportState &getState() { return state; }

private:
  /// Creates the op, unless an operand is missing, and infers its types.
  mlir::Operation *finish(const mlir::OperationState &op);

  ImportState &state;
  onnx::NodeProto &proto;
  mlir::Location loc;
  llvm::SmallVector<mlir::Value> operands, results;
  int64_t version;
  bool failed = false;
};

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_NODE_H
