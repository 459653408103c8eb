//===- Operators.h - The table of ONNX operators ----------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adding an operator is one entry in the list of its category and one test.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_OPERATORS_H
#define PITH_LIB_IMPORT_ONNX_OPERATORS_H

#include "Node.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace pith {

/// How nodes of one operator are imported.
struct OperatorEntry {
  llvm::StringRef name;
  /// Schema versions (`since_version`) that the import function reads.
  int64_t firstVersion, lastVersion;
  /// Sets the node's results, or reports an error.
  void (*import)(Node &node);
  /// Whether `import` takes this form of the operator; if it does not, the
  /// function that the schema defines is used. Null: it takes all.
  bool (*takes)(const onnx::NodeProto &node) = nullptr;
  llvm::StringRef domain = "";
};

llvm::ArrayRef<OperatorEntry> getAttentionOperators();
llvm::ArrayRef<OperatorEntry> getContractionOperators();
llvm::ArrayRef<OperatorEntry> getElementwiseOperators();
llvm::ArrayRef<OperatorEntry> getIndexingOperators();
llvm::ArrayRef<OperatorEntry> getNormalizationOperators();
llvm::ArrayRef<OperatorEntry> getPoolingOperators();
llvm::ArrayRef<OperatorEntry> getQuantizationOperators();
llvm::ArrayRef<OperatorEntry> getReductionOperators();
llvm::ArrayRef<OperatorEntry> getResizeOperators();
llvm::ArrayRef<OperatorEntry> getShapeOperators();

/// The entry of an operator; null if there is none.
const OperatorEntry *findOperator(llvm::StringRef domain, llvm::StringRef name);

/// All entries, sorted by domain and name (for documentation and tests).
std::vector<const OperatorEntry *> listOperators();

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_OPERATORS_H
