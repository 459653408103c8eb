//===- Reconstruction.cpp - What is lost with inputs of a layer -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With H the (damped) second moments, P = H⁻¹ and W the weights fitted so far, removing
// the inputs S costs tr(W_S · (P_SS)⁻¹ · W_Sᵀ), and the fit becomes
// W − W_S · (P_SS)⁻¹ · P_S:, P − P_:S · (P_SS)⁻¹ · P_S:. The costs need W only as
// M = Wᵀ·W, which is followed instead.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Structured/Reconstruction.h"

#include <Eigen/Dense>

#include <algorithm>
#include <numeric>

using namespace mlir;
using namespace pith;

namespace {
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Indices = std::vector<int64_t>;

/// Σ x·xᵀ, of deviations from the mean where a bias takes that up.
Eigen::MatrixXd getMoments(const ReductionProblem &problem) {
  int64_t n = problem.inputs;
  Eigen::MatrixXd moments(n, n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double mean = problem.hasBias ? double(problem.mean[i]) * problem.mean[j] : 0;
      moments(i, j) = problem.gram[i * n + j] - double(problem.rows) * mean;
    }
  return moments;
}

/// What is seen of no input still must not be divided by zero.
void damp(Eigen::MatrixXd &moments) {
  double mean = moments.diagonal().mean();
  moments.diagonal().array() += mean > 0 ? kReductionDamping * mean : 1;
}

RowMatrix getWeight(const ReductionProblem &problem) {
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Floats>(problem.weight.data(), problem.outputs, problem.inputs)
      .cast<double>();
}

Eigen::MatrixXd select(const Eigen::MatrixXd &matrix, const Indices &rows,
                       const Indices &columns) {
  return matrix(rows, columns);
}

/// A layer while inputs are being removed from it.
class LayerState {
public:
  explicit LayerState(const ReductionProblem &problem) : problem(&problem) {
    Eigen::MatrixXd moments = getMoments(problem);
    damp(moments);
    inverse = moments.llt().solve(
        Eigen::MatrixXd::Identity(problem.inputs, problem.inputs));
    RowMatrix weight = getWeight(problem);
    products = weight.transpose() * weight;
  }

  double getCost(int64_t unit) const {
    const Indices &own = problem->columns[unit];
    if (own.empty())
      return 0;
    if (own.size() == 1) {
      int64_t k = own.front();
      return problem->importance * products(k, k) / std::max(inverse(k, k), 1e-300);
    }
    Eigen::MatrixXd fitted = select(inverse, own, own).llt().solve(select(products, own, own));
    return problem->importance * std::max(0.0, fitted.trace());
  }

  void remove(ArrayRef<int64_t> units) {
    Indices gone;
    for (int64_t unit : units)
      llvm::append_range(gone, problem->columns[unit]);
    if (gone.empty())
      return;
    Eigen::MatrixXd rows = inverse(gone, Eigen::all);
    Eigen::MatrixXd fit = select(inverse, gone, gone).llt().solve(rows);
    Eigen::MatrixXd cross = products(Eigen::all, gone) * fit;
    Eigen::MatrixXd inner = fit.transpose() * (select(products, gone, gone) * fit);
    inverse -= rows.transpose() * fit;
    products += inner - cross - cross.transpose();
    // Exactly nothing, so that later steps do not see what rounding left.
    for (int64_t k : gone) {
      inverse.row(k).setZero();
      inverse.col(k).setZero();
      inverse(k, k) = 1;
      products.row(k).setZero();
      products.col(k).setZero();
    }
  }

private:
  const ReductionProblem *problem;
  Eigen::MatrixXd inverse, products;
};
} // namespace

