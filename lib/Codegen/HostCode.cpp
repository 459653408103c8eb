//===- HostCode.cpp - The code that calls the kernels ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First every tensor of `main` gets a storage with a lifetime (HostPlan), then
// one straight line of code is emitted (HostEmitter). Blocks only end where an
// error leaves the function, so a value computed once may be used ever after.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/HostCode.h"

#include "HostBuilder.h"
#include "HostPlan.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/ProfileOps.h"
#include "pith/Runtime/Model.h"
#include "mlir/IR/Matchers.h"

#include <map>

using namespace mlir;
using namespace pith;

namespace {

/// Work below this many nanoseconds is not worth a second thread.
constexpr int64_t kForkNanoseconds = 4000;

class HostEmitter : private HostBuilder {
public:
  HostEmitter(OutlinedProgram &program, const llvm::StringMap<KernelPlan> &plans,
              ModuleOp lowered, StringRef weightsSymbol)
      : HostBuilder(lowered, program.shapes, program.main.getLoc()), program(program),
        plans(plans), weightsSymbol(weightsSymbol), plan(program, plans) {}

  FailureOr<HostCode> run(StringRef name);

private:
  // Storage.
  FailureOr<Value> address(Value tensor) override;
  FailureOr<Value> bytes(Value tensor);
  Value weights(int64_t offset);
  FailureOr<int64_t> place(Value constant, const ArgumentPacking &packing,
                           ValueRange companions = {});
  FailureOr<Value> allocate(const HostStorage &storage, AffineExpr byteSize);
  LogicalResult materialize(Value tensor);
  void freeEndingAt(int64_t step);

  // Calls.
  FailureOr<Value> argument(func::CallOp call, const KernelPlan &kernel,
                            unsigned number);
  FailureOr<Value> makeOutput(int64_t number);
  FailureOr<Value> makeResult(Value result);
  LogicalResult runTasks(const KernelPlan &kernel, ArrayRef<AffineExpr> symbols,
                         size_t first, size_t last);
  LogicalResult readFoundSizes(func::CallOp call, const KernelPlan &kernel,
                               ArrayRef<Value> scratch);
  LogicalResult emitCall(func::CallOp call);
  LogicalResult emitObserve(ObserveOp op);
  LogicalResult emitReturn(func::ReturnOp op, int64_t step);

  int64_t readyStep(AffineExpr expr);
  LogicalResult checkSizes(int64_t step);
  void declareWeights();
  LogicalResult storeExtents(Value tensor);

  OutlinedProgram &program;
  const llvm::StringMap<KernelPlan> &plans;
  StringRef weightsSymbol;
  HostPlan plan;
  Value arena, frame, weightsBase;
  LLVM::LLVMFuncOp function;
  llvm::DenseMap<Operation *, int64_t> steps; ///< position in `main`
  llvm::DenseMap<Value, Value> addresses;
  std::map<std::pair<void *, std::string>, int64_t> placed;
  HostCode code;
};

} // namespace

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

FailureOr<Value> HostEmitter::bytes(Value tensor) {
  return size(HostPlan::byteSize(shapes, tensor));
}

Value HostEmitter::weights(int64_t offset) {
  if (!weightsBase) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Value where = LLVM::AddressOfOp::create(builder, loc, pointer,
                                            "pith_weights_pointer");
    weightsBase = load(pointer, where);
  }
  // Offsets may exceed 32 bits.
  return gep(weightsBase, builder.getI8Type(), {constant(offset)});
}

