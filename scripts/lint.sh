#!/bin/bash
# Checks format (clang-format) and finds mistakes (clang-tidy) in what changed.
#   scripts/lint.sh [--fix] [BASE]     BASE: a commit; by default what main's
#                                      remote has, else all files are checked
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

fix=
if [ "${1:-}" = --fix ]; then
  fix=1
  shift
fi
build=${PITH_BUILD:-$ROOT/build/release}
for tool in clang-format clang-tidy; do
  command -v "$tool" >/dev/null || die "$tool is missing: run scripts/setup.sh --lint"
done

cd "$ROOT"
base=${1:-}
if [ -z "$base" ]; then
  base=$(git rev-parse --verify --quiet origin/main || true)
fi
patterns=('*.cpp' '*.h' '*.c')
if [ -n "$base" ]; then
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$base" -- "${patterns[@]}"
    git ls-files --others --exclude-standard -- "${patterns[@]}"; } | sort -u)
else
  mapfile -t files < <(git ls-files -- "${patterns[@]}")
fi
[ ${#files[@]} -gt 0 ] || { say "nothing to check"; exit 0; }

say "clang-format: ${#files[@]} files"
status=0
if [ -n "$fix" ]; then
  clang-format -i "${files[@]}"
else
  clang-format --dry-run --Werror "${files[@]}" || status=1
fi

mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '^(lib|tools|unittests)/.*\.cpp$' || true)
if [ ${#sources[@]} -gt 0 ] && [ -f "$build/compile_commands.json" ]; then
  say "clang-tidy: ${#sources[@]} files"
  printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -n 4 \
    clang-tidy -p "$build" --quiet ${fix:+--fix} --warnings-as-errors='*' || status=1
fi
exit "$status"
