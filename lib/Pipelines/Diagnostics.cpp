//===- Diagnostics.cpp - Errors, warnings and remarks for people ----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Pipelines/Diagnostics.h"

#include "pith/Support/NodeName.h"
#include "pith/Support/Progress.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"

#include <mutex>
#include <vector>

using namespace mlir;
using namespace pith;

std::string pith::makePrintable(llvm::StringRef text) {
  std::string result = text.str();
  for (char &c : result)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
      c = '?';
  return result;
}

std::string pith::describeLocation(Location loc) {
  std::string file, node = findNodeName(loc).str();
  loc->walk([&](Location part) {
    if (auto place = dyn_cast<FileLineColRange>(part); place && file.empty()) {
      file = place.getFilename().str();
      // Places in a protobuf have no lines.
      if (place.getStartLine())
        file += ":" + std::to_string(place.getStartLine()) + ":" +
                std::to_string(place.getStartColumn());
    }
    return WalkResult::advance();
  });
  if (!node.empty())
    file += (file.empty() ? "node '" : ": node '") + node + "'";
  return makePrintable(file);
}

static llvm::StringRef getKind(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error: ";
  case DiagnosticSeverity::Warning:
    return "warning: ";
  case DiagnosticSeverity::Note:
    return "note: ";
  case DiagnosticSeverity::Remark:
    return "remark: ";
  }
  return "";
}

static void printLine(llvm::raw_ostream &os, Location loc, llvm::StringRef kind,
                      llvm::StringRef text) {
  std::string where = describeLocation(loc);
  if (!where.empty())
    os << where << ": ";
  os << kind << makePrintable(text) << '\n';
}

namespace {
/// Keeps remarks as text until the engine ends.
class RemarkPrinter final : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit RemarkPrinter(llvm::raw_ostream &os) : os(os) {}
  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string line;
    llvm::raw_string_ostream text(line);
    std::string kind = (remark.getCombinedCategoryName() + ": ").str();
    printLine(text, remark.getLocation(), kind, remark.getMsg());
    std::lock_guard<std::mutex> guard(mutex);
    lines.push_back(std::move(line));
  }
  void finalize() override {
    // Their order depends on threads.
    llvm::sort(lines);
    for (const std::string &line : lines)
      os << line;
    lines.clear();
  }

private:
  llvm::raw_ostream &os;
  std::mutex mutex;
  std::vector<std::string> lines;
};
} // namespace

DiagnosticPrinter::DiagnosticPrinter(MLIRContext &context, Verbosity verbosity,
                                     llvm::raw_ostream &os)
    : context(context), verbosity(verbosity), os(os) {
  handler = context.getDiagEngine().registerHandler(
      [this](Diagnostic &diagnostic) { print(diagnostic); });
  // Who asks for less than remarks reads models, not IR.
  if (verbosity != Verbosity::Remarks)
    context.printOpOnDiagnostic(false);
  if (verbosity != Verbosity::Remarks)
    return;
  remark::RemarkCategories categories{/*all=*/{}, ".*", ".*", ".*", ".*"};
  if (failed(remark::enableOptimizationRemarks(
          context, std::make_unique<RemarkPrinter>(os),
          std::make_unique<remark::RemarkEmittingPolicyFinal>(), categories)))
    os << "warning: remarks cannot be shown\n";
}

DiagnosticPrinter::~DiagnosticPrinter() {
  printRemarks();
  context.getDiagEngine().eraseHandler(handler);
}

void DiagnosticPrinter::printRemarks() {
  // The engine hands out its remarks when it ends.
  if (verbosity == Verbosity::Remarks)
    context.setRemarkEngine(nullptr);
}

void DiagnosticPrinter::print(Diagnostic &diagnostic) {
  DiagnosticSeverity severity = diagnostic.getSeverity();
  if (severity == DiagnosticSeverity::Remark ? verbosity != Verbosity::Remarks
      : severity == DiagnosticSeverity::Warning && verbosity == Verbosity::Errors)
    return;
  clearProgress(context);
  printLine(os, diagnostic.getLocation(), getKind(severity), diagnostic.str());
  for (Diagnostic &note : diagnostic.getNotes())
    printLine(os, note.getLocation(), getKind(note.getSeverity()), note.str());
}
