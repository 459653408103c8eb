//===- SparseElements.h - Moving elements of any width ----------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Copies single elements between tensors of one type: bytes where elements are
// bytes, bits where they are packed.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_LIB_COMPRESSION_SPARSITY_SPARSEELEMENTS_H
#define PITH_LIB_COMPRESSION_SPARSITY_SPARSEELEMENTS_H

#include "pith/Support/HostTensor.h"

#include <cstring>

namespace pith {

/// Both tensors must outlive the copier; their element types are equal, and the
/// target's elements are zero until they are written.
class ElementCopier {
public:
  ElementCopier(const HostTensor &from, HostTensor &to)
      : bits(getStorageBits(from.getElementType())), from(from.getBytes().data()),
        to(to.getMutableBytes().data()) {}

  void operator()(int64_t source, int64_t target) {
    switch (bits) {
    case 8:
      to[target] = from[source];
      return;
    case 16:
      return copy<2>(source, target);
    case 32:
      return copy<4>(source, target);
    case 64:
      return copy<8>(source, target);
    default:
      return copyBits(source * bits, target * bits);
    }
  }

private:
  template <int64_t size>
  void copy(int64_t source, int64_t target) {
    std::memcpy(to + target * size, from + source * size, size);
  }

  void copyBits(int64_t source, int64_t target) {
    for (unsigned bit = 0; bit < bits; ++bit, ++source, ++target)
      if (from[source / 8] >> (source % 8) & 1)
        to[target / 8] |= 1 << (target % 8);
  }

  unsigned bits;
  const char *from;
  char *to;
};

} // namespace pith

#endif // PITH_LIB_COMPRESSION_SPARSITY_SPARSEELEMENTS_H
