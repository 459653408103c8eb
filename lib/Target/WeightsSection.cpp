//===- WeightsSection.cpp - Constants in ELF files ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightsSection.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/MathExtras.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace pith;
namespace elf = llvm::ELF;

/// Where the weights may lie beyond 2 GB (x86-64: a large section, which lld puts
/// last), so that other sections stay close to each other.
static constexpr llvm::StringLiteral kLargeName = ".lrodata.weights";
static constexpr llvm::StringLiteral kPlainName = ".rodata.weights";
static constexpr uint64_t kPage = 4096;

//===----------------------------------------------------------------------===//
// The reservation
//===----------------------------------------------------------------------===//

namespace {
/// Section numbers of the object.
enum Number { Null, Weights, Stack, Symbols, Strings, Count };

/// Strings one after the other, each ended by a zero.
class StringTable {
public:
  unsigned add(llvm::StringRef text) {
    unsigned at = bytes.size();
    bytes += text;
    bytes += '\0';
    return at;
  }
  std::string bytes = std::string(1, '\0');
};
} // namespace

template <typename T>
static void append(llvm::SmallVectorImpl<char> &out, const T &record) {
  const char *bytes = reinterpret_cast<const char *>(&record);
  out.append(bytes, bytes + sizeof(T));
}

static elf::Elf64_Ehdr makeHeader(const llvm::Triple &triple, uint16_t type) {
  elf::Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, elf::ElfMagic, 4);
  header.e_ident[elf::EI_CLASS] = elf::ELFCLASS64;
  header.e_ident[elf::EI_DATA] = elf::ELFDATA2LSB;
  header.e_ident[elf::EI_VERSION] = elf::EV_CURRENT;
  header.e_type = type;
  header.e_machine = triple.isAArch64() ? elf::EM_AARCH64 : elf::EM_X86_64;
  header.e_version = elf::EV_CURRENT;
  header.e_ehsize = sizeof(elf::Elf64_Ehdr);
  header.e_shentsize = sizeof(elf::Elf64_Shdr);
  return header;
}

llvm::SmallVector<char, 0> pith::makeReservation(llvm::StringRef symbol, uint64_t size,
                                                 const llvm::Triple &triple) {
  bool large = triple.getArch() == llvm::Triple::x86_64;
  StringTable strings;
  elf::Elf64_Sym symbols[2] = {};
  symbols[1].st_name = strings.add(symbol);
  symbols[1].setBindingAndType(elf::STB_GLOBAL, elf::STT_OBJECT);
  symbols[1].st_other = elf::STV_HIDDEN;
  symbols[1].st_shndx = Weights;
  symbols[1].st_size = size;

  elf::Elf64_Shdr sections[Count] = {};
  sections[Weights].sh_name = strings.add(large ? kLargeName : kPlainName);
  sections[Weights].sh_type = elf::SHT_NOBITS;
  sections[Weights].sh_flags = elf::SHF_ALLOC | (large ? elf::SHF_X86_64_LARGE : 0);
  sections[Weights].sh_size = size;
  sections[Weights].sh_addralign = kPage;
  sections[Stack].sh_name = strings.add(".note.GNU-stack");
  sections[Stack].sh_type = elf::SHT_PROGBITS;
  sections[Stack].sh_addralign = 1;
  sections[Symbols].sh_name = strings.add(".symtab");
  sections[Symbols].sh_type = elf::SHT_SYMTAB;
  sections[Symbols].sh_link = Strings;
  sections[Symbols].sh_info = 1; // the first symbol that is not local
  sections[Symbols].sh_entsize = sizeof(elf::Elf64_Sym);
  sections[Symbols].sh_size = sizeof(symbols);
  sections[Symbols].sh_addralign = 8;
  sections[Strings].sh_name = strings.add(".strtab");
  sections[Strings].sh_type = elf::SHT_STRTAB;
  sections[Strings].sh_addralign = 1;
  strings.bytes.resize(llvm::alignTo(strings.bytes.size(), 8));
  sections[Strings].sh_size = strings.bytes.size();

  elf::Elf64_Ehdr header = makeHeader(triple, elf::ET_REL);
  sections[Symbols].sh_offset = sizeof(header);
  sections[Strings].sh_offset = sections[Symbols].sh_offset + sizeof(symbols);
  header.e_shoff = sections[Strings].sh_offset + strings.bytes.size();
  header.e_shnum = Count;
  header.e_shstrndx = Strings;

  llvm::SmallVector<char, 0> out;
  append(out, header);
  append(out, symbols);
  out.append(strings.bytes.begin(), strings.bytes.end());
  append(out, sections);
  return out;
}

//===----------------------------------------------------------------------===//
// Filling it
//===----------------------------------------------------------------------===//

