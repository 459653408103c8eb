# RUN: %python %s %S/prune-heads.mlir %t
"""Samples of the whole model fit after heads and parts of its cache are gone: the
positions that are left are taken. Others are refused as before."""
import os
import subprocess
import sys

import numpy as np

model, folder = sys.argv[1:]
random = np.random.default_rng(3)


def write(name, heads):
    for index in range(2):
        path = f"{folder}/{name}/{index}"
        os.makedirs(path, exist_ok=True)
        np.save(path + "/x.npy", random.standard_normal((1, 3, 4), np.float32))
        np.save(path + "/past.npy", random.standard_normal((1, heads, 5, 2), np.float32))


def run(name, *passes):
    command = ["pith-opt", model, *passes, f"--pith-calibrate=samples={folder}/{name}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


write("whole", 2)
write("cut", 1)
write("bad", 3)
prune = "--pith-prune-heads=ratio=0.5 min-elements=1"
done = run("whole", prune)
assert done.returncode == 0, done.stderr
assert "pith.kept_positions = [array<i1>, array<i1: true, false>, array<i1>, array<i1>]" in (
    done.stdout), done.stdout
assert "rows = 6" in done.stdout, done.stdout
# Samples that were made for the smaller model.
done = run("cut", prune)
assert done.returncode == 0, done.stderr
done = run("bad", prune)
assert done.returncode == 1 and "input 'past': expected size 1 along axis 1, found 3" in (
    done.stderr), done.stderr
# Without anything removed the smaller ones do not fit.
done = run("cut")
assert done.returncode == 1 and "expected size 2 along axis 1, found 1" in done.stderr, done.stderr
