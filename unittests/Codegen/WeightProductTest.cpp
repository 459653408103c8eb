//===- WeightProductTest.cpp - Products with quantized weights ------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Float or rounded activations times quantized weights, for formats, group sizes,
// row counts and processors that take different paths. The bound for integer
// kernels is the one that lib/Codegen/CPU/Contraction/IntegerProduct.cpp states;
// float kernels round every product.
//
//===----------------------------------------------------------------------===//

#include "JitModel.h"
#include "pith/Codegen/Passes.h"
#include "pith/Compression/Compression.h"
#include "pith/Compression/Quantization/QuantizationOps.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace mlir;
using namespace pith;

namespace {

struct ProductCase {
  const char *name;
  int64_t rows, reduction, outputs;
  unsigned bits = 4;
  int64_t group = 32;
  int64_t leftGroup = 32;
  bool hasZeros = false;
  bool isUnsigned = false;   ///< weight codes
  bool isDynamic = false;    ///< number of rows known only at run time
  bool fromUnsigned = false; ///< activations are u8 codes with one zero point
  unsigned scaleBits = 16;
  bool hasEpilogue = false;
  bool floatLeft = false; ///< activations are not rounded
  /// Rounded sums per element: one per group in integer kernels; 0: all of them.
  int64_t roundings = 0;
  const char *cpu = "native";
};

void PrintTo(const ProductCase &c, std::ostream *os) { *os << c.name; }

class QuantizedModels : public testing::Test {
public:
  QuantizedModels() {
    DialectRegistry registry;
    registry.insert<PithDialect, affine::AffineDialect, arith::ArithDialect,
                    cf::ControlFlowDialect, func::FuncDialect, index::IndexDialect,
                    LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                    scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
    registerCompressionFamilies(registry);
    registerKernelModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

protected:
  float uniform(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random);
  }
  HostTensor integers(ArrayRef<int64_t> shape, Type type, int64_t low, int64_t high) {
    HostTensor tensor(RankedTensorType::get(shape, type));
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      tensor.setInt(i, std::uniform_int_distribution<int64_t>(low, high)(random));
    return tensor;
  }
  HostTensor floats(ArrayRef<int64_t> shape, Type type, float low, float high) {
    HostTensor tensor(RankedTensorType::get(shape, type));
    for (int64_t i = 0; i < tensor.getNumElements(); ++i)
      tensor.setDouble(i, uniform(low, high));
    return tensor;
  }
  Value constant(OpBuilder &b, const HostTensor &tensor) {
    std::string name = "c" + std::to_string(counter++);
    return ConstantOp::create(b, b.getUnknownLoc(), tensor.getType(),
                              tensor.toAttribute(name, 0), StringAttr());
  }
  OwningOpRef<ModuleOp> build(const ProductCase &c);
  void makeOperands(const ProductCase &c);
  void quantize(const ProductCase &c);

  MLIRContext context;
  std::mt19937 random{7};
  int counter = 0;
  HostTensor codes, scales, zeros, bias, input;
  HostTensor leftScale, leftZero; ///< given ones
  /// The activations' codes without zero point, and their scales by group.
  std::vector<double> leftCodes;
  std::vector<float> leftScales;
};

class WeightProduct : public QuantizedModels,
                      public testing::WithParamInterface<ProductCase> {};

} // namespace

void QuantizedModels::makeOperands(const ProductCase &c) {
  Builder b(&context);
  Type type = c.isUnsigned
                  ? Type(IntegerType::get(&context, c.bits, IntegerType::Unsigned))
                  : Type(IntegerType::get(&context, c.bits));
  int64_t low = c.isUnsigned ? 0 : -(1 << (c.bits - 1));
  int64_t high = c.isUnsigned ? (1 << c.bits) - 1 : (1 << (c.bits - 1)) - 1;
  if (c.bits == 1)
    low = 0, high = 1;
  codes = integers({c.outputs, c.reduction}, type, low, high);
  int64_t groups = c.group ? (c.reduction + c.group - 1) / c.group : 1;
  Type scaleType = c.scaleBits == 16 ? Type(b.getF16Type()) : Type(b.getF32Type());
  scales = floats({c.outputs, groups}, scaleType, 0.01f, 0.05f);
  if (c.hasZeros)
    zeros = integers({c.outputs, groups}, type, low, high);
  bias = floats({c.outputs}, b.getF32Type(), -1, 1);
  if (c.fromUnsigned) {
    Type byte = IntegerType::get(&context, 8, IntegerType::Unsigned);
    input = integers({c.rows, c.reduction}, byte, 0, 255);
    leftScale = floats({1}, b.getF32Type(), 0.02f, 0.03f);
    leftZero = integers({1}, byte, 100, 140);
  } else {
    input = floats({c.rows, c.reduction}, b.getF32Type(), -3, 3);
    // A group without a scale of its own.
    for (int64_t k = 0; k < std::min<int64_t>(32, c.reduction); ++k)
      input.setDouble((c.rows - 1) * c.reduction + k, 0);
  }
}

