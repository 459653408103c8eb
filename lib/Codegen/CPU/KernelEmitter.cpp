//===- KernelEmitter.cpp - Emitting one kernel ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tasks, their context, sizes and buffers; and the loops of kernels that have no
// root op.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/KernelEmitter.h"

#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace pith;

KernelEmitter::KernelEmitter(func::FuncOp kernel, ModuleOp module,
                             const TargetDescription &target)
    : source(kernel), module(module), target(target), shapes(kernel),
      entry(kernel.getContext()) {}

int64_t KernelEmitter::getLanes(unsigned bits) const {
  return std::max<int64_t>(1, target.vectorBytes * 8 / bits);
}

ValueRange KernelEmitter::getReturned() {
  return source.getBody().front().getTerminator()->getOperands();
}

FailureOr<KernelPlan> KernelEmitter::emit() {
  if (failed(shapes.run()))
    return failure();
  plan.packings.resize(source.getNumArguments());
  plan.readsArgument.assign(source.getNumArguments(), false);
  plan.sizeScratch.assign(source.getNumResults(), -1);
  if (auto symbols = source->getAttrOfType<ArrayAttr>("pith.symbols"))
    plan.numSymbols = symbols.size();
  for (Operation &op : source.getBody().front()) {
    auto kernelOp = dyn_cast<KernelOpInterface>(op);
    if (!kernelOp || kernelOp.getKernelRole() != KernelRole::Root)
      continue;
    if (root)
      return op.emitError("kernel has two roots"), failure();
    root = &op;
  }
  LogicalResult done = root ? cast<KernelOpInterface>(root).emitKernel(*this)
                            : emitLoops();
  if (failed(done))
    return failure();
  return std::move(plan);
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

LogicalResult KernelEmitter::addTask(
    AffineExpr jobs, AffineExpr cost,
    function_ref<LogicalResult(OpBuilder &, Value, Value)> body) {
  OpBuilder builder(module.getBodyRegion());
  builder.setInsertionPointToEnd(module.getBody());
  Location loc = getLoc();
  Type pointer = LLVM::LLVMPointerType::get(getContext());
  Type index = builder.getIndexType();
  std::string name = source.getName().str();
  if (!plan.tasks.empty())
    name += "_" + std::to_string(plan.tasks.size());
  auto task = func::FuncOp::create(
      builder, loc, name, builder.getFunctionType({pointer, index, index}, {}));
  Block *block = task.addEntryBlock();
  // Entry code is kept in front of everything the body emits.
  builder.setInsertionPointToEnd(block);
  auto end = func::ReturnOp::create(builder, loc);
  entry.setInsertionPointToStart(block);
  auto marker = LLVM::ZeroOp::create(entry, loc, pointer);
  entry.setInsertionPoint(marker);
  context = task.getArgument(0);
  slots.clear();
  sizes.clear();
  buffers.clear();
  constants.clear();
  builder.setInsertionPoint(end);
  LogicalResult done = body(builder, task.getArgument(1), task.getArgument(2));
  marker.erase();
  plan.tasks.push_back({name, jobs, cost});
  return done;
}

void KernelEmitter::loop(OpBuilder &builder, Location loc, Value lo, Value hi,
                         int64_t step,
                         function_ref<void(OpBuilder &, Value)> body) {
  Value by = arith::ConstantIndexOp::create(builder, loc, step);
  auto loop = scf::ForOp::create(builder, loc, lo, hi, by);
  OpBuilder inner(loop.getBody()->getTerminator());
  body(inner, loop.getInductionVar());
}

int64_t KernelEmitter::addScratch(AffineExpr bytes) {
  plan.scratchBytes.push_back(bytes);
  return plan.scratchBytes.size() - 1;
}

Value KernelEmitter::constantIndex(int64_t value) {
  Value &constant = constants[value];
  if (!constant)
    constant = arith::ConstantIndexOp::create(entry, getLoc(), value);
  return constant;
}

Value KernelEmitter::slot(int64_t number, Type type) {
  Value &value = slots[{number, type}];
  if (!value) {
    Type pointer = LLVM::LLVMPointerType::get(getContext());
    Value address = LLVM::GEPOp::create(
        entry, getLoc(), pointer, entry.getI64Type(), context,
        ArrayRef<LLVM::GEPArg>{int32_t(number)});
    value = LLVM::LoadOp::create(entry, getLoc(), type, address, 8,
                                 /*isVolatile=*/false, /*isNonTemporal=*/false,
                                 /*isInvariant=*/true);
  }
  return value;
}

Value KernelEmitter::instance() {
  return slot(0, LLVM::LLVMPointerType::get(getContext()));
}

static Type storageType(Type element) {
  unsigned bits = getStorageBits(element);
  if (isa<FloatType>(element) && bits >= 8)
    return element;
  return IntegerType::get(element.getContext(), std::max(8u, bits));
}

KernelBuffer KernelEmitter::buffer(int64_t slotNumber, Type element) {
  Type stored = storageType(element);
  Value &memref = buffers[{slotNumber, stored}];
  if (!memref) {
    // A descriptor around the pointer; the cast disappears when memref
    // operations become LLVM.
    Location loc = getLoc();
    MLIRContext *ctx = getContext();
    Type pointer = LLVM::LLVMPointerType::get(ctx);
    Type i64 = entry.getI64Type();
    Type array = LLVM::LLVMArrayType::get(i64, 1);
    Type descriptor = LLVM::LLVMStructType::getLiteral(
        ctx, {pointer, pointer, i64, array, array});
    Value address = slot(slotNumber, pointer);
    Value zero = LLVM::ConstantOp::create(entry, loc, i64, 0);
    Value one = LLVM::ConstantOp::create(entry, loc, i64, 1);
    Value size = LLVM::ConstantOp::create(
        entry, loc, i64, int64_t(std::numeric_limits<int64_t>::max() / 16));
    Value d = LLVM::PoisonOp::create(entry, loc, descriptor);
    auto insert = [&](Value v, ArrayRef<int64_t> position) {
      d = LLVM::InsertValueOp::create(entry, loc, d, v, position);
    };
    insert(address, {0});
    insert(address, {1});
    insert(zero, {2});
    insert(size, {3, 0});
    insert(one, {4, 0});
    auto type = MemRefType::get({ShapedType::kDynamic}, stored);
    memref = UnrealizedConversionCastOp::create(entry, loc, type, d).getResult(0);
  }
  return {memref, element};
}

KernelBuffer KernelEmitter::argument(unsigned index) {
  plan.readsArgument[index] = true;
  Type element =
      cast<RankedTensorType>(source.getArgument(index).getType()).getElementType();
  return buffer(1 + index, element);
}

KernelBuffer KernelEmitter::result(unsigned index) {
  Type element = cast<RankedTensorType>(source.getResultTypes()[index]).getElementType();
  return buffer(1 + source.getNumArguments() + index, element);
}

KernelBuffer KernelEmitter::scratch(int64_t number, Type elementType) {
  int64_t first = 1 + source.getNumArguments() + source.getNumResults() +
                  plan.numSymbols;
  return buffer(first + number, elementType);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Value KernelEmitter::size(AffineExpr expr) {
  if (auto constant = getConstant(expr))
    return constantIndex(*constant);
  if (Value known = sizes.lookup(expr))
    return known;
  Location loc = getLoc();
  Value value;
  auto compare = [&](arith::CmpIPredicate predicate, Value a, Value b) {
    return arith::CmpIOp::create(entry, loc, predicate, a, b);
  };
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    RuntimeSymbol what = shapes.getSymbols()[symbol.getPosition()];
    switch (what.kind) {
    case RuntimeSymbol::Kind::Input:
    case RuntimeSymbol::Kind::DataDependent: {
      int64_t first = 1 + source.getNumArguments() + source.getNumResults();
      Value raw = slot(first + symbol.getPosition(), entry.getI64Type());
      value = arith::IndexCastOp::create(entry, loc, entry.getIndexType(), raw);
      break;
    }
    case RuntimeSymbol::Kind::Element: {
      unsigned argument = cast<BlockArgument>(what.value).getArgNumber();
      Value raw = memref::LoadOp::create(entry, loc, this->argument(argument).memref,
                                         ValueRange{constantIndex(what.index)});
      value = arith::IndexCastOp::create(entry, loc, entry.getIndexType(), raw);
      break;
    }
    case RuntimeSymbol::Kind::Minimum:
    case RuntimeSymbol::Kind::Maximum: {
      Value a = size(what.lhs), b = size(what.rhs);
      bool smaller = what.kind == RuntimeSymbol::Kind::Minimum;
      value = smaller ? arith::MinSIOp::create(entry, loc, a, b).getResult()
                      : arith::MaxSIOp::create(entry, loc, a, b).getResult();
      break;
    }
    case RuntimeSymbol::Kind::Broadcast: {
      Value a = size(what.lhs), b = size(what.rhs);
      Value isOne = compare(arith::CmpIPredicate::eq, a, constantIndex(1));
      value = arith::SelectOp::create(entry, loc, isOne, b, a);
      break;
    }
    }
  } else {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Value a = size(binary.getLHS()), b = size(binary.getRHS());
    switch (expr.getKind()) {
    case AffineExprKind::Add:
      value = arith::AddIOp::create(entry, loc, a, b);
      break;
    case AffineExprKind::Mul:
      value = arith::MulIOp::create(entry, loc, a, b);
      break;
    case AffineExprKind::FloorDiv:
      value = arith::FloorDivSIOp::create(entry, loc, a, b);
      break;
    case AffineExprKind::CeilDiv:
      value = arith::CeilDivSIOp::create(entry, loc, a, b);
      break;
    default:
      value = arith::RemSIOp::create(entry, loc, a, b);
      break;
    }
  }
  sizes[expr] = value;
  return value;
}

SmallVector<Value> KernelEmitter::strides(ArrayRef<AffineExpr> dims) {
  SmallVector<Value> result(dims.size());
  AffineExpr stride = getAffineConstantExpr(1, getContext());
  for (size_t axis = dims.size(); axis-- > 0;) {
    result[axis] = size(stride);
    stride = product(getContext(), {dims[axis], stride});
  }
  return result;
}

std::optional<LaneIndex> KernelEmitter::linearize(ElementEmitter &emitter,
                                                  ArrayRef<AffineExpr> dims,
                                                  ArrayRef<LaneIndex> position) {
  LaneIndex offset{constantIndex(0), 0};
  AffineExpr stride = getAffineConstantExpr(1, getContext());
  SmallVector<AffineExpr> strideExprs(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    strideExprs[axis] = stride;
    stride = product(getContext(), {dims[axis], stride});
  }
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (getConstant(dims[axis]) == 1)
      continue;
    LaneIndex index = position[axis];
    auto constant = getConstant(strideExprs[axis]);
    if (index.stride != 0 && !constant)
      return std::nullopt;
    offset.base = emitter.add(
        offset.base, emitter.mul(index.base, size(strideExprs[axis])));
    offset.stride += index.stride * constant.value_or(0);
  }
  return offset;
}

