"""Normalizations, softmax in its old and new form, pooling.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import pith_testing as pt
from import_testing import show

ones = lambda *shape: np.ones(shape, np.float32)
X = ("float32", ["n", 6, 8, 8])
Y = {"y": ("float32", None)}

# CHECK-LABEL: // batch
# CHECK: pith.batch_norm %arg0, %{{.*}} {epsilon = 0.001{{[0-9]*}} : f64}
show("batch", [pt.node("BatchNormalization", "x", "s", "b", "m", "v", "y", epsilon=1e-3)], {"x": X}, Y,
     dict(s=ones(6), b=ones(6), m=ones(6), v=ones(6)))
# CHECK-LABEL: // layer
# CHECK: pith.layer_norm %arg0 scale %{{.*}} : tensor<8xf32> bias %{{.*}} : tensor<8xf32> {axis = 3 : i64
show("layer", [pt.node("LayerNormalization", "x", "s", "b", "y")], {"x": X}, Y,
     dict(s=ones(8), b=ones(8)))
# Statistics are outputs of the operator's function.
# CHECK-LABEL: // statistics
# CHECK-NOT: pith.layer_norm
# CHECK: pith.reduce
show("statistics", [pt.node("LayerNormalization", "x", "s", outputs=["y", "mean"])], {"x": X},
     {**Y, "mean": ("float32", None)}, dict(s=ones(8)))
# CHECK-LABEL: // rms
# CHECK: pith.rms_norm %arg0
show("rms", [pt.node("RMSNormalization", "x", "s", "y")], {"x": X}, Y, dict(s=ones(8)), opset=23)
# CHECK-LABEL: // group
# CHECK: pith.group_norm %arg0, %{{.*}} groups = 3 : i64
show("group", [pt.node("GroupNormalization", "x", "s", "s", "y", num_groups=3)], {"x": X}, Y,
     dict(s=ones(6)), opset=21)
# CHECK-LABEL: // instance
# CHECK: pith.group_norm %arg0, %{{.*}} groups = 6 : i64
show("instance", [pt.node("InstanceNormalization", "x", "s", "s", "y")], {"x": X}, Y, dict(s=ones(6)))
# CHECK-LABEL: // lrn
# CHECK: pith.lrn %arg0 {{.*}}size = 5 : i64
show("lrn", [pt.node("LRN", "x", "y", size=5)], {"x": X}, Y)
# CHECK-LABEL: // lp
# CHECK: pith.reduce %arg0 {axes = array<i64: 1>, keep_dims, kind = #pith.reduce_kind<l2>}
# CHECK: pith.div %arg0
show("lp", [pt.node("LpNormalization", "x", "y", axis=1)], {"x": X}, Y)
# An operator that only its function defines.
# CHECK-LABEL: // mvn
# CHECK: pith.reduce
# CHECK: pith.div
show("mvn", [pt.node("MeanVarianceNormalization", "x", "y")], {"x": X}, Y)

# CHECK-LABEL: // softmax13
# CHECK: pith.softmax %arg0 {axis = 1 : i64}
show("softmax13", [pt.node("Softmax", "x", "y", axis=1)], {"x": X}, Y)
# All axes from `axis` on are one, before version 13.
# CHECK-LABEL: // softmax11
# CHECK: %[[SIZES:.*]] = pith.shape %arg0
# CHECK: %[[FLAT:.*]] = pith.flatten %arg0 {axis = 1 : i64} : (tensor<?x6x8x8xf32>) -> tensor<?x384xf32>
# CHECK: %[[SOFT:.*]] = pith.softmax %[[FLAT]] {axis = 1 : i64}
# CHECK: pith.reshape %[[SOFT]], %[[SIZES]] : {{.*}} -> tensor<?x6x8x8xf32>
show("softmax11", [pt.node("Softmax", "x", "y")], {"x": X}, Y, opset=11)
# CHECK-LABEL: // last_axis
# CHECK-NOT: pith.flatten
# CHECK: pith.softmax %arg0 {axis = 3 : i64}
show("last_axis", [pt.node("Softmax", "x", "y", axis=-1)], {"x": X}, Y, opset=11)

# CHECK-LABEL: // max_pool
# CHECK: pith.max_pool %arg0 {ceil_mode, dilations = array<i64: 1, 1>, kernel = array<i64: 3, 3>, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 2, 2>} : (tensor<?x6x8x8xf32>) -> tensor<?x6x4x4xf32>
show("max_pool", [pt.node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
     {"x": X}, Y)
# CHECK-LABEL: // average_pool
# CHECK: pith.average_pool %arg0 {count_include_pad
show("average_pool", [pt.node("AveragePool", "x", "y", kernel_shape=[2, 2], count_include_pad=1)],
     {"x": X}, Y)
# CHECK-LABEL: // lp_pool
# CHECK: pith.lp_pool %arg0 {{.*}}p = 2 : i64
show("lp_pool", [pt.node("LpPool", "x", "y", kernel_shape=[2, 2])], {"x": X}, Y)
# CHECK-LABEL: // global
# CHECK: pith.reduce %arg0 {axes = array<i64: 2, 3>, keep_dims, kind = #pith.reduce_kind<mean>} : (tensor<?x6x8x8xf32>) -> tensor<?x6x1x1xf32>
show("global", [pt.node("GlobalAveragePool", "x", "y")], {"x": X}, Y)
