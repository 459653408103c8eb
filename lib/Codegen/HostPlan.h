//===- HostPlan.h - Where main's tensors live -------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that only rename bytes share the storage of their operand (its *root*).
// Every root has a life from the op that makes it to the last op that reads it or
// an alias of it. Roots and scratch buffers of static size get offsets in the
// arena; results that the model returns live in output buffers.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_CODEGEN_HOSTPLAN_H
#define PITH_LIB_CODEGEN_HOSTPLAN_H

#include "pith/Codegen/HostCode.h"
#include "llvm/ADT/MapVector.h"

namespace pith {

/// Slots of a kernel's context before those that hold sizes of outputs.
inline constexpr int64_t kDimsSlot = 240;

struct HostStorage {
  int64_t offset = -1; ///< in the arena; −1: from the allocator
  int64_t first = 0, last = 0;
};

class HostPlan {
public:
  HostPlan(OutlinedProgram &program, const llvm::StringMap<KernelPlan> &plans)
      : program(program), plans(plans) {}

  mlir::LogicalResult run();

  mlir::Value rootOf(mlir::Value value) const;
  /// Storage of a root that is neither input, constant nor output.
  const HostStorage *find(mlir::Value root) const {
    auto it = storages.find(root);
    return it == storages.end() ? nullptr : &it->second;
  }
  const HostStorage &scratchOf(mlir::Operation *call, size_t number) {
    return scratch[call][number];
  }
  /// The output in whose buffer a root is computed.
  std::optional<int64_t> outputOf(mlir::Value root) const {
    auto it = outputs.find(root);
    return it == outputs.end() ? std::nullopt : std::optional<int64_t>(it->second);
  }
  /// Roots from the allocator that no op after `step` reads.
  llvm::SmallVector<mlir::Value> endingAt(int64_t step) const;
  int64_t getArenaBytes() const { return arenaBytes; }

  /// Bytes of a tensor in memory as an expression of sizes.
  static mlir::AffineExpr byteSize(ShapeAnalysis &shapes, mlir::Value tensor);

private:
  OutlinedProgram &program;
  const llvm::StringMap<KernelPlan> &plans;
  llvm::MapVector<mlir::Value, HostStorage> storages;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<HostStorage>> scratch;
  llvm::DenseMap<mlir::Value, int64_t> outputs;
  int64_t arenaBytes = 0;
};

} // namespace pith

#endif // PITH_LIB_CODEGEN_HOSTPLAN_H
