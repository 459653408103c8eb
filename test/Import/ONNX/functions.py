"""Functions of the model are inlined; calls of themselves are refused.

RUN: %python %s %t | FileCheck %s
"""
import onnx
import pith_testing as pt
from import_testing import refuse, show
from onnx import helper

F = ("float32", [2])


def model(functions, node):
    result = pt.model([node], {"x": F}, {"y": F}, check=False)
    result.opset_import.append(helper.make_opsetid("own", 1))
    result.functions.extend(functions)
    return result


def function(name, nodes, opset=17, attributes=()):
    return helper.make_function("own", name, ["a"], ["b"], nodes,
                                [helper.make_opsetid("", opset), helper.make_opsetid("own", 1)],
                                list(attributes))


leaky = helper.make_node("LeakyRelu", ["a"], ["c"])
leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
inner = function("Inner", [leaky, helper.make_node("Exp", ["c"], ["b"])], attributes=["slope"])
outer = function("Outer", [helper.make_node("Inner", ["a"], ["b"], domain="own", slope=0.5)])
# CHECK-LABEL: // nested
# CHECK: pith.leaky_relu %arg0 {alpha = 5.000000e-01 : f32}
# CHECK: pith.exp
show("nested", model([inner, outer], pt.node("Outer", "x", "y", domain="own")), None, None)
# Of another operator set, in which its operators mean the same.
# CHECK-LABEL: // versions
# CHECK: pith.exp
show("versions", model([function("F", [helper.make_node("Exp", ["a"], ["b"])], opset=15)],
                       pt.node("F", "x", "y", domain="own")), None, None)
# CHECK-LABEL: // recursive
# CHECK: recursive.onnx: error: expected functions that do not call themselves, found 'Loop'
refuse("recursive", model([function("Loop", [helper.make_node("Loop", ["a"], ["b"], domain="own")])],
                          pt.node("Loop", "x", "y", domain="own")))
# Ten calls of a function of ten calls …: counted before anything is copied.
# CHECK-LABEL: // bomb
# CHECK: bomb.onnx: error: expected at most 1000000 nodes after functions are inlined
levels = [function("L0", [helper.make_node("Exp", ["a"], ["b"])])]
for level in range(1, 8):
    calls = [helper.make_node(f"L{level - 1}", ["a"], [f"v{i}"], domain="own") for i in range(9)]
    calls.append(helper.make_node(f"L{level - 1}", ["v0"], ["b"], domain="own"))
    levels.append(function(f"L{level}", calls))
refuse("bomb", model(levels, pt.node("L7", "x", "y", domain="own")))
# CHECK-LABEL: // undefined
# CHECK: undefined.onnx: error: expected supported operators, found 1 node of 1 unsupported: own.Gone × 1 ('Gone_y')
refuse("undefined", model([], pt.node("Gone", "x", "y", domain="own")))
