//===- Elementwise.cpp - Operators with one result element per position -===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operand shapes broadcast alike in ONNX and in the dialect, from operator set
// 7 on; before, an attribute said how, and such versions are refused.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Tensors.h"

using namespace mlir;
using namespace pith;

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

template <typename Op>
static void importUnary(Node &node) {
  Value x = node.getOperand(0);
  node.setResult(0, node.create<Op>(node.getElementType(x), x));
}

/// Ops whose only parameter is `alpha`.
template <typename Op>
static void importWithAlpha(Node &node, float otherwise) {
  Value x = node.getOperand(0);
  APFloat alpha(node.getFloat("alpha", otherwise));
  node.setResult(0, node.create<Op>(node.getElementType(x), x, alpha));
}
static void importLeakyRelu(Node &node) { importWithAlpha<LeakyReluOp>(node, 0.01f); }
static void importElu(Node &node) { importWithAlpha<EluOp>(node, 1.0f); }
static void importCelu(Node &node) { importWithAlpha<CeluOp>(node, 1.0f); }
static void importSwish(Node &node) { importWithAlpha<SwishOp>(node, 1.0f); }
static void importThresholdedRelu(Node &node) {
  importWithAlpha<ThresholdedReluOp>(node, 1.0f);
}

static void importSelu(Node &node) {
  Value x = node.getOperand(0);
  APFloat alpha(node.getFloat("alpha", 1.67326319217681884765625f));
  APFloat gamma(node.getFloat("gamma", 1.05070102214813232421875f));
  node.setResult(0, node.create<SeluOp>(node.getElementType(x), x, alpha, gamma));
}

static void importHardSigmoid(Node &node) {
  Value x = node.getOperand(0);
  APFloat alpha(node.getFloat("alpha", 0.2f)), beta(node.getFloat("beta", 0.5f));
  node.setResult(0, node.create<HardSigmoidOp>(node.getElementType(x), x, alpha, beta));
}

/// Integers are computed with the parameters' own values cut to integers.
static void importShrink(Node &node) {
  Value x = node.getOperand(0);
  APFloat bias(node.getFloat("bias", 0.0f)), lambd(node.getFloat("lambd", 0.5f));
  node.setResult(0, node.create<ShrinkOp>(node.getElementType(x), x, bias, lambd));
}

static void importGelu(Node &node) {
  Value x = node.getOperand(0);
  bool approximate = node.getString("approximate", "none") == "tanh";
  node.setResult(0, node.create<GeluOp>(node.getElementType(x), x, approximate));
}

static void importIsNan(Node &node) {
  Type boolean = node.getBuilder().getI1Type();
  node.setResult(0, node.create<IsNanOp>(boolean, node.getOperand(0)));
}

static void importIsInf(Node &node) {
  Type boolean = node.getBuilder().getI1Type();
  node.setResult(0, node.create<IsInfOp>(boolean, node.getOperand(0),
                                         node.getInt("detect_positive", 1) != 0,
                                         node.getInt("detect_negative", 1) != 0));
}

static void importCast(Node &node) {
  int64_t to = node.getInt("to", 0);
  Type type = getElementType(int32_t(to), node.getBuilder().getContext());
  if (!type) {
    node.emitError() << "element type " << getTypeName(int32_t(to))
                     << " is not supported";
    return;
  }
  node.setResult(0, node.create<CastOp>(type, node.getOperand(0)));
}

