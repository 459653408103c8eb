//===- BiasAbsorption.cpp - High biases move to the next layer ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//     relu(a) = relu(a − c) + c   where a ≥ c ≥ 0
//
// so that −c goes into the bias in front, and W₂ · c into those behind.
//
//===----------------------------------------------------------------------===//

#include "BiasAbsorption.h"

#include "pith/Compression/Bias.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/CodedWeight.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/ActivationRows.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace pith;

namespace {
/// A weight that a relu's result is contracted with.
struct Reader {
  Weight weight; ///< with this one use
  ActivationStatistics statistics;
  HostTensor floats; ///< f32
};

/// A relu between layers.
struct Place {
  ReluOp relu;
  OpOperand *producer = nullptr; ///< the weight in front
  std::vector<Reader> readers;
};
} // namespace

/// The weight of the layer that computes a value, with nothing but a constant added.
static OpOperand *findProducer(Value value) {
  if (auto add = value.getDefiningOp<AddOp>(); add && value.hasOneUse()) {
    if (getConstantTensor(add.getRhs()))
      value = add.getLhs();
    else if (getConstantTensor(add.getLhs()))
      value = add.getRhs();
  }
  auto op = value.getDefiningOp<CompressibleOpInterface>();
  auto conv = value.getDefiningOp<ConvOp>();
  if (!op || !value.hasOneUse() || (conv && conv.getLayout() != Layout::ChannelsLast))
    return nullptr;
  for (OpOperand *weight : op.getWeightOperands()) {
    auto type = tensorType(weight->get());
    if (isStoredWeight(weight->get()) && op.isWeightOutputMajor(*weight) &&
        canHaveBias(*weight) && type.hasStaticShape() &&
        type.getDimSize(0) == tensorType(value).getShape().back())
      return weight;
  }
  return nullptr;
}

/// The weight that the op contracts the value with, such that every element of a row is
/// the value's (no padding) and takes a bias; null, with a reason, if there is none.
static OpOperand *findReader(OpOperand &use, std::string &obstacle) {
  Operation *user = use.getOwner();
  auto op = dyn_cast<CompressibleOpInterface>(user);
  obstacle = "'" + getNodeName(user) + "' reads it in another way";
  if (!op)
    return nullptr;
  for (OpOperand *weight : op.getWeightOperands()) {
    std::optional<ActivationRows> rows = op.getActivationRows(*weight);
    if (op.getActivationOperand(*weight) != &use || !rows ||
        !isStoredWeight(weight->get()) || !op.isWeightOutputMajor(*weight) ||
        !canHaveBias(*weight) || rows->groups != 1)
      continue;
    bool isLast = rows->kind == ActivationRows::Kind::LastAxis ||
                  (rows->kind == ActivationRows::Kind::Windows && rows->channelsLast);
    bool isPadded = llvm::any_of(rows->padsLow, [](int64_t pad) { return pad != 0; }) ||
                    llvm::any_of(rows->padsHigh, [](int64_t pad) { return pad != 0; });
    if (isPadded)
      obstacle = "'" + getNodeName(user) + "' pads it with zeros";
    if (isLast && !isPadded)
      return weight;
  }
  return nullptr;
}

static void remarkMissed(ReluOp relu, StringRef pass, const std::string &reason) {
  remark::missed(relu.getLoc(), remark::RemarkOpts::name("NotAbsorbed")
                                    .category(pass)
                                    .function("main"))
      << remark::add("{0}", reason) << remark::metric("node", getNodeName(relu));
}

/// The place of a relu; nothing, with a remark, where its bias cannot move.
static FailureOr<std::optional<Place>> findPlace(ReluOp relu, StringRef pass) {
  Place place;
  place.relu = relu;
  place.producer = findProducer(relu.getOperand());
  if (!place.producer) {
    remarkMissed(relu, pass, "no layer with a bias is in front of it alone");
    return std::optional<Place>();
  }
  for (OpOperand &use : relu.getResult().getUses()) {
    std::string obstacle;
    OpOperand *found = findReader(use, obstacle);
    if (!found) {
      remarkMissed(relu, pass, obstacle);
      return std::optional<Place>();
    }
    Reader reader;
    reader.weight.value = found->get();
    reader.weight.uses.push_back(found);
    reader.weight.node = getNodeName(found->getOwner());
    reader.weight.name = getTensorName(found->get());
    FailureOr<ActivationStatistics> seen = requireStatistics(reader.weight, pass);
    float largest;
    FailureOr<HostTensor> floats =
        failed(seen) ? FailureOr<HostTensor>() : decodeFinite(reader.weight, largest);
    if (failed(floats))
      return failure();
    reader.statistics = std::move(*seen);
    reader.floats = std::move(*floats);
    place.readers.push_back(std::move(reader));
  }
  return std::optional<Place>(std::move(place));
}

