//===- ReferenceModel.h - The evaluator as a model --------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets the runtime's command line run the reference evaluator like a compiled model.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TOOLS_PITH_RUN_REFERENCEMODEL_H
#define PITH_TOOLS_PITH_RUN_REFERENCEMODEL_H

#include "pith/Runtime/Model.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

#include <deque>
#include <string>
#include <vector>

namespace pith {

/// Only one at a time can run: the runtime hands no data of ours to `run`.
class ReferenceModel {
public:
  explicit ReferenceModel(mlir::func::FuncOp main) : main(main) {}
  ~ReferenceModel();
  ReferenceModel(const ReferenceModel &) = delete;
  ReferenceModel &operator=(const ReferenceModel &) = delete;

  /// Fails if the runtime has no type for an input or output.
  llvm::Expected<const pith_model *> getModel();

private:
  static int32_t run(pith_instance *instance, const pith_buffer *inputs,
                     const int64_t *symbols);
  int32_t evaluate(pith_instance *instance, const pith_buffer *inputs);
  llvm::Error describe(mlir::Value value, mlir::StringAttr name,
                       llvm::StringRef otherwise, bool isInput,
                       std::vector<pith_value_desc> &values);
  const char *keep(llvm::StringRef text) {
    return texts.emplace_back(text.str()).c_str();
  }

  mlir::func::FuncOp main;
  pith_model model = {};
  std::vector<pith_value_desc> inputs, outputs;
  std::vector<const char *> symbols;
  std::deque<std::string> texts;
  std::deque<std::vector<int64_t>> sizes;
};

} // namespace pith

#endif // PITH_TOOLS_PITH_RUN_REFERENCEMODEL_H
