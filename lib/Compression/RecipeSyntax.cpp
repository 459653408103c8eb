//===- RecipeSyntax.cpp - The text of a recipe ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Commas separate steps and blanks separate options, but where braces or quotes
// are open.
//
//===----------------------------------------------------------------------===//

#include "RecipeSyntax.h"

using namespace mlir;
using namespace pith;

namespace {
/// Follows which braces and quotes are open.
class Nesting {
public:
  /// Takes in a character; returns whether it stands at the top level.
  bool next(char c) {
    if (quote) {
      if (c == quote)
        quote = 0;
      return false;
    }
    if (c == '\'' || c == '"')
      quote = c;
    else if (c == '{')
      ++depth;
    else if (c == '}')
      --depth;
    return depth == 0 && !quote && c != '}';
  }
  bool isClosed() const { return depth == 0 && !quote; }
  bool isBroken() const { return depth < 0; }

private:
  int depth = 0;
  char quote = 0;
};
} // namespace

/// Cuts `text` where `separator` stands at the top level. On failure `wrong` is
/// the part that does not balance.
static FailureOr<std::vector<StringRef>> splitTopLevel(StringRef text, char separator,
                                                       StringRef &wrong) {
  std::vector<StringRef> parts;
  Nesting nesting;
  size_t begin = 0, opened = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool wasClosed = nesting.isClosed();
    bool top = nesting.next(text[i]);
    if (nesting.isBroken()) {
      wrong = text.substr(i, 1);
      return failure();
    }
    if (wasClosed && !nesting.isClosed())
      opened = i;
    if (top && text[i] == separator) {
      parts.push_back(text.slice(begin, i));
      begin = i + 1;
    }
  }
  if (!nesting.isClosed()) {
    wrong = text.substr(opened, 1);
    return failure();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

RecipeText::RecipeText(StringRef text, raw_ostream &errors)
    : recipe(text.str()), errors(errors) {
  for (char &c : recipe)
    if (c == '\n' || c == '\r' || c == '\t')
      c = ' ';
}

LogicalResult RecipeText::error(StringRef place, const Twine &message,
                                ArrayRef<std::string> notes) const {
  errors << message << '\n';
  size_t column = place.begin() - recipe.data();
  if (place.begin() >= recipe.data() && column <= recipe.size()) {
    errors << "  " << recipe << '\n';
    errors.indent(2 + column) << '^';
    for (size_t i = 1; i < place.size(); ++i)
      errors << '~';
    errors << '\n';
  }
  for (const std::string &note : notes)
    errors << "  " << note << '\n';
  return failure();
}

FailureOr<std::vector<RecipeStep>> RecipeText::getSteps() const {
  StringRef wrong;
  FailureOr<std::vector<StringRef>> parts = splitTopLevel(recipe, ',', wrong);
  if (failed(parts))
    return error(wrong, "expected a partner of '" + wrong + "'");
  std::vector<RecipeStep> steps;
  for (StringRef part : *parts) {
    RecipeStep step;
    step.text = part.trim();
    size_t brace = step.text.find('{');
    step.name = step.text.substr(0, brace).rtrim();
    if (step.name.empty())
      return error(step.text.empty() ? part : step.text,
                   "expected the name of a compression step");
    if (brace != StringRef::npos) {
      StringRef rest = step.text.substr(brace + 1);
      size_t end = rest.rfind('}');
      if (end + 1 != rest.size())
        return error(rest.substr(end + 1), "expected ',' or the end behind '}'");
      step.options = rest.drop_back().trim();
    }
    steps.push_back(step);
  }
  return steps;
}

FailureOr<std::vector<StringRef>>
RecipeText::getOptions(const RecipeStep &step) const {
  StringRef wrong;
  FailureOr<std::vector<StringRef>> options =
      splitTopLevel(step.options, ' ', wrong);
  if (failed(options))
    return error(wrong, "expected a partner of '" + wrong + "'");
  llvm::erase_if(*options, [](StringRef option) { return option.empty(); });
  return options;
}

StringRef pith::getOptionKey(StringRef option) { return option.split('=').first; }

StringRef pith::findClosest(StringRef name, ArrayRef<std::string> candidates) {
  StringRef closest;
  unsigned best = std::max<unsigned>(2, name.size() / 3) + 1;
  for (StringRef candidate : candidates) {
    unsigned distance =
        name.edit_distance(candidate, /*AllowReplacements=*/true, best);
    if (distance < best && distance < candidate.size()) {
      best = distance;
      closest = candidate;
    }
  }
  return closest;
}
