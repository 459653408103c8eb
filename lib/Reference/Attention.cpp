//===- Attention.cpp - Scaled dot-product attention -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One query at a time: scores, softmax, weighted sum.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"
#include "Models.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace pith;
using namespace pith::reference;

/// Scores become weights of sum 1; all are 0 if no key is seen.
static void softmax(Reals &scores) {
  double largest = -std::numeric_limits<double>::infinity();
  for (double score : scores)
    largest = std::max(largest, score);
  double sum = 0;
  bool seesNone = std::isinf(largest) && largest < 0;
  for (double &score : scores) {
    score = seesNone && !std::isnan(score) ? 0 : std::exp(score - largest);
    sum += score;
  }
  for (double &score : scores)
    score = seesNone ? score : score / sum;
}

static Results evaluate(AttentionOp op, Inputs inputs, Types types) {
  Shape q = inputs[0].getShape(), k = inputs[1].getShape(), v = inputs[2].getShape();
  int64_t queries = q[2], keys = k[2], size = q[3], width = v[3];
  if (q[1] != 0 && (k[1] == 0 || q[1] % k[1] != 0))
    return op.emitOpError("expects key heads to divide ")
               << q[1] << " query heads (C2), got " << k[1],
           failure();
  Reals query = toReals(inputs[0]), key = toReals(inputs[1]), value = toReals(inputs[2]);
  Reals mask, result(types[0].getNumElements()), scores(keys);
  Sizes maskStrides(4, 0);
  if (inputs.size() > 3) {
    Sizes all{q[0], q[1], queries, keys};
    Shape own = inputs[3].getShape();
    for (auto [axis, extent] : llvm::enumerate(own))
      if (own.size() > 4 || (extent != 1 && extent != all[4 - own.size() + axis]))
        return op.emitOpError("expects a mask that broadcasts to [")
                   << all << "], found sizes [" << own << "]",
               failure();
    mask = toReals(inputs[3]);
    maskStrides = getBroadcastStrides(own, all);
  }
  double scale = op.getScale().convertToDouble();
  forEachIndex(Sizes{q[0], q[1], queries}, [&](int64_t row, Shape at) {
    int64_t keyHead = at[0] * k[1] + at[1] / (q[1] / k[1]);
    for (int64_t j = 0; j < keys; ++j) {
      double dot = 0;
      for (int64_t d = 0; d < size; ++d)
        dot += query[row * size + d] * key[(keyHead * keys + j) * size + d];
      scores[j] = scale * dot;
      if (!mask.empty())
        scores[j] +=
            mask[getOffset(at, Shape(maskStrides).drop_back()) + j * maskStrides[3]];
      if (op.getCausal() && j > at[2] + keys - queries)
        scores[j] = -std::numeric_limits<double>::infinity();
    }
    softmax(scores);
    for (int64_t j = 0; j < keys; ++j)
      for (int64_t d = 0; d < width; ++d)
        if (scores[j] != 0) // what is not seen may be anything
          result[row * width + d] += scores[j] * value[(keyHead * keys + j) * width + d];
  });
  return one(fromReals(types[0], result));
}

void pith::reference::attachAttention(MLIRContext *context) {
  attach<AttentionOp, evaluate>(context);
}
