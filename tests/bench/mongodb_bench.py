"""Captures of MongoDB beside what reading it costs at least, in turns. mongodb.sh starts it.

The floor is libmongoc with a cursor for each collection, its documents into /dev/null. The
repository is on a RAM disk. Ratios are to the floor of the same round.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bson.raw_bson import RawBSONDocument

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
from documents import BATCH, documents
from measure import Command, Cost, run
from mongod import Client, ReplicaSet

ROOT = Path(__file__).parents[2]
DB, COLLECTIONS = "bench", 3
MIB = 1 << 20


@dataclass(frozen=True)
class Size:
    batches: int  # of each collection
    rounds: int


FULL, SHORT = Size(100, 3), Size(1, 1)


def fill(client: Client, batches: int) -> int:
    """Documents of some 500 bytes, an index beside that of `_id`; returns how many bytes."""
    for number in range(COLLECTIONS):
        draw = np.random.default_rng(number)
        collection = client[DB][f"orders{number}"]
        for first in range(0, batches * BATCH, BATCH):
            raw = [RawBSONDocument(each) for each in documents(draw, first)]
            collection.insert_many(raw, ordered=False)
        collection.create_index("user")
    return int(client[DB].command("dbStats")["dataSize"])


def add_a_hundredth(client: Client, batches: int) -> None:
    draw = np.random.default_rng(99)
    for number in range(COLLECTIONS):
        wanted = max(1, batches * BATCH // 100)
        raw = [RawBSONDocument(each) for each in documents(draw, batches * BATCH)][:wanted]
        client[DB][f"orders{number}"].insert_many(raw, ordered=False)


class Bench:
    def __init__(self, folder: Path, uri: str) -> None:
        self.repository = folder / "repository"
        self.uri = uri
        self.sapdr = os.environ.get("SAPDR_BIN") or str(ROOT / "build/bindings/shell/sapdr")
        self.floor = os.environ.get("SAPDR_BENCH_FLOOR") or str(
            ROOT / "build/tests/bench/mongodb_floor"
        )
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "MONGO_URI": uri,
            "SAPDR_REPOSITORY": str(self.repository),
            "SAPDR_PASSWORD": "bench",
        }

    def command(self, *arguments: str) -> Cost:
        return run(Command([self.sapdr, *arguments]), self.environment)

    def stored(self) -> int:
        return sum(each.stat().st_size for each in self.repository.rglob("*") if each.is_file())

    def new_repository(self) -> None:
        shutil.rmtree(self.repository, ignore_errors=True)
        self.command("init", "--scrypt-n", "1024", "--quiet")

    def read_alone(self) -> Cost:
        return run(Command([self.floor, self.uri, DB]), self.environment)

    def full(self) -> Cost:
        return self.command("mongodb", "backup", "--full", "--quiet")

    def incremental(self) -> Cost:
        return self.command("mongodb", "backup", "--quiet")


def row(name: str, costs: list[Cost], floors: list[Cost], gib: float, stored: float) -> str:
    ratios = sorted(a.wall / b.wall for a, b in zip(costs, floors, strict=True))
    wall, cpu = median(c.wall for c in costs), median(c.cpu for c in costs)
    peak = max(c.peak for c in costs) / MIB
    return (
        f"    {name:24} {wall:7.2f} s  {median(ratios):5.2f} [{ratios[0]:.2f}..{ratios[-1]:.2f}]"
        f"  CPU {cpu / gib:6.1f} s/GiB  peak {peak:4.0f} MiB  stored {stored:.3f}"
    )


def measure(bench: Bench, client: Client, size: Size, data: int) -> dict[str, Any]:
    costs: dict[str, list[Cost]] = {"floor": [], "full": [], "second": []}
    stored: dict[str, list[float]] = {"full": [], "second": []}
    steps: dict[str, Callable[[], Cost]] = {"floor": bench.read_alone, "full": bench.full}
    for number in range(size.rounds):
        for name in sorted(steps, reverse=bool(number % 2)):
            if name == "full":
                bench.new_repository()
            costs[name].append(steps[name]())
        stored["full"].append(bench.stored() / data)
        before = bench.stored()
        add_a_hundredth(client, size.batches)
        costs["second"].append(bench.full())
        stored["second"].append((bench.stored() - before) / data)
    idle = [bench.incremental() for _ in range(size.rounds)]
    gib = data / (1 << 30)
    print(f"{data:,} bytes of documents; wall time, and as a share of reading alone")
    print(row("libmongoc to /dev/null", costs["floor"], costs["floor"], gib, 0))
    print(row("full capture", costs["full"], costs["floor"], gib, median(stored["full"])))
    print(
        row(
            "full again, 1 % is new", costs["second"], costs["floor"], gib, median(stored["second"])
        )
    )
    print(
        f"    incremental, idle: {median(c.wall for c in idle):.2f} s, "
        f"CPU {median(c.cpu for c in idle):.2f} s"
    )
    return {
        "data": data,
        "costs": {name: [vars(c) for c in each] for name, each in costs.items()},
        "stored": stored,
        "incremental": [vars(c) for c in idle],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests/bench/mongodb.sh", description=__doc__)
    parser.add_argument("--short", action="store_true", help="little data, one round")
    parser.add_argument("--output", type=Path, default=ROOT / "build/bench/mongodb.json")
    given = parser.parse_args()
    size = SHORT if given.short else FULL
    folder = Path(tempfile.mkdtemp(prefix="sapdr-bench-", dir="/dev/shm"))
    try:
        with ReplicaSet() as servers:
            client = servers.client()
            began = time.monotonic()
            data = fill(client, size.batches)
            print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
            found = measure(Bench(folder, servers.uri), client, size, data)
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(folder)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
