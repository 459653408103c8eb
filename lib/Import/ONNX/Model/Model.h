//===- Model.h - The boundary to the ONNX library ---------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that calls the ONNX C++ library, which throws. Nothing declared here
// throws: each step returns what is wrong with the file, in one line that is
// empty if all is well. The steps are made in the order of their declaration.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_IMPORT_ONNX_MODEL_MODEL_H
#define PITH_LIB_IMPORT_ONNX_MODEL_MODEL_H

#include "onnx/onnx_pb.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pith {

/// The versions of the standard operators (domain `ai.onnx`) that are read.
constexpr int64_t kMinOpset = 7, kMaxOpset = 26;
/// No tensor has more elements than this.
constexpr int64_t kMaxElements = int64_t(1) << 48;

/// Bytes of a tensor, as the file has them: little endian, row major, elements
/// below 8 bits packed from the lowest bit on.
struct TensorBytes {
  std::shared_ptr<const void> owner;
  const char *data = nullptr;
  size_t size = 0;
};

/// Sizes fixed by the user; −1 leaves an axis as it is.
struct FixedShape {
  std::string name;
  std::vector<int64_t> sizes;
};

class OnnxModel {
public:
  /// Opens and parses a file, and checks what does not depend on its nodes:
  /// versions, operator sets, the presence of a graph.
  std::string read(const std::string &path);

  /// Replaces calls of the model's own functions by their bodies.
  std::string inlineLocalFunctions();

  /// Names: every value is defined once, before its use. Initializers have data.
  std::string checkStructure() const;

  /// Writes sizes into the graph's inputs, for every input that has the same
  /// named dimension too.
  std::string fixShapes(const std::vector<FixedShape> &shapes);

  /// Infers types and shapes of all values, then asks the ONNX checker.
  std::string check();

  /// Replaces each node for which `select` says so by the function that its
  /// schema defines, and infers the types of what is new.
  std::string
  expandFunctions(const std::function<bool(const onnx::NodeProto &)> &select);

  const onnx::ModelProto &getProto() const { return proto; }
  onnx::GraphProto &getGraph() { return *proto.mutable_graph(); }
  /// The imported version of a domain; 0 if it is not imported.
  int64_t getOpset(const std::string &domain) const;

  /// The version of an operator's schema that applies, 0 if there is none.
  int64_t getSchemaVersion(const onnx::NodeProto &node) const;
  /// Whether the operator's schema defines it by other operators.
  bool hasFunction(const onnx::NodeProto &node) const;
  /// The name of the first input that the schema requires and the node lacks.
  std::string getMissingInput(const onnx::NodeProto &node) const;

  /// The bytes of a tensor: those of the file where it holds them as such.
  /// Takes them out of `tensor`. Data outside the file are mapped.
  std::string takeBytes(onnx::TensorProto &tensor, TensorBytes &bytes) const;

private:
  std::string inferShapes();
  /// Writes out the default attributes of nodes that functions define.
  void completeAttributes();

  std::string path;
  std::string folder;
  onnx::ModelProto proto;
  int expansions = 0;
};

/// Checks dimensions, element type and the amount of data in the file, which
/// must be `bytes` long.
std::string checkTensor(const onnx::TensorProto &tensor, size_t &bytes);

/// Bits of an element; 0 if the type is not supported.
unsigned getElementBits(int32_t dataType);
/// `FLOAT16`, or the number of a type that is not known.
std::string getTypeName(int32_t dataType);

/// `text` in quotes, without control characters, shortened.
std::string quote(const std::string &text);
/// `node 'conv1' (Conv)`.
std::string describe(const onnx::NodeProto &node);

} // namespace pith

#endif // PITH_LIB_IMPORT_ONNX_MODEL_MODEL_H
