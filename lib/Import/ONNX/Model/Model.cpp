//===- Model.cpp - Opening and parsing an ONNX file -----------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file is mapped, parsed once under limits, and unmapped: protobuf copies
// what it keeps. Versions are checked here since the ONNX checker only does so
// for whole models, which it cannot be given.
//
//===----------------------------------------------------------------------===//

#include "Model.h"

#include "Guard.h"
#include "Recognize.h"
#include "onnx/defs/schema.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace pith;

/// Nesting of protobuf messages: graphs in graphs, types of types.
static constexpr int kMaxNesting = 100;

std::string pith::quote(const std::string &text) {
  static constexpr size_t kLimit = 120;
  static const char kDigits[] = "0123456789abcdef";
  std::string result = "'";
  for (unsigned char c : text.substr(0, kLimit)) {
    if (c >= 0x20 && c < 0x7f && c != '\'' && c != '\\')
      result += char(c);
    else
      result += {'\\', 'x', kDigits[c >> 4], kDigits[c & 15]};
  }
  return result + (text.size() > kLimit ? "…'" : "'");
}

std::string pith::describe(const onnx::NodeProto &node) {
  std::string domain = node.domain().empty() ? "" : node.domain() + ".";
  std::string type = quote(domain + node.op_type());
  return "node " + quote(node.name()) + " (" + type.substr(1, type.size() - 2) + ")";
}

namespace {
/// A file mapped for reading.
class MappedFile {
public:
  std::string open(const std::string &path);
  ~MappedFile() {
    if (size)
      munmap(data, size);
  }
  void *data = nullptr;
  size_t size = 0;
};
} // namespace

std::string MappedFile::open(const std::string &path) {
  // Not blocking: a FIFO is refused, not waited for.
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return std::string("cannot open the file: ") + std::strerror(errno);
  struct stat status;
  std::string error;
  if (fstat(file, &status) != 0)
    error = std::string("cannot read the file: ") + std::strerror(errno);
  else if (!S_ISREG(status.st_mode))
    error = S_ISDIR(status.st_mode) ? "expected an ONNX model, found a directory"
                                    : "expected an ONNX model, found no regular file";
  else if (status.st_size > INT_MAX)
    error = "expected a file of less than 2 GiB, found " +
            std::to_string(status.st_size) +
            " bytes; store the weights as external data";
  else if (status.st_size > 0) {
    void *mapped = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) {
      error = std::string("cannot read the file: ") + std::strerror(errno);
    } else {
      data = mapped;
      size = status.st_size;
    }
  }
  ::close(file);
  return error;
}

static std::string parse(const MappedFile &file, onnx::ModelProto &proto) {
  auto *bytes = static_cast<const char *>(file.data);
  std::string look = recognizeFile(bytes, file.size);
  google::protobuf::LogSilencer quiet;
  bool parsed = false;
  if (file.size) {
    google::protobuf::io::CodedInputStream stream(
        reinterpret_cast<const uint8_t *>(bytes), int(file.size));
    stream.SetTotalBytesLimit(INT_MAX);
    stream.SetRecursionLimit(kMaxNesting);
    parsed = proto.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
  }
  if (parsed && proto.ir_version() > 0 && proto.has_graph())
    return "";
  if (!look.empty())
    return "expected an ONNX model, found " + look;
  if (parsed && proto.ir_version() > 0)
    return "expected an ONNX model with a graph, found none; the file may be truncated";
  return "expected an ONNX model, found data that are truncated or of another format";
}

/// `ai.onnx` is the long name of the default domain.
static void shortenDomains(onnx::GraphProto &graph);

static void shortenDomain(onnx::NodeProto &node) {
  if (node.domain() == "ai.onnx")
    node.clear_domain();
  for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
    if (attribute.has_g())
      shortenDomains(*attribute.mutable_g());
    for (onnx::GraphProto &graph : *attribute.mutable_graphs())
      shortenDomains(graph);
  }
}

static void shortenDomains(onnx::GraphProto &graph) {
  for (onnx::NodeProto &node : *graph.mutable_node())
    shortenDomain(node);
}

static std::string checkVersions(const onnx::ModelProto &proto) {
  if (proto.ir_version() < 3 || proto.ir_version() > int(onnx::IR_VERSION))
    return "expected an ir_version from 3 to " + std::to_string(int(onnx::IR_VERSION)) +
           ", found " + std::to_string(proto.ir_version());
  std::set<std::string> seen;
  for (const onnx::OperatorSetIdProto &import : proto.opset_import()) {
    std::string name = import.domain().empty() ? "ai.onnx" : import.domain();
    if (!seen.insert(import.domain()).second)
      return "expected one version of operator set " + quote(name) + ", found several";
    if (import.domain().empty() &&
        (import.version() < kMinOpset || import.version() > kMaxOpset))
      return "expected an operator set 'ai.onnx' of version " +
             std::to_string(kMinOpset) + " to " + std::to_string(kMaxOpset) +
             ", found version " + std::to_string(import.version());
  }
  if (seen.empty())
    return "expected the versions of the operator sets (opset_import), found none; the "
           "file may be truncated";
  return "";
}

std::string OnnxModel::read(const std::string &file) {
  path = file;
  size_t slash = path.rfind('/');
  folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  return guard([&]() -> std::string {
    {
      MappedFile mapped;
      std::string error = mapped.open(path);
      if (error.empty())
        error = parse(mapped, proto);
      if (!error.empty())
        return error;
    }
    for (onnx::OperatorSetIdProto &import : *proto.mutable_opset_import())
      if (import.domain() == "ai.onnx")
        import.clear_domain();
    shortenDomains(*proto.mutable_graph());
    for (onnx::FunctionProto &function : *proto.mutable_functions()) {
      for (onnx::OperatorSetIdProto &import : *function.mutable_opset_import())
        if (import.domain() == "ai.onnx")
          import.clear_domain();
      for (onnx::NodeProto &node : *function.mutable_node())
        shortenDomain(node);
    }
    return checkVersions(proto);
  });
}

int64_t OnnxModel::getOpset(const std::string &domain) const {
  for (const onnx::OperatorSetIdProto &import : proto.opset_import())
    if (import.domain() == domain)
      return import.version();
  return 0;
}
