//===- PruneLayers.cpp - pith-prune-layers --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Measures how much each residual block changes, in a copy of the model that returns
// just that, and drops those that change least.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Structured/ChannelCut.h"
#include "pith/Compression/Structured/Dependencies.h"
#include "pith/Compression/Structured/Passes.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Dialect/Pith/IR/Weights.h"
#include "pith/Profile/ModelRunner.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_PRUNELAYERSPASS
#include "pith/Compression/Structured/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// y = x + f(x).
struct ResidualBlock {
  AddOp add;
  Value input, change; ///< x and f(x)
  std::string name;
  double influence = 0;
};

class PruneLayersPass final
    : public CheckedPass<pith::impl::PruneLayersPassBase<PruneLayersPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (count < 1)
      return error("expected a count of at least 1, found " + llvm::Twine(count));
    return success();
  }

  void runOnOperation() override;

private:
  LogicalResult measure(MutableArrayRef<ResidualBlock> blocks);
  LogicalResult drop(func::FuncOp function, ArrayRef<ResidualBlock *> blocks);
};
} // namespace

/// Whether `value` is computed from `source`, by way of at least one weight.
static bool dependsOn(Value value, Value source) {
  llvm::SetVector<Operation *> slice;
  bool found = false, weights = false;
  if (Operation *op = value.getDefiningOp())
    slice.insert(op);
  Operation *limit = source.getDefiningOp();
  for (size_t i = 0; i < slice.size(); ++i) {
    Operation *op = slice[i];
    if (auto compressible = dyn_cast<CompressibleOpInterface>(op))
      weights |= !compressible.getWeightOperands().empty();
    for (Value operand : op->getOperands()) {
      if (operand == source) {
        found = true;
        continue;
      }
      // Nothing in front of the source is of interest.
      Operation *producer = operand.getDefiningOp();
      if (producer && !(limit && producer->isBeforeInBlock(limit)))
        slice.insert(producer);
    }
  }
  return found && weights;
}

static std::vector<ResidualBlock> findBlocks(func::FuncOp function) {
  std::vector<ResidualBlock> blocks;
  for (auto add : function.getBody().front().getOps<AddOp>()) {
    Value lhs = add.getLhs(), rhs = add.getRhs();
    auto type = cast<RankedTensorType>(add.getType());
    if (lhs.getType() != type || rhs.getType() != type || type.getRank() < 2 ||
        !isa<FloatType>(type.getElementType()))
      continue;
    for (auto [input, change] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
      if (!isWeight(input) && dependsOn(change, input)) {
        blocks.push_back({add, input, change,
                          change.getDefiningOp() ? getNodeName(change.getDefiningOp())
                                                 : getNodeName(add)});
        break;
      }
  }
  return blocks;
}

static void eraseDead(func::FuncOp function) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// The mean over all positions of the cosine between two values along the last axis.
static Value createCosine(OpBuilder &builder, Location loc, Value x, Value y) {
  auto type = tensorType(x);
  Type element = type.getElementType();
  SmallVector<int64_t> rows(type.getShape().drop_back());
  auto rowType = RankedTensorType::get(rows, element);
  auto dot = [&](Value a, Value b) -> Value {
    Value product = MulOp::create(builder, loc, type, a, b);
    return ReduceOp::create(builder, loc, rowType, product, ReduceKind::Sum,
                            ArrayRef<int64_t>{type.getRank() - 1}, /*keep_dims=*/false);
  };
  Value norms = MulOp::create(builder, loc, rowType, dot(x, x), dot(y, y));
  Value root = SqrtOp::create(builder, loc, rowType, norms);
  Value least = createScalar(builder, loc, element, 1e-30);
  Value divisor = MaxOp::create(builder, loc, rowType, root, least);
  Value cosine = DivOp::create(builder, loc, rowType, dot(x, y), divisor);
  return ReduceOp::create(builder, loc, RankedTensorType::get({}, element), cosine,
                          ReduceKind::Mean,
                          llvm::to_vector(llvm::seq<int64_t>(0, rowType.getRank())),
                          /*keep_dims=*/false);
}

LogicalResult PruneLayersPass::measure(MutableArrayRef<ResidualBlock> blocks) {
  ModuleOp module = getOperation();
  auto samples = module->getAttrOfType<StringAttr>(kSamplesAttr);
  const ModelRunner *runner = ModelRunner::get(&getContext());
  if (!samples || !runner)
    return module.emitError() << getArgumentName()
                              << " measures blocks on samples, found none; give some "
                                 "with --calibrate=DIR";
  // The copy returns the cosines instead of the model's outputs.
  OwningOpRef<ModuleOp> copy = module.clone();
  auto function = copy->lookupSymbol<func::FuncOp>("main");
  std::vector<ResidualBlock> own = findBlocks(function);
  Operation *terminator = function.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  SmallVector<Value> cosines;
  for (ResidualBlock &block : own)
    cosines.push_back(
        createCosine(builder, block.add.getLoc(), block.input, block.add.getResult()));
  terminator->setOperands(cosines);
  SmallVector<Attribute> attributes;
  for (size_t i = 0; i < cosines.size(); ++i)
    attributes.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("pith.name",
                              builder.getStringAttr("influence" + std::to_string(i))),
         builder.getNamedAttr("pith.shape",
                              AffineMapAttr::get(AffineMap::get(&getContext())))}));
  function.setType(FunctionType::get(&getContext(), function.getArgumentTypes(),
                                     ValueRange(cosines).getTypes()));
  function.setResAttrsAttr(builder.getArrayAttr(attributes));
  eraseDead(function);

  FailureOr<std::unique_ptr<RunnableModel>> model = runner->compile(*copy);
  if (failed(model))
    return failure();
  std::vector<double> sums(blocks.size());
  int64_t seen = 0;
  auto visit = [&](int64_t, int64_t, ArrayRef<HostTensor> inputs) -> LogicalResult {
    FailureOr<std::vector<HostTensor>> outputs = (*model)->run(inputs);
    if (failed(outputs))
      return failure();
    for (auto [sum, output] : llvm::zip_equal(sums, *outputs))
      sum += output.getDouble(0);
    ++seen;
    return success();
  };
  if (failed(runner->forEachSample(module, samples.getValue(), visit)))
    return failure();
  for (auto [block, sum] : llvm::zip_equal(blocks, sums))
    block.influence = 1 - sum / double(std::max<int64_t>(seen, 1));
  return success();
}

