#!/usr/bin/env python3
"""Compiles a model and compares the program with the model's golden outputs.

    check_model.py FOLDER SCRATCH

FOLDER has model.onnx, and golden.npz with arrays in0::NAME, out0::NAME for the
first case, in1::… for the next. meta.json may give a "tolerance" (rtol, atol).
Runs with one and with two threads. Exits with 0 if all is right, 1 if something is
wrong, 2 if the compiler refuses the model with a diagnostic.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np

import pith_testing as pt

REFUSED = 2


def read_cases(path):
    cases = {}
    with np.load(path) as arrays:
        for key in arrays.files:
            side, name = key.split("::", 1)
            kind, index = re.fullmatch(r"(in|out)(\d+)", side).groups()
            cases.setdefault(int(index), {"in": {}, "out": {}})[kind][name] = arrays[key]
    return [cases[index] for index in sorted(cases)]


def read_tolerance(folder):
    try:
        with open(os.path.join(folder, "meta.json"), encoding="utf-8") as file:
            given = json.load(file).get("tolerance") or {}
    except OSError:
        given = {}
    return given.get("rtol", 1e-3), given.get("atol", 1e-4)


def check_value(name, got, want, rtol, atol):
    """NaN and infinities must stand where they are expected."""
    if got.dtype != want.dtype or got.shape != want.shape:
        raise AssertionError(f"{name}: expected {want.dtype}{want.shape}, found {got.dtype}{got.shape}")
    if np.issubdtype(want.dtype, np.floating):
        if not np.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True):
            difference = np.nanmax(np.abs(got.astype(np.float64) - want))
            raise AssertionError(f"{name}: largest difference {difference:.3g}")
    elif not np.array_equal(got, want):
        raise AssertionError(f"{name}: {(got != want).sum()} of {want.size} values differ")


def main(folder, scratch):
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    program = os.path.join(scratch, "model")
    done = subprocess.run(["pithc", os.path.join(folder, "model.onnx"), "-o", program],
                          capture_output=True, text=True)
    if done.returncode == 1 and "error" in done.stderr and not os.path.exists(program):
        print(done.stderr)
        return REFUSED
    if done.returncode:
        print(f"pithc: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return 1
    golden = os.path.join(folder, "golden.npz")
    rtol, atol = read_tolerance(folder)
    for case in read_cases(golden) if os.path.exists(golden) else []:
        for threads in (1, 2):
            got = pt.run(program, case["in"], list(case["out"]), f"--threads={threads}")
            for name, want in case["out"].items():
                check_value(name, got[name], want, rtol, atol)
    shutil.rmtree(scratch)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2]))
    except AssertionError as error:
        print(error)
        sys.exit(1)
