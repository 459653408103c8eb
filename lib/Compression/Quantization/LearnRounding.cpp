//===- LearnRounding.cpp - pith-learn-rounding ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces the codes of quantized weights by better ones for the same scales.
//
//===----------------------------------------------------------------------===//

#include "LearnedRounding.h"
#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/GramInverse.h"
#include "pith/Compression/Quantization/Passes.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Compression/WeightStatistics.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Threading.h"
#include "llvm/Support/FormatVariadic.h"

namespace pith {
#define GEN_PASS_DEF_LEARNROUNDINGPASS
#include "pith/Compression/Quantization/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// A quantized weight as numbers.
struct QuantizedWeight {
  int64_t rows, reduction, groupSize, groups;
  int low, high; ///< codes; signs are −1 and +1
  int step;      ///< between codes
  std::vector<float> original, scales, zeroPoints;
  std::vector<int16_t> codes;

  int64_t getGroup(int64_t row, int64_t k) const {
    return scales.size() == 1 ? 0 : row * groups + k / groupSize;
  }
  float getValue(int64_t row, int64_t k, int code) const {
    int64_t group = getGroup(row, k);
    return (code - (zeroPoints.empty() ? 0 : zeroPoints[group])) * scales[group];
  }
  /// The code below a weight's exact place; the one above may be the same.
  std::pair<int, int> getChoice(int64_t row, int64_t k) const;
  std::vector<float> getValues() const;
};

class LearnRoundingPass final
    : public CheckedPass<pith::impl::LearnRoundingPassBase<LearnRoundingPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (!(rate > 0) || !(pull >= 0))
      return error("expected a positive rate and a pull that is not negative");
    return success();
  }

  void runOnOperation() override {
    WeightSelection selection{getArgumentName(), select, exclude, minElements};
    hasProfile = false;
    getOperation().walk([&](Operation *op) { hasProfile |= op->hasAttr(kStatisticsAttr); });
    if (failed(rewriteWeights(getOperation(), selection,
                              [&](const Weight &weight) { return learn(weight); })))
      signalPassFailure();
  }

private:
  LogicalResult learn(const Weight &weight);
  LogicalResult decline(const Weight &weight, const Twine &reason);
  std::optional<QuantizedWeight> read(const Weight &weight, std::string &reason);
  void learnRows(QuantizedWeight &quantized, const LearnedRounding &how, int64_t first,
                 int64_t count) const;
  void replace(const Weight &weight, const QuantizedWeight &quantized,
               const std::vector<float> &before, const ActivationStatistics &statistics);

  bool hasProfile = false;
};
} // namespace

std::pair<int, int> QuantizedWeight::getChoice(int64_t row, int64_t k) const {
  if (step == 2)
    return {low, high};
  int64_t group = getGroup(row, k);
  double place = double(original[row * reduction + k]) / scales[group] +
                 (zeroPoints.empty() ? 0 : zeroPoints[group]);
  place = std::min<double>(std::max<double>(std::floor(place), low - 1), high);
  return {std::max(int(place), low), std::min(int(place) + 1, high)};
}

std::vector<float> QuantizedWeight::getValues() const {
  std::vector<float> values(codes.size());
  for (int64_t i = 0, n = codes.size(); i < n; ++i)
    values[i] = getValue(i / reduction, i % reduction, codes[i]);
  return values;
}

/// Nothing is wrong with the weight; it only keeps its codes.
LogicalResult LearnRoundingPass::decline(const Weight &weight, const Twine &reason) {
  remark::missed(weight.getLoc(), remark::RemarkOpts::name("NotLearned")
                                      .category(getArgumentName())
                                      .function("main"))
      << reason.str() << remark::metric("node", weight.node)
      << remark::metric("tensor", weight.name);
  return success();
}

static std::vector<float> toFloats(const HostTensor &tensor) {
  std::vector<float> values(tensor.getNumElements());
  for (int64_t i = 0, n = values.size(); i < n; ++i)
    values[i] = static_cast<float>(tensor.getDouble(i));
  return values;
}

std::optional<QuantizedWeight> LearnRoundingPass::read(const Weight &weight,
                                                       std::string &reason) {
  auto op = weight.value.getDefiningOp<DequantizeOp>();
  std::optional<HostTensor> codes = op ? getConstantTensor(op.getCodes()) : std::nullopt;
  if (!codes || op.getAxis() != 1) {
    reason = "it is not stored as dense integer codes";
    return std::nullopt;
  }
  auto attr = op->getAttrOfType<ElementsAttr>(kOriginalAttr);
  std::optional<HostTensor> original = attr ? HostTensor::get(attr) : std::nullopt;
  if (!original || original->getShape() != weight.getType().getShape()) {
    reason = "the original weight is not known any more";
    return std::nullopt;
  }
  FailureOr<HostTensor> scale = decodeWeight(op.getScale());
  if (failed(scale)) {
    reason = "its scales cannot be evaluated";
    return std::nullopt;
  }
  QuantizedWeight result;
  result.rows = weight.getType().getShape()[0];
  result.reduction = pith::getReductionSize(weight.getType());
  result.groupSize = op.getGroupSize() ? int64_t(op.getGroupSize()) : result.reduction;
  result.groups = (result.reduction + result.groupSize - 1) / result.groupSize;
  result.original = toFloats(*original);
  result.scales = toFloats(*scale);
  if (op.getZeroPoint())
    result.zeroPoints = toFloats(*getConstantTensor(op.getZeroPoint()));
  auto type = cast<IntegerType>(codes->getElementType());
  const unsigned bits = type.getWidth();
  result.step = bits == 1 && !type.isUnsigned() ? 2 : 1;
  result.high = type.isUnsigned() ? (1 << bits) - 1 : bits == 1 ? 1 : (1 << (bits - 1)) - 1;
  result.low = type.isUnsigned() ? 0 : bits == 1 ? -1 : -(1 << (bits - 1));
  std::vector<int32_t> stored(codes->getNumElements());
  readIntegers(*codes, 0, stored);
  for (int32_t code : stored)
    result.codes.push_back(int16_t(result.step == 2 ? 2 * code - 1 : code));
  return result;
}

