# The checker of guides finds what is wrong: quotations and outputs that are not
# true any more, commands that fail, guides without anything to check.
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s %t
"""Runs run_guide on small guides that are right or wrong in one way."""

import os
import sys

import run_guide

folder = sys.argv[1]
FENCE = "```"


def check(*blocks):
    """The error of a guide of (words, code) blocks, or nothing."""
    path = os.path.join(folder, "guide.md")
    with open(path, "w") as file:
        for words, code in blocks:
            file.write(f"Text.\n\n{FENCE}{words}\n{code}\n{FENCE}\n")
    try:
        run_guide.check(path, os.path.join(folder, "work"), {"NAME": "value"})
    except run_guide.GuideError as error:
        return str(error)
    return None


def expect(text, *blocks):
    error = check(*blocks)
    assert (error is None) == (text is None) and (text or "") in (error or ""), error


quote = "quote=test/Docs/run-guide.py"
echo = ("sh run", "cat a.txt; echo $NAME")
file = ("text file=a.txt", "one\ntwo")
expect(None, file, echo, ("text output", "one\n...\nvalue"))
expect("lacks the line 'three'", file, echo, ("text output", "one\nthree"))
expect("lacks the line 'one'", file, echo, ("text output", "two\none"))
expect(None, file, echo, ("text output", "t...o"))
expect("exit code 3, expected 0", ("sh run", "exit 3"))
expect(None, ("sh run=3", "exit 3"))
expect("exit code 0, expected 1", ("sh run=1", "true"))
expect(None, (f"python {quote}", "import os\n# ...\nimport run_guide"))
expect("does not have", (f"python {quote}", "import run_guide\n# ...\nimport os"))
expect("does not have", (f"python {quote}", "import " + "nothing_like_this"))
expect("no block that can be checked", ("sh", "echo"))
