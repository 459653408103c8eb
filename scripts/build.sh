#!/bin/bash
# Configures and builds.
#   scripts/build.sh [PRESET] [TARGET…]     presets: release, debug, sanitizers
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

preset=${1:-release}
shift || true
[ -d "$DEPS/onnx" ] || die "run scripts/setup.sh first"

cd "$ROOT"
if [ ! -f "build/$preset/build.ninja" ]; then
  say "configuring ($preset)"
  quietly cmake --preset "$preset" -DPITH_DEPS="$DEPS"
fi
say "building ($preset${*:+: $*}); the first build takes about 15 minutes on 2 cores"
targets=()
[ $# -eq 0 ] || targets=(--target "$@")
cmake --build "build/$preset" "${targets[@]}" -- --quiet >&2
