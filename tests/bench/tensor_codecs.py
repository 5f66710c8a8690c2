"""Codecs for weights on the same made tensors, one thread each: sapdr's and ZipNN.

usage: tensor_codecs.py RAM_FOLDER BYTES TURNS [NAME=PROGRAM...]

BYTES is the size of each file of weights. NAME is that of the codec: the program of sapdr is
tensor_codec, that of zipnn is a Python that has it. They take turns, as the tools do. Prints
{measured: [{data, codec, piece, bytes, stored, compress, decompress}], failures: [...]}: the piece
is how many bytes a codec is given at once, times are CPU seconds, which others that use the machine
disturb least, and those of the best repetition.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measure import Command, Failure, output
from models import FORMS, write_weights
from tools import CODEC, ZIPNN

HERE = Path(__file__).parent
BLOB = 1 << 20  # bytes: blobs of a repository have this size on average
REPETITIONS = 3  # in each turn
DTYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}  # ZipNN's names

Measured = dict[str, Any]
Found = dict[str, list[Measured]]


def commands(programs: dict[str, str], form: str, file: Path) -> Iterator[tuple[str, int, Command]]:
    """Codecs, the size of their pieces, and how they are run.

    ZipNN is given a whole file, as it is meant to be used, and the pieces that sapdr has, too.
    """
    size = file.stat().st_size
    if CODEC in programs:
        argv = [programs[CODEC], str(file), str(BLOB), str(REPETITIONS)]
        yield "sapdr", BLOB, Command(argv)
    if ZIPNN in programs:
        for name, piece in (("zipnn", size), ("zipnn-1MiB", BLOB)):
            numbers = [DTYPES[form], str(piece), str(REPETITIONS)]
            argv = [programs[ZIPNN], str(HERE / "zipnn_codec.py"), str(file), *numbers]
            yield name, piece, Command(argv)


def compare(programs: dict[str, str], form: str, file: Path, turns: int) -> Found:
    """The best of all turns; a codec that failed takes no more part in them."""
    best: dict[str, Measured] = {}
    failed: dict[str, Measured] = {}
    for _ in range(turns):
        for name, piece, command in commands(programs, form, file):
            if name in failed:
                continue
            try:
                found = json.loads(output(command, dict(os.environ)))
            except Failure as failure:
                failed[name] = {"step": f"codec {form}", "tool": name, "message": str(failure)}
                continue
            for key in ("compress", "decompress"):
                found[key] = min(found[key], best.get(name, found)[key])
            best[name] = {"data": form, "codec": name, "piece": piece} | found
    measured = [one for name, one in best.items() if name not in failed]
    return {"measured": measured, "failures": list(failed.values())}


def main(ram: str, size: str, turns: str, *programs: str) -> None:
    named = dict(program.split("=", 1) for program in programs)
    total: Found = {"measured": [], "failures": []}
    file = Path(ram) / "weights"
    for form in FORMS:
        write_weights(file, form, int(size), np.random.default_rng(1))
        for key, found in compare(named, form, file, int(turns)).items():
            total[key] += found
    file.unlink()
    print(json.dumps(total))


if __name__ == "__main__":
    main(*sys.argv[1:])
