# RUN: %python %s %t
"""The command line of a compiled program: files in and out, and what it says about
wrong ones."""
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pith_testing as pt

folder = sys.argv[1]
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
at = lambda *names: os.path.join(folder, *names)

# Names that no file may have as they are.
A, B, S, D = "a/b", "é=1", "sum:0", "../d"
model = pt.model([pt.node("Add", A, B, S), pt.node("Sub", A, B, D)],
                 {A: ("float32", ["n", 2]), B: ("float32", ["n", 2])},
                 {S: ("float32", ["n", 2]), D: ("float32", ["n", 2])})
program = pt.compile(model, folder)
a = np.arange(6, dtype=np.float32).reshape(3, 2)
b = np.ones((3, 2), np.float32)
got = pt.run(program, {A: a, B: b}, [S, D])
np.testing.assert_array_equal(got[S], a + b)
np.testing.assert_array_equal(got[D], a - b)

# Folders, numbered folders, NPZ files.
escaped = {A: "a%2Fb.npy", B: "%C3%A9%3D1.npy", S: "sum%3A0.npy", D: "..%2Fd.npy"}
for case in ("one", "many/0", "many/1"):
    os.makedirs(at(case))
    np.save(at(case, escaped[A]), a + len(case))
    np.save(at(case, escaped[B]), b)
pt.command([program, "--inputs", at("one"), "--outputs", at("out")])
np.testing.assert_array_equal(np.load(at("out", escaped[S])), a + 3 + b)
np.testing.assert_array_equal(np.load(at("out", escaped[D])), a + 3 - b)
pt.command([program, f"--inputs={at('many')}", f"--outputs={at('outs')}"])
np.testing.assert_array_equal(np.load(at("outs", "1", escaped[S])), a + 6 + b)
for save in (np.savez, np.savez_compressed):
    save(at("in.npz"), **{A: a, B: b})
    pt.command([program, "--inputs", at("in.npz"), "--outputs", at("zipped")])
    np.testing.assert_array_equal(np.load(at("zipped", escaped[S])), a + b)

# Column-major and big-endian files are what they say they are.
np.save(at("fortran.npy"), np.asfortranarray(a))
np.save(at("big.npy"), b.astype(">f4"))
pt.command([program, "--input", f"{A}={at('fortran.npy')}", "--input",
            f"{B}={at('big.npy')}", "--output", f"{S}={at('s.npy')}"])
np.testing.assert_array_equal(np.load(at("s.npy")), a + b)

# --check
np.savez(at("good.npz"), **{f"in0::{A}": a, f"in0::{B}": b, f"out0::{S}": a + b,
                            f"out0::{D}": a - b})
out, _ = pt.command([program, "--check", at("good.npz")])
assert out.count(": equal") == 2, out
np.savez(at("bad.npz"), **{A: a, B: b, S: a + b + 1})
out, _ = pt.command([program, "--check", at("bad.npz")], expect=1)
assert "differs" in out and "6 of 6 elements" in out, out
pt.command([program, "--check", at("bad.npz"), "--atol=2"])

# --info
info = pt.info(program)
assert info["inputs"] == [{"name": n, "type": "float32", "shape": ["n", 2]} for n in (A, B)]
assert [o["name"] for o in info["outputs"]] == [S, D]
assert info["weight_bytes"] == 0 and info["parameters"] == 0 and info["code_bytes"] > 0
out, _ = pt.command([program, "--bench=0.01", "--shape", f"{A}:5x2", "--threads=1"])
assert out.startswith("min_us=") and " median_us=" in out and " runs=" in out, out
assert pt.command([program, "--version"])[0].startswith("model, compiled by pith")
assert S in pt.command([program, "--help"])[0]


def fails(code, text, *arguments):
    out, err = pt.command([program, *arguments], expect=code)
    assert text in err, err


fails(2, "unknown option '--nothing'", "--nothing")
fails(2, "unexpected argument 'x.npy'", "x.npy")
fails(2, "expected a value after '--bench'", "--bench")
fails(2, "expected a number of at least 0, found 'soon'", "--bench=soon")
fails(2, "expected a number of at least 1, found '0'", "--threads=0")
fails(2, "expected no value in '--info=1'", "--info=1")
fails(2, "expected --info with '--json'", "--json")
pt.command([program], expect=2)
fails(1, f"missing input '{A}'", "--output", f"{S}=x.npy")
fails(1, "no input named 'z'", "--input", "z=x.npy")
fails(1, "the model has 2 inputs", "--input", "x.npy")
fails(1, "no output named 'z'", "--output", "z=x.npy")
fails(1, "cannot open", "--inputs", at("nowhere"))
one = f"{A}={at('one', escaped[A])}"
fails(1, "is given twice", "--input", one, "--input", one)
np.save(at("wide.npy"), np.zeros((3, 3), np.float32))
np.save(at("long.npy"), np.zeros((4, 2), np.float32))
np.save(at("type.npy"), np.zeros((3, 2), np.float64))
np.save(at("flat.npy"), np.zeros(6, np.float32))
good = ["--input", one]
fails(1, "expected size 2 along axis 1, found 3", *good, "--input", f"{B}={at('wide.npy')}")
fails(1, "expected size 3 along axis 0 ('n'), found 4", *good, "--input",
      f"{B}={at('long.npy')}")
fails(1, "expected type float32, found float64", *good, "--input", f"{B}={at('type.npy')}")
fails(1, "expected rank 2, found 1", *good, "--input", f"{B}={at('flat.npy')}")
fails(1, "cannot write", *good, "--input", f"{B}={at('one', escaped[B])}", "--output",
      f"{S}={at('nowhere', 's.npy')}")
fails(1, "expected size 2 along axis 1, found 3", "--bench=0", "--shape", f"{A}:1x3")
fails(1, "expected fewer elements", "--bench=0", "--shape",
      f"{A}:4611686018427387904x2")

# A program for another processor says so, before it runs.
other = pt.compile(model, folder, "--cpu=sapphirerapids", name="other")
with open("/proc/cpuinfo") as lines:
    here = "amx_tile" in lines.read()
if not here:
    done = subprocess.run([other, "--bench=0"], capture_output=True, text=True)
    # What it lacks depends on the machine; nothing that the program needs is fine too.
    assert done.returncode in (0, 3), done
    if done.returncode == 3:
        assert "this CPU lacks" in done.stderr, done
    pt.command([other, "--info"])

# A device that is an output is written to, not replaced.
os.symlink("/dev/full", at("full"))
_, message = pt.command([program, "--input", f"{A}={at('fortran.npy')}", "--input",
                         f"{B}={at('big.npy')}", "--output", f"{S}={at('full')}"], expect=1)
assert "No space left on device" in message, message
assert os.path.islink(at("full"))

# Names of the model reach the terminal without its control characters.
evil = pt.compile(pt.model([pt.node("Neg", "a\x1b[31m", "y")],
                           {"a\x1b[31m": ("float32", [2])}, {"y": ("float32", [2])}),
                  folder, name="evil")
_, message = pt.command([evil, "--output", at("y.npy")], expect=1)
assert "missing input 'a?[31m'" in message, message
