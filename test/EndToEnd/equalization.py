# RUN: %python %s %t
"""Passes that move scales and rotate change no output; each has its published effect; the
search of scale-salient-channels is what numpy computes."""
import os
import re
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(11)
normal = lambda *shape: random.standard_normal(shape, np.float32)

# A decoder's block: RMS norm, attention of 4 heads, a gated unit, layer norm, a head.
# Some channels of the norms are much larger than others.
W, H = 32, 44
gamma = np.abs(normal(W)) + 0.5
gamma[[3, 17]] *= 25
parts = {"table": normal(50, W), "gamma": gamma, "eps": np.float32(1e-5), "two": np.float32(2),
         "wq": normal(W, W) / 9, "wk": normal(W, W) / 9, "wv": normal(W, W) / 9,
         "wo": normal(W, W) / 6, "split": np.array([0, 0, 4, 8]), "join": np.array([0, 0, W]),
         "scale": np.float32(8 ** -0.5), "ln": gamma, "lb": normal(W), "gate": normal(W, H) / 60,
         "up": normal(W, H) / 60, "down": normal(H, W) / 6, "head": normal(W, 19) / 6}
nodes = [pt.node("Gather", "table", "ids", "x"), pt.node("Pow", "x", "two", "sq"),
         pt.node("ReduceMean", "sq", "ms", axes=[-1], keepdims=1), pt.node("Add", "ms", "eps", "mse"),
         pt.node("Sqrt", "mse", "rms"), pt.node("Div", "x", "rms", "unit"),
         pt.node("Mul", "unit", "gamma", "n")]
for t in "qkv":
    nodes += [pt.node("MatMul", "n", "w" + t, t), pt.node("Reshape", t, "split", t + "4"),
              pt.node("Transpose", t + "4", t + "h", perm=[0, 2, 3, 1] if t == "k" else [0, 2, 1, 3])]
nodes += [pt.node("MatMul", "qh", "kh", "s"), pt.node("Mul", "s", "scale", "ss"),
          pt.node("Softmax", "ss", "p", axis=-1), pt.node("MatMul", "p", "vh", "a"),
          pt.node("Transpose", "a", "at", perm=[0, 2, 1, 3]), pt.node("Reshape", "at", "join", "aj"),
          pt.node("MatMul", "aj", "wo", "o"), pt.node("Add", "x", "o", "r"),
          pt.node("LayerNormalization", "r", "ln", "lb", "m", axis=-1),
          pt.node("MatMul", "m", "gate", "g"), pt.node("Sigmoid", "g", "gs"), pt.node("Mul", "g", "gs", "gg"),
          pt.node("MatMul", "m", "up", "u"), pt.node("Mul", "gg", "u", "gu"),
          pt.node("MatMul", "gu", "down", "d"), pt.node("Add", "r", "d", "e"),
          pt.node("MatMul", "e", "head", "y")]
block = pt.save(pt.model(nodes, {"ids": ("int64", ["n", 6])}, {"y": ("float32", ["n", 6, 19])}, parts),
                folder, "block")

# A product behind a norm whose channels differ: activations with outliers alone.
norm = pt.save(pt.model(nodes[:7] + [pt.node("MatMul", "n", "head", "y")],
                        {"ids": ("int64", ["n", 6])}, {"y": ("float32", ["n", 6, 19])},
                        {name: parts[name] for name in ("table", "gamma", "eps", "two", "head")}),
               folder, "norm")

# Convolutions with unequal channels: a residual sum that three layers read, a depthwise
# one, pooling, channels joined.
uneven = lambda *shape: normal(*shape) * (4.0 ** random.standard_normal((shape[0], 1, 1, 1))).astype(np.float32)
kernels = {"k1": uneven(12, 3, 3, 3), "b1": normal(12), "k2": uneven(12, 1, 3, 3), "b2": normal(12),
           "k3": uneven(12, 12, 3, 3) / 9, "k4": uneven(12, 24, 1, 1), "k5": uneven(16, 12, 3, 3), "b5": normal(16),
           "fc": normal(16, 7)}
