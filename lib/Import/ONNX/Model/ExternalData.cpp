//===- ExternalData.cpp - Tensors outside the model's file ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ONNX library opens the file: it refuses paths that leave the folder, links
// and special files, and hands over the descriptor that it checked. Offset and
// length it does not look at.
//
//===----------------------------------------------------------------------===//

#include "ExternalData.h"

#include "Guard.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace pith;

/// A decimal number without sign or spaces.
static std::optional<uint64_t> parseNumber(const std::string &text) {
  if (text.empty() || text.size() > 18)
    return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + uint64_t(c - '0');
  }
  return value;
}

namespace {
struct Place {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};
} // namespace

static std::string readPlace(const onnx::TensorProto &tensor, Place &place) {
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location") {
      place.location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      auto number = parseNumber(entry.value());
      if (!number)
        return "expected a decimal number as " + entry.key() + ", found " +
               quote(entry.value());
      if (entry.key() == "offset")
        place.offset = *number;
      else
        place.length = *number;
    }
  }
  return place.location.empty() ? "expected a location, found none" : "";
}

static std::string mapRange(int file, const Place &place, size_t expected,
                            TensorBytes &bytes) {
  struct stat status;
  if (fstat(file, &status) != 0)
    return std::string("cannot read it: ") + std::strerror(errno);
  if (!S_ISREG(status.st_mode))
    return "expected a regular file";
  uint64_t size = uint64_t(status.st_size);
  if (place.length && *place.length != expected)
    return "expected a length of " + std::to_string(expected) + " bytes, found " +
           std::to_string(*place.length);
  if (place.offset > size || expected > size - place.offset)
    return "expected " + std::to_string(expected) + " bytes at offset " +
           std::to_string(place.offset) + ", found a file of " + std::to_string(size) +
           " bytes";
  if (expected == 0)
    return "";
  // Mappings start at page boundaries.
  uint64_t page = uint64_t(sysconf(_SC_PAGESIZE));
  uint64_t start = place.offset / page * page, skip = place.offset - start;
  size_t mappedSize = expected + skip;
  void *mapped = mmap(nullptr, mappedSize, PROT_READ, MAP_PRIVATE, file, off_t(start));
  if (mapped == MAP_FAILED)
    return std::string("cannot map it: ") + std::strerror(errno);
  bytes.owner = std::shared_ptr<const void>(
      mapped, [mappedSize](const void *p) { munmap(const_cast<void *>(p), mappedSize); });
  bytes.data = static_cast<const char *>(mapped) + skip;
  bytes.size = expected;
  return "";
}

std::string pith::mapExternalData(const std::string &folder,
                                  const onnx::TensorProto &tensor, size_t expected,
                                  TensorBytes &bytes) {
  Place place;
  std::string error = readPlace(tensor, place);
  if (error.empty())
    error = guard([&]() -> std::string {
      int64_t file = onnx::checker::open_external_data(folder, place.location,
                                                       tensor.name(), /*read_only=*/true);
      if (file < 0)
        return "cannot open it";
      std::string problem = mapRange(int(file), place, expected, bytes);
      ::close(int(file));
      return problem;
    });
  if (error.empty())
    return "";
  return "external data " + quote(place.location) + " of tensor " +
         quote(tensor.name()) + ": " + error;
}
