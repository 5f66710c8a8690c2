#!/bin/sh
# Installs the library, builds a program against it with pkg-config, shared and static, and runs it:
# pkgconfig_test.sh BUILD_FOLDER PROGRAM.c
set -eu
build=$1
source=$2
here=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

DESTDIR=$folder/root meson install -C "$build" --no-rebuild --quiet
file=$(find "$folder/root" -name sapdr.pc)
export PKG_CONFIG_PATH="${file%/*}" PKG_CONFIG_SYSROOT_DIR="$folder/root"
libraries=$folder/root$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=libdir sapdr)
test "$(pkg-config --modversion sapdr)" = "$(sed -n \
  's/^#define SAPDR_VERSION_M[AI][JN]OR //p;s/^#define SAPDR_VERSION_PATCH //p' \
  "$here/../../include/sapdr/version.h" | paste -sd.)"

# shellcheck disable=SC2046 # the flags are words
${CC:-cc} -std=c99 -Wall -Wextra -Werror "$source" $(pkg-config --cflags --libs sapdr) \
  -o "$folder/shared"
LD_LIBRARY_PATH=$libraries "$here/run_example.sh" "$folder/shared"

# The static library is C++ inside; its program needs nothing of ours when it runs.
mkdir "$folder/static-only"
cp "$libraries/libsapdr.a" "$folder/static-only"
# shellcheck disable=SC2046
${CC:-cc} -std=c99 -Wall -Wextra -Werror "$source" -L"$folder/static-only" \
  $(pkg-config --static --cflags --libs sapdr | sed "s|-L$libraries||g") -o "$folder/static"
"$here/run_example.sh" "$folder/static"
