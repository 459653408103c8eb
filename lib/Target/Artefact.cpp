//===- Artefact.cpp - Programs as files -----------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Target/Artefact.h"

#include "Header.h"
#include "Linker.h"
#include "WeightsSection.h"
#include "pith/Target/CodeEmission.h"
#include "pith/Target/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"

using namespace pith;
namespace path = llvm::sys::path;

/// Beyond this, parts of the C library that refer to each other by 32-bit offsets
/// would be too far apart in a static program.
static constexpr int64_t kMaxStaticWeights = 2000ll << 20;

std::string pith::findRuntimes(const char *argv0, void *mainAddress) {
  llvm::SmallString<128> folder(
      llvm::sys::fs::getMainExecutable(argv0, mainAddress));
  path::remove_filename(folder);
  path::append(folder, "..", "lib", "pith");
  path::remove_dots(folder, /*remove_dot_dot=*/true);
  return folder.str().str();
}

/// The output's name without folder and ending, and without `lib` for a library.
static llvm::StringRef getStem(llvm::StringRef output, ArtefactKind kind) {
  llvm::StringRef stem = path::filename(output);
  if (kind != ArtefactKind::Executable)
    stem = path::stem(stem);
  if (kind == ArtefactKind::StaticLibrary || kind == ArtefactKind::SharedLibrary)
    stem.consume_front("lib");
  return stem;
}

std::string pith::makeSymbolPrefix(llvm::StringRef output, ArtefactKind kind) {
  std::string prefix;
  for (char c : getStem(output, kind))
    prefix += llvm::isAlnum(c) ? c : '_';
  if (prefix.empty() || llvm::isDigit(prefix[0]))
    prefix = "_" + prefix;
  // Names of the runtime and of C are taken.
  if (llvm::StringRef(prefix).starts_with("pith"))
    prefix = "model_" + prefix;
  return prefix;
}

std::string pith::getHeaderPath(llvm::StringRef output, ArtefactKind kind) {
  llvm::SmallString<128> header(path::parent_path(output));
  path::append(header, getStem(output, kind) + ".h");
  return header.str().str();
}

namespace {

class ArtefactWriter {
public:
  ArtefactWriter(Program &program, const TargetDescription &target,
                 const ArtefactOptions &options)
      : program(program), target(target), options(options) {}
  llvm::Error run();

private:
  llvm::Error checkTarget();
  llvm::Error writeTemporary(llvm::ArrayRef<char> bytes);
  llvm::Error emitInputs();
  llvm::Error makeObject(llvm::StringRef output);
  llvm::Error makeArchive(llvm::StringRef output);
  llvm::Error makeLinked(llvm::StringRef output);
  llvm::Error checkSpace(bool isStatic);
  std::string runtimeArchive() const {
    return options.runtimes + "/" + (target.triple.isAArch64() ? "aarch64" : "x86_64") +
           "/libpithrt.a";
  }

  Program &program;
  const TargetDescription &target;
  const ArtefactOptions &options;
  /// Objects that together are the program.
  std::vector<OutputFile> inputs;
};

} // namespace

llvm::Error ArtefactWriter::checkTarget() {
  const llvm::Triple &triple = target.triple;
  if (!triple.isOSLinux() || !triple.isOSBinFormatELF() ||
      !(triple.getArch() == llvm::Triple::x86_64 ||
        triple.getArch() == llvm::Triple::aarch64))
    return llvm::createStringError("no artefacts can be made for '" + triple.str() +
                                   "'; expected x86_64-linux-gnu or aarch64-linux-gnu");
  if (options.kind != ArtefactKind::Object && !llvm::sys::fs::exists(runtimeArchive()))
    return llvm::createStringError("the runtime for '" + triple.str() +
                                   "' was not built: '" + runtimeArchive() +
                                   "' does not exist (--emit=obj needs none)");
  return llvm::Error::success();
}

