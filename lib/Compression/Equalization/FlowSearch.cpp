//===- FlowSearch.cpp - Where channels of activations may be scaled -------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Solves a flow for each activation that is contracted with a weight.
//
//===----------------------------------------------------------------------===//

#include "FlowSearch.h"

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;
using namespace pith;

std::string ScalingSite::getNodes() const {
  return llvm::join(llvm::map_range(after, [](const ScaledLayer &layer) {
                      return layer.weight.node;
                    }), ",");
}

std::string ScalingSite::getAbsorber() const {
  if (flow.isExplicit())
    return "an explicit product";
  std::vector<std::string> names;
  for (const ScaleFlow::Absorption &absorption : flow.getAbsorptions()) {
    Operation *op = absorption.operand->getOwner();
    bool isLayer = llvm::any_of(after, [&](const ScaledLayer &layer) {
      return layer.weight.uses.front()->getOwner() == op;
    });
    std::string name = getNodeName(op);
    if (!isLayer && !llvm::is_contained(names, name))
      names.push_back(name);
  }
  return llvm::join(names, ",");
}

static ScaledLayer makeLayer(const ScaleFlow &flow,
                             const ScaleFlow::Absorption &absorption) {
  ScaledLayer layer;
  layer.weight.value = absorption.operand->get();
  layer.weight.uses.push_back(absorption.operand);
  layer.weight.node = getNodeName(absorption.operand->getOwner());
  layer.weight.name = getTensorName(layer.weight.value);
  if (layer.weight.name.empty())
    layer.weight.name = layer.weight.node;
  for (ScaleFlow::Label label : getElementLabels(absorption.labels, absorption.shape))
    layer.factor.push_back(flow.getFactor(label));
  return layer;
}

/// Sorts the weights that a solved flow scales.
static void addLayers(ScalingSite &site) {
  for (const ScaleFlow::Absorption &absorption : site.flow.getAbsorptions()) {
    auto op = dyn_cast<CompressibleOpInterface>(absorption.operand->getOwner());
    if (!op || !llvm::is_contained(op.getWeightOperands(), absorption.operand) ||
        !op.isWeightOutputMajor(*absorption.operand))
      continue;
    OpOperand *activation = op.getActivationOperand(*absorption.operand);
    const ChannelLabels *seen = activation ? site.flow.get(*activation) : nullptr;
    bool isColumn = seen && seen->inverse != absorption.labels.inverse;
    (isColumn ? site.after : site.before).push_back(makeLayer(site.flow, absorption));
  }
}

/// The users of an activation that contract it with a selected weight.
static llvm::MapVector<Value, SmallVector<Operation *>>
findActivations(ArrayRef<Weight> weights) {
  llvm::MapVector<Value, SmallVector<Operation *>> activations;
  for (const Weight &weight : weights)
    for (OpOperand *use : weight.uses) {
      auto op = cast<CompressibleOpInterface>(use->getOwner());
      if (OpOperand *activation = op.getActivationOperand(*use))
        activations[activation->get()].push_back(op);
    }
  return activations;
}

std::vector<std::unique_ptr<ScalingSite>>
pith::findSites(ArrayRef<Weight> weights, StringRef pass, bool isExplicit) {
  std::vector<std::unique_ptr<ScalingSite>> sites;
  for (auto &[activation, users] : findActivations(weights)) {
    if (llvm::any_of(sites, [&, &value = activation](const auto &site) {
          return site->flow.get(value) && !site->flow.isExplicit();
        }))
      continue;
    auto site = std::make_unique<ScalingSite>();
    bool found = succeeded(site->flow.solve(activation));
    std::string obstacle = site->flow.getObstacle().str();
    if (!found && isExplicit) {
      found = succeeded(site->flow.solve(activation, users));
      if (!found)
        obstacle += "; " + site->flow.getObstacle().str();
    }
    if (found)
      addLayers(*site);
    if (!found || site->after.empty()) {
      remark::missed(users.front()->getLoc(),
                     remark::RemarkOpts::name("NotScaled").category(pass).function("main"))
          << remark::add("{0}", obstacle)
          << remark::metric("node", getNodeName(users.front()));
      continue;
    }
    sites.push_back(std::move(site));
  }
  return sites;
}

FailureOr<ActivationStatistics> pith::requireStatistics(const ScaledLayer &layer,
                                                        StringRef pass, bool needsGram) {
  return requireStatistics(layer.weight, pass, needsGram);
}

std::vector<double> pith::getRanges(ArrayRef<ScaledLayer> layers,
                                    ArrayRef<HostTensor> weights, unsigned factors) {
  std::vector<double> ranges(factors, 0);
  for (auto [layer, tensor] : llvm::zip_equal(layers, weights))
    for (auto [number, value] : llvm::zip_equal(layer.factor, tensor.as<float>()))
      ranges[number] = std::max(ranges[number], double(std::fabs(value)));
  return ranges;
}