SmallVector<Value> KernelEmitter::delinearize(OpBuilder &builder, Value linear,
                                              ArrayRef<AffineExpr> dims) {
  SmallVector<Value> result(dims.size());
  // The outermost axis that is not 1 takes what is left, without a division.
  size_t outermost = 0;
  while (outermost < dims.size() && getConstant(dims[outermost]) == 1)
    ++outermost;
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (getConstant(dims[axis]) == 1) {
      result[axis] = constantIndex(0);
    } else if (axis == outermost) {
      result[axis] = linear;
    } else {
      Value extent = size(dims[axis]);
      result[axis] = arith::RemUIOp::create(builder, getLoc(), linear, extent);
      linear = arith::DivUIOp::create(builder, getLoc(), linear, extent);
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void KernelEmitter::store(ElementEmitter &emitter, ArrayRef<LaneIndex> position,
                          Value element) {
  if (root)
    emitter.bind(root->getResult(0), position, element);
  for (auto [number, value] : llvm::enumerate(getReturned())) {
    Value out = emitter.at(value, position);
    SmallVector<AffineExpr> sizes(dims(value));
    KernelBuffer buffer = result(number);
    if (auto offset = linearize(emitter, sizes, position)) {
      emitter.store(buffer, *offset, out);
      continue;
    }
    // Lanes along an axis of unknown stride: one store per lane.
    auto steps = strides(sizes);
    for (int64_t lane = 0; lane < emitter.lanes(); ++lane) {
      Value offset = constantIndex(0);
      for (auto [index, step] : llvm::zip(position, steps)) {
        Value at = emitter.add(index.base, constantIndex(lane * index.stride));
        offset = emitter.add(offset, emitter.mul(at, step));
      }
      Value scalar = vector::ExtractOp::create(emitter.getBuilder(), getLoc(), out,
                                               ArrayRef<int64_t>{lane});
      ElementEmitter single(*this, emitter.getBuilder(), 1);
      single.store(buffer, {offset, 0}, scalar);
    }
  }
}

void KernelEmitter::trap(OpBuilder &builder, StringRef message, Value value) {
  Location loc = getLoc();
  Type pointer = LLVM::LLVMPointerType::get(getContext());
  Type i64 = builder.getI64Type();
  SymbolTable symbols(module);
  auto text = [&](StringRef what) -> Value {
    std::string name = ("text_" + llvm::Twine(llvm::xxh3_64bits(what))).str();
    if (!symbols.lookup(name)) {
      OpBuilder top(module.getBodyRegion());
      auto type = LLVM::LLVMArrayType::get(top.getI8Type(), what.size() + 1);
      LLVM::GlobalOp::create(top, module.getLoc(), type, /*isConstant=*/true,
                             LLVM::Linkage::Internal, name,
                             top.getStringAttr(what.str() + '\0'));
    }
    return LLVM::AddressOfOp::create(builder, loc, pointer, name);
  };
  StringRef callee = "pith_rt_trap";
  if (!symbols.lookup(callee)) {
    OpBuilder top(module.getBodyRegion());
    LLVM::LLVMFuncOp::create(
        top, module.getLoc(), callee,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(getContext()),
                                    {pointer, pointer, pointer, i64}));
  }
  // Equal kernels are shared, so the message names the kernel, not one node.
  Value wide = arith::IndexCastOp::create(builder, loc, i64, value);
  LLVM::CallOp::create(builder, loc, TypeRange{}, callee,
                       ValueRange{instance(), text(source.getName()),
                                  text(message), wide});
}

//===----------------------------------------------------------------------===//
// Loops of kernels without root
//===----------------------------------------------------------------------===//

/// Where all ops are pointwise, neighbouring axes along which every value either
/// has both sizes or repeats along both become one: loops get long and few.
void KernelEmitter::collapseAxes() {
  SmallVector<AffineExpr> full(dims(getReturned().front()));
  SmallVector<Value> values(source.getArguments());
  for (Operation &op : source.getBody().front().without_terminator()) {
    auto kernelOp = dyn_cast<KernelOpInterface>(op);
    if (!op.hasTrait<mlir::OpTrait::ConstantLike>() && !isa<WidenOp>(op) &&
        (!kernelOp || kernelOp.getKernelRole() != KernelRole::Pointwise))
      return;
    values.append(op.result_begin(), op.result_end());
  }
  auto one = getAffineConstantExpr(1, getContext());
  // Sizes with leading axes of 1 filled in.
  SmallVector<SmallVector<AffineExpr>> padded;
  for (Value value : values) {
    SmallVector<AffineExpr> own(dims(value));
    if (own.size() > full.size())
      return;
    SmallVector<AffineExpr> wide(full.size() - own.size(), one);
    wide.append(own);
    padded.push_back(std::move(wide));
  }
  SmallVector<SmallVector<size_t>> groups;
  for (size_t axis = 0; axis < full.size(); ++axis) {
    bool joins = axis > 0;
    for (auto &own : padded) {
      if (!joins)
        break;
      bool bothFull = own[axis] == full[axis];
      bool bothOne = own[axis] == one;
      for (size_t other : groups.back()) {
        bothFull &= own[other] == full[other];
        bothOne &= own[other] == one;
      }
      joins = bothFull || bothOne;
    }
    if (joins)
      groups.back().push_back(axis);
    else
      groups.push_back({axis});
  }
  for (auto [value, own] : llvm::zip(values, padded)) {
    SmallVector<AffineExpr> joined;
    for (auto &group : groups) {
      SmallVector<AffineExpr> factors;
      for (size_t axis : group)
        factors.push_back(own[axis]);
      joined.push_back(product(getContext(), factors));
    }
    shapes.setDims(value, joined);
  }
}

LogicalResult KernelEmitter::emitLoops() {
  collapseAxes();
  SmallVector<AffineExpr> space(dims(getReturned().front()));
  auto one = getAffineConstantExpr(1, getContext());
  if (space.empty())
    space.push_back(one);

  int64_t lanes = getLanes();
  int64_t operations = 1;
  for (Operation &op : source.getBody().front().without_terminator()) {
    ++operations;
    if (auto kernelOp = dyn_cast<KernelOpInterface>(op))
      if (kernelOp.getKernelRole() == KernelRole::Movement &&
          !kernelOp.keepsLanes())
        lanes = 1;
  }
  AffineExpr last = space.back();
  if (auto extent = getConstant(last))
    while (lanes > *extent)
      lanes /= 2;
  if (lanes < 4)
    lanes = 1;

  // A job is a piece of the last axis at one position of the others.
  constexpr int64_t kPiece = 4096;
  auto extent = getConstant(last);
  bool whole = extent && *extent <= 2 * kPiece;
  AffineExpr pieces = whole ? one : last.ceilDiv(kPiece);
  SmallVector<AffineExpr> jobSpace(ArrayRef(space).drop_back());
  jobSpace.push_back(pieces);
  AffineExpr jobs = product(getContext(), jobSpace);
  int64_t perJob = whole ? *extent : kPiece;
  int64_t cost = 2 + perJob * operations / (lanes * 4);

  return addTask(
      jobs, getAffineConstantExpr(cost, getContext()),
      [&](OpBuilder &builder, Value lo, Value hi) -> LogicalResult {
        bool good = true;
        loop(builder, getLoc(), lo, hi, 1, [&](OpBuilder &b, Value job) {
          SmallVector<Value> outer = delinearize(b, job, jobSpace);
          Value from = constantIndex(0), to = size(last);
          if (!whole) {
            from = arith::MulIOp::create(b, getLoc(), outer.back(),
                                         constantIndex(kPiece));
            Value next = arith::AddIOp::create(b, getLoc(), from,
                                               constantIndex(kPiece));
            to = arith::MinSIOp::create(b, getLoc(), next, to);
          }
          auto body = [&](int64_t width, OpBuilder &inner, Value i) {
            ElementEmitter emitter(*this, inner, width);
            SmallVector<LaneIndex> position;
            for (Value index : ArrayRef(outer).drop_back())
              position.push_back({index, 0});
            position.push_back({i, width > 1 ? 1 : 0});
            // A scalar result has no axis of its own.
            if (dims(getReturned().front()).empty())
              position.clear();
            for (Value value : getReturned())
              good &= bool(emitter.at(value, position));
            if (good)
              store(emitter, position, {});
          };
          Value middle = from;
          if (lanes > 1) {
            Value length = arith::SubIOp::create(b, getLoc(), to, from);
            Value tail = arith::RemUIOp::create(b, getLoc(), length,
                                                constantIndex(lanes));
            middle = b.createOrFold<arith::SubIOp>(getLoc(), to, tail);
            loop(b, getLoc(), from, middle, lanes,
                 [&](OpBuilder &inner, Value i) { body(lanes, inner, i); });
          }
          bool noTail = lanes == 1 ? false : extent && *extent % lanes == 0;
          if (!noTail)
            loop(b, getLoc(), middle, to, 1,
                 [&](OpBuilder &inner, Value i) { body(1, inner, i); });
        });
        if (!good)
          return source.emitError("kernel has an op that cannot be computed "
                                  "element by element");
        return success();
      });
}
