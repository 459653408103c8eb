//===- CheckedPass.h - Passes whose options are checked early ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Options out of range are reported while a pipeline is parsed, as usage errors;
// those of passes made in C++ before anything runs.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_COMPRESSION_CHECKEDPASS_H
#define PITH_COMPRESSION_CHECKEDPASS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/Pass.h"

namespace pith {

/// `Base` is a generated pass base class.
template <typename Base>
class CheckedPass : public Base {
public:
  using Base::Base;
  using ErrorHandler =
      llvm::function_ref<mlir::LogicalResult(const llvm::Twine &)>;

  /// Calls `error` and returns what it returns if options do not make sense.
  virtual mlir::LogicalResult checkOptions(ErrorHandler error) const = 0;

  mlir::LogicalResult initializeOptions(llvm::StringRef options,
                                        ErrorHandler error) override {
    if (mlir::failed(Base::initializeOptions(options, error)))
      return mlir::failure();
    return checkOptions(error);
  }

  mlir::LogicalResult initialize(mlir::MLIRContext *context) override {
    return checkOptions([&](const llvm::Twine &message) -> mlir::LogicalResult {
      return mlir::emitError(mlir::UnknownLoc::get(context))
             << this->getArgument() << ": " << message;
    });
  }
};

} // namespace pith

#endif // PITH_COMPRESSION_CHECKEDPASS_H
