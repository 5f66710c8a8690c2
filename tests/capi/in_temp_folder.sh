#!/bin/sh
# Runs a program in an empty folder that goes away: in_temp_folder.sh PROGRAM [ARGUMENT...]
set -eu
program=$(realpath "$1")
shift
folder=$(mktemp -d)
trap 'chmod -R u+rwX "$folder" && rm -rf "$folder"' EXIT
cd "$folder"
"$program" "$@"
