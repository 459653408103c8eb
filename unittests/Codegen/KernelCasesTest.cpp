//===- KernelCasesTest.cpp - Kernels against the reference ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every model that kernel_cases.py writes is compiled and run on random inputs,
// for each of its sizes, and compared with the reference evaluator: integers must
// be equal, floats within a bound of the element type, relative above 1.
//
//===----------------------------------------------------------------------===//

#include "JitModel.h"

#include "pith/Pipelines/Registration.h"
#include "pith/Reference/Evaluator.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace pith;

namespace {

double getNumber(Attribute attr) {
  if (auto real = dyn_cast<FloatAttr>(attr))
    return real.getValueAsDouble();
  return double(cast<IntegerAttr>(attr).getInt());
}

/// One model and its runs.
class KernelCase {
public:
  KernelCase(OwningOpRef<ModuleOp> parsed)
      : module(std::move(parsed)), reference(module->clone()),
        main(reference->lookupSymbol<func::FuncOp>("main")), random(7) {}

  std::string getName() {
    return main->getAttrOfType<StringAttr>("test.name").getValue().str();
  }
  void run(llvm::StringRef cpu);

private:
  std::vector<std::vector<int64_t>> getSizes();
  HostTensor makeInput(unsigned number, llvm::ArrayRef<int64_t> sizes);
  void compare(const HostTensor &found, const HostTensor &expected);

  OwningOpRef<ModuleOp> module, reference;
  func::FuncOp main;
  std::mt19937 random;
};

} // namespace

std::vector<std::vector<int64_t>> KernelCase::getSizes() {
  std::vector<std::vector<int64_t>> all;
  auto attr = main->getAttrOfType<ArrayAttr>("test.sizes");
  if (!attr)
    return {{}};
  for (Attribute run : attr) {
    all.emplace_back();
    for (Attribute size : cast<ArrayAttr>(run))
      all.back().push_back(cast<IntegerAttr>(size).getInt());
  }
  return all;
}

HostTensor KernelCase::makeInput(unsigned number, llvm::ArrayRef<int64_t> sizes) {
  auto type = cast<RankedTensorType>(main.getArgument(number).getType());
  Type element = type.getElementType();
  SmallVector<int64_t> shape(type.getShape());
  Builder b(type.getContext());
  if (auto map = main.getArgAttrOfType<AffineMapAttr>(number, "pith.shape")) {
    SmallVector<Attribute> symbols, dims;
    for (int64_t size : sizes)
      symbols.push_back(b.getIndexAttr(size));
    EXPECT_TRUE(succeeded(map.getValue().constantFold(symbols, dims)));
    for (auto [size, dim] : llvm::zip(shape, dims))
      size = cast<IntegerAttr>(dim).getInt();
  }
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  double low = isUnsigned ? 0 : -5, high = element.isInteger(1) ? 1 : 5;
  auto range = main.getArgAttrOfType<ArrayAttr>(number, "test.range");
  if (range) {
    low = getNumber(range[0]);
    high = getNumber(range[1]);
  }
  HostTensor tensor(RankedTensorType::get(shape, element));
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> real(low, high);
  std::uniform_int_distribution<int64_t> whole(low, high);
  for (int64_t i = 0, e = tensor.getNumElements(); i < e; ++i)
    if (isa<FloatType>(element))
      tensor.setDouble(i, range ? real(random) : normal(random));
    else
      tensor.setInt(i, whole(random));
  if (auto values = main.getArgAttrOfType<ArrayAttr>(number, "test.values"))
    for (auto [i, value] : llvm::enumerate(values))
      tensor.setInt(i, cast<IntegerAttr>(value).getInt());
  return tensor;
}

