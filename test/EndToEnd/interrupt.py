# RUN: %python %s %t
"""Ctrl-C leaves nothing half-written: neither while a program is linked, nor while a
model is calibrated, nor an instrumented program that is stopped."""
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(1)
LAYERS, SIZE = 8, 512
names = ["x", *(f"h{i}" for i in range(LAYERS - 1)), "y"]
model = pt.save(pt.model(
    [pt.node("MatMul", names[i], f"w{i}", names[i + 1]) for i in range(LAYERS)],
    {"x": ("float32", ["n", SIZE])}, {"y": ("float32", ["n", SIZE])},
    {f"w{i}": random.standard_normal((SIZE, SIZE), np.float32) / 23
     for i in range(LAYERS)}), folder)
samples = os.path.join(folder, "samples")
for number in range(100):
    os.makedirs(f"{samples}/{number}", exist_ok=True)
    np.save(f"{samples}/{number}/x.npy", random.standard_normal((512, SIZE), np.float32))
program = pt.compile(model, folder, "--instrument", name="observed")


def interrupt(ready, *arguments):
    """Starts a command in a folder of its own, and stops it when `ready` says so."""
    out = os.path.join(folder, "out")
    os.makedirs(out, exist_ok=True)
    # Who runs tests in the background may have set the signal to be ignored.
    process = subprocess.Popen(
        [*arguments], cwd=out, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    start = time.monotonic()
    while process.poll() is None and not ready(out, time.monotonic() - start):
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    process.communicate()
    left = os.listdir(out)
    assert not left or process.returncode == 0, (arguments, left)
    for name in left:
        assert ".tmp" not in name and not name.endswith(".o"), left
        os.remove(os.path.join(out, name))
    return process.returncode


interrupted = [
    interrupt(lambda out, _: os.listdir(out), "pithc", model, "-o", "model"),
    interrupt(lambda _, seconds: seconds > 0.5, "pithc", model, "-o", "model",
              "--calibrate=" + samples, "--write-profile=profile"),
    interrupt(lambda _, seconds: seconds > 0.2, program, "--inputs", samples,
              "--profile=profile")]
# A fast machine may be done before; hardly with all of them.
assert any(interrupted), interrupted
