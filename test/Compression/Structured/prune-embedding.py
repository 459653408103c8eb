# RUN: %python %s %t
"""Rows of a look-up table go, and the model takes the old numbers or new ones."""
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
random = np.random.default_rng(2)
normal = lambda *shape: random.standard_normal(shape, np.float32)

w = {"table": normal(40, 16), "w": normal(16, 8)}
apart = pt.save(pt.model(
    [pt.node("Gather", "table", "ids", "e"), pt.node("MatMul", "e", "w", "y")],
    {"ids": ("int64", ["n"])}, {"y": ("float32", ["n", 8])}, w), folder, "apart")
tied = pt.save(pt.model(
    [pt.node("Gather", "table", "ids", "e"), pt.node("Relu", "e", "r"),
     pt.node("Transpose", "table", "t", perm=[1, 0]), pt.node("MatMul", "r", "t", "y")],
    {"ids": ("int64", ["n"])}, {"y": ("float32", ["n", 40])}, w), folder, "tied")
keep = os.path.join(folder, "keep.txt")
open(keep, "w").write("# some ids\n3 5-9\n\n20 # one more\n39\n")
kept = np.array([3, 5, 6, 7, 8, 9, 20, 39])
options = f"keep={keep} min-elements=1 select=table"


def outputs(model, recipe, ids):
    program = pt.compile(model, folder, compress=recipe, name="program")
    return program, pt.run(program, {"ids": ids}, ["y"])["y"]


# Old numbers: kept rows are found where they are now, others are the first.
ids = np.array([3, 9, 20, 39, 5, 0, -1])
program, got = outputs(apart, "prune-embedding{%s}" % options, ids)
rows = np.array([3, 9, 20, 39, 5, 3, 39])
pt.check_close(got, w["table"][rows] @ w["w"], 1e-4)
assert pt.info(program)["weight_bytes"] <= 8 * 16 * 4 + 40 * 4 + 16 * 8 * 4 + 64

# A head needs all rows where they are, ...
program, got = outputs(tied, "prune-embedding{%s}" % options, ids)
assert pt.info(program)["weight_bytes"] >= 40 * 16 * 4
# ... unless its outputs are renumbered, too; the table is stored once.
program, got = outputs(tied, "prune-embedding{%s numbers=new}" % options, np.arange(8))
table = w["table"][kept]
pt.check_close(got, np.maximum(table, 0) @ table.T, 1e-4)
assert pt.info(program)["weight_bytes"] <= 8 * 16 * 4 + 64, pt.info(program)


def refused(text, message, more=""):
    open(keep, "w").write(text)
    errors = pt.command(["pithc", apart, "-o", folder + "/no",
                         "--compress=prune-embedding{%s%s}" % (options, more)], expect=1)[1]
    assert message in errors, errors


refused("3 x\n", "expected row numbers and ranges a-b, found 'x'")
refused("7-3\n", "expected rows from 0 to 39, found '7-3'")
refused("40\n", "expected rows from 0 to 39, found '40'")
refused("# none\n", "expected at least one row to keep, found none")
refused("1\n", "expected a look-up table of float constants", " exclude=table")
