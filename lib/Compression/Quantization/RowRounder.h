//===- RowRounder.h - Rounding rows by output error -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all rows of one Gram matrix have in common (`RoundingProblem`), and up to
// kRowLanes of them in work (`RowRounder`).
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_ROWROUNDER_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_ROWROUNDER_H

#include "RowLanes.h"
#include "pith/Compression/GramInverse.h"
#include "pith/Compression/Quantization/GroupQuantizer.h"
#include "pith/Compression/Quantization/Passes.h"
#include "llvm/ADT/ArrayRef.h"

#include <optional>
#include <vector>

namespace pith {

struct RoundingProblem {
  /// The Gram matrix is `size` x `size`. Nothing if it cannot be factored. Scales change
  /// every `groupSize` elements.
  static std::optional<RoundingProblem>
  create(mlir::MLIRContext *context, llvm::ArrayRef<float> gram, int64_t size,
         int64_t groupSize, const GramDamping &damping, ActivationOrder order,
         bool descends);

  int64_t getNumGroups() const { return (size + groupSize - 1) / groupSize; }

  /// A run of elements that descent works on at once: a group, or, where groups are
  /// long, part of one.
  struct Block {
    int64_t first, count;
    std::vector<float> couplings, inverse; ///< of its part of the Hessian
    std::vector<float> sums;               ///< of that part's rows
  };

  int64_t size = 0, groupSize = 0;
  double damping = 0;
  llvm::ArrayRef<float> gram;    ///< as seen
  std::vector<float> hessian;    ///< damped
  std::vector<float> importance; ///< its diagonal
  std::vector<int64_t> order;    ///< in which GPTQ rounds
  /// Whether a group's scale is chosen when the order reaches it.
  bool scalesOnTheWay = false;
  std::vector<float> couplings; ///< in that order
  std::vector<Block> blocks;
};

class RowRounder {
public:
  /// `how[lane]` rounds the lane's scales (steps may differ).
  RowRounder(const RoundingProblem &problem,
             llvm::ArrayRef<GroupQuantizer> how, bool keepZeros);

  /// Takes rows of `size` elements, as many as there are in `how`.
  void setRows(const float *rows);
  /// Gives all groups this grid, for good.
  void fixGrid(float scale, float zeroPoint);

  /// Rounds every element to the nearest code, with scales that a search finds; it
  /// weighs elements by the Hessian's diagonal or not.
  void roundToNearest(bool weighted);
  void roundInOrder();
  /// One round of descent over all blocks, with other scales where they are better.
  void sweep();

  LaneSums getSignal() const;
  LaneSums getNoise() const;
  /// Codes as tensors hold them; `codes` has `size` elements per row.
  void getCodes(int64_t lane, llvm::MutableArrayRef<int16_t> codes) const;
  float getScale(int64_t lane, int64_t group) const;
  float getZeroPoint(int64_t lane, int64_t group) const;

private:
  struct Trial;
  bool isSign() const { return how[0].symmetric && how[0].bits == 1; }
  float roundScale(int64_t lane, double scale) const;
  void chooseGrid(int64_t group, llvm::ArrayRef<int64_t> elements, const float *values,
                  bool weighted = true);
  void updateDifferences(int64_t first, int64_t count);
  void sweepBlock(const RoundingProblem::Block &block);
  void finish(Trial &trial, const RoundingProblem::Block &block);
  void refit(Trial &trial, const RoundingProblem::Block &block);
  void keepBetter(const Trial &trial, Trial &best);
  void refitWholeRows();
  std::vector<LaneGrid> getCandidates(const LaneGrid &grid) const;

  const RoundingProblem &problem;
  llvm::SmallVector<GroupQuantizer> how;
  bool gridsAreFixed = false;
  float low, high; ///< codes
  std::vector<float> weights, codes, differences, stored;
  std::vector<float> weightProducts; ///< H · w, where groups are longer than blocks
  std::vector<LaneGrid> grids;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_QUANTIZATION_ROWROUNDER_H
