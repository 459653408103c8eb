"""A lit test format: one test per model of a folder */*/model.onnx.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import fnmatch
import os
import subprocess

import lit.formats
import lit.Test

REFUSED = 2  # exit code of check_model.py


class ModelTest(lit.formats.FileBasedTest):
    def __init__(self, models, supported, python, build):
        self.models, self.python, self.build = models, python, build
        with open(supported, encoding="utf-8") as file:
            self.supported = [line.strip() for line in file
                              if line.strip() and not line.startswith("#")]

    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        if not self.models or not os.path.isdir(self.models):
            return
        for family in sorted(os.listdir(self.models)):
            folder = os.path.join(self.models, family)
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
                path = os.path.join(folder, name, "model.onnx")
                if os.path.exists(path):
                    yield lit.Test.Test(suite, path_in_suite + (family, name), local_config,
                                        file_path=path)

    def execute(self, test, lit_config):
        name = "/".join(test.path_in_suite[-2:])
        checker = os.path.join(os.path.dirname(__file__), "check_model.py")
        scratch = os.path.join(self.build, "test", "Models", "Output", name)
        try:
            done = subprocess.run(
                [self.python, checker, os.path.dirname(test.file_path), scratch],
                capture_output=True, text=True, env=test.config.environment,
                timeout=300)
        except subprocess.TimeoutExpired:
            return lit.Test.TIMEOUT, f"{name}: no answer in time"
        text = done.stdout + done.stderr
        if done.returncode == 0:
            return lit.Test.PASS, text
        supported = any(fnmatch.fnmatch(name, pattern) for pattern in self.supported)
        if done.returncode == REFUSED and not supported:
            return lit.Test.UNSUPPORTED, text
        return lit.Test.FAIL, text
