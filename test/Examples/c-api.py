# The example in C gives the model's outputs, linked statically and dynamically.
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s %t %cc %pith_src
"""Builds examples/c-api against a small model and compares with ONNX Runtime."""

import os
import subprocess
import sys

import numpy as np

import pith_testing as pt

folder, compiler, source = sys.argv[1:]
example = os.path.join(source, "examples", "c-api")
random = np.random.default_rng(0)
model = pt.model(
    [pt.node("Flatten", "image", "flat"), pt.node("Gemm", "flat", "w", "b", "logits", transB=1)],
    {"image": ("float32", ["batch", 1, 8, 8])}, {"logits": ("float32", ["batch", 10])},
    {"w": random.standard_normal((10, 64)).astype(np.float32),
     "b": random.standard_normal(10).astype(np.float32)})

with open(os.path.join(example, "seven.txt")) as file:
    picture = file.read()
ink = {" ": 0.0, ".": 0.25, "+": 0.6}
pixels = np.array([[ink.get(c, 1.0) for c in line] for line in picture.splitlines()], np.float32)
image = np.stack([pixels, pixels.T])[:, None]
expected = pt.onnxruntime_outputs(model, {"image": image})["logits"]
text = picture + "".join("".join(column) + "\n" for column in zip(*picture.splitlines()))


def build_and_check(kind, library, link):
    pt.command(["pithc", pt.save(model, folder), f"--emit={kind}", "-o",
                os.path.join(folder, library)])
    program = os.path.join(folder, "classify-" + kind)
    pt.command([compiler, "-Wall", "-Werror", os.path.join(example, "classify.c"), "-I", folder,
                "-I", os.path.join(source, "include"), *link, "-lpthread", "-o", program])
    lines = subprocess.run([program], input=text, text=True, check=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    assert len(lines) == 2, lines
    for line, row in zip(lines, expected):
        best, scores = line.split(":")
        assert int(best) == row.argmax(), line
        np.testing.assert_allclose([float(s) for s in scores.split()], row, atol=2e-3)


build_and_check("static", "libdigits.a", [os.path.join(folder, "libdigits.a")])
build_and_check("shared", "libdigits.so",
                ["-L", folder, "-ldigits", f"-Wl,-rpath,{folder}"])
