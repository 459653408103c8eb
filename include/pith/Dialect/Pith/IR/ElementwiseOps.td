//===- ElementwiseOps.td - one result element per position --------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_ELEMENTWISE_OPS_TD
#define PITH_ELEMENTWISE_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"

class Pith_ElementwiseOp<string mnemonic, list<Trait> traits = []>
    : Pith_Op<mnemonic, !listconcat(traits, [Pith_Elementwise])> {
  let results = (outs Pith_Tensor:$result);
}
class Pith_UnaryOp<string mnemonic, list<Trait> traits = []>
    : Pith_ElementwiseOp<mnemonic, traits> {
  let arguments = (ins Pith_Tensor:$input);
}
class Pith_FloatUnaryOp<string mnemonic, list<Trait> traits = []>
    : Pith_ElementwiseOp<mnemonic, traits> {
  let arguments = (ins Pith_FloatTensor:$input);
}
/// Operands broadcast as in numpy: sizes are aligned at the last axis, and an
/// axis of size 1 is repeated.
class Pith_BinaryOp<string mnemonic, list<Trait> traits = []>
    : Pith_ElementwiseOp<mnemonic, traits> {
  let arguments = (ins Pith_Tensor:$lhs, Pith_Tensor:$rhs);
}

def Pith_CeilOp : Pith_FloatUnaryOp<"ceil"> {
  let summary = "ceil of every element";
  let description = [{ `result = ⌈x⌉`, elementwise. }];
}

def Pith_FloorOp : Pith_FloatUnaryOp<"floor"> {
  let summary = "floor of every element";
  let description = [{ `result = ⌊x⌋`, elementwise. }];
}

def Pith_RoundOp : Pith_FloatUnaryOp<"round"> {
  let summary = "round of every element";
  let description = [{ `result = x rounded to the nearest integer, ties to even`, elementwise. }];
}

def Pith_SqrtOp : Pith_FloatUnaryOp<"sqrt"> {
  let summary = "sqrt of every element";
  let description = [{ `result = √x (NaN for x < 0)`, elementwise. }];
}

def Pith_ReciprocalOp : Pith_FloatUnaryOp<"reciprocal"> {
  let summary = "reciprocal of every element";
  let description = [{ `result = 1 / x`, elementwise. }];
}

def Pith_ExpOp : Pith_FloatUnaryOp<"exp"> {
  let summary = "exp of every element";
  let description = [{ `result = eˣ`, elementwise. }];
}

def Pith_LogOp : Pith_FloatUnaryOp<"log"> {
  let summary = "log of every element";
  let description = [{ `result = ln x`, elementwise. }];
}

def Pith_SinOp : Pith_FloatUnaryOp<"sin"> {
  let summary = "sin of every element";
  let description = [{ `result = sin x`, elementwise. }];
}

def Pith_CosOp : Pith_FloatUnaryOp<"cos"> {
  let summary = "cos of every element";
  let description = [{ `result = cos x`, elementwise. }];
}

def Pith_TanOp : Pith_FloatUnaryOp<"tan"> {
  let summary = "tan of every element";
  let description = [{ `result = tan x`, elementwise. }];
}

def Pith_AsinOp : Pith_FloatUnaryOp<"asin"> {
  let summary = "asin of every element";
  let description = [{ `result = arcsin x`, elementwise. }];
}

def Pith_AcosOp : Pith_FloatUnaryOp<"acos"> {
  let summary = "acos of every element";
  let description = [{ `result = arccos x`, elementwise. }];
}

def Pith_AtanOp : Pith_FloatUnaryOp<"atan"> {
  let summary = "atan of every element";
  let description = [{ `result = arctan x`, elementwise. }];
}

def Pith_SinhOp : Pith_FloatUnaryOp<"sinh"> {
  let summary = "sinh of every element";
  let description = [{ `result = sinh x`, elementwise. }];
}

def Pith_CoshOp : Pith_FloatUnaryOp<"cosh"> {
  let summary = "cosh of every element";
  let description = [{ `result = cosh x`, elementwise. }];
}

def Pith_TanhOp : Pith_FloatUnaryOp<"tanh"> {
  let summary = "tanh of every element";
  let description = [{ `result = tanh x`, elementwise. }];
}