OwningOpRef<ModuleOp> QuantizedModels::build(const ProductCase &c) {
  OpBuilder b(&context);
  Location loc = b.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  b.setInsertionPointToStart(module->getBody());
  int64_t rows = c.isDynamic ? ShapedType::kDynamic : c.rows;
  Type f32 = b.getF32Type();
  auto inputType = RankedTensorType::get({rows, c.reduction}, input.getElementType());
  auto realType = RankedTensorType::get({rows, c.reduction}, f32);
  auto resultType = RankedTensorType::get({rows, c.outputs}, f32);
  auto main = func::FuncOp::create(b, loc, "main",
                                   b.getFunctionType({inputType}, {resultType}));
  Block *block = main.addEntryBlock();
  b.setInsertionPointToStart(block);
  Value left = block->getArgument(0);
  if (c.isDynamic) {
    main->setAttr("pith.symbols", b.getStrArrayAttr({"m"}));
    SmallVector<AffineExpr> dims{b.getAffineSymbolExpr(0),
                                 b.getAffineConstantExpr(c.reduction)};
    main.setArgAttr(0, "pith.shape",
                    AffineMapAttr::get(AffineMap::get(0, 1, dims, &context)));
  }
  if (c.floatLeft) {
    // As they are.
  } else if (c.fromUnsigned) {
    left = DequantizeOp::create(b, loc, realType, left, constant(b, leftScale),
                                constant(b, leftZero), 1, 0);
  } else {
    int64_t groups = c.leftGroup ? (c.reduction + c.leftGroup - 1) / c.leftGroup : 1;
    auto rounded = DynamicQuantizeOp::create(
        b, loc, RankedTensorType::get({rows, c.reduction}, b.getI8Type()),
        RankedTensorType::get({rows, groups}, f32), left, c.leftGroup);
    left = DequantizeOp::create(b, loc, realType, rounded.getCodes(),
                                rounded.getScales(), Value(), 1, c.leftGroup);
  }
  Value weight = DequantizeOp::create(
      b, loc, RankedTensorType::get({c.outputs, c.reduction}, f32),
      constant(b, codes), constant(b, scales),
      c.hasZeros ? constant(b, zeros) : Value(), 1, c.group);
  Value result = MatMulOp::create(b, loc, resultType, left, weight, true);
  if (c.hasEpilogue) {
    result = AddOp::create(b, loc, resultType, result, constant(b, bias));
    result = ReluOp::create(b, loc, resultType, result);
  }
  func::ReturnOp::create(b, loc, result);
  return module;
}

/// The definition of pith.dynamic_quantize, or the codes that were given.
void QuantizedModels::quantize(const ProductCase &c) {
  leftCodes.resize(c.rows * c.reduction);
  leftScales.resize(c.rows * c.reduction);
  int64_t size = c.leftGroup ? c.leftGroup : c.reduction;
  for (int64_t m = 0; m < c.rows; ++m)
    for (int64_t from = 0; from < c.reduction; from += size) {
      int64_t to = std::min(from + size, c.reduction);
      float peak = 0;
      for (int64_t k = from; k < to; ++k)
        peak = std::max(peak, std::fabs(float(input.getDouble(m * c.reduction + k))));
      float scale = peak == 0 ? 1.0f : peak / 127.0f;
      for (int64_t k = from; k < to; ++k) {
        int64_t at = m * c.reduction + k;
        if (c.floatLeft) {
          leftCodes[at] = input.getDouble(at);
          leftScales[at] = 1;
          continue;
        }
        if (c.fromUnsigned) {
          leftCodes[at] = int(input.getInt(at) - leftZero.getInt(0));
          leftScales[at] = float(leftScale.getDouble(0));
          continue;
        }
        float x = std::nearbyint(float(input.getDouble(at)) / scale);
        leftCodes[at] = int(std::min(127.0f, std::max(-127.0f, x)));
        leftScales[at] = scale;
      }
    }
}

