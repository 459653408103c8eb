"""The models that run.py measures: shapes that matter, random weights.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """Collects the nodes of a chain of layers."""

    def __init__(self, shape):
        self.random = np.random.default_rng(0)
        self.nodes, self.weights, self.shape = [], [], shape
        self.value = "x"

    def weight(self, *shape):
        fan_in = int(np.prod(shape[1:])) or 1
        name = f"w{len(self.weights)}"
        value = self.random.standard_normal(shape) * np.sqrt(2 / fan_in)
        self.weights.append(numpy_helper.from_array(value.astype(np.float32), name))
        return name

    def node(self, op, inputs, **attributes):
        self.value = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [self.value], name=self.value, **attributes))
        return self.value

    def dense(self, inputs, outputs, activation=None):
        self.node("Gemm", [self.value, self.weight(outputs, inputs), self.weight(outputs)], transB=1)
        if activation:
            self.node(activation, [self.value])
        return self

    def conv(self, inputs, outputs, kernel=3, stride=1, group=1, activation="Relu"):
        pad = kernel // 2
        self.node("Conv", [self.value, self.weight(outputs, inputs // group, kernel, kernel),
                           self.weight(outputs)],
                  kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[pad] * 4, group=group)
        if activation:
            self.node(activation, [self.value])
        return self

    def model(self):
        graph = helper.make_graph(
            self.nodes, "benchmark",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.value, TensorProto.FLOAT, None)], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        return onnx.shape_inference.infer_shapes(model)


def matmul_chain(rows, size=2048, layers=4):
    builder = Builder([rows, size])
    for _ in range(layers):
        builder.dense(size, size)
    return builder.model()


def perceptron():
    """The shape of a small recommender's or classifier's tail."""
    builder = Builder([1, 784])
    builder.dense(784, 512, "Relu").dense(512, 256, "Relu").dense(256, 10)
    return builder.model()


def residual_network():
    """Twelve convolutions in six residual blocks on 56 x 56 pixels."""
    builder = Builder([1, 3, 56, 56])
    builder.conv(3, 64)
    channels = 64
    for block in range(6):
        outputs, stride = (channels * 2, 2) if block in (2, 4) else (channels, 1)
        start = builder.value
        builder.conv(channels, outputs, stride=stride).conv(outputs, outputs, activation=None)
        body = builder.value
        if stride != 1:
            builder.value = start
            builder.conv(channels, outputs, kernel=1, stride=stride, activation=None)
            start = builder.value
        builder.node("Add", [body, start])
        builder.node("Relu", [builder.value])
        channels = outputs
    builder.node("GlobalAveragePool", [builder.value])
    builder.node("Flatten", [builder.value], axis=1)
    builder.dense(channels, 100)
    return builder.model()


def depthwise_network():
    """Depthwise and pointwise convolutions, as in networks for phones."""
    builder = Builder([1, 3, 96, 96])
    builder.conv(3, 32, stride=2)
    channels = 32
    for outputs, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        builder.conv(channels, channels, stride=stride, group=channels, activation="Relu")
        builder.conv(channels, outputs, kernel=1)
        channels = outputs
    builder.node("GlobalAveragePool", [builder.value])
    return builder.model()


MODELS = {
    "matmul_m1": lambda: matmul_chain(1),
    "matmul_m16": lambda: matmul_chain(16),
    "perceptron": perceptron,
    "residual": residual_network,
    "depthwise": depthwise_network,
}


def write(make, name, folder):
    """Makes a model once; returns its path."""
    path = os.path.join(folder, name + ".onnx")
    if not os.path.exists(path):
        onnx.save(make(), path)
    return path
