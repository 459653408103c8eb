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

class Outliner {
public:
  Outliner(ModuleOp module, func::FuncOp main, int64_t maxInline,
           OutlinedProgram &program)
      : module(module), main(main), shapes(program.shapes), maxInline(maxInline),
        symbolValues(program.symbolValues) {}

  LogicalResult run();

private:
  LogicalResult outline(const KernelGroup &group);
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

LogicalResult Outliner::outline(const KernelGroup &group) {
  MLIRContext *context = module.getContext();
  llvm::SetVector<Operation *> members(group.ops.begin(), group.ops.end());
  Operation *last = group.ops.back();

  // What comes from outside: computed values and constants; codecs and small
  // constants move in.
  llvm::SetVector<Operation *> cloned;
  llvm::SetVector<Value> inputs;
  SmallVector<Operation *> worklist(llvm::reverse(group.ops));
  llvm::SmallPtrSet<Operation *, 16> seen;
  std::function<void(Operation *)> visit = [&](Operation *op) {
    if (!seen.insert(op).second)
      return;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      bool moves = producer && (isInline(operand) ||
                                isa<WeightCodecOpInterface>(producer));
      if (producer && (moves || members.contains(producer)))
        visit(producer);
      else
        inputs.insert(operand);
    }
    cloned.insert(op);
  };
  for (Operation *op : group.ops)
    visit(op);

  // The function, with sizes in its own symbols.
  OpBuilder builder(context);
  KernelSymbols symbols(context);
  SmallVector<SymbolicShape> inputDims, inputContents, resultDims;
  auto renamed = [&](ArrayRef<AffineExpr> exprs) {
    SymbolicShape result;
    for (AffineExpr expr : exprs)
      result.push_back(symbols.rename(expr));
    return result;
  };
  SmallVector<Type> inputTypes, resultTypes;
  for (Value input : inputs) {
    inputTypes.push_back(input.getType());
    inputDims.push_back(renamed(shapes.getDims(input)));
    auto contents = hostContents(input);
    inputContents.push_back(contents ? renamed(*contents) : SymbolicShape());
  }
  for (Value result : group.results) {
    resultTypes.push_back(result.getType());
    resultDims.push_back(renamed(shapes.getDims(result)));
  }

  Operation *named = group.root ? group.root : last;
  std::string base = named->getName().stripDialect().str();
  auto kernel = func::FuncOp::create(
      named->getLoc(), "kernel", builder.getFunctionType(inputTypes, resultTypes));
  kernel.setPrivate();
  kernel->setAttr("pith.kernel", builder.getUnitAttr());
  Block *body = kernel.addEntryBlock();
  builder.setInsertionPointToStart(body);
  IRMapping mapping;
  for (auto [input, argument] : llvm::zip(inputs, body->getArguments()))
    mapping.map(input, argument);
  SmallVector<std::pair<Operation *, Operation *>> pairs;
  for (Operation *op : cloned) {
    Operation *copy = builder.clone(*op, mapping);
    // What compression wrote down about one weight would keep equal kernels apart.
    if (isa<WeightCodecOpInterface>(copy))
      copy->setDiscardableAttrs(builder.getDictionaryAttr({}));
    pairs.push_back({op, copy});
  }
  SmallVector<Value> returned;
  for (Value result : group.results)
    returned.push_back(mapping.lookup(result));
  func::ReturnOp::create(builder, named->getLoc(), returned);

  // Sizes that the kernel cannot find out from its arguments' symbols alone are
  // stated on its ops.
  SmallVector<std::pair<Operation *, SmallVector<SymbolicShape>>> stated;
  for (auto [op, copy] : pairs) {
    if (op->hasTrait<mlir::OpTrait::ConstantLike>())
      continue;
    SmallVector<SymbolicShape> dims;
    bool needed = false;
    auto check = [&](Value value) {
      for (AffineExpr dim : shapes.getDims(value))
        dim.walk([&](AffineExpr part) {
          if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
            needed |= shapes.getSymbols()[symbol.getPosition()].kind !=
                      RuntimeSymbol::Kind::Input;
        });
    };
    for (Value result : op->getResults()) {
      dims.push_back(renamed(shapes.getDims(result)));
      check(result);
    }
    // Inside, a minimum is a symbol like any other: what the function knows of how
    // it broadcasts is lost.
    for (Value operand : op->getOperands())
      check(operand);
    if (needed)
      stated.push_back({copy, std::move(dims)});
  }
  // All symbols are known now, so that every map has the same number of them.
  for (auto &[copy, dims] : stated) {
    SmallVector<Attribute> maps;
    for (auto &shape : dims)
      maps.push_back(symbols.map(shape));
    copy->setAttr("pith.shapes", builder.getArrayAttr(maps));
  }
  for (unsigned i = 0; i < inputs.size(); ++i) {
    kernel.setArgAttr(i, "pith.shape", symbols.map(inputDims[i]));
    if (!inputContents[i].empty())
      kernel.setArgAttr(i, "pith.contents", symbols.map(inputContents[i]));
    if (matchPattern(inputs[i], m_Constant()))
      kernel.setArgAttr(i, "pith.weight", builder.getUnitAttr());
  }
  for (unsigned i = 0; i < resultTypes.size(); ++i)
    kernel.setResultAttr(i, "pith.shape", symbols.map(resultDims[i]));
  SmallVector<Attribute> names;
  for (unsigned i = 0; i < symbols.getOrder().size(); ++i)
    names.push_back(builder.getStringAttr("s" + std::to_string(i)));
  kernel->setAttr("pith.symbols", builder.getArrayAttr(names));

  std::string key;
  llvm::raw_string_ostream(key) << *kernel;
  auto found = known.find(key);
  func::FuncOp callee;
  if (found != known.end()) {
    callee = found->second;
    kernel.erase();
  } else {
    callee = kernel;
    std::string name;
    do
      name = base + "_" + std::to_string(counters[base]++);
    while (module.lookupSymbol(name));
    kernel.setName(name);
    module.getBody()->push_back(kernel);
    known[key] = kernel;
  }

  builder.setInsertionPoint(last);
  auto call = func::CallOp::create(builder, named->getLoc(), callee,
                                   inputs.getArrayRef());
  SymbolicShape values;
  for (unsigned symbol : symbols.getOrder())
    values.push_back(getAffineSymbolExpr(symbol, context));
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
