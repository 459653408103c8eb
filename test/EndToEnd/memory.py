# RUN: %python %s %t
"""A compressed weight never exists in dense form: a program with 4-bit weights runs
in little more memory than they take. Its dense weights would not fit in it."""
import os
import sys

import numpy as np
import pith_testing as pt

LAYERS, SIZE = 6, 2048
# From a process of its own: what a child has used counts from its parent's memory.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
folder = sys.argv[1]
random = np.random.default_rng(1)
weights = {f"w{i}": random.standard_normal((SIZE, SIZE), np.float32) / 45
           for i in range(LAYERS)}
names = ["x", *(f"h{i}" for i in range(LAYERS - 1)), "y"]
model = pt.model([pt.node("MatMul", names[i], f"w{i}", names[i + 1])
                  for i in range(LAYERS)],
                 {"x": ("float32", ["n", SIZE])}, {"y": ("float32", ["n", SIZE])}, weights)
dense = sum(w.nbytes for w in weights.values())
model = pt.save(model, folder)
del weights

for recipe in ("int4", "w4a8"):
    program = pt.compile(model, folder, compress=recipe, name="program")
    packed = pt.info(program)["weight_bytes"]
    assert packed < dense / 7, (packed, dense)
    limit = 1.25 * packed + (32 << 20)
    assert limit < dense
    for rows in (1, 64):
        source = os.path.join(folder, "x.npy")
        np.save(source, random.standard_normal((rows, SIZE), np.float32))
        peak = int(pt.command([sys.executable, "-c", MEASURE, program, "--threads=2",
                               "--input", f"x={source}", "--output",
                               f"y={os.path.join(folder, 'y.npy')}"])[0]) * 1024
        assert peak < limit, f"{recipe}, {rows} rows: {peak} bytes, expected < {limit:.0f}"
