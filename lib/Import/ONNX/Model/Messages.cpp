//===- Messages.cpp - Errors of the ONNX library ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inference says (op_type:MatMul, node name: fc): …, the checker … Name: fc
// OpType: MatMul; neither tells the operands.
//
//===----------------------------------------------------------------------===//

#include "Messages.h"

#include "Guard.h"
#include "Model.h"
#include "ValueTypes.h"

#include <cstring>
#include <string_view>

using namespace pith;

/// A message in one line, as far as people read it.
std::string pith::flatten(const char *text) {
  static constexpr size_t kLimit = 2000;
  static constexpr std::string_view kContext = "==> Context: ";
  std::string result;
  std::string_view rest(text);
  for (size_t i = 0; i < rest.size() && result.size() < kLimit; ++i) {
    unsigned char c = rest[i];
    if (rest.substr(i, kContext.size()) == kContext) {
      i += kContext.size() - 1;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      if (!result.empty() && result.back() != ' ')
        result += result.back() == '.' || result.back() == ':' ? " " : "; ";
    } else {
      result += c < 0x20 || c == 0x7f ? '?' : char(c);
    }
  }
  while (!result.empty() && std::strchr(" ;.", result.back()))
    result.pop_back();
  return result.empty() ? "unknown error" : result;
}

static void erase(std::string &text, std::string_view part) {
  for (size_t at; (at = text.find(part)) != std::string::npos;)
    text.erase(at, part.size());
}

namespace {
/// A message taken apart.
struct Problem {
  std::string name, type, text;
};
} // namespace

/// `(op_type:MatMul, node name: fc): text (op_type:…`: the first of them, since
/// those of further nodes mostly follow from it.
static Problem parseInference(const std::string &message) {
  static constexpr std::string_view kStart = "(op_type:", kName = ", node name: ", kEnd = "): ";
  Problem problem;
  size_t end = message.find(kEnd);
  if (end == std::string::npos)
    return {"", "", message};
  problem.type = message.substr(kStart.size(), end - kStart.size());
  if (size_t comma = problem.type.find(kName); comma != std::string::npos) {
    problem.name = problem.type.substr(comma + kName.size());
    problem.type.erase(comma);
  }
  problem.text = message.substr(end + kEnd.size());
  size_t next = problem.text.find(kStart);
  if (next != std::string::npos && next > 0)
    problem.text.erase(next);
  return problem;
}

/// `text; Name: fc OpType: MatMul`.
static Problem parseCheck(const std::string &message, size_t mark) {
  static constexpr std::string_view kName = "Name: ", kType = " OpType: ";
  std::string place = message.substr(mark + kName.size());
  size_t type = place.find(kType);
  if (type == std::string::npos)
    return {"", "", message};
  return {place.substr(0, type), place.substr(type + kType.size()), message.substr(0, mark)};
}

static std::string describeType(const onnx::TypeProto &type) {
  if (!type.has_tensor_type())
    return "no tensor";
  std::string text = getTypeName(type.tensor_type().elem_type());
  if (!type.tensor_type().has_shape())
    return text;
  text += "[";
  for (const auto &dim : type.tensor_type().shape().dim()) {
    if (text.back() != '[')
      text += ", ";
    text += dim.has_dim_value() ? std::to_string(dim.dim_value()) : "?";
  }
  return text + "]";
}

/// `; found inputs 'x': FLOAT[2, 3], …` for the node of that name.
static std::string describeInputs(const onnx::GraphProto &graph, const std::string &name) {
  for (const onnx::NodeProto &node : graph.node()) {
    if (node.name() != name)
      continue;
    ValueTypes types = collectTypes(graph);
    std::string text;
    for (const std::string &input : node.input()) {
      auto it = types.find(input);
      text += (text.empty() ? "; found inputs " : ", ") + quote(input) + ": " +
              (it == types.end() ? "of unknown type" : describeType(it->second));
    }
    return text;
  }
  return "";
}

std::string pith::explain(const onnx::GraphProto &graph, std::string text) {
  for (std::string_view noise : {"[ShapeInferenceError] ", "[TypeInferenceError] ",
                                 "Inference error(s): ", "Bad node spec for node. "})
    erase(text, noise);
  Problem problem{"", "", text};
  if (text.find("(op_type:") == 0)
    problem = parseInference(text);
  else if (size_t mark = text.find("Name: "); mark != std::string::npos)
    problem = parseCheck(text, mark);
  while (!problem.text.empty() && std::strchr(" ;.", problem.text.back()))
    problem.text.pop_back();
  if (problem.type.empty())
    return problem.text;
  if (problem.name.empty())
    return problem.type + ": " + problem.text;
  return "node " + quote(problem.name) + " (" + problem.type + "): " + problem.text +
         describeInputs(graph, problem.name);
}
