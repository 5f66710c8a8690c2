#!/usr/bin/env bash
# Fuzzes every parser with libFuzzer, ASan and UBSan; clang is installed if it is missing.
#
# usage: tests/fuzz.sh [SECONDS] [TARGET...]
#
#   SECONDS  for each target (default: 600)
#   TARGET   of tests/fuzz/targets.cpp (default: all)
#
# What is new and covers more is added to tests/fuzz/corpus, which every run of the tests replays. An
# input that fails lies in build-fuzz/findings. The last line is "N passed, N failed": targets.
set -euo pipefail
# shellcheck source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$ROOT"
case ${1:-} in -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0" && exit ;; esac
seconds=${1:-600}
shift || true

setup_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}" "${PACKAGES_LONG[@]}"
CC=clang CXX=clang++ build "$ROOT/build-fuzz" tests/fuzz/fuzzer -Dtests=enabled -Dfuzz=true \
  -Dwerror=false -Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false

corpus=$ROOT/tests/fuzz/corpus
targets=("$@")
((${#targets[@]})) || mapfile -t targets < <(ls "$corpus")
passed=0 failed=0
fuzz_one() {
  local work=$ROOT/build-fuzz/work/$1
  mkdir -p "$work" "$ROOT/build-fuzz/findings"
  export SAPDR_FUZZ_TARGET=$1
  say "fuzzing $1 for $seconds s"
  build-fuzz/tests/fuzz/fuzzer -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$ROOT/build-fuzz/findings/$1-" "$work" "$corpus/$1" >"$work.log" 2>&1 || {
    tail -n 30 "$work.log"
    return 1
  }
  grep -E 'stat::number_of_executed_units|^Done' "$work.log"
  build-fuzz/tests/fuzz/fuzzer -merge=1 "$corpus/$1" "$work" >>"$work.log" 2>&1
}
for target in "${targets[@]}"; do
  if fuzz_one "$target"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
((failed == 0))
