#!/usr/bin/env bash
# Builds the project and runs its tests; what is missing on a fresh Debian 12 is installed first.
#
# usage: tests/run.sh [--fast | --sanitize | --long] [FILTER]
#
#   (nothing)   all suites, whether clang takes the sources, and the unit tests with sanitizers
#   --fast      the developer's loop: unit tests, C ABI, rules of the house, the commands
#   --sanitize  ASan and UBSan, then TSan: nothing else
#   --long      all of it, then the tests as clang compiles them, clang-tidy, as many files and blobs as
#               the documents promise, and a minute of fuzzing for each parser
#   FILTER      only tests whose name holds it
#
# The last line is "N passed, N failed"; the exit code is 0 if nothing failed and something ran.
set -euo pipefail
# shellcheck source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$ROOT"

mode=default filter=''
for argument in "$@"; do
  case $argument in
    --fast | --sanitize | --long) mode=${argument#--} ;;
    -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0" && exit ;;
    -*) echo "run.sh: $argument is not an option; see --help" >&2 && exit 2 ;;
    *) filter=$argument ;;
  esac
done

RESULTS=$ROOT/build/results
mkdir -p "$RESULTS"
rm -f "$RESULTS"/*

# suite NAME COMMAND...: runs a suite whose last line is "N passed, N failed".
suite() {
  local name=$1 began=$SECONDS code=0
  shift
  say "suite $name"
  "$@" 2>&1 | tee "$RESULTS/$name.log" || code=$?
  "$PYTHON" tests/totals.py add "$RESULTS/totals" "$name" "$RESULTS/$name.log" \
    "$code" $((SECONDS - began))
}

# built ARGUMENTS OF build...: without a build there is nothing to go on with.
built() {
  build "$@" && return
  printf 'build\t0\t0 passed, 1 failed\n' >>"$RESULTS/totals"
  "$PYTHON" tests/totals.py sum "$RESULTS/totals"
  exit 1
}

# The tests in C and C++ of a build folder: meson_tests FOLDER SUITE...
meson_tests() {
  local folder=$1 name suites=()
  shift
  for name in "$@"; do suites+=(--suite "$name"); done
  local arguments=()
  [[ -z $filter ]] || arguments=(--test-args "-tc=*$filter*")
  rm -f "$folder/meson-logs/testlog.json"
  "$MESON" test -C "$folder" --no-rebuild --timeout-multiplier 5 --print-errorlogs \
    "${suites[@]}" "${arguments[@]}" || true
  "$PYTHON" tests/totals.py meson "$folder/meson-logs/testlog.json"
}

# Most of what these tests do is wait: for locks to be looked at again, for disks. A file's tests stay
# together, as they share what is dear to make.
PYTEST_WORKERS=(-n "$((2 * $(nproc)))" --dist loadfile)

# pytest_tests ARGUMENT...: a folder of tests, and options of pytest.
pytest_tests() {
  local code=0
  "$VENV/bin/python" -m pytest -q -p no:cacheprovider -ra --durations=3 "${PYTEST_WORKERS[@]}" \
    -k "$filter" --junitxml "$RESULTS/pytest.xml" "$@" || code=$?
  "$PYTHON" tests/totals.py junit "$RESULTS/pytest.xml"
  ((code == 0 || code == 1 || code == 5))
}

# The same for tests that need the machine for themselves.
one_at_a_time() {
  local PYTEST_WORKERS=()
  pytest_tests "$@"
}

# one_test COMMAND...: a script that is one test.
one_test() {
  if "$@"; then echo "1 passed, 0 failed"; else echo "0 passed, 1 failed"; fi
}

# The library's sources are the same as in `build`: ccache, which sees the same command lines below a
# folder of the same depth, does not compile them again.
python_package() {
  step "building and installing the Python package" env PATH="$VENV/bin:$PATH" \
    "$VENV/bin/python" -m pip install -q --disable-pip-version-check --no-build-isolation \
    --no-deps --force-reinstall --config-settings=build-dir="$ROOT/build-python" \
    --config-settings=setup-args=-Dwerror=true .
}

python_tests() { python_package && pytest_tests tests/python; }

quickstart() { SAPDR_QUICKSTART_MB=40 examples/quickstart.sh; }

# Instrumented code makes gcc 12 warn of things that are not there; the ordinary build, of the same
# sources, stops at every warning.
# With checks in it, code at -O2 and all of -g takes six times as long to compile.
INSTRUMENTED=(-Dwerror=false -Doptimization=g -Ddebug=false -Dc_args=-g1 -Dcpp_args=-g1 -Db_lundef=false)
ASAN=(-Dtests=enabled -Dshell=disabled -Dexamples=disabled "${INSTRUMENTED[@]}"
  -Db_sanitize=address,undefined)
TSAN=("${WHOLE[@]}" "${INSTRUMENTED[@]}" -Db_sanitize=thread)
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

run_fast() {
  suite c meson_tests build unit capi install
  suite rules pytest_tests tests/rules
  suite shell pytest_tests tests/shell/test_commands.py
}

run_all() {
  suite c meson_tests build
  [[ $filter ]] || suite format one_test format_of_sources
  [[ $filter ]] || suite clang one_test "$PYTHON" tests/clang.py build
  suite rules pytest_tests tests/rules
  suite shell pytest_tests tests/shell
  suite python python_tests
  suite identity pytest_tests tests/identity
  suite interop pytest_tests tests/interop
  suite scale one_at_a_time tests/scale
  suite deploy pytest_tests tests/deploy
  suite documents "$VENV/bin/python" tests/docs/run_snippets.py build README.md
  [[ $filter ]] || suite quickstart one_test quickstart
  [[ $filter ]] || suite bench one_test tests/bench/run.sh --short
  [[ $filter ]] || suite bench-azure one_test tests/bench/azure.sh --short
}

run_asan() {
  built "$ROOT/build-asan" "" "${ASAN[@]}"
  SAPDR_FAULTS=2 suite asan-c meson_tests build-asan unit conformance capi faults fuzz
}

run_asan_command() {
  built "$ROOT/build-asan" bindings/shell/sapdr "${ASAN[@]}" -Dshell=enabled
  SAPDR_BIN=$ROOT/build-asan/bindings/shell/sapdr suite asan-shell pytest_tests tests/shell
}

run_tsan() {
  built "$ROOT/build-tsan" "" "${TSAN[@]}"
  suite tsan-c meson_tests build-tsan unit net conformance capi
}

run_long() {
  CC=clang CXX=clang++ built "$ROOT/build-clang" "" "${WHOLE[@]}"
  suite clang-c meson_tests build-clang
  suite tidy one_test run-clang-tidy -quiet -p build-clang "$ROOT/(lib|bindings/shell)/.*"
  SAPDR_SCALE=full suite full-scale one_at_a_time tests/scale
  suite fuzz tests/fuzz.sh 60
}

# The headers of the C ABI are laid out by hand, as tables.
format_of_sources() {
  find include lib bindings examples tests -name '*.c' -o -name '*.[ch]pp' -o -path 'tests/*.h' |
    xargs clang-format --dry-run -Werror
}

setup_packages "${PACKAGES_BUILD[@]}" "${PACKAGES_TEST[@]}"
[[ $mode != long ]] || setup_packages "${PACKAGES_LONG[@]}"
setup_venv
if [[ $mode != fast ]]; then
  setup_azurite
  setup_mongod
fi
[[ $mode == sanitize ]] || built "$ROOT/build" "" "${WHOLE[@]}"

case $mode in
  fast) run_fast ;;
  default)
    run_all
    run_asan
    ;;
  sanitize)
    run_asan
    run_asan_command
    run_tsan
    ;;
  long)
    run_all
    run_asan
    run_asan_command
    run_tsan
    run_long
    ;;
esac

"$PYTHON" tests/totals.py sum "$RESULTS/totals"
