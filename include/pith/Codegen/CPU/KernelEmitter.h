//===- KernelEmitter.h - Emitting one kernel --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel is a private function on tensors with the attribute `pith.kernel`
// (made by pith-outline-kernels). Emitting it makes one or more *tasks*:
//
//     func.func @name(%context: !llvm.ptr, %lo: index, %hi: index)
//
// each of which does the jobs [lo, hi). The context is an array of 8-byte slots:
//
//     0            the instance (for the runtime's calls)
//     1 …          pointers: arguments, then results
//     then         values of the kernel's symbols (i64)
//     then         pointers: scratch buffers
//
// Host code fills the slots and hands the tasks, in order, to the thread pool.
//
// `ElementEmitter` computes any value of the kernel at one position, following
// fused producers back to what is in memory. Positions are vectors of lanes:
// each index has a value for lane 0 and a constant increment per lane.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_CODEGEN_CPU_KERNELEMITTER_H
#define PITH_CODEGEN_CPU_KERNELEMITTER_H

#include "pith/Codegen/CodegenInterfaces.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "pith/Support/HostTensor.h"
#include "pith/Target/TargetDescription.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <functional>
#include <string>
#include <vector>

namespace pith {

/// An index whose value in lane `l` is `base + l · stride`.
struct LaneIndex {
  mlir::Value base; ///< of type `index`
  int64_t stride = 0;
};

/// One parallel loop of a kernel.
struct KernelTask {
  std::string function;
  /// Number of jobs, in the kernel's symbols.
  mlir::AffineExpr jobs;
  /// Roughly, nanoseconds per job on one core: decides how many jobs one thread
  /// takes at least, and whether to use threads at all.
  mlir::AffineExpr cost;
};

/// What a packed argument becomes in the program.
struct ArgumentPacking {
  /// Turns the constant into the bytes the kernel reads; empty: as it is.
  std::function<std::vector<char>(const HostTensor &)> pack;
  /// Where the bytes also depend on other constants: their arguments, and what
  /// makes the bytes of this argument's constant followed by those.
  llvm::SmallVector<unsigned> companions;
  std::function<std::vector<char>(llvm::ArrayRef<HostTensor>)> packWith;
  /// Equal keys mean equal packing of equal tensors.
  std::string key;
};

/// All that host code needs to call a kernel.
struct KernelPlan {
  llvm::SmallVector<KernelTask> tasks;
  /// Bytes of each scratch buffer shared by all tasks, in the kernel's symbols.
  llvm::SmallVector<mlir::AffineExpr> scratchBytes;
  /// One per argument.
  llvm::SmallVector<ArgumentPacking> packings;
  /// Arguments whose bytes the tasks read (others only give sizes).
  llvm::SmallVector<bool> readsArgument;
  /// For each result whose size only the kernel finds out (data-dependent): the
  /// scratch buffer that holds the sizes as i64, one per axis (those of other
  /// axes are not read), else −1. Such a kernel's first `sizeTasks` tasks write
  /// them; results are allocated after these, and must not be touched before.
  llvm::SmallVector<int64_t> sizeScratch;
  int64_t sizeTasks = 0;
  int64_t numSymbols = 0;
};

/// A buffer as tasks see it: flat, of the storage type.
struct KernelBuffer {
  mlir::Value memref; ///< memref<?xT>
  mlir::Type elementType; ///< of the tensor (i1 is stored as i8)
};

class KernelEmitter;

/// Computes values of the kernel at positions; see the file comment. An emitter
/// is good for one insertion point's neighbourhood: make a new `Scope` whenever
/// code moves into another region.
class ElementEmitter {
public:
  ElementEmitter(KernelEmitter &kernel, mlir::OpBuilder &builder, int64_t lanes)
      : kernel(kernel), builder(builder), numLanes(lanes) {}

  /// 1 for scalars; else results are vectors of this length.
  int64_t lanes() const { return numLanes; }
  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc();
  KernelEmitter &getKernel() { return kernel; }

  /// Element(s) of `value` at a position, one index per axis of the value.
  /// Booleans are i1, integers signless, f16 and bf16 as themselves.
  mlir::Value at(mlir::Value value, llvm::ArrayRef<LaneIndex> position);
  /// Element(s) of `value` where a result of sizes `shape`, to which it
  /// broadcasts, has `position` (aligned at the last axis; axes of size 1
  /// repeat).
  mlir::Value atBroadcast(mlir::Value value,
                          llvm::ArrayRef<mlir::AffineExpr> shape,
                          llvm::ArrayRef<LaneIndex> position);

  /// An index read from an integer tensor at a position that all lanes share,
  /// counted from the back if negative. Outside `extent` it is reported, and 0.
  mlir::Value indexAt(mlir::Value tensor, llvm::ArrayRef<LaneIndex> position,
                      mlir::Value extent);

  /// Declares that `value` at exactly this position is `element` (root results
  /// in epilogues).
  void bind(mlir::Value value, llvm::ArrayRef<LaneIndex> position,
            mlir::Value element);

