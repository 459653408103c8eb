# RUN: %python %s %t
"""Products with N:M sparse weights, read entry by entry, against the reference: windows
that do not divide the reduction, entries that stand for nothing, codes with scales per
group, few outputs, and any number of rows."""
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(3)


def write(number, n, m, K, N, codes, group, element, rows, free):
    """A model `y = x · w`. Positions within a block differ unless they are `free`."""
    blocks = -(-K // m)
    order = np.argsort(random.random((N, blocks, m)), axis=2)[:, :, :n]
    if free:
        order = random.integers(0, m, (N, blocks, n))
    bits = max(1, (m - 1).bit_length())
    stored = f"{N}x{blocks * n}"
    positions = pt.dense(order.reshape(N, -1), f"ui{bits}")
    normal = random.standard_normal((N, blocks * n), np.float32)
    groups = -(-K // group) if group else 1
    scales = pt.dense(random.uniform(.5, 1, (N, groups)).astype(np.float32), "f16")
    sizes = f"array<i64: {N}, {K}>"
    decode = (f"pith.nm_decode %v, %p {{m = {m} : i64, n = {n} : i64, shape = {sizes}}} : "
              f"(tensor<{stored}x{codes}>, tensor<{stored}xui{bits}>) -> tensor<{N}x{K}x{codes}>")
    float_, lines = element, [f"%p = {positions}"]
    if codes in ("f32", "f16"):
        lines += [f"%v = {pt.dense(normal, codes)}", f"%w = {decode}"]
    elif codes.startswith("i"):
        top = 2 ** (int(codes[1:]) - 1)
        lines += [f"%v = {pt.dense(random.integers(-top, top, normal.shape), codes)}",
                  f"%s = {scales}", f"%c = {decode}",
                  f"%w = pith.dequantize %c, %s {{group_size = {group} : i64}} : "
                  f"(tensor<{N}x{K}x{codes}>, tensor<{N}x{groups}xf16>) -> tensor<{N}x{K}x{float_}>"]
    else:
        count = 2 ** int(codes[2:])
        table = random.standard_normal(count).astype(np.float32)
        table[0] = 0
        lines += [f"%v = {pt.dense(random.integers(0, count, normal.shape), codes)}",
                  f"%s = {scales}", f"%t = {pt.dense(table, 'f32')}", f"%c = {decode}",
                  f"%w = pith.codebook_decode %c, %t, %s {{group_size = {group} : i64}} : "
                  f"(tensor<{N}x{K}x{codes}>, tensor<{count}xf32>, tensor<{N}x{groups}xf16>) "
                  f"-> tensor<{N}x{K}x{float_}>"]
    M = "?" if rows is None else rows
    x, y = f"tensor<{M}x{K}x{element}>", f"tensor<{M}x{N}x{element}>"
    shape = (f", pith.shape = affine_map<()[s0] -> (s0, {K})>" if rows is None else "")
    symbols = ' attributes {pith.symbols = ["m"]}' if rows is None else ""
    path = os.path.join(folder, f"{number}.mlir")
    with open(path, "w") as file:
        file.write(f'func.func @main(%x: {x} {{pith.name = "x"{shape}}}) -> '
                   f'({y} {{pith.name = "y"}}){symbols} {{\n')
        file.write("".join(f"  {line}\n" for line in lines))
        file.write(f"  %y = pith.matmul %x, %w {{transpose_rhs}} : ({x}, "
                   f"tensor<{N}x{K}x{element}>) -> {y}\n  return %y : {y}\n}}\n")
    return path


# n, m, reduction, outputs, codes, group, activations, rows (None: dynamic), free positions
CASES = [
    (2, 4, 64, 48, "f32", 0, "f32", 1, False),
    (2, 4, 77, 33, "f32", 0, "f32", None, True),
    (1, 4, 30, 20, "f32", 0, "f32", 16, True),
    (1, 2, 50, 1, "f32", 0, "f32", None, False),
    (3, 4, 15, 17, "f32", 0, "f32", 5, True),   # fewer activations than a window has
    (2, 3, 3, 5, "f32", 0, "f32", None, True),
    (1, 2, 1, 4, "f32", 0, "f32", 3, True),
    (4, 8, 100, 40, "f32", 0, "f32", None, True),
    (3, 16, 130, 18, "f32", 0, "f32", 19, False),
    (2, 5, 61, 16, "f32", 0, "f32", None, True),  # windows of 15
    (4, 9, 40, 16, "f32", 0, "f32", 4, True),
    (3, 24, 96, 16, "f32", 0, "f32", 2, False),   # blocks that no window holds
    (2, 4, 200, 20, "f16", 0, "f16", None, False),
    (2, 4, 128, 40, "i4", 32, "f32", None, False),
    (2, 4, 100, 20, "i4", 32, "f32", 4, True),    # a short last group
    (2, 4, 128, 20, "i8", 0, "f32", None, True),
    (1, 4, 96, 20, "i3", 32, "f32", 17, False),
    (4, 8, 128, 20, "i5", 64, "f32", None, True),
    (2, 4, 96, 20, "i6", 0, "f32", 3, False),
    (1, 3, 90, 20, "i2", 24, "f32", 2, False),    # groups that cut windows
    (2, 4, 128, 40, "ui4", 64, "f32", None, True),
    (4, 8, 64, 20, "ui8", 32, "f32", 6, False),
    (2, 4, 4096, 3, "i4", 32, "f32", 5, False),
]
for number, case in enumerate(CASES):
    path = write(number, *case)
    K, rows = case[2], case[7]
    # 23 rows are tiles of 16 (or twice 8), 4, 2 and 1.
    for cpu in ("native", "haswell") + (("x86-64-v2",) if number % 4 == 1 else ()):
        pt.command(["pith-run", "--compare", "--quiet", f"--cpu={cpu}",
                    f"--shape=x:{rows or 23}x{K}", path])

# No rows are no work.
pt.command(["pith-run", "--compare", "--quiet", f"--shape=x:0x{CASES[1][2]}",
            os.path.join(folder, "1.mlir")])

# What a window needs is loaded at once, and permuted: below scales, too, and below a
# table whose first value is zero, but not where blocks are longer than a register.
IN_LANES, IN_WHOLE = "avx.vpermilvar.ps.256", "avx512.permvar.sf.512"
for number, cpu, instruction, expected in (
        (0, "znver4", IN_WHOLE, True), (0, "haswell", IN_LANES, True),
        (13, "haswell", IN_LANES, True), (20, "haswell", IN_LANES, True),
        (11, "znver4", IN_WHOLE, False)):
    path = os.path.join(folder, f"{number}.mlir")
    code, _ = pt.command(["pithc", path, "--emit=llvm", "--quiet", f"--cpu={cpu}", "-o", "-"])
    assert (instruction in code) == expected, (number, cpu)
