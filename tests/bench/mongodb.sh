#!/usr/bin/env bash
# Measures captures of MongoDB beside what reading it costs at least; installs first what a fresh
# Debian 12 lacks.
#
# usage: tests/bench/mongodb.sh [--short] [OPTION...]
#
#   (nothing)   1,500,000 documents, three rounds
#   --short     15,000 documents, one round: a test that all works
#   --help      the other options
#
# SAPDR_BIN is the command and SAPDR_BENCH_FLOOR the program that only reads, otherwise they are built.
set -euo pipefail
# shellcheck source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

setup_packages python3-venv
setup_venv
setup_venv "$ROOT/build/bench/venv" "$ROOT/tests/bench/requirements.txt"
setup_mongod

targets=()
[[ ${SAPDR_BIN:-} ]] || targets+=(bindings/shell/sapdr)
[[ ${SAPDR_BENCH_FLOOR:-} ]] || targets+=(tests/bench/mongodb_floor)
if ((${#targets[@]})); then
  setup_packages "${PACKAGES_BUILD[@]}" doctest-dev
  build "$ROOT/build" "${targets[*]}" "${WHOLE[@]}"
fi
exec "$ROOT/build/bench/venv/bin/python" "$ROOT/tests/bench/mongodb_bench.py" "$@"
