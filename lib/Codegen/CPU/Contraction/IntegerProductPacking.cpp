//===- IntegerProductPacking.cpp - Codes and scales as one stream ---------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerProductPacking.h"

#include "StreamColumns.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace mlir;
using namespace pith;

std::string IntegerStream::key() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "integers:" << shape.outputs << ',' << shape.lanes << ',' << shape.vectors
     << ',' << reduction << ',' << group << ',' << groups << ',' << scaleGroup
     << ',' << scaleBytes << ',' << bfloat << ',' << zeroBytes << ',' << hasSums
     << ',' << sharedZero << ',' << dots.bias << ',' << dots.unit;
  return text;
}

void pith::storeScale(char *to, double value, int64_t bytes, bool bfloat) {
  float single = float(value);
  if (bytes == 4) {
    std::memcpy(to, &single, 4);
    return;
  }
  bool inexact = false;
  llvm::APFloat number(single);
  number.convert(bfloat ? llvm::APFloat::BFloat() : llvm::APFloat::IEEEhalf(),
                 llvm::APFloat::rmNearestTiesToEven, &inexact);
  uint16_t bits = uint16_t(number.bitcastToAPInt().getZExtValue());
  std::memcpy(to, &bits, 2);
}

std::vector<char> IntegerStream::pack(const HostTensor &codes,
                                      const HostTensor &scales,
                                      const HostTensor &zeros) const {
  std::vector<char> out(shape.panels() * panelBytes(), 0);
  std::vector<char> lines = packDot(codes, shape, dots);
  StreamColumns scaleOf(scales, shape.outputs), zeroOf(zeros, shape.outputs);
  int64_t codeBytes = groupUnits() * unitBytes();
  bool isBit = codes.getElementType().isInteger(1);
  llvm::parallelFor(0, shape.panels(), [&](size_t panel) {
    char *to = out.data() + panel * panelBytes();
    const char *from = lines.data() + panel * dots.panelBytes(shape);
    for (int64_t g = 0; g < groups; ++g, to += groupBytes(), from += codeBytes) {
      int64_t column = scaleGroup ? g * group / scaleGroup : 0;
      std::memcpy(to + unitOffset(), from, codeBytes);
      for (int64_t lane = 0; lane < width(); ++lane) {
        int64_t output = int64_t(panel) * width() + lane;
        if (output >= shape.outputs)
          break;
        storeScale(to + lane * scaleBytes, scaleOf.getDouble(output, column), scaleBytes,
                   bfloat);
        int64_t zero = zeros ? zeroOf.getInt(output, column) : sharedZero;
        if (zeroBytes) {
          // Little-endian, so that both widths start alike.
          int32_t total = int32_t(zero + dots.bias);
          std::memcpy(to + zeroOffset() + lane * zeroBytes, &total, zeroBytes);
        }
        if (hasSums) {
          int64_t sum = 0, end = std::min((g + 1) * group, reduction);
          for (int64_t k = g * group; k < end; ++k) {
            int64_t code = codes.getInt(output * reduction + k);
            sum += (isBit ? 2 * (code != 0) - 1 : code) - zero;
          }
          int32_t total = int32_t(sum);
          std::memcpy(to + sumOffset() + lane * 4, &total, 4);
        }
      }
    }
  });
  return out;
}
