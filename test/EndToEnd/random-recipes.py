# RUN: %python %s %t 36
"""Random recipes: whatever is composed in whatever order compiles, and the program
computes what the reference evaluator computes of the same IR.

    python random-recipes.py FOLDER COUNT [FIRST] [MODEL SAMPLES]...

runs COUNT recipes, numbered from FIRST, in turns on three small models of its own
(layers in sequence; convolutions with residual, depthwise and strided layers; attention
with look-ups), or on real ones with folders of samples. A number alone decides the
recipe, so a failure is repeated by its number. All compression passes take part: the
test fails if `pithc --compress=help` lists one that it does not know.
"""
import os
import random
import re
import subprocess
import sys
from urllib.parse import unquote

import numpy as np
import pith_testing as pt

ALWAYS = "always"  # marks steps that need an option
ANY = {"min-elements": [1, 64, 256]}
ROUND = {"group-size": [16, 32, 48, 256]}
SPARSE = {"pattern": ["1:2", "2:4", "3:7", "1:4"], "sparsity": [0.3, 0.5, 0.8, "0.5 block=1x4", "0.7 block=4x4"]}
WEIGHTING = {"weighting": ["none", "magnitude", "gram"], "damping": [0.01, 0.1]}
# Steps by their kind. Structured ones come before all others: they remove parts of plain
# weights. Exclusive options stand in a tuple: at most one of them is taken.
STRUCTURED = {
    "prune-channels": {"ratio": [0.1, 0.3], "multiple-of": [1, 4], "fit": ["true", "false"], "scope": ["layer", "global"]},
    "prune-heads": {"ratio": [0.5]},
    "prune-layers": {"count": [1]},
}
PREPARE = {
    "equalize-layers": {}, "smooth-activations": {"alpha": [0.3, 0.5, 0.8]},
    "scale-salient-channels": {"bits": [3, 4]}, "rotate-activations": {"seed": [1, 2]},
    "measure-sensitivity": {"samples": [2]}, "choose-bits": {ALWAYS: [], "budget": [32], "method": ["nearest", "gptq", "gptvq"]},
    "choose-ranks": {("ratio", "bits-per-parameter"): [[0.5, 0.8], [20]], ALWAYS: []}, "calibrate": {"gram": ["true"]},
    "split-low-rank": {"rank": [2], "bits": [3, 4]},
}
THIN = {
    "factorize-weights": {("rank", "energy", "ratio"): [[2, 5], [0.8, 0.95], [0.5, 0.8]], **WEIGHTING},
    "factorize-jointly": {},
}
PRUNE = {
    "prune-weights": {("pattern", "sparsity"): [SPARSE["pattern"], [*SPARSE["sparsity"], "0.6 scope=global", "0.5 schedule=erk"]]},
    "prune-wanda": {("pattern", "sparsity"): [SPARSE["pattern"], SPARSE["sparsity"]]},
    "prune-sparsegpt": {("pattern", "sparsity"): [SPARSE["pattern"], SPARSE["sparsity"]]},
    "update-weights": {},
}
CODE = {
    "quantize-weights": {"bits": list(range(1, 9)), "scheme": ["symmetric", "asymmetric"], "granularity": ["per-tensor", "per-channel", "group"], **ROUND},
    "quantize-gptq": {"bits": [2, 3, 4, 8], "granularity": ["per-channel", "group"], **ROUND},
    "quantize-gptvq": {"bits": [1, 2, 3, 4, 5]}, "quantize-hqq": {"bits": [2, 3, 4]},
    "quantize-to-codebook": {"codebook": ["nf", "fp4", "e3m0", "mxfp4", "mxfp6-e2m3", "mxfp8-e4m3", "ternary", "kmeans"]},
    "quantize-to-vectors": {"vector": [2, 4]},
}
AFTER = {"correct-quantization": {"rank": [2, 4]}, "correct-bias": {}, "learn-rounding": {},
         "quantize-activations": {"mode": ["static", "dynamic"], "granularity": ["row", "tensor"]}, "round-floats": {}}
KINDS = [STRUCTURED, PREPARE, THIN, PRUNE, CODE, AFTER]
# Passes that read or write files, or stand for others.
ELSEWHERE = {"instrument-model", "apply-profile", "write-profile", "prune-embedding"}


def make_step(rng, kind):
    name = rng.choice(sorted(kind))
    options = []
    for key, values in {**kind[name], **(ANY if kind in (PRUNE, CODE, THIN) else {})}.items():
        if key == ALWAYS or (rng.random() < 0.4 and ALWAYS not in kind[name]):
            continue
        if isinstance(key, tuple):
            at = rng.randrange(len(key))
            key, values = key[at], values[at]
        options.append(f"{key}={rng.choice(values)}")
    return name + ("{" + " ".join(options) + "}" if options else "")


def make_recipe(number, structured):
    """One to five steps; structured steps first, others in any order."""
    rng = random.Random(number)
    steps = [make_step(rng, rng.choice([PREPARE, THIN, PRUNE, CODE, CODE, AFTER]))
             for _ in range(rng.randint(1, 4))]
    if rng.random() < 0.25:
        steps.insert(0, make_step(rng, {name: STRUCTURED[name] for name in structured}))
    return ",".join(steps)


def check_all_passes_are_known():
    text, _ = pt.command(["pithc", "--compress=help"])
    listed = re.findall(r"^  ([a-z0-9-]+)", text.split("\npasses")[1], re.M)
    known = {name for kind in KINDS for name in kind} | ELSEWHERE
    short = known | {name.removesuffix("-weights") for name in known}
    unknown = [name for name in listed if name not in short]
    assert not unknown, f"passes that no random recipe has: {unknown}"


