//===- ProfileFile.cpp - Statistics as files ------------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads through the runtime's NPZ reader, and writes through its writer.
//
//===----------------------------------------------------------------------===//

#include "pith/Profile/ProfileFile.h"

#include "pith/Runtime/Npy.h"
#include "pith/Runtime/Profile.h"
#include "pith/Runtime/pith.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

class ProfileReader {
public:
  ProfileReader(MLIRContext *context, StringRef path) : context(context), path(path.str()) {}
  ~ProfileReader() { pith_npz_close(&npz); }
  llvm::Expected<Profile> read();

private:
  llvm::Error error(const Twine &what) const {
    return llvm::createStringError("profile '" + Twine(path) + "': " + what);
  }
  llvm::Expected<llvm::json::Value> readIndex();
  llvm::Error readEntry(const llvm::json::Object &site, size_t number, ProfileEntry &entry);
  llvm::Error readNodes(const llvm::json::Object &site, size_t number, ProfileEntry &entry);
  llvm::Error readTensor(const std::string &member, ArrayRef<int64_t> shape, Type element,
                         bool optional, HostTensor &tensor);
  /// The member with this name, or −1.
  int64_t find(StringRef member) const {
    for (int64_t i = 0; i < npz.count; ++i)
      if (member == npz.names[i])
        return i;
    return -1;
  }

  MLIRContext *context;
  std::string path;
  pith_npz npz = {};
};

} // namespace

static HostTensor takeArray(pith_array &array, RankedTensorType type) {
  ArrayRef<char> bytes(static_cast<const char *>(array.data), array.bytes);
  auto owner = std::shared_ptr<pith_array>(new pith_array(array), [](pith_array *owned) {
    pith_array_free(owned);
    delete owned;
  });
  return HostTensor(type, bytes, std::move(owner));
}

static std::string describe(const pith_array &array) {
  std::string text = pith_dtype_name(array.dtype);
  text += " [";
  for (int32_t axis = 0; axis < array.rank; ++axis)
    text += (axis ? ", " : "") + std::to_string(array.dims[axis]);
  return text + "]";
}

llvm::Error ProfileReader::readTensor(const std::string &member, ArrayRef<int64_t> shape,
                                      Type element, bool optional, HostTensor &tensor) {
  int64_t index = find(member);
  if (index < 0)
    return optional ? llvm::Error::success() : error("no member '" + member + "'");
  pith_array array;
  char problem[1024];
  if (pith_npz_load(&npz, index, &array, problem, sizeof(problem)))
    return error(problem);
  int32_t dtype = element.isF32() ? PITH_FLOAT32 : PITH_INT64;
  if (array.dtype != dtype || ArrayRef(array.dims, array.rank) != shape) {
    std::string found = describe(array);
    pith_array_free(&array);
    return error("member '" + member + "': expected " + pith_dtype_name(dtype) + " [" +
                 llvm::join(llvm::map_range(shape, [](int64_t n) { return std::to_string(n); }),
                            ", ") +
                 "], found " + found);
  }
  tensor = takeArray(array, RankedTensorType::get(shape, element));
  return llvm::Error::success();
}

/// What no observer writes would pass through every comparison of the passes unseen.
static bool arePlausible(const ActivationStatistics &s) {
  auto isMagnitude = [](float x) { return std::isfinite(x) && x >= 0; };
  return std::isfinite(s.minimum) && std::isfinite(s.maximum) &&
         llvm::all_of(s.mean.as<float>(), [](float x) { return std::isfinite(x); }) &&
         llvm::all_of(s.magnitude.as<float>(), isMagnitude) &&
         llvm::all_of(s.largest.as<float>(), isMagnitude) &&
         (!s.histogram || llvm::all_of(s.histogram.as<int64_t>(),
                                       [](int64_t count) { return count >= 0; }));
}

llvm::Expected<llvm::json::Value> ProfileReader::readIndex() {
  int64_t index = find("index");
  pith_array array;
  char problem[1024];
  if (index < 0)
    return error("it has no index: not a profile");
  if (pith_npz_load(&npz, index, &array, problem, sizeof(problem)))
    return error(problem);
  bool isText = array.dtype == PITH_UINT8 && array.rank == 1;
  std::string text(static_cast<const char *>(array.data), isText ? array.bytes : 0);
  pith_array_free(&array);
  if (!isText || !llvm::json::isUTF8(text))
    return error("its index is no text");
  auto json = llvm::json::parse(text);
  if (!json)
    return error("its index: " + llvm::toString(json.takeError()));
  llvm::json::Object *object = json->getAsObject();
  if (!object || object->getString("format") != StringRef("pith-profile"))
    return error("not a profile");
  std::optional<int64_t> version = object->getInteger("version");
  if (version != PITH_PROFILE_VERSION)
    return error("expected version " + Twine(PITH_PROFILE_VERSION) + ", found " +
                 (version ? Twine(*version).str() : "none"));
  return std::move(*json);
}

