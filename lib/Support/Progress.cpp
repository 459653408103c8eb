//===- Progress.cpp - What long work is at --------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The display hangs on the context, as an interface of the builtin dialect: there is
// no state of the process.
//
//===----------------------------------------------------------------------===//

#include "pith/Support/Progress.h"

#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectInterface.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

using namespace mlir;
using namespace pith;

/// Seconds before a line is shown for the first time, and between two.
static constexpr double kTerminalDelay = 0.5, kTerminalPause = 0.1;
static constexpr double kPipeDelay = 5, kPipePause = 10;
static constexpr size_t kMaxName = 40;

namespace pith {

class ProgressDisplay : public DialectInterface::Base<ProgressDisplay> {
public:
  explicit ProgressDisplay(Dialect *dialect)
      : Base(dialect), isTerminal(llvm::sys::Process::StandardErrIsDisplayed()) {}

  static ProgressDisplay *get(MLIRContext *context) {
    Dialect *dialect = context->getLoadedDialect<BuiltinDialect>();
    return dialect ? dialect->getRegisteredInterface<ProgressDisplay>() : nullptr;
  }

  /// Whether the work may show its progress: there is none around it.
  bool enter(const Progress *work) {
    std::lock_guard<std::mutex> guard(mutex);
    if (outermost)
      return false;
    outermost = work;
    nextTime = isTerminal ? kTerminalDelay : kPipeDelay;
    return true;
  }
  void leave() {
    std::lock_guard<std::mutex> guard(mutex);
    outermost = nullptr;
    clear();
  }
  void show(const Progress &work) {
    std::lock_guard<std::mutex> guard(mutex);
    std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - work.start;
    if (elapsed.count() < nextTime)
      return;
    nextTime = elapsed.count() + (isTerminal ? kTerminalPause : kPipePause);
    clear();
    llvm::errs() << work.describe(elapsed.count()) << (isTerminal ? "" : "\n");
    llvm::errs().flush();
    visible = isTerminal;
  }
  void clearLine() {
    std::lock_guard<std::mutex> guard(mutex);
    clear();
  }

private:
  void clear() {
    if (visible)
      llvm::errs() << "\r\x1b[K";
    visible = false;
  }

  bool isTerminal, visible = false;
  double nextTime = 0;
  const Progress *outermost = nullptr;
  std::mutex mutex;
};

} // namespace pith

void pith::enableProgress(MLIRContext &context) {
  auto *dialect = context.getOrLoadDialect<BuiltinDialect>();
  if (!ProgressDisplay::get(&context))
    dialect->addInterface(std::make_unique<ProgressDisplay>(dialect));
}

void pith::clearProgress(MLIRContext &context) {
  if (ProgressDisplay *display = ProgressDisplay::get(&context))
    display->clearLine();
}

Progress::Progress(MLIRContext *context, StringRef work, StringRef step, int64_t count)
    : display(ProgressDisplay::get(context)), work(work), step(step), count(count),
      start(std::chrono::steady_clock::now()) {
  if (display && !display->enter(this))
    display = nullptr;
}

Progress::~Progress() {
  if (display)
    display->leave();
}

void Progress::next(StringRef what) {
  if (!display)
    return;
  ++done;
  name = what.take_front(kMaxName).str();
  for (char &c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = '?';
  display->show(*this);
}

static std::string describeSeconds(double seconds) {
  if (seconds < 100)
    return llvm::formatv("{0:f0} s", seconds);
  return llvm::formatv("{0:f0} min", seconds / 60);
}

std::string Progress::describe(double elapsed) const {
  std::string text = llvm::formatv("{0}: {1} {2} of {3}", work, step, done + 1, count);
  if (!name.empty())
    text += " (" + name + ")";
  text += ", " + describeSeconds(elapsed) + " elapsed";
  if (done > 0 && count > done)
    text += ", about " + describeSeconds(elapsed / done * (count - done)) + " left";
  return text;
}
