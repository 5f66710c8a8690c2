#!/usr/bin/env bash
# Measures the backend of Azure Blob Storage on Azurite; installs first what a fresh Debian 12 lacks.
#
# usage: tests/bench/azure.sh [--short] [OPTION...]
#
#   (nothing)   2 GiB of packs up and down, beside Azure's SDK, at three concurrencies, three rounds
#   --short     little data, one round: a test that all works, and that round trips are few
#   --help      the other options
#
# SAPDR_BIN is the command and SAPDR_BENCH_TRANSFER the program that moves packs, otherwise they are
# built.
set -euo pipefail
# shellcheck source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

setup_packages python3-venv
setup_venv "$ROOT/build/bench/azure-venv" "$ROOT/tests/bench/azure.txt"
setup_azurite

targets=()
[[ ${SAPDR_BIN:-} ]] || targets+=(bindings/shell/sapdr)
[[ ${SAPDR_BENCH_TRANSFER:-} ]] || targets+=(tests/bench/azure_transfer)
if ((${#targets[@]})); then
  setup_packages "${PACKAGES_BUILD[@]}" doctest-dev
  build "$ROOT/build" "${targets[*]}" "${WHOLE[@]}"
fi
export SAPDR_BIN=${SAPDR_BIN:-$ROOT/build/bindings/shell/sapdr}
export SAPDR_BENCH_TRANSFER=${SAPDR_BENCH_TRANSFER:-$ROOT/build/tests/bench/azure_transfer}
exec "$ROOT/build/bench/azure-venv/bin/python" "$ROOT/tests/bench/azure_bench.py" "$@"
