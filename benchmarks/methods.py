#!/usr/bin/env python3
"""Makes the table compression method x model: quality, bytes, latency, compile time.

    methods.py --file 'models/{model}/model.onnx' --calibrate 'samples/{base}'
               (--held-back 'test/{base}' | --evaluate COMMAND)
               [--recipe RECIPE ...] [-o TABLE.md] MODEL ...

MODEL is a name that stands for `{model}` in the templates, its last part for `{base}`.
Samples are folders as `pithc --calibrate` takes them. Quality is that of the compiled
program: the signal-to-noise ratio of its outputs against the float program's on the
held-back samples (of several outputs: the worst); or what COMMAND prints as its last
line, a JSON object. In it `{program}` is the compiled program, and of the object the
numbers that --metrics names are shown. See README.md in this folder.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import datetime
import json
import math
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import urllib.parse

import numpy as np

MODELS = ["resnet20_cifar10", "mlperf_resnet8_cifar10", "self_attention_mnist",
          "stories260k_kv"]

MIXED = "measure-sensitivity,choose-bits{budget=4.3},quantize-gptvq{max-bits=5}," \
        "gptq{bits=0 granularity=per-channel}"

RECIPES = ["", "int8", "w8a8", "int4", "gptq", "quantize{bits=3}", "gptq{bits=3}",
           "quantize-hqq{bits=4}", "awq", "nf4", "mxfp4", "kmeans", "gptvq", "ternary", "vectors",
           "prune{sparsity=0.5}", "prune-wanda{sparsity=0.5}", "prune-sparsegpt{sparsity=0.5}",
           "prune-sparsegpt{pattern=2:4}", "low-rank{ratio=0.6}", MIXED]

METRICS = ["acc", "psnr", "kl", "agree", "sqnr"]


def run(arguments, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, **options)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        errors = [line for line in lines if "error:" in line] or lines
        raise RuntimeError(errors[0] if errors else f"exit code {done.returncode}")
    return done.stdout


class Model:
    """One model, with its samples, and the float program's outputs."""

    def __init__(self, arguments, name):
        base = name.rsplit("/", 1)[-1]
        def fill(template):
            return template.replace("{model}", name).replace("{base}", base) if template else None

        self.name, self.folder = name, os.path.join(arguments.folder, base)
        os.makedirs(self.folder, exist_ok=True)
        self.arguments = arguments
        self.file, self.calibration = fill(arguments.file), fill(arguments.calibrate)
        self.held_back, self.evaluation = fill(arguments.held_back), fill(arguments.evaluate)
        for path in (self.file, self.calibration, self.held_back):
            if path and not os.path.exists(path):
                raise RuntimeError(f"there is no {path}")
        self.reference = None

    def compile(self, recipe, name="program"):
        program = os.path.join(os.path.abspath(self.folder), name)
        start = time.perf_counter()
        run([self.arguments.pithc, self.file, "-o", program, "--quiet"] +
            ([f"--compress={recipe}", f"--calibrate={self.calibration}"] if recipe else []))
        return program, time.perf_counter() - start

    def outputs(self, program):
        folder = os.path.join(self.folder, "outputs")
        shutil.rmtree(folder, ignore_errors=True)
        run([program, "--inputs", self.held_back, "--outputs", folder])
        values = {}
        for place, _, files in sorted(os.walk(folder)):
            for file in sorted(files):
                values.setdefault(file, []).append(
                    np.load(os.path.join(place, file)).astype(np.float64).ravel())
        return {name: np.concatenate(parts) for name, parts in values.items()}

    def quality(self, program):
        if self.evaluation:
            command = self.evaluation.replace("{program}", program)
            last = run(command, shell=True).strip().splitlines()[-1]
            numbers = json.loads(last[last.index("{"):])
            return {key: numbers[key] for key in self.arguments.metrics.split(",")
                    if isinstance(numbers.get(key), (int, float))}
        if self.reference is None:
            self.reference = self.outputs(self.compile("", "float")[0])
        return {"sqnr": min(signal_to_noise(self.reference[name], value)
                            for name, value in self.outputs(program).items())}

    def first_sample(self):
        """Options that give a program the first of the calibration samples."""
        folder = os.path.join(self.calibration, "0")
        folder = folder if os.path.isdir(folder) else self.calibration
        return [text for file in sorted(os.listdir(folder)) if file.endswith(".npy")
                for text in ("--input", urllib.parse.unquote(file[:-4]) + "=" +
                             os.path.join(folder, file))]

    def measure(self, recipe):
        program, seconds = self.compile(recipe)
        info = json.loads(run([program, "--info", "--json"]))
        text = run([program, f"--bench={self.arguments.seconds}", "--threads=1",
                    *self.first_sample()])
        return {"bytes": info["weight_bytes"],
                "bits": 8 * info["weight_bytes"] / info["parameters"],
                "us": float(re.search(r"median_us=([0-9.]+)", text).group(1)),
                "compile_s": seconds, "quality": self.quality(program)}


