//===- PanelPacking.cpp - Weights as panels in memory ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Panels are independent, so they are packed in parallel. Codes are first read
// row by row into bytes, whatever their width; everything after that works on
// bytes and words.
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

#include <cstring>

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// Reading rows
//===----------------------------------------------------------------------===//

static unsigned widthOf(Type type) { return type.getIntOrFloatBitWidth(); }

static bool isSigned(Type type) {
  return isa<IntegerType>(type) && !type.isUnsignedInteger() &&
         !type.isInteger(1);
}

/// Elements [first, first + count) of at most 8 bits as bytes, zero-extended.
static void readCodes(const HostTensor &tensor, int64_t first, int64_t count,
                      uint8_t *out) {
  unsigned bits = getStorageBits(tensor.getElementType());
  auto *bytes = reinterpret_cast<const uint8_t *>(tensor.getBytes().data());
  if (bits == 8) {
    std::memcpy(out, bytes + first, count);
    return;
  }
  if (bits == 4 && first % 2 == 0) {
    const uint8_t *in = bytes + first / 2;
    for (int64_t i = 0; i + 1 < count; i += 2, ++in) {
      out[i] = *in & 15;
      out[i + 1] = *in >> 4;
    }
    if (count % 2)
      out[count - 1] = *in & 15;
    return;
  }
  unsigned mask = (1u << bits) - 1;
  int64_t total = tensor.getBytes().size();
  for (int64_t i = 0; i < count; ++i) {
    int64_t bit = (first + i) * bits, byte = bit / 8;
    unsigned pair = bytes[byte];
    if (byte + 1 < total)
      pair |= unsigned(bytes[byte + 1]) << 8;
    out[i] = (pair >> (bit % 8)) & mask;
  }
}

/// Rows of the tensor seen as `[outputs, rest]`.
static int64_t rowLength(const HostTensor &tensor, int64_t outputs) {
  return outputs ? tensor.getNumElements() / outputs : 0;
}

/// Codes of one panel's rows as bytes, `[width][padded]`, zero where there is no
/// output or position.
static std::vector<uint8_t> readPanel(const HostTensor &tensor,
                                      const PanelShape &shape, int64_t panel,
                                      int64_t padded) {
  std::vector<uint8_t> rows(shape.width() * padded, 0);
  int64_t length = std::min(rowLength(tensor, shape.outputs), padded);
  int64_t stride = rowLength(tensor, shape.outputs);
  for (int64_t lane = 0; lane < shape.width(); ++lane) {
    int64_t output = panel * shape.width() + lane;
    if (output < shape.outputs)
      readCodes(tensor, output * stride, length, rows.data() + lane * padded);
  }
  return rows;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// `[width][length]` rows to `[position][lane]`.
template <typename T>
static void transposeRows(const T *const *rows, int64_t width, int64_t length,
                          T *out) {
  constexpr int64_t kBlock = 16;
  for (int64_t k = 0; k < length; k += kBlock) {
    int64_t end = std::min(k + kBlock, length);
    for (int64_t lane = 0; lane < width; ++lane)
      if (const T *row = rows[lane])
        for (int64_t i = k; i < end; ++i)
          out[i * width + lane] = row[i];
  }
}

template <typename T>
static void packWhole(const HostTensor &tensor, const PanelShape &shape,
                      const ElementLayout &layout, char *out) {
  int64_t stride = rowLength(tensor, shape.outputs);
  int64_t length = std::min(stride, layout.positions);
  auto *in = reinterpret_cast<const T *>(tensor.getBytes().data());
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    std::vector<const T *> rows(shape.width(), nullptr);
    for (int64_t lane = 0; lane < shape.width(); ++lane) {
      int64_t output = int64_t(panel) * shape.width() + lane;
      if (output < shape.outputs)
        rows[lane] = in + output * stride;
    }
    transposeRows(rows.data(), shape.width(), length,
                  reinterpret_cast<T *>(out + panel * layout.panelBytes(shape)));
  });
}

/// Codes of less than 8 bits, read as bytes, as their type extends them.
static void extendCodes(MutableArrayRef<uint8_t> codes, Type type) {
  unsigned unused = 8 - widthOf(type);
  bool hasSign = isSigned(type);
  for (uint8_t &code : codes) {
    uint8_t top = code << unused;
    code = hasSign ? uint8_t(int8_t(top) >> unused) : top >> unused;
  }
}

static void packNarrow(const HostTensor &tensor, const PanelShape &shape,
                       const ElementLayout &layout, char *out) {
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    std::vector<uint8_t> codes = readPanel(tensor, shape, panel, layout.positions);
    extendCodes(codes, tensor.getElementType());
    std::vector<const uint8_t *> rows;
    for (int64_t lane = 0; lane < shape.width(); ++lane)
      rows.push_back(codes.data() + lane * layout.positions);
    transposeRows(rows.data(), shape.width(), layout.positions,
                  reinterpret_cast<uint8_t *>(out) + panel * layout.panelBytes(shape));
  });
}