FailureOr<int64_t> HostEmitter::place(Value value, const ArgumentPacking &packing,
                                      ValueRange companions) {
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return value.getDefiningOp()->emitError("expected a constant"), mlir::failure();
  auto key = std::make_pair(const_cast<void *>(attr.getAsOpaquePointer()), packing.key);
  SmallVector<HostTensor> others;
  for (Value companion : companions) {
    ElementsAttr other;
    if (!matchPattern(companion, m_Constant(&other)))
      return value.getDefiningOp()->emitError("expected a constant"), mlir::failure();
    auto tensor = HostTensor::get(other);
    if (!tensor)
      return value.getDefiningOp()->emitError("constant has no data"), mlir::failure();
    others.push_back(*tensor);
    key.second += "|" + std::to_string(uintptr_t(other.getAsOpaquePointer()));
  }
  auto found = placed.find(key);
  if (found != placed.end())
    return found->second;
  auto tensor = HostTensor::get(attr);
  if (!tensor)
    return value.getDefiningOp()->emitError("constant has no data"), mlir::failure();
  PlacedConstant constant;
  if (packing.packWith) {
    others.insert(others.begin(), *tensor);
    constant.owned = packing.packWith(others);
  } else if (packing.pack)
    constant.owned = packing.pack(*tensor);
  else
    constant.tensor = std::move(tensor);
  constant.offset = code.constantBytes;
  int64_t size = constant.bytes().size();
  // A line of slack behind each constant: kernels may prefetch or load a whole
  // vector at the end.
  code.constantBytes += (size + 63) / 64 * 64 + 64;
  placed[key] = constant.offset;
  code.constants.push_back(std::move(constant));
  return code.constants.back().offset;
}

FailureOr<Value> HostEmitter::allocate(const HostStorage &storage, AffineExpr byteSize) {
  if (storage.offset >= 0)
    return gep(arena, builder.getI8Type(), {constant(storage.offset)});
  auto count = size(byteSize);
  if (failed(count))
    return mlir::failure();
  Value made = callRuntime("pith_rt_alloc", pointer, {instance, *count});
  failIf(isNull(made));
  return made;
}

/// Small integer tensors that are made of sizes: written element by element.
LogicalResult HostEmitter::materialize(Value tensor) {
  auto contents = shapes.getContents(tensor);
  if (!contents)
    return tensor.getDefiningOp()->emitError("no code for this op");
  auto storage = plan.find(tensor);
  auto where = allocate(*storage, HostPlan::byteSize(shapes, tensor));
  if (failed(where))
    return mlir::failure();
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Type plain = IntegerType::get(context, element.getIntOrFloatBitWidth());
  for (auto [i, expr] : llvm::enumerate(*contents)) {
    auto value = size(expr);
    if (failed(value))
      return mlir::failure();
    Value narrow = plain == i64
                       ? *value
                       : LLVM::TruncOp::create(builder, loc, plain, *value).getResult();
    store(narrow, gep(*where, plain, {int32_t(i)}));
  }
  addresses[tensor] = *where;
  return success();
}

