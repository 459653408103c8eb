"""Look-ups, scatters, interpolation.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import pith_testing as pt
from import_testing import show

X = ("float32", ["n", 6, 8])
Y = {"y": ("float32", None)}
ints = lambda *values: np.array(values, np.int64)

# CHECK-LABEL: // gather
# CHECK: pith.gather %arg0, %arg1 {axis = 2 : i64} : (tensor<?x6x8xf32>, tensor<3x2xi32>) -> tensor<?x6x3x2xf32>
show("gather", [pt.node("Gather", "x", "i", "y", axis=-1)], {"x": X, "i": ("int32", [3, 2])}, Y)
# CHECK-LABEL: // elements
# CHECK: pith.gather_elements %arg0, %arg1 {axis = 1 : i64} : {{.*}} -> tensor<2x3x8xf32>
show("elements", [pt.node("GatherElements", "x", "i", "y", axis=1)],
     {"x": X, "i": ("int64", [2, 3, 8])}, Y)
# CHECK-LABEL: // tuples
# CHECK: pith.gather_nd %arg0, %arg1 {batch_dims = 1 : i64} : {{.*}} -> tensor<2x8xf32>
show("tuples", [pt.node("GatherND", "x", "i", "y", batch_dims=1)],
     {"x": ("float32", [2, 6, 8]), "i": ("int64", [2, 1])}, Y)
# CHECK-LABEL: // scatter
# CHECK: pith.scatter_elements %arg0, %arg1, %arg2 {axis = 1 : i64, kind = #pith.scatter_kind<add>}
show("scatter", [pt.node("ScatterElements", "x", "i", "u", "y", axis=1, reduction="add")],
     {"x": X, "i": ("int64", [2, 3, 8]), "u": ("float32", [2, 3, 8])}, Y, opset=18)
# CHECK-LABEL: // scatter_nd
# CHECK: pith.scatter_nd %arg0, %arg1, %arg2 {kind = #pith.scatter_kind<none>}
show("scatter_nd", [pt.node("ScatterND", "x", "i", "u", "y")],
     {"x": ("float32", [4, 5]), "i": ("int64", [2, 1]), "u": ("float32", [2, 5])}, Y)
# CHECK-LABEL: // one_hot
# CHECK: pith.cast %arg0 : (tensor<3xf32>) -> tensor<3xi64>
# CHECK: pith.one_hot %{{.*}} {axis = 1 : i64} : {{.*}} -> tensor<3x5xf32>
show("one_hot", [pt.node("OneHot", "i", "d", "v", "y")], {"i": ("float32", [3])}, Y,
     {"d": ints(5), "v": np.array([0, 1], np.float32)})
# CHECK-LABEL: // non_zero
# CHECK: pith.non_zero %arg0 : (tensor<?x6x8xf32>) -> tensor<3x?xi64>
# CHECK-NOT: pith.shape =
show("non_zero", [pt.node("NonZero", "x", "y")], {"x": X}, {"y": ("int64", None)})
# CHECK-LABEL: // compress
# CHECK: pith.non_zero %arg1
# CHECK: pith.gather %arg0, %{{.*}} {axis = 1 : i64} : {{.*}} -> tensor<?x?x8xf32>
show("compress", [pt.node("Compress", "x", "c", "y", axis=1)], {"x": X, "c": ("bool", [6])}, Y)

P = ("float32", [1, 2, 4, 4])
# CHECK-LABEL: // resize11
# CHECK: pith.constant dense<[1, 2, 8, 12]> : tensor<4xi64>
# CHECK: pith.resize %arg0, %{{.*}} {coordinate_mode = #pith.coordinate_mode<align_corners>, mode = #pith.resize_mode<linear>
# CHECK-SAME: -> tensor<1x2x8x12xf32>
show("resize11", [pt.node("Resize", "x", "", "", "s", "y", mode="linear",
                          coordinate_transformation_mode="align_corners")], {"x": P}, Y,
     {"s": ints(1, 2, 8, 12)})
# CHECK-LABEL: // scales
# CHECK: mode = #pith.resize_mode<nearest>
# CHECK-SAME: nearest_mode = #pith.nearest_mode<floor>
# CHECK-SAME: scales = array<f64: 1.000000e+00, 1.000000e+00, 2.000000e+00, 2.500000e+00>
# CHECK-SAME: -> tensor<1x2x8x10xf32>
show("scales", [pt.node("Resize", "x", "s", "y")], {"x": P}, Y,
     {"s": np.array([1, 1, 2, 2.5], np.float32)}, opset=10)
# CHECK-LABEL: // dynamic
# CHECK: pith.resize {{.*}} -> tensor<1x2x?x8xf32>
show("dynamic", [pt.node("Resize", "x", "", "s", "y")], {"x": ("float32", [1, 2, "h", 4])}, Y,
     {"s": np.array([1, 1, 2, 2], np.float32)})
# CHECK-LABEL: // upsample
# CHECK: coordinate_mode = #pith.coordinate_mode<asymmetric>
show("upsample", [pt.node("Upsample", "x", "y", scales=[1.0, 1.0, 2.0, 2.0])], {"x": P}, Y, opset=7)
# CHECK-LABEL: // aspect
# CHECK: -> tensor<1x2x6x6xf32>
show("aspect", [pt.node("Resize", "x", "", "", "s", "y", axes=[2, 3], keep_aspect_ratio_policy="not_larger")],
     {"x": P}, Y, {"s": ints(6, 9)}, opset=18)