net = pt.save(pt.model(
    [pt.node("Conv", "x", "k1", "b1", "c1", pads=[1] * 4), pt.node("Relu", "c1", "r1"),
     pt.node("Conv", "r1", "k2", "b2", "c2", pads=[1] * 4, group=12), pt.node("LeakyRelu", "c2", "r2"),
     pt.node("Conv", "r2", "k3", "c3", pads=[1] * 4), pt.node("Add", "r1", "c3", "sum"),
     pt.node("Concat", "sum", "r2", "both", axis=1), pt.node("Conv", "both", "k4", "c4"),
     pt.node("Relu", "c4", "r4"), pt.node("MaxPool", "r4", "p4", kernel_shape=[2, 2], strides=[2, 2]),
     pt.node("Conv", "p4", "k5", "b5", "c5"), pt.node("Relu", "c5", "r5"),
     pt.node("ReduceMean", "r5", "mean", axes=[2, 3], keepdims=0), pt.node("MatMul", "mean", "fc", "y")],
    {"x": ("float32", ["n", 3, 12, 12])}, {"y": ("float32", ["n", 7])}, kernels), folder, "net")


def samples(name, make):
    for index in range(8):
        os.makedirs(f"{folder}/{name}-samples/{index}", exist_ok=True)
        for key, value in make().items():
            np.save(f"{folder}/{name}-samples/{index}/{key}.npy", value)
    return f"--calibrate={folder}/{name}-samples"


ids = lambda: {"ids": random.integers(0, 50, (8, 6))}
calibrations = {block: samples("block", ids),
                net: samples("net", lambda: {"x": normal(4, 3, 12, 12)})}
inputs = {block: {"ids": random.integers(0, 50, (32, 6))}, net: {"x": normal(16, 3, 12, 12)}}
calibrations[norm], inputs[norm] = samples("norm", ids), ids()


def outputs(model, recipe):
    program = pt.compile(model, folder, calibrations[model], compress=recipe, name="program")
    return pt.run(program, inputs[model], ["y"])["y"]


# The same function, up to rounding.
exact = {model: outputs(model, None) for model in (block, net, norm)}
for model in (block, net):
    for recipe in ("equalize-layers{min-elements=0}", "scale-salient-channels{min-elements=0 clip=false}",
                   "scale-salient-channels{min-elements=0 explicit=true bits=3 clip=false}",
                   "smooth-activations{min-elements=0}",
                   "smooth-activations{min-elements=0 search=true explicit=true}",
                   "rotate-activations{min-elements=0}",
                   "rotate-activations{min-elements=0 block=4 seed=3 only-outliers=false}",
                   "equalize-layers{min-elements=0},smooth-activations{min-elements=0},rotate-activations{min-elements=0 only-outliers=false}"):
        off = np.abs(outputs(model, recipe) - exact[model]).max() / np.abs(exact[model]).max()
        assert off < 1e-4, (model, recipe, off)


# The published effects.
def gains(model, before, with_it, least):
    old, new = (pt.sqnr(outputs(model, recipe), exact[model]) for recipe in (before, with_it))
    print(f"{with_it}: {old:.2f} dB to {new:.2f} dB")
    assert new > old + least, (with_it, old, new)


for bits in 3, 4:
    rounding = f"quantize{{bits={bits} search=none}}"
    scaling = f"scale-salient-channels{{bits={bits} search=none clip=false}}"
    gains(block, rounding, f"{scaling},{rounding}", 0.5)
    # Limits are those for the rounding that follows, whether it searches scales or not.
    for search in "none", "mse":
        recipe = f"{scaling},{rounding}".replace("none", search)
        gains(block, recipe, recipe.replace("clip=false", "clip=true"), 0.1)
rounding = "quantize{bits=8 granularity=per-channel},quantize-activations{bits=4 mode=dynamic granularity=row}"
gains(norm, rounding, f"rotate-activations,{rounding}", 1.5)
gains(block, rounding, f"smooth-activations{{explicit=true}},{rounding}", 1)
rounding = "quantize{bits=8 granularity=per-tensor min-elements=0}"
gains(net, rounding, f"equalize-layers{{min-elements=0}},{rounding}", 6)

