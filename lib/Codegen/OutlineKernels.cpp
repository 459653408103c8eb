//===- OutlineKernels.cpp - Groups of ops become kernel functions ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which ops are computed together (KernelGrouping), and the functions made of
// them. Equal functions are found by their printed form, which has no locations.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/OutlineKernels.h"

#include "KernelGrouping.h"
#include "pith/Codegen/CodegenInterfaces.h"
#include "pith/Codegen/Passes.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/ShapeAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace pith {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "pith/Codegen/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {

/// Renames the symbols of size expressions for one kernel, in order of use.
class KernelSymbols {
public:
  explicit KernelSymbols(MLIRContext *context) : context(context) {}

  AffineExpr rename(AffineExpr expr) {
    expr.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
        if (local.try_emplace(symbol.getPosition(), order.size()).second)
          order.push_back(symbol.getPosition());
    });
    SmallVector<AffineExpr> replacements;
    for (auto [outer, inner] : local) {
      if (replacements.size() <= outer)
        replacements.resize(outer + 1, getAffineConstantExpr(0, context));
      replacements[outer] = getAffineSymbolExpr(inner, context);
    }
    return expr.replaceSymbols(replacements);
  }

  /// The map of a list of renamed expressions; call when all are renamed.
  AffineMapAttr map(ArrayRef<AffineExpr> exprs) const {
    return AffineMapAttr::get(AffineMap::get(0, order.size(), exprs, context));
  }
  ArrayRef<unsigned> getOrder() const { return order; }

private:
  MLIRContext *context;
  llvm::DenseMap<unsigned, unsigned> local;
  SmallVector<unsigned> order;
};

/// One kernel in the making.
struct Kernel {
  explicit Kernel(MLIRContext *context) : symbols(context) {}

  llvm::SetVector<Value> inputs;
  SmallVector<Operation *> ops;    ///< in `main`, in order
  SmallVector<Operation *> copies; ///< of `ops`, in `function`
  func::FuncOp function;
  KernelSymbols symbols;
};

class Outliner {
public:
  Outliner(ModuleOp module, func::FuncOp main, int64_t maxInline,
           OutlinedProgram &program)
      : module(module), main(main), shapes(program.shapes), maxInline(maxInline),
        symbolValues(program.symbolValues) {}

  LogicalResult run();

private:
  LogicalResult outline(const KernelGroup &group);
  void findMembers(const KernelGroup &group, Kernel &kernel);
  void cloneMembers(const KernelGroup &group, Kernel &kernel);
  void stateSizes(const KernelGroup &group, Kernel &kernel);
  SymbolicShape rename(Kernel &kernel, ArrayRef<AffineExpr> exprs);
  bool hasLostSizes(Operation *op);
  func::FuncOp share(func::FuncOp kernel, StringRef base);
  bool isInline(Value value) const;
  /// Sizes, and for small integer tensors the elements, as kernels see them.
  std::optional<SymbolicShape> hostContents(Value value);

  ModuleOp module;
  func::FuncOp main;
  ShapeAnalysis &shapes;
  int64_t maxInline;
  llvm::DenseMap<Operation *, SymbolicShape> &symbolValues;
  llvm::StringMap<func::FuncOp> known;
  llvm::StringMap<unsigned> counters;
};

bool Outliner::isInline(Value value) const {
  ElementsAttr attr;
  auto type = cast<RankedTensorType>(value.getType());
  if (!matchPattern(value, m_Constant(&attr)) || !type.hasStaticShape())
    return false;
  if (isa<DenseElementsAttr>(attr) && cast<DenseElementsAttr>(attr).isSplat())
    return true;
  // Numbers that only sizes are made of.
  return type.getElementType().isInteger(64) && isa<DenseElementsAttr>(attr) &&
         type.getNumElements() <= maxInline;
}

std::optional<SymbolicShape> Outliner::hostContents(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isa<IntegerType>(type.getElementType()) ||
      type.getElementType().isInteger(1))
    return std::nullopt;
  return shapes.getContents(value);
}

