#!/usr/bin/env bash
# The main job on real data: back up a folder of model weights, change it, back it up again, damage
# it, find the damage, restore, and prove that every byte is back.
#
# usage: examples/quickstart.sh [--keep] [FOLDER]
#
# FOLDER is copied, never touched; without one, about 1 GB of model weights is made
# (SAPDR_QUICKSTART_MB=N makes N MB). All of it happens in a temporary folder, which is removed at
# the end; --keep keeps it. What is missing on a fresh Debian 12 is installed first.
set -euo pipefail
# shellcheck source=tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tests/setup.sh"

fail() {
  printf '%squickstart.sh: %s%s\n' "$RED" "$*" "$PLAIN" >&2
  exit 1
}

keep='' folder=''
for argument in "$@"; do
  case $argument in
    --keep) keep=1 ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit ;;
    -*) fail "$argument is not an option; see --help" ;;
    *) folder=$argument ;;
  esac
done
[[ -z $folder || -d $folder ]] || fail "$folder is not a folder"

setup_packages "${PACKAGES_BUILD[@]}"
build "$ROOT/build" bindings/shell/sapdr

work=$(mktemp -d "${TMPDIR:-/tmp}/sapdr-quickstart.XXXXXX")
clean_up() { if [[ $keep ]]; then echo "kept: $work"; else rm -rf "$work"; fi; }
trap clean_up EXIT
store=$work/models
head -c 24 /dev/urandom | base64 >"$work/password"
export SAPDR_REPOSITORY=$work/repository SAPDR_PASSWORD_FILE=$work/password

sapdr() { "$ROOT/build/bindings/shell/sapdr" "$@"; }

# run COMMAND...: shows the command and runs it; its time is in $seconds.
run() { run_expecting 0 "$@"; }

# run_expecting CODE COMMAND...: the same for one that is to end with this exit code.
run_expecting() {
  local expected=$1 code=0 began=$EPOCHREALTIME
  shift
  printf '%s$ %s%s\n' "$BOLD" "${*//$work/…}" "$PLAIN"
  "$@" || code=$?
  seconds=$(awk "BEGIN { print $EPOCHREALTIME - $began }")
  ((code == expected)) || fail "that ended with exit code $code instead of $expected"
}

# The files of the store that are not empty, smallest first.
by_size() { find "$store" -type f -size +0 -printf '%s\t%p\0' | sort -zn | cut -zf 2-; }
overwrite() { dd of="$1" oflag=seek_bytes seek="$2" conv=notrunc bs=1M status=none; }
checksums() { find . -type f -print0 | sort -z | xargs -0 sha256sum; }

say "a folder of models"
if [[ $folder ]]; then
  run cp -a "$folder/." "$store"
else
  run "$PYTHON" "$ROOT/examples/make_model_store.py" "$store" --mb "${SAPDR_QUICKSTART_MB:-1000}"
fi
mapfile -d '' files < <(by_size)
((${#files[@]})) || fail "there is nothing to back up in $folder"
biggest=${files[-1]} middle=$(($(stat -c %s "${files[-1]}") / 2))
bytes=$(find "$store" -type f -printf '%s\n' | awk '{ n += $1 } END { printf "%d", n }')
echo "$bytes bytes in ${#files[@]} files"

say "a repository, and the first backup; --verify reads back what was stored"
run sapdr init
run sapdr backup --verify "$store"
first=$seconds

say "one tensor is trained further, a config changes, a file comes, another one goes"
head -c $((middle < 2097152 ? middle : 2097152)) /dev/urandom | overwrite "$biggest" "$middle"
echo "models: [example]" >"$store/added.yaml"
((${#files[@]} < 3)) || { echo "# reviewed" >>"${files[0]}" && rm "${files[1]}"; }
run sapdr backup --verify "$store"
second=$seconds
run sapdr snapshots
(cd "$store" && checksums) >"$work/SHA256SUMS"
cp -a "$store" "$work/expected"

say "disaster: one bit flips, a file is cut short, a file is deleted"
mapfile -d '' files < <(by_size)
damaged=("$biggest" "${files[0]}")
byte=$(od -An -tu1 -j "$middle" -N 1 "$biggest")
printf '%b' "\\x$(printf %02x $((byte ^ 1)))" | overwrite "$biggest" "$middle"
truncate -s -1 "${files[0]}"
((${#files[@]} < 3)) || { rm "${files[1]}" && damaged+=("${files[1]}"); }
printf '  %s\n' "${damaged[@]//$work/…}"
run_expecting 26 sapdr verify latest 2>"$work/damage"
cat "$work/damage"
for file in "${damaged[@]}"; do
  grep -qF -- "$(basename "$file")" "$work/damage" || fail "the damage of $file was not named"
done

say "restore in place, and the proof that every byte is back"
run sapdr restore latest --in-place --verify
restore=$seconds
cd "$store"
run sha256sum --check --quiet ../SHA256SUMS
run diff -r ../expected .
run sapdr verify latest --strict
verify=$seconds
run sapdr check

say "done: every byte is back"
sapdr stats --json >"$work/stats"
"$PYTHON" - "$work/stats" "$bytes" "$first" "$second" "$restore" "$verify" <<'END'
import json
import sys

stats = json.loads(open(sys.argv[1]).read().splitlines()[-1])
size, *times = map(float, sys.argv[2:])
steps = ["first backup, verified", "second backup, verified", "restore in place", "verify the folder"]
print(f"  {size:,.0f} bytes of files")
for name, seconds in zip(steps, times):
    print(f"  {name:24} {seconds:7.2f} s {size / seconds / 1e6:8.0f} MB/s")
print(f"  deduplication {stats['restore_bytes'] / stats['plain_bytes']:.2f}x", end=", ")
print(f"compression {stats['plain_bytes'] / stats['stored_bytes']:.2f}x", end=": ")
print(f"{stats['snapshots']} snapshots of {stats['restore_bytes']:,} bytes", end=" ")
print(f"take {stats['repository_bytes']:,} bytes")
END
