#!/bin/bash
# Sets up, builds, and runs all tests. The last line counts them.
#   scripts/test.sh [LIT OPTION…]
# Real models are tested besides where there are some: in the folder PITH_MODELS,
# else in a folder */models beside the checkout (*/*/model.onnx, golden.npz).
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

find_models() {
  local folder
  for folder in "$ROOT"/../*/models; do
    compgen -G "$folder/*/*/model.onnx" >/dev/null && { (cd "$folder" && pwd); return; }
  done
  true
}

"$ROOT/scripts/setup.sh"
"$ROOT/scripts/build.sh" release pith-test-depends
export PITH_MODELS=${PITH_MODELS-$(find_models)}
say "testing${PITH_MODELS:+, also the models in $PITH_MODELS}"

cd "$ROOT/build/release"
results=$PWD/test-results.json
rm -f "$results"
status=0
lit -sv --time-tests -o "$results" "$@" test unittests || status=$?
python3 "$ROOT/scripts/count_tests.py" "$results" || status=1
exit "$status"
