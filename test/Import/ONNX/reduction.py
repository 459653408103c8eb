"""Reductions, positions, running sums.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import pith_testing as pt
from import_testing import show

X = ("float32", ["n", 6, 8])
Y = {"y": ("float32", None)}
I = {"y": ("int64", None)}
ints = lambda *values: np.array(values, np.int64)

# CHECK-LABEL: // sum11
# CHECK: pith.reduce %arg0 {axes = array<i64: 1, 2>, keep_dims, kind = #pith.reduce_kind<sum>} : (tensor<?x6x8xf32>) -> tensor<?x1x1xf32>
show("sum11", [pt.node("ReduceSum", "x", "y", axes=[-1, 1])], {"x": X}, Y, opset=11)
# CHECK-LABEL: // sum13
# CHECK: pith.reduce %arg0 {axes = array<i64: 2>, kind = #pith.reduce_kind<sum>} : (tensor<?x6x8xf32>) -> tensor<?x6xf32>
show("sum13", [pt.node("ReduceSum", "x", "a", "y", keepdims=0)], {"x": X}, Y, {"a": ints(-1)})
# Only the sum had an operand for its axes before version 18.
# CHECK-LABEL: // mean13
# CHECK: axes = array<i64: 1>
# CHECK-SAME: kind = #pith.reduce_kind<mean>
show("mean13", [pt.node("ReduceMean", "x", "y", axes=[1])], {"x": X}, Y)
# CHECK-LABEL: // mean18
# CHECK: axes = array<i64: 0, 1, 2>
show("mean18", [pt.node("ReduceMean", "x", "y")], {"x": X}, Y, opset=18)
# CHECK-LABEL: // nothing
# CHECK: return %arg0
show("nothing", [pt.node("ReduceMax", "x", "y", noop_with_empty_axes=1)], {"x": X}, Y, opset=18)
# CHECK-LABEL: // arg_max
# CHECK: pith.arg_max %arg0 {axis = 2 : i64, last_index} : (tensor<?x6x8xf32>) -> tensor<?x6xi64>
show("arg_max", [pt.node("ArgMax", "x", "y", axis=-1, keepdims=0, select_last_index=1)], {"x": X}, I)
# CHECK-LABEL: // top_k
# CHECK: pith.top_k %arg0, %{{.*}} {axis = 1 : i64, largest = false} : {{.*}} -> (tensor<?x2x8xf32>, tensor<?x2x8xi64>)
show("top_k", [pt.node("TopK", "x", "k", outputs=["y", "i"], axis=1, largest=0)], {"x": X},
     {**Y, "i": ("int64", None)}, {"k": ints(2)})
# CHECK-LABEL: // cumsum
# CHECK: pith.cumsum %arg0 {axis = 1 : i64, exclusive, reverse}
show("cumsum", [pt.node("CumSum", "x", "a", "y", exclusive=1, reverse=1)], {"x": X}, Y, {"a": np.int64(-2)})
# CHECK-LABEL: // hardmax
# CHECK: pith.arg_max
# CHECK: pith.one_hot %{{.*}} -> tensor<?x6x8xf32>
show("hardmax", [pt.node("Hardmax", "x", "y")], {"x": X}, Y)
