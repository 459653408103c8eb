# RUN: %python %s %t
"""Activations that a profile quantizes: programs give the reference evaluator's codes,
so their results are equal; less error with more bits; layers between float inputs and
outputs hold bytes."""
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(17)
normal = lambda *shape: random.standard_normal(shape, np.float32)

# A residual network with what image models have: three channels, strides, a filter per
# channel, a bottleneck of 1x1, groups, a mean, a dense layer.
model = pt.model(
    [pt.node("Conv", "x", "k0", "b0", "c0", pads=[1, 1, 1, 1], strides=[2, 2]),
     pt.node("Relu", "c0", "r0"),
     pt.node("Conv", "r0", "k1", "c1", pads=[1, 1, 1, 1]),
     pt.node("Relu", "c1", "r1"),
     pt.node("Conv", "r1", "k2", "b2", "c2", pads=[2, 2, 2, 2], dilations=[2, 2]),
     pt.node("Add", "c2", "r0", "a2"), pt.node("Relu", "a2", "r2"),
     pt.node("Conv", "r2", "k3", "c3", pads=[1, 1, 1, 1], group=20),
     pt.node("Relu", "c3", "r3"),
     pt.node("Conv", "r3", "k4", "b4", "c4"),
     pt.node("Sigmoid", "c4", "s4"), pt.node("Mul", "c4", "s4", "r4"),
     pt.node("Conv", "r4", "k5", "c5", pads=[0, 1, 1, 0], group=4, strides=[1, 2]),
     pt.node("GlobalAveragePool", "c5", "p5"), pt.node("Flatten", "p5", "f5"),
     pt.node("Gemm", "f5", "w6", "b6", "y", transB=1)],
    {"x": ("float32", ["n", 3, 17, 14])}, {"y": ("float32", ["n", 7])},
    {"k0": normal(20, 3, 3, 3) / 4, "b0": normal(20), "k1": normal(20, 20, 3, 3) / 10,
     "k2": normal(20, 20, 3, 3) / 10, "b2": normal(20), "k3": normal(20, 1, 3, 3) / 2,
     "k4": normal(32, 20, 1, 1) / 4, "b4": normal(32), "k5": normal(24, 8, 2, 2) / 4,
     "w6": normal(7, 24) / 4, "b6": normal(7)})
model = pt.save(model, folder)
for index in range(4):
    os.makedirs(f"{folder}/samples/{index}", exist_ok=True)
    np.save(f"{folder}/samples/{index}/x.npy", normal(2, 3, 17, 14))
x = normal(3, 3, 17, 14)
exact = pt.run(["pith-run", "--reference", model], {"x": x}, ["y"])["y"]


def decibels(y):
    return 10 * np.log10((exact ** 2).sum() / ((y - exact) ** 2).sum())


QUANTIZE = "quantize{bits=8 granularity=per-channel min-elements=1}"
found = {}
for name, recipe in {
        "static": f"{QUANTIZE},quantize-activations{{mode=static min-sqnr=0}}",
        "min-max": f"{QUANTIZE},quantize-activations{{mode=static range=min-max}}",
        "symmetric": f"{QUANTIZE},quantize-activations{{scheme=symmetric range=mse min-sqnr=0}}",
        "4 bits": f"{QUANTIZE},quantize-activations{{bits=4 min-sqnr=0}}",
        "int4 weights": "quantize{bits=4 group-size=32 min-elements=1},"
                        "quantize-activations{range=entropy min-sqnr=0}",
        "dynamic, 4 bits": f"{QUANTIZE},quantize-activations{{mode=dynamic bits=4}}",
        "mixed": f"{QUANTIZE},quantize-activations{{min-sqnr=45}}"}.items():
    options = [f"--calibrate={folder}/samples"]
    # What the reference evaluator runs is what was compressed.
    stage = f"{folder}/compressed.mlirbc"
    pt.command(["pithc", model, "-o", stage, "--emit=compressed", f"--compress={recipe}", *options])
    want = pt.run(["pith-run", "--reference", stage], {"x": x}, ["y"])["y"]
    program = f"{folder}/program"
    pt.command(["pithc", stage, "-o", program])
    found[name] = decibels(want)
    for threads in (1, 2):
        got = pt.run(program, {"x": x}, ["y"], f"--threads={threads}")["y"]
        worst = np.abs(got - want).max()
        # The mean before the dense layer adds in another order; codes may then differ.
        assert worst < 2e-3 * np.abs(want).max(), (name, worst)

assert found["static"] > 30 and found["min-max"] > 30 and found["symmetric"] > 28, found
assert found["4 bits"] < found["static"] - 10, found
assert found["int4 weights"] < found["static"], found
assert found["mixed"] > found["static"], found
