#!/usr/bin/env python3
"""Measures compiled programs beside ONNX Runtime, in turn, on equal inputs.

    run.py --pithc PATH [--match REGEX] [--threads 2] [--rounds 5] [--seconds 0.4]
           [--model FILE.onnx …] [--json OUT]

For each model and recipe: the median latency of the program and of ONNX Runtime
on the float model, their ratio (below 1: Pith is faster), stored weight bytes,
compile time. The two take turns; the median over rounds is reported, and beside it
the ratio of the two shortest times: where the two ratios differ much, something else
was running, and neither is to be trusted.

The models are made here, with random weights; real ones can be given by
--model. See README.md in this folder.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime

import models

RECIPES = ["", "int8", "int4", "w8a8", "w4a8"]


def command(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[0] if done.stderr else
                           f"exit code {done.returncode}")
    return done.stdout


def random_inputs(path):
    """Random values for every input; symbolic sizes are 1."""
    random = np.random.default_rng(0)
    graph = onnx.load(path, load_external_data=False).graph
    constants = {initializer.name for initializer in graph.initializer}
    result = {}
    for value in graph.input:
        if value.name in constants:
            continue
        tensor = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        shape = [d.dim_value or 1 for d in tensor.shape.dim]
        result[value.name] = (random.standard_normal(shape).astype(dtype)
                              if np.issubdtype(dtype, np.floating) else np.zeros(shape, dtype))
    return result


class Peer:
    """ONNX Runtime on the float model."""

    def __init__(self, path, inputs, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options,
                                                    providers=["CPUExecutionProvider"])
        self.inputs = inputs

    def microseconds(self, seconds):
        """Median and minimum."""
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 3:
            start = time.perf_counter()
            self.session.run(None, self.inputs)
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1e6, min(times) * 1e6


class Program:
    """A compiled program."""

    def __init__(self, pithc, path, inputs, recipe, folder, threads):
        self.program = os.path.join(folder, "program")
        start = time.perf_counter()
        command([pithc, path, "-o", self.program, "--quiet"] +
                ([f"--compress={recipe}"] if recipe else []))
        self.compile_seconds = time.perf_counter() - start
        self.options = [f"--threads={threads}"]
        for index, (name, value) in enumerate(inputs.items()):
            file = os.path.join(folder, f"input{index}.npy")
            np.save(file, value)
            self.options += ["--input", f"{name}={file}"]
        self.info = json.loads(command([self.program, "--info", "--json"]))

    def microseconds(self, seconds):
        text = command([self.program, f"--bench={seconds}", *self.options])
        return tuple(float(re.search(key + r"_us=([0-9.]+)", text).group(1))
                     for key in ("median", "min"))


def measure(arguments, name, path, recipe):
    inputs = random_inputs(path)
    program = Program(arguments.pithc, path, inputs, recipe, arguments.folder, arguments.threads)
    peer = Peer(path, inputs, arguments.threads)
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(program.microseconds(arguments.seconds))
        theirs.append(peer.microseconds(arguments.seconds))
    def over_rounds(times, which):
        return statistics.median(time[which] for time in times)

    return {"model": name, "recipe": recipe or "float",
            "us": over_rounds(ours, 0), "onnxruntime_us": over_rounds(theirs, 0),
            "least_us": min(time[1] for time in ours),
            "onnxruntime_least_us": min(time[1] for time in theirs),
            "weight_bytes": program.info["weight_bytes"], "compile_s": program.compile_seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pithc", default="pithc")
    parser.add_argument("--folder", default="benchmark-files")
    parser.add_argument("--match", default="", help="regular expression on model/recipe")
    parser.add_argument("--model", action="append", default=[], help="measure this file instead")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)

    sources = {os.path.basename(os.path.dirname(path)) or path: lambda path=path: path
               for path in arguments.model}
    if not sources:
        sources = {name: lambda make=make, name=name: models.write(make, name, arguments.folder)
                   for name, make in models.MODELS.items()}
    if os.getloadavg()[0] > 0.3:
        print(f"warning: the machine is busy (load {os.getloadavg()[0]:.1f}): do not compare "
              "these medians", file=sys.stderr)
    print(f"{'model':20} {'recipe':8} {'pith us':>10} {'ort us':>10} {'ratio':>6} {'of min':>6} "
          f"{'weight bytes':>13} {'compile s':>9}")
    rows, failed = [], 0
    for name, source in sources.items():
        for recipe in RECIPES:
            if not re.search(arguments.match, f"{name}/{recipe or 'float'}"):
                continue
            try:
                row = measure(arguments, name, source(), recipe)
            except RuntimeError as error:
                print(f"{name:20} {recipe or 'float':8} {error}")
                failed += 1
                continue
            rows.append(row)
            print(f"{name:20} {row['recipe']:8} {row['us']:10.1f} {row['onnxruntime_us']:10.1f} "
                  f"{row['us'] / row['onnxruntime_us']:6.2f} "
                  f"{row['least_us'] / row['onnxruntime_least_us']:6.2f} {row['weight_bytes']:13,} "
                  f"{row['compile_s']:9.2f}", flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(rows, file, indent=1)
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
