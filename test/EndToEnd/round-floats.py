# RUN: %python %s %t
"""Programs of rounded constants: they hold half the bytes, and compute what the rounded
model computes, wherever the constants are read."""
import sys

import numpy as np
import onnx
from onnx import numpy_helper
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(7)
normal = lambda *shape: random.standard_normal(shape, np.float32)

# Convolutions (grouped in all ways, transposed), norms, products, a table, biases.
initializers = {
    "w1": normal(12, 3, 3, 3) / 5, "b1": normal(12), "w2": normal(12, 1, 3, 3) / 3,
    "b2": normal(12), "w3": normal(20, 12, 1, 1) / 3, "b3": normal(20),
    "scale": 1 + normal(20) / 9, "shift": normal(20), "slope": normal(20, 1, 1) / 9,
    "w4": normal(20, 10, 2, 2) / 4, "b4": normal(10), "gamma": 1 + normal(10, 16, 16) / 9,
    "table": normal(30, 16), "w5": normal(16, 18) / 4, "b5": normal(18),
    "rms": 1 + normal(18) / 9, "beta": normal(18)}
nodes = [
    pt.node("Conv", "x", "w1", "b1", "c1", pads=[1, 1, 1, 1]), pt.node("Relu", "c1", "r1"),
    pt.node("Conv", "r1", "w2", "b2", "c2", pads=[1, 1, 1, 1], group=12),
    pt.node("Conv", "c2", "w3", "b3", "c3"),
    pt.node("InstanceNormalization", "c3", "scale", "shift", "n3"),
    pt.node("PRelu", "n3", "slope", "p3"),
    pt.node("ConvTranspose", "p3", "w4", "b4", "c4", strides=[2, 2]),
    pt.node("Mul", "c4", "gamma", "y"),
    pt.node("Gather", "table", "i", "g"), pt.node("MatMul", "g", "w5", "m"),
    pt.node("Add", "m", "b5", "a"),
    pt.node("LayerNormalization", "a", "rms", "beta", "z", axis=-1)]
inputs = {"x": ("float32", [1, 3, 8, 8]), "i": ("int64", ["n"])}
outputs = {"y": ("float32", [1, 10, 16, 16]), "z": ("float32", ["n", 18])}
path = pt.save(pt.model(nodes, inputs, outputs, initializers), folder)
feed = {"x": normal(1, 3, 8, 8), "i": np.array([3, 0, 29, 7, 3], np.int64)}


def to_bf16(value):
    bits = value.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)


# Weights of transposed convolutions do not lie as kernels read compressed ones.
KEPT = "w4"
dense = pt.info(pt.compile(path, folder, name="dense"))
rounding = {"f16": lambda w: w.astype(np.float16).astype(np.float32), "bf16": to_bf16}
for to, function in rounding.items():
    # ONNX Runtime on a model whose initializers are rounded here.
    other = onnx.load(path)
    for tensor in other.graph.initializer:
        if tensor.name == KEPT:
            continue
        tensor.CopyFrom(numpy_helper.from_array(function(numpy_helper.to_array(tensor)),
                                                tensor.name))
    want = pt.onnxruntime_outputs(other, feed)
    recipe = f"round-floats{{to={to} min-elements=1}}"
    for cpu in ("native", "x86-64-v3", "x86-64"):
        program = pt.compile(path, folder, f"--cpu={cpu}", compress=recipe, name=to)
        for name, value in pt.run(program, feed, list(want)).items():
            pt.check_close(value, want[name], rtol=1e-4, atol=2e-5)
    info = pt.info(program)
    assert info["parameters"] == dense["parameters"], info
    halves = dense["weight_bytes"] - initializers[KEPT].nbytes
    assert info["weight_bytes"] == dense["weight_bytes"] - halves // 2, (info, dense)

# With other formats, on one machine's kernels after the other.
for recipe in ("int4{min-elements=1},round-floats", "round-floats{to=bf16},int8",
               "prune{sparsity=0.6 min-elements=1},round-floats{min-elements=1}",
               "prune{pattern=2:4 min-elements=1},round-floats{min-elements=1}",
               "w8a8{min-elements=1},round-floats{min-elements=1}"):
    for cpu in ("native", "x86-64-v3"):
        pt.command(["pith-run", "--compare", "--quiet", "--shape=i:5", f"--cpu={cpu}",
                    f"--compress={recipe}", path])
