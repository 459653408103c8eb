# RUN: %python %s %t
"""Convolutions of codes by codes: programs give what exact arithmetic gives, bit for
bit where all of a filter shares a scale. Sizes that fill no vector and no word,
strides, dilations, groups, padding on one side, any number of axes, zero points of any
value, weights of 1 to 8 bits, a batch known only at run time; each with codes of its
own result behind a rectifier, as in chains of layers."""
import itertools
import os
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
only = sys.argv[2:]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(11)


class Case:
    """`size` is spatial; `pads` are per axis, low and high. Activations are codes of
    type `left` with zero point `zero`; weights `bits` bits in groups of `group`."""

    def __init__(self, name, channels, outputs, size, kernel, stride=1, dilation=1,
                 pads=None, groups=1, left="ui8", zero=0, bits=8, group=0, signed=True,
                 zeros=False, batch=1, cpu="native", scale="f32"):
        axes = len(size)
        spread = lambda v: [v] * axes if isinstance(v, int) else list(v)
        self.__dict__.update(locals())
        self.kernel, self.stride, self.dilation = map(spread, (kernel, stride, dilation))
        self.pads = [(0, 0)] * axes if pads is None else (
            [(pads, pads)] * axes if isinstance(pads, int) else pads)


def tensor(shape, element):
    return "tensor<" + "x".join([str(s) if s else "?" for s in shape] + [element]) + ">"


def dense(values, element):
    return f"dense<{np.asarray(values).tolist()}> : {tensor(np.shape(values), element)}"


def array(values):
    return f"array<i64: {', '.join(map(str, values))}>"


def write(case, values):
    c, path = case, os.path.join(folder, "case.mlir")
    batch = "n" if c.batch is None else c.batch
    shape = [None if c.batch is None else c.batch, *c.size, c.channels]
    size = [(s + sum(p) - d * (k - 1) - 1) // t + 1 for s, p, d, k, t in zip(
        c.size, c.pads, c.dilation, c.kernel, c.stride)]
    result = [shape[0], *size, c.outputs]
    sign = "i" if c.signed else "ui"
    f = lambda s: tensor(s, "f32")
    weights, scales = values["w"].shape, values["ws"].shape
    symbols, dims = "", ""
    if c.batch is None:
        dims = (f" {{pith.shape = affine_map<()[n] -> (n, "
                f"{', '.join(map(str, shape[1:]))})>}}")
        symbols = ' attributes {pith.symbols = ["n"]}'
    zero = f", %wz" if c.zeros else ""
    zero_type = f", {tensor(scales, f'{sign}{c.bits}')}" if c.zeros else ""
    wz = (f"  %wz = pith.constant {dense(values['wz'], f'{sign}{c.bits}')} : "
          f"{tensor(scales, f'{sign}{c.bits}')}\n" if c.zeros else "")
    codes = values["w"].astype(bool).tolist() if c.bits == 1 else values["w"].tolist()
    literal = str(codes).replace("True", "true").replace("False", "false")
    text = f"""
func.func @main(%q: {tensor(shape, c.left)}{dims}) -> ({f(result)}, {tensor(result, 'ui8')}){symbols} {{
  %s = pith.constant dense<{values['s']}> : tensor<1xf32> : tensor<1xf32>
  %z = pith.constant dense<{c.zero}> : {tensor([1], c.left)} : {tensor([1], c.left)}
  %x = pith.dequantize %q, %s, %z {{axis = {len(shape) - 1} : i64}} : ({tensor(shape, c.left)}, tensor<1xf32>, {tensor([1], c.left)}) -> {f(shape)}
  %w = pith.constant dense<{literal}> : {tensor(weights, f'{sign}{c.bits}')} : {tensor(weights, f'{sign}{c.bits}')}
  %ws = pith.constant {dense(values['ws'], c.scale)} : {tensor(scales, c.scale)}
{wz}  %wd = pith.dequantize %w, %ws{zero} {{axis = 1 : i64, group_size = {c.group} : i64}} : ({tensor(weights, f'{sign}{c.bits}')}, {tensor(scales, c.scale)}{zero_type}) -> {f(weights)}
  %b = pith.constant {dense(values['b'], 'f32')} : {f([c.outputs])}
  %y = pith.conv %x, %wd, %b {{strides = {array(c.stride)}, dilations = {array(c.dilation)}, pads_low = {array(p[0] for p in c.pads)}, pads_high = {array(p[1] for p in c.pads)}, group = {c.groups} : i64, layout = #pith.layout<channels_last>}} : ({f(shape)}, {f(weights)}, {f([c.outputs])}) -> {f(result)}
  %r = pith.relu %y : ({f(result)}) -> {f(result)}
  %rs = pith.constant dense<{values['rs']}> : tensor<1xf32> : tensor<1xf32>
  %rz = pith.constant dense<3> : tensor<1xui8> : tensor<1xui8>
  %c = pith.quantize %r, %rs, %rz : ({f(result)}, tensor<1xf32>, tensor<1xui8>) -> {tensor(result, 'ui8')}
  return %r, %c : {f(result)}, {tensor(result, 'ui8')}
}}
"""
    with open(path, "w") as file:
        file.write(text)
    return path