# The search of factors against numpy, for a product behind a norm.
K, N = 16, 24
w = normal(K, N)
g = (2.0 ** random.integers(-2, 4, K)).astype(np.float32)
one = pt.save(pt.model([pt.node("LayerNormalization", "x", "g", "n", axis=-1), pt.node("MatMul", "n", "w", "y")],
                       {"x": ("float32", ["n", K])}, {"y": ("float32", ["n", N])}, {"g": g, "w": w}), folder, "one")
x = normal(64, K)
os.makedirs(f"{folder}/one-samples/0", exist_ok=True)
np.save(f"{folder}/one-samples/0/x.npy", x)
_, log = pt.command(["pithc", one, f"--calibrate={folder}/one-samples", "--dry-run", "-v",
                  "--compress=scale-salient-channels{bits=3 group-size=0 search=none min-elements=0}"])
found = re.search(r"alpha=([\d.]+), by_weights=(\w+).*output_sqnr_db=([\d.]+), output_sqnr_db_before=([\d.]+)", log)
assert found, log
n = x.astype(np.float64)
n = (n - n.mean(1, keepdims=True)) / np.sqrt(n.var(1, keepdims=True) + 1e-5) * g
wt = w.T.astype(np.float64)


def rounded(v):
    scale = (np.abs(v).max(1, keepdims=True) / 3).astype(np.float16).astype(np.float64)
    return np.clip(np.round(v / scale), -4, 3) * scale


def decibels(s):
    error = n @ (rounded(wt * s) / s - wt).T
    return 10 * np.log10(((n @ wt.T) ** 2).sum() / (error ** 2).sum())


magnitude = np.abs(n).mean(0)
share = (np.abs(wt) / np.abs(wt).max(1, keepdims=True)).mean(0)
trials = [(decibels(np.ones(K)), 0, False)]
for alpha in np.arange(21) / 20:
    for divides in (False, True):
        s = magnitude ** alpha / (share ** (1 - alpha) if divides else 1)
        trials.append((decibels(s / np.sqrt(s.min() * s.max())), alpha, divides))
best = max(trials)
assert abs(float(found[3]) - best[0]) < 0.02 and abs(float(found[4]) - trials[0][0]) < 0.02, (found[0], best, trials[0])
assert best[0] > trials[0][0] + 1

# Absorption of high biases: half of the channels never come near 0. Against numpy, also
# where an activation is below what was absorbed; and the range that is left is finer.
K, H, N = 16, 24, 10
w1, b1, w2, b2 = normal(K, H) / 4, np.where(np.arange(H) % 2, 20, 0).astype(np.float32), normal(H, N), normal(N)
high = pt.save(pt.model([pt.node("Gemm", "x", "w1", "b1", "a"), pt.node("Relu", "a", "r"),
                         pt.node("Gemm", "r", "w2", "b2", "y")],
                        {"x": ("float32", ["n", K])}, {"y": ("float32", ["n", N])},
                        {"w1": w1, "b1": b1, "w2": w2, "b2": b2}), folder, "high")
seen = []
calibrations[high] = samples("high", lambda: seen.append(normal(40, K)) or {"x": seen[-1]})
inputs[high] = {"x": 3 * normal(64, K)}
exact[high] = outputs(high, None)
relu = np.maximum(np.concatenate(seen).astype(np.float64) @ w1 + b1, 0)
c = np.maximum(relu.mean(0) - 3 * relu.std(0), 0)
assert (c > 10).sum() == H // 2 and (c == 0).sum() == H // 2, c
a = inputs[high]["x"].astype(np.float64) @ w1 + b1 - c
assert 0 < (a[:, c > 0] < 0).mean() < 0.5, "some are below"
recipe = "equalize-layers{min-elements=0 absorb-bias=3 tolerance=100}"
got = outputs(high, recipe)
assert pt.sqnr(got, np.maximum(a, 0) @ w2 + b2 + c @ w2) > 100
inputs[high] = {"x": seen[0]}
exact[high] = outputs(high, None)
rounding = "quantize{bits=8 granularity=per-channel min-elements=0},quantize-activations{bits=8 mode=static}"
gains(high, rounding, f"{recipe},{rounding}", 5)
