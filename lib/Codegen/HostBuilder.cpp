//===- HostBuilder.cpp - Pieces of host code ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostBuilder.h"

#include "pith/Support/NodeName.h"

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// The runtime
//===----------------------------------------------------------------------===//

void HostBuilder::declareRuntime() {
  OpBuilder top(lowered.getBodyRegion());
  Type none = LLVM::LLVMVoidType::get(context);
  auto declare = [&](StringRef name, Type result, ArrayRef<Type> operands) {
    if (!lowered.lookupSymbol(name))
      LLVM::LLVMFuncOp::create(top, loc, name,
                               LLVM::LLVMFunctionType::get(result, operands));
  };
  declare("pith_rt_arena", pointer, {pointer});
  declare("pith_rt_alloc", pointer, {pointer, i64});
  declare("pith_rt_free", none, {pointer, pointer});
  declare("pith_rt_output", pointer, {pointer, i64, i64, pointer});
  declare("pith_rt_parallel_for", none, {pointer, pointer, pointer, i64, i64});
  declare("pith_rt_fail_size", i32, {pointer, pointer, pointer, i64, i64});
  declare("pith_rt_trapped", i32, {pointer});
  declare("pith_rt_observe", i32, {pointer, pointer, pointer, pointer, pointer, pointer});
}

Value HostBuilder::callRuntime(StringRef callee, Type result, ValueRange operands) {
  auto call = LLVM::CallOp::create(
      builder, loc, result ? TypeRange{result} : TypeRange{}, callee, operands);
  return result ? call.getResult() : Value();
}

Value HostBuilder::text(StringRef what) {
  std::string &name = texts[what];
  if (name.empty()) {
    name = "host_text_" + std::to_string(texts.size());
    OpBuilder top(lowered.getBodyRegion());
    auto type = LLVM::LLVMArrayType::get(top.getI8Type(), what.size() + 1);
    LLVM::GlobalOp::create(top, loc, type, /*isConstant=*/true,
                           LLVM::Linkage::Internal, name,
                           top.getStringAttr(what.str() + '\0'));
  }
  return LLVM::AddressOfOp::create(builder, loc, pointer, name);
}

Value HostBuilder::numbers(ArrayRef<int64_t> values) {
  std::string name = "host_numbers_" + std::to_string(numberLists++);
  OpBuilder top(lowered.getBodyRegion());
  auto attr = DenseElementsAttr::get(
      RankedTensorType::get({int64_t(values.size())}, top.getI64Type()), values);
  LLVM::GlobalOp::create(top, loc, LLVM::LLVMArrayType::get(i64, values.size()),
                         /*isConstant=*/true, LLVM::Linkage::Internal, name, attr);
  return LLVM::AddressOfOp::create(builder, loc, pointer, name);
}

//===----------------------------------------------------------------------===//
// Ways out
//===----------------------------------------------------------------------===//

void HostBuilder::failIf(Value bad) {
  Block *current = builder.getInsertionBlock();
  Block *next = new Block();
  current->getParent()->getBlocks().insertAfter(current->getIterator(), next);
  LLVM::CondBrOp::create(builder, loc, bad, failure, ValueRange{}, next,
                         ValueRange{});
  builder.setInsertionPointToStart(next);
}

