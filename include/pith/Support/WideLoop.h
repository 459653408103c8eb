//===- WideLoop.h - Loops compiled for several processors -------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler itself is built for any x86-64 processor. Its few hot loops are
// compiled for wider vectors, too; which one runs is chosen when it starts. Files
// that use this turn off contraction: an fma would make results differ by machine.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_SUPPORT_WIDELOOP_H
#define PITH_SUPPORT_WIDELOOP_H

#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define PITH_WIDE_LOOP                                                         \
  __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define PITH_WIDE_LOOP
#endif

#endif // PITH_SUPPORT_WIDELOOP_H
