//===- IntegerProductTest.cpp - Integer kernels against their meaning -----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounded activations times quantized weights, for formats, group sizes, row
// counts and processors that take different paths. The bound is the one that
// lib/Codegen/CPU/Contraction/IntegerProduct.cpp states.
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
  const char *cpu = "native";
};

void PrintTo(const ProductCase &c, std::ostream *os) { *os << c.name; }

class IntegerProduct : public testing::TestWithParam<ProductCase> {
public:
  IntegerProduct() {
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
  std::vector<int> leftCodes;
  std::vector<float> leftScales;
};

} // namespace

void IntegerProduct::makeOperands(const ProductCase &c) {
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

OwningOpRef<ModuleOp> IntegerProduct::build(const ProductCase &c) {
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
  if (c.fromUnsigned) {
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
void IntegerProduct::quantize(const ProductCase &c) {
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

TEST_P(IntegerProduct, MatchesDefinition) {
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
      double bound = (c.reduction / 8 + 4) * std::ldexp(size + 1, -24);
      ASSERT_NEAR(results[0].getDouble(m * c.outputs + n), sum, bound)
          << "row " << m << ", output " << n;
    }
}


static std::vector<ProductCase> makeCases() {
  std::vector<ProductCase> cases{
      {"int4_one_row", 1, 128, 64},
      {"int4_three_rows", 3, 128, 64},
      {"int4_six_rows", 6, 64, 70},
      {"int4_sixteen_rows", 16, 256, 96},
      {"int4_rest_rows", 19, 96, 33},
      {"int4_long_groups", 17, 512, 64, 4, 128, 128},
      {"int4_short_last_group", 5, 100, 40},
      {"int4_odd_reduction", 2, 77, 20, 4, 0, 0},
      {"int4_few_outputs", 9, 64, 3},
      {"int4_zeros", 9, 128, 48, 4, 32, 32, true},
      {"uint4_zeros_one_row", 1, 128, 48, 4, 64, 64, true, true},
      {"int8_channel", 12, 160, 64, 8, 0, 0},
      {"int8_one_row", 1, 1000, 64, 8, 0, 0},
      {"int8_many_rows", 33, 260, 64, 8, 0, 0},
      {"uint8_zeros", 4, 128, 32, 8, 0, 0, true, true},
      {"int8_groups_of_activation", 7, 256, 32, 8, 0, 64},
      {"int4_groups_of_weight", 7, 256, 32, 4, 128, 32},
      {"int4_row_scale", 7, 256, 32, 4, 64, 0},
      {"int3", 10, 256, 64, 3, 64, 64},
      {"int2", 10, 256, 64, 2, 64, 64},
      {"int1", 10, 256, 64, 1, 64, 64},
      {"int5", 6, 128, 64, 5, 64, 64},
      {"int6_zeros", 6, 128, 64, 6, 64, 64, true},
      {"int7", 1, 128, 64, 7, 64, 64},
      {"static_unsigned", 9, 128, 64, 8, 0, 0, false, false, false, true},
      {"static_unsigned_int4_zeros", 3, 100, 40, 4, 32, 0, true, false, false, true},
      {"float_scales", 3, 128, 64, 4, 32, 32, false, false, false, false, 32},
      {"epilogue", 5, 64, 50, 4, 32, 32, false, false, false, false, 16, true},
      {"dynamic_one_row", 1, 128, 64, 4, 32, 32, false, false, true},
      {"dynamic_rows", 23, 128, 64, 4, 64, 64, false, false, true},
      {"dynamic_int8", 300, 132, 40, 8, 0, 0, false, false, true},
  };
  size_t common = cases.size();
  for (const char *cpu : {"x86-64-v4", "x86-64-v3", "x86-64-v2"})
    for (size_t i = 0; i < common; ++i) {
      cases.push_back(cases[i]);
      cases.back().cpu = cpu;
    }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, IntegerProduct, testing::ValuesIn(makeCases()),
    [](const testing::TestParamInfo<ProductCase> &info) {
      std::string name = std::string(info.param.name) + "_" + info.param.cpu;
      for (char &c : name)
        if (!isalnum(c))
          c = '_';
      return name;
    });

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