LogicalResult Outliner::run() {
  if (failed(shapes.run()))
    return failure();
  KernelGrouping grouping(main, shapes);
  if (failed(grouping.run()))
    return failure();
  for (const KernelGroup &group : grouping.getGroups())
    if (failed(outline(group)))
      return failure();
  return success();
}

/// What the kernel computes itself, and what comes from outside: computed values
/// and constants; codecs and small constants move in.
void Outliner::findMembers(const KernelGroup &group, Kernel &kernel) {
  llvm::SetVector<Operation *> members(group.ops.begin(), group.ops.end());
  llvm::SmallPtrSet<Operation *, 16> seen;
  std::function<void(Operation *)> visit = [&](Operation *op) {
    if (!seen.insert(op).second)
      return;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      bool moves =
          producer && (isInline(operand) || isa<WeightCodecOpInterface>(producer));
      if (producer && (moves || members.contains(producer)))
        visit(producer);
      else
        kernel.inputs.insert(operand);
    }
    kernel.ops.push_back(op);
  };
  for (Operation *op : group.ops)
    visit(op);
}

/// The function with the ops, not yet in the module.
void Outliner::cloneMembers(const KernelGroup &group, Kernel &kernel) {
  MLIRContext *context = module.getContext();
  OpBuilder builder(context);
  Location loc = group.getNamed()->getLoc();
  SmallVector<Type> resultTypes;
  for (Value result : group.results)
    resultTypes.push_back(result.getType());
  auto inputTypes = ValueRange(kernel.inputs.getArrayRef()).getTypes();
  kernel.function = func::FuncOp::create(
      loc, "kernel",
      builder.getFunctionType(llvm::to_vector(inputTypes), resultTypes));
  kernel.function.setPrivate();
  kernel.function->setAttr("pith.kernel", builder.getUnitAttr());
  Block *body = kernel.function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  for (auto [input, argument] : llvm::zip(kernel.inputs, body->getArguments()))
    mapping.map(input, argument);
  for (Operation *op : kernel.ops) {
    Operation *copy = builder.clone(*op, mapping);
    // What compression wrote down about one weight would keep equal kernels apart.
    if (auto codec = dyn_cast<WeightCodecOpInterface>(op)) {
      copy->setDiscardableAttrs(builder.getDictionaryAttr({}));
      // Kernels do not see the constants that this may follow from.
      auto kept = codec.getZeroKeepingOperand();
      if (kept && op->getOperand(*kept).getDefiningOp<WeightCodecOpInterface>())
        copy->setAttr("pith.zeros_of", builder.getI64IntegerAttr(*kept));
    }
    kernel.copies.push_back(copy);
  }
  SmallVector<Value> returned;
  for (Value result : group.results)
    returned.push_back(mapping.lookup(result));
  func::ReturnOp::create(builder, loc, returned);
}

SymbolicShape Outliner::rename(Kernel &kernel, ArrayRef<AffineExpr> exprs) {
  SymbolicShape result;
  for (AffineExpr expr : exprs)
    result.push_back(kernel.symbols.rename(expr));
  return result;
}

/// Whether a kernel's op has sizes that cannot be found out from the symbols of the
/// arguments alone. Inside, a minimum is a symbol like any other: what the function
/// knows of how it broadcasts is lost.
bool Outliner::hasLostSizes(Operation *op) {
  bool lost = false;
  auto check = [&](Value value) {
    for (AffineExpr dim : shapes.getDims(value))
      dim.walk([&](AffineExpr part) {
        if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
          lost |= shapes.getSymbols()[symbol.getPosition()].kind !=
                  RuntimeSymbol::Kind::Input;
      });
  };
  llvm::for_each(op->getResults(), check);
  llvm::for_each(op->getOperands(), check);
  return lost;
}

