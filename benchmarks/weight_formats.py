#!/usr/bin/env python3
"""Measures every weight format's kernel beside the dense float one, in turn.

    weight_formats.py --pithc PATH [--match REGEX] [--shapes 768x768,768x3072,4096x4096]
                      [--rows 1,4,16,128] [--seconds 0.05] [--rounds 7] [--cpu NAME]
                      [--markdown OUT.md]

One matrix product [rows, K] x [K, N] per program, with a random weight. The
compressed program and the float program take turns, on one thread; printed is the
median of the rounds' ratios (below 1: the compressed one is faster) and the bytes
of the weight relative to the float one. A ratio above 1 where fewer bytes are read
is a defect: the exit code is 1 if one exceeds --limit.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CODEBOOK = "quantize-to-codebook"
FORMATS = {
    "int8": "int8", "int8 channel": "quantize-weights{bits=8 granularity=per-channel}",
    "int6": "quantize-weights{bits=6}", "int5": "quantize-weights{bits=5}",
    "int4": "int4", "int4 zero points": "quantize-weights{bits=4 scheme=asymmetric}",
    "int4 u8 scales": "quantize-weights{bits=4 scale-type=u8}",
    "int3": "quantize-weights{bits=3}", "int2": "quantize-weights{bits=2}",
    "int1": "quantize-weights{bits=1}",
    "nf4": "nf4", "nf4 u8 scales": "nf4{scale-type=u8}", "fp4": "fp4",
    "mxfp4": "mxfp4", "mxfp6-e2m3": CODEBOOK + "{codebook=mxfp6-e2m3}",
    "mxfp6-e3m2": CODEBOOK + "{codebook=mxfp6-e3m2}",
    "mxfp8-e4m3": CODEBOOK + "{codebook=mxfp8-e4m3}",
    "mxfp8-e5m2": CODEBOOK + "{codebook=mxfp8-e5m2}",
    "ternary": "ternary",
    **{f"kmeans{bits}": CODEBOOK + f"{{codebook=kmeans bits={bits}}}" for bits in range(2, 9)},
    "vector 2 x 8 bits": "quantize-to-vectors{vector=2 bits=8}",
    "vector 4 x 8 bits": "quantize-to-vectors{vector=4 bits=8}",
    "vector 8 x 8 bits": "quantize-to-vectors{vector=8 bits=8}",
    "f16": "round-floats{to=f16}", "bf16": "round-floats{to=bf16}",
    **{f"sparse {share}": f"prune{{sparsity={share}}}" for share in (0.5, 0.7, 0.9)},
    "2:4": "prune{pattern=2:4}", "1:4": "prune{pattern=1:4}", "4:8": "prune{pattern=4:8}",
    "blocks 16x4 0.5": "prune{sparsity=0.5 block=16x4}",
    "sparse 0.7 int8": "prune{sparsity=0.7},int8", "sparse 0.7 int4": "prune{sparsity=0.7},int4",
    "2:4 int8": "prune{pattern=2:4},int8", "2:4 int4": "prune{pattern=2:4},int4",
    "2:4 nf4": "prune{pattern=2:4},nf4",
}


def write_model(path, rows, reduction, outputs):
    random = np.random.default_rng(1)
    weight = random.standard_normal((reduction, outputs), np.float32) / np.float32(reduction**0.5)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "product",
        [value("x", TensorProto.FLOAT, [rows, reduction])],
        [value("y", TensorProto.FLOAT, [rows, outputs])], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


class Program:
    def __init__(self, arguments, model, recipe, path):
        command = [arguments.pithc, model, "-o", path, "--quiet"]
        command += [f"--compress={recipe}"] if recipe else []
        command += [f"--cpu={arguments.cpu}"] if arguments.cpu else []
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[0])
        self.path = path
        info = subprocess.run([path, "--info", "--json"], capture_output=True, text=True).stdout
        self.bytes = json.loads(info)["weight_bytes"]

    def microseconds(self, seconds):
        text = subprocess.run([self.path, f"--bench={seconds}", "--threads", "1"],
                              capture_output=True, text=True, check=True).stdout
        return float(re.search(r"median_us=([0-9.]+)", text).group(1))


def measure(arguments, dense, other):
    times, ratios = [], []
    for _ in range(arguments.rounds):
        base = dense.microseconds(arguments.seconds)
        own = other.microseconds(arguments.seconds)
        times.append(own)
        ratios.append(own / base)
    return statistics.median(times), statistics.median(ratios)


def write_table(path, results, shapes, rows):
    columns = [(shape, m) for shape in shapes for m in rows]
    with open(path, "w") as file:
        file.write("| format | bytes | " + " | ".join(f"{k}x{n} M={m}" for (k, n), m in columns))
        file.write(" |\n|--|--|" + "--|" * len(columns) + "\n")
        for name in FORMATS:
            cells = [results.get((name, *column)) for column in columns]
            if not any(cells):
                continue
            share = next(cell[2] for cell in cells if cell)
            file.write(f"| {name} | {share:.3f} | " + " | ".join(
                f"{cell[1]:.2f}" if cell else "" for cell in cells) + " |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pithc", default="pithc")
    parser.add_argument("--folder", default="benchmark-files")
    parser.add_argument("--match", default="", help="regular expression on the format's name")
    parser.add_argument("--shapes", default="768x768,768x3072,4096x4096", help="KxN, ...")
    parser.add_argument("--rows", default="1,4,16,128")
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cpu", default="")
    parser.add_argument("--limit", type=float, default=1.1)
    parser.add_argument("--markdown")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    shapes = [tuple(map(int, shape.split("x"))) for shape in arguments.shapes.split(",")]
    rows = [int(m) for m in arguments.rows.split(",")]
    results, slow = {}, 0
    print(f"{'format':20} {'K':>5} {'N':>5} {'M':>4} {'us':>10} {'ratio':>6} {'bytes':>6}")
    for reduction, outputs in shapes:
        for m in rows:
            model = os.path.join(arguments.folder, "product.onnx")
            write_model(model, m, reduction, outputs)
            dense = Program(arguments, model, "", os.path.join(arguments.folder, "dense"))
            for name, recipe in FORMATS.items():
                if not re.search(arguments.match, name):
                    continue
                try:
                    other = Program(arguments, model, recipe,
                                    os.path.join(arguments.folder, "coded"))
                except RuntimeError as error:
                    print(f"{name:20} {error}")
                    slow += 1
                    continue
                us, ratio = measure(arguments, dense, other)
                share = other.bytes / dense.bytes
                results[name, (reduction, outputs), m] = us, ratio, share
                slow += ratio > arguments.limit and share < 1
                print(f"{name:20} {reduction:5} {outputs:5} {m:4} {us:10.1f} {ratio:6.2f} "
                      f"{share:6.3f}", flush=True)
    if arguments.markdown:
        write_table(arguments.markdown, results, shapes, rows)
    return 1 if slow or not results else 0


if __name__ == "__main__":
    sys.exit(main())