static void packPlanes(const HostTensor &tensor, const PanelShape &shape,
                       const ElementLayout &layout, char *out) {
  int64_t width = shape.width(), padded = layout.positions;
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    std::vector<uint8_t> rows = readPanel(tensor, shape, panel, padded);
    unsigned shift = 0;
    std::vector<uint8_t> bytes(padded);
    for (auto [number, bits] : llvm::enumerate(layout.planes)) {
      int64_t perByte = 8 / bits, count = padded / perByte;
      auto *plane = reinterpret_cast<uint8_t *>(
          out + layout.planeOffset(shape, number) +
          panel * layout.panelBytes(shape, number));
      uint8_t mask = (1u << bits) - 1;
      for (int64_t lane = 0; lane < width; ++lane) {
        const uint8_t *row = rows.data() + lane * padded;
        for (int64_t i = 0; i < count; ++i) {
          uint8_t byte = 0;
          for (int64_t j = 0; j < perByte; ++j)
            byte |= ((row[i * perByte + j] >> shift) & mask) << (j * bits);
          bytes[i] = byte;
        }
        for (int64_t i = 0; i < count; ++i)
          plane[i * width + lane] = bytes[i];
      }
      shift += bits;
    }
  });
}

/// Words and bytes: bits of elements go where the layout's fields say.
static void packFields(const HostTensor &tensor, const PanelShape &shape,
                       const ElementLayout &layout, char *out) {
  bool isBytes = layout.kind == ElementLayout::Kind::Bytes;
  int64_t step = layout.step(), stepWords = layout.stepWords() * shape.lanes;
  auto fields = layout.fields();
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    std::vector<uint8_t> rows = readPanel(tensor, shape, panel, layout.positions);
    auto *to = reinterpret_cast<uint32_t *>(out + panel * layout.panelBytes(shape));
    for (int64_t k = 0; k < layout.positions; k += step, to += stepWords)
      for (int64_t i = 0, e = step * shape.vectors; i < e; ++i)
        for (int64_t lane = 0; lane < shape.lanes; ++lane) {
          int64_t column = i % shape.vectors * shape.lanes + lane;
          uint32_t code = rows[column * layout.positions + k + i / shape.vectors];
          // Bytes of a line count as those of its words.
          int64_t bit = isBytes ? 8 * ElementLayout::byteOf(i % 4, lane) : 32 * lane;
          for (const ElementLayout::Field &field : fields[isBytes ? i / 4 : i]) {
            uint32_t part = code >> field.to & ((1u << field.count) - 1);
            to[field.word * shape.lanes + bit / 32] |= part << (field.from + bit % 32);
          }
        }
  });
}

static void packMaskBits(const HostTensor &tensor, const PanelShape &shape,
                         const ElementLayout &layout, char *out) {
  int64_t width = shape.width();
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    std::vector<uint8_t> rows = readPanel(tensor, shape, panel, layout.positions);
    auto *bits = reinterpret_cast<uint8_t *>(out + panel * layout.panelBytes(shape));
    for (int64_t lane = 0; lane < width; ++lane) {
      const uint8_t *row = rows.data() + lane * layout.positions;
      for (int64_t k = 0; k < layout.positions; ++k)
        bits[(k * width + lane) / 8] |= (row[k] != 0) << (lane % 8);
    }
  });
}

std::vector<char> pith::packElements(const HostTensor &tensor,
                                     const PanelShape &shape,
                                     const ElementLayout &layout) {
  std::vector<char> out(layout.totalBytes(shape), 0);
  if (layout.kind == ElementLayout::Kind::Planes) {
    packPlanes(tensor, shape, layout, out.data());
    return out;
  }
  if (layout.kind == ElementLayout::Kind::Words ||
      layout.kind == ElementLayout::Kind::Bytes) {
    packFields(tensor, shape, layout, out.data());
    return out;
  }
  if (layout.kind == ElementLayout::Kind::MaskBits) {
    packMaskBits(tensor, shape, layout, out.data());
    return out;
  }
  if (widthOf(tensor.getElementType()) < 8) {
    packNarrow(tensor, shape, layout, out.data());
    return out;
  }
  switch (layout.elementBytes) {
  case 1:
    packWhole<uint8_t>(tensor, shape, layout, out.data());
    break;
  case 2:
    packWhole<uint16_t>(tensor, shape, layout, out.data());
    break;
  case 4:
    packWhole<uint32_t>(tensor, shape, layout, out.data());
    break;
  default:
    packWhole<uint64_t>(tensor, shape, layout, out.data());
    break;
  }
  return out;
}

