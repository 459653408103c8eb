#!/usr/bin/env python3
"""Trains a network on scanned digits, compiles it with several compressions, and
compares the programs: accuracy on held-back digits, size, time.

    quickstart.py --pithc PATH [--folder FOLDER]

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import json
import os
import re
import subprocess
import sys

import train  # first: sets the number of numpy's threads

import numpy as np

RECIPES = [
    ("float", None),
    ("int8", "int8"),
    ("int4", "int4"),
    ("pruned", "prune{sparsity=0.5},quantize{bits=8}"),
    ("low rank", "low-rank{energy=0.95},quantize{bits=4 group-size=64}"),
]


def command(arguments):
    """Runs a program; its failure ends the script with its message."""
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"failed with exit code {done.returncode}: {' '.join(arguments)}\n{done.stderr}")
    return done.stdout


def compile_model(pithc, folder, name, recipe):
    program = os.path.join(folder, "digits-" + name.replace(" ", "-"))
    arguments = [pithc, os.path.join(folder, "digits.onnx"), "-o", program, "--quiet"]
    print("$ pithc digits.onnx" + (f" --compress='{recipe}'" if recipe else "") +
          f" -o {os.path.basename(program)}")
    command(arguments + ([f"--compress={recipe}"] if recipe else []))
    return program


def logits_of(program, folder):
    output = program + ".logits.npy"
    command([program, "--input", f"image={folder}/images.npy", "--output", f"logits={output}"])
    return np.load(output)


def microseconds_per_digit(program, folder):
    """The median over half a second of runs on one digit, one thread."""
    text = command([program, "--bench=0.5", "--threads=1", "--input", f"image={folder}/one.npy"])
    return float(re.search(r"median_us=([0-9.]+)", text).group(1))


def measure(program, folder, labels):
    logits = logits_of(program, folder)
    info = json.loads(command([program, "--info", "--json"]))
    return {
        "logits": logits,
        "accuracy": (logits.argmax(1) == labels).mean(),
        "file": os.path.getsize(program),
        "weights": info["weight_bytes"],
        "bits": 8 * info["weight_bytes"] / info["parameters"],
        "latency": microseconds_per_digit(program, folder),
    }


def print_table(rows):
    heads = ("program", "accuracy", "file bytes", "weight bytes", "bits/weight", "us per digit")
    lines = [(name, f"{row['accuracy']:.2%}", f"{row['file']:,}", f"{row['weights']:,}",
              f"{row['bits']:.2f}", f"{row['latency']:.1f}") for name, row in rows]
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    print()
    for line in (heads, tuple("-" * width for width in widths), *lines):
        print("  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                        for i, (text, width) in enumerate(zip(line, widths))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pithc", default="pithc")
    parser.add_argument("--folder", default="quickstart")
    arguments = parser.parse_args()
    folder = arguments.folder

    train.main(folder)
    labels = np.load(os.path.join(folder, "labels.npy"))
    expected = np.load(os.path.join(folder, "logits.npy"))
    np.save(os.path.join(folder, "one.npy"), np.load(os.path.join(folder, "images.npy"))[:1])

    rows = []
    for name, recipe in RECIPES:
        program = compile_model(arguments.pithc, folder, name, recipe)
        rows.append((name, measure(program, folder, labels)))
    print_table(rows)

    error = np.abs(rows[0][1]["logits"] - expected).max()
    print(f"\nlargest difference of the float program from the trained network: {error:.1e}")
    if not error < 1e-3:
        sys.exit("the float program does not compute what was trained")
    print(f"the programs are in {folder}; try: {os.path.join(folder, 'digits-int4')} --help")


if __name__ == "__main__":
    main()
