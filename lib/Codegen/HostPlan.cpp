//===- HostPlan.cpp - Where main's tensors live ---------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostPlan.h"

#include "MemoryPlan.h"
#include "pith/Codegen/CodegenInterfaces.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pith;

Value HostPlan::rootOf(Value value) const {
  while (auto op = value.getDefiningOp<KernelOpInterface>()) {
    // Shape arithmetic on small tensors is written, not aliased, by the host
    // code only if it is no alias to begin with.
    if (op.getKernelRole() != KernelRole::Alias)
      break;
    value = op->getOperand(0);
  }
  return value;
}

AffineExpr HostPlan::byteSize(ShapeAnalysis &shapes, Value tensor) {
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  AffineExpr count = shapes.getNumElements(tensor);
  unsigned bits = getStorageBits(element);
  return bits >= 8 ? count * int64_t(bits / 8)
                   : (count * int64_t(bits)).ceilDiv(8);
}

LogicalResult HostPlan::run() {
  Block &block = program.main.getBody().front();
  ShapeAnalysis &shapes = program.shapes;

  // Lives.
  int64_t step = 0;
  for (Operation &op : block) {
    for (Value operand : op.getOperands()) {
      auto it = storages.find(rootOf(operand));
      if (it != storages.end())
        it->second.last = step;
    }
    auto kernelOp = dyn_cast<KernelOpInterface>(op);
    bool alias = kernelOp && kernelOp.getKernelRole() == KernelRole::Alias;
    if (!alias && !op.hasTrait<mlir::OpTrait::ConstantLike>())
      for (Value result : op.getResults())
        storages[result] = {-1, step, step};
    ++step;
  }
  // Sizes that are read from tensors when they are first needed: such tensors
  // live to the end.
  for (const RuntimeSymbol &symbol : shapes.getSymbols())
    if (symbol.kind == RuntimeSymbol::Kind::Element) {
      auto it = storages.find(rootOf(symbol.value));
      if (it != storages.end())
        it->second.last = step;
    }
  // Host-made tensors are written where they are first read.
  for (auto &[value, storage] : storages)
    if (!isa<func::CallOp>(value.getDefiningOp()))
      storage.last = step;

  // Results computed right in an output buffer.
  for (auto [i, value] : llvm::enumerate(block.getTerminator()->getOperands())) {
    Value root = rootOf(value);
    if (root.getDefiningOp<func::CallOp>() && !outputs.count(root))
      outputs[root] = i;
  }

  // Offsets.
  std::vector<PlannedBuffer> buffers;
  std::vector<HostStorage *> owners;
  auto add = [&](HostStorage &storage, AffineExpr bytes) {
    if (auto size = getConstant(bytes)) {
      buffers.push_back({std::max<int64_t>(*size, 1), storage.first, storage.last, 0});
      owners.push_back(&storage);
    }
  };
  for (auto &[value, storage] : storages)
    if (!outputs.count(value))
      add(storage, byteSize(shapes, value));
  // All entries before the first pointer to one: the map moves what it holds.
  for (auto call : block.getOps<func::CallOp>()) {
    auto found = plans.find(call.getCallee());
    if (found == plans.end())
      return call.emitError("no kernel '") << call.getCallee() << "'";
    scratch[call].resize(found->second.scratchBytes.size());
  }
  step = 0;
  for (Operation &op : block) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto found = plans.find(call.getCallee());
      auto &list = scratch[call];
      for (auto [i, bytes] : llvm::enumerate(found->second.scratchBytes)) {
        list[i].first = list[i].last = step;
        add(list[i], bytes.replaceSymbols(program.symbolValues[call]));
      }
    }
    ++step;
  }
  arenaBytes = planMemory(buffers);
  for (auto [buffer, owner] : llvm::zip(buffers, owners))
    owner->offset = buffer.offset;
  return success();
}

SmallVector<Value> HostPlan::endingAt(int64_t step) const {
  SmallVector<Value> result;
  for (auto &[value, storage] : storages)
    if (storage.last == step && storage.offset < 0 && !outputs.count(value))
      result.push_back(value);
  return result;
}
