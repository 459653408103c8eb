//===- TargetDescription.h - What kernels know of a processor ---*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The few facts about a processor that kernel generators decide by. Everything
// else is LLVM's business.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_TARGET_TARGETDESCRIPTION_H
#define PITH_TARGET_TARGETDESCRIPTION_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace pith {

struct TargetDescription {
  llvm::Triple triple;
  /// The processor's name in LLVM's terms (`znver4`, `x86-64-v3`), never
  /// `native`.
  std::string cpu;
  /// Features for code generation beyond the processor's own, in LLVM's form:
  /// `+avx2,-avx512f`.
  std::string features;
  /// What a processor must have to run the program, in LLVM's names, and what the
  /// runtime can check.
  std::vector<std::string> requiredFeatures;

  int64_t vectorBytes = 16; ///< of one vector register
  int64_t vectorRegisters = 16;
  bool hasFMA = false;
  bool hasF16C = false;     ///< conversion between f16 and f32
  bool hasAVX2 = false;
  bool hasAVX512 = false;   ///< F, BW, DQ and VL
  bool hasVNNI = false;     ///< vpdpbusd on 512-bit registers
  bool hasAVXVNNI = false;  ///< vpdpbusd on 256-bit registers (or VL with VNNI)
  bool hasVBMI = false;     ///< vpermb
  bool hasVBMI2 = false;    ///< vpexpandb
  bool hasDotProd = false;  ///< AArch64 sdot, udot

  /// Describes `cpu` on `triple` (empty: this machine's). `native` is this
  /// machine with exactly the features it reports. Fails with a message that
  /// lists some valid names if LLVM does not know the name.
  static llvm::Expected<TargetDescription> get(llvm::StringRef cpu,
                                               llvm::StringRef triple = "");
};

/// What LLVM compiles with for this processor: position-independent code, every
/// function and variable in a section of its own. `level` is that of -O.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(const TargetDescription &target, unsigned level);

} // namespace pith

#endif // PITH_TARGET_TARGETDESCRIPTION_H
