//===- PruneWeights.cpp - pith-prune-weights ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Replaces float weights by pith.sparse_decode or pith.nm_decode of their largest
// elements.
//
//===----------------------------------------------------------------------===//

#include "SparseElements.h"

#include "pith/Compression/CheckedPass.h"
#include "pith/Compression/Codec.h"
#include "pith/Compression/Sparsity/Magnitude.h"
#include "pith/Compression/Sparsity/Passes.h"
#include "pith/Compression/Sparsity/SparsityOps.h"
#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace pith {
#define GEN_PASS_DEF_PRUNEWEIGHTSPASS
#include "pith/Compression/Sparsity/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
/// N:M; n is 0 for unstructured pruning.
struct BlockPattern {
  int64_t n = 0, m = 0;
};

/// A weight to prune, and its value.
struct Candidate {
  const Weight *weight;
  HostTensor dense;  ///< of the weight's type
  HostTensor floats; ///< the same as f32
};

class PruneWeightsPass final
    : public CheckedPass<pith::impl::PruneWeightsPassBase<PruneWeightsPass>> {
public:
  using CheckedPass::CheckedPass;

  LogicalResult checkOptions(ErrorHandler error) const override {
    if (!(sparsity >= 0 && sparsity < 1))
      return error("expected a sparsity from 0 to below 1, found " +
                   llvm::Twine(llvm::formatv("{0}", double(sparsity)).str()));
    if (!parsePattern())
      return error("expected a pattern N:M with 1 <= N < M <= 32, found '" +
                   llvm::Twine(pattern.getValue()) + "'");
    return success();
  }

  void runOnOperation() override;

private:
  std::optional<BlockPattern> parsePattern() const;
  FailureOr<SmallVector<Candidate>> collect(ArrayRef<Weight> weights);
  void storeBitmap(const Candidate &candidate, MagnitudeCut &cut);
  void storePattern(const Candidate &candidate, BlockPattern pattern);
};
} // namespace

std::optional<BlockPattern> PruneWeightsPass::parsePattern() const {
  BlockPattern result;
  StringRef text = pattern.getValue();
  if (text.empty())
    return result;
  auto [n, m] = text.split(':');
  if (n.getAsInteger(10, result.n) || m.getAsInteger(10, result.m) ||
      result.n < 1 || result.n >= result.m || result.m > 32)
    return std::nullopt;
  return result;
}

/// The weights that are plain constants, with their values. Fails with a
/// diagnostic if a value is missing or not finite.
FailureOr<SmallVector<Candidate>>
PruneWeightsPass::collect(ArrayRef<Weight> weights) {
  SmallVector<Candidate> candidates;
  for (const Weight &weight : weights) {
    if (weight.value.getDefiningOp<WeightCodecOpInterface>()) {
      keepWeight(weight, getArgumentName(),
                 "it is " + getFormatName(weight.value) + " already; prune first");
      continue;
    }
    FailureOr<HostTensor> dense = decodeWeight(weight.value);
    if (failed(dense))
      return failure();
    HostTensor floats = dense->converted(Float32Type::get(&getContext()));
    if (!llvm::all_of(floats.as<float>(), [](float x) { return std::isfinite(x); }))
      return emitWeightError(weight)
             << "expected finite elements, found an infinity or NaN";
    candidates.push_back({&weight, *dense, floats});
  }
  return candidates;
}

void PruneWeightsPass::storeBitmap(const Candidate &candidate, MagnitudeCut &cut) {
  const Weight &weight = *candidate.weight;
  RankedTensorType type = weight.getType();
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(weight.value);
  HostTensor mask(RankedTensorType::get(type.getShape(), builder.getI1Type()));
  MutableArrayRef<char> bits = mask.getMutableBytes();
  ArrayRef<float> floats = candidate.floats.as<float>();
  WeightError error;
  int64_t kept = 0;
  for (int64_t i = 0, e = floats.size(); i < e; ++i) {
    double square = double(floats[i]) * floats[i];
    error.signal += square;
    if (cut.drops(floats[i])) {
      error.noise += square;
      continue;
    }
    bits[i] = 1;
    ++kept;
  }
  int64_t width = type.getElementTypeBitWidth(), all = type.getNumElements();
  if (kept * width + all >= all * width)
    return keepWeight(weight, getArgumentName(),
                      "a bitmap of " + llvm::Twine(kept) +
                          " kept elements would take no fewer bytes");
  HostTensor values(RankedTensorType::get({kept}, type.getElementType()));
  ElementCopier copy(candidate.dense, values);
  int64_t next = 0;
  for (int64_t i = 0, e = bits.size(); i < e; ++i)
    if (bits[i])
      copy(i, next++);
  Location loc = weight.value.getLoc();
  Value stored = createConstant(builder, loc, values, weight.name);
  Value bitmap = createConstant(builder, loc, mask, weight.name + ".mask");
  Value sparse =
      SparseDecodeOp::create(builder, loc, type, stored, bitmap, /*fill=*/0);
  replaceWeight(weight, sparse, error, getArgumentName());
}

