#!/bin/bash
# Installs what Pith needs on Debian 12: packages, a Python environment, and the
# ONNX C++ library. Does nothing where everything is there already.
#   scripts/setup.sh [--lint] [--sanitizers]
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

packages=(
  # MLIR, LLVM and lld as libraries; FileCheck and friends; the compiler
  libmlir-$LLVM_VERSION-dev mlir-$LLVM_VERSION-tools llvm-$LLVM_VERSION-dev
  llvm-$LLVM_VERSION-tools liblld-$LLVM_VERSION-dev clang-$LLVM_VERSION
  # quick builds
  ninja-build ccache mold
  # libraries: protobuf for ONNX, SVD and Cholesky, NPZ files, unit tests
  libprotobuf-dev protobuf-compiler libeigen3-dev zlib1g-dev libgtest-dev
  # the Python environment; fetching over https
  python3-venv python3-pip ca-certificates git
)
# Programs for AArch64: start files to link against, and something to run them.
if [ "$(dpkg --print-architecture)" = amd64 ]; then
  packages+=(libc6-dev-arm64-cross libgcc-12-dev-arm64-cross qemu-user)
fi
for option in "$@"; do
  case $option in
  --lint) packages+=(clang-format-$LLVM_VERSION clang-tidy-$LLVM_VERSION) ;;
  --sanitizers) packages+=(libclang-rt-$LLVM_VERSION-dev) ;;
  *) die "unknown option '$option'; there are --lint and --sanitizers" ;;
  esac
done

install_packages() {
  local package missing=() as_root=()
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing, and installing them needs root or sudo: ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages"
  retry quietly "${as_root[@]}" apt-get update -q
  apt-cache show "libmlir-$LLVM_VERSION-dev" >/dev/null 2>&1 ||
    die "apt knows no libmlir-$LLVM_VERSION-dev; Debian 12 has it in bookworm-security: check /etc/apt/sources.list"
  retry quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

install_python() {
  local stamp=$VENV/requirements.txt
  cmp -s "$ROOT/scripts/requirements.txt" "$stamp" && return 0
  say "making the Python environment"
  mkdir -p "$DEPS"
  [ -x "$VENV/bin/pip" ] || quietly python3 -m venv "$VENV"
  retry quietly "$VENV/bin/pip" install -q --disable-pip-version-check \
    -r "$ROOT/scripts/requirements.txt"
  cp "$ROOT/scripts/requirements.txt" "$stamp"
}

# The official C++ library, from the source archive on PyPI.
install_onnx() {
  local stamp=$DEPS/onnx/version sources=$DEPS/onnx-src
  local sha256=008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8
  [ "$(cat "$stamp" 2>/dev/null)" = "$ONNX_VERSION" ] && return 0
  say "building the ONNX $ONNX_VERSION library"
  rm -rf "$sources" "$DEPS/onnx-build" "$DEPS/onnx"
  mkdir -p "$sources"
  retry quietly "$VENV/bin/pip" download -q --disable-pip-version-check --no-deps \
    --no-binary onnx -d "$sources" "onnx==$ONNX_VERSION"
  echo "$sha256  $sources/onnx-$ONNX_VERSION.tar.gz" | sha256sum --check --quiet ||
    die "the ONNX source archive is not the one expected"
  tar xzf "$sources/onnx-$ONNX_VERSION.tar.gz" -C "$sources" --strip-components=1
  CCACHE_BASEDIR=$DEPS quietly cmake -S "$sources" -B "$DEPS/onnx-build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$DEPS/onnx" \
    -DCMAKE_C_COMPILER="clang-$LLVM_VERSION" -DCMAKE_CXX_COMPILER="clang++-$LLVM_VERSION" \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DONNX_ML=ON -DBUILD_SHARED_LIBS=OFF -DONNX_USE_PROTOBUF_SHARED_LIBS=ON \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DPython3_EXECUTABLE="$VENV/bin/python3"
  CCACHE_BASEDIR=$DEPS quietly cmake --build "$DEPS/onnx-build" --target install
  rm -rf "$sources" "$DEPS/onnx-build"
  echo "$ONNX_VERSION" >"$stamp"
}

install_packages
install_python
install_onnx
