# RUN: %python %s %t
"""Channels, neurons and heads that are exactly zero go first, and without them the
model computes what it did: through additions, concatenations, slices, paddings,
flattened planes, depthwise convolutions, normalizations, shared weights and
grouped heads. The programs are as much smaller, and equal the reference evaluator."""
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(5)
normal = lambda *shape: random.standard_normal(shape, np.float32)


def check(name, model, inputs, outputs, recipe, removed, bound=1e-5):
    """`recipe` removes just what is zero: `removed` by name of the tensor or node."""
    path = pt.save(model, folder, name)
    want = pt.run(["pith-run", "--reference", path], inputs, outputs)
    pruned = pt.run(["pith-run", "--reference", f"--compress={recipe}", path], inputs,
                    outputs)
    program = pt.compile(path, folder, f"--report={folder}/{name}.json", compress=recipe,
                         name=name + ".exe")
    compiled = pt.run(program, inputs, outputs)
    for output in outputs:
        scale = np.abs(want[output]).max()
        assert np.abs(pruned[output] - want[output]).max() <= bound * scale, (
            name, output, np.abs(pruned[output] - want[output]).max(), scale)
        assert np.abs(compiled[output] - want[output]).max() <= bound * scale, (name, output)
    report = pt.json.load(open(f"{folder}/{name}.json"))
    gone = {row["name"]: row["removed"] for row in report["compression"]["removed"]}
    assert gone == removed, (name, gone, removed)
    return program


def zero(weight, indices, axis=0):
    weight[(slice(None),) * axis + (indices,)] = 0
    return weight


LAYER = "prune-channels{scope=layer ratio=0.25 min-elements=1}"

# Convolutions: a residual stream, a concatenation, a depthwise convolution,
# pooling, a plane that is flattened.
w = {
    "stem": zero(normal(8, 3, 3, 3), [1, 6]), "stem.b": zero(normal(8), [1, 6]),
    "inner": zero(normal(8, 8, 3, 3), [0, 3]), "inner.b": zero(normal(8), [0, 3]),
    "outer": zero(normal(8, 8, 3, 3), [1, 6]), "outer.b": zero(normal(8), [1, 6]),
    "left": zero(normal(4, 8, 1, 1), [2]), "right": zero(normal(8, 8, 1, 1), [0, 7]),
    "depthwise": normal(12, 1, 3, 3), "last": zero(normal(8, 12, 1, 1), [2, 5]),
    "head": normal(5, 8 * 4 * 4),
}
nodes = [
    pt.node("Conv", "x", "stem", "stem.b", "s", pads=[1, 1, 1, 1]),
    pt.node("Conv", "s", "inner", "inner.b", "i", pads=[1, 1, 1, 1]),
    pt.node("Relu", "i", "ir"),
    pt.node("Conv", "ir", "outer", "outer.b", "o", pads=[1, 1, 1, 1]),
    pt.node("Add", "s", "o", "sum"), pt.node("Relu", "sum", "sr"),
    pt.node("Conv", "sr", "left", "l"), pt.node("Conv", "sr", "right", "r"),
    pt.node("Concat", "l", "r", "both", axis=1),
    pt.node("Conv", "both", "depthwise", "d", group=12, pads=[1, 1, 1, 1]),
    pt.node("MaxPool", "d", "p", kernel_shape=[2, 2], strides=[2, 2]),
    pt.node("Relu", "p", "pr"),
    pt.node("Conv", "pr", "last", "c"), pt.node("Relu", "c", "cr"),
    pt.node("Flatten", "cr", "f"), pt.node("Gemm", "f", "head", "y", transB=1),
]
check("conv", pt.model(nodes, {"x": ("float32", ["n", 3, 8, 8])},
                       {"y": ("float32", ["n", 5])}, w),
      {"x": normal(2, 3, 8, 8)}, ["y"], LAYER,
      {"stem": 2, "inner": 2, "left": 1, "right": 2, "last": 2})

# The shortcut of small residual networks: every second place, channels padded; a slice
# of channels that are used apart.
w = {"a": zero(normal(4, 3, 1, 1), [3]), "b": zero(normal(8, 4, 3, 3), [0, 5]),
     "c": normal(3, 4, 1, 1), "four": np.array([4, 4])}
nodes = [
    pt.node("Conv", "x", "a", "s"),
    pt.node("Slice", "s", "st", "en", "ax", "sp", "half"),
    pt.node("Pad", "half", "pads", "wide"),
    pt.node("Conv", "s", "b", "t", pads=[1, 1, 1, 1], strides=[2, 2]),
    pt.node("Add", "t", "wide", "u"),
    pt.node("Split", "u", "four", outputs=["u1", "u2"], axis=1),
    pt.node("Mul", "u1", "u2", "v"), pt.node("Conv", "v", "c", "y"),
]
for name, value in {"st": [0, 0], "en": [2**31 - 1] * 2, "ax": [2, 3], "sp": [2, 2],
                    "pads": [0, 2, 0, 0, 0, 2, 0, 0]}.items():
    w[name] = np.array(value)
# Channel 5 of b is channel 3 of a and, through the product, tied to channel 1.
w["b"][1] = 0
check("shortcut", pt.model(nodes, {"x": ("float32", ["n", 3, 6, 6])},
                           {"y": ("float32", ["n", 3, 3, 3])}, w),
      {"x": normal(2, 3, 6, 6)}, ["y"],
      "prune-channels{scope=layer ratio=0.25 min-elements=1 select=^a$}", {"a": 1})

