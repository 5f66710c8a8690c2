"""What is backed up: names, sizes, and the folder that keeps the data from one run to the next.

M   three safetensors shards of bf16 weights, 2.1 GB
M2  M after some more training: a tenth of the bytes lies in slightly changed tensors
D   four files of BSON documents, 800 MB
C   3,000 config files of 1 to 8 KB
N   17 copies of C: 51,000 files without a content of their own
S   200,000 files of 200 to 2000 bytes, all different

These are the sizes at scale 1. Beside each folder a stamp, NAME.json, says what it was made with;
a folder without the right stamp is made anew.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

# To be raised when a generator makes other bytes from the same parameters.
VERSION = 1
# What a set is made from.
NEEDS = {"M": (), "M2": ("M",), "D": (), "C": (), "N": ("C",), "S": ()}
SAMPLES = 64  # places that a comparison hashes
SAMPLE = 1 << 20  # bytes

Parameters = dict[str, Any]


def parameters(name: str, scale: float) -> Parameters:
    """What the set is made with; sizes are bytes."""
    configs = max(60, round(3000 * scale))
    made: dict[str, Parameters] = {
        "M": {"shards": 3, "shard_bytes": round(700e6 * scale)},
        "M2": {"shards": 3, "shard_bytes": round(700e6 * scale), "changed": 0.10, "step": 0.02},
        "D": {"files": 4, "file_bytes": round(200e6 * scale)},
        "C": {"files": configs},
        "N": {"files": configs, "copies": 17},
        "S": {"files": max(1000, round(200_000 * scale))},
    }
    return {"version": VERSION, "seed": 1} | made[name]


@dataclass(frozen=True)
class Size:
    """How much a set holds."""

    files: int
    bytes: int


def files_in(folder: Path) -> Iterator[Path]:
    """All files below the folder, in the order of their paths."""
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(at, name)


def size_of(folder: Path) -> Size:
    files = size = 0
    for path in files_in(folder):
        files += 1
        size += path.stat().st_size
    return Size(files, size)


class Datasets:
    """A folder with data sets of one scale."""

    def __init__(self, folder: Path, scale: float) -> None:
        self.folder = folder
        self.scale = scale
        # Sets that are versions of each other have to be backed up under one path.
        self._place = folder / "place" / "models"

    def path(self, name: str) -> Path:
        return self.folder / name

    def _stamp(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def is_made(self, name: str) -> bool:
        if not self._stamp(name).is_file() or not self.path(name).is_dir():
            return False
        made_with: object = json.loads(self._stamp(name).read_text())["parameters"]
        return made_with == parameters(name, self.scale)

    @contextmanager
    def made(self, name: str) -> Iterator[Path]:
        """A new folder that becomes the set, stamp and all, at the end of the block."""
        part = self.folder / f"{name}.part"
        self._stamp(name).unlink(missing_ok=True)
        for old in (part, self.path(name)):
            shutil.rmtree(old, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        size = size_of(part)
        part.rename(self.path(name))
        stamp = {"parameters": parameters(name, self.scale)} | asdict(size)
        self._stamp(name).write_text(json.dumps(stamp, indent=1) + "\n")

    def size(self, name: str) -> Size:
        stamp = json.loads(self._stamp(name).read_text())
        return Size(stamp["files"], stamp["bytes"])

    def clear_place(self) -> None:
        """Brings back what a run that was killed left in the common place."""
        if not self._place.is_dir():
            return
        (name,) = (name for name in ("M", "M2") if not self.path(name).exists())
        self._place.rename(self.path(name))

    @contextmanager
    def placed(self, name: str) -> Iterator[Path]:
        """The set under the path that it has in common with its other versions.

        It is moved there: copies would have to be read once more, links are another kind of file.
        """
        if name not in ("M", "M2"):
            yield self.path(name)
            return
        self._place.parent.mkdir(exist_ok=True)
        self.path(name).rename(self._place)
        try:
            yield self._place
        finally:
            self._place.rename(self.path(name))

    def warm(self, name: str) -> None:
        """Reads it, so that it is in the page cache."""
        buffer = bytearray(SAMPLE)
        for path in files_in(self.path(name)):
            with path.open("rb", buffering=0) as file:
                while file.readinto(buffer):
                    pass


def difference(source: Path, copy: Path) -> str | None:
    """What tells the copy from its source, if anything does: names, sizes, hashes of samples."""
    theirs = [(path.relative_to(copy), path.stat().st_size) for path in files_in(copy)]
    ours = [(path.relative_to(source), path.stat().st_size) for path in files_in(source)]
    if ours != theirs:
        wrong = sorted(set(ours) ^ set(theirs))
        return f"{len(wrong)} files are missing, too many or of another size, first {wrong[0][0]}"
    draw = random.Random(1)
    for name, size in draw.choices(ours, weights=[size + 1 for _, size in ours], k=SAMPLES):
        offset = draw.randrange(max(1, size - SAMPLE + 1))
        if _hash(source / name, offset) != _hash(copy / name, offset):
            return f"{name} differs behind byte {offset}"
    return None


def _hash(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return sha256(file.read(SAMPLE)).digest()
