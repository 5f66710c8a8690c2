"""What this machine can do at best: one thread on the primitives that every tool is built of.

usage: limits.py RAM_FOLDER FILE_OF_M FILE_OF_D

Prints one JSON object. All figures are MB/s (1e6 bytes of input a second), the median of three,
but those called ..._ratio: compressed by uncompressed bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import zstandard
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

MIB = 1 << 20
MESSAGES = 128  # of 1 MiB
BLOBS = 64  # of 1 MiB
COPY = 64 * MIB


def speed(size: int, work: Callable[[], object]) -> float:
    """MB/s of work that handles `size` bytes."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return round(size / 1e6 / median(times), 1)


def repeated(work: Callable[[bytes], object]) -> float:
    message = os.urandom(MIB)
    return speed(MESSAGES * MIB, lambda: [work(message) for _ in range(MESSAGES)])


def aes() -> float:
    encryptor = Cipher(algorithms.AES(os.urandom(32)), modes.CTR(os.urandom(16))).encryptor()
    target = bytearray(MIB + 15)
    return repeated(lambda message: encryptor.update_into(message, target))


def poly1305() -> float:
    key = os.urandom(32)
    return repeated(lambda message: Poly1305.generate_tag(key, message))


def zstd(name: str, file: Path) -> dict[str, float]:
    """Level 1 on blobs of 1 MiB."""
    with file.open("rb") as opened:
        blobs = [blob for _ in range(BLOBS) if (blob := opened.read(MIB))]
    size = sum(map(len, blobs))
    coder, decoder = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()
    packed = [coder.compress(blob) for blob in blobs]
    return {
        f"zstd1_{name}": speed(size, lambda: [coder.compress(blob) for blob in blobs]),
        f"unzstd1_{name}": speed(size, lambda: [decoder.decompress(blob) for blob in packed]),
        f"zstd1_{name}_ratio": round(sum(map(len, packed)) / size, 4),
    }


def memcpy() -> float:
    source, target = np.ones(COPY, np.uint8), np.zeros(COPY, np.uint8)
    return speed(COPY, lambda: np.copyto(target, source))


def ram_disk_write(folder: Path) -> float:
    """A new file each time: its pages have to be found."""
    piece, file = os.urandom(MIB), folder / "limit"

    def write() -> None:
        file.unlink(missing_ok=True)
        with file.open("wb", buffering=0) as opened:
            for _ in range(4 * MESSAGES):
                opened.write(piece)

    found = speed(4 * MESSAGES * MIB, write)
    file.unlink()
    return found


def main(ram: str, models: str, documents: str) -> None:
    found = {
        "sha256": repeated(lambda message: hashlib.sha256(message).digest()),
        "aes256_ctr": aes(),
        "poly1305": poly1305(),
        **zstd("M", Path(models)),
        **zstd("D", Path(documents)),
        "memcpy": memcpy(),
        "ram_disk_write": ram_disk_write(Path(ram)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
