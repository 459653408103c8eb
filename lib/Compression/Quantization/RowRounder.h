//===- RowRounder.h - Rounding rows by output error -------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Up to kRowLanes rows in work.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_QUANTIZATION_ROWROUNDER_H
#define PITH_LIB_COMPRESSION_QUANTIZATION_ROWROUNDER_H

#include "RoundingProblem.h"
#include "RowLanes.h"
#include "pith/Compression/Quantization/GroupQuantizer.h"
#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace pith {

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
  /// One solution of a block.
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