TEST_P(WeightProduct, MatchesDefinition) {
  const ProductCase &c = GetParam();
  if (!canRun(c.cpu))
    GTEST_SKIP() << "this machine cannot run code for " << c.cpu;
  makeOperands(c);
  quantize(c);
  OwningOpRef<ModuleOp> module = build(c);
  ASSERT_TRUE(succeeded(verify(*module)));
  auto model = JitModel::compile(*module, c.cpu);
  ASSERT_TRUE(model);
  auto type = RankedTensorType::get({c.rows, c.outputs}, bias.getElementType());
  std::vector<HostTensor> results = model->run({input}, {type});
  ASSERT_EQ(results.size(), 1u);

  int64_t columns = scales.getShape()[1];
  for (int64_t m = 0; m < c.rows; ++m)
    for (int64_t n = 0; n < c.outputs; ++n) {
      double sum = 0, size = 0;
      for (int64_t k = 0; k < c.reduction; ++k) {
        int64_t column = n * columns + (c.group ? k / c.group : 0);
        int64_t code = codes.getInt(n * c.reduction + k);
        if (c.bits == 1 && !c.isUnsigned)
          code = code ? 1 : -1;
        double w = code - (c.hasZeros ? zeros.getInt(column) : 0);
        double part = w * scales.getDouble(column) * leftCodes[m * c.reduction + k] *
                      leftScales[m * c.reduction + k];
        sum += part;
        size += std::fabs(part);
      }
      if (c.hasEpilogue)
        sum = std::max(0.0, sum + bias.getDouble(n));
      double roundings = c.roundings ? c.roundings : c.reduction;
      double bound = (roundings + 2) * std::ldexp(size + 1, -24);
      ASSERT_NEAR(results[0].getDouble(m * c.outputs + n), sum, bound)
          << "row " << m << ", output " << n;
    }
}


namespace {
/// A case is described by what differs from int4 in groups of 32 on both sides.
struct Case : ProductCase {
  Case(const char *name, int64_t rows, int64_t reduction, int64_t outputs)
      : ProductCase{name, rows, reduction, outputs} {}
  Case &codes(unsigned width, int64_t size) {
    bits = width;
    group = leftGroup = size;
    return *this;
  }
  Case &left(int64_t size) { return leftGroup = size, *this; }
  Case &unsignedCodes() { return isUnsigned = true, *this; }
  Case &zeroPoints() { return hasZeros = true, *this; }
  Case &dynamic() { return isDynamic = true, *this; }
  Case &epilogue() { return hasEpilogue = true, *this; }
  Case &singleScales() { return scaleBits = 32, *this; }
  /// Activations of a profile: u8 codes.
  Case &given() { return fromUnsigned = true, leftGroup = 0, *this; }
  Case &real() { return floatLeft = true, *this; }
  Case &on(const char *name) { return cpu = name, *this; }
  Case &sums(int64_t count) { return roundings = count, *this; }
};
} // namespace

