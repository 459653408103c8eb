#!/bin/bash
# Sets up, builds the compiler, and shows what it does: trains a small network on
# scanned digits, compiles it in several compressed forms, compares them.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$ROOT/scripts/setup.sh"
"$ROOT/scripts/build.sh" release pithc pithrt
say "training and compiling"
cd "$ROOT"
python3 examples/quickstart/quickstart.py --pithc build/release/bin/pithc \
  --folder build/quickstart "$@"
