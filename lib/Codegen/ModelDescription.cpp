//===- ModelDescription.cpp - The constant pith_model ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Field by field as in pith/Runtime/Model.h: the runtime reads it as C.
//
//===----------------------------------------------------------------------===//

#include "ModelDescription.h"

#include "pith/Runtime/Model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"

using namespace mlir;
using namespace pith;

namespace {

/// Builds constants of an LLVM module.
class ConstantBuilder {
public:
  explicit ConstantBuilder(llvm::Module &module)
      : module(module), context(module.getContext()) {}

  llvm::Constant *i64(int64_t v) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), v, true);
  }
  llvm::Constant *i32(int32_t v) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), v, true);
  }
  llvm::Constant *null() {
    return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0));
  }
  llvm::Constant *text(llvm::StringRef what) {
    return global(llvm::ConstantDataArray::getString(context, what), "text");
  }
  llvm::Constant *sizes(llvm::ArrayRef<int64_t> values) {
    if (values.empty())
      return null();
    std::vector<uint64_t> raw(values.begin(), values.end());
    return global(llvm::ConstantDataArray::get(context, raw), "sizes");
  }
  llvm::Constant *record(llvm::ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(context, fields);
  }
  llvm::Constant *array(llvm::ArrayRef<llvm::Constant *> elements) {
    if (elements.empty())
      return null();
    auto *type = llvm::ArrayType::get(elements.front()->getType(), elements.size());
    return global(llvm::ConstantArray::get(type, elements), "table");
  }
  llvm::GlobalVariable *global(llvm::Constant *value, llvm::StringRef name) {
    auto *variable = new llvm::GlobalVariable(
        module, value->getType(), /*isConstant=*/true,
        llvm::GlobalValue::PrivateLinkage, value, name);
    variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return variable;
  }

private:
  llvm::Module &module;
  llvm::LLVMContext &context;
};

} // namespace

std::optional<int32_t> pith::getRuntimeType(Type type) {
  if (type.isInteger(1))
    return PITH_BOOL;
  if (type.isBF16())
    return PITH_BFLOAT16;
  if (!type.isIntOrFloat())
    return std::nullopt;
  unsigned bits = type.getIntOrFloatBitWidth();
  if (type.isF16() || type.isF32() || type.isF64())
    return bits == 16 ? PITH_FLOAT16 : bits == 32 ? PITH_FLOAT32 : PITH_FLOAT64;
  if (!isa<IntegerType>(type))
    return std::nullopt;
  bool isUnsigned = type.isUnsignedInteger();
  switch (bits) {
  case 8:
    return isUnsigned ? PITH_UINT8 : PITH_INT8;
  case 16:
    return isUnsigned ? PITH_UINT16 : PITH_INT16;
  case 32:
    return isUnsigned ? PITH_UINT32 : PITH_INT32;
  case 64:
    return isUnsigned ? PITH_UINT64 : PITH_INT64;
  default:
    return std::nullopt;
  }
}

/// One pith_value_desc.
static FailureOr<llvm::Constant *>
describeValue(ConstantBuilder &b, OutlinedProgram &program, Value value,
              StringRef name, bool isInput) {
  auto type = cast<RankedTensorType>(value.getType());
  auto dtype = getRuntimeType(type.getElementType());
  if (!dtype)
    return program.main.emitError("'")
               << name << "': expected a boolean, integer (8 to 64 bits) or float "
               << "element type, found " << type.getElementType(),
           failure();
  if (type.getRank() > PITH_MAX_RANK)
    return program.main.emitError("'")
               << name << "': expected a rank of at most " << PITH_MAX_RANK
               << ", found " << type.getRank(),
           failure();
  SmallVector<int64_t> sizes;
  for (AffineExpr dim : program.shapes.getDims(value)) {
    if (auto constant = getConstant(dim)) {
      sizes.push_back(*constant);
      continue;
    }
    auto symbol = dyn_cast<AffineSymbolExpr>(dim);
    bool plain = symbol && program.shapes.getSymbols()[symbol.getPosition()].kind ==
                               RuntimeSymbol::Kind::Input;
    if (isInput && !plain)
      return program.main.emitError("'")
                 << name << "': expected input sizes to be numbers or names",
             failure();
    sizes.push_back(plain ? -1 - int64_t(symbol.getPosition())
                          : std::numeric_limits<int64_t>::min());
  }
  return b.record({b.text(name), b.i32(*dtype), b.i32(type.getRank()), b.sizes(sizes)});
}

/// Every feature the kernels may use, for the check when the program starts.
static std::string requiredFeatures(const TargetDescription &target) {
  return llvm::join(target.requiredFeatures, ",");
}

LogicalResult pith::addModelDescription(OutlinedProgram &program,
                                        const TargetDescription &target,
                                        const ProgramOptions &options,
                                        llvm::StringRef runFunction,
                                        Program &result) {
  ConstantBuilder b(*result.module);
  func::FuncOp main = program.main;
  std::vector<llvm::Constant *> inputs, outputs, symbols, weights;
  for (auto [i, argument] : llvm::enumerate(main.getArguments())) {
    auto name = main.getArgAttrOfType<StringAttr>(i, "pith.name");
    auto value = describeValue(b, program, argument,
                               name ? name.getValue().str() : "input" + std::to_string(i),
                               /*isInput=*/true);
    if (failed(value))
      return failure();
    inputs.push_back(*value);
  }
  Operation *terminator = main.getBody().front().getTerminator();
  for (auto [i, operand] : llvm::enumerate(terminator->getOperands())) {
    auto name = main.getResultAttrOfType<StringAttr>(i, "pith.name");
    auto value = describeValue(b, program, operand,
                               name ? name.getValue().str() : "output" + std::to_string(i),
                               /*isInput=*/false);
    if (failed(value))
      return failure();
    outputs.push_back(*value);
  }
  for (const RuntimeSymbol &symbol : program.shapes.getSymbols()) {
    if (symbol.kind != RuntimeSymbol::Kind::Input)
      break; // derived ones follow
    symbols.push_back(b.text(symbol.name));
  }
  int64_t weightBytes = 0;
  for (const WeightInfo &weight : result.weights) {
    weightBytes += weight.bytes;
    weights.push_back(b.record({b.text(weight.name), b.text(weight.format),
                                b.i32(weight.shape.size()), b.sizes(weight.shape),
                                b.i64(weight.bytes)}));
  }
  int64_t parameters = 0;
  if (auto attr = main->getParentOp()->getAttrOfType<IntegerAttr>("pith.parameters"))
    parameters = attr.getInt();
  llvm::Function *run = result.module->getFunction(runFunction);
  llvm::GlobalVariable *data = result.module->getGlobalVariable(result.weightsSymbol);
  llvm::Constant *model = b.record({
      b.i32(PITH_ABI_VERSION), b.i32(0), b.text(options.modelName),
      b.i64(inputs.size()), b.i64(outputs.size()), b.i64(symbols.size()),
      b.i64(weights.size()), b.array(inputs), b.array(outputs), b.array(symbols),
      b.array(weights), b.i64(weightBytes), b.i64(parameters),
      b.i64(result.arenaBytes), b.text(target.cpu), b.text(requiredFeatures(target)),
      b.text(options.compiler), data, b.i64(result.constantBytes), run});
  auto *global = b.global(model, result.modelSymbol);
  global->setLinkage(llvm::GlobalValue::ExternalLinkage);
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::None);
  global->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return success();
}