/// c of each channel: by the rows' least position, where windows see several.
static std::vector<float> getOffsets(const Place &place, double deviations) {
  const int64_t channels = tensorType(place.producer->get()).getDimSize(0);
  std::vector<double> least(channels, std::numeric_limits<double>::infinity());
  for (const Reader &reader : place.readers) {
    const ActivationStatistics &seen = reader.statistics;
    for (int64_t k = 0; k < seen.getReductionSize(); ++k) {
      double mean = seen.mean.as<float>()[k];
      double variance = seen.getSquareSum(0, k) / double(seen.rows) - mean * mean;
      double low = mean - deviations * std::sqrt(std::max(variance, 0.0));
      least[k % channels] = std::min(least[k % channels], low);
    }
  }
  std::vector<float> offsets;
  for (double low : least)
    offsets.push_back(std::isfinite(low) ? float(std::max(low, 0.0)) : 0);
  return offsets;
}

/// What would have been seen with all values, none of which lies below c, less c.
static void lower(ActivationStatistics &seen, ArrayRef<float> offsets) {
  const int64_t K = seen.getReductionSize();
  auto offset = [&](int64_t k) { return double(offsets[k % int64_t(offsets.size())]); };
  MutableArrayRef<float> mean = seen.mean.asMutable<float>();
  MutableArrayRef<float> gram = seen.gram.asMutable<float>();
  for (int64_t i = 0; i < K; ++i)
    for (int64_t j = 0; j < K; ++j)
      gram[i * K + j] = float(gram[i * K + j] +
                              double(seen.rows) * (offset(i) * offset(j) -
                                                   offset(i) * mean[j] - mean[i] * offset(j)));
  MutableArrayRef<float> magnitude = seen.magnitude.asMutable<float>();
  MutableArrayRef<float> largest = seen.largest.asMutable<float>();
  seen.minimum = seen.maximum = 0;
  for (int64_t k = 0; k < K; ++k) {
    mean[k] = magnitude[k] = float(std::max(mean[k] - offset(k), 0.0));
    largest[k] = float(std::max(largest[k] - offset(k), 0.0));
    seen.maximum = std::max(seen.maximum, largest[k]);
    gram[k * K + k] = std::max(gram[k * K + k], float(seen.rows) * mean[k] * mean[k]);
  }
  seen.histogram = HostTensor();
}

/// W · c.
static std::vector<float> getShare(const Reader &reader, ArrayRef<float> offsets) {
  ArrayRef<float> weight = reader.floats.as<float>();
  const int64_t K = reader.statistics.getReductionSize();
  std::vector<float> share;
  for (size_t o = 0; o < weight.size(); o += K) {
    double sum = 0;
    for (int64_t k = 0; k < K; ++k)
      sum += double(weight[o + k]) * offsets[k % int64_t(offsets.size())];
    share.push_back(float(sum));
  }
  return share;
}

static void absorb(Place &place, ArrayRef<float> offsets) {
  std::vector<float> negative;
  for (float offset : offsets)
    negative.push_back(-offset);
  addToBias(*place.producer, negative,
            getNodeName(place.producer->getOwner()) + ".bias");
  for (Reader &reader : place.readers) {
    lower(reader.statistics, offsets);
    OpOperand &use = *reader.weight.uses.front();
    reader.statistics.set(use.getOwner(), reader.weight.name);
    addToBias(use, getShare(reader, offsets), reader.weight.node + ".bias");
  }
}

LogicalResult pith::absorbBiases(ArrayRef<Weight> weights, double deviations,
                                 StringRef pass) {
  llvm::SetVector<Operation *> relus;
  for (const Weight &weight : weights)
    for (OpOperand *use : weight.uses) {
      auto op = cast<CompressibleOpInterface>(use->getOwner());
      OpOperand *activation = op.getActivationOperand(*use);
      if (auto relu = activation ? activation->get().getDefiningOp<ReluOp>() : ReluOp())
        relus.insert(relu);
    }
  for (Operation *op : relus) {
    auto relu = cast<ReluOp>(op);
    FailureOr<std::optional<Place>> place = findPlace(relu, pass);
    if (failed(place))
      return failure();
    if (!*place)
      continue;
    std::vector<float> offsets = getOffsets(**place, deviations);
    int64_t count = llvm::count_if(offsets, [](float offset) { return offset > 0; });
    if (count == 0) {
      remarkMissed(relu, pass, "no channel stays above 0");
      continue;
    }
    remark::passed(relu.getLoc(),
                   remark::RemarkOpts::name("Absorbed").category(pass).function("main"))
        << remark::metric("node", getNodeName(relu))
        << remark::metric("channels", llvm::formatv("{0}", count).str())
        << remark::metric("largest",
                          llvm::formatv("{0:f3}", *llvm::max_element(offsets)).str());
    absorb(**place, offsets);
  }
  return success();
}
