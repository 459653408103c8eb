//===- RuntimeTable.h - What programs in memory call ------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PIPELINES_RUNTIMETABLE_H
#define PITH_PIPELINES_RUNTIMETABLE_H

#include "llvm/ADT/StringMap.h"

namespace pith {

/// The functions of the runtime, linked into this process, that generated code
/// calls; for LoadedProgram::create.
const llvm::StringMap<void *> &getRuntimeTable();

} // namespace pith

#endif // PITH_PIPELINES_RUNTIMETABLE_H
