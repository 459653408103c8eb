//===- ElementLayout.cpp - Where elements of a panel lie ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/CPU/Contraction/PanelPacking.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace pith;

/// Widths of the parts in which narrow elements are stored, lowest bits first.
static SmallVector<unsigned> partsOf(unsigned bits) {
  SmallVector<unsigned> parts;
  for (unsigned part : {8u, 4u, 2u, 1u})
    if (bits & part)
      parts.push_back(part);
  return parts;
}

ElementLayout ElementLayout::get(Type type, const PanelShape &shape,
                                 int64_t positions) {
  ElementLayout layout;
  unsigned bits = type.getIntOrFloatBitWidth();
  if (bits >= 8) {
    layout.elementBytes = llvm::divideCeil(bits, 8u);
    layout.planes.push_back(8);
  } else if (bits == 1 && shape.lanes >= 8) {
    layout.kind = Kind::MaskBits;
    layout.planes.push_back(1);
  } else {
    layout.kind = Kind::Planes;
    layout.planes = partsOf(bits);
  }
  layout.setPositions(positions);
  return layout;
}

ElementLayout ElementLayout::getWords(unsigned bits, const PanelShape &shape) {
  ElementLayout layout;
  layout.kind = Kind::Words;
  layout.planes.push_back(bits);
  layout.vectors = shape.vectors;
  return layout;
}

ElementLayout ElementLayout::getBytes(unsigned bits, const PanelShape &shape) {
  ElementLayout layout = getWords(bits, shape);
  layout.kind = Kind::Bytes;
  return layout;
}

void ElementLayout::setPositions(int64_t count) { positions = llvm::alignTo(count, step()); }

int64_t ElementLayout::step() const {
  if (kind != Kind::Words && kind != Kind::Bytes)
    return kind == Kind::Planes ? 8 / planes.back() : 1;
  // Elements that fill words of a lane, or of four (a set has one byte of each).
  int64_t word = wordBits(), elements = word / std::gcd<int64_t>(word, planes.front());
  if (kind == Kind::Bytes)
    elements *= 4;
  return elements / std::gcd(elements, vectors);
}

SmallVector<SmallVector<ElementLayout::Field, 2>> ElementLayout::fields() const {
  unsigned bits = planes.front(), word = wordBits();
  unsigned perWord = word / bits, top = perWord * bits;
  SmallVector<SmallVector<Field, 2>> all;
  SmallVector<Field, 2> pending; // of the element that is made up of rests
  unsigned filled = 0;
  for (int64_t number = 0, words = stepWords(); number < words; ++number) {
    for (unsigned i = 0; i < perWord; ++i)
      all.push_back({Field{number, i * bits, bits, 0}});
    for (unsigned from = top; from < word;) {
      unsigned count = std::min(word - from, bits - filled);
      pending.push_back({number, from, count, filled});
      from += count;
      filled += count;
      if (filled < bits)
        continue;
      all.push_back(std::move(pending));
      pending.clear();
      filled = 0;
    }
  }
  return all;
}

int64_t ElementLayout::panelBytes(const PanelShape &shape, unsigned plane) const {
  switch (kind) {
  case Kind::Whole:
    return positions * shape.width() * elementBytes;
  case Kind::MaskBits:
    return positions * shape.width() / 8;
  case Kind::Planes:
  case Kind::Words:
  case Kind::Bytes:
    break;
  }
  return positions * planes[plane] * shape.width() / 8;
}

int64_t ElementLayout::planeOffset(const PanelShape &shape, unsigned plane) const {
  int64_t offset = 0;
  for (unsigned before = 0; before < plane; ++before)
    offset += llvm::alignTo(panelBytes(shape, before) * shape.panels(), 64);
  return offset;
}