FailureOr<Value> HostEmitter::address(Value tensor) {
  Value root = plan.rootOf(tensor);
  if (Value known = addresses.lookup(root))
    return known;
  if (auto argument = dyn_cast<BlockArgument>(root)) {
    int64_t offset = int64_t(sizeof(pith_buffer)) * argument.getArgNumber();
    return addresses[root] = load(pointer, gepBytes(inputs, offset));
  }
  if (matchPattern(root, m_Constant())) {
    auto offset = place(root, ArgumentPacking());
    if (failed(offset))
      return mlir::failure();
    return weights(*offset);
  }
  if (failed(materialize(root)))
    return mlir::failure();
  return addresses[root];
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// The address of a kernel's argument.
FailureOr<Value> HostEmitter::argument(func::CallOp call, const KernelPlan &kernel,
                                       unsigned number) {
  if (!kernel.readsArgument[number])
    return LLVM::ZeroOp::create(builder, loc, pointer).getResult();
  Value operand = call.getOperand(number);
  if (!matchPattern(operand, m_Constant()))
    return address(operand);
  SmallVector<Value> companions;
  for (unsigned companion : kernel.packings[number].companions)
    companions.push_back(call.getOperand(companion));
  auto offset = place(operand, kernel.packings[number], companions);
  if (failed(offset))
    return mlir::failure();
  return weights(*offset);
}

/// Puts the sizes of a tensor into the frame.
LogicalResult HostEmitter::storeExtents(Value tensor) {
  SmallVector<Value> extents;
  for (AffineExpr dim : shapes.getDims(tensor)) {
    auto extent = size(dim);
    if (failed(extent))
      return mlir::failure();
    extents.push_back(*extent);
  }
  for (auto [axis, extent] : llvm::enumerate(extents))
    store(extent, gep(frame, i64, {int32_t(kDimsSlot + axis)}));
  return success();
}

/// Asks the runtime for the buffer of output `number`, with the sizes of what
/// the model returns there.
FailureOr<Value> HostEmitter::makeOutput(int64_t number) {
  Value returned = program.main.getBody().front().getTerminator()->getOperand(number);
  if (failed(storeExtents(returned)))
    return mlir::failure();
  Value where = callRuntime("pith_rt_output", pointer,
                            {instance, constant(number),
                             constant(shapes.getDims(returned).size()),
                             gep(frame, i64, {int32_t(kDimsSlot)})});
  failIf(isNull(where));
  return where;
}

FailureOr<Value> HostEmitter::makeResult(Value result) {
  auto output = plan.outputOf(result);
  auto where = output ? makeOutput(*output)
                      : allocate(*plan.find(result), HostPlan::byteSize(shapes, result));
  if (succeeded(where))
    addresses[result] = *where;
  return where;
}

/// Runs tasks [first, last) of a kernel whose frame is ready.
LogicalResult HostEmitter::runTasks(const KernelPlan &kernel,
                                    ArrayRef<AffineExpr> symbols, size_t first,
                                    size_t last) {
  for (const KernelTask &task : ArrayRef(kernel.tasks).slice(first, last - first)) {
    auto jobs = size(task.jobs.replaceSymbols(symbols));
    auto cost = size(task.cost.replaceSymbols(symbols));
    if (failed(jobs) || failed(cost))
      return mlir::failure();
    Value grain;
    if (auto fixed = getConstant(task.cost.replaceSymbols(symbols))) {
      grain = constant(std::max<int64_t>(1, kForkNanoseconds / std::max<int64_t>(1, *fixed)));
    } else {
      Value safe = LLVM::SMaxOp::create(builder, loc, *cost, constant(1));
      Value pieces = LLVM::SDivOp::create(builder, loc, constant(kForkNanoseconds), safe);
      grain = LLVM::SMaxOp::create(builder, loc, pieces, constant(1));
    }
    Value function = LLVM::AddressOfOp::create(builder, loc, pointer, task.function);
    callRuntime("pith_rt_parallel_for", {}, {instance, function, frame, *jobs, grain});
  }
  return success();
}

/// Reads sizes that the kernel has found out, so that they count as known.
LogicalResult HostEmitter::readFoundSizes(func::CallOp call, const KernelPlan &kernel,
                                          ArrayRef<Value> scratch) {
  for (auto [number, result] : llvm::enumerate(call.getResults())) {
    int64_t buffer = kernel.sizeScratch[number];
    if (buffer < 0)
      continue;
    for (auto [axis, dim] : llvm::enumerate(shapes.getDims(result))) {
      auto symbol = dyn_cast<AffineSymbolExpr>(dim);
      if (!symbol)
        continue;
      const RuntimeSymbol &what = shapes.getSymbols()[symbol.getPosition()];
      if (what.kind == RuntimeSymbol::Kind::DataDependent && what.value == result)
        sizes[dim] = load(i64, gep(scratch[buffer], i64, {int32_t(axis)}));
    }
  }
  // A bad value has been reported; sizes may mean nothing then.
  Value trapped = callRuntime("pith_rt_trapped", i32, {instance});
  failIf(compare(LLVM::ICmpPredicate::ne, trapped,
                 LLVM::ConstantOp::create(builder, loc, i32, 0)));
  return success();
}

/// Frame slots: instance, arguments, results, symbols, scratch buffers. Values
/// are made before they are stored, since making them may branch.
LogicalResult HostEmitter::emitCall(func::CallOp call) {
  auto found = plans.find(call.getCallee());
  if (found == plans.end())
    return call.emitError("no kernel '") << call.getCallee() << "'";
  const KernelPlan &kernel = found->second;
  ArrayRef<AffineExpr> symbols = program.symbolValues[call];
  size_t firstResult = 1 + call.getNumOperands();
  size_t firstSymbol = firstResult + call.getNumResults();
  size_t firstScratch = firstSymbol + symbols.size();
  if (int64_t(firstScratch + kernel.scratchBytes.size()) > kDimsSlot)
    return call.emitError("kernel has too many operands: expected at most ")
           << kDimsSlot << " values in its frame, found "
           << firstScratch + kernel.scratchBytes.size();
  auto set = [&](Value value, size_t slot) {
    store(value, gep(frame, i64, {int32_t(slot)}));
  };

  SmallVector<Value> arguments, scratch, results, toFree;
  for (unsigned i = 0; i < call.getNumOperands(); ++i) {
    auto where = argument(call, kernel, i);
    if (failed(where))
      return mlir::failure();
    arguments.push_back(*where);
  }
  for (auto [i, expr] : llvm::enumerate(kernel.scratchBytes)) {
    const HostStorage &storage = plan.scratchOf(call, i);
    auto where = allocate(storage, expr.replaceSymbols(symbols));
    if (failed(where))
      return mlir::failure();
    if (storage.offset < 0)
      toFree.push_back(*where);
    scratch.push_back(*where);
  }
  auto isFound = [&](AffineExpr expr) {
    auto symbol = dyn_cast<AffineSymbolExpr>(expr);
    return symbol && llvm::is_contained(
                         call.getResults(),
                         shapes.getSymbols()[symbol.getPosition()].value);
  };
  auto makeExtents = [&](bool ofResults) -> LogicalResult {
    for (auto [i, symbol] : llvm::enumerate(symbols)) {
      if (isFound(symbol) != ofResults)
        continue;
      auto value = size(symbol);
      if (failed(value))
        return mlir::failure();
      set(*value, firstSymbol + i);
    }
    return success();
  };
  if (failed(makeExtents(false)))
    return mlir::failure();
  set(instance, 0);
  for (auto [i, value] : llvm::enumerate(arguments))
    set(value, 1 + i);
  for (auto [i, value] : llvm::enumerate(scratch))
    set(value, firstScratch + i);
  if (kernel.sizeTasks > 0 &&
      (failed(runTasks(kernel, symbols, 0, kernel.sizeTasks)) ||
       failed(readFoundSizes(call, kernel, scratch)) || failed(makeExtents(true))))
    return mlir::failure();
  for (Value result : call.getResults()) {
    auto where = makeResult(result);
    if (failed(where))
      return mlir::failure();
    results.push_back(*where);
  }
  for (auto [i, value] : llvm::enumerate(results))
    set(value, firstResult + i);
  if (failed(runTasks(kernel, symbols, kernel.sizeTasks, kernel.tasks.size())))
    return mlir::failure();
  for (Value buffer : toFree)
    callRuntime("pith_rt_free", {}, {instance, buffer});
  return success();
}

void HostEmitter::freeEndingAt(int64_t step) {
  for (Value dead : plan.endingAt(step))
    if (Value where = addresses.lookup(dead))
      callRuntime("pith_rt_free", {}, {instance, where});
}

/// The step before which the symbols of `expr` can be read: 0 where they follow
/// from the inputs' sizes, else after the op that makes the tensor they are in.
int64_t HostEmitter::readyStep(AffineExpr expr) {
  int64_t ready = 0;
  expr.walk([&](AffineExpr part) {
    auto symbol = dyn_cast<AffineSymbolExpr>(part);
    if (!symbol)
      return;
    const RuntimeSymbol &what = shapes.getSymbols()[symbol.getPosition()];
    if (what.lhs)
      ready = std::max({ready, readyStep(what.lhs), readyStep(what.rhs)});
    if (what.value)
      if (Operation *producer = plan.rootOf(what.value).getDefiningOp())
        ready = std::max(ready, steps.lookup(producer) + 1);
  });
  return ready;
}

/// Sizes that must agree, as soon as they are known.
LogicalResult HostEmitter::checkSizes(int64_t step) {
  for (const SizeRequirement &requirement : shapes.getRequirements()) {
    if (std::max(readyStep(requirement.lhs), readyStep(requirement.rhs)) != step)
      continue;
    auto a = size(requirement.lhs), b = size(requirement.rhs);
    if (failed(a) || failed(b))
      return mlir::failure();
    failSizeIf(compare(LLVM::ICmpPredicate::ne, *a, *b), nullptr,
               "sizes do not fit", *a, *b);
  }
  return success();
}

LogicalResult HostEmitter::emitObserve(ObserveOp op) {
  auto where = address(op.getActivation());
  if (failed(where) || failed(storeExtents(op.getActivation())))
    return mlir::failure();
  Value status = callRuntime("pith_rt_observe", i32,
                             {instance, numbers(op.getSite()), text(op.getNode()),
                              text(op.getUsers()), *where,
                              gep(frame, i64, {int32_t(kDimsSlot)})});
  failIf(compare(LLVM::ICmpPredicate::ne, status,
                 LLVM::ConstantOp::create(builder, loc, i32, 0)));
  return success();
}

LogicalResult HostEmitter::emitReturn(func::ReturnOp op, int64_t step) {
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    if (plan.outputOf(plan.rootOf(value)) == std::optional<int64_t>(i))
      continue;
    // An input, a constant, sizes, or something that is another output, too.
    auto source = address(value);
    auto count = bytes(value);
    if (failed(source) || failed(count))
      return mlir::failure();
    auto target = makeOutput(i);
    if (failed(target))
      return mlir::failure();
    LLVM::MemcpyOp::create(builder, loc, *target, *source, *count, false);
  }
  freeEndingAt(step);
  Value trapped = callRuntime("pith_rt_trapped", i32, {instance});
  LLVM::ReturnOp::create(builder, loc, trapped);
  return success();
}