std::vector<char> pith::packTransposedElements(const HostTensor &tensor,
                                               const PanelShape &shape) {
  int64_t bytes = getStorageBits(tensor.getElementType()) / 8;
  int64_t positions = rowLength(tensor, shape.outputs);
  int64_t width = shape.width();
  std::vector<char> out(shape.panels() * positions * width * bytes, 0);
  const char *in = tensor.getBytes().data();
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    int64_t first = int64_t(panel) * width;
    int64_t count = std::min(width, shape.outputs - first);
    for (int64_t k = 0; k < positions; ++k)
      std::memcpy(out.data() + (panel * positions + k) * width * bytes,
                  in + (k * shape.outputs + first) * bytes, count * bytes);
  });
  return out;
}

std::vector<char> pith::widenElements(const HostTensor &tensor) {
  Type type = tensor.getElementType();
  if (widthOf(type) >= 8 || type.isInteger(1)) {
    ArrayRef<char> bytes = tensor.getBytes();
    return std::vector<char>(bytes.begin(), bytes.end());
  }
  std::vector<char> out(tensor.getNumElements());
  MutableArrayRef<uint8_t> codes(reinterpret_cast<uint8_t *>(out.data()), out.size());
  readCodes(tensor, 0, codes.size(), codes.data());
  extendCodes(codes, type);
  return out;
}

std::vector<char> pith::packColumns(const HostTensor &tensor,
                                    const PanelShape &shape) {
  std::vector<char> wide = widenElements(tensor);
  int64_t bytes = std::max(1u, widthOf(tensor.getElementType()) / 8);
  int64_t columns = rowLength(tensor, shape.outputs);
  int64_t width = shape.width();
  std::vector<char> out(shape.panels() * columns * width * bytes, 0);
  for (int64_t output = 0; output < shape.outputs; ++output) {
    int64_t panel = output / width, lane = output % width;
    for (int64_t column = 0; column < columns; ++column)
      std::memcpy(out.data() + ((panel * columns + column) * width + lane) * bytes,
                  wide.data() + (output * columns + column) * bytes, bytes);
  }
  return out;
}

int64_t pith::tableBytes(Type type) {
  if (type.isF16())
    return 3; // 10 bits of fraction
  return type.getIntOrFloatBitWidth() <= 16 ? 2 : 4; // 7 bits: bf16 and bytes
}

std::vector<char> pith::packByteTable(const HostTensor &tensor, int64_t entries,
                                      int64_t block) {
  int64_t length = tensor.getNumElements() / tensor.getShape().front();
  int64_t bytes = tableBytes(tensor.getElementType());
  int64_t padded = std::max(entries, block);
  bool isFloat = isa<FloatType>(tensor.getElementType());
  std::vector<char> out(length * bytes * padded);
  for (int64_t i = 0; i < length; ++i)
    for (int64_t entry = 0; entry < padded; ++entry) {
      int64_t from = entry % entries * length + i;
      float value = isFloat ? tensor.getDouble(from) : tensor.getInt(from);
      for (int64_t byte = 0; byte < bytes; ++byte)
        out[(i * bytes + byte) * padded + entry] =
            char(llvm::bit_cast<uint32_t>(value) >> 8 * (4 - bytes + byte));
    }
  return out;
}

//===----------------------------------------------------------------------===//
// Compact elements
//===----------------------------------------------------------------------===//

unsigned pith::compactBits(Type type) {
  unsigned bits = widthOf(type);
  return bits >= 8 ? llvm::alignTo(bits, 8) : llvm::PowerOf2Ceil(bits);
}

int64_t pith::compactTableBytes(const PanelShape &shape, int64_t starts) {
  return llvm::alignTo(shape.panels() * starts * 8, 64);
}

