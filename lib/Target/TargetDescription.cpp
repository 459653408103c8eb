//===- TargetDescription.cpp - What kernels know of a processor -----------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/TargetDescription.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <memory>

using namespace pith;

/// Features that the runtime knows how to look for (lib/Runtime/Cpu.c).
static constexpr llvm::StringLiteral kCheckedX86[] = {
    "sse3",     "ssse3",    "sse4.1",   "sse4.2",   "popcnt",     "avx",
    "avx2",     "fma",      "f16c",     "bmi",      "bmi2",       "lzcnt",
    "movbe",    "avx512f",  "avx512bw", "avx512cd", "avx512dq",   "avx512vl",
    "avx512vnni", "avx512vbmi", "avx512vbmi2", "avx512bf16", "avx512ifma",
    "avx512bitalg", "avx512vpopcntdq", "avxvnni", "gfni"};

static std::unique_ptr<llvm::TargetMachine>
makeMachine(const llvm::Triple &triple, llvm::StringRef cpu,
            llvm::StringRef features, std::string &error) {
  static const bool initialized = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers();
    return true;
  }();
  (void)initialized;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, cpu, features, llvm::TargetOptions(), llvm::Reloc::PIC_));
}

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// A few of the names that are valid, for people who mistyped one.
static std::string validNames(const llvm::Triple &triple) {
  return triple.isX86() ? "native, x86-64, x86-64-v2, x86-64-v3, x86-64-v4, "
                          "skylake-avx512, icelake-server, sapphirerapids, znver3, "
                          "znver4, znver5, …"
                        : "native, generic, cortex-a72, cortex-a76, neoverse-n1, "
                          "neoverse-v1, apple-m1, …";
}

static void describeX86(TargetDescription &description,
                        llvm::function_ref<bool(llvm::StringRef)> has) {
  description.hasFMA = has("fma");
  description.hasF16C = has("f16c");
  description.hasAVX2 = has("avx2");
  description.hasAVX512 =
      has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  description.hasVNNI = description.hasAVX512 && has("avx512vnni");
  description.hasAVXVNNI = description.hasVNNI || has("avxvnni");
  description.hasVBMI = description.hasAVX512 && has("avx512vbmi");
  description.hasVBMI2 = description.hasAVX512 && has("avx512vbmi2");
  description.vectorBytes = description.hasAVX512 ? 64 : has("avx") ? 32 : 16;
  description.vectorRegisters = description.hasAVX512 ? 32 : 16;
  for (llvm::StringRef feature : kCheckedX86)
    if (has(feature))
      description.requiredFeatures.push_back(feature.str());
}

llvm::Expected<TargetDescription> TargetDescription::get(llvm::StringRef cpu,
                                                         llvm::StringRef triple) {
  TargetDescription description;
  description.triple = llvm::Triple(
      triple.empty() ? llvm::sys::getDefaultTargetTriple()
                     : llvm::Triple::normalize(triple));
  std::string error;
  auto generic = makeMachine(description.triple, "", "", error);
  if (!generic)
    return makeError("unknown target '" + triple + "': " + error);

  if (cpu.empty() || cpu == "native") {
    llvm::Triple host(llvm::sys::getDefaultTargetTriple());
    if (host.getArch() != description.triple.getArch())
      return makeError("--cpu=native needs a target of this machine's kind, '" +
                       host.getArchName() + "'; name the processor");
    description.cpu = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures features;
    for (auto &entry : llvm::sys::getHostCPUFeatures())
      features.AddFeature(entry.first(), entry.second);
    description.features = features.getString();
  } else {
    description.cpu = cpu.str();
  }
  // An unknown name would end the process later.
  if (!generic->getMCSubtargetInfo()->isCPUStringValid(description.cpu))
    return makeError("unknown processor '" + cpu + "' for " +
                     description.triple.getArchName() + "; known are " +
                     validNames(description.triple));

  auto machine = makeMachine(description.triple, description.cpu,
                             description.features, error);
  if (!machine)
    return makeError("no code generator for '" + description.cpu + "': " + error);
  const llvm::MCSubtargetInfo &info = *machine->getMCSubtargetInfo();
  auto has = [&](llvm::StringRef feature) {
    return info.checkFeatures(("+" + feature).str());
  };
  if (description.triple.isX86()) {
    describeX86(description, has);
  } else if (description.triple.isAArch64()) {
    description.vectorBytes = 16;
    description.vectorRegisters = 32;
    description.hasFMA = true;
    description.hasF16C = true;
    description.hasDotProd = has("dotprod");
    if (description.hasDotProd)
      description.requiredFeatures.push_back("dotprod");
  }
  return description;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
pith::makeTargetMachine(const TargetDescription &target, unsigned level) {
  std::string error;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(target.triple, error);
  if (!found)
    return makeError("unknown target '" + target.triple.str() + "': " + error);
  llvm::TargetOptions options;
  options.FunctionSections = true;
  options.DataSections = true;
  static const llvm::CodeGenOptLevel levels[] = {
      llvm::CodeGenOptLevel::None, llvm::CodeGenOptLevel::Less,
      llvm::CodeGenOptLevel::Default, llvm::CodeGenOptLevel::Aggressive};
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      target.triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
      std::nullopt, levels[std::min(level, 3u)]));
}
