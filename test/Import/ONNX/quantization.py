"""Quantized tensors: weights become codecs, activations elementwise ops.

RUN: %python %s %t | FileCheck %s
"""
import numpy as np
import onnx
import pith_testing as pt
from import_testing import show

Y = {"y": ("float32", None)}
codes = np.arange(12, dtype=np.int8).reshape(3, 4)
scale = np.array([0.1, 0.2, 0.3], np.float32)

# CHECK-LABEL: // tensor
# CHECK: pith.dequantize %{{.*}} : (tensor<3x4xi8>, tensor<f32>, tensor<i8>) -> tensor<3x4xf32>
show("tensor", [pt.node("DequantizeLinear", "w", "s", "z", "y")], {}, Y,
     {"w": codes, "s": np.float32(0.1), "z": np.int8(1)})
# CHECK-LABEL: // rows
# CHECK: %[[S:.*]] = pith.unsqueeze %{{.*}} -> tensor<3x1xf32>
# CHECK: pith.dequantize %{{.*}}, %[[S]] : (tensor<3x4xi8>, tensor<3x1xf32>) -> tensor<3x4xf32>
show("rows", [pt.node("DequantizeLinear", "w", "s", "y", axis=0)], {}, Y, {"w": codes, "s": scale})
# Scales along another axis: that axis becomes the rows.
# CHECK-LABEL: // columns
# CHECK: pith.transpose %{{.*}} -> tensor<3x4xi8>
# CHECK: pith.dequantize %{{.*}} -> tensor<3x4xf32>
# CHECK: pith.transpose %{{.*}} -> tensor<4x3xf32>
show("columns", [pt.node("DequantizeLinear", "w", "s", "y", axis=1)], {}, Y,
     {"w": codes.reshape(4, 3), "s": scale})
# CHECK-LABEL: // blocks
# CHECK: pith.dequantize %{{.*}} {group_size = 2 : i64} : (tensor<3x4xi4>, tensor<3x2xf32>, tensor<3x2xi4>) -> tensor<3x4xf32>
model = pt.model([pt.node("DequantizeLinear", "w", "s", "z", "y", axis=1, block_size=2)], {}, Y,
                 {"s": np.ones((3, 2), np.float32)}, opset=21, check=False)
for name, shape in (("w", [3, 4]), ("z", [3, 2])):
    model.graph.initializer.append(onnx.helper.make_tensor(
        name, onnx.TensorProto.INT4, shape, [1] * (shape[0] * shape[1])))
show("blocks", model, None, None)
# CHECK-LABEL: // activation
# CHECK: pith.quantize %arg0, %{{.*}} : (tensor<2x4xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x4xui8>
# CHECK-NOT: pith.dequantize
# CHECK: pith.cast
# CHECK: pith.sub
# CHECK: pith.mul
show("activation", [pt.node("QuantizeLinear", "x", "s", "z", "q"), pt.node("DequantizeLinear", "q", "s", "z", "y")],
     {"x": ("float32", [2, 4])}, Y, {"s": np.float32(0.1), "z": np.uint8(128)})