  /// The scalar or vector type for elements of `type` with this emitter's lanes.
  mlir::Type laneType(mlir::Type elementType);
  mlir::Value splat(mlir::Value scalar);
  /// Index arithmetic, folding constants.
  mlir::Value constantIndex(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  LaneIndex add(LaneIndex a, LaneIndex b);
  LaneIndex scale(LaneIndex a, int64_t factor);
  /// All lanes of an index as a vector of `index` (a scalar with one lane).
  mlir::Value materialize(LaneIndex index);

  /// Loads from / stores to a flat buffer at an element offset.
  mlir::Value load(const KernelBuffer &buffer, LaneIndex offset);
  void store(const KernelBuffer &buffer, LaneIndex offset, mlir::Value element);
  /// Element at per-lane offsets (a gather; scalar loads).
  mlir::Value loadLanes(const KernelBuffer &buffer, mlir::Value offsets);

private:
  llvm::SmallVector<LaneIndex> canonical(mlir::Value value,
                                         llvm::ArrayRef<LaneIndex> position);
  mlir::Value find(mlir::Value value, llvm::ArrayRef<LaneIndex> position);
  mlir::Value constant(mlir::Value value);
  mlir::Value codecElement(mlir::Value value, llvm::ArrayRef<LaneIndex> position);
  mlir::Value loadArgument(mlir::Value argument,
                           llvm::ArrayRef<LaneIndex> position);
  KernelEmitter &kernel;
  mlir::OpBuilder &builder;
  int64_t numLanes;
  struct Memo {
    mlir::Value value;
    llvm::SmallVector<std::pair<mlir::Value, int64_t>> position;
    mlir::Value element;
    mlir::Block *block;
  };
  std::vector<Memo> memos;
};

class KernelEmitter {
public:
  /// Emits into `module`; `kernel` stays as it is.
  KernelEmitter(mlir::func::FuncOp kernel, mlir::ModuleOp module,
                const TargetDescription &target);

  /// Emits all tasks. On failure a diagnostic has been emitted.
  mlir::FailureOr<KernelPlan> emit();

  // --- What generators use -------------------------------------------------
  mlir::func::FuncOp getSource() { return source; }
  const TargetDescription &getTarget() const { return target; }
  ShapeAnalysis &getShapes() { return shapes; }
  KernelPlan &getPlan() { return plan; }
  mlir::Location getLoc() { return source.getLoc(); }
  mlir::MLIRContext *getContext() { return source.getContext(); }

  /// Lanes of a vector register for elements of `bits` bits.
  int64_t getLanes(unsigned bits = 32) const;

  /// Sizes of a value in the kernel's symbols.
  llvm::ArrayRef<mlir::AffineExpr> dims(mlir::Value value) {
    return shapes.getDims(value);
  }

  /// Starts a task; `body` emits the work for jobs [lo, hi) (both `index`).
  /// Buffers and sizes are available through the functions below while the body
  /// is being emitted.
  mlir::LogicalResult
  addTask(mlir::AffineExpr jobs, mlir::AffineExpr cost,
          llvm::function_ref<mlir::LogicalResult(mlir::OpBuilder &, mlir::Value lo,
                                                 mlir::Value hi)>
              body);
  /// A loop `for i = lo to hi step` whose body is emitted by `body`.
  static void loop(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value lo,
                   mlir::Value hi, int64_t step,
                   llvm::function_ref<void(mlir::OpBuilder &, mlir::Value)> body);

  /// Asks for a scratch buffer of `bytes`; returns its number.
  int64_t addScratch(mlir::AffineExpr bytes);

  // Inside a task:
  KernelBuffer argument(unsigned index);
  KernelBuffer result(unsigned index);
  KernelBuffer scratch(int64_t number, mlir::Type elementType);
  mlir::Value instance();
  /// An `index` constant, made once per task.
  mlir::Value constantIndex(int64_t value);
  /// The value of a size expression (`index`).
  mlir::Value size(mlir::AffineExpr expr);
  /// Row-major strides of a shape as values.
  llvm::SmallVector<mlir::Value> strides(llvm::ArrayRef<mlir::AffineExpr> dims);
  /// Element offset of a position in a row-major tensor of sizes `dims`. Lanes
  /// may vary along axes whose stride is constant; else `std::nullopt`.
  std::optional<LaneIndex> linearize(ElementEmitter &emitter,
                                     llvm::ArrayRef<mlir::AffineExpr> dims,
                                     llvm::ArrayRef<LaneIndex> position);
  /// A job number as one index per axis of `dims`.
  llvm::SmallVector<mlir::Value> delinearize(mlir::OpBuilder &builder,
                                             mlir::Value linear,
                                             llvm::ArrayRef<mlir::AffineExpr> dims);

  /// The op with role Root, or null.
  mlir::Operation *getRoot() { return root; }
  /// Values that the kernel returns.
  mlir::ValueRange getReturned();

  /// Computes the epilogue for the root's (first) result at `position`, whose
  /// element(s) are `element`, and stores every returned value there. All
  /// returned values have the root result's sizes (or it is returned itself).
  void store(ElementEmitter &emitter, llvm::ArrayRef<LaneIndex> position,
             mlir::Value element);

  /// Reports an index out of range from inside a task (a cold call).
  void trap(mlir::OpBuilder &builder, mlir::StringRef message, mlir::Value value);

private:
  mlir::LogicalResult emitLoops();
  void collapseAxes();
  mlir::Value slot(int64_t number, mlir::Type type);
  KernelBuffer buffer(int64_t slotNumber, mlir::Type elementType);
  mlir::func::FuncOp source;
  mlir::ModuleOp module;
  const TargetDescription &target;
  ShapeAnalysis shapes;
  KernelPlan plan;
  mlir::Operation *root = nullptr;

  // State of the task being emitted: the entry block, where buffers and sizes
  // are made, and what has been made.
  mlir::OpBuilder entry;
  mlir::Value context;
  llvm::DenseMap<int64_t, mlir::Value> constants;
  llvm::DenseMap<std::pair<int64_t, mlir::Type>, mlir::Value> slots;
  llvm::DenseMap<mlir::AffineExpr, mlir::Value> sizes;
  llvm::DenseMap<std::pair<int64_t, mlir::Type>, mlir::Value> buffers;
};

} // namespace pith

#endif // PITH_CODEGEN_CPU_KERNELEMITTER_H