/// Writes the sizes of arguments, results and, where they are lost otherwise, ops
/// into the function, in its own symbols.
void Outliner::stateSizes(const KernelGroup &group, Kernel &kernel) {
  SmallVector<SymbolicShape> inputDims, inputContents, resultDims;
  for (Value input : kernel.inputs) {
    inputDims.push_back(rename(kernel, shapes.getDims(input)));
    auto contents = hostContents(input);
    inputContents.push_back(contents ? rename(kernel, *contents) : SymbolicShape());
  }
  for (Value result : group.results)
    resultDims.push_back(rename(kernel, shapes.getDims(result)));
  SmallVector<std::pair<Operation *, SmallVector<SymbolicShape>>> stated;
  for (auto [op, copy] : llvm::zip(kernel.ops, kernel.copies)) {
    if (op->hasTrait<mlir::OpTrait::ConstantLike>())
      continue;
    SmallVector<SymbolicShape> dims;
    for (Value result : op->getResults())
      dims.push_back(rename(kernel, shapes.getDims(result)));
    if (hasLostSizes(op))
      stated.push_back({copy, std::move(dims)});
  }

  // All symbols are known now, so that every map has the same number of them.
  const KernelSymbols &symbols = kernel.symbols;
  Builder builder(module.getContext());
  for (auto &[copy, dims] : stated) {
    SmallVector<Attribute> maps;
    for (auto &shape : dims)
      maps.push_back(symbols.map(shape));
    copy->setAttr("pith.shapes", builder.getArrayAttr(maps));
  }
  func::FuncOp function = kernel.function;
  for (auto [i, input] : llvm::enumerate(kernel.inputs)) {
    function.setArgAttr(i, "pith.shape", symbols.map(inputDims[i]));
    if (!inputContents[i].empty())
      function.setArgAttr(i, "pith.contents", symbols.map(inputContents[i]));
    if (matchPattern(input, m_Constant()))
      function.setArgAttr(i, "pith.weight", builder.getUnitAttr());
  }
  for (auto [i, dims] : llvm::enumerate(resultDims))
    function.setResultAttr(i, "pith.shape", symbols.map(dims));
  SmallVector<Attribute> names;
  for (unsigned i = 0; i < symbols.getOrder().size(); ++i)
    names.push_back(builder.getStringAttr("s" + std::to_string(i)));
  function->setAttr("pith.symbols", builder.getArrayAttr(names));
}

/// An equal kernel that the module has already, or the function, with a name.
func::FuncOp Outliner::share(func::FuncOp kernel, StringRef base) {
  std::string key;
  llvm::raw_string_ostream(key) << *kernel;
  func::FuncOp &callee = known[key];
  if (callee) {
    kernel.erase();
    return callee;
  }
  std::string name;
  do
    name = (base + "_" + llvm::Twine(counters[base]++)).str();
  while (module.lookupSymbol(name));
  kernel.setName(name);
  module.getBody()->push_back(kernel);
  return callee = kernel;
}

LogicalResult Outliner::outline(const KernelGroup &group) {
  Kernel kernel(module.getContext());
  findMembers(group, kernel);
  cloneMembers(group, kernel);
  stateSizes(group, kernel);
  Operation *named = group.getNamed();
  func::FuncOp callee = share(kernel.function, named->getName().stripDialect());

  OpBuilder builder(group.ops.back());
  auto call = func::CallOp::create(builder, named->getLoc(), callee,
                                   kernel.inputs.getArrayRef());
  SymbolicShape values;
  for (unsigned symbol : kernel.symbols.getOrder())
    values.push_back(getAffineSymbolExpr(symbol, module.getContext()));
  symbolValues[call] = std::move(values);
  for (auto [result, replacement] : llvm::zip(group.results, call.getResults())) {
    Value value = result;
    shapes.replaceValue(value, replacement);
    value.replaceAllUsesWith(replacement);
  }
  for (Operation *op : llvm::reverse(group.ops))
    op->erase();
  return success();
}

struct OutlineKernelsPass
    : pith::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  using OutlineKernelsPassBase::OutlineKernelsPassBase;

  void runOnOperation() override {
    if (failed(outlineKernels(getOperation(), maxInlineElements)))
      signalPassFailure();
  }
};

} // namespace

FailureOr<std::unique_ptr<OutlinedProgram>>
pith::outlineKernels(ModuleOp module, int64_t maxInlineElements) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return module.emitError("expected a function 'main'"), failure();
  auto program = std::make_unique<OutlinedProgram>(main);
  if (failed(Outliner(module, main, maxInlineElements, *program).run()))
    return failure();
  // Codecs and constants that moved into kernels.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return program;
}