void KernelCase::compare(const HostTensor &found, const HostTensor &expected) {
  Type element = expected.getElementType();
  double bound = element.isF64() ? 1e-9 : element.isF32() ? 1e-4 : element.isF16() ? 4e-3 : 3e-2;
  if (auto attr = main->getAttrOfType<FloatAttr>("test.bound"))
    bound = attr.getValueAsDouble();
  int64_t slack = 0;
  if (auto attr = main->getAttrOfType<IntegerAttr>("test.slack"))
    slack = attr.getInt();
  for (int64_t i = 0, e = expected.getNumElements(); i < e; ++i) {
    bool good;
    double x = found.getDouble(i), y = expected.getDouble(i);
    if (isa<FloatType>(element))
      good = x == y || (std::isnan(x) && std::isnan(y)) ||
             std::abs(x - y) <= bound * (1 + std::abs(y));
    else
      good = std::abs(found.getInt(i) - expected.getInt(i)) <= slack;
    if (!good) {
      ADD_FAILURE() << "element " << i << " of " << e << ": expected " << y << ", found "
                    << x;
      return;
    }
  }
}

void KernelCase::run(llvm::StringRef cpu) {
  auto model = JitModel::compile(*module, cpu);
  ASSERT_TRUE(model);
  bool mustFail = main->hasAttr("test.fails");
  for (const auto &sizes : getSizes()) {
    SCOPED_TRACE(testing::PrintToString(sizes));
    std::vector<HostTensor> inputs;
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      inputs.push_back(makeInput(i, sizes));
    if (mustFail) {
      testing::internal::CaptureStderr();
      EXPECT_TRUE(model->run(inputs, {}).empty());
      EXPECT_FALSE(testing::internal::GetCapturedStderr().empty());
      continue;
    }
    auto expected = evaluate(main, inputs);
    ASSERT_TRUE(succeeded(expected));
    SmallVector<RankedTensorType> types;
    for (const HostTensor &tensor : *expected)
      types.push_back(tensor.getType());
    std::vector<HostTensor> found = model->run(inputs, types);
    ASSERT_EQ(found.size(), expected->size());
    for (auto [x, y] : llvm::zip(found, *expected))
      compare(x, y);
  }
}

/// A group of cases, and the processor to compile for.
struct Group {
  const char *name;
  const char *cpu;
};

class KernelCases : public testing::TestWithParam<Group> {};

TEST_P(KernelCases, AgreeWithTheReference) {
  if (!canRun(GetParam().cpu))
    GTEST_SKIP() << "this machine cannot run code for " << GetParam().cpu;
  DialectRegistry registry;
  registerPithDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  context.allowUnregisteredDialects(); // test.… attributes
  auto file = llvm::MemoryBuffer::getFile(PITH_KERNEL_CASES);
  ASSERT_TRUE(bool(file));
  SmallVector<llvm::StringRef> texts;
  (*file)->getBuffer().split(texts, "// -----");
  unsigned count = 0;
  std::string group = (llvm::Twine("test.group = \"") + GetParam().name + "\"").str();
  for (llvm::StringRef text : texts) {
    if (!text.contains(group))
      continue;
    auto module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text.str();
    KernelCase test(std::move(module));
    SCOPED_TRACE(test.getName());
    test.run(GetParam().cpu);
    ++count;
  }
  EXPECT_GT(count, 0u);
}

static std::string nameOf(const testing::TestParamInfo<Group> &info) {
  std::string name = info.param.name;
  if (llvm::StringRef(info.param.cpu) != "native")
    name += "OfOtherWidth";
  return name;
}

INSTANTIATE_TEST_SUITE_P(Groups, KernelCases,
                         testing::Values(Group{"products", "native"},
                                         Group{"attention", "native"},
                                         Group{"interpolation", "native"},
                                         Group{"pooling", "native"},
                                         Group{"norms", "native"},
                                         Group{"reductions", "native"},
                                         Group{"indexing", "native"},
                                         Group{"movement", "native"},
                                         Group{"elementwise", "native"}),
                         nameOf);
#ifdef __x86_64__
// Vectors of four.
INSTANTIATE_TEST_SUITE_P(Narrow, KernelCases,
                         testing::Values(Group{"products", "x86-64-v2"},
                                         Group{"attention", "x86-64-v2"},
                                         Group{"movement", "x86-64-v2"}),
                         nameOf);
#endif

// The runtime's library has a main, too.
int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
