# RUN: %python %s %t
"""Many models in one process: DIR/*/model.onnx with in/NAME.npy gives out/NAME.npy;
a model that cannot be compiled does not keep the others from running."""
import os
import shutil
import subprocess
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
shutil.rmtree(folder, ignore_errors=True)
for name, op in (("a", "Relu"), ("b", "NoSuchOp"), ("c", "Neg")):
    os.makedirs(os.path.join(folder, name, "in"))
    model = pt.model([pt.node(op, "x/1", "y:0")], {"x/1": ("float32", [3])},
                     {"y:0": ("float32", [3])}, check=False)
    pt.save(model, os.path.join(folder, name))
    np.save(os.path.join(folder, name, "in", "x%2F1.npy"), np.float32([-1, 0, 2]))
done = subprocess.run(["pith-run", "--cases", folder], capture_output=True, text=True)
assert done.returncode == 1, done
assert done.stdout == "a: done\nb: failed\nc: done\n2 done, 1 failed\n", done
assert "NoSuchOp" in done.stderr, done
got = [np.load(os.path.join(folder, name, "out", "y%3A0.npy")) for name in "ac"]
np.testing.assert_array_equal(got[0], np.float32([0, 0, 2]))
np.testing.assert_array_equal(got[1], np.float32([1, 0, -2]))
done = subprocess.run(["pith-run", "--cases", os.path.join(folder, "a")],
                      capture_output=True, text=True)
assert done.returncode == 1 and "expects folders" in done.stderr, done
