# RUN: %python %s %t
"""Products with weights that store elements at any place compute what the reference
evaluator says: floats and codes of every width, groups, sizes that fill no window, panel
or turn, outputs without elements, one row, some, many and a number known at run time."""
import subprocess
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(11)
normal = lambda *shape: random.standard_normal(shape, np.float32)


def product(name, rows, weight, shape=None):
    """relu(x w + b) with `rows` rows; `shape`: what pith-run is told of the input."""
    reduction, outputs = weight.shape
    kind = str(weight.dtype)
    path = pt.save(pt.model(
        [pt.node("MatMul", "x", "w", "h"), pt.node("Add", "h", "b", "s"),
         pt.node("Relu", "s", "y")],
        {"x": (kind, [rows, reduction])}, {"y": (kind, [rows, outputs])},
        {"w": weight, "b": normal(outputs).astype(kind)}), folder, name)
    return [path] + ([f"--shape=x:{shape}x{reduction}"] if shape else [])


uneven = normal(200, 70)
uneven[:, 3:20] = 0  # outputs without elements, within panels and a whole one
uneven[:, 40] *= 40  # and with all of them
MODELS = {
    "one": product("one", 1, normal(172, 67)),
    "few": product("few", 5, normal(131, 40)),
    "tile": product("tile", 16, normal(96, 48)),
    "rest": product("rest", 37, normal(77, 33)),
    "narrow": product("narrow", 4, normal(16, 1)),
    "short": product("short", 3, normal(7, 20)),  # fewer positions than a window
    "uneven": product("uneven", 2, uneven),
    "long": product("long", 9, normal(4096, 24)),
    "spaced": product("spaced", "m", normal(1024, 20), 6),  # rows compete for cache lines
    "half": product("half", 6, normal(90, 40).astype(np.float16)),
    "dynamic1": product("dynamic1", "m", normal(100, 50), 1),
    "dynamic27": product("dynamic27", "m", normal(100, 50), 27),
}
PRUNED = "prune{sparsity=%s min-elements=0}"
RECIPES = [PRUNED % 0.5, PRUNED % 0.9, PRUNED % 0.7 + ",int4", PRUNED % 0.7 + ",int8",
           PRUNED % 0.6 + ",nf4", PRUNED % 0.7 + ",quantize-weights{bits=3}",
           PRUNED % 0.8 + ",quantize-weights{bits=2}",
           PRUNED % 0.8 + ",quantize-weights{bits=6}",
           PRUNED % 0.7 + ",mxfp8", PRUNED % 0.7 + ",mxfp4", PRUNED % 0.7 + ",round-floats",
           PRUNED % 0.3, PRUNED % 0.999]


def compare(recipe, cpu, model):
    done = subprocess.run(["pith-run", "--compare", f"--cpu={cpu}", f"--compress={recipe}",
                           *MODELS[model]], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "y: equal" in done.stdout, (
        recipe, cpu, model, done.stdout, done.stderr)


if len(sys.argv) > 2:  # all of them: by hand, after larger changes
    for cpu in sys.argv[2].split(","):
        for recipe in RECIPES:
            for model in MODELS:
                compare(recipe, cpu, model)
    sys.exit()
for number, recipe in enumerate(RECIPES):
    names = list(MODELS)
    compare(recipe, "native", names[number % len(names)])
    compare(recipe, "haswell", names[(number * 3 + 1) % len(names)])
for model in MODELS:
    compare(RECIPES[2], "native", model)
for model in ["few", "uneven", "half", "spaced"]:  # turns of one window, and of two
    compare(RECIPES[0], "native", model)
    compare(PRUNED % 0.5 + ",int4", "native", model)
for model in ["one", "rest"]:
    compare(RECIPES[0], "x86-64-v2", model)
    compare(RECIPES[2], "x86-64-v2", model)

# Windows are permuted, without spreading elements over positions or a dense copy.
for cpu, instruction in [("znver4", "avx512.permvar.sf.512"), ("haswell", "avx2.permps")]:
    for recipe in [RECIPES[0], RECIPES[2]]:
        done = subprocess.run(["pithc", MODELS["one"][0], "--emit=llvm", f"--cpu={cpu}",
                               "--quiet", f"--compress={recipe}", "-o", "-"],
                              capture_output=True, text=True, check=True)
        assert f"@llvm.x86.{instruction}(" in done.stdout, (cpu, recipe)
        assert "mask.expand" not in done.stdout, (cpu, recipe)
