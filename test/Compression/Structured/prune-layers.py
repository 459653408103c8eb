# RUN: %python %s %t
"""The residual block that changes least goes, with a cache that only it needs."""
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(4)
normal = lambda *shape: random.standard_normal(shape, np.float32)

w = {"a": normal(8, 8), "b": normal(8, 8) / 100, "c": normal(8, 8)}
nodes = []
value = "x"
for name in "abc":
    nodes += [pt.node("MatMul", value, name, name + "m"), pt.node("Relu", name + "m", name + "r")]
    inner = name + "r"
    if name == "b":  # what it has seen so far is summed up, too
        nodes += [pt.node("Concat", "past", inner, "now", axis=1),
                  pt.node("ReduceSum", "now", "one", name + "s", keepdims=1)]
        inner = name + "s"
    nodes.append(pt.node("Add", value, inner, name + "o"))
    value = name + "o"
nodes.append(pt.node("MatMul", value, "head", "y"))
w.update({"one": np.array([1]), "head": normal(8, 3)})
model = pt.save(pt.model(nodes, {"x": ("float32", ["n", 1, 8]), "past": ("float32", ["n", "p", 8])},
                         {"y": ("float32", ["n", 1, 3]), "now": ("float32", ["n", "q", 8])},
                         w), folder)
for i in range(3):
    os.makedirs(f"{folder}/samples/{i}", exist_ok=True)
    np.save(f"{folder}/samples/{i}/x.npy", normal(4, 1, 8))
    np.save(f"{folder}/samples/{i}/past.npy", normal(4, 2, 8) / 100)

program = pt.compile(model, folder, f"--calibrate={folder}/samples",
                     f"--report={folder}/report.json", compress="prune-layers{count=1}",
                     name="program")
info = pt.info(program)
assert [i["name"] for i in info["inputs"]] == ["x"], info["inputs"]
assert [o["name"] for o in info["outputs"]] == ["y"], info["outputs"]
x = normal(5, 1, 8)
want = x
for name in "ac":
    want = want + np.maximum(want @ w[name], 0)
pt.check_close(pt.run(program, {"x": x}, ["y"])["y"], want @ w["head"], 1e-4, 1e-4)

errors = pt.command(["pithc", model, "-o", folder + "/no", "--compress=prune-layers"],
                    expect=1)[1]
assert "pith-prune-layers measures blocks on samples, found none" in errors, errors
errors = pt.command(["pithc", model, "-o", folder + "/no", f"--calibrate={folder}/samples",
                     "--compress=prune-layers{count=4}"], expect=1)[1]
assert "expected a count of at most 3, the number of residual blocks, found 4" in errors, errors
