//===- ModelError.cpp - How far a compressed model is off -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs modules on the samples through ModelRunner, and sums up errors of outputs.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Search/ModelError.h"

#include "pith/Profile/ModelRunner.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;

/// log₂ Σ 2^x, and x less that: log-probabilities in bits of a row of logits.
static void normalizeLogits(MutableArrayRef<double> row) {
  constexpr double kLog2E = 1.4426950408889634;
  double largest = *llvm::max_element(row), sum = 0;
  for (double value : row)
    sum += std::exp(value - largest);
  double logSum = largest + std::log(sum);
  for (double &value : row)
    value = (value - logSum) * kLog2E;
}

void ErrorSum::addRow(ArrayRef<double> wanted, ArrayRef<double> found) {
  if (metric == ErrorMetric::Noise) {
    for (auto [want, have] : llvm::zip_equal(wanted, found)) {
      error += (want - have) * (want - have);
      weight += want * want;
    }
    return;
  }
  SmallVector<double> p(wanted), q(found);
  normalizeLogits(p);
  normalizeLogits(q);
  double sum = 0;
  for (auto [want, have] : llvm::zip_equal(p, q))
    if (double probability = std::exp2(want); probability > 0)
      sum += probability * (want - have);
  error += std::max(sum, 0.0);
  weight += 1;
}

void ErrorSum::add(const HostTensor &wanted, const HostTensor &found) {
  int64_t count = wanted.getNumElements();
  if (count == 0)
    return;
  int64_t columns = wanted.getShape().back();
  SmallVector<double> want(columns), have(columns);
  for (int64_t begin = 0; begin < count; begin += columns) {
    for (int64_t i = 0; i < columns; ++i) {
      want[i] = wanted.getDouble(begin + i);
      have[i] = found.getDouble(begin + i);
    }
    addRow(want, have);
  }
}

double ErrorSum::get() const {
  if (std::isnan(error))
    return std::numeric_limits<double>::infinity();
  return weight > 0 ? error / weight : 0;
}

/// The indices of the outputs that count.
static FailureOr<SmallVector<unsigned>> findOutputs(func::FuncOp main,
                                                    ArrayRef<std::string> names) {
  SmallVector<unsigned> found;
  std::vector<std::string> known;
  auto isComparable = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() > 0 && isa<FloatType>(tensor.getElementType());
  };
  for (auto [index, type] : llvm::enumerate(main.getResultTypes())) {
    if (!isComparable(type))
      continue;
    auto name = main.getResultAttrOfType<StringAttr>(index, "pith.name");
    known.push_back(name ? name.str() : "");
    if (names.empty() ? found.empty() : name && llvm::is_contained(names, name.getValue()))
      found.push_back(index);
  }
  if (found.empty() || found.size() < names.size())
    return main.emitError("expected outputs of floats with the given names, found only: ")
           << llvm::join(known, ", ");
  return found;
}

FailureOr<ModelError> ModelError::create(ModuleOp module, const Options &options) {
  ModelError result(options.metric, options.samples);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("expects a function named 'main'");
  auto place = module->getAttrOfType<StringAttr>(kSamplesAttr);
  if (!place)
    return module.emitError("comparing outputs needs samples of inputs, found none; give "
                            "them with --calibrate=DIR");
  result.place = place.str();
  FailureOr<SmallVector<unsigned>> outputs = findOutputs(main, options.outputs);
  if (failed(outputs))
    return failure();
  result.outputs = std::move(*outputs);
  if (failed(result.runAll(module, [&](const HostTensor &output) {
        HostTensor own = output;
        (void)own.getMutableBytes(); // the run's buffers do not last
        result.wanted.push_back(std::move(own));
      })))
    return failure();
  return std::move(result);
}

LogicalResult ModelError::runAll(ModuleOp module,
                                 function_ref<void(const HostTensor &)> visit) const {
  const ModelRunner *runner = ModelRunner::get(module.getContext());
  if (!runner)
    return module.emitError("this tool cannot run models");
  FailureOr<std::unique_ptr<RunnableModel>> model = runner->compile(module);
  if (failed(model))
    return failure();
  bool enough = false;
  LogicalResult all = runner->forEachSample(
      module, place,
      [&](int64_t index, int64_t, ArrayRef<HostTensor> inputs) -> LogicalResult {
        if (index >= samples) {
          enough = true;
          return failure();
        }
        return (*model)->run(inputs, [&](unsigned output, const HostTensor &value) {
          if (llvm::is_contained(outputs, output))
            visit(value);
        });
      });
  return success(succeeded(all) || enough);
}

FailureOr<double> ModelError::measure(ModuleOp module) const {
  ErrorSum sum(metric);
  size_t next = 0;
  bool fits = true;
  if (failed(runAll(module, [&](const HostTensor &output) {
        fits &= next < wanted.size() && wanted[next].getShape() == output.getShape();
        if (fits)
          sum.add(wanted[next++], output);
      })))
    return failure();
  if (!fits)
    return module.emitError("the sizes of outputs changed");
  return sum.get();
}
