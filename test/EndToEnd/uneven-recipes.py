# RUN: %python %s %t
"""Recipes whose parts do not fit each other evenly: codes of 3 and 5 to 7 bits stored
sparsely, patterns that divide no group, weights that no kernel reads compressed."""
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(5)
normal = lambda *shape: random.standard_normal(shape, np.float32)
model = pt.save(
    pt.model([pt.node("MatMul", "x", "w", "h"), pt.node("MatMul", "h", "v", "y")],
             {"x": ("float32", ["n", 256])}, {"y": ("float32", ["n", 17])},
             {"w": normal(256, 100) / 16, "v": normal(100, 17)}), folder)

RECIPES = [f"prune{{sparsity=0.5}},quantize{{bits={bits}}}" for bits in (3, 5, 6, 7)] + [
    "prune{pattern=1:3},int4", "prune{pattern=3:32},int2", "prune{pattern=2:5},w4a8",
    "prune{pattern=1:4},quantize{bits=5 group-size=16}",
    "prune{pattern=1:7},quantize{bits=3 group-size=256}",
    "prune{pattern=3:24},nf4", "prune{pattern=3:32},mxfp4"]
for recipe in RECIPES:
    for cpu in ("native", "x86-64-v3"):
        pt.command(["pith-run", "--compare", "--quiet", "--shape=x:3x256", f"--cpu={cpu}",
                    "--compress=" + recipe.replace("}", " min-elements=1}", 1), model])

# Weights of f64 stay as they are, and the report says why.
double = pt.model([pt.node("MatMul", "x", "w", "y")], {"x": ("float64", ["n", 64])},
                  {"y": ("float64", ["n", 32])}, {"w": normal(64, 32).astype(float)})
double = pt.save(double, folder, "double")
_, summary = pt.command(["pithc", double, "--compress=quantize{bits=4 min-elements=1}",
                         "-o", folder + "/double"])
assert "it is f64" in summary, summary
