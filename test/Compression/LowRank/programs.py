# RUN: %python %s %t
"""Factorized programs compute what the reference evaluator says, for every form and for
windows of odd sizes, strides, dilations and padding; forms of full rank change nothing;
errors by the Gram matrix are what singular values in numpy say is the least possible."""
import os
import subprocess
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
random = np.random.default_rng(5)
normal = lambda *shape: random.standard_normal(shape, np.float32)


def write_samples(name, samples):
    path = os.path.join(folder, name)
    for index, sample in enumerate(samples):
        os.makedirs(f"{path}/{index}", exist_ok=True)
        np.save(f"{path}/{index}/x.npy", sample)
    return path


def compare(path, recipe):
    done = subprocess.run(["pith-run", "--compare", f"--compress={recipe}", path],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "y: equal" in done.stdout, (
        recipe, path, done.stdout, done.stderr)


def noise(path, recipe, samples, calibration):
    """Squared error of the compiled program's output on the samples, and its output."""
    want = [pt.onnxruntime_outputs(path, {"x": x})["y"] for x in samples]
    arguments = [f"--calibrate={calibration}"] if calibration else []
    program = pt.compile(path, folder, *arguments, compress=recipe, name="compressed")
    got = [pt.run(program, {"x": x}, ["y"])["y"] for x in samples]
    return sum(float(((a - b).astype(np.float64) ** 2).sum()) for a, b in zip(got, want))


# Windows: (kernel, strides, dilations, pads).
convolutions = [((3, 3), (1, 1), (1, 1), (1, 1, 1, 1)), ((1, 3), (1, 2), (1, 1), (0, 1, 0, 1)),
                ((3, 1), (2, 1), (1, 1), (1, 0, 1, 0)), ((5, 5), (2, 2), (1, 1), (2, 2, 1, 1)),
                ((2, 4), (1, 2), (1, 1), (1, 0, 0, 2)), ((3, 3), (1, 1), (2, 3), (2, 1, 2, 3)),
                ((1, 1), (2, 2), (1, 1), (0, 0, 0, 0))]
for number, (kernel, strides, dilations, pads) in enumerate(convolutions):
    path = pt.save(pt.model(
        [pt.node("Conv", "x", "w", "b", "y", kernel_shape=kernel, strides=strides,
                 dilations=dilations, pads=pads)],
        {"x": ("float32", [2, 12, 13, 17])}, {"y": ("float32", [2, 20, None, None])},
        {"w": normal(20, 12, *kernel), "b": normal(20)}), folder, f"conv{number}")
    for form in ["auto", "channel", "spatial", "tucker"]:
        compare(path, f"factorize-weights{{form={form} ratio=0.6 min-elements=1}}")

# Grouped convolutions stay, in one and three axes others do not.
for axes, group, sizes in [(2, 2, [13, 17]), (1, 1, [19]), (3, 1, [5, 6, 7])]:
    path = pt.save(pt.model(
        [pt.node("Conv", "x", "w", "y", group=group, pads=[1] * 2 * axes)],
        {"x": ("float32", [1, 8, *sizes])}, {"y": ("float32", [1, 12, *sizes])},
        {"w": normal(12, 8 // group, *[3] * axes)}), folder, f"axes{axes}")
    for form in ["auto", "spatial", "tucker"]:
        compare(path, f"factorize-weights{{form={form} ratio=0.6 min-elements=1}}")

# A weight that is exactly a product of the form is found, whatever the activations.
first, second = normal(4, 12, 3, 1), normal(20, 4, 1, 5)
spatial = np.einsum("rciz,orzj->ocij", first, second)
core = np.einsum("op,pqij,qc->ocij", normal(20, 3), normal(3, 5, 3, 3), normal(5, 12))
samples = [normal(1, 12, 9, 10) * np.linspace(0.1, 3, 12, dtype=np.float32)[:, None, None]
           for _ in range(4)]
calibration = write_samples("patches", samples)
for name, weight, options in [("spatial", spatial, "form=spatial rank=4"),
                              ("tucker", core, "form=tucker rank=3 input-rank=5")]:
    path = pt.save(pt.model(
        [pt.node("Conv", "x", "w", "y", pads=[1, 1, 1, 1])],
        {"x": ("float32", [1, 12, 9, 10])}, {"y": ("float32", [1, 20, None, None])},
        {"w": weight.astype(np.float32)}), folder, name)
    signal = sum(float((pt.onnxruntime_outputs(path, {"x": x})["y"] ** 2).sum())
                 for x in samples)
    for given in [None, calibration]:
        lost = noise(path, f"factorize-weights{{{options} min-elements=1}}", samples, given)
        assert lost < 1e-9 * signal, (name, given, lost / signal)

# With the profile, a form loses less at the outputs than without.
path = pt.save(pt.model(
    [pt.node("Conv", "x", "w", "y", pads=[1, 1, 1, 1])],
    {"x": ("float32", [1, 12, 9, 10])}, {"y": ("float32", [1, 20, None, None])},
    {"w": normal(20, 12, 3, 3)}), folder, "random")
lost = {}
for form in ["channel", "spatial", "tucker", "auto"]:
    recipe = f"factorize-weights{{form={form} ratio=0.5 min-elements=1}}"
    lost[form] = noise(path, recipe, samples, calibration)
    assert lost[form] < 0.9 * noise(path, recipe, samples, None), (form, lost)
assert lost["auto"] <= 1.001 * min(lost.values()), lost

# The least possible error of outputs X · Wᵀ cut to rank r is what the singular values of
# X · Wᵀ beyond r say (Eckart and Young, 1936).
mixing = normal(24, 24) * np.linspace(0.05, 2, 24, dtype=np.float32)[:, None]
samples = [normal(30, 24) @ mixing for _ in range(3)]
calibration = write_samples("rows", samples)
for outputs in [16, 40]:
    weight = normal(24, outputs)
    path = pt.save(pt.model(
        [pt.node("MatMul", "x", "w", "y")], {"x": ("float32", [30, 24])},
        {"y": ("float32", [30, outputs])}, {"w": weight}), folder, f"rows{outputs}")
    sigma = np.linalg.svd(np.concatenate(samples).astype(np.float64) @ weight,
                          compute_uv=False)
    for rank in [2, 5]:
        least = float((sigma[rank:] ** 2).sum())
        recipe = f"factorize-weights{{rank={rank} damping=0.00001 min-elements=1}}"
        found = noise(path, recipe, samples, calibration)
        assert abs(found - least) < 2e-3 * least, (outputs, rank, found, least)
        assert noise(path, recipe, samples, None) > 1.1 * least

    # The same of the correction of 2 bits, whose own error is E = X · (W − W').
    plain = noise(path, "quantize-weights{bits=2 min-elements=1}", samples, None)
    by_weighting = {
        how: noise(path, "quantize-weights{bits=2 min-elements=1},correct-quantization"
                   f"{{rank=3 weighting={how} min-elements=1}}", samples, calibration)
        for how in ["none", "magnitude", "gram"]}
    assert by_weighting["gram"] < by_weighting["magnitude"] < plain, by_weighting
    assert by_weighting["gram"] < by_weighting["none"] < plain, by_weighting

# One factor for three weights of one activation.
path = pt.save(pt.model(
    [pt.node("MatMul", "x", "q", "a"), pt.node("MatMul", "x", "k", "b"),
     pt.node("MatMul", "x", "v", "c"), pt.node("Concat", "a", "b", "c", "y", axis=1)],
    {"x": ("float32", [30, 24])}, {"y": ("float32", [30, 60])},
    {"q": normal(24, 24), "k": normal(24, 24), "v": normal(24, 12)}), folder, "tied")
compare(path, "factorize-jointly{ratio=0.7 min-elements=1}")
compare(path, "factorize-jointly{ratio=0.7 min-elements=1},int4")
joint = noise(path, "factorize-jointly{rank=10 min-elements=1}", samples, calibration)
all_weights = np.concatenate([v for v in [np.asarray(pt.numpy_helper.to_array(i))
                                          for i in pt.onnx.load(path).graph.initializer]], 1)
sigma = np.linalg.svd(np.concatenate(samples).astype(np.float64) @ all_weights,
                      compute_uv=False)
least = float((sigma[10:] ** 2).sum())
assert abs(joint - least) < 0.05 * least, (joint, least)

# Splitting keeps the function; passes that follow round the rest.
compare(path, "split-low-rank{rank=4 min-elements=1}")
compare(path, "split-low-rank{rank=4 iterations=2 bits=2 min-elements=1},"
        "quantize-weights{bits=2 exclude=low_rank min-elements=1}")
signal = sum(float((pt.onnxruntime_outputs(path, {"x": x})["y"] ** 2).sum()) for x in samples)
assert noise(path, "split-low-rank{rank=4 min-elements=1}", samples, None) < 1e-9 * signal
two_bits = "quantize-weights{bits=2 exclude=low_rank min-elements=1}"
rounded = noise(path, "quantize-weights{bits=2 min-elements=1}", samples, None)
split = noise(path, "split-low-rank{rank=4 min-elements=1}," + two_bits, samples, None)
repeated = noise(path, "split-low-rank{rank=4 iterations=4 bits=2 min-elements=1},"
                 + two_bits, samples, calibration)
assert repeated < split < rounded, (repeated, split, rounded)
