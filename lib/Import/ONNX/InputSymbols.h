//===- InputSymbols.h - Named sizes of the inputs ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_INPUTSYMBOLS_H
#define PITH_LIB_IMPORT_ONNX_INPUTSYMBOLS_H

#include "onnx/onnx_pb.h"
#include "pith/Dialect/Pith/IR/ShapeContext.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"

#include <string>
#include <vector>

namespace pith {

/// Collects the symbols of a function: a named dimension is one symbol wherever
/// it occurs, an unnamed one (`x_dim0`) stands for itself.
class InputSymbols {
public:
  /// The type and sizes of an input; null with an error text if it has none.
  mlir::RankedTensorType read(const onnx::ValueInfoProto &input,
                              mlir::MLIRContext *context, SymbolicShape &shape,
                              std::string &error);

  std::vector<llvm::StringRef> getNames() const {
    return std::vector<llvm::StringRef>(names.begin(), names.end());
  }
  /// A map from all symbols to the sizes.
  mlir::AffineMap getMap(llvm::ArrayRef<mlir::AffineExpr> sizes,
                         mlir::MLIRContext *context) const;
  /// Whether the sizes depend on no other symbols.
  bool covers(llvm::ArrayRef<mlir::AffineExpr> sizes) const;

private:
  mlir::AffineExpr getSymbol(const std::string &name, mlir::MLIRContext *context);

  std::vector<std::string> names;
};

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_INPUTSYMBOLS_H
