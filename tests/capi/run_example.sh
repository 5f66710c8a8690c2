#!/bin/sh
# Runs an example on a small folder, twice, and compares what it restores: run_example.sh PROGRAM
set -eu
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir -p models/sub
echo 'layers: 2' > models/config.yaml
head -c 3000000 /dev/urandom > models/sub/shard-1.safetensors
cp models/sub/shard-1.safetensors models/sub/shard-2.safetensors
ln -s config.yaml models/link

export SAPDR_PASSWORD=secret
"$program" repository "$folder/models" target
diff -r --no-dereference models "target$folder/models"

echo 'layers: 3' > models/config.yaml
"$program" repository "$folder/models" target
diff -r --no-dereference models "target$folder/models"

# Failures end in the exit code of the status: a wrong password, a folder that is not there.
code=0
SAPDR_PASSWORD=wrong "$program" repository "$folder/models" target || code=$?
test "$code" -eq 12
code=0
"$program" repository "$folder/nothing" target || code=$?
test "$code" -eq 22
