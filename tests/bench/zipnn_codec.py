"""ZipNN alone, on one thread: what it saves of a file, and how fast it is.

usage: zipnn_codec.py --version
       zipnn_codec.py FILE DTYPE PIECE REPETITIONS

DTYPE is ZipNN's name of the numbers in the file, PIECE how many bytes it is given at once. Prints
{bytes, stored, compress, decompress}: sizes, and the CPU seconds of the best repetition. It is run
by the Python that has ZipNN, which is not that of the benchmark.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from unittest.mock import MagicMock

# ZipNN cannot be imported without torch, which is large; bytes never come near it.
try:
    importlib.import_module("safetensors.torch")
except ImportError:
    absent = ("torch", "safetensors", "safetensors.torch")
    sys.modules.update(dict.fromkeys(absent, MagicMock()))

try:
    from zipnn import ZipNN
except ImportError as error:
    raise SystemExit(f"zipnn_codec.py: {error}") from None


def once(codec: ZipNN, plain: bytes, piece: int) -> tuple[int, float, float]:
    """Bytes that are stored, CPU seconds to compress and to decompress."""
    compress = decompress = 0.0
    packed: list[bytes] = []
    for at in range(0, len(plain), piece):
        # A copy, as it is overwritten.
        given = bytearray(plain[at : at + piece])
        began = time.process_time()
        packed.append(codec.compress(given))
        compress += time.process_time() - began
    for number, one in enumerate(packed):
        began = time.process_time()
        found = codec.decompress(one)
        decompress += time.process_time() - began
        if found != plain[number * piece : (number + 1) * piece]:
            raise SystemExit(f"zipnn_codec.py: piece {number} is not what it was")
    return sum(map(len, packed)), compress, decompress


def main(file: str, dtype: str, piece: str, repetitions: str) -> None:
    plain = Path(file).read_bytes()
    codec = ZipNN(input_format="byte", bytearray_dtype=dtype, threads=1)
    stored, compress, decompress = zip(
        *(once(codec, plain, int(piece)) for _ in range(int(repetitions))), strict=True
    )
    found = {"stored": max(stored), "compress": min(compress), "decompress": min(decompress)}
    print(json.dumps({"bytes": len(plain)} | found))


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(f"ZipNN {version('zipnn')}")
    else:
        main(*sys.argv[1:])
