//===- WeightSelection.cpp - Which weights a pass looks at ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Applies the options `select`, `exclude` and `min-elements`, and leaves out
// weights that cannot be replaced.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Weights.h"

#include "pith/Compression/Codec.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Support/Progress.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace pith;

namespace {
/// The patterns of one option.
class NamePatterns {
public:
  /// Compiles the patterns and checks that each matches a weight.
  LogicalResult compile(ModuleOp module, StringRef option,
                        ArrayRef<std::string> patterns, ArrayRef<Weight> weights) {
    for (const std::string &pattern : patterns) {
      std::string error;
      llvm::Regex regex(pattern);
      if (!regex.isValid(error))
        return emitError(module.getLoc()) << "option '" << option
                                  << "': expected a regular expression, found '"
                                  << pattern << "': " << error;
      if (llvm::none_of(weights, [&](const Weight &weight) {
            return matchesOne(regex, weight);
          }))
        return reportNoMatch(module, option, pattern, weights);
      regexes.push_back(std::move(regex));
    }
    return success();
  }

  bool empty() const { return regexes.empty(); }
  bool matches(const Weight &weight) const {
    return llvm::any_of(regexes, [&](const llvm::Regex &regex) {
      return matchesOne(regex, weight);
    });
  }

private:
  static bool matchesOne(const llvm::Regex &regex, const Weight &weight) {
    return regex.match(weight.node) || regex.match(weight.name) ||
           llvm::any_of(weight.uses, [&](OpOperand *use) {
             return regex.match(getNodeName(use->getOwner()));
           });
  }
  static LogicalResult reportNoMatch(ModuleOp module, StringRef option,
                                     StringRef pattern, ArrayRef<Weight> weights) {
    InFlightDiagnostic error = emitError(module.getLoc());
    error << "option '" << option << "': '" << pattern
          << "' matches no node and no tensor of the " << weights.size() << " weights";
    if (!weights.empty())
      error << ", such as node '" << weights.front().node << "' with tensor '"
            << weights.front().name << "'";
    return error;
  }
  std::vector<llvm::Regex> regexes;
};
} // namespace

/// Why the weight's value cannot be replaced by another form; empty if it can.
static std::string getObstacle(const Weight &weight) {
  // No kernel computes in f64 from compressed weights.
  if (weight.getType().getElementType().isF64())
    return "it is f64";
  for (OpOperand *use : weight.uses) {
    auto op = dyn_cast<CompressibleOpInterface>(use->getOwner());
    if (op && llvm::is_contained(op.getWeightOperands(), use) &&
        !op.isWeightOutputMajor(*use))
      return "it does not lie output-major in memory";
  }
  for (OpOperand &use : weight.value.getUses())
    if (!llvm::is_contained(weight.uses, &use))
      return "it is also used by '" +
             use.getOwner()->getName().getStringRef().str() +
             "', which needs it dense";
  return "";
}

/// Whether all that is made of the value is multiplied, element by element, with
/// values that are no constants.
static bool isOnlyFactor(Value value) {
  llvm::SetVector<Value> moved; // the value's elements in other places
  moved.insert(value);
  for (size_t i = 0; i < moved.size(); ++i)
    for (OpOperand &use : moved[i].getUses()) {
      Operation *op = use.getOwner();
      if (isa<UnsqueezeOp, SqueezeOp, ReshapeOp, TransposeOp, SliceOp, ConcatOp,
              NegOp>(op))
        moved.insert(op->getResult(0));
      else if (!isa<MulOp>(op) ||
               isStoredWeight(op->getOperand(1 - use.getOperandNumber())))
        return false;
    }
  return !value.use_empty();
}

/// Tables of sines and cosines of rotary embeddings are looked up like words, but
/// they are functions, not features: what is lost of them turns every vector.
static bool isFactorTable(const Weight &weight) {
  return llvm::all_of(weight.uses, [](OpOperand *use) {
    auto op = dyn_cast<CompressibleOpInterface>(use->getOwner());
    return op && !op.getActivationOperand(*use) && isOnlyFactor(op->getResult(0));
  });
}

FailureOr<SmallVector<Weight>>
pith::selectWeights(ModuleOp module, const WeightSelection &selection) {
  return selectWeights(module, selection, findWeights(module));
}

FailureOr<SmallVector<Weight>>
pith::selectWeights(ModuleOp module, const WeightSelection &selection,
                    SmallVector<Weight> weights) {
  SmallVector<Weight> selected;
  NamePatterns select, exclude;
  if (failed(select.compile(module, "select", selection.select, weights)) ||
      failed(exclude.compile(module, "exclude", selection.exclude, weights)))
    return failure();
  // Passes that only look at weights decide nothing about them.
  auto keep = [&](const Weight &weight, const llvm::Twine &reason) {
    if (selection.replaceable)
      keepWeight(weight, selection.pass, reason);
  };
  for (Weight &weight : weights) {
    if (!select.empty() && !select.matches(weight)) {
      keep(weight, "not selected");
      continue;
    }
    if (exclude.matches(weight)) {
      keep(weight, "excluded");
      continue;
    }
    int64_t elements = weight.getType().getNumElements();
    if (elements < selection.minElements) {
      keep(weight, llvm::Twine(elements) + " elements, fewer than min-elements " +
                       llvm::Twine(selection.minElements));
      continue;
    }
    if (select.empty() && !selection.factors && isFactorTable(weight)) {
      keep(weight, "its rows are factors of activations; select it to compress it");
      continue;
    }
    if (selection.replaceable)
      if (std::string obstacle = getObstacle(weight); !obstacle.empty()) {
        keep(weight, obstacle);
        continue;
      }
    selected.push_back(std::move(weight));
  }
  return selected;
}

LogicalResult
pith::rewriteWeights(ModuleOp module, const WeightSelection &selection,
                     function_ref<LogicalResult(const Weight &)> rewrite) {
  FailureOr<SmallVector<Weight>> weights = selectWeights(module, selection);
  if (failed(weights))
    return failure();
  Progress progress(module.getContext(), selection.pass, "layer", weights->size());
  for (const Weight &weight : *weights) {
    progress.next(weight.node);
    if (failed(rewrite(weight)))
      return failure();
  }
  return success();
}
