// Kernels of rounded activations and int4 weights: one dot product per processor,
// codes unpacked in registers, nothing of the inner loop in memory.

// RUN: pithc %s --emit=asm --cpu=znver4 -o - | FileCheck %s --check-prefix=VNNI
// RUN: pithc %s --emit=asm --cpu=x86-64-v3 -o - | FileCheck %s --check-prefix=AVX2
// RUN: pithc %s --emit=asm --target=aarch64-linux-gnu --cpu=neoverse-n1 -o - \
// RUN:   | FileCheck %s --check-prefix=NEON

// Codes are rounded from a true quotient.
// VNNI-LABEL: dynamic_quantize_0:
// VNNI: vdivps
// VNNI: vrndscaleps

// Activations are interleaved by permutations, not word by word.
// VNNI-LABEL: matmul_0:
// VNNI-NOT: vpinsrd
// VNNI: vperm
// VNNI-NOT: vpinsrd
// VNNI: .Lfunc_end

// VNNI-LABEL: matmul_0_1:
// VNNI-NOT: Spill
// VNNI: vgf2p8affineqb
// VNNI-NOT: Spill
// VNNI: vpdpbusd
// VNNI-NOT: Spill
// VNNI: .Lfunc_end

// AVX2-LABEL: matmul_0_1:
// AVX2: vpmaddubsw
// AVX2: vpmaddwd
// AVX2: .Lfunc_end

// NEON-LABEL: matmul_0_1:
// NEON: sdot v{{[0-9]+}}.4s
// NEON-NOT: Spill
// NEON: .Lfunc_end

func.func @main(%x: tensor<4x32xf32>) -> tensor<4x16xf32> {
  %q, %s = pith.dynamic_quantize %x {group_size = 32 : i64}
    : (tensor<4x32xf32>) -> (tensor<4x32xi8>, tensor<4x1xf32>)
  %a = pith.dequantize %q, %s {axis = 1 : i64, group_size = 32 : i64}
    : (tensor<4x32xi8>, tensor<4x1xf32>) -> tensor<4x32xf32>
  %codes = pith.constant dense_resource<codes> : tensor<16x32xi4> : tensor<16x32xi4>
  %scale = pith.constant dense<0.5> : tensor<16x1xf16> : tensor<16x1xf16>
  %w = pith.dequantize %codes, %scale {axis = 1 : i64, group_size = 32 : i64}
    : (tensor<16x32xi4>, tensor<16x1xf16>) -> tensor<16x32xf32>
  %y = pith.matmul %a, %w {transpose_rhs}
    : (tensor<4x32xf32>, tensor<16x32xf32>) -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

{-#
  dialect_resources: {
    builtin: {
      codes: "0x400000007942BDF22106F0847762F0F3CB4D764DC7072051159A0F89F2C6DACAE344BB311245FD6F84DF9AD7C5B3D076AC0E8F53A7356C88913F20F6F72DB022D24D0A96DAD43C1617C1A98E78129E0327371065D095864F15ADA0B846C1C0EBC5348ADC799ADF849BAD05D4A10AC0441EAAEEB4B48EFA0B1F0ABD80E998A35ABA5EA0BD8799C1350D439E71897AA75FDE3134A4AA72E05628AC6FE68A733D1161A15D8EAE2BB042D7958AEDB1D594D6D112D34F6602F4DE7110E993AE7422923D7D171165DC1906F63D57997A0AD31B3AAE4081F41FB471653E3D577A8C4103F9CC198A7F89D81AF2A5001C40173F1923F7102CFAA150A124B3C5C79BB88761A8DB3F41"
    }
  }
#-}
