"""Makes what the README takes for granted: model.onnx, x.npy, reference.npz.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import numpy as np

import pith_testing as pt

random = np.random.default_rng(0)
weights = {"w1": random.standard_normal((64, 96)) / 10, "w2": random.standard_normal((96, 64)) / 10}
model = pt.model(
    [pt.node("MatMul", "x", "w1", "h"), pt.node("Relu", "h", "r"), pt.node("MatMul", "r", "w2", "y")],
    {"x": ("float32", ["batch", 64])}, {"y": ("float32", ["batch", 64])},
    {name: value.astype(np.float32) for name, value in weights.items()})
pt.save(model, ".")
x = random.standard_normal((3, 64)).astype(np.float32)
np.save("x.npy", x)
np.savez("reference.npz", **{"x": x, "y": pt.onnxruntime_outputs(model, {"x": x})["y"]})