/// A pointer to the weights, which may lie further away than small addresses reach.
void HostEmitter::declareWeights() {
  OpBuilder top(lowered.getBodyRegion());
  LLVM::GlobalOp::create(top, loc, top.getI8Type(), /*isConstant=*/true,
                         LLVM::Linkage::External, weightsSymbol, Attribute());
  auto global = LLVM::GlobalOp::create(top, loc, pointer, /*isConstant=*/true,
                                       LLVM::Linkage::Internal,
                                       "pith_weights_pointer", Attribute());
  OpBuilder init(context);
  init.setInsertionPointToStart(init.createBlock(&global.getInitializerRegion()));
  Value where = LLVM::AddressOfOp::create(init, loc, pointer, weightsSymbol);
  LLVM::ReturnOp::create(init, loc, where);
}

FailureOr<HostCode> HostEmitter::run(StringRef name) {
  if (failed(plan.run()))
    return mlir::failure();
  declareRuntime();
  declareWeights();
  builder.setInsertionPointToEnd(lowered.getBody());
  function = LLVM::LLVMFuncOp::create(
      builder, loc, name,
      LLVM::LLVMFunctionType::get(i32, {pointer, pointer, pointer}));
  Block *entry = function.addEntryBlock(builder);
  failure = new Block();
  function.getBody().push_back(failure);
  builder.setInsertionPointToStart(failure);
  LLVM::ReturnOp::create(builder, loc,
                         LLVM::ConstantOp::create(builder, loc, i32, 1));
  builder.setInsertionPointToStart(entry);
  instance = entry->getArgument(0);
  inputs = entry->getArgument(1);
  symbolValues = entry->getArgument(2);
  frame = LLVM::AllocaOp::create(builder, loc, pointer, i64,
                                 constant(kDimsSlot + PITH_MAX_RANK), 64);
  arena = callRuntime("pith_rt_arena", pointer, {instance});
  code.arenaBytes = plan.getArenaBytes();
  for (auto [number, op] : llvm::enumerate(program.main.getBody().front()))
    steps[&op] = number;
  int64_t step = 0;
  for (Operation &op : program.main.getBody().front()) {
    if (failed(checkSizes(step)))
      return mlir::failure();
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      if (failed(emitReturn(ret, step)))
        return mlir::failure();
      break;
    }
    if (auto call = dyn_cast<func::CallOp>(op))
      if (failed(emitCall(call)))
        return mlir::failure();
    if (auto observe = dyn_cast<ObserveOp>(op))
      if (failed(emitObserve(observe)))
        return mlir::failure();
    freeEndingAt(step);
    ++step;
  }
  code.runFunction = name.str();
  return std::move(code);
}

FailureOr<HostCode> pith::emitHostCode(OutlinedProgram &program,
                                       const llvm::StringMap<KernelPlan> &plans,
                                       ModuleOp lowered, StringRef runFunction,
                                       StringRef weightsSymbol) {
  return HostEmitter(program, plans, lowered, weightsSymbol).run(runFunction);
}
