# RUN: %python %s %t
"""Programs compute what the reference evaluator says, for every kind of compressed
weight: dense layers, convolutions and look-up tables, each recipe by itself and
stacked."""
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(3)
normal = lambda *shape: random.standard_normal(shape, np.float32)

# A table, a convolution over what is looked up, a strided one, two dense layers
# whose sizes no group divides.
model = pt.model(
    [pt.node("Gather", "table", "ids", "rows"),
     pt.node("Transpose", "rows", "channels", perm=[0, 2, 1]),
     pt.node("Conv", "channels", "k1", "c1", "conv1", pads=[1, 1]),
     pt.node("Relu", "conv1", "relu1"),
     pt.node("Conv", "relu1", "k2", "conv2", strides=[2]),
     pt.node("ReduceMean", "conv2", "mean", axes=[2], keepdims=0),
     pt.node("MatMul", "mean", "w1", "hidden"),
     pt.node("Tanh", "hidden", "tanh"),
     pt.node("Gemm", "tanh", "w2", "b2", "y", transB=1)],
    {"ids": ("int64", ["n", 12])}, {"y": ("float32", ["n", 19])},
    {"table": normal(50, 44), "k1": normal(52, 44, 3) / 8, "c1": normal(52),
     "k2": normal(36, 52, 2) / 8, "w1": normal(36, 172) / 5, "w2": normal(19, 172) / 8,
     "b2": normal(19)})
model = pt.save(model, folder)
ids = random.integers(0, 50, (5, 12))

RECIPES = [
    None, "int8", "int4", "int3", "int2", "w8a8", "w4a8",
    "quantize{bits=1}", "quantize{bits=5 scheme=asymmetric}", "quantize{bits=6 granularity=per-tensor}",
    "prune{sparsity=0.5}", "prune{pattern=2:4}", "low-rank{rank=8}",
    "prune{sparsity=0.7 select=.},int8", "prune{pattern=2:4},int4", "prune{pattern=1:3},int8",
    "low-rank{energy=0.9},quantize{bits=4 group-size=16}",
]
sizes = {}
for recipe in RECIPES:
    options = [f"--compress={recipe}"] if recipe else []
    want = pt.run(["pith-run", "--reference", *options, model], {"ids": ids}, ["y"])["y"]
    for cpu in ("native", "x86-64-v3") if recipe in ("int4", "w4a8", "prune{pattern=2:4}") else ("native",):
        program = pt.compile(model, folder, f"--cpu={cpu}", compress=recipe, name="program")
        for threads in (1, 2):
            got = pt.run(program, {"ids": ids}, ["y"], f"--threads={threads}")["y"]
            bound = 1e-4 * np.abs(want).max()
            assert got.shape == want.shape and np.abs(got - want).max() < bound, (
                recipe, cpu, np.abs(got - want).max(), bound)
    sizes[recipe] = pt.info(program)["weight_bytes"]

# Fewer bits are fewer bytes.
assert sizes["int2"] < sizes["int3"] < sizes["int4"] < sizes["int8"] < sizes[None] / 2, sizes
assert sizes["prune{pattern=2:4},int4"] < sizes["int4"], sizes
assert sizes["prune{sparsity=0.7 select=.},int8"] < sizes["int8"] / 2, sizes