def Pith_AsinhOp : Pith_FloatUnaryOp<"asinh"> {
  let summary = "asinh of every element";
  let description = [{ `result = arsinh x`, elementwise. }];
}

def Pith_AcoshOp : Pith_FloatUnaryOp<"acosh"> {
  let summary = "acosh of every element";
  let description = [{ `result = arcosh x`, elementwise. }];
}

def Pith_AtanhOp : Pith_FloatUnaryOp<"atanh"> {
  let summary = "atanh of every element";
  let description = [{ `result = artanh x`, elementwise. }];
}

def Pith_ErfOp : Pith_FloatUnaryOp<"erf"> {
  let summary = "erf of every element";
  let description = [{ `result = (2/√π) ∫₀ˣ e^(−t²) dt`, elementwise. }];
}

def Pith_SigmoidOp : Pith_FloatUnaryOp<"sigmoid"> {
  let summary = "sigmoid of every element";
  let description = [{ `result = 1 / (1 + e^(−x))`, elementwise. }];
}

def Pith_SoftplusOp : Pith_FloatUnaryOp<"softplus"> {
  let summary = "softplus of every element";
  let description = [{ `result = ln(1 + eˣ)`, elementwise. }];
}

def Pith_SoftsignOp : Pith_FloatUnaryOp<"softsign"> {
  let summary = "softsign of every element";
  let description = [{ `result = x / (1 + |x|)`, elementwise. }];
}

def Pith_HardSwishOp : Pith_FloatUnaryOp<"hard_swish"> {
  let summary = "hard swish of every element";
  let description = [{ `result = x · max(0, min(1, x/6 + 1/2))`, elementwise. }];
}

def Pith_MishOp : Pith_FloatUnaryOp<"mish"> {
  let summary = "mish of every element";
  let description = [{ `result = x · tanh(ln(1 + eˣ))`, elementwise. }];
}

def Pith_AbsOp : Pith_UnaryOp<"abs"> {
  let summary = "abs of every element";
  let description = [{ `result = |x|; wraps around for the smallest signed integer`, elementwise. }];
}

def Pith_NegOp : Pith_UnaryOp<"neg"> {
  let summary = "neg of every element";
  let description = [{ `result = −x; integers wrap around`, elementwise. }];
}

def Pith_SignOp : Pith_UnaryOp<"sign"> {
  let summary = "sign of every element";
  let description = [{ `result = −1, 0 or 1 as x is negative, zero or positive; NaN stays NaN`, elementwise. }];
}

def Pith_ReluOp : Pith_UnaryOp<"relu"> {
  let summary = "relu of every element";
  let description = [{ `result = max(x, 0); NaN stays NaN`, elementwise. }];
}

def Pith_NotOp : Pith_UnaryOp<"not"> {
  let summary = "not of every element";
  let description = [{ `result = ¬x on booleans`, elementwise. }];
}

def Pith_BitwiseNotOp : Pith_UnaryOp<"bitwise_not"> {
  let summary = "bitwise not of every element";
  let description = [{ `result = ~x on integers`, elementwise. }];
}

def Pith_IsNanOp : Pith_FloatUnaryOp<"is_nan"> {
  let summary = "whether every element is NaN";
  let description = [{ `result = (x ≠ x)`, a boolean tensor. }];
}

def Pith_IsInfOp : Pith_FloatUnaryOp<"is_inf"> {
  let summary = "whether every element is infinite";
  let description = [{ `result = (x = +∞ and detect_positive) or (x = −∞ and detect_negative)`. }];
  let arguments = (ins Pith_FloatTensor:$input,
    DefaultValuedAttr<BoolAttr, "true">:$detect_positive,
    DefaultValuedAttr<BoolAttr, "true">:$detect_negative);
}