namespace {
/// Reads and writes parts of a file.
class Patcher {
public:
  explicit Patcher(llvm::StringRef path)
      : path(path), file(::open(path.str().c_str(), O_RDWR | O_CLOEXEC)) {}
  ~Patcher() {
    if (file >= 0)
      ::close(file);
  }
  Patcher(const Patcher &) = delete;
  Patcher &operator=(const Patcher &) = delete;

  llvm::Error fill(llvm::ArrayRef<PlacedConstant> constants);

private:
  llvm::Error fail(const llvm::Twine &what) {
    return llvm::createStringError("cannot write '" + path + "': " + what);
  }
  llvm::Error failSystem() { return fail(llvm::sys::StrError(errno)); }
  llvm::Error read(void *data, uint64_t size, uint64_t offset);
  llvm::Error write(const void *data, uint64_t size, uint64_t offset);
  llvm::Expected<uint64_t> findSection(const elf::Elf64_Ehdr &header,
                                       elf::Elf64_Shdr &section);
  llvm::Error patchSegment(const elf::Elf64_Ehdr &header,
                           const elf::Elf64_Shdr &section);
  llvm::StringRef path;
  int file;
};
} // namespace

llvm::Error Patcher::read(void *data, uint64_t size, uint64_t offset) {
  if (::pread(file, data, size, offset) != ssize_t(size))
    return fail("the linked file is truncated");
  return llvm::Error::success();
}

llvm::Error Patcher::write(const void *data, uint64_t size, uint64_t offset) {
  auto *bytes = static_cast<const char *>(data);
  while (size) {
    // Linux writes at most 2 GB at a time.
    ssize_t done = ::pwrite(file, bytes, std::min<uint64_t>(size, 1u << 30), offset);
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return failSystem();
    bytes += done;
    offset += done;
    size -= done;
  }
  return llvm::Error::success();
}

/// The header of the reserved section, and where in the file it is.
llvm::Expected<uint64_t> Patcher::findSection(const elf::Elf64_Ehdr &header,
                                              elf::Elf64_Shdr &section) {
  for (unsigned i = 1; i < header.e_shnum; ++i) {
    uint64_t at = header.e_shoff + i * sizeof(section);
    if (llvm::Error error = read(&section, sizeof(section), at))
      return error;
    // Only the reservation is without contents and not writable.
    if (section.sh_type == elf::SHT_NOBITS && (section.sh_flags & elf::SHF_ALLOC) &&
        !(section.sh_flags & (elf::SHF_WRITE | elf::SHF_TLS)))
      return at;
  }
  return fail("internal error: no section for the weights");
}

llvm::Error Patcher::patchSegment(const elf::Elf64_Ehdr &header,
                                  const elf::Elf64_Shdr &section) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    uint64_t at = header.e_phoff + i * sizeof(elf::Elf64_Phdr);
    elf::Elf64_Phdr segment;
    if (llvm::Error error = read(&segment, sizeof(segment), at))
      return error;
    if (segment.p_type != elf::PT_LOAD || segment.p_filesz != 0 ||
        segment.p_vaddr != section.sh_addr || segment.p_memsz != section.sh_size)
      continue;
    segment.p_offset = section.sh_offset;
    segment.p_filesz = segment.p_memsz;
    return write(&segment, sizeof(segment), at);
  }
  return fail("internal error: the weights have no segment of their own");
}

llvm::Error Patcher::fill(llvm::ArrayRef<PlacedConstant> constants) {
  struct stat status;
  if (file < 0 || ::fstat(file, &status))
    return failSystem();
  elf::Elf64_Ehdr header;
  if (llvm::Error error = read(&header, sizeof(header), 0))
    return error;
  elf::Elf64_Shdr section;
  auto sectionAt = findSection(header, section);
  if (!sectionAt)
    return sectionAt.takeError();
  section.sh_offset = llvm::alignTo(status.st_size, kPage);
  section.sh_type = elf::SHT_PROGBITS;
  // Padding becomes holes.
  if (::ftruncate(file, section.sh_offset + section.sh_size))
    return failSystem();
  for (const PlacedConstant &constant : constants) {
    llvm::ArrayRef<char> bytes = constant.bytes();
    if (constant.offset + bytes.size() > section.sh_size)
      return fail("internal error: a weight lies outside of its section");
    if (llvm::Error error =
            write(bytes.data(), bytes.size(), section.sh_offset + constant.offset))
      return error;
  }
  if (llvm::Error error = write(&section, sizeof(section), *sectionAt))
    return error;
  if (header.e_type != elf::ET_REL)
    if (llvm::Error error = patchSegment(header, section))
      return error;
  if (::close(std::exchange(file, -1)))
    return failSystem();
  return llvm::Error::success();
}

llvm::Error pith::fillReservation(llvm::StringRef path,
                                  llvm::ArrayRef<PlacedConstant> constants) {
  return Patcher(path).fill(constants);
}