/// Writes an object beside the output; it lives as long as `inputs`.
llvm::Error ArtefactWriter::writeTemporary(llvm::ArrayRef<char> bytes) {
  auto file = OutputFile::create(options.output + ".o");
  if (!file)
    return file.takeError();
  std::error_code error;
  llvm::raw_fd_ostream os(file->getTemporary(), error);
  if (!error) {
    os.write(bytes.data(), bytes.size());
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return llvm::createStringError("cannot write '" + file->getTemporary() +
                                   "': " + error.message());
  inputs.push_back(std::move(*file));
  return llvm::Error::success();
}

/// Compiles the program, and reserves room for its weights.
llvm::Error ArtefactWriter::emitInputs() {
  auto objects = emitObjects(program, target, options.level);
  if (!objects)
    return objects.takeError();
  for (const ObjectCode &object : *objects)
    if (llvm::Error error = writeTemporary(object))
      return error;
  uint64_t size = std::max<int64_t>(program.constantBytes, 64);
  return writeTemporary(makeReservation(program.weightsSymbol, size, target.triple));
}

/// The linker writes into a mapping of its output, which kills the process where the
/// disk is full: so finds out before.
llvm::Error ArtefactWriter::checkSpace(bool isStatic) {
  uint64_t needed = isStatic ? 2u << 20 : 0, bytes = 0; // of the C library
  for (const OutputFile &input : inputs)
    if (!llvm::sys::fs::file_size(input.getTemporary(), bytes))
      needed += bytes;
  if (options.kind != ArtefactKind::Object &&
      !llvm::sys::fs::file_size(runtimeArchive(), bytes))
    needed += bytes;
  llvm::StringRef folder = path::parent_path(options.output);
  auto space = llvm::sys::fs::disk_space(folder.empty() ? "." : folder);
  if (space && space->available < needed)
    return llvm::createStringError("cannot write '" + options.output +
                                   "': no space left on the device");
  return llvm::Error::success();
}

/// One relocatable object of everything.
llvm::Error ArtefactWriter::makeObject(llvm::StringRef output) {
  if (llvm::Error error = checkSpace(/*isStatic=*/false))
    return error;
  std::vector<std::string> arguments = {"-r", "-m", getEmulation(target.triple), "-o",
                                        output.str()};
  for (const OutputFile &input : inputs)
    arguments.push_back(input.getTemporary().str());
  if (llvm::Error error = runLinker(arguments))
    return error;
  return fillReservation(output, program.constants);
}

/// The model's object and the runtime's, but for its `main`.
llvm::Error ArtefactWriter::makeArchive(llvm::StringRef output) {
  auto object = OutputFile::create(options.output + ".o");
  if (!object)
    return object.takeError();
  if (llvm::Error error = makeObject(object->getTemporary()))
    return error;
  std::vector<llvm::NewArchiveMember> members;
  auto model = llvm::NewArchiveMember::getFile(object->getTemporary(), true);
  if (!model)
    return model.takeError();
  std::string name = program.symbolPrefix + ".o";
  model->MemberName = name;
  members.push_back(std::move(*model));

  auto buffer = llvm::MemoryBuffer::getFile(runtimeArchive());
  if (!buffer)
    return llvm::errorCodeToError(buffer.getError());
  auto runtime = llvm::object::Archive::create(**buffer);
  if (!runtime)
    return runtime.takeError();
  llvm::Error error = llvm::Error::success();
  for (auto &child : (*runtime)->children(error)) {
    auto childName = child.getName();
    if (!childName)
      return joinErrors(std::move(error), childName.takeError());
    if (childName->starts_with("Main.c"))
      continue;
    auto member = llvm::NewArchiveMember::getOldMember(child, true);
    if (!member)
      return joinErrors(std::move(error), member.takeError());
    members.push_back(std::move(*member));
  }
  if (error)
    return error;
  return llvm::writeArchive(output, members, llvm::SymtabWritingMode::NormalSymtab,
                            llvm::object::Archive::K_GNU, /*Deterministic=*/true,
                            /*Thin=*/false);
}

/// A program or a shared library.
llvm::Error ArtefactWriter::makeLinked(llvm::StringRef output) {
  bool isShared = options.kind == ArtefactKind::SharedLibrary;
  bool isForeign = llvm::Triple(llvm::sys::getDefaultTargetTriple()).getArch() !=
                   target.triple.getArch();
  LinkKind kind = isShared                        ? LinkKind::Shared
                  : isForeign || options.isStatic ? LinkKind::Static
                                                  : LinkKind::Dynamic;
  if (kind == LinkKind::Static && program.constantBytes > kMaxStaticWeights)
    return llvm::createStringError(
        "a statically linked program can hold at most 2000 MB of weights, found " +
        llvm::Twine(program.constantBytes >> 20) + " MB");
  auto frame = getLinkFrame(target.triple, kind);
  if (!frame)
    return frame.takeError();
  if (llvm::Error error = checkSpace(kind == LinkKind::Static))
    return error;
  // Only x86-64 has a section that is filled after linking; elsewhere the weights
  // are linked like other data.
  bool fillLast = target.triple.getArch() == llvm::Triple::x86_64;
  if (!fillLast)
    if (llvm::Error error =
            fillReservation(inputs.back().getTemporary(), program.constants))
      return error;

  std::vector<std::string> arguments = {
      "-m", getEmulation(target.triple), "-o", output.str(), "-z", "relro", "-z", "now",
      "-z", "noexecstack", "-z", "separate-code", "-z", "lrodata-after-bss",
      "--build-id=sha1", "--gc-sections", "--hash-style=gnu"};
  if (isShared) {
    arguments.push_back("-soname=" + path::filename(options.output).str());
    arguments.push_back("--undefined=pith_create");
  }
  arguments.insert(arguments.end(), frame->before.begin(), frame->before.end());
  for (const OutputFile &input : inputs)
    arguments.push_back(input.getTemporary().str());
  arguments.push_back(runtimeArchive());
  arguments.insert(arguments.end(), frame->after.begin(), frame->after.end());
  if (llvm::Error error = runLinker(arguments))
    return error;
  return fillLast ? fillReservation(output, program.constants)
                  : llvm::Error::success();
}

llvm::Error ArtefactWriter::run() {
  if (llvm::Error error = checkTarget())
    return error;
  auto output = OutputFile::create(options.output);
  if (!output)
    return output.takeError();
  if (options.kind == ArtefactKind::Executable)
    addMainModel(program);
  else
    addAccessor(program);
  if (llvm::Error error = emitInputs())
    return error;
  llvm::StringRef file = output->getTemporary();
  llvm::Error made = options.kind == ArtefactKind::Object          ? makeObject(file)
                     : options.kind == ArtefactKind::StaticLibrary ? makeArchive(file)
                                                                   : makeLinked(file);
  if (made)
    return made;
  if (options.kind != ArtefactKind::Executable)
    if (llvm::Error error = writeHeader(
            program, getHeaderPath(options.output, options.kind)))
      return error;
  return output->commit();
}

llvm::Error pith::writeArtefact(Program &program, const TargetDescription &target,
                                const ArtefactOptions &options) {
  return ArtefactWriter(program, target, options).run();
}
