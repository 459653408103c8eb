//===- SparsePattern.cpp - Which weights are dropped together -------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the options of pruning passes, and stores what they leave of a weight.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Sparsity/SparsePattern.h"

#include "SparseElements.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Sparsity/SparsityOps.h"
#include "pith/Compression/WeightStatistics.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

/// Blocks beyond these sizes are whole weights, or nearly.
static constexpr int64_t kMaxBlock = 1024;

std::optional<SparsePattern> SparsePattern::parse(StringRef pattern, StringRef block,
                                                  std::string &message) {
  SparsePattern result;
  if (!pattern.empty() && !block.empty()) {
    message = "expected a pattern or a block, found both";
    return std::nullopt;
  }
  if (!pattern.empty()) {
    auto [n, m] = pattern.split(':');
    if (n.getAsInteger(10, result.n) || m.getAsInteger(10, result.m) ||
        result.n < 1 || result.n >= result.m || result.m > 32) {
      message = "expected a pattern N:M with 1 <= N < M <= 32, found '" +
                pattern.str() + "'";
      return std::nullopt;
    }
  }
  if (!block.empty()) {
    auto [rows, columns] = block.split('x');
    if (rows.getAsInteger(10, result.blockOutputs) ||
        columns.getAsInteger(10, result.blockPositions) || result.blockOutputs < 1 ||
        result.blockPositions < 1 || result.blockOutputs > kMaxBlock ||
        result.blockPositions > kMaxBlock || !result.isBlock()) {
      message = "expected a block of RxC outputs and positions, 1 to 1024 each and not "
                "1x1, found '" +
                block.str() + "'";
      return std::nullopt;
    }
  }
  return result;
}

std::string pith::checkSparsity(double sparsity, bool given, StringRef pattern,
                                StringRef block) {
  if (!(sparsity >= 0 && sparsity < 1))
    return "expected a sparsity from 0 to below 1, found " +
           llvm::formatv("{0}", sparsity).str();
  std::string message;
  std::optional<SparsePattern> parsed = SparsePattern::parse(pattern, block, message);
  if (!parsed || !parsed->isNm() || !given)
    return message;
  double own = 1 - double(parsed->n) / double(parsed->m);
  if (std::fabs(sparsity - own) < 1e-3)
    return "";
  return llvm::formatv("pattern {0} drops {1:f3} of the elements, which contradicts "
                       "sparsity {2}; give one of the two",
                       pattern, own, sparsity)
      .str();
}

std::string pith::getPruningObstacle(const Weight &weight, bool isNamed) {
  if (weight.value.getDefiningOp<WeightCodecOpInterface>())
    return "it is " + getFormatName(weight.value) + " already; prune first";
  bool isTable = llvm::any_of(weight.uses, [](OpOperand *use) {
    auto op = cast<CompressibleOpInterface>(use->getOwner());
    return !op.getActivationOperand(*use);
  });
  if (isTable && !isNamed)
    return "its rows are looked up, which is sensitive to every element; select it to "
           "prune it";
  return "";
}

//===----------------------------------------------------------------------===//
// Sparse forms
//===----------------------------------------------------------------------===//

namespace {
/// A weight that becomes sparse.
struct Sparsifier {
  const Weight &weight;
  OpBuilder &builder;
  const HostTensor &dense, &mask;
  StringRef pass;

  int64_t width() const { return dense.getElementType().getIntOrFloatBitWidth(); }
  int64_t outputs() const { return dense.getShape().front(); }
  int64_t reduction() const { return getReductionSize(dense.getType()); }
  Location loc() const { return weight.value.getLoc(); }
  Value keep(const Twine &form) {
    keepWeight(weight, pass, form + " would take no fewer bytes");
    return {};
  }

  Value toBitmap();
  Value toNm(const SparsePattern &pattern);
  Value toBlocks(const SparsePattern &pattern);
};
} // namespace

Value Sparsifier::toBitmap() {
  ArrayRef<char> bits = mask.getBytes();
  int64_t kept = llvm::count(bits, 1), all = bits.size();
  if (kept * width() + all >= all * width())
    return keep("a bitmap of " + Twine(kept) + " kept elements");
  HostTensor values(RankedTensorType::get({kept}, dense.getElementType()));
  ElementCopier copy(dense, values);
  int64_t next = 0;
  for (int64_t i = 0; i < all; ++i)
    if (bits[i])
      copy(i, next++);
  Value stored = createConstant(builder, loc(), values, weight.name);
  Value bitmap = createConstant(builder, loc(), mask, weight.name + ".mask");
  return SparseDecodeOp::create(builder, loc(), dense.getType(), stored, bitmap,
                                /*fill=*/0);
}

/// Positions of the `n` entries of a block: those of set bits, then of others.
static void choosePositions(ArrayRef<char> bits, MutableArrayRef<int16_t> positions) {
  size_t filled = 0;
  for (bool set : {true, false})
    for (size_t i = 0; i < bits.size() && filled < positions.size(); ++i)
      if ((bits[i] != 0) == set)
        positions[filled++] = i;
  // A last block may be shorter: positions behind its end stand for nothing.
  for (size_t next = bits.size(); filled < positions.size(); ++filled)
    positions[filled] = next++;
  llvm::sort(positions);
}

