#!/usr/bin/env bash
# Compares sapdr with its peers, side by side; installs first what a fresh Debian 12 lacks.
#
# usage: tests/bench/run.sh [--short] [OPTION...]
#
#   (nothing)   all steps on the full sizes: 6 GB of data, 5 GB more on disk for each tool, three rounds
#   --short     a fiftieth of the data, one round, sapdr and restic alone: a test that all works
#   --help      the other options
#
# SAPDR_BIN is the command to measure and SAPDR_BENCH_CODEC the program that measures the tensor
# codec, otherwise they are built. rustic and kopia are measured if they are in PATH or
# SAPDR_BENCH_RUSTIC and SAPDR_BENCH_KOPIA name them, a newer restic if SAPDR_BENCH_RESTIC_NEW does,
# ZipNN if it can be installed or SAPDR_BENCH_ZIPNN is a Python that has it; who is missing is named.
# SAPDR_BENCH_DATA is where data is kept.
set -euo pipefail
# shellcheck source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

packages=(python3-venv restic)
[[ " $* " == *" --short "* ]] || packages+=(borgbackup)
setup_packages "${packages[@]}"
setup_venv "$ROOT/build/bench/venv" "$ROOT/tests/bench/requirements.txt"

# Not with what it asks for: torch is large, and bytes do not need it.
setup_zipnn() {
  setup_packages g++ python3-dev &&
    PIP_NO_DEPS=1 setup_venv "$ROOT/build/bench/zipnn" "$ROOT/tests/bench/zipnn.txt"
}
[[ ${SAPDR_BENCH_ZIPNN:-} ]] || setup_zipnn || say "going on without ZipNN"

targets=()
[[ ${SAPDR_BIN:-} ]] || targets+=(bindings/shell/sapdr tests/scale/made_stream)
[[ ${SAPDR_BENCH_CODEC:-} ]] || targets+=(tests/bench/tensor_codec)
if ((${#targets[@]})); then
  setup_packages "${PACKAGES_BUILD[@]}" doctest-dev
  build "$ROOT/build" "${targets[*]}" "${WHOLE[@]}"
fi
python=$ROOT/build/bench/venv/bin/python
if [[ " $* " == *" --short "* ]]; then
  "$python" "$ROOT/tests/bench/beside_service.py" --short
  "$python" "$ROOT/tests/bench/stream_cost.py" --short
fi
exec "$python" "$ROOT/tests/bench/bench.py" "$@"
