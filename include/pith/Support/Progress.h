//===- Progress.h - What long work is at ------------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//     Progress progress(context, "pith-gptq", "layer", weights.size());
//     for (...) {
//       progress.next(weight.node);
//       ...
//     }
//
// shows `pith-gptq: layer 7 of 48 (fc1), 12 s elapsed, about 70 s left`: on a terminal
// in one line that is rewritten, else, and only of work that takes longer than some
// seconds, as a line now and then. Nothing, where the tool did not enable it.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_SUPPORT_PROGRESS_H
#define PITH_SUPPORT_PROGRESS_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringRef.h"

#include <chrono>
#include <string>

namespace pith {

class ProgressDisplay;

/// Lets work in this context show its progress on the standard error.
void enableProgress(mlir::MLIRContext &context);
/// Takes the line of progress off a terminal, so that other text can be printed.
void clearProgress(mlir::MLIRContext &context);

/// One piece of work, made of equal steps. Within it, others show nothing.
class Progress {
public:
  /// `work` and `step` are for people: `work: step 1 of 5`.
  Progress(mlir::MLIRContext *context, llvm::StringRef work, llvm::StringRef step,
           int64_t count);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// The next step begins. May be called by any thread, one at a time.
  void next(llvm::StringRef name = "");

private:
  friend class ProgressDisplay;
  std::string describe(double elapsed) const;

  ProgressDisplay *display; ///< null: nothing is shown
  std::string work, step, name;
  int64_t count, done = -1;
  std::chrono::steady_clock::time_point start;
};

} // namespace pith

#endif // PITH_SUPPORT_PROGRESS_H