std::vector<ReductionStep>
pith::orderByReconstruction(ArrayRef<ReductionProblem> problems, int64_t units,
                            int64_t count) {
  // From here on updates cost more than costs that are a little out of date.
  constexpr int64_t kRounds = 128;
  int64_t batch = std::max<int64_t>(1, units / kRounds);
  std::vector<LayerState> layers(problems.begin(), problems.end());
  std::vector<ReductionStep> steps;
  llvm::BitVector gone(units);
  while (int64_t(steps.size()) < count) {
    std::vector<ReductionStep> costs;
    for (int64_t unit = 0; unit < units; ++unit) {
      if (gone.test(unit))
        continue;
      ReductionStep step{unit, 0};
      for (const LayerState &layer : layers)
        step.error += layer.getCost(unit);
      costs.push_back(step);
    }
    llvm::sort(costs);
    int64_t taken = std::min(batch, count - int64_t(steps.size()));
    SmallVector<int64_t> chosen;
    for (const ReductionStep &step : ArrayRef(costs).take_front(taken)) {
      steps.push_back(step);
      chosen.push_back(step.unit);
      gone.set(step.unit);
    }
    for (LayerState &layer : layers)
      layer.remove(chosen);
  }
  return steps;
}

std::vector<ReductionStep> pith::orderByActivation(ArrayRef<ReductionProblem> problems,
                                                   int64_t units, int64_t count) {
  std::vector<ReductionStep> steps(units);
  for (int64_t unit = 0; unit < units; ++unit)
    steps[unit].unit = unit;
  for (const ReductionProblem &problem : problems) {
    int64_t n = problem.inputs;
    std::vector<double> squares(n);
    for (int64_t o = 0; o < problem.outputs; ++o)
      for (int64_t k = 0; k < n; ++k)
        squares[k] += double(problem.weight[o * n + k]) * problem.weight[o * n + k];
    for (int64_t unit = 0; unit < units; ++unit)
      for (int64_t k : problem.columns[unit])
        steps[unit].error += problem.importance * squares[k] * problem.gram[k * n + k];
  }
  llvm::sort(steps);
  steps.resize(std::min(units, count));
  return steps;
}

/// Σ ‖D·x‖² for the moments of x.
static double getEnergy(const RowMatrix &difference, const Eigen::MatrixXd &moments) {
  return std::max(0.0, (difference * moments).cwiseProduct(difference).sum());
}

ReductionResult pith::reconstruct(const ReductionProblem &problem,
                                  const llvm::BitVector &removed, bool fit) {
  int64_t n = problem.inputs;
  Indices kept, gone(removed.set_bits_begin(), removed.set_bits_end());
  for (int64_t k = 0; k < n; ++k)
    if (!removed.test(k))
      kept.push_back(k);
  RowMatrix weight = getWeight(problem), result = weight;
  for (int64_t k : gone)
    result.col(k).setZero();
  ReductionResult out;
  Eigen::MatrixXd moments;
  if (!problem.gram.empty()) {
    moments = getMoments(problem);
    double n2 = double(problem.rows);
    Eigen::Map<const Eigen::VectorXf> mean(problem.mean.data(), n);
    Eigen::MatrixXd plain = moments;
    if (problem.hasBias)
      plain += n2 * mean.cast<double>() * mean.cast<double>().transpose();
    out.before = {getEnergy(weight, plain), getEnergy(weight - result, plain)};
    if (fit && !kept.empty()) {
      // W' = W · H_:S · (H_SS)⁻¹
      Eigen::MatrixXd damped = moments;
      damp(damped);
      Eigen::MatrixXd target = damped(kept, Eigen::all) * weight.transpose();
      Eigen::MatrixXd solved = select(damped, kept, kept).llt().solve(target);
      for (size_t i = 0; i < kept.size(); ++i)
        result.col(kept[i]) = solved.row(i).transpose();
    }
    out.after = {out.before.signal, getEnergy(weight - result, moments)};
  }
  if (problem.hasBias) {
    Eigen::Map<const Eigen::VectorXf> mean(problem.mean.data(), n);
    Eigen::VectorXf shift = ((weight - result) * mean.cast<double>()).cast<float>();
    out.bias.assign(shift.data(), shift.data() + shift.size());
  }
  out.weight.resize(problem.weight.size());
  for (int64_t i = 0; i < result.size(); ++i)
    out.weight[i] = float(result.data()[i]);
  return out;
}
