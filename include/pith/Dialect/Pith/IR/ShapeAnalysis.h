//===- ShapeAnalysis.h - Symbolic sizes of a whole function -----*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Applies the shape rule of every op of a function in order. Used to refine
// result types, to group and generate kernels, and to emit the host code that
// computes sizes at run time.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_DIALECT_PITH_IR_SHAPEANALYSIS_H
#define PITH_DIALECT_PITH_IR_SHAPEANALYSIS_H

#include "pith/Dialect/Pith/IR/ShapeContext.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace pith {

/// What a symbol of a ShapeAnalysis stands for.
struct RuntimeSymbol {
  enum class Kind {
    Input,         ///< a symbolic size of the inputs, `name`
    Element,       ///< element `index` (row major) of the integer tensor `value`
    Minimum,       ///< min(lhs, rhs)
    Maximum,       ///< max(lhs, rhs)
    Broadcast,     ///< lhs = 1 ? rhs : lhs; otherwise they must agree, or rhs be 1
    DataDependent  ///< size of axis `index` of `value`, known after its op ran
  };
  Kind kind;
  std::string name;
  mlir::Value value;
  int64_t index = 0;
  mlir::AffineExpr lhs, rhs;
};

/// Two sizes that must agree at run time, and the op that asks for it.
struct SizeRequirement {
  mlir::AffineExpr lhs, rhs;
  mlir::Operation *op;
};

class ShapeAnalysis {
public:
  /// `func` has the attributes `pith.symbols` and, per argument, `pith.shape`
  /// (see the dialect). A dynamic argument size without them becomes an input
  /// symbol of its own.
  explicit ShapeAnalysis(mlir::func::FuncOp func);

  /// Runs over the whole function. On failure a diagnostic has been emitted.
  /// With `refineTypes` also replaces dynamic sizes of result types that turn
  /// out to be constant.
  mlir::LogicalResult run(bool refineTypes = false);

  /// Infers one more op, which was added after `run` (its operands are known).
  mlir::LogicalResult infer(mlir::Operation *op);
  /// `to` takes the place of `from`, which is about to go.
  void replaceValue(mlir::Value from, mlir::Value to);
  /// States the sizes of a value that was added after `run`.
  void setDims(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);

  llvm::ArrayRef<mlir::AffineExpr> getDims(mlir::Value value) const;
  /// Known or readable elements of a small integer tensor, see ShapeContext.
  std::optional<SymbolicShape> getContents(mlir::Value value);
  /// Number of elements.
  mlir::AffineExpr getNumElements(mlir::Value value) const;

  /// All symbols so far; `s_i` of an expression is entry i. The first ones are
  /// those of `pith.symbols`.
  llvm::ArrayRef<RuntimeSymbol> getSymbols() const { return symbols; }
  llvm::ArrayRef<SizeRequirement> getRequirements() const {
    return requirements;
  }

  /// The symbol for what `symbol` says; equal ones are one symbol.
  mlir::AffineExpr getSymbol(const RuntimeSymbol &symbol);
  void addRequirement(const SizeRequirement &requirement) {
    requirements.push_back(requirement);
  }

private:
  mlir::func::FuncOp func;
  llvm::SmallVector<RuntimeSymbol> symbols;
  llvm::SmallVector<SizeRequirement> requirements;
  llvm::DenseMap<mlir::Value, SymbolicShape> dims;
  llvm::DenseMap<mlir::Value, SymbolicShape> contents;
};

/// For builders: result types' sizes (dynamic where not constant) by the shape
/// rule, from operand types and constant operands alone.
mlir::LogicalResult
inferStaticShapes(mlir::Operation *op,
                  llvm::SmallVectorImpl<llvm::SmallVector<int64_t>> &shapes);

} // namespace pith

#endif // PITH_DIALECT_PITH_IR_SHAPEANALYSIS_H
