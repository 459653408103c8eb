"""Tensors whose data do not fit, and data outside the model's file.

RUN: rm -rf %t && %python %s %t/models | FileCheck %s
"""
import os

import numpy as np
import onnx
import pith_testing as pt
from import_testing import folder, refuse, show

F = ("float32", [2, 3])
Y = {"y": ("float32", None)}
TensorProto = onnx.TensorProto


def model(tensor):
    result = pt.model([pt.node("Add", "x", "w", "y")], {"x": F}, Y, check=False)
    tensor.name = "w"
    result.graph.initializer.append(tensor)
    return result


def raw(data, dims=(2, 3), data_type=TensorProto.FLOAT):
    return model(TensorProto(dims=dims, data_type=data_type, raw_data=data))


def external(**entries):
    tensor = TensorProto(dims=[2, 3], data_type=TensorProto.FLOAT,
                         data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return model(tensor)


# CHECK-LABEL: // short
# CHECK: short.onnx: error: tensor 'w': expected 24 bytes of raw_data, found 23
refuse("short", raw(bytes(23)))
# CHECK-LABEL: // long
# CHECK: long.onnx: error: tensor 'w': expected 24 bytes of raw_data, found 25
refuse("long", raw(bytes(25)))
# CHECK-LABEL: // negative
# CHECK: negative.onnx: error: tensor 'w': expected sizes of at least 0, found -2
refuse("negative", raw(bytes(24), (-2, -3)))
# CHECK-LABEL: // overflow
# CHECK: overflow.onnx: error: tensor 'w': expected at most 2^48 elements
refuse("overflow", raw(bytes(24), (2**62, 2**62, 2)))
# CHECK-LABEL: // no_data
# CHECK: no_data.onnx: error: tensor 'w': expected 1099511627776 entries of data, found 0
refuse("no_data", model(TensorProto(dims=[2**20, 2**20], data_type=TensorProto.FLOAT)))
# CHECK-LABEL: // unknown_type
# CHECK: unknown_type.onnx: error: tensor 'w': element type 99 is not supported
refuse("unknown_type", raw(bytes(24), data_type=99))
# CHECK-LABEL: // few
# CHECK: few.onnx: error: tensor 'w': expected 6 entries of data, found 2
refuse("few", model(TensorProto(dims=[2, 3], data_type=TensorProto.FLOAT, float_data=[1, 2])))
# CHECK-LABEL: // both
# CHECK: both.onnx: error: {{.*}}should contain one and only one value field
refuse("both", model(TensorProto(dims=[1], data_type=TensorProto.FLOAT, float_data=[1], raw_data=bytes(4))))

os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "weights.bin"), "wb") as file:
    file.write(bytes(4) + np.arange(6, dtype=np.float32).tobytes())
with open(os.path.join(folder, "..", "secret.bin"), "wb") as file:
    file.write(bytes(64))
os.symlink("../secret.bin", os.path.join(folder, "link.bin"))
os.mkdir(os.path.join(folder, "folder.bin"))

# CHECK-LABEL: // good
# CHECK: pith.constant dense<{{\[\[}}0.000000e+00, 1.000000e+00, 2.000000e+00]
show("good", external(location="weights.bin", offset="4", length="24"), None, None)
# CHECK-LABEL: // outside
# CHECK: outside.onnx: error: {{.*}}secret.bin
refuse("outside", external(location="../secret.bin"))
# CHECK-LABEL: // absolute
# CHECK: absolute.onnx: error: {{.*}}passwd
refuse("absolute", external(location="/etc/passwd"))
# CHECK-LABEL: // link
# CHECK: link.onnx: error: {{.*}}link.bin
refuse("link", external(location="link.bin"))
# CHECK-LABEL: // folder
# CHECK: folder.onnx: error: {{.*}}folder.bin
refuse("folder", external(location="folder.bin"))
# CHECK-LABEL: // missing
# CHECK: missing.onnx: error: {{.*}}nothing.bin
refuse("missing", external(location="nothing.bin"))
# CHECK-LABEL: // nowhere
# CHECK: nowhere.onnx: error: {{.*}}location
refuse("nowhere", external(offset="4"))
# CHECK-LABEL: // past_end
# CHECK: error: external data 'weights.bin' of tensor 'w': expected 24 bytes at offset 8, found a file of 28 bytes
refuse("past_end", external(location="weights.bin", offset="8"))
# CHECK-LABEL: // huge_offset
# CHECK: error: external data 'weights.bin' of tensor 'w': expected 24 bytes at offset 999999999999999999, found a file of 28 bytes
refuse("huge_offset", external(location="weights.bin", offset="999999999999999999"))
# CHECK-LABEL: // not_a_number
# CHECK: error: external data 'weights.bin' of tensor 'w': expected a decimal number as offset, found '-4'
refuse("not_a_number", external(location="weights.bin", offset="-4"))
# CHECK-LABEL: // wrong_length
# CHECK: error: external data 'weights.bin' of tensor 'w': expected a length of 24 bytes, found 20
refuse("wrong_length", external(location="weights.bin", length="20"))

# Attributes hold tensors too: the same reader is used.
# CHECK-LABEL: // attribute
# CHECK: attribute.onnx: {{.*}}error: {{.*}}secret.bin
tensor = external(location="../secret.bin").graph.initializer[0]
refuse("attribute", pt.model([pt.node("Constant", outputs=["w"], value=tensor),
                              pt.node("Add", "x", "w", "y")], {"x": F}, Y, check=False))
