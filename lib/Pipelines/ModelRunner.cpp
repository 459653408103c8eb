//===- ModelRunner.cpp - Running a model inside the compiler --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stages kernels and codegen on a copy of the module, in memory, for this
// machine's processor; and samples from files.
//
//===----------------------------------------------------------------------===//

#include "pith/Pipelines/ModelRunner.h"

#include "pith/Codegen/OutlineKernels.h"
#include "pith/Compression/Structured/ChannelCut.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Pipelines/RuntimeTable.h"
#include "pith/Profile/Instrument.h"
#include "pith/Runtime/Samples.h"
#include "pith/Runtime/pith.h"
#include "pith/Target/JIT.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace pith;

const llvm::StringMap<void *> &pith::getRuntimeTable() {
#define ENTRY(name)                                                            \
  { #name, reinterpret_cast<void *>(&name) }
  static const llvm::StringMap<void *> table = {
      ENTRY(pith_rt_arena),        ENTRY(pith_rt_alloc), ENTRY(pith_rt_free),
      ENTRY(pith_rt_output),       ENTRY(pith_rt_fail),  ENTRY(pith_rt_fail_size),
      ENTRY(pith_rt_parallel_for), ENTRY(pith_rt_trap),  ENTRY(pith_rt_trapped),
      ENTRY(pith_rt_observe)};
#undef ENTRY
  return table;
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

namespace {

class CompiledModel final : public RunnableModel {
public:
  CompiledModel(Location loc, LoadedProgram program, SmallVector<Type> outputs)
      : loc(loc), program(std::move(program)), outputs(std::move(outputs)) {}
  ~CompiledModel() override { pith_destroy(instance); }

  LogicalResult start() {
    char problem[1024];
    instance = pith_create(program.getModel(), /*threads=*/0, problem, sizeof(problem));
    return instance ? success() : emitError(loc) << problem;
  }
  FailureOr<std::vector<HostTensor>> run(ArrayRef<HostTensor> inputs) override;
  LogicalResult run(ArrayRef<HostTensor> inputs,
                    function_ref<void(unsigned, const HostTensor &)> visit) override;
  std::shared_ptr<pith_observer> takeObserver() override {
    return std::shared_ptr<pith_observer>(pith_observer_take(instance), pith_observer_free);
  }

private:
  Location loc;
  LoadedProgram program;
  SmallVector<Type> outputs; ///< element types
  pith_instance *instance = nullptr;
};

/// Where runtime and compiler describe inputs of `main`: the type and rank of each.
struct InputDescriptions {
  explicit InputDescriptions(func::FuncOp main);
  std::vector<std::string> names;
  std::vector<pith_value_desc> values;
};

} // namespace

LogicalResult CompiledModel::run(ArrayRef<HostTensor> inputs,
                                 function_ref<void(unsigned, const HostTensor &)> visit) {
  for (auto [index, input] : llvm::enumerate(inputs))
    if (pith_set_input_at(instance, index, input.getBytes().data(),
                          input.getShape().data()))
      return emitError(loc) << pith_error_text(instance);
  if (pith_run(instance))
    return emitError(loc) << pith_error_text(instance);
  for (auto [index, element] : llvm::enumerate(outputs)) {
    int64_t sizes[PITH_MAX_RANK];
    const void *data = pith_get_output_at(instance, index, sizes);
    if (!data)
      return emitError(loc) << "output number " << index << " was not made";
    auto type = RankedTensorType::get(
        ArrayRef(sizes, program.getModel()->outputs[index].rank), element);
    ArrayRef<char> bytes(static_cast<const char *>(data),
                         getStorageBytes(element, type.getNumElements()));
    visit(index, HostTensor(type, bytes, nullptr));
  }
  return success();
}

FailureOr<std::vector<HostTensor>> CompiledModel::run(ArrayRef<HostTensor> inputs) {
  std::vector<HostTensor> results;
  auto keep = [&](unsigned, const HostTensor &output) {
    results.push_back(output);
    (void)results.back().getMutableBytes(); // a copy of its own
  };
  if (failed(run(inputs, keep)))
    return failure();
  return results;
}

FailureOr<std::unique_ptr<RunnableModel>>
CompilingRunner::compile(ModuleOp module) const {
  // Constants are shared with the original: the copy takes no memory to speak of.
  OwningOpRef<ModuleOp> copy = module.clone();
  copy->walk(dropAnnotations);
  auto target = TargetDescription::get("native");
  if (!target)
    return module.emitError(llvm::toString(target.takeError())), failure();
  auto outlined = outlineKernels(*copy);
  if (failed(outlined))
    return failure();
  SmallVector<Type> outputs;
  for (Type type : (*outlined)->main.getResultTypes())
    outputs.push_back(cast<RankedTensorType>(type).getElementType());
  auto program = generateProgram(**outlined, *target, ProgramOptions());
  if (failed(program))
    return failure();
  auto loaded = LoadedProgram::create(*program, *target, /*level=*/2, getRuntimeTable());
  if (!loaded)
    return module.emitError(llvm::toString(loaded.takeError())), failure();
  auto model = std::make_unique<CompiledModel>(module.getLoc(), std::move(*loaded),
                                               std::move(outputs));
  if (failed(model->start()))
    return failure();
  return std::unique_ptr<RunnableModel>(std::move(model));
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

InputDescriptions::InputDescriptions(func::FuncOp main) {
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes())) {
    auto name = main.getArgAttrOfType<StringAttr>(i, "pith.name");
    names.push_back(name ? name.getValue().str() : "input" + std::to_string(i));
    auto tensor = cast<RankedTensorType>(type);
    values.push_back({nullptr, getRuntimeType(tensor.getElementType()).value_or(-1),
                      int32_t(tensor.getRank()), tensor.getShape().data()});
  }
  for (auto [name, value] : llvm::zip(names, values))
    value.name = name.c_str();
}

/// The array of an input as a tensor that owns it.
static HostTensor takeArray(pith_array &array, Type type) {
  ArrayRef<int64_t> shape(array.dims, array.rank);
  ArrayRef<char> bytes(static_cast<const char *>(array.data), array.bytes);
  auto owner = std::shared_ptr<pith_array>(new pith_array(array), [](pith_array *owned) {
    pith_array_free(owned);
    delete owned;
  });
  Type element = cast<RankedTensorType>(type).getElementType();
  auto own = RankedTensorType::get(shape, element); // copies the sizes
  array = {};
  return HostTensor(own, bytes, std::move(owner));
}

/// Which positions of an input's axis are left of those in the whole model; empty: all.
static ArrayRef<bool> getKept(ArrayAttr kept, int64_t axis) {
  return kept ? cast<DenseBoolArrayAttr>(kept[axis]).asArrayRef() : ArrayRef<bool>();
}

/// Whether sizes are those that the type states, or those before passes removed some.
static LogicalResult checkSizes(const pith_value_desc &input, ArrayAttr kept,
                                const pith_array &array, std::string &problem) {
  for (int32_t axis = 0; axis < input.rank; ++axis) {
    int64_t expected = input.dims[axis], found = array.dims[axis];
    if (ShapedType::isDynamic(expected) || expected == found ||
        int64_t(getKept(kept, axis).size()) == found)
      continue;
    problem = "input '" + std::string(input.name) + "': expected size " +
              std::to_string(expected) + " along axis " + std::to_string(axis) +
              ", found " + std::to_string(found);
    return failure();
  }
  return success();
}

/// Removes what passes removed from the model's input.
static void cutSample(HostTensor &tensor, Type type, ArrayAttr kept) {
  for (auto [axis, size] : llvm::enumerate(cast<RankedTensorType>(type).getShape())) {
    ArrayRef<bool> left = getKept(kept, axis);
    if (left.empty() || size == tensor.getShape()[axis])
      continue;
    llvm::BitVector gone(left.size());
    for (auto [position, isKept] : llvm::enumerate(left))
      gone[position] = !isKept;
    tensor = removeIndices(tensor, axis, gone);
  }
}

static FailureOr<SmallVector<HostTensor>> loadSample(func::FuncOp main,
                                                     const pith_samples &samples,
                                                     int64_t index) {
  InputDescriptions inputs(main);
  std::vector<pith_array> arrays(inputs.values.size() + 1);
  char text[4096] = "";
  std::string problem;
  bool bad = pith_samples_load(&samples, index, inputs.values.data(),
                               inputs.values.size(), arrays.data(), text, sizeof(text));
  for (size_t i = 0; i < inputs.values.size() && !bad && problem.empty(); ++i)
    if (!(bad = pith_check_array(&inputs.values[i], &arrays[i], text, sizeof(text))))
      bad = failed(checkSizes(inputs.values[i],
                              main.getArgAttrOfType<ArrayAttr>(i, kKeptPositionsAttr), arrays[i],
                              problem));
  SmallVector<HostTensor> tensors;
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes()))
    if (!bad) {
      tensors.push_back(takeArray(arrays[i], type));
      cutSample(tensors.back(), type, main.getArgAttrOfType<ArrayAttr>(i, kKeptPositionsAttr));
    } else if (arrays[i].owner) {
      pith_array_free(&arrays[i]);
    }
  if (!bad)
    return tensors;
  auto error = emitError(main.getLoc()) << "sample ";
  if (samples.numbered)
    error << "'" << samples.path << "/" << index << "'";
  else
    error << "'" << samples.path << "'";
  error << ": " << (problem.empty() ? StringRef(text) : StringRef(problem));
  return failure();
}

