//===- ArtefactTest.cpp - Names of artefacts ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/Artefact.h"

#include "gtest/gtest.h"

using namespace pith;

namespace {

TEST(ArtefactTest, MakesSymbolPrefixesOfNames) {
  EXPECT_EQ(makeSymbolPrefix("out/net.v2", ArtefactKind::Executable), "net_v2");
  EXPECT_EQ(makeSymbolPrefix("out/net.o", ArtefactKind::Object), "net");
  EXPECT_EQ(makeSymbolPrefix("libnet-4.a", ArtefactKind::StaticLibrary), "net_4");
  EXPECT_EQ(makeSymbolPrefix("libnet.so", ArtefactKind::SharedLibrary), "net");
  EXPECT_EQ(makeSymbolPrefix("4bit.o", ArtefactKind::Object), "_4bit");
  EXPECT_EQ(makeSymbolPrefix("", ArtefactKind::Object), "_");
  EXPECT_EQ(makeSymbolPrefix("na\"me\n;.o", ArtefactKind::Object), "na_me__");
  // The runtime's own names.
  EXPECT_EQ(makeSymbolPrefix("pith.o", ArtefactKind::Object), "model_pith");
}

TEST(ArtefactTest, PutsHeadersBesideOutputs) {
  EXPECT_EQ(getHeaderPath("out/libnet.a", ArtefactKind::StaticLibrary), "out/net.h");
  EXPECT_EQ(getHeaderPath("net.o", ArtefactKind::Object), "net.h");
}

} // namespace