static std::vector<ProductCase> makeCases() {
  std::vector<Case> cases{
      // Row counts: one tile of any height, tiles and a rest.
      Case("one_row", 1, 128, 64).sums(4),
      Case("three_rows", 3, 128, 64).sums(4),
      Case("six_rows", 6, 64, 70).sums(2),
      Case("rest_rows", 19, 96, 33).sums(3),
      Case("long_groups", 17, 512, 64).codes(4, 128).sums(4),
      Case("dynamic_one_row", 1, 128, 64).dynamic().sums(4),
      Case("dynamic_rows", 23, 128, 64).codes(4, 64).dynamic().sums(2),
      Case("dynamic_many_rows", 300, 132, 40).codes(8, 0).dynamic().sums(1),
      // Sizes that fill nothing.
      Case("short_last_group", 5, 100, 40).sums(4),
      Case("odd_reduction", 2, 77, 20).codes(4, 0).sums(1),
      Case("few_outputs", 9, 64, 3).sums(2),
      // Formats.
      Case("int8", 12, 160, 64).codes(8, 0).sums(1),
      Case("int8_one_row", 1, 1000, 64).codes(8, 0).sums(1),
      Case("int7", 1, 128, 64).codes(7, 64).sums(2),
      Case("int6_zeros", 6, 128, 64).codes(6, 64).zeroPoints().sums(2),
      Case("int5", 6, 128, 64).codes(5, 64).sums(2),
      Case("int3", 10, 256, 64).codes(3, 64).sums(4),
      Case("int2", 10, 256, 64).codes(2, 64).sums(4),
      Case("int1", 10, 256, 64).codes(1, 64).sums(4),
      Case("zeros", 9, 128, 48).zeroPoints().sums(4),
      Case("uint4_zeros", 1, 128, 48).codes(4, 64).unsignedCodes().zeroPoints().sums(2),
      Case("uint8_zeros", 4, 128, 32).codes(8, 0).unsignedCodes().zeroPoints().sums(1),
      Case("float_scales", 3, 128, 64).singleScales().sums(4),
      Case("epilogue", 5, 64, 50).epilogue().sums(3),
      // Groups that differ.
      Case("groups_of_activation", 7, 256, 32).codes(8, 0).left(64).sums(4),
      Case("groups_of_weight", 7, 256, 32).codes(4, 128).left(32).sums(8),
      Case("scales_per_row", 7, 256, 32).codes(4, 64).left(0).sums(4),
      Case("given_codes", 9, 128, 64).codes(8, 0).given().sums(1),
      Case("given_codes_zeros", 3, 100, 40).zeroPoints().given().sums(4),
  };
  size_t common = cases.size();
  for (const char *cpu : {"x86-64-v4", "x86-64-v3", "x86-64-v2"})
    for (size_t i = 0; i < common; ++i)
      if (i % 3 == 0 || cases[i].bits == 8)
        cases.push_back(Case(cases[i]).on(cpu));
  // What only float kernels do: groups that hold no whole units, and activations
  // that are not rounded.
  for (const char *cpu : {"native", "x86-64-v3"}) {
    cases.push_back(Case("float_group_of_20", 5, 120, 40).codes(4, 20).on(cpu));
    cases.push_back(Case("float_one_row", 1, 128, 64).real().on(cpu));
    cases.push_back(Case("float_rows", 21, 160, 70).real().on(cpu));
    for (unsigned bits = 1; bits <= 8; ++bits)
      cases.push_back(Case("float_code", 3, 128, 40).codes(bits, 64).real().on(cpu));
    // Each width in words: one row and some, whole units and a rest, groups that hold
    // no whole units.
    for (unsigned bits = 1; bits <= 7; ++bits) {
      cases.push_back(Case("word_one_row", 1, 96, 70).codes(bits, 32).real().on(cpu));
      cases.push_back(Case("word_rows", 5, 77, 33).codes(bits, 0).real().on(cpu));
      cases.push_back(Case("word_tiles", 37, 192, 50).codes(bits, 64).real().on(cpu));
      cases.push_back(Case("word_group_of_24", 4, 84, 24).codes(bits, 24).real().on(cpu));
      cases.push_back(Case("word_unsigned", 1, 100, 40)
                          .codes(bits, 0)
                          .unsignedCodes()
                          .zeroPoints()
                          .real()
                          .on(cpu));
    }
  }
  // Groups that do not even hold whole bytes of codes.
  for (const char *cpu : {"native", "x86-64-v3", "x86-64-v2"})
    for (unsigned bits = 1; bits <= 7; ++bits) {
      cases.push_back(Case("byte_rows", 5, 100, 40).codes(bits, 10).real().on(cpu));
      cases.push_back(Case("byte_unsigned", 1, 77, 33)
                          .codes(bits, 7)
                          .unsignedCodes()
                          .zeroPoints()
                          .real()
                          .on(cpu));
    }
  cases.push_back(Case("float_blocks", 20, 4608, 33).codes(4, 128).real());
  return std::vector<ProductCase>(cases.begin(), cases.end());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, WeightProduct, testing::ValuesIn(makeCases()),
    [](const testing::TestParamInfo<ProductCase> &info) {
      std::string name = std::string(info.param.name) + "_" +
                         std::to_string(info.param.bits) + "_" + info.param.cpu;
      for (char &c : name)
        if (!isalnum(c))
          c = '_';
      return name;
    });

