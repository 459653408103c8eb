# RUN: %python %s %t
"""Scratch memory of kernels is planned into the arena, however many there are: none
is asked for while a program of static shapes runs."""
import sys

import numpy as np
import pith_testing as pt

random = np.random.default_rng(1)
nodes, weights, last = [], {}, "x"
for i in range(90):
    weights[f"w{i}"] = random.standard_normal((64, 64), np.float32) / 8
    nodes += [pt.node("MatMul", last, f"w{i}", f"h{i}"), pt.node("Relu", f"h{i}", f"r{i}")]
    last = f"r{i}"
model = pt.save(pt.model(nodes, {"x": ("float32", [3, 64])}, {last: ("float32", [3, 64])},
                         weights), sys.argv[1])
code, _ = pt.command(["pithc", model, "--emit=llvm", "--quiet", "-o", "-", "--compress="
                      "quantize{bits=8 granularity=per-channel min-elements=1},quantize-activations"])
assert "call void @pith_rt_parallel_for" in code
assert "call ptr @pith_rt_alloc" not in code, code.count("call ptr @pith_rt_alloc")
