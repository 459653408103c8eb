//===- StoredElements.cpp - Stored elements as codecs see them ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StoredElements.h"

using namespace mlir;
using namespace pith;

bool pith::isZeroExtended(Type type) {
  return type.isUnsignedInteger() || type.isInteger(1);
}

Value pith::widenElement(TileCode &code, Value x, Type element) {
  return isa<FloatType>(element) ? code.toFloat(x)
                                 : code.toInt(x, isZeroExtended(element));
}

Value pith::loadElement(TileCode &code, Value memref, int64_t number, Type element) {
  return widenElement(code, code.loadScalar(memref, code.index(number)), element);
}

Value pith::makeElement(TileCode &code, const HostTensor &constant, int64_t number) {
  if (isa<FloatType>(constant.getElementType()))
    return code.constant(code.b.getF32Type(), constant.getDouble(number));
  return code.constant(code.b.getI32Type(), double(constant.getInt(number)));
}

SmallVector<Value> pith::loadColumn(TileCode &code, Value memref, Value start,
                                    const PanelShape &shape, Type element) {
  SmallVector<Value> values;
  for (int64_t v = 0; v < shape.vectors; ++v) {
    Value x = code.load(memref, code.add(start, v * shape.lanes), shape.lanes);
    values.push_back(widenElement(code, x, element));
  }
  return values;
}
