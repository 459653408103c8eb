//===- StartFiles.cpp - Where the C library is ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// No compiler is asked: the usual folders are looked through. libgcc is optional;
// only code for processors without half-precision conversions needs it.
//
//===----------------------------------------------------------------------===//

#include "Linker.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"

using namespace pith;

static bool exists(const llvm::Twine &path) { return llvm::sys::fs::exists(path); }

/// Folders that may hold the C library, the likeliest first.
static std::vector<std::string> libraryFolders(llvm::StringRef machine, bool isHost) {
  std::string triplet = machine.str() + "-linux-gnu";
  if (!isHost)
    return {"/usr/" + triplet + "/lib", "/usr/lib/" + triplet};
  return {"/usr/lib/" + triplet, "/lib/" + triplet, "/usr/lib64", "/lib64", "/usr/lib"};
}

/// The folder of the newest libgcc, or nothing.
static std::string findLibgcc(llvm::StringRef machine, bool isHost) {
  std::string triplet = machine.str() + "-linux-gnu";
  std::string best;
  unsigned bestVersion = 0;
  for (const std::string &base :
       {"/usr/lib/gcc/" + triplet, "/usr/lib/gcc/" + machine.str() + "-redhat-linux",
        isHost ? std::string() : "/usr/lib/gcc-cross/" + triplet}) {
    std::error_code error;
    if (base.empty())
      continue;
    for (llvm::sys::fs::directory_iterator at(base, error), end; !error && at != end;
         at.increment(error)) {
      unsigned version = 0;
      llvm::StringRef name = llvm::sys::path::filename(at->path());
      if (name.take_until([](char c) { return c == '.'; }).getAsInteger(10, version) ||
          version <= bestVersion || !exists(at->path() + "/libgcc.a"))
        continue;
      best = at->path();
      bestVersion = version;
    }
  }
  return best;
}

static llvm::Error notFound(llvm::StringRef file, llvm::ArrayRef<std::string> folders,
                            const llvm::Triple &triple, bool isHost) {
  std::string package =
      isHost ? "libc6-dev"
             : "libc6-dev-" + (triple.isAArch64() ? std::string("arm64")
                                                  : triple.getArchName().str()) +
                   "-cross";
  return llvm::createStringError(
      "cannot link a program: the C library's '" + file + "' is in none of " +
      llvm::join(folders, ", ") + " (install " + package +
      ", or stop at an object with --emit=obj)");
}

llvm::Expected<LinkFrame> pith::getLinkFrame(const llvm::Triple &triple, LinkKind kind) {
  bool isArm = triple.isAArch64();
  std::string machine = isArm ? "aarch64" : "x86_64";
  bool isHost = llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArch() ==
                triple.getArch();
  // Position-independent static programs need the x86-64 flavour of lld's output.
  bool staticPie = kind == LinkKind::Static && !isArm;
  llvm::StringRef start = kind == LinkKind::Dynamic ? "Scrt1.o"
                          : staticPie               ? "rcrt1.o"
                                                    : "crt1.o";
  llvm::StringRef needed = kind == LinkKind::Shared ? "crti.o" : start;
  std::vector<std::string> folders = libraryFolders(machine, isHost);
  std::string libc;
  for (const std::string &folder : folders)
    if (libc.empty() && exists(folder + "/" + needed))
      libc = folder;
  if (libc.empty())
    return notFound(needed, folders, triple, isHost);
  if (kind == LinkKind::Static && !exists(libc + "/libc.a"))
    return notFound("libc.a", folders, triple, isHost);
  std::string gcc = findLibgcc(machine, isHost);

  LinkFrame frame;
  auto &before = frame.before, &after = frame.after;
  switch (kind) {
  case LinkKind::Dynamic:
    before = {"-pie", "-dynamic-linker",
              isArm ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2"};
    break;
  case LinkKind::Static:
    before = {"-static"};
    if (staticPie)
      before.insert(before.end(), {"-pie", "--no-dynamic-linker", "-z", "text"});
    break;
  case LinkKind::Shared:
    before = {"-shared", "-Bsymbolic"};
    break;
  }
  llvm::StringRef flavour = kind == LinkKind::Static && !staticPie ? "T" : "S";
  if (kind != LinkKind::Shared)
    before.push_back(libc + "/" + start.str());
  before.push_back(libc + "/crti.o");
  if (!gcc.empty())
    before.push_back(gcc + "/crtbegin" + flavour.str() + ".o");
  before.push_back("-L" + libc);
  if (!gcc.empty())
    before.push_back("-L" + gcc);

  std::vector<std::string> libraries = {"-lm", "-lpthread", "-lc"};
  if (!gcc.empty())
    libraries.push_back("-lgcc");
  if (kind == LinkKind::Static) {
    if (!gcc.empty())
      libraries.push_back("-lgcc_eh");
    after.push_back("--start-group");
    after.insert(after.end(), libraries.begin(), libraries.end());
    after.push_back("--end-group");
  } else {
    after.push_back("--as-needed");
    after.insert(after.end(), libraries.begin(), libraries.end());
  }
  if (!gcc.empty())
    after.push_back(gcc + (flavour == "T" ? "/crtend.o" : "/crtendS.o"));
  after.push_back(libc + "/crtn.o");
  return frame;
}
