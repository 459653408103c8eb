//===- Recognize.cpp - What a file that is no ONNX model is ---------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Magic numbers of files that people hand to the compiler by mistake.
//
//===----------------------------------------------------------------------===//

#include "Recognize.h"

#include <cctype>
#include <string_view>

using namespace pith;

namespace {
struct Magic {
  size_t offset;
  std::string_view bytes;
  const char *what;
};
} // namespace

static constexpr Magic kMagics[] = {
    {0, "version https://git-lfs", "a git-LFS pointer; fetch the file with `git lfs pull`"},
    {0, "GGUF", "a GGUF file"},
    {0, "PK\x03\x04", "a zip archive, for instance a PyTorch checkpoint; export it to ONNX first"},
    {0, "\x1f\x8b", "a gzip file; unpack it first"},
    {0, "\x89HDF", "an HDF5 file, for instance a Keras model; convert it to ONNX first"},
    {0, "\x93NUMPY", "a NumPy array"},
    {0, "\x7f" "ELF", "an executable"},
    {0, "BZh", "a bzip2 file; unpack it first"},
    {0, "\xfd" "7zXZ", "an xz file; unpack it first"},
    {0, "%PDF", "a PDF document"},
    {4, "TFL3", "a TensorFlow Lite model; convert it to ONNX first"},
    {4, "ORTM", "a model in ONNX Runtime's own format; use the ONNX file it was made from"},
    {8, "{\"", "a safetensors file: weights without a graph"},
};

static bool startsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size())
    return false;
  for (size_t i = 0; i < prefix.size(); ++i)
    if (std::tolower((unsigned char)text[i]) != prefix[i])
      return false;
  return true;
}

std::string pith::recognizeFile(const char *data, size_t size) {
  std::string_view text(data, size);
  if (text.empty())
    return "an empty file";
  for (const Magic &magic : kMagics)
    if (text.size() > magic.offset &&
        text.substr(magic.offset, magic.bytes.size()) == magic.bytes)
      return magic.what;
  size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first == std::string_view::npos)
    return "a file of white space";
  std::string_view start = text.substr(first);
  if (startsWithIgnoringCase(start, "<!doctype") || startsWithIgnoringCase(start, "<html"))
    return "an HTML page; the download was answered by a web page";
  if (startsWithIgnoringCase(start, "<?xml"))
    return "an XML file";
  if (start[0] == '{' && start.find('"') != std::string_view::npos)
    return "a JSON file";
  return "";
}
