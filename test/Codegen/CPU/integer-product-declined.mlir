// Groups of 20 hold no whole number of units of 8 codes, so rounded activations are
// multiplied as floats, and a remark says why.

// RUN: pithc %s -v --emit=asm --cpu=znver4 -o %t.s 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=ASM < %t.s

// CHECK: groups do not hold whole units of codes
// ASM-NOT: vpdpbusd
// ASM: vfmadd

func.func @main(%x: tensor<4x40xf32>) -> tensor<4x8xf32> {
  %q, %s = pith.dynamic_quantize %x {group_size = 20 : i64}
    : (tensor<4x40xf32>) -> (tensor<4x40xi8>, tensor<4x2xf32>)
  %a = pith.dequantize %q, %s {axis = 1 : i64, group_size = 20 : i64}
    : (tensor<4x40xi8>, tensor<4x2xf32>) -> tensor<4x40xf32>
  %codes = pith.constant dense_resource<codes> : tensor<8x40xi4> : tensor<8x40xi4>
  %scale = pith.constant dense<0.5> : tensor<8x2xf16> : tensor<8x2xf16>
  %w = pith.dequantize %codes, %scale {axis = 1 : i64, group_size = 20 : i64}
    : (tensor<8x40xi4>, tensor<8x2xf16>) -> tensor<8x40xf32>
  %y = pith.matmul %a, %w {transpose_rhs}
    : (tensor<4x40xf32>, tensor<8x40xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

{-#
  dialect_resources: {
    builtin: {
      codes: "0x4000000082B70EEE7F1A5039BEF07EC2347F066ED08F5DC7512447E3404300026B6E545594A065685D64C4980BB8D4544A8721A99A01AD219EB59CF6A15EF6F15A1D830BB7CE09D6BBC004E7175C643C7DECB0B580EC37BC9712DD2E6AAEB94BAE8D2F9FA29C5A284C9EF7521829CF1079B080E9D74A1C10FCAB6A4243D33656DEBE4C1ED79648E856E8F9A2F58C95F0CE4B39C15BFFAD5C2DFB8BB820B6119CBA8FF887"
    }
  }
#-}