void HostBuilder::failSizeIf(Value bad, Operation *op, StringRef message,
                             Value expected, Value found) {
  Block *current = builder.getInsertionBlock();
  Block *report = new Block(), *next = new Block();
  auto &blocks = current->getParent()->getBlocks();
  blocks.insertAfter(current->getIterator(), report);
  blocks.insertAfter(report->getIterator(), next);
  LLVM::CondBrOp::create(builder, loc, bad, report, ValueRange{}, next, ValueRange{});
  builder.setInsertionPointToStart(report);
  StringRef node = op ? findNodeName(op->getLoc()) : StringRef();
  Value name = node.empty() ? LLVM::ZeroOp::create(builder, loc, pointer).getResult()
                            : text(node);
  callRuntime("pith_rt_fail_size", i32,
              {instance, name, text(message), expected, found});
  LLVM::BrOp::create(builder, loc, ValueRange{}, failure);
  builder.setInsertionPointToStart(next);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// An element of a tensor of integers, as a size.
FailureOr<Value> HostBuilder::element(Value tensor, int64_t index) {
  auto base = address(tensor);
  if (failed(base))
    return mlir::failure();
  Type type = cast<RankedTensorType>(tensor.getType()).getElementType();
  Type plain = IntegerType::get(context, type.getIntOrFloatBitWidth());
  Value raw = load(plain, gep(*base, plain, {int32_t(index)}));
  if (plain == i64)
    return raw;
  return type.isUnsignedInteger()
             ? LLVM::ZExtOp::create(builder, loc, i64, raw).getResult()
             : LLVM::SExtOp::create(builder, loc, i64, raw).getResult();
}

/// The size that two sizes broadcast to.
Value HostBuilder::broadcast(Value a, Value b) {
  Value one = constant(1);
  Value differ = compare(LLVM::ICmpPredicate::ne, a, b);
  Value fixedA = compare(LLVM::ICmpPredicate::ne, a, one);
  Value fixedB = compare(LLVM::ICmpPredicate::ne, b, one);
  Value bad = LLVM::AndOp::create(builder, loc, differ, fixedA);
  bad = LLVM::AndOp::create(builder, loc, bad, fixedB);
  failSizeIf(bad, nullptr, "sizes cannot be broadcast", a, b);
  Value isOne = compare(LLVM::ICmpPredicate::eq, a, one);
  return LLVM::SelectOp::create(builder, loc, isOne, b, a);
}

FailureOr<Value> HostBuilder::symbol(unsigned position) {
  RuntimeSymbol what = shapes.getSymbols()[position];
  switch (what.kind) {
  case RuntimeSymbol::Kind::Input:
    return load(i64, gep(symbolValues, i64, {int32_t(position)}));
  case RuntimeSymbol::Kind::Element:
    return element(what.value, what.index);
  case RuntimeSymbol::Kind::DataDependent:
    mlir::emitError(loc, "a size that only the op itself can tell is not available "
                         "to the host code");
    return mlir::failure();
  case RuntimeSymbol::Kind::Minimum:
  case RuntimeSymbol::Kind::Maximum:
  case RuntimeSymbol::Kind::Broadcast:
    break;
  }
  auto a = size(what.lhs), b = size(what.rhs);
  if (failed(a) || failed(b))
    return mlir::failure();
  if (what.kind == RuntimeSymbol::Kind::Minimum)
    return LLVM::SMinOp::create(builder, loc, *a, *b).getResult();
  if (what.kind == RuntimeSymbol::Kind::Maximum)
    return LLVM::SMaxOp::create(builder, loc, *a, *b).getResult();
  return broadcast(*a, *b);
}

/// ⌊a/b⌋ for b > 0.
Value HostBuilder::divideDown(Value a, Value b) {
  Value quotient = LLVM::SDivOp::create(builder, loc, a, b);
  Value rest = LLVM::SRemOp::create(builder, loc, a, b);
  Value negative = compare(LLVM::ICmpPredicate::slt, rest, constant(0));
  Value less = LLVM::SubOp::create(builder, loc, quotient, constant(1));
  return LLVM::SelectOp::create(builder, loc, negative, less, quotient);
}

FailureOr<Value> HostBuilder::size(AffineExpr expr) {
  if (auto c = getConstant(expr))
    return constant(*c);
  if (Value known = sizes.lookup(expr))
    return known;
  FailureOr<Value> value;
  if (auto s = dyn_cast<AffineSymbolExpr>(expr)) {
    value = symbol(s.getPosition());
  } else {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    auto a = size(binary.getLHS()), b = size(binary.getRHS());
    if (failed(a) || failed(b))
      return mlir::failure();
    switch (expr.getKind()) {
    case AffineExprKind::Add:
      value = LLVM::AddOp::create(builder, loc, *a, *b).getResult();
      break;
    case AffineExprKind::Mul:
      value = LLVM::MulOp::create(builder, loc, *a, *b).getResult();
      break;
    case AffineExprKind::Mod:
      value = LLVM::SRemOp::create(builder, loc, *a, *b).getResult();
      break;
    case AffineExprKind::CeilDiv: {
      // Sizes are not negative, but numerators of ranges may be: ⌈a/b⌉ =
      // ⌊(a + b − 1)/b⌋ with a floor below.
      Value more = LLVM::AddOp::create(builder, loc, *a, *b);
      value = divideDown(LLVM::SubOp::create(builder, loc, more, constant(1)), *b);
      break;
    }
    default:
      value = divideDown(*a, *b);
    }
  }
  if (succeeded(value))
    sizes[expr] = *value;
  return value;
}
