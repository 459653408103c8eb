"""Matrix products and convolutions: pads, factors, and equations.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import pith_testing as pt
from import_testing import show

zeros = lambda *shape: np.zeros(shape, np.float32)

# CHECK-LABEL: // matmul
# CHECK: pith.matmul %arg0, %arg1 : (tensor<5x2x3xf32>, tensor<3x4xf32>) -> tensor<5x2x4xf32>
show("matmul", [pt.node("MatMul", "a", "b", "y")],
     {"a": ("float32", [5, 2, 3]), "b": ("float32", [3, 4])}, {"y": ("float32", [5, 2, 4])})

# CHECK-LABEL: // gemm
# CHECK: %[[W:.*]] = pith.constant dense_resource<w> : tensor<40x30xf32> {name = "w"}
# CHECK: %[[P:.*]] = pith.matmul %arg0, %[[W]] {transpose_rhs} : (tensor<2x30xf32>, tensor<40x30xf32>)
# CHECK: pith.add %[[P]], %{{.*}} : (tensor<2x40xf32>, tensor<40xf32>)
show("gemm", [pt.node("Gemm", "x", "w", "b", "y", transB=1)], {"x": ("float32", [2, 30])},
     {"y": ("float32", [2, 40])}, {"w": zeros(40, 30), "b": zeros(40)})
# CHECK-LABEL: // factors
# CHECK: %[[T:.*]] = pith.transpose %arg0 {permutation = array<i64: 1, 0>}
# CHECK: %[[P:.*]] = pith.matmul %[[T]]
# CHECK: pith.constant dense<2.000000e+00>
# CHECK: pith.mul %[[P]]
# CHECK: pith.constant dense<5.000000e-01>
# CHECK: %[[C:.*]] = pith.mul %arg1
# CHECK: pith.add %{{.*}}, %[[C]]
show("factors", [pt.node("Gemm", "x", "w", "c", "y", transA=1, alpha=2.0, beta=0.5)],
     {"x": ("float32", [3, 2]), "c": ("float32", [1])}, {"y": ("float32", [2, 4])},
     {"w": zeros(3, 4)})

X = ("float32", ["n", 4, 9, 9])
# CHECK-LABEL: // conv
# CHECK: pith.conv %arg0, %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, group = 2 : i64, pads_high = array<i64: 3, 4>, pads_low = array<i64: 1, 2>, strides = array<i64: 2, 1>} : (tensor<?x4x9x9xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<?x6x6x13xf32>
show("conv", [pt.node("Conv", "x", "w", "b", "y", group=2, pads=[1, 2, 3, 4], strides=[2, 1])],
     {"x": X}, {"y": ("float32", None)}, {"w": zeros(6, 2, 3, 3), "b": zeros(6)})
# The odd pad goes to the end, or to the start.
# CHECK-LABEL: // same_upper
# CHECK: pads_high = array<i64: 1, 1>, pads_low = array<i64: 0, 0>
# CHECK-SAME: -> tensor<?x6x9x9xf32>
# CHECK-LABEL: // same_lower
# CHECK: pads_high = array<i64: 0, 0>, pads_low = array<i64: 1, 1>
for mode in ("same_upper", "same_lower"):
    show(mode, [pt.node("Conv", "x", "w", "y", auto_pad=mode.upper())], {"x": X},
         {"y": ("float32", None)}, {"w": zeros(6, 4, 2, 2)})
# CHECK-LABEL: // transposed
# CHECK: pith.conv_transpose %arg0
# CHECK-SAME: output_padding = array<i64: 1, 1>
# CHECK-SAME: -> tensor<?x3x20x20xf32>
show("transposed", [pt.node("ConvTranspose", "x", "w", "y", strides=[2, 2], output_padding=[1, 1])],
     {"x": X}, {"y": ("float32", None)}, {"w": zeros(4, 3, 3, 3)})
# CHECK-LABEL: // output_shape
# CHECK: pads_high = array<i64: 0, 0>, pads_low = array<i64: 1, 1>
# CHECK-SAME: -> tensor<?x3x18x18xf32>
show("output_shape", [pt.node("ConvTranspose", "x", "w", "y", strides=[2, 2], output_shape=[18, 18])],
     {"x": X}, {"y": ("float32", None)}, {"w": zeros(4, 3, 3, 3)})

# Batched products with a transposed operand need no reshape.
# CHECK-LABEL: // einsum
# CHECK-NOT: pith.reshape
# CHECK: pith.matmul %arg0, %arg1 {transpose_rhs} : (tensor<2x3x4xf32>, tensor<2x5x4xf32>) -> tensor<2x3x5xf32>
show("einsum", [pt.node("Einsum", "a", "b", "y", equation="bik,bjk->bij")],
     {"a": ("float32", [2, 3, 4]), "b": ("float32", [2, 5, 4])}, {"y": ("float32", None)})
# CHECK-LABEL: // einsum_groups
# CHECK: pith.reduce %arg1 {axes = array<i64: 2>, kind = #pith.reduce_kind<sum>}
# CHECK: pith.matmul %{{.*}} : (tensor<6x4xf32>, tensor<5x4xf32>) -> tensor<6x5xf32>
# CHECK: pith.reshape %{{.*}} -> tensor<2x3x5xf32>
# CHECK: pith.transpose %{{.*}} -> tensor<5x2x3xf32>
show("einsum_groups", [pt.node("Einsum", "a", "b", "y", equation="hik,jkz->jhi")],
     {"a": ("float32", [2, 3, 4]), "b": ("float32", [5, 4, 7])}, {"y": ("float32", None)})
