"""Operators that move elements, with attributes or operands for axes; sizes.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import pith_testing as pt
from import_testing import show
from onnx import helper

X = ("float32", ["n", 6, 8])
Y = {"y": ("float32", None)}
ints = lambda *values: np.array(values, np.int64)

# Dimensions of one name are one symbol; those without are symbols of their own.
# CHECK-LABEL: // symbols
# CHECK: #[[MAP:.*]] = affine_map<()[s0, s1] -> (s1, s0, 4)>
# CHECK: func.func @main(%arg0: tensor<?x4xf32> {pith.name = "a", pith.shape = affine_map<()[s0, s1] -> (s0, 4)>}
# CHECK-SAME: %arg1: tensor<?x?x4xf32> {pith.name = "b", pith.shape = #[[MAP]]}
# CHECK-SAME: -> (tensor<?x?x4xf32> {pith.name = "y", pith.shape = #[[MAP]]})
# CHECK-SAME: pith.symbols = ["batch", "b_dim0"]
show("symbols", [pt.node("Add", "a", "b", "y")],
     {"a": ("float32", ["batch", 4]), "b": ("float32", [None, "batch", 4])}, Y)
# CHECK-LABEL: // fixed
# CHECK: %arg0: tensor<3x4xf32>
# CHECK-SAME: %arg1: tensor<?x3x4xf32>
show("fixed", [pt.node("Add", "a", "b", "y")],
     {"a": ("float32", ["batch", 4]), "b": ("float32", [None, "batch", 4])}, Y,
     arguments=["--shape", "a:3x4"])

# CHECK-LABEL: // unsqueeze11
# CHECK: pith.unsqueeze %arg0 {axes = array<i64: 0, 4>}
show("unsqueeze11", [pt.node("Unsqueeze", "x", "y", axes=[-1, 0])], {"x": X}, Y, opset=11)
# CHECK-LABEL: // unsqueeze13
# CHECK: pith.unsqueeze %arg0 {axes = array<i64: 0, 4>}
show("unsqueeze13", [pt.node("Unsqueeze", "x", "a", "y")], {"x": X}, Y, {"a": ints(-1, 0)})
# CHECK-LABEL: // squeeze
# CHECK: pith.squeeze %arg0 {axes = array<i64: 1, 3>} : (tensor<?x1x6x1xf32>) -> tensor<?x6xf32>
show("squeeze", [pt.node("Squeeze", "x", "a", "y")], {"x": ("float32", ["n", 1, 6, 1])}, Y,
     {"a": ints(1, 3)})
# CHECK-LABEL: // reshape
# CHECK: pith.reshape %arg0, %{{.*}} : (tensor<?x6x8xf32>, tensor<2xi64>) -> tensor<?x48xf32>
show("reshape", [pt.node("Reshape", "x", "s", "y")], {"x": X}, Y, {"s": ints(0, -1)})
# Sizes are followed through shape arithmetic.
# CHECK-LABEL: // arithmetic
# CHECK: %[[C:.*]] = pith.concat
# CHECK: pith.reshape %arg0, %[[C]] : (tensor<?x6x8xf32>, tensor<2xi64>) -> tensor<?x48xf32>
show("arithmetic",
     [pt.node("Shape", "x", "s"), pt.node("Gather", "s", "zero", "n"),
      pt.node("Unsqueeze", "n", "axis", "n1"), pt.node("Concat", "n1", "rest", "t", axis=0),
      pt.node("Reshape", "x", "t", "y")], {"x": X}, Y,
     {"zero": np.int64(0), "axis": ints(0), "rest": ints(48)})
# CHECK-LABEL: // flatten
# CHECK: pith.flatten %arg0 {axis = 2 : i64}
show("flatten", [pt.node("Flatten", "x", "y", axis=-1)], {"x": X}, Y)
# CHECK-LABEL: // transpose
# CHECK: pith.transpose %arg0 {permutation = array<i64: 2, 1, 0>}
show("transpose", [pt.node("Transpose", "x", "y")], {"x": X}, Y)
# CHECK-LABEL: // shape15
# CHECK: pith.shape %arg0 {end = 2 : i64, start = 1 : i64} : (tensor<?x6x8xf32>) -> tensor<1xi64>
show("shape15", [pt.node("Shape", "x", "y", start=-2, end=-1)], {"x": X}, {"y": ("int64", None)})
# CHECK-LABEL: // size
# CHECK: pith.reduce %{{.*}} kind = #pith.reduce_kind<prod>
show("size", [pt.node("Size", "x", "y")], {"x": X}, {"y": ("int64", [])})

# CHECK-LABEL: // slice9
# CHECK: pith.slice %arg0, %{{.*}} {axes = array<i64: 1>, steps = array<i64: 1>} : {{.*}} -> tensor<?x3x8xf32>
show("slice9", [pt.node("Slice", "x", "y", starts=[1], ends=[4], axes=[1])], {"x": X}, Y, opset=9)
# CHECK-LABEL: // slice10
# CHECK: pith.slice %arg0, %{{.*}} {axes = array<i64: 2>, steps = array<i64: -2>} : {{.*}} -> tensor<?x6x4xf32>
show("slice10", [pt.node("Slice", "x", "s", "e", "a", "t", "y")], {"x": X}, Y,
     {"s": ints(-1), "e": ints(-100), "a": ints(-1), "t": ints(-2)})
# CHECK-LABEL: // split
# CHECK: pith.slice %arg0, %{{.*}} -> tensor<?x2x8xf32>
# CHECK: pith.slice %arg0, %{{.*}} -> tensor<?x4x8xf32>
show("split", [pt.node("Split", "x", "s", outputs=["y", "z"], axis=1)], {"x": X},
     {**Y, "z": ("float32", None)}, {"s": ints(2, 4)})
# CHECK-LABEL: // split18
# CHECK: pith.slice %arg0, %{{.*}} -> tensor<?x6x3xf32>
# CHECK: pith.slice %arg0, %{{.*}} -> tensor<?x6x3xf32>
# CHECK: pith.slice %arg0, %{{.*}} -> tensor<?x6x2xf32>
show("split18", [pt.node("Split", "x", outputs=["a", "b", "y"], axis=2, num_outputs=3)], {"x": X},
     {"a": Y["y"], "b": Y["y"], **Y}, opset=18)
# CHECK-LABEL: // pad2
# CHECK: pith.constant dense<[0, 1, 0]>
# CHECK: pith.constant dense<[0, 0, 2]>
# CHECK: pith.pad %arg0, %{{.*}} {mode = #pith.pad_mode<constant>} : {{.*}} -> tensor<?x7x10xf32>
show("pad2", [pt.node("Pad", "x", "y", pads=[0, 1, 0, 0, 0, 2], value=1.0)], {"x": X}, Y, opset=10)
# CHECK-LABEL: // pad18
# CHECK: pith.constant dense<[0, 0, 1]>
# CHECK: pith.pad %arg0, %{{.*}} {mode = #pith.pad_mode<reflect>} : {{.*}} -> tensor<?x6x10xf32>
show("pad18", [pt.node("Pad", "x", "p", "", "a", "y", mode="reflect")], {"x": X}, Y,
     {"p": ints(1, 1), "a": ints(2)}, opset=18)
# CHECK-LABEL: // expand
# CHECK: pith.expand %arg0, %{{.*}} -> tensor<?x6x8xf32>
show("expand", [pt.node("Expand", "x", "s", "y")], {"x": X}, Y, {"s": ints(1, 6, 8)})
# CHECK-LABEL: // tile
# CHECK: pith.tile %arg0, %{{.*}} -> tensor<?x12x8xf32>
show("tile", [pt.node("Tile", "x", "r", "y")], {"x": X}, Y, {"r": ints(1, 2, 1)})
# CHECK-LABEL: // blocks
# CHECK: pith.depth_to_space %arg0 {block = 2 : i64, column_row_depth}
# CHECK: pith.space_to_depth %{{.*}} {block = 2 : i64}
show("blocks", [pt.node("DepthToSpace", "x", "z", blocksize=2, mode="CRD"),
                pt.node("SpaceToDepth", "z", "y", blocksize=2)],
     {"x": ("float32", [1, 8, 2, 3])}, Y)
# CHECK-LABEL: // triangle
# CHECK: pith.trilu %arg0 {k = 1 : i64}
show("triangle", [pt.node("Trilu", "x", "k", "y", upper=0)], {"x": X}, Y, {"k": np.int64(1)})
# CHECK-LABEL: // fill
# CHECK: %[[V:.*]] = pith.constant dense<7> : tensor<i64>
# CHECK: pith.fill %arg0, %[[V]] : (tensor<2xi64>, tensor<i64>) -> tensor<?x?xi64>
show("fill", [pt.node("ConstantOfShape", "s", "y", value=helper.make_tensor("v", 7, [1], [7]))],
     {"s": ("int64", [2])}, {"y": ("int64", None)})
# CHECK-LABEL: // range
# CHECK: pith.range %{{.*}} -> tensor<4xi64>
show("range", [pt.node("Range", "a", "b", "c", "y")], {}, {"y": ("int64", None)},
     {"a": np.int64(1), "b": np.int64(9), "c": np.int64(2)})
# CHECK-LABEL: // eye
# CHECK: pith.equal
# CHECK: pith.cast %{{.*}} -> tensor<3x4xf32>
show("eye", [pt.node("EyeLike", "x", "y", k=1)], {"x": ("float32", [3, 4])}, Y)
# In inference dropout is nothing.
# CHECK-LABEL: // dropout
# CHECK: return %arg0
show("dropout", [pt.node("Dropout", "x", "y")], {"x": X}, Y)
# CHECK-LABEL: // mask
# CHECK: pith.fill %{{.*}} -> tensor<?x6x8xi1>
show("mask", [pt.node("Dropout", "x", outputs=["y", "mask"])], {"x": X},
     {**Y, "mask": ("bool", None)})

# Constants: attributes of every kind; small ones are inline, others resources.
# CHECK-LABEL: // constants
# CHECK-DAG: pith.constant dense<1.500000e+00> : tensor<f32> {name = "a"}
# CHECK-DAG: pith.constant dense<[1, 2]> : tensor<2xi64> {name = "b"}
# CHECK-DAG: pith.constant dense_resource<c> : tensor<100xf32> {name = "c"}
show("constants",
     [pt.node("Constant", outputs=["a"], value_float=1.5), pt.node("Constant", outputs=["b"], value_ints=[1, 2]),
      pt.node("Constant", outputs=["c"], value=helper.make_tensor("c", 1, [100], np.zeros(100)))],
     {}, {"a": ("float32", []), "b": ("int64", [2]), "c": ("float32", [100])})