def make_models(folder):
    rng = np.random.default_rng(5)
    normal = lambda *shape: rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(shape[-1]))
    dense = pt.model(
        [pt.node("MatMul", "x", "w1", "a"), pt.node("Add", "a", "b1", "b"), pt.node("Relu", "b", "c"),
         pt.node("MatMul", "c", "w2", "d"), pt.node("Tanh", "d", "e"), pt.node("Gemm", "e", "w3", "b3", "y", transB=1)],
        {"x": ("float32", ["n", 27])}, {"y": ("float32", ["n", 10])},
        {"w1": normal(27, 48), "b1": normal(48), "w2": normal(48, 36), "w3": normal(10, 36), "b3": normal(10)})
    image = pt.model(
        [pt.node("Conv", "x", "k1", "c1", "a", pads=[1] * 4), pt.node("Relu", "a", "b"),
         pt.node("Conv", "b", "k2", "c2", "c", pads=[1] * 4), pt.node("Relu", "c", "d"),
         pt.node("Conv", "d", "k3", "c1", "e", pads=[1] * 4), pt.node("Add", "e", "b", "f"), pt.node("Relu", "f", "g"),
         pt.node("Conv", "g", "k4", "c1", "h", pads=[1] * 4, strides=[2, 2], group=16),
         pt.node("Conv", "h", "k5", "i"), pt.node("GlobalAveragePool", "i", "j"), pt.node("Flatten", "j", "k"),
         pt.node("MatMul", "k", "w", "y")],
        {"x": ("float32", ["n", 3, 8, 8])}, {"y": ("float32", ["n", 10])},
        {"k1": normal(16, 3, 3, 3), "c1": normal(16), "k2": normal(24, 16, 3, 3) / 3, "c2": normal(24),
         "k3": normal(16, 24, 3, 3) / 3, "k4": normal(16, 1, 3, 3), "k5": normal(32, 16, 1, 1), "w": normal(32, 10)})
    heads = lambda name: [pt.node("MatMul", "n", f"w{name}", f"p{name}"),
                          pt.node("Reshape", f"p{name}", "split", f"r{name}")]
    text = pt.model(
        [pt.node("Gather", "table", "ids", "e"), pt.node("LayerNormalization", "e", "gamma", "beta", "n", axis=-1),
         *heads("q"), *heads("k"), *heads("v"),
         pt.node("Transpose", "rq", "q", perm=[0, 2, 1, 3]), pt.node("Transpose", "rk", "k", perm=[0, 2, 3, 1]),
         pt.node("Transpose", "rv", "v", perm=[0, 2, 1, 3]), pt.node("MatMul", "q", "k", "qk"),
         pt.node("Mul", "qk", "scale", "s"), pt.node("Softmax", "s", "p", axis=-1), pt.node("MatMul", "p", "v", "o"),
         pt.node("Transpose", "o", "t", perm=[0, 2, 1, 3]), pt.node("Reshape", "t", "join", "j"),
         pt.node("MatMul", "j", "wo", "z"), pt.node("Add", "z", "e", "h"), pt.node("MatMul", "h", "wy", "y")],
        {"ids": ("int64", ["n", 6])}, {"y": ("float32", ["n", 6, 40])},
        {"table": normal(40, 32), "gamma": 1 + normal(32), "beta": normal(32),
         **{f"w{n}": normal(32, 32) for n in "qkvo"}, "wy": normal(32, 40),
         "split": np.array([0, 0, 4, 8]), "join": np.array([0, 0, 32]), "scale": np.float32(8 ** -0.5)})
    models = []
    channels, layers = ["prune-channels"], ["prune-channels", "prune-layers"]
    for name, model, sample, structured in (
            ("dense", dense, lambda: ("x", normal(4, 27)), channels),
            ("image", image, lambda: ("x", normal(2, 3, 8, 8)), layers),
            ("text", text, lambda: ("ids", rng.integers(0, 40, (3, 6))), layers + ["prune-heads"])):
        path = pt.save(model, folder, name)
        samples = os.path.join(folder, name + ".samples")
        for i in range(4):
            key, value = sample()
            os.makedirs(f"{samples}/{i}", exist_ok=True)
            np.save(f"{samples}/{i}/{key}.npy", value)
        models.append((path, samples, structured))
    return models


def check(model, samples, recipe):
    """What went wrong; nothing if all is well."""
    inputs = sorted(os.listdir(samples + "/0"))
    done = subprocess.run(
        ["pith-run", model, "--calibrate=" + samples, "--compress=" + recipe, "--compare",
         *[f"--input={unquote(name[:-4])}={samples}/0/{name}" for name in inputs],
         "--threads=2", "--quiet", "--rtol=1e-3", "--atol=1e-4"],
        capture_output=True, text=True)
    ratios = [float(x) for x in re.findall(r"SQNR (\S+) dB", done.stdout)]
    # Where activations are rounded, another order of sums can make another code.
    least = 25 if "quantize-activations" in recipe else 60
    if done.returncode == 0 or (ratios and min(ratios) >= least and "error:" not in done.stderr):
        return None
    return f"exit code {done.returncode}: " + (done.stdout + done.stderr).strip()[-600:]


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    check_all_passes_are_known()
    given = [(*pair, ["prune-channels"]) for pair in zip(sys.argv[4::2], sys.argv[5::2])]
    models = given or make_models(folder)
    wrong = 0
    for number in range(first, first + count):
        model, samples, structured = models[number % len(models)]
        recipe = make_recipe(number, structured)
        problem = check(model, samples, recipe)
        if problem:
            wrong += 1
            print(f"{number}: {model}: {recipe}\n    {problem}", flush=True)
    assert wrong == 0, f"{wrong} of {count} recipes went wrong"
    print(f"{count} recipes: programs compute what the reference evaluator computes")


if __name__ == "__main__":
    main()
