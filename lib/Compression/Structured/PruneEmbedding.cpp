//===- PruneEmbedding.cpp - pith-prune-embedding --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keeps the rows of look-up tables that a file names.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Structured/ChannelCut.h"
#include "pith/Compression/Structured/Dependencies.h"
#include "pith/Compression/Structured/Passes.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/Constants.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"

namespace pith {
#define GEN_PASS_DEF_PRUNEEMBEDDINGPASS
#include "pith/Compression/Structured/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class PruneEmbeddingPass final
    : public CheckedPass<pith::impl::PruneEmbeddingPassBase<PruneEmbeddingPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (keep.empty())
      return error("expected keep to name a file");
    return success();
  }

  void runOnOperation() override;

private:
  FailureOr<SmallVector<Weight>> findTables();
  FailureOr<llvm::BitVector> readRemoved(int64_t rows);
  LogicalResult renumberInside(func::FuncOp function, const Weight &table,
                               const llvm::BitVector &removed);
  LogicalResult renumberOutside(func::FuncOp function, const Weight &table,
                                const llvm::BitVector &removed);
  void remarkTable(const Weight &table, const llvm::BitVector &removed);
};
} // namespace

static bool isLookUp(OpOperand *use) {
  auto op = cast<CompressibleOpInterface>(use->getOwner());
  return !op.getActivationOperand(*use) && op.isWeightOutputMajor(*use);
}

FailureOr<SmallVector<Weight>> PruneEmbeddingPass::findTables() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  selection.replaceable = false;
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return failure();
  llvm::erase_if(*weights, [](const Weight &weight) {
    return llvm::none_of(weight.uses, isLookUp) || !getConstantTensor(weight.value);
  });
  if (weights->empty())
    return getOperation().emitError()
           << getArgumentName() << ": expected a look-up table of float constants among "
           << "the selected weights, found none";
  for (const Weight &weight : *weights)
    if (weight.getType().getDimSize(0) != weights->front().getType().getDimSize(0))
      return emitWeightError(weight)
             << "expected tables of one number of rows, found "
             << weight.getType().getDimSize(0) << " and "
             << weights->front().getType().getDimSize(0) << "; choose some with select";
  return weights;
}

/// Reads the file; what it does not name is removed.
FailureOr<llvm::BitVector> PruneEmbeddingPass::readRemoved(int64_t rows) {
  auto fail = [&](const llvm::Twine &message) {
    return getOperation().emitError() << "'" << keep << "': " << message;
  };
  auto file = llvm::MemoryBuffer::getFile(keep, /*IsText=*/true);
  if (!file)
    return fail("cannot read the file: " + file.getError().message());
  llvm::BitVector removed(rows, true);
  SmallVector<StringRef> lines, words;
  (*file)->getBuffer().split(lines, '\n');
  for (StringRef line : lines)
    for (StringRef rest = line.split('#').first.trim(); !rest.empty();) {
      auto [word, others] = rest.split(' ');
      rest = others.trim();
      auto [from, to] = word.trim().split('-');
      int64_t first, last;
      if (from.getAsInteger(10, first) ||
          (word.contains('-') ? to.getAsInteger(10, last) : (last = first, false)))
        return fail("expected row numbers and ranges a-b, found '" + word + "'");
      if (first < 0 || last < first || last >= rows)
        return fail("expected rows from 0 to " + llvm::Twine(rows - 1) + ", found '" +
                    word + "'");
      removed.reset(first, last + 1);
    }
  if (removed.all())
    return fail("expected at least one row to keep, found none");
  return removed;
}

void PruneEmbeddingPass::remarkTable(const Weight &table, const llvm::BitVector &removed) {
  std::string text =
      llvm::formatv("removed {0} of {1} rows", removed.count(), removed.size());
  remark::passed(table.getLoc(), remark::RemarkOpts::name("Removed")
                                     .category(getArgumentName())
                                     .function("main"))
      << remark::add("{0}", text) << remark::metric("node", table.node)
      << remark::metric("tensor", table.name);
  recordRemoval(getOperation(), getArgumentName(), table.name, "rows", removed.count(),
                removed.size());
}

/// Looks numbers up in a table of rows first.
LogicalResult PruneEmbeddingPass::renumberInside(func::FuncOp function, const Weight &table,
                                                 const llvm::BitVector &removed) {
  // Anything but a look-up needs the rows where they are.
  for (OpOperand &use : table.value.getUses())
    if (!isa<GatherOp>(use.getOwner()) || !llvm::is_contained(table.uses, &use) ||
        !isLookUp(&use)) {
      remark::missed(table.getLoc(), remark::RemarkOpts::name("Kept")
                                         .category(getArgumentName())
                                         .function("main"))
          << remark::add("'{0}' needs all of its rows; numbers=new removes them there, too",
                         getNodeName(use.getOwner()))
          << remark::metric("tensor", table.name);
      return success();
    }
  int64_t rows = removed.size(), next = 0;
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(table.value);
  HostTensor numbers(RankedTensorType::get({rows}, builder.getI32Type()));
  for (int64_t row = 0; row < rows; ++row)
    numbers.setInt(row, removed.test(row) ? 0 : next++);
  Location loc = table.value.getLoc();
  Value places = createConstant(builder, loc, numbers,
                                builder.getStringAttr(table.name + ".rows"));
  for (OpOperand *use : table.uses) {
    auto op = cast<GatherOp>(use->getOwner());
    builder.setInsertionPoint(op);
    auto type = RankedTensorType::get(tensorType(op.getIndices()).getShape(),
                                      builder.getI32Type());
    op.getIndicesMutable().assign(
        GatherOp::create(builder, op.getLoc(), type, places, op.getIndices(), 0));
  }
  auto constant = table.value.getDefiningOp<ConstantOp>();
  WeightHistory history = WeightHistory::get(table.value);
  HostTensor left = removeIndices(*getConstantTensor(table.value), 0, removed);
  constant.setValueAttr(left.toAttribute(table.name));
  constant.getResult().setType(left.getType());
  constant->setAttr(kOriginalBytesAttr, builder.getI64IntegerAttr(history.originalBytes));
  remarkTable(table, removed);
  return success();
}

LogicalResult PruneEmbeddingPass::renumberOutside(func::FuncOp function, const Weight &table,
                                                  const llvm::BitVector &removed) {
  ShapeAnalysis sizes(function);
  if (failed(sizes.run()))
    return failure();
  ChannelFlow flow(sizes);
  flow.permit(table.value, 0);
  flow.permitOutputs();
  flow.remove(table.value, 0, removed);
  if (failed(flow.complete()))
    return emitWeightError(table) << "its rows cannot be removed: " << flow.getObstacle();
  remarkTable(table, removed);
  return cutChannels(function, flow);
}

void PruneEmbeddingPass::runOnOperation() {
  auto function = getOperation().lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal()) {
    getOperation().emitError("expects a function named 'main'");
    return signalPassFailure();
  }
  FailureOr<SmallVector<Weight>> tables = findTables();
  if (failed(tables))
    return signalPassFailure();
  FailureOr<llvm::BitVector> removed = readRemoved(tables->front().getType().getDimSize(0));
  if (failed(removed))
    return signalPassFailure();
  if (removed->none())
    return;
  separateConstants(function);
  for (const Weight &table : *tables)
    if (failed(numbers == TokenNumbers::Old ? renumberInside(function, table, *removed)
                                            : renumberOutside(function, table, *removed))) {
      signalPassFailure();
      break;
    }
  mergeConstants(function);
}