def check(case):
    c = case
    per = c.channels // c.groups
    reduction = int(np.prod(c.kernel)) * per
    low, high = ((0, 1) if c.bits == 1 else (-2 ** (c.bits - 1), 2 ** (c.bits - 1) - 1)
                 if c.signed else (0, 2 ** c.bits - 1))
    groups = -(-reduction // c.group) if c.group else 1
    numpy_scale = np.float16 if c.scale == "f16" else np.float32
    values = {
        "w": random.integers(low, high + 1, (c.outputs, *c.kernel, per)),
        "ws": random.uniform(0.002, 0.01, (c.outputs, groups)).astype(numpy_scale),
        "wz": random.integers(low, high + 1, (c.outputs, groups)),
        "b": random.uniform(-1, 1, c.outputs).astype(np.float32),
        "s": 0.03125 * 1.1, "rs": 0.07,
    }
    path = write(case, values)
    batch = 3 if c.batch is None else c.batch
    numpy_left = np.uint8 if c.left == "ui8" else np.int8
    info = np.iinfo(numpy_left)
    q = random.integers(info.min, info.max + 1, (batch, *c.size, c.channels)).astype(numpy_left)
    names = ["output0", "output1"]
    want = pt.run(["pith-run", "--reference", path], {"input0": q}, names)
    program = os.path.join(folder, "program")
    pt.command(["pithc", path, "-o", program, f"--cpu={c.cpu}"])
    if c.cpu == "native":
        code = pt.command(["pithc", path, "-o", "-", "--emit=asm", "--cpu=znver4"])[0]
        # Depthwise sums are exact in f32, too; groups of odd sizes fill no vector.
        is_depthwise = per == 1 and c.groups > 1 and c.outputs == c.channels
        is_odd = c.groups > 1 and c.outputs // c.groups % 4
        assert ("vpdpbusd" in code) == (not is_depthwise and not is_odd), c.name
    for threads in (1, 2):
        got = pt.run(program, {"input0": q}, names, f"--threads={threads}")
        if not c.group and c.bits > 1:
            for name in names:
                np.testing.assert_array_equal(got[name], want[name], err_msg=c.name)
        bound = 1e-5 * np.abs(want["output0"]).max()
        worst = np.abs(got["output0"] - want["output0"]).max()
        assert worst <= bound, (c.name, worst, bound)
    assert np.unique(want["output1"]).size > 3, (c.name, "codes say nothing")


CASES = [
    Case("same", 16, 32, (9, 7), 3, pads=1, zero=5),
    Case("signed", 16, 16, (8, 8), 3, pads=1, left="i8", zero=-7),
    Case("three_channels", 3, 20, (11, 10), 3, stride=2, pads=[(0, 1), (0, 1)], zero=128),
    Case("one_channel", 1, 8, (10, 9), 5, pads=2, zero=255),
    Case("one_output", 12, 1, (6, 6), 3, pads=1, zero=1),
    Case("dilated", 8, 17, (12, 11), 3, dilation=2, pads=2, zero=9),
    Case("strides_differ", 6, 33, (13, 9), (3, 2), stride=(2, 3), pads=[(1, 0), (0, 2)], zero=77),
    Case("groups", 16, 32, (7, 7), 3, pads=1, groups=2, zero=3),
    Case("narrow_groups", 6, 9, (7, 5), 3, pads=1, groups=3, zero=30),
    Case("depthwise", 20, 20, (9, 9), 3, pads=1, groups=20, zero=30),
    Case("depthwise_stride", 5, 5, (9, 12), 3, stride=2, pads=1, groups=5, left="i8", zero=2),
    Case("multiplier", 4, 8, (6, 6), 3, pads=1, groups=4, zero=11),
    Case("pointwise", 24, 40, (5, 6), 1, zero=40),
    Case("pointwise_stride", 16, 32, (8, 8), 1, stride=2, zero=4),
    Case("line", 7, 19, (23,), 4, pads=[(3, 0)], zero=17),
    Case("volume", 4, 6, (5, 4, 6), (2, 3, 3), pads=1, zero=60),
    Case("large_kernel", 3, 24, (20, 20), 7, stride=2, pads=3, zero=100),
    Case("many_channels", 160, 72, (4, 4), 3, pads=1, zero=12),
    Case("wide_image", 4, 16, (3, 70), 3, pads=1, zero=8),
    Case("batch", 16, 24, (6, 7), 3, pads=1, zero=6, batch=None),
    Case("batch_depthwise", 12, 12, (6, 7), 3, pads=1, zero=6, groups=12, batch=None),
    Case("int4", 16, 24, (6, 7), 3, pads=1, zero=6, bits=4),
    Case("int4_groups", 64, 24, (6, 7), 3, pads=1, zero=6, bits=4, group=32, scale="f16"),
    Case("int4_zeros", 32, 40, (5, 7), 3, pads=1, zero=6, bits=4, group=32, zeros=True, signed=False),
    Case("int4_three_channels", 3, 24, (6, 7), 3, pads=1, zero=6, bits=4),
    Case("int3", 20, 24, (6, 7), 3, pads=1, zero=6, bits=3),
    Case("int2", 12, 24, (6, 7), 3, pads=1, zero=6, bits=2),
    Case("int5", 12, 24, (6, 7), 3, pads=1, zero=6, bits=5, signed=False, zeros=True),
    Case("int1", 12, 24, (6, 7), 3, pads=1, zero=6, bits=1),
]
for cpu in ("x86-64-v3", "x86-64-v2"):
    for base in (0, 1, 2, 5, 7, 9, 13, 21, 22):
        one = CASES[base]
        other = Case.__new__(Case)
        other.__dict__.update(one.__dict__)
        other.cpu, other.name = cpu, f"{one.name}_{cpu}"
        CASES.append(other)

for case in CASES:
    if not only or case.name in only:
        check(case)