def signal_to_noise(reference, value):
    noise = np.sum((reference - value) ** 2)
    signal = np.sum(reference ** 2)
    return 10 * math.log10(signal / noise) if noise and signal else math.inf


class Table:
    """The Markdown table, written as rows come."""

    def __init__(self, path, metrics):
        self.file = open(path, "w") if path else sys.stdout
        self.metrics = metrics
        self.write("# Methods and models\n")
        self.write("Made by `benchmarks/methods.py`, which says what the columns are, on "
                   f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores; "
                   "latency: median, 1 thread.\n")
        labels = {"sqnr": "output SQNR, dB", "psnr": "PSNR, dB", "kl": "KL, bits"}
        heads = [labels.get(metric, metric) for metric in metrics]
        self.write("| model | recipe | weight bytes | bits per parameter | " +
                   " | ".join(heads) + " | latency, us | compile, s |")
        self.write("|--|--|--:|--:|" + "--:|" * len(heads) + "--:|--:|")

    def write(self, text):
        print(text, file=self.file, flush=True)

    def row(self, model, recipe, result):
        numbers = [format_number(result["quality"].get(metric)) for metric in self.metrics]
        self.write(f"| {model} | {recipe} | {result['bytes']:,} | {result['bits']:.2f} | " +
                   " | ".join(numbers) + f" | {result['us']:.1f} | {result['compile_s']:.1f} |")

    def failure(self, model, recipe, error):
        reason = str(error).replace("|", "/")
        self.write(f"| {model} | {recipe} | not possible: {reason} |" +
                   " |" * (len(self.metrics) + 3))


def format_number(value):
    if value is None:
        return "–"
    if abs(value) < 1e-6:
        return "0"
    return f"{value:.1f}" if abs(value) >= 2 else f"{value:.3g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL")
    parser.add_argument("--pithc", default="pithc")
    parser.add_argument("--file", default="{model}.onnx", help="where models are")
    parser.add_argument("--calibrate", default="samples/{base}", help="where samples are")
    parser.add_argument("--held-back", help="where samples for the signal-to-noise ratio are")
    parser.add_argument("--evaluate", help="command that prints numbers as a JSON object")
    parser.add_argument("--metrics", default=",".join(METRICS), help="which of them are shown")
    parser.add_argument("--recipe", action="append", help="instead of the list in this file")
    parser.add_argument("--seconds", type=float, default=0.3, help="of each latency")
    parser.add_argument("--folder", default="benchmark-files")
    parser.add_argument("-o", dest="output", help="Markdown file; default: standard output")
    arguments = parser.parse_args()
    if not arguments.held_back and not arguments.evaluate:
        parser.error("quality needs --held-back or --evaluate")

    metrics = arguments.metrics.split(",") if arguments.evaluate else ["sqnr"]
    if os.getloadavg()[0] > 0.3:
        print(f"warning: the machine is busy (load {os.getloadavg()[0]:.1f}): do not compare "
              "these latencies", file=sys.stderr)
    table = Table(arguments.output, metrics)
    failed = 0
    for name in arguments.models:
        model = Model(arguments, name)
        for recipe in arguments.recipe or RECIPES:
            label = f"`{recipe}`" if recipe else "float"
            try:
                table.row(name, label, model.measure(recipe))
            except (RuntimeError, ValueError) as error:
                table.failure(name, label, error)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
