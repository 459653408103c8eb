"""The ONNX project's own tests of single operators, through importer and reference.

Each test runs as it is, and with all inputs but the first as constants, which
operators with computed axes or scales ask for. What is refused must be in the lists
below; what runs must give the expected outputs.

RUN: %python %s %t | FileCheck %s
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import warnings

import numpy as np
import onnx
import onnx.backend.test.loader as loader
from onnx import numpy_helper

# Operators that are refused.
UNSUPPORTED = set("""
    AffineGrid Bernoulli BitCast CausalConvWithState Col2Im ConvInteger CumProd DFT DeformConv Det
    GRU GridSample If ImageDecoder LSTM Loop MatMulInteger MaxRoiPool MaxUnpool
    MelWeightMatrix Multinomial NonMaxSuppression QLinearConv QLinearMatMul RNN RandomNormal
    RandomNormalLike RandomUniform RandomUniformLike RegexFullMatch RoiAlign STFT Scan
    StringConcat StringNormalizer StringSplit TensorScatter TfIdfVectorizer Unique
""".split())
# Tests of forms that are refused.
REFUSED = re.compile("|".join([
    "test_(batchnorm|training_dropout).*training.*",  # training
    "test_training_dropout.*",
    "test_maxpool_with_argmax_.*",                    # positions as an output
    "test_resize_tf_crop_and_resize.*",
]))


def is_plain(value):
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiub"


def load_cases():
    warnings.filterwarnings("ignore")
    for case in loader.load_model_tests(kind="node"):
        model = case.model
        versions = [o.version for o in model.opset_import if o.domain == ""]
        if not versions or not 7 <= versions[0] <= 26 or len(model.opset_import) > 1:
            continue
        inputs, outputs = case.data_sets[0]
        if all(is_plain(v) for v in [*inputs, *outputs]):
            yield case, model, inputs, outputs


def write(folder, model, inputs):
    os.makedirs(os.path.join(folder, "in"))
    onnx.save(model, os.path.join(folder, "model.onnx"))
    for name, value in inputs.items():
        np.save(os.path.join(folder, "in", name + ".npy"), value)


def with_constants(model, inputs):
    """The model with all inputs but the first as initializers."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.ir_version = max(copy.ir_version, 4)
    for name, value in list(inputs.items())[1:]:
        copy.graph.input.remove(next(i for i in copy.graph.input if i.name == name))
        copy.graph.initializer.append(numpy_helper.from_array(value, name))
    return copy, dict(list(inputs.items())[:1])


def is_right(path, outputs, rtol, atol):
    for name, want in outputs.items():
        got = np.load(os.path.join(path, "out", name + ".npy"))
        if got.dtype != want.dtype or got.shape != want.shape:
            return f"{name}: expected {want.dtype}{want.shape}, found {got.dtype}{got.shape}"
        rtol = max(rtol, 2e-3) if want.dtype == np.float16 else rtol
        if not np.allclose(got.astype(np.float64), want.astype(np.float64), rtol=rtol,
                           atol=max(atol, 1e-5), equal_nan=True):
            return f"{name}: values differ"
    return ""


def main(folder):
    shutil.rmtree(folder, ignore_errors=True)
    cases = {}
    for case, model, inputs, outputs in load_cases():
        named = dict(zip([i.name for i in model.graph.input], inputs))
        expected = dict(zip([o.name for o in model.graph.output], outputs))
        operators = {node.op_type for node in model.graph.node}
        cases[case.name] = (operators, expected, case.rtol, case.atol)
        write(os.path.join(folder, case.name), model, named)
        if len(named) > 1:
            constant, rest = with_constants(model, named)
            write(os.path.join(folder, case.name + ".constant"), constant, rest)
    done = subprocess.run(["pith-run", "--reference", "--cases", folder],
                          capture_output=True, text=True, errors="replace")
    status = dict(re.findall(r"^(\S+): (done|failed)$", done.stdout, re.M))
    if len(status) < len(cases):
        sys.exit(f"pith-run stopped: exit code {done.returncode}\n{done.stderr[-2000:]}")
    count = collections.Counter()
    for name, (operators, expected, rtol, atol) in cases.items():
        ran = 0
        for variant in (name, name + ".constant"):
            if status.get(variant) == "done":
                ran += 1
                wrong = is_right(os.path.join(folder, variant), expected, rtol, atol)
                count["wrong" if wrong else "right"] += 1
                if wrong:
                    print(f"wrong: {variant}: {wrong}")
        refused = operators & UNSUPPORTED or REFUSED.fullmatch(name)
        if not ran and not refused:
            print(f"refused: {name} ({', '.join(sorted(operators))})")
            count["refused"] += 1
    shutil.rmtree(folder)
    print(f"{count['right']} right, {count['wrong']} wrong, {count['refused']} refused "
          "without being listed")
    print("enough" if count["right"] >= 1500 else "too few")


main(sys.argv[1])

# CHECK-NOT: wrong:
# CHECK-NOT: refused:
# CHECK: 0 wrong, 0 refused
# CHECK: enough
