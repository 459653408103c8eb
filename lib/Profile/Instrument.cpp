//===- Instrument.cpp - Where a model is observed -------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Profile/Instrument.h"

#include "pith/Dialect/Pith/IR/Weights.h"
#include "pith/Profile/ProfileOps.h"
#include "pith/Support/NodeName.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

#include <map>

using namespace mlir;
using namespace pith;

static constexpr size_t kSiteFields = sizeof(pith_site) / sizeof(int64_t);

static ArrayRef<int64_t> getFields(const pith_site &site) {
  return {reinterpret_cast<const int64_t *>(&site), kSiteFields};
}

//===----------------------------------------------------------------------===//
// Sites
//===----------------------------------------------------------------------===//

/// Tells the observer where rows lie.
static void setRows(pith_site &site, const ActivationRows &rows) {
  site.reduction = rows.reduction;
  site.groups = rows.groups;
  switch (rows.kind) {
  case ActivationRows::Kind::LastAxis:
    site.kind = PITH_SITE_ROWS;
    return;
  case ActivationRows::Kind::SecondLastAxis:
    site.kind = PITH_SITE_COLUMNS;
    return;
  case ActivationRows::Kind::Windows:
    break;
  }
  site.kind = rows.channelsLast ? PITH_SITE_PATCHES_LAST : PITH_SITE_PATCHES_FIRST;
  llvm::copy(rows.kernel, site.kernel);
  llvm::copy(rows.strides, site.strides);
  llvm::copy(rows.dilations, site.dilations);
  llvm::copy(rows.padsLow, site.pads_low);
  llvm::copy(rows.padsHigh, site.pads_high);
}

static std::optional<int64_t> getFloatType(Type element) {
  if (element.isF16())
    return PITH_FLOAT16;
  if (element.isBF16())
    return PITH_BFLOAT16;
  if (element.isF32())
    return PITH_FLOAT32;
  if (element.isF64())
    return PITH_FLOAT64;
  return std::nullopt;
}

/// How `op` contracts the weight with an activation; nothing if it does not, or
/// not with a float tensor that is computed.
static std::optional<pith_site> describe(CompressibleOpInterface op, OpOperand &weight,
                                         const CalibrationOptions &options) {
  OpOperand *activation = op.getActivationOperand(weight);
  auto weightType = dyn_cast<RankedTensorType>(weight.get().getType());
  if (!activation || isWeight(activation->get()) || !weightType ||
      !weightType.hasStaticShape() || weightType.getRank() < 2 ||
      weightType.getNumElements() == 0)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(activation->get().getType());
  std::optional<int64_t> dtype = type ? getFloatType(type.getElementType()) : std::nullopt;
  if (!dtype || type.getRank() == 0 || type.getRank() > PITH_MAX_RANK)
    return std::nullopt;
  pith_site site = {};
  site.dtype = *dtype;
  site.rank = type.getRank();
  std::optional<ActivationRows> rows = op.getActivationRows(weight);
  if (!rows)
    return std::nullopt;
  setRows(site, *rows);
  site.gram = options.gram && site.reduction <= options.maxGramSize;
  return site;
}

/// A name for the op that no other has.
static std::string makeName(Operation *op, llvm::StringSet<> &taken) {
  StringRef node = findNodeName(op->getLoc());
  std::string base = llvm::json::fixUTF8(node.empty() ? op->getName().getStringRef() : node);
  std::string name = base;
  for (int number = 2; !taken.insert(name).second; ++number)
    name = base + "#" + std::to_string(number);
  return name;
}

