"""Helpers of import tests: show what pithc makes of small ONNX models.

A test is a script whose output FileCheck reads. Each model is shown as a line
`// NAME`, then the ops of its function, or what pithc says when it refuses it.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import subprocess
import sys

import pith_testing as pt

folder = sys.argv[1] if len(sys.argv) > 1 else "."


def _run(path, arguments):
    done = subprocess.run(["pithc", path, "--emit=imported", "-o", "-", *arguments],
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def write(name, content):
    """A model, or bytes, as a file; returns its path."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".onnx")
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.SerializeToString())
    return path


def show(name, nodes, inputs, outputs, initializers=None, opset=17, arguments=(), check=False):
    """Imports a model, which must succeed, and prints its function."""
    model = nodes if hasattr(nodes, "graph") else pt.model(
        nodes, inputs, outputs, initializers, opset, check)
    code, text, errors = _run(write(name, model), arguments)
    print(f"// {name}")
    if code != 0:
        sys.exit(f"{name}: exit code {code}\n{errors}")
    print("\n".join(line.strip() for line in text.splitlines()
                    if "pith." in line or "return" in line or line.startswith("#")))


def refuse(name, content, arguments=()):
    """Prints the diagnostics of a model that must be refused. Folders are left
    out of the text."""
    path = write(name, content)
    code, text, errors = _run(path, arguments)
    print(f"// {name}")
    if code != 1 or text.strip():
        sys.exit(f"{name}: expected exit code 1 and no output, found {code}\n{text}{errors}")
    print("\n".join(line for line in errors.replace(path, os.path.basename(path)).splitlines()
                    if "error" in line or "note" in line))
