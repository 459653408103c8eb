#!/usr/bin/env python3
"""Checks that a guide tells the truth: runs its examples, compares its quotations.

    run_guide.py GUIDE.md FOLDER [NAME=VALUE…] [--before COMMAND]

The words after a code block's language say what it is:

    ```cpp file=Name.cpp       written to FOLDER/Name.cpp
    ```sh run                  run by bash in FOLDER; must exit with 0
    ```sh run=1                the same; must exit with 1
    ```text output             lines that the command before printed, in this order
                               ("..." alone on a line stands for any lines, and
                               within a line for any text)
    ```cpp quote=lib/A.cpp     lines of that file of the repository, in this order;
                               a line of "// ..." or "..." stands for left-out lines

Other blocks are not checked. NAME=VALUE sets a variable for the commands; COMMAND
runs in FOLDER first, and makes what the guide takes for granted.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import os
import re
import shutil
import subprocess
import sys

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
ELISION = re.compile(r"\s*(//|#|;)?\s*(\.\.\.|…)\s*")


class GuideError(Exception):
    pass


def blocks(path):
    """Yields (line number, words after the language, lines of code)."""
    fence, start, words, code = None, 0, [], []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = line.rstrip("\n")
            marker = re.match(r"\s*(```+|~~~+)", text)
            if fence is None and marker:
                fence, start, code = marker.group(1), number, []
                words = text.strip()[len(fence):].split()[1:]
            elif fence is not None and text.strip() == fence:
                yield start, words, code
                fence = None
            elif fence is not None:
                code.append(text)
    if fence is not None:
        raise GuideError(f"line {start}: the code block does not end")


def normalized(line):
    return " ".join(line.split())


def check_quotation(code, path):
    """Every run of lines between elisions stands in the file, in order."""
    with open(os.path.join(REPOSITORY, path), encoding="utf-8") as file:
        source = [normalized(line) for line in file]
    position, fragment = 0, []
    for line in [*code, "..."]:
        if not ELISION.fullmatch(line):
            fragment.append(normalized(line))
            continue
        while fragment and not fragment[-1]:
            fragment.pop()
        if fragment:
            for start in range(position, len(source) - len(fragment) + 1):
                if source[start:start + len(fragment)] == fragment:
                    position = start + len(fragment)
                    break
            else:
                raise GuideError(f"{path} does not have (any more):\n  " + "\n  ".join(fragment))
        fragment = []


def check_output(code, text):
    position, lines = 0, [normalized(line) for line in text.splitlines()]
    for line in code:
        if not line.strip() or line.strip() == "...":
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in
                                       re.split(r"\.\.\.|…", normalized(line))))
        while position < len(lines) and not pattern.fullmatch(lines[position]):
            position += 1
        if position == len(lines):
            raise GuideError(f"the output lacks the line '{line.strip()}':\n{text}")
        position += 1


def run(code, expected, folder, variables):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(code)], cwd=folder,
                          env={**os.environ, **variables}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != expected:
        raise GuideError(f"exit code {done.returncode}, expected {expected}:\n{done.stdout}")
    return done.stdout


def check(guide, folder, variables, before=None):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    output, checked = "", 0
    if before:
        run([before], 0, folder, variables)
    for number, words, code in blocks(guide):
        try:
            for word in words:
                key, _, value = word.partition("=")
                checked += key in ("file", "run", "output", "quote")
                if key == "file":
                    path = os.path.join(folder, value)
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with open(path, "w", encoding="utf-8") as file:
                        file.write("\n".join(code) + "\n")
                elif key == "run":
                    output = run(code, int(value or 0), folder, variables)
                elif key == "output":
                    check_output(code, output)
                elif key == "quote":
                    check_quotation(code, value)
        except (GuideError, OSError) as error:
            raise GuideError(f"{guide}:{number}: {error}") from None
    if not checked:
        raise GuideError(f"{guide}: has no block that can be checked")
    return checked


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    arguments, before = sys.argv[1:], None
    if arguments[-2] == "--before":
        before = arguments[-1]
        del arguments[-2:]
    try:
        count = check(arguments[0], arguments[1], dict(v.split("=", 1) for v in arguments[2:]),
                      before)
        print(f"{arguments[0]}: {count} blocks checked")
    except GuideError as failure:
        sys.exit(str(failure))
