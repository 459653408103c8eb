# RUN: %python %s %t
"""Static scales per group of an activation: where one scale for all costs too much, the
groups' factors go into the weight's scales, layers share codes, and the program is both
what the evaluator says and near the float model. Weights that cannot take factors keep
float activations."""
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(2)
normal = lambda *shape: random.standard_normal(shape, np.float32)

# Inputs 32 to 63 are large, and meet small weights.
size = np.where(np.arange(100) // 32 == 1, 60, 1).astype(np.float32)
first, second = normal(100, 40) / size[:, None], normal(100, 24) / size[:, None]
model = pt.save(pt.model(
    [pt.node("MatMul", "x", "a", "p"), pt.node("MatMul", "x", "b", "q"),
     pt.node("Concat", "p", "q", "y", axis=1)],
    {"x": ("float32", ["n", 100])}, {"y": ("float32", ["n", 64])},
    {"a": first, "b": second}), folder, "shared")
np.savez(folder + "/samples.npz", x=normal(64, 100) * size)
x = normal(5, 100) * size
np.save(folder + "/x.npy", x)
exact = np.concatenate([x @ first, x @ second], 1)

QUANTIZE = "quantize{bits=8 group-size=32}"


def compress(recipe, *options):
    program = os.path.join(folder, "program")
    _, log = pt.command(["pithc", model, f"--calibrate={folder}/samples.npz", "-v", "-o", program,
                         f"--compress={recipe}", *options])
    pt.command(["pith-run", model, f"--calibrate={folder}/samples.npz", f"--compress={recipe}",
                "--compare", "--quiet", f"--input=x={folder}/x.npy"])
    pt.command([program, f"--input=x={folder}/x.npy", f"--output=y={folder}/y.npy"])
    error = np.load(folder + "/y.npy") - exact
    return log, 10 * np.log10(np.sum(exact ** 2) / np.sum(error ** 2))


log, decibels = compress(QUANTIZE + ",quantize-activations{mode=static}")
assert log.count("static int8 activation, groups of 32") == 2, log
assert decibels > 35, decibels
text, _ = pt.command(["pithc", model, f"--calibrate={folder}/samples.npz", "--emit=compressed",
                      f"--compress={QUANTIZE},quantize-activations{{mode=static}}", "--quiet",
                      "-o", "-"])
assert text.count("pith.quantize ") == 1, text
assert log.count("pith-quantize-activations: [Passed] IntegerActivation") == 2, log
# One scale for all is far from that.
log, one = compress(QUANTIZE + ",quantize-activations{mode=static granularity=row min-sqnr=0}")
assert "groups of" not in log.replace("groups of 100", "") and one < decibels - 20, (log, one)

# A recipe that asks for more than groups reach, and weights with no scales to take factors.
for recipe in (QUANTIZE + ",quantize-activations{mode=static min-sqnr=60}",
               "quantize{bits=8 granularity=per-channel},quantize-activations{mode=static}",
               "quantize{bits=4 group-size=32 scale-type=u8},quantize-activations{mode=static}"):
    log, _ = compress(recipe)
    assert "groups of 32, scales" not in log and log.count("would cost too much") == 2, (recipe, log)
