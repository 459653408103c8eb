//===- KernelGrouping.h - Which ops are computed together -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A group becomes one kernel: at most one root op; elementwise ops behind it, one
// after the other, as long as nobody else needs what lies between (epilogue); codes of
// the last value, which are cheap to store beside it where others need the value, too;
// and elementwise or index-mapping ops in front of it whose only users are in the
// group (prologue). Ops are taken in program order, so the result is the same
// every time.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_KERNELGROUPING_H
#define PITH_LIB_CODEGEN_KERNELGROUPING_H

#include "pith/Codegen/CodegenInterfaces.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <list>

namespace pith {

struct KernelGroup {
  /// In program order; the call replaces the last one.
  llvm::SmallVector<mlir::Operation *> ops;
  mlir::Operation *root = nullptr;
  /// Values needed outside.
  llvm::SmallVector<mlir::Value> results;

  /// The op that gives the kernel its name and location.
  mlir::Operation *getNamed() const { return root ? root : ops.back(); }
};

class KernelGrouping {
public:
  KernelGrouping(mlir::func::FuncOp main, ShapeAnalysis &shapes)
      : main(main), shapes(shapes) {}

  /// Fails with a diagnostic that lists every op for which there is no kernel.
  mlir::LogicalResult run();
  /// In program order of their last ops.
  llvm::ArrayRef<KernelGroup> getGroups() const { return groups; }

private:
  struct Draft {
    llvm::SmallVector<mlir::Operation *> ops;
    mlir::Operation *root = nullptr;
    mlir::Operation *last = nullptr; ///< makes the group's result
    /// Codes of that result, results as well.
    llvm::SmallVector<mlir::Operation *> codes;
    bool movementOnly = false;
  };
  KernelRole roleOf(mlir::Operation *op) const;
  bool isHostComputable(mlir::Operation *op);
  bool isValueNeeded(mlir::Operation *codec) const;
  void addEpilogue(Draft &draft);
  void addCodes(Draft &draft);
  bool joinsAsProducer(mlir::Operation *op, Draft &draft);
  void finish();

  mlir::func::FuncOp main;
  ShapeAnalysis &shapes;
  llvm::DenseMap<mlir::Operation *, unsigned> order;
  llvm::DenseMap<mlir::Operation *, Draft *> draftOf;
  std::list<Draft> drafts;
  llvm::SmallVector<KernelGroup> groups;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_KERNELGROUPING_H
