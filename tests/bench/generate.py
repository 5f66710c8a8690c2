"""Makes data sets where they are not there yet; datasets.py says what they are.

usage: generate.py FOLDER SCALE NAME...

A program of its own: what it needs of memory must not be counted as that of the tools, to which
Linux attributes the peak of the process that started them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from datasets import NEEDS, Datasets, Parameters, parameters
from documents import make_collections, make_configs, make_copies, make_small_files
from models import make_models, make_trained


def make(data: Datasets, name: str, folder: Path) -> None:
    p = parameters(name, data.scale)
    seed: int = p["seed"]
    makers: dict[str, Callable[[Parameters], None]] = {
        "M": lambda p: make_models(folder, p["shards"], p["shard_bytes"], seed),
        "M2": lambda p: make_trained(
            folder, data.path("M"), p["shards"], p["changed"], p["step"], seed
        ),
        "D": lambda p: make_collections(folder, p["files"], p["file_bytes"], seed),
        "C": lambda p: make_configs(folder, p["files"], seed),
        "N": lambda p: make_copies(folder, data.path("C"), p["copies"]),
        "S": lambda p: make_small_files(folder, p["files"], seed),
    }
    makers[name](p)


def ensure(data: Datasets, name: str) -> None:
    for other in NEEDS[name]:
        ensure(data, other)
    if data.is_made(name):
        return
    began = time.monotonic()
    with data.made(name) as folder:
        make(data, name, folder)
    size = data.size(name)
    seconds = time.monotonic() - began
    print(f"    {name}: {size.files:,} files, {size.bytes:,} bytes, made in {seconds:.0f} s")


def main(folder: str, scale: str, *names: str) -> None:
    data = Datasets(Path(folder), float(scale))
    for name in names:
        ensure(data, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
