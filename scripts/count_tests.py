#!/usr/bin/env python3
"""Prints how many tests of a lit result file passed, failed and were skipped.

Exits with 1 if a test failed, or if there was none.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import collections
import json
import sys

GOOD = {"PASS", "XFAIL", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def main():
    try:
        with open(sys.argv[1]) as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError, KeyError) as error:
        print(f"no test results: {error}", file=sys.stderr)
        tests = []
    codes = collections.Counter(test["code"] for test in tests)
    passed = sum(codes[code] for code in GOOD)
    skipped = sum(codes[code] for code in SKIPPED)
    failed = len(tests) - passed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
