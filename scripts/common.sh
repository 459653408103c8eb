# What all scripts share; to be sourced.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Downloaded and built dependencies; safe to delete, and to share between
# checkouts by setting PITH_DEPS.
DEPS=${PITH_DEPS:-$ROOT/.deps}
VENV=$DEPS/venv
ONNX_VERSION=1.23.2
LLVM_VERSION=22

export PATH="$VENV/bin:/usr/lib/llvm-$LLVM_VERSION/bin:$PATH"
# Checkouts in different folders share cached objects.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$ROOT} CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Downloads fail now and then: retry COMMAND… three times.
retry() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    [ "$attempt" = 3 ] || { say "failed, trying again: $1"; sleep $((attempt * 5)); }
  done
  return 1
}

# Runs a command quietly: its output goes to a log, shown only if it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}
