#!/bin/sh
# Builds the example in Go with the pkg-config file of a build folder, and runs it:
# go_example.sh BUILD_FOLDER FOLDER_OF_THE_EXAMPLE
set -eu
build=$1
source=$2
here=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

PATH=$PATH:/usr/local/go/bin # where Go puts itself
command -v go >/dev/null || {
  echo "go is missing: tests/run.sh installs Debian's golang-go" >&2
  exit 1
}
# Nothing is fetched, and nothing is kept outside of the build folder.
export GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-buildvcs=false GOWORK=off
export GOPATH="$build/go" GOCACHE="$build/go/cache"
# Go's cache does not know C headers: a flag that changes with them makes it look again.
headers=$(cat "$source"/../../include/sapdr/*.h | cksum | tr -d " ")
export CGO_CFLAGS="-g -O2 -DSAPDR_HEADERS=$headers"
export PKG_CONFIG_PATH="$build/meson-uninstalled" LD_LIBRARY_PATH="$build/lib"
cd "$source"
test -z "$(gofmt -l .)"
go vet .
go build -o "$folder/ffi_go" .
"$here/run_example.sh" "$folder/ffi_go"

# What a program sees of it: a list, progress up to the end, an error with its code and message.
cd "$folder"
mkdir models
head -c 3000000 /dev/urandom >models/weights
SAPDR_PASSWORD=secret ./ffi_go repository models target >out 2>progress
grep -q '^snapshot [0-9a-f]* of .*: 1 files, 3000000 bytes$' out
tr '\r' '\n' <progress | grep -q '^verify *3.0 MB$'
SAPDR_PASSWORD=wrong ./ffi_go repository models target 2>error || true
grep -q '^error: .*password (SAPDR_E_AUTH)$' error

# A cancelled backup ends as such and leaves no lock.
head -c 300000000 /dev/urandom >models/big
SAPDR_PASSWORD=secret ./ffi_go repository models target >out 2>error &
until grep -q read error; do sleep 0.05; done
kill -TERM $!
code=0
wait $! || code=$?
test "$code" -eq 130
grep -q '^error: .*(SAPDR_E_CANCELLED)$' error
test -z "$(ls repository/locks)"
