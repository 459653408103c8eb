//===- Diagnostics.h - Errors, warnings and remarks for people --*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One style for everything tools say about a model:
//
//     model.onnx: node '/layer1/MatMul': error: expects …
//     model.mlir:3:8: error: …
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PIPELINES_DIAGNOSTICS_H
#define PITH_PIPELINES_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace pith {

enum class Verbosity {
  Errors,   ///< --quiet
  Warnings, ///< and warnings
  Remarks   ///< -v: and why passes did what they did
};

/// Text of unknown origin for a terminal: control characters become `?`.
std::string makePrintable(llvm::StringRef text);

/// `model.onnx: node 'x'`, `file.mlir:3:8`, or empty where nothing is known.
std::string describeLocation(mlir::Location loc);

/// Prints the diagnostics of a context as long as it lives; with `Remarks` also
/// optimization remarks, sorted, when `printRemarks` is called.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext &context, Verbosity verbosity,
                    llvm::raw_ostream &os = llvm::errs());
  ~DiagnosticPrinter();
  DiagnosticPrinter(const DiagnosticPrinter &) = delete;
  DiagnosticPrinter &operator=(const DiagnosticPrinter &) = delete;

  void printRemarks();

private:
  void print(mlir::Diagnostic &diagnostic);
  mlir::MLIRContext &context;
  Verbosity verbosity;
  llvm::raw_ostream &os;
  mlir::DiagnosticEngine::HandlerID handler;
};

} // namespace pith

#endif // PITH_PIPELINES_DIAGNOSTICS_H