def Pith_LeakyReluOp : Pith_FloatUnaryOp<"leaky_relu"> {
  let summary = "leaky relu of every element";
  let description = [{ `result = x if x ≥ 0, else alpha · x`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "0.01f">:$alpha);
}

def Pith_EluOp : Pith_FloatUnaryOp<"elu"> {
  let summary = "elu of every element";
  let description = [{ `result = x if x ≥ 0, else alpha · (eˣ − 1)`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "1.0f">:$alpha);
}

def Pith_SeluOp : Pith_FloatUnaryOp<"selu"> {
  let summary = "selu of every element";
  let description = [{ `result = gamma · x if x > 0, else gamma · alpha · (eˣ − 1)`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "1.67326319217681884765625f">:$alpha, DefaultValuedAttr<F32Attr, "1.05070102214813232421875f">:$gamma);
}

def Pith_CeluOp : Pith_FloatUnaryOp<"celu"> {
  let summary = "celu of every element";
  let description = [{ `result = max(0, x) + min(0, alpha · (e^(x / alpha) − 1))`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "1.0f">:$alpha);
}

def Pith_HardSigmoidOp : Pith_FloatUnaryOp<"hard_sigmoid"> {
  let summary = "hard sigmoid of every element";
  let description = [{ `result = max(0, min(1, alpha · x + beta))`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "0.2f">:$alpha, DefaultValuedAttr<F32Attr, "0.5f">:$beta);
}

def Pith_ThresholdedReluOp : Pith_FloatUnaryOp<"thresholded_relu"> {
  let summary = "thresholded relu of every element";
  let description = [{ `result = x if x > alpha, else 0`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "1.0f">:$alpha);
}

def Pith_SwishOp : Pith_FloatUnaryOp<"swish"> {
  let summary = "swish of every element";
  let description = [{ `result = x / (1 + e^(−alpha · x)); alpha = 1 is SiLU`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "1.0f">:$alpha);
}

def Pith_ShrinkOp : Pith_FloatUnaryOp<"shrink"> {
  let summary = "shrink of every element";
  let description = [{ `result = x + bias if x < −lambd, x − bias if x > lambd, else 0`, elementwise. }];
  let arguments = (ins Pith_FloatTensor:$input, DefaultValuedAttr<F32Attr, "0.0f">:$bias, DefaultValuedAttr<F32Attr, "0.5f">:$lambd);
}

def Pith_GeluOp : Pith_FloatUnaryOp<"gelu"> {
  let summary = "Gaussian error linear unit of every element";
  let description = [{
    `result = x/2 · (1 + erf(x/√2))`, or with `approximate` (the tanh form)
    `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`.
  }];
  let arguments = (ins Pith_FloatTensor:$input, UnitAttr:$approximate);
}

def Pith_CastOp : Pith_UnaryOp<"cast"> {
  let summary = "every element converted to another type";
  let description = [{
    Float to float: rounds to nearest, ties to even. Float to integer: truncates
    towards zero; values that do not fit give an unspecified value. Integer to
    integer: keeps the low bits, extends by the sign of the source type.
    To boolean: `x ≠ 0`. From boolean: 0 or 1.
  }];
}

def Pith_ClipOp : Pith_ElementwiseOp<"clip"> {
  let summary = "every element limited to a range";
  let description = [{
    `result = min(max(x, low), high)`; NaN stays NaN. `low` and `high` are
    broadcast scalars.
  }];
  let arguments = (ins Pith_Tensor:$input, Pith_Tensor:$low, Pith_Tensor:$high);
}

def Pith_WhereOp : Pith_ElementwiseOp<"where"> {
  let summary = "elements chosen by a condition";
  let description = [{ `result = condition ? lhs : rhs`; all three broadcast. }];
  let arguments = (ins Pith_Tensor:$condition, Pith_Tensor:$lhs, Pith_Tensor:$rhs);
}

def Pith_PreluOp : Pith_BinaryOp<"prelu"> {
  let summary = "leaky relu with a slope per element";
  let description = [{ `result = lhs if lhs ≥ 0, else lhs · rhs`; `rhs` broadcasts to `lhs`. }];
}

def Pith_AddOp : Pith_BinaryOp<"add", [Commutative]> {
  let summary = "elementwise add";
  let description = [{ `result = lhs + rhs`. }];
}

def Pith_SubOp : Pith_BinaryOp<"sub"> {
  let summary = "elementwise sub";
  let description = [{ `result = lhs − rhs`. }];
}

def Pith_MulOp : Pith_BinaryOp<"mul", [Commutative]> {
  let summary = "elementwise mul";
  let description = [{ `result = lhs · rhs`. }];
}

def Pith_DivOp : Pith_BinaryOp<"div"> {
  let summary = "elementwise div";
  let description = [{ `result = lhs / rhs; integers truncate towards zero, and division by zero gives an unspecified value`. }];
}

def Pith_PowOp : Pith_BinaryOp<"pow"> {
  let summary = "elementwise pow";
  let description = [{ `result = lhs ^ rhs, in the type of lhs`. }];
}

def Pith_MinOp : Pith_BinaryOp<"min", [Commutative]> {
  let summary = "elementwise min";
  let description = [{ `result = the smaller one; NaN if either is NaN`. }];
}

def Pith_MaxOp : Pith_BinaryOp<"max", [Commutative]> {
  let summary = "elementwise max";
  let description = [{ `result = the larger one; NaN if either is NaN`. }];
}

def Pith_AndOp : Pith_BinaryOp<"and", [Commutative]> {
  let summary = "elementwise and";
  let description = [{ `result = lhs ∧ rhs on booleans`. }];
}

def Pith_OrOp : Pith_BinaryOp<"or", [Commutative]> {
  let summary = "elementwise or";
  let description = [{ `result = lhs ∨ rhs on booleans`. }];
}

def Pith_XorOp : Pith_BinaryOp<"xor", [Commutative]> {
  let summary = "elementwise xor";
  let description = [{ `result = lhs ≠ rhs on booleans`. }];
}

def Pith_BitwiseAndOp : Pith_BinaryOp<"bitwise_and", [Commutative]> {
  let summary = "elementwise bitwise and";
  let description = [{ `result = lhs & rhs`. }];
}

def Pith_BitwiseOrOp : Pith_BinaryOp<"bitwise_or", [Commutative]> {
  let summary = "elementwise bitwise or";
  let description = [{ `result = lhs | rhs`. }];
}

def Pith_BitwiseXorOp : Pith_BinaryOp<"bitwise_xor", [Commutative]> {
  let summary = "elementwise bitwise xor";
  let description = [{ `result = lhs ^ rhs (bits)`. }];
}

def Pith_ShiftLeftOp : Pith_BinaryOp<"shift_left"> {
  let summary = "elementwise shift left";
  let description = [{ `result = lhs · 2^rhs, low bits kept; 0 where rhs is at least the width`. }];
}

def Pith_ShiftRightOp : Pith_BinaryOp<"shift_right"> {
  let summary = "elementwise shift right";
  let description = [{ `result = ⌊lhs / 2^rhs⌋ on unsigned integers; 0 where rhs is at least the width`. }];
}

def Pith_ModOp : Pith_BinaryOp<"mod"> {
  let summary = "elementwise remainder";
  let description = [{
    With `fmod` the remainder of the division truncated towards zero (sign of
    `lhs`), else of the floored division (sign of `rhs`, integers only).
  }];
  let arguments = (ins Pith_Tensor:$lhs, Pith_Tensor:$rhs, UnitAttr:$fmod);
}

def Pith_EqualOp : Pith_BinaryOp<"equal", [Commutative]> {
  let summary = "elementwise comparison";
  let description = [{ `result = (lhs = rhs)`, a boolean tensor; false where an operand is NaN. }];
}

def Pith_LessOp : Pith_BinaryOp<"less"> {
  let summary = "elementwise comparison";
  let description = [{ `result = (lhs < rhs)`, a boolean tensor; false where an operand is NaN. }];
}

def Pith_LessEqualOp : Pith_BinaryOp<"less_equal"> {
  let summary = "elementwise comparison";
  let description = [{ `result = (lhs ≤ rhs)`, a boolean tensor; false where an operand is NaN. }];
}

def Pith_GreaterOp : Pith_BinaryOp<"greater"> {
  let summary = "elementwise comparison";
  let description = [{ `result = (lhs > rhs)`, a boolean tensor; false where an operand is NaN. }];
}

def Pith_GreaterEqualOp : Pith_BinaryOp<"greater_equal"> {
  let summary = "elementwise comparison";
  let description = [{ `result = (lhs ≥ rhs)`, a boolean tensor; false where an operand is NaN. }];
}

#endif // PITH_ELEMENTWISE_OPS_TD
