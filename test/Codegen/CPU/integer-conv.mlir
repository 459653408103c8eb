// A chain of convolutions with static codes: the first stores codes for the second
// straight from registers; all sums are those of bytes; nothing of the inner loop is in
// memory.

// RUN: pithc %s --emit=asm --cpu=znver4 -o - | FileCheck %s --check-prefix=VNNI
// RUN: pithc %s --emit=asm --cpu=x86-64-v3 -o - | FileCheck %s --check-prefix=AVX2
// RUN: pithc %s --emit=asm --target=aarch64-linux-gnu --cpu=neoverse-n1 -o - \
// RUN:   | FileCheck %s --check-prefix=NEON
// RUN: pithc %s --emit=kernels -o - | FileCheck %s --check-prefix=KERNELS

// Two kernels, of which the first returns bytes, and its float result beside them
// where somebody else needs it.

// KERNELS: %[[A:.*]] = call @conv_0({{.*}}) : {{.*}} -> tensor<1x8x8x16xui8>
// KERNELS: %[[B:.*]]:2 = call @conv_1(%[[A]]{{.*}}) : {{.*}} -> (tensor<1x8x8x16xf32>, tensor<1x8x8x16xui8>)
// KERNELS: return %[[B]]#0, %[[B]]#1

// VNNI-LABEL: conv_1_1:
// VNNI-NOT: vfmadd
// VNNI-NOT: Spill
// VNNI: vpbroadcastd
// VNNI: vpdpbusd
// VNNI: vcvtdq2ps
// VNNI: .Lfunc_end

// AVX2-LABEL: conv_1_1:
// AVX2-NOT: vfmadd
// AVX2: vpmaddwd
// AVX2: .Lfunc_end

// NEON-LABEL: conv_1_1:
// NEON: sdot
// NEON: .Lfunc_end
func.func @main(%q: tensor<1x8x8x16xui8>) -> (tensor<1x8x8x16xf32>, tensor<1x8x8x16xui8>) {
  %one = pith.constant dense<1.0> : tensor<1xf32> : tensor<1xf32>
  %z = pith.constant dense<7> : tensor<1xui8> : tensor<1xui8>
  %c = pith.constant dense<"0x4420823CFDE6F1C26B30F90EC7DD01E4887534A20F0B0D04C36ED80E71E0FD77B07670EB940BD5335F973DAAD8619B91FFC911F57CCED458BBBF2CE03753C9BDFA0FF0169DC9575674066676CFB0B4EB8902C44269DA1CF6BA66D3F8B6D4B100A9EA0E755A5C2E8210242A08E7078F7F89385EB09423555182568B96E8A4FEF23A0C9FC5AFD7608437816BDD0A7309CB4A1252E4DA70E6720FCAA4DA1E98406C189C24279E9851D5814204136FEB5713C166B13269DD63FC35C797FF08A6CD90095066A745ADDB6D8831C2B0F87821142B4456556D89AA82BCADAE3A9578FA4535A414D025C24B40AE3AC127722988BA973AEA8D37179706072ED33A14607AD7523BE6557B5134DEC19681F4A1336AA2140D0597A3E6C8A0CC2020A2E939806EF0B6845D6A9D657EB8298F2DE52EAD74C79D15A75FA29B7DAB332F7D700A7CCD258924260B0594B7FCF04E33A727585B4C48A39C369640694810A1695B99DD50187E8120E4DC80E0E805CAAD5784F80CD5091FB5464046848DCBCD582D77F8035AA2E0737AA0FDF573D3AC8C701824BC51689F9899BE54ED2B3FC15A4F80DA6F1AFDC9B2C454142E8233882A4729E37BC3DDCB54A6E040F96C3DDCD13C978E7FC10261E00A0F7C856958914B668B9F80E456B6FBD73E6AC46891370C3C06974526BF9FDFB6A5003FE2E6B39CCCADFC39C1C368018E65ECD19C57E665B801C7DA"> : tensor<16x2x1x16xi8> : tensor<16x2x1x16xi8>
  %t = pith.constant dense<1.0> : tensor<16x1xf32> : tensor<16x1xf32>
  %w = pith.dequantize %c, %t {axis = 1 : i64} : (tensor<16x2x1x16xi8>, tensor<16x1xf32>) -> tensor<16x2x1x16xf32>
  %s = pith.constant dense<0.25> : tensor<1xf32> : tensor<1xf32>
  %x = pith.dequantize %q, %one, %z {axis = 3 : i64} : (tensor<1x8x8x16xui8>, tensor<1xf32>, tensor<1xui8>) -> tensor<1x8x8x16xf32>
  %y = pith.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 1, 0>, layout = #pith.layout<channels_last>}
    : (tensor<1x8x8x16xf32>, tensor<16x2x1x16xf32>) -> tensor<1x8x8x16xf32>
  %r = pith.relu %y : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %a = pith.quantize %r, %s, %z : (tensor<1x8x8x16xf32>, tensor<1xf32>, tensor<1xui8>) -> tensor<1x8x8x16xui8>
  %b = pith.dequantize %a, %one, %z {axis = 3 : i64} : (tensor<1x8x8x16xui8>, tensor<1xf32>, tensor<1xui8>) -> tensor<1x8x8x16xf32>
  %e = pith.conv %b, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 1, 0>, layout = #pith.layout<channels_last>}
    : (tensor<1x8x8x16xf32>, tensor<16x2x1x16xf32>) -> tensor<1x8x8x16xf32>
  %f = pith.quantize %e, %s, %z : (tensor<1x8x8x16xf32>, tensor<1xf32>, tensor<1xui8>) -> tensor<1x8x8x16xui8>
  return %e, %f : tensor<1x8x8x16xf32>, tensor<1x8x8x16xui8>
}