/// Erases state that only the dropped blocks needed: `before` are the numbers of uses of
/// what is returned.
static LogicalResult eraseState(func::FuncOp function, const ShapeAnalysis &sizes,
                                const llvm::DenseMap<Value, int64_t> &before) {
  Operation *terminator = function.getBody().front().getTerminator();
  llvm::BitVector arguments(function.getNumArguments());
  llvm::BitVector results(function.getNumResults());
  for (auto [i, value] : llvm::enumerate(terminator->getOperands())) {
    Operation *op = value.getDefiningOp();
    if (!op || !value.hasOneUse() || before.lookup(value) < 2)
      continue;
    for (Value operand : op->getOperands())
      if (auto argument = dyn_cast<BlockArgument>(operand))
        if (argument.hasOneUse() && isGrownState(sizes, argument, value)) {
          arguments.set(argument.getArgNumber());
          results.set(i);
        }
  }
  if (results.none())
    return success();
  for (int i = results.find_last(); i >= 0; i = results.find_prev(i))
    terminator->eraseOperand(i);
  eraseDead(function);
  return success(succeeded(function.eraseResults(results)) &&
                 succeeded(function.eraseArguments(arguments)));
}

LogicalResult PruneLayersPass::drop(func::FuncOp function,
                                    ArrayRef<ResidualBlock *> blocks) {
  ShapeAnalysis sizes(function);
  if (failed(sizes.run()))
    return failure();
  llvm::DenseMap<Value, int64_t> uses;
  for (Value value : function.getBody().front().getTerminator()->getOperands())
    uses[value] = std::distance(value.use_begin(), value.use_end());
  for (ResidualBlock *block : blocks) {
    // The operands of the op itself: an earlier block of these may have gone.
    Value input = block->add.getLhs() == block->change ? block->add.getRhs()
                                                       : block->add.getLhs();
    block->add.getResult().replaceAllUsesWith(input);
  }
  eraseDead(function);
  return eraseState(function, sizes, uses);
}

void PruneLayersPass::runOnOperation() {
  ModuleOp module = getOperation();
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal()) {
    module.emitError("expects a function named 'main'");
    return signalPassFailure();
  }
  std::vector<ResidualBlock> blocks = findBlocks(function);
  if (int64_t(blocks.size()) < count) {
    auto error = module.emitError() << getArgumentName() << ": ";
    if (blocks.empty())
      error << "expected residual blocks x + f(x), found none";
    else
      error << "expected a count of at most " << blocks.size()
            << ", the number of residual blocks, found " << int64_t(count);
    return signalPassFailure();
  }
  if (failed(measure(blocks)))
    return signalPassFailure();
  std::vector<ResidualBlock *> order;
  for (ResidualBlock &block : blocks)
    order.push_back(&block);
  // Blocks lie in the order of the model.
  llvm::sort(order, [](ResidualBlock *a, ResidualBlock *b) {
    return std::pair(a->influence, a) < std::pair(b->influence, b);
  });
  for (auto [i, block] : llvm::enumerate(order)) {
    bool dropped = int64_t(i) < count;
    auto options = remark::RemarkOpts::name(dropped ? "Removed" : "Kept")
                       .category(getArgumentName())
                       .function("main");
    Location loc = block->add.getLoc();
    std::string influence = llvm::formatv("{0:f5}", block->influence);
    if (dropped)
      remark::passed(loc, options)
          << remark::add("removed a residual block") << remark::metric("node", block->name)
          << remark::metric("influence", influence);
    else
      remark::missed(loc, options)
          << remark::add("others change less") << remark::metric("node", block->name)
          << remark::metric("influence", influence);
    if (dropped)
      recordRemoval(module, getArgumentName(), block->name, "residual block", 1, 1);
  }
  if (failed(drop(function, ArrayRef(order).take_front(count))))
    signalPassFailure();
}