std::vector<ObservationSite> pith::findSites(ModuleOp module,
                                             const CalibrationOptions &options) {
  std::vector<ObservationSite> sites;
  std::map<std::pair<const void *, std::vector<int64_t>>, size_t> known;
  llvm::StringSet<> taken;
  module.walk([&](CompressibleOpInterface op) {
    for (OpOperand *weight : op.getWeightOperands()) {
      std::optional<pith_site> site = describe(op, *weight, options);
      if (!site)
        continue;
      Value activation = op.getActivationOperand(*weight)->get();
      auto [it, isNew] = known.try_emplace(
          {activation.getAsOpaquePointer(), getFields(*site).vec()}, sites.size());
      if (isNew) {
        site->index = sites.size();
        sites.push_back({activation, *site, {}, {}});
      }
      sites[it->second].users.push_back(op);
      sites[it->second].names.push_back(makeName(op, taken));
      break; // one activation per op
    }
  });
  return sites;
}

void pith::addObservers(ArrayRef<ObservationSite> sites, const IRMapping &copies) {
  for (const ObservationSite &site : sites) {
    Value activation = copies.lookupOrDefault(site.activation);
    OpBuilder builder(activation.getContext());
    builder.setInsertionPointAfterValue(activation);
    llvm::json::Array names;
    for (const std::string &name : site.names)
      names.push_back(name);
    std::string users;
    llvm::raw_string_ostream(users) << llvm::json::Value(std::move(names));
    ObserveOp::create(builder, site.users.front()->getLoc(), activation,
                      builder.getStringAttr(site.names.front()),
                      builder.getStringAttr(users),
                      builder.getDenseI64ArrayAttr(getFields(site.site)));
  }
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

ActivationStatistics pith::getEmptyStatistics(MLIRContext *context, const pith_site &site) {
  ActivationStatistics result;
  int64_t G = site.groups, K = site.reduction;
  Type f32 = Float32Type::get(context);
  result.histogram = HostTensor(
      RankedTensorType::get({LogHistogram::kBins}, IntegerType::get(context, 64)));
  auto columns = RankedTensorType::get({G, K}, f32);
  result.mean = HostTensor(columns);
  result.magnitude = HostTensor(columns);
  result.largest = HostTensor(columns);
  if (site.gram)
    result.gram = HostTensor(RankedTensorType::get({G, K, K}, f32));
  return result;
}

ActivationStatistics pith::getStatistics(MLIRContext *context,
                                         const pith_observation &seen) {
  static_assert(PITH_HISTOGRAM_BINS == LogHistogram::kBins, "one histogram");
  ActivationStatistics result = getEmptyStatistics(context, seen.site);
  int64_t G = seen.site.groups, K = seen.site.reduction;
  result.rows = seen.rows;
  result.minimum = seen.minimum;
  result.maximum = seen.maximum;
  llvm::copy(ArrayRef(seen.histogram, LogHistogram::kBins),
             result.histogram.asMutable<int64_t>().begin());
  MutableArrayRef<float> mean = result.mean.asMutable<float>();
  MutableArrayRef<float> magnitude = result.magnitude.asMutable<float>();
  MutableArrayRef<float> largest = result.largest.asMutable<float>();
  double rows = std::max<int64_t>(seen.rows, 1);
  for (int64_t i = 0; i < G * K; ++i) {
    mean[i] = float(seen.sum[i] / rows);
    magnitude[i] = float(seen.magnitude[i] / rows);
    largest[i] = seen.largest[i];
  }
  if (result.gram) {
    float *gram = result.gram.asMutable<float>().data();
    for (int64_t g = 0; g < G; ++g)
      pith_observation_gram(&seen, g, gram + g * K * K);
  }
  return result;
}

void pith::attachStatistics(const ObservationSite &site,
                            const ActivationStatistics &statistics) {
  Operation *first = site.users.front();
  statistics.set(first, "stats." + site.names.front());
  Attribute attr = first->getAttr(kStatisticsAttr);
  for (Operation *user : ArrayRef(site.users).drop_front())
    user->setAttr(kStatisticsAttr, attr);
}

void pith::dropAnnotations(Operation *op) {
  for (StringRef name : {StringRef(kStatisticsAttr), StringRef("pith.sensitivity"),
                         StringRef("pith.bits"), StringRef("pith.rank"),
                         StringRef("pith.original")})
    op->removeAttr(name);
}
