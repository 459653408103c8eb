"""Elementwise operators: one op each, parameters as attributes, old forms of Clip.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import pith_testing as pt
from import_testing import show

F = ("float32", [2, 3])
B = ("bool", [2, 3])


def unary(op, output=F, input=F, opset=22, **attributes):
    show(op, [pt.node(op, "x", "y", **attributes)], {"x": input}, {"y": output}, opset=opset)


# CHECK-LABEL: // LeakyRelu
# CHECK: pith.leaky_relu %arg0 {alpha = 2.500000e-01 : f32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
unary("LeakyRelu", alpha=0.25)
# The default of the schema, not that of the dialect.
# CHECK-LABEL: // ThresholdedRelu
# CHECK: pith.thresholded_relu %arg0
unary("ThresholdedRelu")
# CHECK-LABEL: // Gelu
# CHECK: pith.gelu %arg0 {approximate}
unary("Gelu", approximate="tanh")
# CHECK-LABEL: // HardSigmoid
# CHECK: pith.hard_sigmoid %arg0 {alpha = 1.250000e-01 : f32}
unary("HardSigmoid", alpha=0.125)
# CHECK-LABEL: // IsInf
# CHECK: pith.is_inf %arg0 {detect_negative = false} : (tensor<2x3xf32>) -> tensor<2x3xi1>
unary("IsInf", B, detect_negative=0)
# CHECK-LABEL: // Not
# CHECK: pith.not %arg0 : (tensor<2x3xi1>) -> tensor<2x3xi1>
unary("Not", B, B)
# CHECK-LABEL: // Cast
# CHECK: pith.cast %arg0 : (tensor<2x3xf32>) -> tensor<2x3xui8>
unary("Cast", ("uint8", [2, 3]), to=2)

# Names of nodes are locations; nodes without a name are numbered.
# CHECK-LABEL: // broadcast
# CHECK: pith.add %arg0, %arg1 : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
# CHECK: pith.less %{{.*}}, %arg1 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xi1>
show("broadcast", [pt.node("Add", "a", "b", "c"), pt.node("Less", "c", "b", "y")],
     {"a": ("float32", [2, 1]), "b": ("float32", [3])}, {"y": B})
# CHECK-LABEL: // variadic
# CHECK: %[[A:.*]] = pith.max %arg0, %arg1
# CHECK: %[[B:.*]] = pith.max %[[A]], %arg2
# CHECK: return %[[B]]
show("variadic", [pt.node("Max", "a", "b", "c", "y")], dict(a=F, b=F, c=F), {"y": F})
# CHECK-LABEL: // mean
# CHECK: %[[SUM:.*]] = pith.add
# CHECK: %[[TWO:.*]] = pith.constant dense<2.000000e+00>
# CHECK: pith.div %[[SUM]], %[[TWO]]
show("mean", [pt.node("Mean", "a", "b", "y")], dict(a=F, b=F), {"y": F})
# CHECK-LABEL: // pow
# CHECK: %[[E:.*]] = pith.cast %arg1 : (tensor<i64>) -> tensor<f32>
# CHECK: pith.pow %arg0, %[[E]]
show("pow", [pt.node("Pow", "x", "e", "y")], {"x": F, "e": ("int64", [])}, {"y": F})
# CHECK-LABEL: // shift
# CHECK: pith.shift_right %arg0, %arg1
show("shift", [pt.node("BitShift", "a", "b", "y", direction="RIGHT")],
     {"a": ("uint8", [3]), "b": ("uint8", [3])}, {"y": ("uint8", [3])})
# CHECK-LABEL: // mod
# CHECK: pith.mod %arg0, %arg1 {fmod}
show("mod", [pt.node("Mod", "a", "b", "y", fmod=1)], dict(a=F, b=F), {"y": F})
# CHECK-LABEL: // where
# CHECK: pith.where %arg0, %arg1, %arg1
show("where", [pt.node("Where", "c", "a", "a", "y")], dict(c=B, a=F), {"y": F})

# Bounds of Clip were attributes before version 11; each may be left out.
# CHECK-LABEL: // clip6
# CHECK-DAG: %[[LOW:.*]] = pith.constant dense<0.000000e+00> : tensor<f32>
# CHECK-DAG: %[[HIGH:.*]] = pith.constant dense<6.000000e+00> : tensor<f32>
# CHECK: pith.clip %arg0, %[[LOW]], %[[HIGH]]
show("clip6", [pt.node("Clip", "x", "y", min=0.0, max=6.0)], {"x": F}, {"y": F}, opset=10)
# CHECK-LABEL: // clip13
# CHECK: %[[HIGH:.*]] = pith.constant
# CHECK-NEXT: pith.min %arg0, %[[HIGH]]
show("clip13", [pt.node("Clip", "x", "", "h", "y")], {"x": F}, {"y": F}, {"h": np.float32(6)})
# CHECK-LABEL: // none
# CHECK-NOT: pith.clip
# CHECK: return %arg0
show("none", [pt.node("Clip", "x", "y")], {"x": F}, {"y": F})
