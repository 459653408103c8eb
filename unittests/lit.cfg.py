# How lit runs the GoogleTest executables.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

import importlib.util
import os

import lit.formats

config.name = "Pith-Unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.suffixes = []
config.test_source_root = os.path.join(config.pith_build, "unittests", "bin")
config.test_exec_root = config.test_source_root
if importlib.util.find_spec("psutil"):
    config.maxIndividualTestTime = 300
