#!/usr/bin/env python3
"""Trains a small network on scanned digits and writes it as ONNX.

    train.py FOLDER     writes digits.onnx, images.npy and labels.npy to FOLDER

The data are the 1,797 scanned digits that scikit-learn carries (8 x 8 pixels).
A quarter is held back: images.npy and labels.npy, which training never sees.
Takes about 10 seconds, and gives the same network every time.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import sys

# Small matrices: more threads than one only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CHANNELS = (16, 32)
HIDDEN = 128
EPOCHS, BATCH, RATE = 25, 32, 2e-3


def windows(x):
    """The 3 x 3 neighbourhood of every pixel: [n, c, h, w] -> [n, h, w, c * 9]."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    n, c, h, w = x.shape
    return view.transpose(0, 2, 3, 1, 4, 5).reshape(n, h, w, c * 9)


def scatter_windows(gradient, channels):
    """The adjoint of `windows`: sums what overlaps."""
    n, h, w, _ = gradient.shape
    parts = gradient.reshape(n, h, w, channels, 3, 3)
    padded = np.zeros((n, channels, h + 2, w + 2), np.float32)
    for dy in range(3):
        for dx in range(3):
            padded[:, :, dy:dy + h, dx:dx + w] += parts[..., dy, dx].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


def initial_weights(random):
    """Uniform with the variance that keeps signals through ReLU (He)."""
    shapes = {"conv1": (CHANNELS[0], 9), "conv2": (CHANNELS[1], CHANNELS[0] * 9),
              "dense1": (HIDDEN, CHANNELS[1] * 16), "dense2": (10, HIDDEN)}
    weights = {}
    for name, (outputs, inputs) in shapes.items():
        limit = np.sqrt(6 / inputs)
        weights[name + ".weight"] = random.uniform(
            -limit, limit, (outputs, inputs)).astype(np.float32)
        weights[name + ".bias"] = np.zeros(outputs, np.float32)
    return weights


def forward(weights, x):
    """Logits, and what the backward pass needs."""
    saved = {"input": x}
    for name in ("conv1", "conv2"):
        columns = windows(x)
        y = columns @ weights[name + ".weight"].T + weights[name + ".bias"]
        x = np.maximum(y, 0).transpose(0, 3, 1, 2)
        saved[name] = (columns, x)
    n, c = x.shape[:2]
    blocks = x.reshape(n, c, 4, 2, 4, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, 4, 4, 4)
    pooled = blocks.max(-1)
    saved["pool"] = (blocks, pooled)
    flat = pooled.reshape(n, -1)
    hidden = np.maximum(flat @ weights["dense1.weight"].T + weights["dense1.bias"], 0)
    saved["dense1"], saved["dense2"] = flat, hidden
    return hidden @ weights["dense2.weight"].T + weights["dense2.bias"], saved


def backward(weights, saved, gradient):
    """Gradients of all weights, given that of the logits."""
    result = {}

    def dense(name, x, gradient):
        result[name + ".weight"] = gradient.T @ x
        result[name + ".bias"] = gradient.sum(0)
        return gradient @ weights[name + ".weight"]

    gradient = dense("dense2", saved["dense2"], gradient) * (saved["dense2"] > 0)
    gradient = dense("dense1", saved["dense1"], gradient)

    blocks, pooled = saved["pool"]
    first = blocks.argmax(-1)[..., None] == np.arange(4)
    gradient = first * gradient.reshape(pooled.shape)[..., None]
    n, c = pooled.shape[:2]
    gradient = gradient.reshape(n, c, 4, 4, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, 8, 8)

    for name, channels in (("conv2", CHANNELS[0]), ("conv1", 1)):
        columns, output = saved[name]
        gradient = (gradient * (output > 0)).transpose(0, 2, 3, 1)
        flat = gradient.reshape(-1, gradient.shape[-1])
        result[name + ".weight"] = flat.T @ columns.reshape(-1, columns.shape[-1])
        result[name + ".bias"] = flat.sum(0)
        if name == "conv2":
            gradient = scatter_windows(gradient @ weights[name + ".weight"], channels)
    return result


def train(images, labels, report=lambda text: None):
    """Minimizes cross entropy with Adam; returns the weights."""
    random = np.random.default_rng(0)
    weights = initial_weights(random)
    first = {name: np.zeros_like(w) for name, w in weights.items()}
    second = {name: np.zeros_like(w) for name, w in weights.items()}
    step = 0
    for epoch in range(EPOCHS):
        order, loss = random.permutation(len(images)), 0.0
        rate = RATE * (1 - epoch / EPOCHS)
        for start in range(0, len(order), BATCH):
            chosen = order[start:start + BATCH]
            logits, saved = forward(weights, images[chosen])
            exponents = np.exp(logits - logits.max(1, keepdims=True))
            gradient = exponents / exponents.sum(1, keepdims=True)
            rows = np.arange(len(chosen))
            loss -= np.log(gradient[rows, labels[chosen]] + 1e-12).sum()
            gradient[rows, labels[chosen]] -= 1
            step += 1
            for name, g in backward(weights, saved, gradient / len(chosen)).items():
                first[name] = 0.9 * first[name] + 0.1 * g
                second[name] = 0.999 * second[name] + 0.001 * g * g
                weights[name] -= (rate * first[name] / (1 - 0.9**step) /
                                  (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8))
        report(f"epoch {epoch + 1:2}: loss {loss / len(images):.4f}")
    return {name: w.astype(np.float32) for name, w in weights.items()}


def write_onnx(weights, path):
    """The network as an exporter would write it, for any number of images."""
    initializers = dict(weights)
    for name, channels in (("conv1", 1), ("conv2", CHANNELS[0])):
        weight = initializers[name + ".weight"]
        initializers[name + ".weight"] = weight.reshape(len(weight), channels, 3, 3)

    def node(op, name, inputs, output, **attributes):
        return helper.make_node(op, inputs, [output], name=name, **attributes)

    nodes = []
    value = "image"
    for name in ("conv1", "conv2"):
        nodes += [node("Conv", name, [value, name + ".weight", name + ".bias"], name + ".out",
                       kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
                  node("Relu", name + ".relu", [name + ".out"], name + ".relu.out")]
        value = name + ".relu.out"
    nodes += [
        node("MaxPool", "pool", [value], "pool.out", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "flatten", ["pool.out"], "flatten.out", axis=1),
        node("Gemm", "dense1", ["flatten.out", "dense1.weight", "dense1.bias"], "dense1.out",
             transB=1),
        node("Relu", "dense1.relu", ["dense1.out"], "dense1.relu.out"),
        node("Gemm", "dense2", ["dense1.relu.out", "dense2.weight", "dense2.bias"], "logits",
             transB=1)]
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(value, name) for name, value in initializers.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)],
                              producer_name="pith-quickstart")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    seen, held, seen_labels, held_labels = train_test_split(
        images, digits.target, test_size=0.25, random_state=0, stratify=digits.target)
    weights = train(seen, seen_labels, print if sys.stderr.isatty() else lambda text: None)
    logits = forward(weights, held)[0]
    print(f"trained on {len(seen)} digits; "
          f"{(logits.argmax(1) == held_labels).mean():.2%} of the {len(held)} held back are right")
    write_onnx(weights, os.path.join(folder, "digits.onnx"))
    np.save(os.path.join(folder, "images.npy"), held)
    np.save(os.path.join(folder, "labels.npy"), held_labels)
    np.save(os.path.join(folder, "logits.npy"), logits)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