# A language model's block: rows of a table that is the head, too, root mean square
# norm, gated neurons.
rms = lambda x, scale, y: [
    pt.node("Mul", x, x, y + "2"), pt.node("ReduceMean", y + "2", y + "m", axes=[-1]),
    pt.node("Add", y + "m", "eps", y + "e"), pt.node("Sqrt", y + "e", y + "s"),
    pt.node("Div", x, y + "s", y + "d"), pt.node("Mul", y + "d", scale, y)]
w = {"table": zero(normal(20, 16), [2, 3, 11, 12], 1), "eps": np.float32(1e-3),
     "n1": normal(16), "n2": normal(16),
     "gate": zero(normal(16, 24), [5, 8, 9, 10, 11, 20], 1), "up": normal(16, 24),
     "down": zero(normal(24, 16), [2, 3, 11, 12], 1),
     "zeros": np.zeros(1, np.float32)}
w["up"][:, [5, 8, 9, 10, 11, 20]] = 0
nodes = [
    pt.node("Gather", "table", "ids", "e"), *rms("e", "n1", "h"),
    pt.node("MatMul", "h", "gate", "g"), pt.node("MatMul", "h", "up", "u"),
    pt.node("Sigmoid", "g", "gs"), pt.node("Mul", "g", "gs", "gg"),
    pt.node("Mul", "gg", "u", "a"), pt.node("MatMul", "a", "down", "o"),
    pt.node("Add", "e", "o", "r"), *rms("r", "n2", "q"),
    pt.node("Transpose", "table", "tt", perm=[1, 0]), pt.node("MatMul", "q", "tt", "y"),
]
program = check("gated", pt.model(nodes, {"ids": ("int64", ["n", "t"])},
                                  {"y": ("float32", ["n", "t", 20])}, w),
                {"ids": random.integers(0, 20, (2, 5))}, ["y"], LAYER,
                {"table": 4, "gate": 6})
# The table is stored once: 20 · 12, three of 12 · 18, two norms of 12.
assert pt.info(program)["weight_bytes"] <= 4 * (240 + 3 * 216 + 24) + 64, pt.info(program)

# Attention: 2 heads of keys and values with 2 query heads each, and a cache; the second
# group is read by nothing.
w = {"q": normal(8, 16), "k": normal(8, 8), "v": normal(8, 8),
     "o": zero(normal(16, 8), list(range(8, 16))), "scale": np.float32(0.5),
     "hq": np.array([0, 0, 4, 4]), "hk": np.array([0, 0, 2, 4]), "m": np.array([0, 0, 16]),
     "hr": np.array([1, 1, 2, 1, 1])}
heads = lambda x, y, shape: [pt.node("Reshape", x, shape, y + "r"),
                             pt.node("Transpose", y + "r", y, perm=[0, 2, 1, 3])]
nodes = [
    pt.node("MatMul", "x", "q", "xq"), pt.node("MatMul", "x", "k", "xk"),
    pt.node("MatMul", "x", "v", "xv"),
    *heads("xq", "hq_", "hq"), *heads("xk", "hk_", "hk"), *heads("xv", "hv_", "hk"),
    pt.node("Concat", "past_k", "hk_", "now_k", axis=2),
    pt.node("Concat", "past_v", "hv_", "now_v", axis=2),
    pt.node("Attention", "hq_", "now_k", "now_v", "att", scale=0.5),
    pt.node("Transpose", "att", "at", perm=[0, 2, 1, 3]), pt.node("Reshape", "at", "m", "am"),
    pt.node("MatMul", "am", "o", "y"),
]
model = pt.model(nodes, {"x": ("float32", ["n", "t", 8]),
                         "past_k": ("float32", ["n", 2, "p", 4]),
                         "past_v": ("float32", ["n", 2, "p", 4])},
                 {"y": ("float32", ["n", "t", 8]), "now_k": ("float32", ["n", 2, "a", 4]),
                  "now_v": ("float32", ["n", 2, "a", 4])}, w, opset=23, check=False)
path = pt.save(model, folder, "heads")
x, past = normal(1, 3, 8), normal(1, 2, 2, 4)
want = pt.run(["pith-run", "--reference", path],
              {"x": x, "past_k": past, "past_v": past}, ["y", "now_k"])
recipe = "prune-heads{ratio=0.5 importance=magnitude min-elements=1}"
# By magnitude the group to go is that of smaller projections.
small = dict(w, q=w["q"].copy(), k=w["k"].copy(), v=w["v"].copy())
small["q"][:, 8:] *= 0.1
small["k"][:, 4:] *= 0.1
small["v"][:, 4:] *= 0.1
model = pt.model(nodes, {"x": ("float32", ["n", "t", 8]),
                         "past_k": ("float32", ["n", 2, "p", 4]),
                         "past_v": ("float32", ["n", 2, "p", 4])},
                 {"y": ("float32", ["n", "t", 8]), "now_k": ("float32", ["n", 2, "a", 4]),
                  "now_v": ("float32", ["n", 2, "a", 4])}, small, opset=23, check=False)
program = pt.compile(model, folder, compress=recipe, name="heads")
got = pt.run(program, {"x": x, "past_k": past[:, :1], "past_v": past[:, :1]},
             ["y", "now_k"])
pt.check_close(got["y"], want["y"], 1e-4)
assert got["now_k"].shape == (1, 1, 5, 4), got["now_k"].shape
pt.check_close(got["now_k"], want["now_k"][:, :1], 1e-5)
shapes = {i["name"]: i["shape"] for i in pt.info(program)["inputs"]}
assert shapes["past_k"][1] == 1 and shapes["past_v"][1] == 1, shapes