void LearnRoundingPass::learnRows(QuantizedWeight &quantized, const LearnedRounding &how,
                                  int64_t first, int64_t count) const {
  RoundingChoice choice(how.size);
  std::vector<float> difference(choice.up.size());
  auto forEach = [&](auto body) {
    for (int64_t lane = 0; lane < count; ++lane)
      for (int64_t k = 0; k < how.size; ++k)
        body(first + lane, k, k * kRowLanes + lane,
             quantized.getChoice(first + lane, k));
  };
  forEach([&](int64_t row, int64_t k, int64_t i, std::pair<int, int> codes) {
    int code = quantized.codes[row * how.size + k];
    choice.weights[i] = quantized.original[row * how.size + k];
    choice.below[i] = quantized.getValue(row, k, codes.first);
    choice.above[i] = quantized.getValue(row, k, codes.second);
    choice.up[i] = codes.first != codes.second && code >= codes.second;
    difference[i] = choice.weights[i] - quantized.getValue(row, k, code);
  });
  LaneSums before = getLaneEnergy(how.hessian.data(), how.size, difference.data());
  LaneSums after = how.learn(choice);
  // Codes of before may be neither of the two.
  forEach([&](int64_t row, int64_t k, int64_t i, std::pair<int, int> codes) {
    if (after[row - first] < before[row - first])
      quantized.codes[row * how.size + k] =
          int16_t(choice.up[i] != 0 ? codes.second : codes.first);
  });
}

void LearnRoundingPass::replace(const Weight &weight, const QuantizedWeight &quantized,
                                const std::vector<float> &before,
                                const ActivationStatistics &statistics) {
  auto op = weight.value.getDefiningOp<DequantizeOp>();
  std::vector<float> values = quantized.getValues();
  WeightError error;
  for (auto [left, right] : llvm::zip_equal(quantized.original, values)) {
    error.signal += double(left) * left;
    error.noise += double(left - right) * (left - right);
  }
  WeightError earlier =
      getOutputError(&getContext(), statistics, quantized.original, before);
  WeightError output =
      getOutputError(&getContext(), statistics, quantized.original, values);
  HostTensor codes(cast<RankedTensorType>(op.getCodes().getType()));
  for (auto [index, code] : llvm::enumerate(quantized.codes))
    codes.setInt(index, quantized.step == 2 ? code > 0 : code);
  OpBuilder builder(op);
  Value constant = pith::createConstant(builder, op.getLoc(), codes, weight.name);
  auto learned = DequantizeOp::create(builder, op.getLoc(), weight.getType(), constant,
                                      op.getScale(), op.getZeroPoint(), op.getAxis(),
                                      op.getGroupSize());
  WeightHistory history = WeightHistory::get(weight.value);
  history.error = toDecibels(error);
  history.set(learned);
  remark::analysis(weight.getLoc(), remark::RemarkOpts::name("OutputError")
                                        .category(getArgumentName())
                                        .function("main"))
      << remark::add("{0} dB of output, {1} dB before",
                     llvm::formatv("{0:f2}", toDecibels(output)).str(),
                     llvm::formatv("{0:f2}", toDecibels(earlier)).str())
      << remark::metric("node", weight.node);
  remarkCompressed(weight, learned, *history.error, getArgumentName(), output);
  for (OpOperand *use : weight.uses)
    use->set(learned);
  eraseStoredValue(weight.value);
}

LogicalResult LearnRoundingPass::learn(const Weight &weight) {
  std::string reason;
  std::optional<QuantizedWeight> quantized = read(weight, reason);
  if (!quantized)
    return decline(weight, reason);
  if (!isContracted(weight))
    return decline(weight, "it is only looked up");
  if (hasProfile && !pith::getStatistics(weight))
    return decline(weight, "the profile has no activation of it");
  FailureOr<ActivationStatistics> statistics =
      requireStatistics(weight, getArgumentName());
  if (failed(statistics))
    return failure();
  std::vector<float> before = quantized->getValues();
  const int64_t parts = statistics->getGroups(), K = quantized->reduction;
  const int64_t rows = quantized->rows / parts;
  for (int64_t part = 0; part < parts; ++part) {
    ArrayRef<float> gram = statistics->gram.as<float>().slice(part * K * K, K * K);
    LearnedRounding how{gram, K, iterations, rate, pull};
    parallelFor(&getContext(), 0, (rows + kRowLanes - 1) / kRowLanes, [&](size_t run) {
      int64_t first = int64_t(run) * kRowLanes;
      learnRows(*quantized, how, part * rows + first, std::min(kRowLanes, rows - first));
    });
  }
  replace(weight, *quantized, before, *statistics);
  return success();
}
