//===- Einsum.cpp - The Einsum operator ---------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands are folded from the left. Of each pair, axes that occur nowhere
// else are summed first, then both are brought into the form batch, free,
// contracted, and multiplied as matrices.
//
//===----------------------------------------------------------------------===//

#include "Einsum.h"

#include "Node.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace pith;

namespace {
/// A value whose axes have letters.
struct Term {
  Value value;
  std::string labels;
};

/// Builds an equation; letters stand for axes. Axes of an ellipsis get the
/// letters below, which no equation can contain.
class EinsumBuilder {
public:
  explicit EinsumBuilder(Node &node) : node(node), type(node.getElementType(node.getOperand(0))) {}

  void run();

private:
  bool parse(SmallVectorImpl<Term> &terms, std::string &output);
  bool expand(std::string &labels, int64_t rank);
  Term sumOut(Term term, StringRef needed);
  Term multiply(Term lhs, Term rhs, StringRef needed);
  Term permute(Term term, StringRef order);
  /// Sizes of the given axes, as a tensor; axes of `rhs` come from there.
  Value getSizes(const Term &lhs, const Term &rhs, StringRef labels);
  Value group(const Term &term, StringRef batch, StringRef first, StringRef second);

  static constexpr char kFirstEllipsis = '0';
  Node &node;
  Type type;
  std::string ellipsis;
};
} // namespace

static bool has(StringRef labels, char label) { return labels.contains(label); }

/// The letters of `labels` for which `keep` says so, in order.
template <typename Keep>
static std::string filter(StringRef labels, Keep keep) {
  std::string result;
  for (char label : labels)
    if (keep(label))
      result += label;
  return result;
}

//===----------------------------------------------------------------------===//
// The equation
//===----------------------------------------------------------------------===//

/// Replaces `...` by letters for the axes that have none.
bool EinsumBuilder::expand(std::string &labels, int64_t rank) {
  size_t dots = labels.find("...");
  if (dots != std::string::npos) {
    int64_t axes = rank - int64_t(labels.size() - 3);
    if (axes < 0 || axes > 10)
      return false;
    // Ellipses are aligned at their last axes.
    std::string letters;
    for (int64_t i = axes; i-- > 0;)
      letters += char(kFirstEllipsis + i);
    if (letters.size() > ellipsis.size())
      ellipsis = letters;
    labels.replace(dots, 3, letters);
  }
  for (size_t i = 0; i < labels.size(); ++i)
    if (labels.find(labels[i], i + 1) != std::string::npos)
      return false; // diagonals
  return int64_t(labels.size()) == rank &&
         llvm::all_of(labels, [](char c) { return llvm::isAlnum(c); });
}

