//===- HadamardOp.cpp - pith.hadamard -------------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes and meaning, and the kernel: a job is a row, which is kept in a buffer on the
// stack while log₂(block) passes of sums and differences go over it.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/KernelEmitter.h"
#include "pith/Compression/Equalization/EqualizationOps.h"
#include "pith/Compression/Equalization/Rotation.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace pith;

LogicalResult HadamardOp::inferSymbolicShapes(ShapeContext &context) {
  SymbolicShape shape(context.dims(getInput()));
  int64_t block = getBlock();
  if (block < 2 || !llvm::isPowerOf2_64(block)) // C1
    return context.emitError() << "expected a power of two from 2 on as block, found "
                               << block;
  std::optional<int64_t> size = shape.empty() ? std::nullopt : getConstant(shape.back());
  if (!size) // C2
    return context.emitError() << "expected a last axis of static size";
  for (int64_t offset : getOffsets())
    if (offset < 0 || offset > *size - block)
      return context.emitError() << "expected windows of " << block << " within " << *size
                                 << " elements, found one at " << offset;
  context.setDims(0, shape);
  return success();
}

FailureOr<SmallVector<HostTensor>> HadamardOp::evaluate(ArrayRef<HostTensor> operands) {
  const HostTensor &input = operands[0];
  HostTensor result(input.getType());
  int64_t size = input.getShape().back();
  std::vector<double> row(size);
  for (int64_t start = 0, e = input.getNumElements(); start < e; start += size) {
    for (int64_t i = 0; i < size; ++i)
      row[i] = input.getDouble(start + i);
    for (int64_t offset : getOffsets())
      transformHadamard(MutableArrayRef<double>(row).slice(offset, getBlock()));
    for (int64_t i = 0; i < size; ++i)
      result.setDouble(start + i, row[i]);
  }
  return SmallVector<HostTensor>{result};
}

namespace {

/// The kernel of one row.
class RowTransform {
public:
  RowTransform(KernelEmitter &kernel, HadamardOp op)
      : kernel(kernel), op(op), loc(kernel.getLoc()), single(Float32Type::get(kernel.getContext())),
        size(cast<RankedTensorType>(op.getType()).getShape().back()) {}

  void emit(OpBuilder &b, ArrayRef<LaneIndex> outer) {
    auto memory = MemRefType::get({size}, single);
    Value flat = memref::AllocaOp::create(b, loc, memory, b.getI64IntegerAttr(64));
    Value any = memref::CastOp::create(
        b, loc, MemRefType::get({ShapedType::kDynamic}, single), flat);
    buffer = {any, single};
    pieces(b, [&](ElementEmitter &e, Value k) {
      e.store(buffer, lane(e, k), e.splat(e.at(op.getInput(), position(outer, e, k))));
    });
    for (int64_t offset : op.getOffsets())
      for (int64_t half = 1; half < int64_t(op.getBlock()); half *= 2)
        emitPass(b, offset, half);
    pieces(b, [&](ElementEmitter &e, Value k) {
      kernel.store(e, position(outer, e, k), e.load(buffer, lane(e, k)));
    });
  }

private:
  static LaneIndex lane(ElementEmitter &e, Value k) { return {k, e.lanes() > 1 ? 1 : 0}; }
  static SmallVector<LaneIndex> position(ArrayRef<LaneIndex> outer, ElementEmitter &e,
                                         Value k) {
    SmallVector<LaneIndex> all(outer);
    all.push_back(lane(e, k));
    return all;
  }

  /// Walks over the row: whole vectors, then single elements.
  void pieces(OpBuilder &b, function_ref<void(ElementEmitter &, Value)> body) {
    int64_t lanes = kernel.getLanes(), whole = size - size % lanes;
    for (auto [from, to, width] : {std::tuple{int64_t(0), whole, lanes},
                                   std::tuple{whole, size, int64_t(1)}})
      if (from < to)
        KernelEmitter::loop(b, loc, kernel.constantIndex(from), kernel.constantIndex(to),
                            width, [&, width = width](OpBuilder &in, Value k) {
                              ElementEmitter e(kernel, in, width);
                              body(e, k);
                            });
  }

  /// Sums and differences of elements `half` apart; the last pass also scales.
  void emitPass(OpBuilder &b, int64_t offset, int64_t half) {
    int64_t width = std::min(half, kernel.getLanes()), block = op.getBlock();
    bool isLast = 2 * half == block;
    KernelEmitter::loop(
        b, loc, kernel.constantIndex(offset), kernel.constantIndex(offset + block),
        2 * half, [&](OpBuilder &outer, Value i) {
          KernelEmitter::loop(
              outer, loc, kernel.constantIndex(0), kernel.constantIndex(half), width,
              [&](OpBuilder &in, Value j) {
                ElementEmitter e(kernel, in, width);
                Value first = e.add(i, j), second = e.add(first, e.constantIndex(half));
                Value x = e.load(buffer, lane(e, first)), y = e.load(buffer, lane(e, second));
                Value sum = arith::AddFOp::create(in, loc, x, y);
                Value difference = arith::SubFOp::create(in, loc, x, y);
                if (isLast) {
                  Value scale = arith::ConstantOp::create(
                      in, loc, in.getF32FloatAttr(float(1 / std::sqrt(double(block)))));
                  sum = arith::MulFOp::create(in, loc, sum, e.splat(scale));
                  difference = arith::MulFOp::create(in, loc, difference, e.splat(scale));
                }
                e.store(buffer, lane(e, first), sum);
                e.store(buffer, lane(e, second), difference);
              });
        });
  }

  KernelEmitter &kernel;
  HadamardOp op;
  Location loc;
  Type single;
  int64_t size;
  KernelBuffer buffer;
};

struct HadamardKernel : KernelOpInterface::ExternalModel<HadamardKernel, HadamardOp> {
  KernelRole getKernelRole(Operation *) const { return KernelRole::Root; }
  bool acceptsEpilogue(Operation *) const { return true; }
  bool acceptsPrologue(Operation *, unsigned) const { return true; }

  LogicalResult emitKernel(Operation *op, KernelEmitter &kernel) const {
    auto hadamard = cast<HadamardOp>(op);
    if (!hadamard.getType().getElementType().isF32())
      return op->emitError("expected elements of f32");
    SmallVector<AffineExpr> outer(kernel.dims(hadamard.getInput()));
    int64_t size = *getConstant(outer.pop_back_val());
    MLIRContext *context = kernel.getContext();
    int64_t passes = llvm::Log2_64(hadamard.getBlock()) * hadamard.getOffsets().size();
    AffineExpr cost =
        getAffineConstantExpr(size * (passes + 2) / (2 * kernel.getLanes()) + 1, context);
    return kernel.addTask(
        product(context, outer), cost,
        [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
          Location loc = kernel.getLoc();
          KernelEmitter::loop(builder, loc, lo, hi, 1, [&](OpBuilder &b, Value row) {
            // Stack memory is given back after each row.
            Value stack = LLVM::StackSaveOp::create(
                b, loc, LLVM::LLVMPointerType::get(context));
            SmallVector<LaneIndex> position;
            for (Value i : kernel.delinearize(b, row, outer))
              position.push_back({i, 0});
            RowTransform(kernel, hadamard).emit(b, position);
            LLVM::StackRestoreOp::create(b, loc, stack);
          });
          return success();
        });
  }
};

} // namespace

void pith::registerHadamardKernel(MLIRContext *context) {
  HadamardOp::attachInterface<HadamardKernel>(*context);
}