llvm::Error ProfileReader::readNodes(const llvm::json::Object &site, size_t number,
                                     ProfileEntry &entry) {
  const llvm::json::Array *nodes = site.getArray("nodes");
  for (const llvm::json::Value &node : nodes ? *nodes : llvm::json::Array()) {
    auto name = node.getAsString();
    if (!name)
      return error("site " + Twine(number) + ": expected names of nodes");
    entry.nodes.push_back(name->str());
  }
  if (entry.nodes.empty())
    return error("site " + Twine(number) + ": expected names of nodes");
  return llvm::Error::success();
}

llvm::Error ProfileReader::readEntry(const llvm::json::Object &site, size_t number,
                                     ProfileEntry &entry) {
  if (llvm::Error bad = readNodes(site, number, entry))
    return bad;
  auto rows = site.getInteger("rows"), groups = site.getInteger("groups"),
       reduction = site.getInteger("reduction");
  auto minimum = site.getNumber("minimum"), maximum = site.getNumber("maximum");
  // Sizes above are no sizes of tensors in memory.
  constexpr int64_t kMost = int64_t(1) << 31;
  if (!rows || !groups || !reduction || !minimum || !maximum || *rows < 0 || *groups < 1 ||
      *reduction < 1 || *groups > kMost || *reduction > kMost || *groups > kMost / *reduction)
    return error("site '" + entry.nodes.front() + "': its entry in the index is malformed");
  ActivationStatistics &s = entry.statistics;
  s.rows = *rows;
  s.minimum = float(*minimum);
  s.maximum = float(*maximum);
  int64_t G = *groups, K = *reduction;
  std::string prefix = std::to_string(number) + "/";
  Type f32 = Float32Type::get(context), i64 = IntegerType::get(context, 64);
  if (llvm::Error bad = readTensor(prefix + "histogram", {LogHistogram::kBins}, i64,
                                   /*optional=*/true, s.histogram))
    return bad;
  if (llvm::Error bad = readTensor(prefix + "mean", {G, K}, f32, false, s.mean))
    return bad;
  if (llvm::Error bad = readTensor(prefix + "magnitude", {G, K}, f32, false, s.magnitude))
    return bad;
  if (llvm::Error bad = readTensor(prefix + "largest", {G, K}, f32, false, s.largest))
    return bad;
  if (!arePlausible(s))
    return error("site '" + entry.nodes.front() +
                 "': expected finite statistics, and magnitudes and counts of at least 0");
  if (K > kMost / K)
    return llvm::Error::success(); // nobody has such a Gram matrix
  if (llvm::Error bad = readTensor(prefix + "gram", {G, K, K}, f32, /*optional=*/true, s.gram))
    return bad;
  if (s.gram && !s.hasPlausibleGram())
    return error("site '" + entry.nodes.front() +
                 "': expected a finite Gram matrix with a diagonal of at least 0");
  return llvm::Error::success();
}

llvm::Expected<Profile> ProfileReader::read() {
  char problem[1024];
  if (pith_npz_open(path.c_str(), &npz, problem, sizeof(problem)))
    return llvm::createStringError("profile: " + Twine(problem));
  auto index = readIndex();
  if (!index)
    return index.takeError();
  const llvm::json::Array *sites = index->getAsObject()->getArray("sites");
  if (!sites)
    return error("its index has no list of sites");
  Profile profile;
  for (const auto &[number, site] : llvm::enumerate(*sites)) {
    const llvm::json::Object *object = site.getAsObject();
    if (!object)
      return error("site " + Twine(number) + ": its entry in the index is malformed");
    if (llvm::Error bad = readEntry(*object, number, profile.entries.emplace_back()))
      return bad;
  }
  return profile;
}

llvm::Expected<Profile> pith::readProfile(MLIRContext *context, StringRef path) {
  return ProfileReader(context, path).read();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::string toJSON(ArrayRef<std::string> names) {
  llvm::json::Array list;
  for (const std::string &name : names)
    list.push_back(llvm::json::fixUTF8(name));
  std::string text;
  llvm::raw_string_ostream(text) << llvm::json::Value(std::move(list));
  return text;
}

llvm::Error pith::writeProfile(const Profile &profile, StringRef path) {
  pith_profile_writer writer;
  char problem[1024];
  bool bad = pith_profile_begin(&writer, path.str().c_str(), problem, sizeof(problem));
  for (const ProfileEntry &entry : profile.entries) {
    if (bad)
      break;
    const ActivationStatistics &s = entry.statistics;
    std::string users = toJSON(entry.nodes);
    pith_profile_site site = {users.c_str(),
                              s.rows,
                              s.getGroups(),
                              s.getReductionSize(),
                              s.minimum,
                              s.maximum,
                              s.histogram ? s.histogram.as<int64_t>().data() : nullptr,
                              s.mean.as<float>().data(),
                              s.magnitude.as<float>().data(),
                              s.largest.as<float>().data(),
                              s.gram ? s.gram.as<float>().data() : nullptr};
    bad = pith_profile_add(&writer, &site, problem, sizeof(problem));
  }
  bad = bad || pith_profile_end(&writer, problem, sizeof(problem));
  if (!bad)
    return llvm::Error::success();
  pith_profile_abort(&writer);
  return llvm::createStringError(problem);
}
