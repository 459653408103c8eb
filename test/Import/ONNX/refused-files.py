"""Files that are no ONNX model, or only part of one.

RUN: %python %s %t | FileCheck %s
"""
import os
import subprocess

import pith_testing as pt
from import_testing import folder, refuse

F = ("float32", [2])
good = pt.model([pt.node("Exp", "x", "y")], {"x": F}, {"y": F})


def changed(change):
    copy = type(good)()
    copy.CopyFrom(good)
    change(copy)
    return copy


# CHECK-LABEL: // empty
# CHECK: empty.onnx: error: expected an ONNX model, found an empty file
refuse("empty", b"")
# CHECK-LABEL: // zip
# CHECK: zip.onnx: error: expected an ONNX model, found a zip archive
refuse("zip", b"PK\x03\x04" + bytes(100))
# CHECK-LABEL: // page
# CHECK: page.onnx: error: expected an ONNX model, found an HTML page
refuse("page", b"\n<!DOCTYPE html><html></html>")
# CHECK-LABEL: // gguf
# CHECK: gguf.onnx: error: expected an ONNX model, found a GGUF file
refuse("gguf", b"GGUF" + bytes(100))
# CHECK-LABEL: // pointer
# CHECK: pointer.onnx: error: expected an ONNX model, found a git-LFS pointer; fetch the file with `git lfs pull`
refuse("pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
# CHECK-LABEL: // tflite
# CHECK: found a TensorFlow Lite model
refuse("tflite", b"\x20\x00\x00\x00TFL3" + bytes(100))
# CHECK-LABEL: // noise
# CHECK: noise.onnx: error: expected an ONNX model, found data that are truncated or of another format
refuse("noise", bytes(range(256)))
# CHECK-LABEL: // truncated
# CHECK: truncated.onnx: error: expected an ONNX model, found data that are truncated or of another format
refuse("truncated", good.SerializeToString()[:40])
# CHECK-LABEL: // no_graph
# CHECK: no_graph.onnx: error: expected an ONNX model with a graph, found none
refuse("no_graph", changed(lambda m: m.ClearField("graph")))
# CHECK-LABEL: // no_opset
# CHECK: no_opset.onnx: error: expected the versions of the operator sets (opset_import), found none
refuse("no_opset", changed(lambda m: m.ClearField("opset_import")))
# CHECK-LABEL: // ir_version
# CHECK: error: expected an ir_version from 3 to {{[0-9]+}}, found 99
refuse("ir_version", changed(lambda m: setattr(m, "ir_version", 99)))
# CHECK-LABEL: // old
# CHECK: error: expected an operator set 'ai.onnx' of version 7 to 26, found version 6
refuse("old", changed(lambda m: setattr(m.opset_import[0], "version", 6)))
# CHECK-LABEL: // future
# CHECK: error: expected an operator set 'ai.onnx' of version 7 to 26, found version 99
refuse("future", changed(lambda m: setattr(m.opset_import[0], "version", 99)))
# CHECK-LABEL: // twice
# CHECK: error: expected one version of operator set 'ai.onnx', found several
refuse("twice", changed(lambda m: m.opset_import.add(domain="ai.onnx", version=16)))

# CHECK-LABEL: // directory
# CHECK: expected an ONNX model, found a directory
# CHECK: cannot open the file: No such file or directory
# CHECK: expected an ONNX model, found no regular file
print("// directory")
os.makedirs(os.path.join(folder, "folder.onnx"), exist_ok=True)
for path in ("folder.onnx", "missing.onnx", "fifo.onnx"):
    path = os.path.join(folder, path)
    if "fifo" in path and not os.path.exists(path):
        os.mkfifo(path)
    done = subprocess.run(["pithc", path, "--emit=imported", "-o", "-"], capture_output=True, text=True)
    assert done.returncode == 1
    print(done.stderr)