/// Names in a folder, sorted, that are files of arrays or numbers of samples.
static std::vector<std::string> findArrays(const Twine &folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder, error), end; it != end && !error;
       it.increment(error)) {
    StringRef name = llvm::sys::path::filename(it->path());
    uint64_t number;
    if (name.ends_with(".npy") || !name.getAsInteger(10, number))
      names.push_back(name.str());
  }
  llvm::sort(names);
  return names;
}

/// What lies among samples and is not read, as `'FILE', 'FILE': why`; empty if nothing. An
/// NPZ file with other members is refused when it is read.
static std::string findUnread(func::FuncOp main, const pith_samples &samples) {
  auto join = [](ArrayRef<std::string> paths) {
    return "'" + llvm::join(paths, "', '") + "'";
  };
  InputDescriptions inputs(main);
  std::vector<std::string> read, unread;
  for (const std::string &name : inputs.names) {
    char *path = pith_member_path("", name.c_str());
    read.push_back(path ? path + 1 : "");
    free(path);
  }
  const std::string path = samples.path;
  if (samples.numbered) {
    for (const std::string &name : findArrays(path))
      if (int64_t number; StringRef(name).getAsInteger(10, number) ||
                          number >= samples.count || std::to_string(number) != name)
        unread.push_back(path + "/" + name);
    if (!unread.empty())
      return join(unread) + ": samples are the folders '0' to '" +
             std::to_string(samples.count - 1) + "'";
  }
  for (int64_t index = 0; index < samples.count && unread.empty(); ++index) {
    std::string folder = path + (samples.numbered ? "/" + std::to_string(index) : "");
    for (const std::string &name : findArrays(folder))
      if (!llvm::is_contained(read, name))
        unread.push_back(folder + "/" + name);
  }
  return unread.empty() ? "" : join(unread) + ": the model's inputs are " + join(read);
}

LogicalResult CompilingRunner::forEachSample(
    ModuleOp module, StringRef path,
    function_ref<LogicalResult(int64_t, int64_t, ArrayRef<HostTensor>)> visit) const {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return module.emitError("expects a function 'main'");
  pith_samples samples;
  char problem[1024];
  if (pith_samples_open(path.str().c_str(), &samples, problem, sizeof(problem)))
    return module.emitError("samples: ") << problem;
  if (samples.folder && warnedOf != path) {
    warnedOf = path.str();
    if (std::string unread = findUnread(main, samples); !unread.empty())
      emitWarning(main.getLoc()) << "not read: " << unread;
  }
  LogicalResult result = success();
  for (int64_t index = 0; index < samples.count && succeeded(result); ++index) {
    auto inputs = loadSample(main, samples, index);
    result = failed(inputs) ? failure() : visit(index, samples.count, *inputs);
  }
  pith_samples_close(&samples);
  return result;
}