static void importCastLike(Node &node) {
  Type type = node.getElementType(node.getOperand(1));
  node.setResult(0, node.create<CastOp>(type, node.getOperand(0)));
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

template <typename Op>
static void importBinary(Node &node) {
  Value lhs = node.getOperand(0), rhs = node.getOperand(1);
  node.setResult(0, node.create<Op>(node.getElementType(lhs), lhs, rhs));
}

template <typename Op>
static void importComparison(Node &node) {
  Type boolean = node.getBuilder().getI1Type();
  node.setResult(0, node.create<Op>(boolean, node.getOperand(0), node.getOperand(1)));
}

/// Any number of operands; the type of the exponent may differ.
static void importPow(Node &node) {
  Value base = node.getOperand(0), exponent = node.getOperand(1);
  Type type = node.getElementType(base);
  if (node.getElementType(exponent) != type && isa_and_present<FloatType>(type))
    exponent = node.create<CastOp>(type, exponent);
  node.setResult(0, node.create<PowOp>(type, base, exponent));
}

static void importMod(Node &node) {
  Value lhs = node.getOperand(0), rhs = node.getOperand(1);
  bool fmod = node.getInt("fmod", 0) != 0;
  if (!fmod && isa<FloatType>(node.getElementType(lhs))) {
    node.emitError() << "expected fmod = 1 for floating-point operands, found 0";
    return;
  }
  node.setResult(0, node.create<ModOp>(node.getElementType(lhs), lhs, rhs, fmod));
}

static void importBitShift(Node &node) {
  std::string direction = node.getString("direction", "");
  if (direction == "LEFT")
    return importBinary<ShiftLeftOp>(node);
  if (direction == "RIGHT")
    return importBinary<ShiftRightOp>(node);
  node.emitError() << "expected direction LEFT or RIGHT, found " << quote(direction);
}

//===----------------------------------------------------------------------===//
// More operands
//===----------------------------------------------------------------------===//

template <typename Op>
static Value combineAll(Node &node) {
  Value result = node.getOperand(0);
  for (Value operand : node.getOperands().drop_front())
    result = node.create<Op>(node.getElementType(result), result, operand);
  return result;
}
template <typename Op>
static void importVariadic(Node &node) {
  node.setResult(0, combineAll<Op>(node));
}

static void importMean(Node &node) {
  Value sum = combineAll<AddOp>(node);
  Type type = node.getElementType(sum);
  Value count = node.createScalar(type, double(node.getNumOperands()));
  node.setResult(0, node.create<DivOp>(type, sum, count));
}

/// A bound of Clip: an attribute before version 11, then an operand.
static Value getBound(Node &node, StringRef name, unsigned index) {
  if (node.getVersion() >= 11)
    return node.getOperand(index);
  if (!node.hasAttribute(name))
    return {};
  return node.createScalar(node.getElementType(node.getOperand(0)),
                           node.getFloat(name, 0));
}

static void importClip(Node &node) {
  Value x = node.getOperand(0);
  Type type = node.getElementType(x);
  Value low = getBound(node, "min", 1), high = getBound(node, "max", 2);
  if (low && high)
    x = node.create<ClipOp>(type, x, low, high);
  else if (low)
    x = node.create<MaxOp>(type, x, low);
  else if (high)
    x = node.create<MinOp>(type, x, high);
  node.setResult(0, x);
}

static void importWhere(Node &node) {
  Value lhs = node.getOperand(1);
  node.setResult(0, node.create<WhereOp>(node.getElementType(lhs), node.getOperand(0), lhs,
                                         node.getOperand(2)));
}

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

static const OperatorEntry kOperators[] = {
    {"Abs", 6, 13, importUnary<AbsOp>},
    {"Acos", 7, 22, importUnary<AcosOp>},
    {"Acosh", 9, 22, importUnary<AcoshOp>},
    {"Add", 7, 14, importBinary<AddOp>},
    {"And", 7, 7, importBinary<AndOp>},
    {"Asin", 7, 22, importUnary<AsinOp>},
    {"Asinh", 9, 22, importUnary<AsinhOp>},
    {"Atan", 7, 22, importUnary<AtanOp>},
    {"Atanh", 9, 22, importUnary<AtanhOp>},
    {"BitShift", 11, 11, importBitShift},
    {"BitwiseAnd", 18, 18, importBinary<BitwiseAndOp>},
    {"BitwiseNot", 18, 18, importUnary<BitwiseNotOp>},
    {"BitwiseOr", 18, 18, importBinary<BitwiseOrOp>},
    {"BitwiseXor", 18, 18, importBinary<BitwiseXorOp>},
    {"Cast", 6, 25, importCast},
    {"CastLike", 15, 25, importCastLike},
    {"Ceil", 6, 13, importUnary<CeilOp>},
    {"Celu", 12, 12, importCelu},
    {"Clip", 6, 13, importClip},
    {"Cos", 7, 22, importUnary<CosOp>},
    {"Cosh", 9, 22, importUnary<CoshOp>},
    {"Div", 7, 14, importBinary<DivOp>},
    {"Elu", 6, 22, importElu},
    {"Equal", 7, 19, importComparison<EqualOp>},
    {"Erf", 9, 13, importUnary<ErfOp>},
    {"Exp", 6, 13, importUnary<ExpOp>},
    {"Floor", 6, 13, importUnary<FloorOp>},
    {"Gelu", 20, 20, importGelu},
    {"Greater", 7, 13, importComparison<GreaterOp>},
    {"GreaterOrEqual", 12, 16, importComparison<GreaterEqualOp>},
    {"HardSigmoid", 6, 22, importHardSigmoid},
    {"HardSwish", 14, 22, importUnary<HardSwishOp>},
    {"IsInf", 10, 20, importIsInf},
    {"IsNaN", 9, 20, importIsNan},
    {"LeakyRelu", 6, 16, importLeakyRelu},
    {"Less", 7, 13, importComparison<LessOp>},
    {"LessOrEqual", 12, 16, importComparison<LessEqualOp>},
    {"Log", 6, 13, importUnary<LogOp>},
    {"Max", 6, 13, importVariadic<MaxOp>},
    {"Mean", 6, 13, importMean},
    {"Min", 6, 13, importVariadic<MinOp>},
    {"Mish", 18, 22, importUnary<MishOp>},
    {"Mod", 10, 13, importMod},
    {"Mul", 7, 14, importBinary<MulOp>},
    {"Neg", 6, 13, importUnary<NegOp>},
    {"Not", 1, 1, importUnary<NotOp>},
    {"Or", 7, 7, importBinary<OrOp>},
    {"PRelu", 7, 16, importBinary<PreluOp>},
    {"Pow", 7, 15, importPow},
    {"Reciprocal", 6, 13, importUnary<ReciprocalOp>},
    {"Relu", 6, 14, importUnary<ReluOp>},
    {"Round", 11, 22, importUnary<RoundOp>},
    {"Selu", 6, 22, importSelu},
    {"Shrink", 9, 9, importShrink},
    {"Sigmoid", 6, 13, importUnary<SigmoidOp>},
    {"Sign", 9, 13, importUnary<SignOp>},
    {"Sin", 7, 22, importUnary<SinOp>},
    {"Sinh", 9, 22, importUnary<SinhOp>},
    {"Softplus", 1, 22, importUnary<SoftplusOp>},
    {"Softsign", 1, 22, importUnary<SoftsignOp>},
    {"Sqrt", 6, 13, importUnary<SqrtOp>},
    {"Sub", 7, 14, importBinary<SubOp>},
    {"Sum", 6, 13, importVariadic<AddOp>},
    {"Swish", 24, 24, importSwish},
    {"Tan", 7, 22, importUnary<TanOp>},
    {"Tanh", 6, 13, importUnary<TanhOp>},
    {"ThresholdedRelu", 10, 22, importThresholdedRelu},
    {"Where", 9, 16, importWhere},
    {"Xor", 7, 7, importBinary<XorOp>},
};

ArrayRef<OperatorEntry> pith::getElementwiseOperators() { return kOperators; }
