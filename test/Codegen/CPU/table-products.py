# RUN: %python %s %t
"""Products with weights whose codes pick rows of a table, against the reference: codes of
all widths, runs and groups that do not divide the reduction, tables of every type, few
outputs, and any number of rows; looked-up products where these take fewer operations."""
import os
import re
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(7)


def write(number, length, bits, K, N, table, group, element, rows):
    """A model `y = relu(x · w + b)`; group None: one scale for all."""
    entries, runs = 2 ** bits, -(-K // length)
    codes = pt.dense(random.integers(0, entries, (N, runs)), f"ui{bits}")
    values = (random.integers(-127, 128, (entries, length)) if table == "i8"
              else random.standard_normal((entries, length)).astype(np.float32))
    groups = -(-K // group) if group else 1
    scales = (1 if group is None else N, 1 if group is None else groups)
    scale = pt.dense(random.uniform(.5, 1, scales).astype(np.float32) /
                     (64 if table == "i8" else 1), "f16")
    bias = pt.dense(random.standard_normal((N,)).astype(np.float32), element)
    M = "?" if rows is None else f"2x{rows // 2}" if rows > 4 else rows
    x, y = f"tensor<{M}x{K}x{element}>", f"tensor<{M}x{N}x{element}>"
    w = f"tensor<{N}x{K}x{element}>"
    shape = f", pith.shape = affine_map<()[s0] -> (s0, {K})>" if rows is None else ""
    symbols = ' attributes {pith.symbols = ["m"]}' if rows is None else ""
    path = os.path.join(folder, f"{number}.mlir")
    with open(path, "w") as file:
        file.write(f"""func.func @main(%x: {x} {{pith.name = "x"{shape}}}) -> ({y} {{pith.name = "y"}}){symbols} {{
  %c = {codes}
  %t = {pt.dense(values, table)}
  %s = {scale}
  %b = {bias}
  %w = pith.vector_decode %c, %t, %s {{shape = array<i64: {N}, {K}>, group_size = {group or 0} : i64}}
    : (tensor<{N}x{runs}xui{bits}>, tensor<{entries}x{length}x{table}>, tensor<{scales[0]}x{scales[1]}xf16>) -> {w}
  %m = pith.matmul %x, %w {{transpose_rhs}} : ({x}, {w}) -> {y}
  %a = pith.add %m, %b : ({y}, tensor<{N}x{element}>) -> {y}
  %y = pith.relu %a : ({y}) -> {y}
  return %y : {y}
}}
""")
    return path


# run, bits, reduction, outputs, table, group, activations, rows (None: dynamic; more than 4:
# on two axes); whether an AVX-512 processor looks products up (None: either will do)
CASES = [
    (8, 8, 768, 1000, "i8", 0, "f32", 1, True),
    (8, 8, 203, 600, "bf16", 0, "f32", None, True),  # the last run is cut
    (4, 8, 300, 520, "f16", 32, "f32", 1, True),     # and so is the last group
    (6, 6, 250, 330, "f32", 0, "f32", 3, True),
    (5, 7, 131, 800, "f16", 20, "f32", 18, True),
    (8, 3, 100, 130, "i8", None, "f32", None, True),
    (3, 4, 64, 200, "f32", 12, "f32", 1, True),
    (7, 5, 7, 65, "f32", 0, "f32", 2, None),         # one run
    (8, 2, 5, 64, "f16", 0, "f32", 2, None),         # less than one
    (2, 8, 96, 260, "i8", 0, "f32", 4, False),
    (8, 8, 64, 16, "f32", 0, "f32", 1, False),       # too few outputs share the table
    (4, 7, 64, 48, "f32", 0, "f32", 6, False),
    (4, 8, 128, 600, "i8", 128, "f16", 1, None),     # values are rounded to f16
    (8, 8, 1024, 260, "i8", 1024, "f32", 1, False),  # a group of more products than the stack has room for
    (8, 6, 160, 9000, "f16", 16, "f32", 2, True),    # more panels than sums wait for
]
for number, case in enumerate(CASES):
    path = write(number, *case[:-1])
    K, rows, expected = case[2], case[7], case[-1]
    for cpu in ("native", "haswell") + (("x86-64-v2",) if number % 4 == 1 else ()):
        for threads in ((1, 3) if cpu == "native" else (2,)):
            pt.command(["pith-run", "--compare", "--quiet", f"--cpu={cpu}", f"--threads={threads}",
                        *([] if rows else [f"--shape=x:11x{K}"]), path])
    # Products to be looked up are stored as tables of bytes.
    code, _ = pt.command(["pithc", path, "--emit=llvm", "--quiet", "--cpu=znver4", "-o", "-"])
    bodies = re.findall(r"^define [^\n]*matmul.*?^}", code, re.S | re.M)
    assert bodies, number
    if expected is not None:
        looksUp = any("store <64 x i8>" in body for body in bodies)
        assert looksUp == expected, (number, looksUp)

# No rows are no work.
pt.command(["pith-run", "--compare", "--quiet", f"--shape=x:0x{CASES[1][2]}",
            os.path.join(folder, "1.mlir")])