void PruneWeightsPass::storePattern(const Candidate &candidate, BlockPattern pattern) {
  const Weight &weight = *candidate.weight;
  RankedTensorType type = weight.getType();
  const int64_t n = pattern.n, m = pattern.m;
  const int64_t outputs = type.getShape().front();
  const int64_t reduction = getReductionSize(type), entries = (reduction + m - 1) / m * n;
  const unsigned positionBits = llvm::Log2_64_Ceil(m);
  const int64_t width = type.getElementTypeBitWidth();
  if (entries * (width + positionBits) >= reduction * width)
    return keepWeight(weight, getArgumentName(),
                      "its " + llvm::Twine(n) + ":" + llvm::Twine(m) +
                          " form would take no fewer bytes");

  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(weight.value);
  auto positionType = builder.getIntegerType(positionBits, /*isSigned=*/false);
  HostTensor values(RankedTensorType::get({outputs, entries}, type.getElementType()));
  HostTensor positions(RankedTensorType::get({outputs, entries}, positionType));
  ElementCopier copy(candidate.dense, values);
  char *packed = positions.getMutableBytes().data();
  const unsigned storedBits = pith::getStorageBits(positionType);
  ArrayRef<float> floats = candidate.floats.as<float>();
  std::vector<double> signal(outputs), kept(outputs);
  forRowRuns(&getContext(), outputs, reduction, [&](int64_t begin, int64_t end) {
    std::vector<int16_t> chosen((end - begin) * entries);
    MutableArrayRef<int16_t> rest(chosen);
    for (int64_t o = begin; o < end; ++o) {
      ArrayRef<float> row = floats.slice(o * reduction, reduction);
      for (float x : row)
        signal[o] += double(x) * x;
      for (int64_t b = 0; b * m < reduction; ++b) {
        MutableArrayRef<int16_t> block = rest.take_front(n);
        rest = rest.drop_front(n);
        selectLargest(row.slice(b * m, std::min(m, reduction - b * m)), block);
        for (int64_t j = 0; j < n; ++j) {
          int64_t k = b * m + block[j];
          if (k >= reduction)
            continue;
          copy(o * reduction + k, o * entries + b * n + j);
          kept[o] += double(row[k]) * row[k];
        }
      }
    }
    packCodes(chosen, storedBits, packed + begin * entries * storedBits / 8);
  });
  WeightError error;
  for (int64_t o = 0; o < outputs; ++o) {
    error.signal += signal[o];
    error.noise += std::max(0.0, signal[o] - kept[o]);
  }
  Location loc = weight.value.getLoc();
  Value stored = createConstant(builder, loc, values, weight.name);
  Value where = createConstant(builder, loc, positions, weight.name + ".positions");
  Value sparse =
      NmDecodeOp::create(builder, loc, type, stored, where, n, m, type.getShape());
  replaceWeight(weight, sparse, error, getArgumentName());
}

void PruneWeightsPass::runOnOperation() {
  WeightSelection selection{getArgumentName(), select, exclude, minElements};
  FailureOr<SmallVector<Weight>> weights = selectWeights(getOperation(), selection);
  if (failed(weights))
    return signalPassFailure();
  FailureOr<SmallVector<Candidate>> candidates = collect(*weights);
  if (failed(candidates))
    return signalPassFailure();
  if (BlockPattern how = *parsePattern(); how.n) {
    for (const Candidate &candidate : *candidates)
      storePattern(candidate, how);
    return;
  }
  auto cutOf = [&](ArrayRef<ArrayRef<float>> tensors) {
    int64_t count = 0;
    for (ArrayRef<float> tensor : tensors)
      count += tensor.size();
    return MagnitudeCut(tensors, int64_t(std::floor(sparsity * count)));
  };
  if (scope == PruningScope::Layer) {
    for (const Candidate &candidate : *candidates) {
      MagnitudeCut cut = cutOf({candidate.floats.as<float>()});
      storeBitmap(candidate, cut);
    }
    return;
  }
  SmallVector<ArrayRef<float>> all;
  for (const Candidate &candidate : *candidates)
    all.push_back(candidate.floats.as<float>());
  MagnitudeCut cut = cutOf(all);
  for (const Candidate &candidate : *candidates)
    storeBitmap(candidate, cut);
}
