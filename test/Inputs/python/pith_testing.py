"""Helpers of tests written in Python: make small ONNX models, compile, run.

    import pith_testing as pt
    model = pt.model([pt.node("MatMul", "x", "w", "y")],
                     {"x": ("float32", [2, 8])}, {"y": ("float32", [2, 4])}, {"w": w})
    program = pt.compile(model, folder)
    y = pt.run(program, {"x": x}, ["y"])["y"]
    pt.check_close(y, x @ w)

A failed check raises; so the script, and with it the lit test, fails.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def node(op_type, *names, outputs=None, domain="", **attributes):
    """A node: the last of `names` is its output unless `outputs` are given."""
    inputs = list(names) if outputs is not None else list(names[:-1])
    outputs = outputs if outputs is not None else [names[-1]]
    return helper.make_node(op_type, inputs, outputs, domain=domain,
                            name=f"{op_type}_{outputs[0]}", **attributes)


def _value(name, description):
    dtype, shape = description
    element = dtype if isinstance(dtype, int) else helper.np_dtype_to_tensor_dtype(
        np.dtype(dtype))
    return helper.make_tensor_value_info(name, element, shape)


def model(nodes, inputs, outputs, initializers=None, opset=17, check=True):
    """A model. Inputs and outputs map names to (type, shape); sizes may be
    strings (symbolic) or None."""
    graph = helper.make_graph(
        nodes, "test", [_value(n, d) for n, d in inputs.items()],
        [_value(n, d) for n, d in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), n)
         for n, v in (initializers or {}).items()])
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    result.ir_version = 8 if opset < 21 else 10
    if check:
        onnx.checker.check_model(result)
    return result


def save(model_or_path, folder, name="model"):
    """The model's path, written to `folder` if it is not a path yet."""
    if isinstance(model_or_path, (str, os.PathLike)):
        return str(model_or_path)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".onnx")
    onnx.save(model_or_path, path)
    return path


def command(arguments, expect=0):
    """Runs a program; its exit code must be `expect`. Returns stdout, stderr."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode != expect:
        raise AssertionError(
            f"{' '.join(map(str, arguments))}\nexpected exit code {expect}, found "
            f"{done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def compile(model_or_path, folder, *arguments, compress=None, name="model"):
    """Compiles with pithc; returns the program's path."""
    source = save(model_or_path, folder, name)
    program = os.path.join(folder, name)
    options = [f"--compress={compress}"] if compress else []
    command(["pithc", source, "-o", program, *options, *arguments])
    return program


def run(program, inputs, outputs, *arguments, expect=0):
    """Runs a program, or a command (a list whose last entry is a file) that
    takes --input and --output, on arrays; returns the outputs by name. The
    arrays are written beside the program."""
    program = program if isinstance(program, list) else [program]
    folder = os.path.dirname(os.path.abspath(str(program[-1])))
    options = list(arguments)
    for index, (name, value) in enumerate(inputs.items()):
        path = os.path.join(folder, f"in{index}.npy")
        np.save(path, np.asarray(value))
        options += ["--input", f"{name}={path}"]
    paths = {name: os.path.join(folder, f"out{index}.npy")
             for index, name in enumerate(outputs)}
    for name, path in paths.items():
        if os.path.exists(path):
            os.remove(path)
        options += ["--output", f"{name}={path}"]
    command([*program, *options], expect)
    return {name: np.load(path) for name, path in paths.items()} if not expect else {}


def info(program):
    """What `program --info --json` says."""
    return json.loads(command([program, "--info", "--json"])[0])


def onnxruntime_outputs(model_or_path, inputs):
    """The outputs by name that ONNX Runtime computes."""
    import onnxruntime
    source = (model_or_path if isinstance(model_or_path, str)
              else model_or_path.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(source, options,
                                           providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def check_close(got, want, rtol=1e-4, atol=1e-5):
    """Same type and shape; floats within atol + rtol * |want|, others equal."""
    got, want = np.asarray(got), np.asarray(want)
    if got.dtype != want.dtype or got.shape != want.shape:
        raise AssertionError(f"expected {want.dtype} {want.shape}, "
                             f"found {got.dtype} {got.shape}")
    if np.issubdtype(want.dtype, np.floating):
        np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
    else:
        np.testing.assert_array_equal(got, want)


def check_against_onnxruntime(model_or_path, inputs, folder, *arguments, rtol=1e-4,
                              atol=1e-5, threads=(1, 2)):
    """Compiles, runs with each number of threads, compares all outputs."""
    want = onnxruntime_outputs(model_or_path, inputs)
    program = compile(model_or_path, folder, *arguments)
    for count in threads:
        got = run(program, inputs, list(want), f"--threads={count}")
        for name, value in want.items():
            check_close(got[name], value, rtol, atol)
    return program


def dense(values, element):
    """A `pith.constant` of the values, as text."""
    text = np.array2string(values, separator=",", threshold=sys.maxsize,
                           max_line_width=sys.maxsize,
                           formatter={"float": lambda x: f"{x:.6e}"}).replace("\n", "")
    shape = "x".join(map(str, values.shape))
    return f"pith.constant dense<{text}> : tensor<{shape}x{element}> : tensor<{shape}x{element}>"


def sqnr(got, want):
    """Signal to noise of `got` in dB."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    noise = float(((got - want) ** 2).sum())
    return float("inf") if noise == 0 else 10 * np.log10(float((want**2).sum()) / noise)
