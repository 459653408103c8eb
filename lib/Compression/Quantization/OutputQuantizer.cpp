//===- OutputQuantizer.cpp - Rounding by output error ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cuts a weight into runs of rows that share a Gram matrix, rounds them in parallel,
// and collects codes and scales.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Quantization/OutputQuantizer.h"

#include "RowRounder.h"
#include "WeightCodes.h"
#include "mlir/IR/Threading.h"

using namespace mlir;
using namespace pith;

namespace {
/// One weight in work.
class Rounding {
public:
  Rounding(const OutputQuantizer &quantizer, const HostTensor &weight, float largest)
      : quantizer(quantizer), weight(weight), context(weight.getType().getContext()),
        how(quantizer.how.getGroupQuantizer(largest)),
        groups(quantizer.how.getGroups(weight)), outputs(weight.getShape()[0]),
        reduction(weight.getNumElements() / outputs),
        errors(outputs) {
    chosen.steps = quantizer.how.chooseScaleSteps(weight, largest);
    chosen.codes.resize(weight.getNumElements());
    chosen.scales.resize(groups.rows * groups.count);
    chosen.zeroPoints.resize(chosen.scales.size());
    chosen.wholeZeroPoints = how.bits > 1;
    if (isPerTensor())
      shared = quantizer.how.quantize(weight, largest);
  }

  void round(const RoundingProblem &problem, int64_t firstRow, int64_t rows);
  OutputQuantizer::Result getResult() const;

private:
  struct RowErrors {
    double signal, nearest, output;
  };
  bool isPerTensor() const {
    return quantizer.how.granularity == QuantizationGranularity::Tensor;
  }
  RowRounder makeRounder(const RoundingProblem &problem, int64_t firstRow,
                         int64_t rows) const;
  void roundRows(const RoundingProblem &problem, int64_t firstRow, int64_t rows);
  void take(const RowRounder &rounder, int64_t lane, int64_t row);

  const OutputQuantizer &quantizer;
  const HostTensor &weight;
  MLIRContext *context;
  GroupQuantizer how;
  WeightQuantizer::Groups groups;
  int64_t outputs, reduction;
  std::optional<WeightQuantizer::Result> shared; ///< has the scale of the whole tensor
  ChosenCodes chosen;
  std::vector<RowErrors> errors;
};
} // namespace

RowRounder Rounding::makeRounder(const RoundingProblem &problem, int64_t firstRow,
                                 int64_t rows) const {
  SmallVector<GroupQuantizer> lanes(rows, how);
  for (int64_t lane = 0; lane < rows && !chosen.steps.empty(); ++lane)
    lanes[lane].scaleStep = chosen.steps[firstRow + lane];
  RowRounder rounder(problem, lanes, quantizer.keepZeros);
  rounder.setRows(weight.as<float>().data() + firstRow * reduction);
  if (shared)
    rounder.fixGrid(float(shared->scale.getDouble(0)),
                    shared->zeroPoint ? float(shared->zeroPoint->getDouble(0)) : 0);
  return rounder;
}

void Rounding::take(const RowRounder &rounder, int64_t lane, int64_t row) {
  rounder.getCodes(lane, MutableArrayRef<int16_t>(chosen.codes)
                             .slice(row * reduction, reduction));
  for (int64_t group = 0; group < groups.count; ++group) {
    // Rows of a tensor with one scale all have the same.
    int64_t index = isPerTensor() ? 0 : row * groups.count + group;
    if (isPerTensor() && row > 0)
      continue;
    chosen.scales[index] = rounder.getScale(lane, group);
    chosen.zeroPoints[index] = rounder.getZeroPoint(lane, group);
  }
}

void Rounding::roundRows(const RoundingProblem &problem, int64_t firstRow, int64_t rows) {
  RowRounder rounder = makeRounder(problem, firstRow, rows);
  LaneSums signal = rounder.getSignal();
  rounder.roundToNearest(/*weighted=*/false);
  LaneSums nearest = rounder.getNoise();
  rounder.roundInOrder();
  for (unsigned sweep = 0; sweep < quantizer.sweeps; ++sweep)
    rounder.sweep();
  LaneSums output = rounder.getNoise();
  for (int64_t lane = 0; lane < rows; ++lane) {
    errors[firstRow + lane] = {signal[lane], nearest[lane], output[lane]};
    take(rounder, lane, firstRow + lane);
  }
}

void Rounding::round(const RoundingProblem &problem, int64_t firstRow, int64_t rows) {
  parallelFor(context, 0, (rows + kRowLanes - 1) / kRowLanes, [&](size_t run) {
    int64_t begin = int64_t(run) * kRowLanes;
    roundRows(problem, firstRow + begin, std::min(kRowLanes, rows - begin));
  });
}

OutputQuantizer::Result Rounding::getResult() const {
  OutputQuantizer::Result result;
  for (const RowErrors &row : errors) {
    result.nearest.signal += row.signal;
    result.nearest.noise += std::max(row.nearest, 0.0);
    result.output.noise += std::max(row.output, 0.0);
  }
  result.output.signal = result.nearest.signal;
  result.weight = assemble(quantizer.how, how, weight, chosen);
  return result;
}

std::optional<OutputQuantizer::Result>
OutputQuantizer::quantize(const HostTensor &weight, float largest,
                          const ActivationStatistics &statistics) const {
  Rounding rounding(*this, weight, largest);
  const int64_t parts = statistics.getGroups(), K = statistics.getReductionSize();
  const int64_t rows = weight.getShape()[0] / parts;
  const WeightQuantizer::Groups groups = how.getGroups(weight);
  double greatest = 0;
  for (int64_t part = 0; part < parts; ++part) {
    ArrayRef<float> gram = statistics.gram.as<float>().slice(part * K * K, K * K);
    auto problem = RoundingProblem::create(weight.getType().getContext(), gram, K,
                                           std::min(groups.size, K), damping, order,
                                           sweeps > 0);
    if (!problem)
      return std::nullopt;
    greatest = std::max(greatest, problem->damping);
    rounding.round(*problem, part * rows, rows);
  }
  Result result = rounding.getResult();
  result.damping = greatest;
  return result;
}
