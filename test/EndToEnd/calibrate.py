# RUN: %python %s %t
"""What calibration sees is what numpy computes, for products and for convolutions with
strides, dilations, padding and groups; an instrumented program sees the same."""
import itertools
import json
import os
import re
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(3)
normal = lambda *shape: random.standard_normal(shape, np.float32)


def write_samples(name, samples):
    """DIR/0/NAME.npy, DIR/1/NAME.npy, …"""
    path = os.path.join(folder, name)
    for index, sample in enumerate(samples):
        os.makedirs(f"{path}/{index}", exist_ok=True)
        for key, value in sample.items():
            np.save(f"{path}/{index}/{key}.npy", value)
    return path


def read_profile(path):
    """Statistics by the first node's name."""
    arrays = np.load(path)
    index = json.loads(arrays["index"].tobytes())
    assert index["format"] == "pith-profile" and index["version"] == 1
    return {site["nodes"][0]:
            site | {name: arrays[f"{number}/{name}"]
                    for name in ("histogram", "mean", "magnitude", "largest", "gram")}
            for number, site in enumerate(index["sites"])}


def check_site(site, rows, elements):
    """`rows`: [groups, rows, K]; `elements`: all of the tensor."""
    assert site["rows"] == rows.shape[1], (site["rows"], rows.shape)
    assert site["minimum"] == elements.min() and site["maximum"] == elements.max()
    wide = rows.astype(np.float64)
    np.testing.assert_allclose(site["mean"], wide.mean(1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(site["magnitude"], abs(wide).mean(1), rtol=1e-5)
    np.testing.assert_allclose(site["largest"], abs(rows).max(1), rtol=1e-5)
    gram = np.einsum("grk,grl->gkl", wide, wide)
    np.testing.assert_allclose(site["gram"], gram, rtol=1e-4, atol=1e-5 * gram.max())
    # Bins of 1/32 octave, by the definition.
    bins = site["histogram"]
    assert bins.sum() == elements.size
    positive = elements[elements >= 2.0 ** -32]
    exponent = np.floor(np.log2(positive)).astype(int)
    step = (exponent + 32) * 32 + ((positive / 2.0 ** exponent - 1) * 32).astype(int)
    np.testing.assert_array_equal(bins[2049:], np.bincount(step, minlength=2048))


def patches(x, kernel, strides, dilations, low, high, groups):
    """Rows of a convolution of x [n, c, spatial…], channels last: [groups, rows, K]."""
    x = np.pad(np.moveaxis(x, 1, -1), [(0, 0), *zip(low, high), (0, 0)])
    sizes = [(x.shape[1 + i] - d * (k - 1) - 1) // s + 1
             for i, (k, s, d) in enumerate(zip(kernel, strides, dilations))]
    taps = [x[(slice(None), *(slice(p * d, p * d + s * (n - 1) + 1, s)
                              for p, d, s, n in zip(at, dilations, strides, sizes)))]
            for at in itertools.product(*map(range, kernel))]
    rows = np.stack(taps, -2)  # n, spatial…, tap, c
    rows = rows.reshape(-1, len(taps), groups, x.shape[-1] // groups)
    return rows.transpose(2, 0, 1, 3).reshape(groups, len(rows), -1)


def calibrate(model, samples, name, *options):
    path = os.path.join(folder, name + ".profile")
    pt.command(["pithc", model, "--dry-run", "--calibrate=" + samples,
                "--write-profile=" + path, *options])
    return path


# Two products that share an activation, one behind an activation function; samples of
# different sizes, one of them empty.
w0, w1, w2 = normal(20, 33), normal(20, 33), normal(33, 7)
model = pt.save(pt.model(
    [pt.node("MatMul", "x", "w0", "a"), pt.node("MatMul", "x", "w1", "b"),
     pt.node("Add", "a", "b", "s"), pt.node("Relu", "s", "h"),
     pt.node("MatMul", "h", "w2", "y")],
    {"x": ("float32", ["batch", "n", 20])}, {"y": ("float32", ["batch", "n", 7])},
    {"w0": w0, "w1": w1, "w2": w2}), folder, "products")
xs = [normal(2, n, 20) for n in (1, 150, 0, 40)]
samples = write_samples("products-samples", [{"x": x} for x in xs])
profile = calibrate(model, samples, "products")
sites = read_profile(profile)
rows = np.concatenate([x.reshape(-1, 20) for x in xs])
assert sites["MatMul_a"]["nodes"] == ["MatMul_a", "MatMul_b"], sites["MatMul_a"]["nodes"]
check_site(sites["MatMul_a"], rows[None], rows)
hidden = np.maximum(rows @ w0 + rows @ w1, 0)
check_site(sites["MatMul_y"], hidden[None], hidden)

# Convolutions.
CONVS = [  # channels, outputs, kernel, strides, dilations, pads, groups
    (3, 8, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), 1),
    (8, 6, (3, 2), (2, 1), (1, 2), (0, 1, 2, 0), 2),
    (8, 8, (3, 3), (2, 2), (1, 1), (1, 1, 1, 1), 8),
    (5, 4, (1, 1), (2, 2), (1, 1), (0, 0, 0, 0), 1)]
for number, (c, o, kernel, strides, dilations, pads, groups) in enumerate(CONVS):
    weight = normal(o, c // groups, *kernel)
    conv = pt.save(pt.model(
        [pt.node("Conv", "x", "w", "y", kernel_shape=kernel, strides=strides,
                 dilations=dilations, pads=pads, group=groups)],
        {"x": ("float32", ["n", c, 13, 11])}, {"y": ("float32", ["n", o, None, None])},
        {"w": weight}), folder, f"conv{number}")
    x = normal(4, c, 13, 11)
    source = write_samples(f"conv{number}-samples", [{"x": x[:3]}, {"x": x[3:]}])
    site = read_profile(calibrate(conv, source, f"conv{number}"))["Conv_y"]
    check_site(site, patches(x, kernel, strides, dilations, pads[:2], pads[2:], groups), x)

# The same from an instrumented program, over all its runs; compiled with either, a
# model is the same.
program = pt.compile(model, folder, "--instrument", name="observed")
pt.command([program, "--inputs", samples, "--profile=" + folder + "/run.profile"])
assert not [name for name in os.listdir(folder) if ".tmp" in name]
seen, again = np.load(folder + "/run.profile"), np.load(profile)
assert sorted(seen.files) == sorted(again.files)
for name in seen.files:
    np.testing.assert_array_equal(seen[name], again[name], err_msg=name)
ir = [os.path.join(folder, name + ".mlir") for name in ("calibrated", "profiled")]
pt.command(["pithc", model, "--emit=pith", "-o", folder + "/simple.mlirbc"])
for output, option in zip(ir, ("pith-calibrate{samples=" + samples + "}",
                               "pith-apply-profile{file=" + folder + "/run.profile}")):
    pt.command(["pith-opt", folder + "/simple.mlirbc", "--print-weights",
                f"--pass-pipeline=builtin.module({option})", "-o", output])
texts = [re.sub('pith.samples = "[^"]*", ', "", open(path).read()) for path in ir]
assert texts[0].count("pith.statistics") == 3
assert texts[0] == texts[1]

# Merged with itself, everything is there twice.
pt.command(["pith-profile", "merge", profile, profile, "-o", folder + "/twice.profile"])
twice = read_profile(folder + "/twice.profile")["MatMul_a"]
check_site(twice, np.concatenate([rows, rows])[None], np.concatenate([rows, rows]))
table, _ = pt.command(["pith-profile", profile])
assert "MatMul_a and 1 more" in table and len(table.splitlines()) == 3, table
shown = json.loads(pt.command(["pith-profile", "--json", profile])[0])["sites"]
assert shown[1]["nodes"] == ["MatMul_y"] and shown[1]["gram"], shown
median = np.median(rows)
assert abs(shown[0]["quantiles"]["0.5"] - median) < 0.05, (shown[0], median)

# Without Gram matrices.
pt.command(["pith-opt", folder + "/simple.mlirbc", "-o", os.devnull,
            "--pass-pipeline=builtin.module(pith-calibrate{gram=false samples=" + samples +
            "},pith-write-profile{file=" + folder + "/small.profile})"])
assert not [name for name in np.load(folder + "/small.profile").files if name.endswith("/gram")]


def refuse(expected, *arguments, code=1):
    _, errors = pt.command(arguments, code)
    assert expected in errors, (expected, errors)


# What is wrong is said with file, input, expected and found; nothing is written.
dry = ["pithc", model, "--dry-run"]
refuse("cannot open '/no/such'", *dry, "--calibrate=/no/such")
bad = write_samples("bad-size", [{"x": xs[0]}, {"x": normal(2, 3, 21)}])
refuse("sample '" + bad + "/1': input 'x': expected size 20 along axis 2, found 21", *dry,
       "--calibrate=" + bad, "--write-profile=" + folder + "/none.profile")
assert not os.path.exists(folder + "/none.profile")
bad = write_samples("bad-type", [{"x": xs[0].astype(np.int64)}])
refuse("input 'x': expected type float32, found int64", *dry, "--calibrate=" + bad)
bad = write_samples("bad-name", [{"y": xs[0]}])
refuse("input 'x': cannot open", *dry, "--calibrate=" + bad)
nan = xs[1].copy()
nan[0, 3, 5] = np.nan
bad = write_samples("bad-value", [{"x": nan}])
refuse("node 'MatMul_a': expected activations to be finite, found nan (element 65 of",
       *dry, "--calibrate=" + bad)
refuse("the profile is of another model", *dry, "--profile=" + folder + "/conv0.profile")
for member, value in (("mean", np.nan), ("magnitude", -1), ("largest", np.inf), ("histogram", -1)):
    arrays = dict(np.load(profile))
    arrays["0/" + member] = np.full_like(arrays["0/" + member], value)
    np.savez(folder + "/implausible.npz", **arrays)
    refuse("expected finite statistics, and magnitudes and counts of at least 0", *dry,
           "--profile=" + folder + "/implausible.npz")
arrays = dict(np.load(profile))
for gram in np.full_like(arrays["0/gram"], np.nan), -arrays["0/gram"]:
    np.savez(folder + "/implausible.npz", **{**arrays, "0/gram": gram})
    refuse("expected a finite Gram matrix with a diagonal of at least 0", *dry,
           "--profile=" + folder + "/implausible.npz")
refuse("expected profiles of one model", "pith-profile", "merge", profile,
       folder + "/conv0.profile", "-o", folder + "/none.profile")
refuse("expects one of --calibrate and --profile", *dry, "--profile=" + profile,
       "--calibrate=" + samples, code=2)
refuse("expects --instrument without --compress", *dry, "--instrument",
       "--compress=int8", code=2)
plain = pt.compile(model, folder, name="plain")
refuse("the program observes nothing", plain, "--inputs", samples,
       "--profile=" + folder + "/none.profile")
assert not os.path.exists(folder + "/none.profile")

# Files that lie about themselves.
with open(folder + "/text.profile", "w") as file:
    file.write("no profile")
refuse("is not an NPZ file", "pith-profile", folder + "/text.profile")
whole = dict(np.load(profile))


def forge(**changes):
    members = {name: value for name, value in (whole | changes).items()
               if value is not None}
    np.savez(folder + "/forged.npz", **members)
    return folder + "/forged.npz"


def index(text, **changes):
    return np.frombuffer(text.encode(), np.uint8)


text = whole["index"].tobytes().decode()
refuse("it has no index", "pith-profile", forge(index=None))
refuse("expected version 1, found 2", "pith-profile",
       forge(index=index(text.replace('"version": 1', '"version": 2'))))
refuse("no member '0/mean'", "pith-profile", forge(**{"0/mean": None}))
refuse("member '0/gram': expected float32 [1, 20, 20], found float32 [1, 20, 19]",
       "pith-profile", forge(**{"0/gram": whole["0/gram"][:, :, :19]}))
refuse("its entry in the index is malformed", "pith-profile",
       forge(index=index(text.replace('"reduction": 20', '"reduction": 99999999999'))))
refuse("its index:", "pith-profile", forge(index=index(text[:-8])))

# One row, whose mean is all of it: bias correction leaves nothing but rounding, which is no
# matrix of covariances.
w, b = normal(128, 16), normal(16)
one = pt.save(pt.model([pt.node("Gemm", "x", "w", "b", "y")], {"x": ("float32", ["n", 128])},
                       {"y": ("float32", ["n", 16])}, {"w": w, "b": b}), folder, "one")
x = abs(normal(1, 128))
samples = write_samples("one-row", [{"x": x}])
program = pt.compile(one, folder, "--compress=gptq", "--calibrate=" + samples, name="one-row-model")
y = pt.run(program, {"x": x}, ["y"])["y"]
assert pt.sqnr(y, x @ w + b) > 60, "the one output that was seen is what it was"