//===----------------------------------------------------------------------===//
// Which instructions
//===----------------------------------------------------------------------===//

/// Each processor gets its own dot product.
TEST_F(QuantizedModels, UseDotInstructions) {
  struct {
    const char *cpu, *triple, *instruction;
    unsigned bits;
  } expected[] = {
      {"znver4", "x86_64-linux-gnu", "llvm.x86.avx512.vpdpbusd.512", 4},
      {"alderlake", "x86_64-linux-gnu", "llvm.x86.avx512.vpdpbusd.256", 4},
      {"x86-64-v4", "x86_64-linux-gnu", "llvm.x86.avx512.pmaddubs.w.512", 4},
      {"x86-64-v4", "x86_64-linux-gnu", "llvm.x86.avx512.pmaddw.d.512", 8},
      {"x86-64-v3", "x86_64-linux-gnu", "llvm.x86.avx2.pmadd.ub.sw", 4},
      {"x86-64", "x86_64-linux-gnu", "llvm.x86.sse2.pmadd.wd", 4},
      {"neoverse-n1", "aarch64-linux-gnu", "llvm.aarch64.neon.sdot", 8},
  };
  for (auto &want : expected) {
    auto c = ProductCase{"", 4, 128, 64};
    c.bits = want.bits;
    makeOperands(c);
    OwningOpRef<ModuleOp> module = build(c);
    auto target = TargetDescription::get(want.cpu, want.triple);
    ASSERT_TRUE(bool(target)) << llvm::toString(target.takeError());
    auto program = outlineKernels(*module);
    ASSERT_TRUE(succeeded(program));
    llvm::StringMap<KernelPlan> plans;
    auto tasks = emitKernels(**program, *target, plans);
    ASSERT_TRUE(succeeded(tasks));
    bool found = false;
    (*tasks)->walk([&](LLVM::CallIntrinsicOp op) {
      found |= op.getIntrin() == want.instruction;
    });
    EXPECT_TRUE(found) << want.instruction << " for " << want.cpu;
  }
}

//===----------------------------------------------------------------------===//
// Rounding activations
//===----------------------------------------------------------------------===//

/// Codes and scales of pith.dynamic_quantize, bit for bit: ties, zeros, long and
/// short groups.
TEST_F(QuantizedModels, DynamicQuantizeIsExact) {
  for (auto [size, length] : {std::pair<int64_t, int64_t>{0, 100}, {32, 96}, {24, 77},
                              {128, 300}}) {
    ProductCase c{"", 5, length, 1};
    c.leftGroup = size;
    makeOperands(c);
    // The largest is 127, so that halves are ties.
    input.setDouble(0, 127);
    for (int64_t k = 1; k < 16; ++k)
      input.setDouble(k, k - 8.5);
    quantize(c);

    OpBuilder b(&context);
    Location loc = b.getUnknownLoc();
    OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
    b.setInsertionPointToStart(module->getBody());
    int64_t groups = size ? (length + size - 1) / size : 1;
    RankedTensorType codeType = RankedTensorType::get({5, length}, b.getI8Type());
    RankedTensorType scaleType = RankedTensorType::get({5, groups}, b.getF32Type());
    auto main = func::FuncOp::create(
        b, loc, "main", b.getFunctionType({input.getType()}, {codeType, scaleType}));
    b.setInsertionPointToStart(main.addEntryBlock());
    auto op = DynamicQuantizeOp::create(b, loc, codeType, scaleType,
                                        main.getArgument(0), size);
    func::ReturnOp::create(b, loc, op.getResults());
    auto model = JitModel::compile(*module);
    ASSERT_TRUE(model);
    auto results = model->run({input}, {codeType, scaleType});
    ASSERT_EQ(results.size(), 2u);
    for (int64_t i = 0; i < 5 * length; ++i) {
      int64_t group = size ? i % length / size : 0;
      ASSERT_EQ(results[0].getInt(i), leftCodes[i]) << "element " << i;
      ASSERT_EQ(float(results[1].getDouble(i / length * groups + group)),
                leftScales[i]);
    }
  }
}

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
