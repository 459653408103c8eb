//===- CorrectQuantization.cpp - pith-correct-quantization ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adds the product with a low-rank approximation of what compression lost.
//
//===----------------------------------------------------------------------===//

#include "FactorRewriter.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/LowRank/LowRank.h"
#include "pith/Compression/LowRank/Passes.h"
#include "pith/Compression/Weights.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_CORRECTQUANTIZATIONPASS
#include "pith/Compression/LowRank/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class CorrectQuantizationPass final
    : public CheckedPass<
          pith::impl::CorrectQuantizationPassBase<CorrectQuantizationPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (rank < 1)
      return error("expected a rank of at least 1, found " + llvm::Twine(rank));
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements,
                              /*replaceable=*/false};
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return correct(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult correct(const Weight &weight);
  LogicalResult decline(const Weight &weight, const llvm::Twine &reason);
  void add(const Weight &weight, const LowRankFactors &factors, double signal);
};
} // namespace

/// Nothing is wrong with the weight; it only stays without a correction.
LogicalResult CorrectQuantizationPass::decline(const Weight &weight,
                                               const llvm::Twine &reason) {
  remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotCorrected")
                                      .category(getArgumentName())
                                      .function("main"))
      << reason.str() << remark::metric("node", weight.node)
      << remark::metric("tensor", weight.name);
  return success();
}

LogicalResult CorrectQuantizationPass::correct(const Weight &weight) {
  Operation *codec = weight.value.getDefiningOp();
  if (!isa<WeightCodecOpInterface>(codec))
    return decline(weight, "the weight is not compressed");
  auto attr = codec->getAttrOfType<ElementsAttr>(kOriginalAttr);
  std::optional<HostTensor> original = attr ? HostTensor::get(attr) : std::nullopt;
  if (!original || original->getShape() != weight.getType().getShape())
    return decline(weight, "the original weight is not known any more");
  int64_t rows = weight.getType().getShape().front();
  int64_t columns = getReductionSize(weight.getType());
  if (rank > std::min(rows, columns))
    return decline(weight, "rank " + llvm::Twine(rank) + " is more than a matrix of " +
                               llvm::Twine(rows) + " x " + llvm::Twine(columns) +
                               " has");
  FailureOr<HostTensor> decoded = decodeWeight(weight.value);
  if (failed(decoded))
    return failure();
  Type f32 = Float32Type::get(&getContext());
  HostTensor residual = original->converted(f32), lossy = decoded->converted(f32);
  MutableArrayRef<float> difference = residual.asMutable<float>();
  double signal = 0, noise = 0;
  for (auto [left, right] : llvm::zip_equal(difference, lossy.as<float>())) {
    signal += double(left) * left;
    left -= right;
    noise += double(left) * left;
  }
  if (!(noise > 0))
    return decline(weight, "compression lost nothing");
  LowRankTarget target;
  target.rank = rank;
  std::optional<LowRankFactors> factors =
      approximateLowRank(&getContext(), difference, rows, columns, target);
  if (!factors)
    return decline(weight, "the decomposition did not converge");
  add(weight, *factors, signal);
  return success();
}

void CorrectQuantizationPass::add(const Weight &weight, const LowRankFactors &factors,
                                  double signal) {
  FactorRewriter rewriter(weight, factors, ".correction");
  std::optional<SmallVector<Value>> results = rewriter.rewriteUses(/*residual=*/true);
  if (!results)
    return (void)decline(weight, "an op that uses it does not factorize");
  OpBuilder builder(&getContext());
  for (auto [use, result] : llvm::zip_equal(weight.uses, *results)) {
    Value product = use->getOwner()->getResult(0);
    builder.setInsertionPointAfter(use->getOwner());
    // The corrections were created before the op, so both dominate.
    auto sum = AddOp::create(builder, product.getLoc(), product.getType(), product,
                             result);
    product.replaceAllUsesExcept(sum, sum);
  }
  double decibels = toDecibels({signal, factors.noise});
  weight.value.getDefiningOp()->setAttr(kErrorAttr,
                                        builder.getF64FloatAttr(decibels));
  for (Operation *constant : rewriter.getConstants())
    WeightHistory{std::nullopt, 0, nullptr}.set(constant);
  remark::passed(weight.getLoc(), remark::RemarkOpts::name("Corrected")
                                      .category(getArgumentName())
                                      .function("main"))
      << remark::add("rank {0}", factors.rank)
      << remark::metric("node", weight.node) << remark::metric("tensor", weight.name)
      << remark::metric("sqnr_db", llvm::formatv("{0:f2}", decibels).str());
}