std::vector<char> pith::packCompact(const HostTensor &values,
                                    const HostTensor &mask,
                                    const PanelShape &shape,
                                    ArrayRef<int64_t> starts) {
  unsigned bits = compactBits(values.getElementType());
  int64_t positions = rowLength(mask, shape.outputs), width = shape.width();
  int64_t table = compactTableBytes(shape, starts.size());
  int64_t count = values.getNumElements();
  std::vector<char> out(table + llvm::divideCeil(count * bits, 8) + 64, 0);
  auto *set = reinterpret_cast<const uint8_t *>(mask.getBytes().data());

  // Where each row's elements start.
  std::vector<int64_t> next(shape.outputs + 1, 0);
  for (int64_t output = 0; output < shape.outputs; ++output) {
    int64_t kept = 0;
    for (int64_t k = 0; k < positions; ++k)
      kept += set[output * positions + k] != 0;
    next[output + 1] = next[output] + kept;
  }
  // Values beyond what is there read as zero bits: the verifier refuses such
  // constants, so this only keeps memory safe.
  std::vector<uint8_t> codes;
  if (bits < 8) {
    codes.resize(count);
    readCodes(values, 0, count, codes.data());
  }
  // Codes of 5 to 7 bits take a byte each, sign-extended, as loads expect.
  std::vector<char> wide;
  if (bits == 8 && widthOf(values.getElementType()) < 8)
    wide = widenElements(values);
  const char *in = wide.empty() ? values.getBytes().data() : wide.data();
  int64_t written = 0;
  for (int64_t panel = 0; panel < shape.panels(); ++panel) {
    size_t start = 0;
    for (int64_t k = 0; k <= positions; ++k) {
      while (start < starts.size() && starts[start] <= k) {
        std::memcpy(out.data() + (panel * starts.size() + start) * 8, &written, 8);
        ++start;
      }
      for (int64_t lane = 0; k < positions && lane < width; ++lane) {
        int64_t output = panel * width + lane;
        if (output >= shape.outputs || !set[output * positions + k])
          continue;
        int64_t from = next[output]++;
        if (from >= count || written >= count)
          continue;
        if (bits < 8)
          out[table + written * bits / 8] |= codes[from] << (written * bits % 8);
        else
          std::memcpy(out.data() + table + written * (bits / 8),
                      in + from * (bits / 8), bits / 8);
        ++written;
      }
    }
  }
  return out;
}

//===----------------------------------------------------------------------===//
// Dot products
//===----------------------------------------------------------------------===//

DotLayout DotLayout::get(Type type, int64_t minCode, int64_t maxCode,
                         int64_t reduction) {
  DotLayout layout;
  layout.bias = -minCode;
  unsigned bits = std::max(1u, llvm::Log2_64_Ceil(maxCode - minCode + 1));
  if (type.isInteger(1)) {
    layout.bias = 1;
    layout.lowBit = bits = 1;
  }
  if (bits == 8) {
    layout.planes.push_back(8);
  } else {
    for (unsigned plane : {4u, 2u, 1u})
      if (bits & plane)
        layout.planes.push_back(plane);
  }
  layout.unit = 4 * (8 / layout.planes.back());
  layout.units = llvm::divideCeil(reduction, layout.unit);
  return layout;
}

unsigned DotLayout::bits() const {
  unsigned total = lowBit;
  for (unsigned plane : planes)
    total += plane;
  return total;
}

int64_t DotLayout::lines() const {
  int64_t count = 0;
  for (unsigned bits : planes)
    count += unit / 4 * bits / 8;
  return count;
}

std::vector<char> pith::packDot(const HostTensor &codes, const PanelShape &shape,
                                const DotLayout &layout) {
  int64_t padded = layout.units * layout.unit, width = shape.width();
  int64_t length = rowLength(codes, shape.outputs);
  std::vector<char> out(shape.panels() * layout.panelBytes(shape), 0);
  Type type = codes.getElementType();
  bool isBit = type.isInteger(1);
  unsigned unused = 8 - std::min(8u, widthOf(type));
  // Bytes of codes below zero keep their low bits when the bias is added.
  std::vector<uint8_t> made(256);
  for (unsigned raw = 0; raw < 256; ++raw) {
    int64_t code = isBit             ? (raw ? 1 : -1)
                   : isSigned(type) ? int8_t(uint8_t(raw) << unused) >> unused
                                    : int64_t(raw);
    made[raw] = uint8_t(code + layout.bias);
  }
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    std::vector<uint8_t> rows = readPanel(codes, shape, panel, padded);
    // Outputs that are not there stay zero; their results are never stored.
    for (int64_t lane = 0; lane < width; ++lane) {
      uint8_t *row = rows.data() + lane * padded;
      for (int64_t k = 0; k < length; ++k)
        row[k] = made[row[k]];
    }
    auto *to = reinterpret_cast<uint32_t *>(out.data() +
                                            panel * layout.panelBytes(shape));
    std::vector<uint32_t> words(padded / 4);
    int64_t unitWords = layout.unit / 4, unitSize = layout.lines() * width;
    for (int64_t lane = 0; lane < width; ++lane) {
      std::memcpy(words.data(), rows.data() + lane * padded, padded);
      int64_t line = 0;
      unsigned shift = layout.lowBit;
      for (unsigned bits : layout.planes) {
        int64_t perLine = 8 / bits;
        uint32_t mask = ((1u << bits) - 1) * 0x01010101u;
        for (int64_t i = 0; i < unitWords / perLine; ++i, ++line)
          for (int64_t unit = 0; unit < layout.units; ++unit) {
            uint32_t word = 0;
            for (int64_t j = 0; j < perLine; ++j)
              word |= ((words[unit * unitWords + i * perLine + j] >> shift) & mask)
                      << (j * bits);
            to[unit * unitSize + line * width + lane] = word;
          }
        shift += bits;
      }
    }
  });
  return out;
}
