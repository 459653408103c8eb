# RUN: %python %s %t
"""Kernels compute what the reference evaluator says, for every codebook and form of
scales, in a look-up table, convolutions and products whose sizes no group divides."""
import subprocess
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(7)
normal = lambda *shape: random.standard_normal(shape, np.float32)

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
np.save(folder + "/ids.npy", random.integers(0, 50, (5, 12)))

# Tables of 64 and more values are looked up as bytes: one product shows them.
product = pt.save(pt.model([pt.node("MatMul", "x", "w", "y")], {"x": ("float32", [3, 43])},
                           {"y": ("float32", [3, 19])}, {"w": normal(43, 19)}), folder, "product")

Q = "quantize-to-codebook"
RECIPES = [
    "nf4", "fp4", "mxfp4", "ternary", "kmeans{bits=3}", "kmeans{bits=1}",
    Q + "{bits=5 group-size=16}", Q + "{codebook=e3m0 granularity=per-channel}",
    "nf4{granularity=per-tensor scale-type=f32}", "nf4{scale-type=u8 group-size=32}",
    "ternary{scale-type=e8m0}", "prune{sparsity=0.7},nf4", "prune{pattern=2:4},kmeans{bits=3}",
    "nf4,quantize-activations",
]
INTEGERS = ["fp4,quantize-activations", "mxfp4,quantize-activations",
            "ternary{scale-type=u8},quantize-activations"]
VECTORS = ["quantize-to-vectors{vector=2 bits=5}", "quantize-to-vectors{vector=3 bits=2}",
           "quantize-to-vectors{vector=4 bits=4}"]
LARGE = ["mxfp8", Q + "{codebook=mxfp6-e2m3}", Q + "{codebook=mxfp6-e3m2 search=mse}",
         Q + "{codebook=mxfp8-e5m2}",
         "kmeans{bits=5}", "kmeans{bits=7}", "kmeans{bits=8}"]


def compare(recipe, cpu, *inputs):
    option = f"--compress={recipe}"
    done = subprocess.run(["pith-run", "--compare", f"--cpu={cpu}", option, *inputs],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "y: equal" in done.stdout, (
        recipe, cpu, done.stdout, done.stderr)


for recipe in RECIPES:
    compare(recipe, "native", model, f"--input=ids={folder}/ids.npy")
for recipe in ("nf4", "kmeans{bits=3}"):
    compare(recipe, "x86-64-v3", model, f"--input=ids={folder}/ids.npy")
for recipe in INTEGERS + VECTORS:
    compare(recipe, "native", model, f"--input=ids={folder}/ids.npy")
# Tiles of a few rows decode anew, those of many read a copy.
rows = pt.save(pt.model([pt.node("MatMul", "x", "w", "y")], {"x": ("float32", [21, 96])},
                        {"y": ("float32", [21, 70])}, {"w": normal(96, 70)}), folder, "rows")
for recipe in LARGE + VECTORS:
    compare(recipe, "native", product)
    compare(recipe, "native", rows)
    compare(recipe, "haswell", product)
for recipe in LARGE[:2] + VECTORS[:1]:
    compare(recipe, "haswell", rows)
    compare(recipe, "x86-64-v4", rows)
