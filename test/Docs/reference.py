# Every op, interface and pass has a description: nothing in the reference pages is
# a bare heading.
# RUN: %python %s %pith_build/docs/reference
"""Reads the pages that pith-docs made."""

import glob
import os
import re
import sys

pages = sorted(glob.glob(os.path.join(sys.argv[1], "*.md")))
assert len(pages) >= 10, f"only {len(pages)} pages in {sys.argv[1]}"
described, bare = 0, []
for page in pages:
    with open(page, encoding="utf-8") as file:
        text = file.read()
    sections = re.split(r"^### `(.*?)`.*\n", text, flags=re.MULTILINE)[1:]
    for heading, body in zip(sections[::2], sections[1::2]):
        prose = re.sub(r"^(#+|_|\||<|Interfaces:|Traits:|Effects:|Syntax:).*$", "", body,
                       flags=re.MULTILINE)
        described += 1
        if len(prose.split()) < 3:
            bare.append(f"{os.path.basename(page)}: {heading}")
assert described > 50, described
assert not bare, "no description: " + ", ".join(bare)
