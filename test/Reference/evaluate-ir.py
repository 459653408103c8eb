"""pith-run --reference computes IR from files as numpy does, and says which op fails.

RUN: %python %s %t
"""
import os
import sys

import numpy as np
import pith_testing as pt

IR = """
func.func @main(%x: tensor<?x4xf32> {pith.name = "x"}, %i: tensor<2xi64> {pith.name = "i"})
    -> (tensor<2x4xf32> {pith.name = "y"}) {
  %w = pith.constant dense<[[1.0, 2.0, 0.5, -1.0], [0.0, 1.0, 1.0, 3.0],
                            [2.0, -2.0, 1.0, 0.25], [1.0, 1.0, 1.0, 1.0]]>
      : tensor<4x4xf32> : tensor<4x4xf32>
  %0 = pith.gather %x, %i {axis = 0 : i64} : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  %1 = pith.matmul %0, %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32>
  %2 = pith.softmax %1 {axis = 1 : i64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}
"""
W = np.array([[1, 2, 0.5, -1], [0, 1, 1, 3], [2, -2, 1, 0.25], [1, 1, 1, 1]])

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
path = os.path.join(folder, "model.mlir")
with open(path, "w") as file:
    file.write(IR)
command = ["pith-run", "--reference", path]

x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
y = pt.run(command, {"x": x, "i": np.array([2, -3])}, ["y"])["y"]
z = np.exp(x[[2, 0]].astype(np.float64) @ W)
pt.check_close(y, (z / z.sum(1, keepdims=True)).astype(np.float32), rtol=1e-6, atol=0)

# An index that is not there is an error of the op, with its place in the file.
np.save(os.path.join(folder, "x.npy"), x)
np.save(os.path.join(folder, "i.npy"), np.array([0, 3]))
_, said = pt.command([*command, "--input", f"x={folder}/x.npy", "--input",
                      f"i={folder}/i.npy", "--output", f"y={folder}/y.npy"], expect=1)
assert "model.mlir:7:" in said and "'pith.gather' op expects indices from -3 to 2, found 3" in said, said
