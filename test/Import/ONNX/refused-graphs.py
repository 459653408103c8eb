"""Graphs that break the rules, or ask for what is not supported.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import onnx
import pith_testing as pt
from import_testing import refuse
from onnx import helper

F = ("float32", [2, 3])
Y = {"y": ("float32", None)}
N = pt.node


def bad(name, nodes, inputs, outputs=Y, initializers=None, opset=17, arguments=(), change=None):
    model = pt.model(nodes, inputs, outputs, initializers, opset, check=False)
    if change:
        change(model)
    refuse(name, model, arguments)


# All that is missing in one message, before anything else is looked at.
# CHECK-LABEL: // unsupported
# CHECK: unsupported.onnx: error: expected supported operators, found 5 nodes of 3 unsupported: GridSample × 1 ('GridSample_d'); NoSuchOperator (unknown in operator set 17) × 1 ('NoSuchOperator_y'); com.microsoft.FusedGemm (operator set 'com.microsoft' is not imported) × 3 ('FusedGemm_a', 'FusedGemm_b', 'FusedGemm_c')
bad("unsupported", [*(N("FusedGemm", "x", c, domain="com.microsoft") for c in "abc"),
                    N("GridSample", "x", "x", "d"), N("NoSuchOperator", "missing", "y")], {"x": F})

# CHECK-LABEL: // twice
# CHECK: error: node 'Exp_y' (Exp) defines 'y', which node 'Abs_y' (Abs) defines already
bad("twice", [N("Abs", "x", "y"), N("Exp", "x", "y")], {"x": F})
# CHECK-LABEL: // cycle
# CHECK: error: node 'Add_a' (Add): expected inputs that are defined before, found 'y' of node 'Exp_y' (Exp); the nodes are not sorted, or form a cycle
bad("cycle", [N("Add", "x", "y", "a"), N("Exp", "a", "y")], {"x": F})
# CHECK-LABEL: // undefined
# CHECK: error: node 'Exp_y' (Exp): expected an input that is defined, found 'nobody\x1b[31m\x27'
bad("undefined", [N("Exp", "nobody\x1b[31m'", "y")], {"x": F})
# CHECK-LABEL: // no_output
# CHECK: error: expected outputs that the graph defines, found 'y'
bad("no_output", [N("Exp", "x", "z")], {"x": F})
# CHECK-LABEL: // outputs
# CHECK: error: expected a graph with outputs, found none
bad("outputs", [N("Exp", "x", "z")], {"x": F}, {})
# CHECK-LABEL: // inputs
# CHECK: error: an input of the graph defines 'x', which an input of the graph defines already
bad("inputs", [N("Exp", "x", "y")], {"x": F}, change=lambda m: m.graph.input.append(m.graph.input[0]))
# CHECK-LABEL: // initializers
# CHECK: error: an initializer defines 'w', which an initializer defines already
bad("initializers", [N("Add", "x", "w", "y")], {"x": F}, initializers={"w": np.float32(1)},
    change=lambda m: m.graph.initializer.append(m.graph.initializer[0]))

# CHECK-LABEL: // mismatch
# CHECK: mismatch.onnx: error: node 'MatMul_y' (MatMul): Incompatible dimensions for matrix multiplication; found inputs 'x': FLOAT[2, 3], 'w': FLOAT[4, 5]
bad("mismatch", [N("MatMul", "x", "w", "y")], {"x": F}, initializers={"w": np.zeros((4, 5), np.float32)})
# CHECK-LABEL: // attribute
# CHECK: error: node 'LeakyRelu_y' (LeakyRelu): Mismatched attribute type in 'LeakyRelu_y : alpha'. Expected: 'FLOAT', actual: 'STRING'; found inputs 'x': FLOAT[2, 3]
bad("attribute", [N("LeakyRelu", "x", "y", alpha="much")], {"x": F})
# CHECK-LABEL: // arity
# CHECK: error: node 'Add_y' (Add): {{.*}}input size 1 not in range [min=2, max=2]
bad("arity", [N("Add", "x", "y")], {"x": F})
# CHECK-LABEL: // left_out
# CHECK: error: node 'Conv_y' (Conv): {{.*}}input 1 is marked single but has an empty string
bad("left_out", [N("Conv", "x", "", "y")], {"x": ("float32", [1, 3, 8, 8])})
# CHECK-LABEL: // type
# CHECK: error: input 's': element type STRING is not supported
bad("type", [N("Identity", "s", "t"), N("Exp", "x", "y")], {"s": (onnx.TensorProto.STRING, [2]), "x": F})
# CHECK-LABEL: // kind
# CHECK: error: input 'x': expected a tensor, found a sequence
bad("kind", [N("Identity", "x", "y")], {"x": F},
    change=lambda m: m.graph.input[0].type.CopyFrom(
        helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [2]))))
# CHECK-LABEL: // no_shape
# CHECK: error: input 'x': expected a shape, found none
bad("no_shape", [N("Exp", "x", "y")], {"x": ("float32", None)})
# CHECK-LABEL: // huge
# CHECK: error: input 'x': expected at most 2^48 elements
bad("huge", [N("Exp", "x", "y")], {"x": ("float32", [2**40, 2**40])})
# Sizes that no memory holds cost nothing.
# CHECK-LABEL: // vector
# CHECK: error: Split: expected a number of outputs that divides 1099511627776, found 3
bad("vector", [N("Mul", "x", "x", "z"), N("Split", "z", outputs=["a", "b", "c"])],
    {"x": ("float32", [2**40])}, {"a": Y["y"]})
# CHECK-LABEL: // expanded
# CHECK: node 'Expand_y': error: Expand: expected a result of at most 2^48 elements
bad("expanded", [N("Expand", "x", "s", "y")], {"x": ("float32", [1])},
    initializers={"s": np.array([2**30, 2**30], np.int64)})
# CHECK-LABEL: // sparse
# CHECK: error: expected dense initializers, found the sparse tensor 'w'
bad("sparse", [N("Add", "x", "w", "y")], {"x": F}, change=lambda m: m.graph.sparse_initializer.append(
    helper.make_sparse_tensor(helper.make_tensor("w", 1, [1], [1.0]),
                              helper.make_tensor("i", 7, [1], [0]), [3])))

# What import functions refuse names the node and both values.
# CHECK-LABEL: // axis
# CHECK: node 'CumSum_y': error: CumSum: expected an axis from -2 to 1, found 2
bad("axis", [N("CumSum", "x", "a", "y")], {"x": F}, initializers={"a": np.int64(2)})
# CHECK-LABEL: // wide_axis
# CHECK: error: node 'LayerNormalization_y' (LayerNormalization): expected an axis of less than 32 bits, found 9223372036854775807
bad("wide_axis", [N("LayerNormalization", "x", "x", outputs=["y", "m"], axis=2**63 - 1)], {"x": F},
    {**Y, "m": Y["y"]})
# CHECK-LABEL: // variadic
# CHECK: error: Max: expected all inputs, found one left out
bad("variadic", [N("Max", "x", "", "y")], {"x": F})
# CHECK-LABEL: // axes
# CHECK: node 'ReduceSum_y': error: ReduceSum: expected different axes, found 1 twice
bad("axes", [N("ReduceSum", "x", "a", "y")], {"x": F}, initializers={"a": np.array([1, -1])})
# CHECK-LABEL: // computed
# CHECK: node 'ReduceSum_y': error: ReduceSum: expected axes to be known at compile time, found a computed tensor
bad("computed", [N("ReduceSum", "x", "a", "y")], {"x": F, "a": ("int64", [1])})
# CHECK-LABEL: // training
# CHECK: node 'Dropout_y': error: Dropout: expected training_mode = false, found true
bad("training", [N("Dropout", "x", "", "t", "y")], {"x": F}, initializers={"t": np.bool_(True)})
# CHECK-LABEL: // remainder
# CHECK: error: Mod: expected fmod = 1 for floating-point operands, found 0
bad("remainder", [N("Mod", "x", "x", "y")], {"x": F})
# CHECK-LABEL: // stride
# CHECK: error: node 'Conv_y' (Conv): Attribute strides must only contain positive values
bad("stride", [N("Conv", "x", "w", "y", strides=[0, 1])], {"x": ("float32", [1, 3, 8, 8])},
    initializers={"w": np.zeros((4, 3, 3, 3), np.float32)})
# CHECK-LABEL: // group
# CHECK: node 'Conv_y': error: Conv: expects a positive group (C3), found 0
bad("group", [N("Conv", "x", "w", "y", group=0)], {"x": ("float32", [1, 3, 8, 8])},
    initializers={"w": np.zeros((4, 3, 3, 3), np.float32)})
# CHECK-LABEL: // parts
# CHECK: error: node 'Split_y' (Split): Mismatch between the sum of 'split' (8) and the split dimension of the input (3)
bad("parts", [N("Split", "x", "s", outputs=["y", "z"], axis=1)], {"x": F},
    {**Y, "z": ("float32", None)}, {"s": np.array([1, 7])})
# CHECK-LABEL: // equation
# CHECK: error: Einsum: expected an equation that fits the operands and repeats no letter within one, found 'ii->i'
bad("equation", [N("Einsum", "x", "y", equation="ii->i")], {"x": ("float32", [3, 3])})
# CHECK-LABEL: // output
# CHECK: node 'MaxPool_y': error: MaxPool: output 1 ('i') is not supported
bad("output", [N("MaxPool", "x", outputs=["y", "i"], kernel_shape=[2, 2])],
    {"x": ("float32", [1, 1, 4, 4])}, {**Y, "i": ("int64", None)})
# CHECK-LABEL: // coordinates
# CHECK: error: Resize: expected known modes
bad("coordinates", [N("Resize", "x", "r", "", "s", "y", coordinate_transformation_mode="tf_crop_and_resize")],
    {"x": ("float32", [1, 1, 4, 4])},
    initializers={"r": np.zeros(8, np.float32), "s": np.array([1, 1, 2, 2])})

# Sizes that the user fixes.
# CHECK-LABEL: // fixed_name
# CHECK: error: expected the name of an input of the model, got 'z'
bad("fixed_name", [N("Exp", "x", "y")], {"x": F}, arguments=["--shape", "z:2x3"])
# CHECK-LABEL: // fixed_rank
# CHECK: error: expected 2 sizes for input 'x', got 3
bad("fixed_rank", [N("Exp", "x", "y")], {"x": F}, arguments=["--shape", "x:2x3x4"])
# CHECK-LABEL: // fixed_size
# CHECK: error: expected size 3 for axis 1 of input 'x', which the model fixes, got 4
bad("fixed_size", [N("Exp", "x", "y")], {"x": F}, arguments=["--shape", "x:2x4"])
# CHECK-LABEL: // fixed_symbol
# CHECK: error: expected size 2 for axis 0 of input 'z', as elsewhere for dimension 'n', got 3
bad("fixed_symbol", [N("Add", "x", "z", "y")], {"x": ("float32", ["n"]), "z": ("float32", ["n"])},
    arguments=["--shape", "x:2", "--shape", "z:3"])
