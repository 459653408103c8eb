//===- Operators.cpp - The table of ONNX operators ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lists of all categories as one map.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include <map>

using namespace pith;

using Key = std::pair<llvm::StringRef, llvm::StringRef>;

static const std::map<Key, const OperatorEntry *> &getTable() {
  static const auto *table = [] {
    auto *map = new std::map<Key, const OperatorEntry *>;
    for (auto list :
         {getAttentionOperators(), getContractionOperators(), getElementwiseOperators(),
          getIndexingOperators(), getNormalizationOperators(), getPoolingOperators(),
          getQuantizationOperators(), getReductionOperators(), getResizeOperators(),
          getShapeOperators()})
      for (const OperatorEntry &entry : list)
        (*map)[{entry.domain, entry.name}] = &entry;
    return map;
  }();
  return *table;
}

const OperatorEntry *pith::findOperator(llvm::StringRef domain, llvm::StringRef name) {
  auto it = getTable().find({domain, name});
  return it == getTable().end() ? nullptr : it->second;
}

std::vector<const OperatorEntry *> pith::listOperators() {
  std::vector<const OperatorEntry *> list;
  for (const auto &[key, entry] : getTable())
    list.push_back(entry);
  return list;
}
