# RUN: %python %s %t
"""Kernels compute what the reference evaluator says, for every sparse form, with codes
in it, in convolutions and products whose sizes neither blocks nor panels divide, of one
row and of many."""
import subprocess
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(7)
normal = lambda *shape: random.standard_normal(shape, np.float32)

model = pt.save(pt.model(
    [pt.node("Conv", "x", "k1", "c1", "conv1", pads=[1, 1]),
     pt.node("Relu", "conv1", "relu1"),
     pt.node("Conv", "relu1", "k2", "conv2", strides=[2]),
     pt.node("ReduceMean", "conv2", "mean", axes=[2], keepdims=0),
     pt.node("MatMul", "mean", "w1", "hidden"),
     pt.node("Tanh", "hidden", "tanh"),
     pt.node("Gemm", "tanh", "w2", "b2", "y", transB=1)],
    {"x": ("float32", [2, 44, 9])}, {"y": ("float32", [2, 3])},
    {"k1": normal(52, 44, 3) / 8, "c1": normal(52), "k2": normal(36, 52, 2) / 8,
     "w1": normal(36, 172) / 5, "w2": normal(3, 172) / 8, "b2": normal(3)}), folder)

# Rows that take the kernels for few, for a register tile and for many rows.
products = [pt.save(pt.model(
    [pt.node("MatMul", "x", "w", "h"), pt.node("Add", "h", "b", "s"),
     pt.node("Relu", "s", "y")],
    {"x": ("float32", [rows, reduction])}, {"y": ("float32", [rows, outputs])},
    {"w": normal(reduction, outputs), "b": normal(outputs)}), folder, f"product{rows}")
    for rows, reduction, outputs in [(1, 172, 67), (19, 172, 67), (70, 700, 36)]]

NO_LIMIT = "min-elements=0"
FORMS = ["prune{sparsity=0.5 %s}", "prune{sparsity=0.97 %s}", "prune{pattern=2:4 %s}",
         "prune{pattern=3:7 %s}", "prune{block=16x4 sparsity=0.6 %s}",
         "prune{block=32x1 sparsity=0.6 %s}", "prune{block=5x3 sparsity=0.8 %s}",
         "prune{block=16x16 sparsity=0.7 %s}", "prune{block=1x9 sparsity=0.9 %s}"]
CODED = ["prune{block=16x4 sparsity=0.6 %s},int4", "prune{block=16x1 sparsity=0.6 %s},int8",
         "prune{block=5x3 sparsity=0.8 %s},quantize-weights{bits=3}",
         "prune{block=32x8 sparsity=0.5 %s},nf4",
         "prune{block=16x4 sparsity=0.6 %s},int8,quantize-activations"]


def compare(recipe, cpu, path):
    recipe = recipe % NO_LIMIT
    done = subprocess.run(["pith-run", "--compare", f"--cpu={cpu}", f"--compress={recipe}",
                           path], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "y: equal" in done.stdout, (
        recipe, cpu, path, done.stdout, done.stderr)


for number, form in enumerate(FORMS):
    for path in [products[1], (model, products[0], products[2])[number % 3]]:
        compare(form, "native", path)
for number, form in enumerate(CODED):
    compare(form, "native", (model, products[1])[number % 2])
compare(FORMS[4], "native", model)
for form in FORMS[:1] + FORMS[4:6]:
    compare(form, "x86-64-v3", products[1])
