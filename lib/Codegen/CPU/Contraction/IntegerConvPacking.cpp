//===- IntegerConvPacking.cpp - Filters of codes as one stream ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerConvPacking.h"

#include "StreamColumns.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;
using namespace pith;

std::string ConvStream::key() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "filters:" << shape.outputs << ',' << shape.lanes << ',' << shape.vectors << ','
     << segments << ',' << pixels << ',' << channels << ',' << pixelBytes << ',' << group
     << ',' << scaleGroup << ',' << scaleBytes << ',' << bfloat << ',' << hasZeros << ','
     << sharedZero << ',' << dots.bias << ',' << dots.unit;
  return text;
}

namespace {
/// Writes one panel.
class PanelWriter {
public:
  PanelWriter(const ConvStream &stream, const HostTensor &codes,
              const HostTensor &scales, const HostTensor &zeros)
      : stream(stream), codes(codes), scales(scales, stream.shape.outputs),
        zeros(zeros, stream.shape.outputs), hasZeros(bool(zeros)),
        isBit(codes.getElementType().isInteger(1)) {}

  /// One output's scale, zero point and sum of group `group`.
  void writeHeader(char *to, int64_t output, int64_t lane, int64_t group) const {
    int64_t position = getPosition(group);
    int64_t column = stream.scaleGroup ? position / stream.scaleGroup : 0;
    storeScale(to + lane * stream.scaleBytes, scales.getDouble(output, column),
               stream.scaleBytes, stream.bfloat);
    int64_t zero = hasZeros ? zeros.getInt(output, column) : stream.sharedZero;
    if (stream.hasZeros)
      std::memset(to + stream.zeroOffset() + 4 * lane, int(zero + stream.dots.bias), 4);
    int64_t sum = 0;
    for (int64_t k = position, end = position + getCount(); k < end; ++k) {
      int64_t code = codes.getInt(output * getReduction() + k);
      sum += (isBit ? 2 * (code != 0) - 1 : code) - zero;
    }
    int32_t total = int32_t(sum);
    std::memcpy(to + stream.sumOffset() + 4 * lane, &total, 4);
  }

  /// What stands where a segment is padded: the code of zero.
  int64_t getPadding(int64_t output, int64_t segment) const {
    if (!hasZeros)
      return stream.sharedZero;
    int64_t first = segment * stream.pixels * stream.channels;
    return zeros.getInt(output, stream.scaleGroup ? first / stream.scaleGroup : 0);
  }

private:
  int64_t getReduction() const {
    return stream.segments * stream.pixels * stream.channels;
  }
  /// First position of a group, and how many there are.
  int64_t getPosition(int64_t group) const {
    return group / stream.groupsPerSegment() * stream.pixels * stream.channels +
           group % stream.groupsPerSegment() * stream.group;
  }
  int64_t getCount() const { return stream.group ? stream.group : getReduction(); }

  const ConvStream &stream;
  const HostTensor &codes;
  StreamColumns scales, zeros;
  bool hasZeros, isBit;
};
} // namespace

/// The codes with segments that are padded to whole units.
static HostTensor padSegments(const ConvStream &stream, const HostTensor &codes,
                              const PanelWriter &writer) {
  int64_t length = stream.segmentUnits() * stream.dots.unit;
  HostTensor padded(RankedTensorType::get(
      {stream.shape.outputs, stream.segments * length}, codes.getElementType()));
  int64_t from = 0, to = 0;
  for (int64_t output = 0; output < stream.shape.outputs; ++output)
    for (int64_t segment = 0; segment < stream.segments; ++segment) {
      int64_t padding = writer.getPadding(output, segment);
      for (int64_t k = 0; k < length; ++k) {
        int64_t pixel = k / stream.pixelBytes, channel = k % stream.pixelBytes;
        bool isInside = pixel < stream.pixels && channel < stream.channels;
        padded.setInt(to++, isInside ? codes.getInt(from++) : padding);
      }
    }
  return padded;
}

std::vector<char> ConvStream::pack(const HostTensor &codes, const HostTensor &scales,
                                   const HostTensor &zeros) const {
  PanelWriter writer(*this, codes, scales, zeros);
  DotLayout layout = dots;
  layout.units = segments * segmentUnits();
  std::vector<char> lines = packDot(padSegments(*this, codes, writer), shape, layout);
  std::vector<char> out(shape.panels() * panelBytes(), 0);
  int64_t codeBytes = groupUnits() * unitBytes();
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    char *to = out.data() + panel * panelBytes();
    const char *from = lines.data() + panel * layout.panelBytes(shape);
    for (int64_t g = 0; g < groups(); ++g, to += groupBytes(), from += codeBytes) {
      std::memcpy(to + unitOffset(), from, codeBytes);
      for (int64_t lane = 0; lane < width(); ++lane)
        if (int64_t output = int64_t(panel) * width() + lane; output < shape.outputs)
          writer.writeHeader(to, output, lane, g);
    }
  });
  return out;
}