Value Sparsifier::toNm(const SparsePattern &pattern) {
  const int64_t n = pattern.n, m = pattern.m, K = reduction();
  const int64_t entries = (K + m - 1) / m * n;
  const unsigned positionBits = llvm::Log2_64_Ceil(m);
  if (entries * (width() + positionBits) >= K * width())
    return keep("its " + Twine(n) + ":" + Twine(m) + " form");
  auto positionType = builder.getIntegerType(positionBits, /*isSigned=*/false);
  HostTensor values(RankedTensorType::get({outputs(), entries}, dense.getElementType()));
  HostTensor positions(RankedTensorType::get({outputs(), entries}, positionType));
  ElementCopier copy(dense, values);
  char *packed = positions.getMutableBytes().data();
  const unsigned storedBits = pith::getStorageBits(positionType);
  ArrayRef<char> bits = mask.getBytes();
  forRowRuns(builder.getContext(), outputs(), K, [&](int64_t begin, int64_t end) {
    std::vector<int16_t> chosen((end - begin) * entries);
    MutableArrayRef<int16_t> rest(chosen);
    for (int64_t o = begin; o < end; ++o)
      for (int64_t b = 0; b * m < K; ++b) {
        MutableArrayRef<int16_t> block = rest.take_front(n);
        rest = rest.drop_front(n);
        choosePositions(bits.slice(o * K + b * m, std::min(m, K - b * m)), block);
        for (int64_t j = 0; j < n; ++j) {
          int64_t k = b * m + block[j];
          if (k < K && bits[o * K + k])
            copy(o * K + k, o * entries + b * n + j);
        }
      }
    packCodes(chosen, storedBits, packed + begin * entries * storedBits / 8);
  });
  Value stored = createConstant(builder, loc(), values, weight.name);
  Value where = createConstant(builder, loc(), positions, weight.name + ".positions");
  return NmDecodeOp::create(builder, loc(), dense.getType(), stored, where, n, m,
                            dense.getShape());
}

Value Sparsifier::toBlocks(const SparsePattern &pattern) {
  const int64_t r = pattern.blockOutputs, c = pattern.blockPositions, K = reduction();
  const int64_t rows = llvm::divideCeil(outputs(), r), columns = llvm::divideCeil(K, c);
  HostTensor grid(RankedTensorType::get({rows, columns}, builder.getI1Type()));
  MutableArrayRef<char> blocks = grid.getMutableBytes();
  ArrayRef<char> bits = mask.getBytes();
  for (int64_t o = 0; o < outputs(); ++o)
    for (int64_t k = 0; k < K; ++k)
      blocks[o / r * columns + k / c] |= bits[o * K + k];
  int64_t kept = llvm::count(blocks, 1);
  if (kept * r * c * width() + rows * columns >= int64_t(bits.size()) * width())
    return keep(Twine(kept) + " blocks of " + Twine(r) + "x" + Twine(c));
  HostTensor values(RankedTensorType::get({kept, r, c}, dense.getElementType()));
  ElementCopier copy(dense, values);
  int64_t block = 0;
  for (int64_t at = 0; at < rows * columns; ++at) {
    if (!blocks[at])
      continue;
    int64_t row = at / columns * r, column = at % columns * c;
    for (int64_t i = 0; i < r && row + i < outputs(); ++i)
      for (int64_t k = 0; k < c && column + k < K; ++k)
        copy((row + i) * K + column + k, (block * r + i) * c + k);
    ++block;
  }
  Value stored = createConstant(builder, loc(), values, weight.name);
  Value where = createConstant(builder, loc(), grid, weight.name + ".blocks");
  return BlockSparseDecodeOp::create(builder, loc(), dense.getType(), stored, where,
                                     dense.getShape());
}

Value pith::createSparse(const Weight &weight, OpBuilder &builder,
                         const HostTensor &dense, const HostTensor &mask,
                         const SparsePattern &pattern, StringRef pass) {
  Sparsifier sparsifier{weight, builder, dense, mask, pass};
  if (pattern.isNm())
    return sparsifier.toNm(pattern);
  if (pattern.isBlock())
    return sparsifier.toBlocks(pattern);
  return sparsifier.toBitmap();
}

void pith::storeSparse(const Weight &weight, const HostTensor &original,
                       const HostTensor &pruned, const HostTensor &mask,
                       const SparsePattern &pattern, StringRef pass) {
  OpBuilder builder(weight.value.getContext());
  builder.setInsertionPointAfterValue(weight.value);
  HostTensor dense = pruned.converted(weight.getType().getElementType());
  Value sparse = createSparse(weight, builder, dense, mask, pattern, pass);
  if (!sparse)
    return;
  HostTensor left = dense.converted(builder.getF32Type());
  ArrayRef<float> before = original.as<float>();
  MutableArrayRef<float> after = left.asMutable<float>();
  ArrayRef<char> bits = mask.getBytes();
  WeightError error;
  for (int64_t i = 0, e = before.size(); i < e; ++i) {
    after[i] = bits[i] ? after[i] : 0;
    double difference = double(before[i]) - after[i];
    error.signal += double(before[i]) * before[i];
    error.noise += difference * difference;
  }
  std::optional<WeightError> outputError;
  std::optional<ActivationStatistics> seen = getStatistics(weight);
  if (seen && seen->gram && seen->getReductionSize() == getReductionSize(weight.getType()))
    outputError = getOutputError(builder.getContext(), *seen, before, left.as<float>());
  replaceWeight(weight, sparse, error, pass, outputError);
}
