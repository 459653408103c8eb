# How lit runs the tests of this folder.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A test is a file with RUN lines: IR (.mlir), a script (.py), a C program (.c)
# or plain text (.test). Tools are found by name; besides lit's own, tests may
# write
#   %python    the Python interpreter with numpy and onnx
#   %cc        the C compiler that built the project
#   %pith_src  the source tree            %pith_build  the build tree
# Files that tests read, but that are no tests, live in folders named Inputs.

import importlib.util
import os
import platform
import sys

import lit.formats

python_helpers = os.path.join(config.pith_src, "test", "Inputs", "python")
sys.path.insert(0, python_helpers)  # test formats of subfolders

config.name = "Pith"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".py", ".c", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt", "lit.cfg.py", "lit.site.cfg.py"]
config.test_source_root = os.path.join(config.pith_src, "test")
config.test_exec_root = os.path.join(config.pith_build, "test")

# The test's own environment: nothing of the caller's shell may change a result.
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.pith_build, "bin"), config.llvm_tools,
     os.path.dirname(config.python), os.environ.get("PATH", "")])
config.environment["PYTHONPATH"] = python_helpers
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
config.environment["OPENBLAS_NUM_THREADS"] = "1"  # tests run side by side
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

for name, value in (("%python", config.python), ("%cc", config.c_compiler),
                    ("%pith_src", config.pith_src),
                    ("%pith_build", config.pith_build)):
    config.substitutions.append((name + r"\b", value))


def cpu_flags():
    """The processor's features as Linux names them."""
    try:
        with open("/proc/cpuinfo") as lines:
            for line in lines:
                if line.startswith(("flags", "Features")):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


# REQUIRES: names what a test needs. Tools that are not built are not hidden:
# their tests fail.
features = config.available_features
features.add(platform.machine())
features |= {flag for flag in cpu_flags() if flag.startswith(("avx", "fma"))}
if importlib.util.find_spec("psutil"):
    config.maxIndividualTestTime = 300
if os.path.exists(os.path.join(config.pith_build, "lib", "pith", "aarch64",
                               "libpithrt.a")):
    features.add("aarch64-runtime")
if os.path.exists("/usr/bin/qemu-aarch64"):
    features.add("qemu-aarch64")
if config.models:
    features.add("models")