bool EinsumBuilder::parse(SmallVectorImpl<Term> &terms, std::string &output) {
  std::string equation = node.getString("equation", "");
  llvm::erase(equation, ' ');
  auto [left, right] = StringRef(equation).split("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != node.getNumOperands())
    return false;
  // Digits are our own letters.
  if (llvm::any_of(equation, [](char c) { return llvm::isDigit(c); }))
    return false;
  for (auto [i, part] : llvm::enumerate(parts)) {
    Term term{node.getOperand(i), part.str()};
    if (!term.value || !expand(term.labels, node.getRank(term.value)))
      return false;
    terms.push_back(term);
  }
  bool isExplicit = StringRef(equation).contains("->");
  if (isExplicit) {
    output = right.str();
    size_t dots = output.find("...");
    if (dots != std::string::npos)
      output.replace(dots, 3, ellipsis);
    return llvm::all_of(output, [&](char label) {
      return llvm::count(output, label) == 1 &&
             llvm::any_of(terms, [&](const Term &t) { return has(t.labels, label); });
    });
  }
  // Without an arrow: letters that occur once, in alphabetical order.
  std::string all;
  for (const Term &term : terms)
    all += term.labels;
  output = filter(all, [&](char c) { return llvm::isAlpha(c) && llvm::count(all, c) == 1; });
  llvm::sort(output);
  output = ellipsis + output;
  return true;
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Sums over axes that nobody needs.
Term EinsumBuilder::sumOut(Term term, StringRef needed) {
  SmallVector<int64_t> axes;
  for (auto [axis, label] : llvm::enumerate(term.labels))
    if (!has(needed, label))
      axes.push_back(axis);
  if (axes.empty())
    return term;
  return {node.create<ReduceOp>(type, term.value, ReduceKind::Sum, axes, false),
          filter(term.labels, [&](char c) { return has(needed, c); })};
}

Term EinsumBuilder::permute(Term term, StringRef order) {
  if (order == term.labels)
    return term;
  SmallVector<int64_t> permutation;
  for (char label : order)
    permutation.push_back(term.labels.find(label));
  return {node.create<TransposeOp>(type, term.value, permutation), order.str()};
}

Value EinsumBuilder::getSizes(const Term &lhs, const Term &rhs, StringRef labels) {
  Type i64 = node.getBuilder().getI64Type();
  SmallVector<Value> sizes;
  for (char label : labels) {
    const Term &from = has(lhs.labels, label) ? lhs : rhs;
    uint64_t axis = from.labels.find(label);
    sizes.push_back(node.create<ShapeOp>(i64, from.value, axis, axis + 1));
  }
  if (node.hasFailed())
    return {};
  if (sizes.empty())
    return node.createInts({});
  return node.create<ConcatOp>(i64, ValueRange(sizes), uint64_t(0));
}

/// The value with axes `[batch…, first, second]`, the last two being products.
Value EinsumBuilder::group(const Term &term, StringRef batch, StringRef first,
                           StringRef second) {
  Term ordered = permute(term, (batch + first + second).str());
  if ((first.size() == 1 && second.size() == 1) || node.hasFailed())
    return ordered.value;
  Type i64 = node.getBuilder().getI64Type();
  SmallVector<Value> sizes{getSizes(ordered, ordered, batch)};
  for (StringRef part : {first, second})
    sizes.push_back(node.create<ReduceOp>(i64, getSizes(ordered, ordered, part),
                                          ReduceKind::Prod, ArrayRef<int64_t>{0}, true));
  if (node.hasFailed())
    return {};
  // A product of nothing is 1.
  for (auto [i, part] : llvm::enumerate(ArrayRef<StringRef>{first, second}))
    if (part.empty())
      sizes[1 + i] = node.createInts(1);
  if (batch.empty())
    sizes.erase(sizes.begin());
  Value shape = node.create<ConcatOp>(i64, ValueRange(sizes), uint64_t(0));
  return node.create<ReshapeOp>(type, ordered.value, shape, true);
}

/// The product of two terms with the axes that are needed.
Term EinsumBuilder::multiply(Term lhs, Term rhs, StringRef needed) {
  lhs = sumOut(lhs, rhs.labels + needed.str());
  rhs = sumOut(rhs, lhs.labels + needed.str());
  if (node.hasFailed())
    return lhs;
  auto isShared = [&](char c) { return has(lhs.labels, c) && has(rhs.labels, c); };
  std::string batch =
      filter(lhs.labels, [&](char c) { return isShared(c) && has(needed, c); });
  std::string summed =
      filter(lhs.labels, [&](char c) { return isShared(c) && !has(needed, c); });
  std::string left = filter(lhs.labels, [&](char c) { return !isShared(c); });
  std::string right = filter(rhs.labels, [&](char c) { return !isShared(c); });
  Value a = group(lhs, batch, left, summed), b = group(rhs, batch, right, summed);
  Value product = node.create<MatMulOp>(type, a, b, true);
  Term result{product, batch + left + right};
  if (left.size() == 1 && right.size() == 1)
    return result;
  Value shape = getSizes(lhs, rhs, result.labels);
  result.value = node.create<ReshapeOp>(type, product, shape, true);
  return result;
}

void EinsumBuilder::run() {
  SmallVector<Term> terms;
  std::string output;
  if (!parse(terms, output)) {
    node.emitError() << "expected an equation that fits the operands and repeats no letter "
                     << "within one, found " << quote(node.getString("equation", ""));
    return;
  }
  Term result = terms.front();
  for (size_t i = 1; i < terms.size(); ++i) {
    std::string needed = output;
    for (const Term &later : ArrayRef(terms).drop_front(i + 1))
      needed += later.labels;
    result = multiply(result, terms[i], needed);
    if (node.hasFailed())
      return;
  }
  result = sumOut(result, output);
  if (!node.hasFailed())
    node.setResult(0, permute(result, output).value);
}

void pith::importEinsum(Node &node) { EinsumBuilder(node).run(); }
