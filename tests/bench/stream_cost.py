#!/usr/bin/env python3
"""What a byte costs, and how much memory a backup takes, from 1 GB to 50 GB.

usage: stream_cost.py [--short]

tests/scale/made_stream makes streams as they are read, and storage that keeps no packs, so that no
disk holds any of it. Two threads, default settings. The time of making the data is taken off the
CPU time; it is a share of a tenth at most. Sizes take turns where there are several rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
GB = 1_000_000_000
MIB = 1 << 20
STREAM = 1000  # MB: as large as shards of models are, or a little larger
SIZES = (1, 5, 20, 50)  # GB
SHORT = (0.05, 0.1)

Cost = dict[str, float]


def measured(kind: str, gigabytes: float) -> Cost:
    command = os.environ.get("SAPDR_BIN") or ROOT / "build/bindings/shell/sapdr"
    tool = Path(command).parents[2] / "tests/scale/made_stream"
    size = str(round(gigabytes * GB / MIB))
    done = subprocess.run(
        [str(tool), size, str(STREAM), kind], stdout=subprocess.PIPE, text=True, check=True
    )
    cost: Cost = json.loads(done.stdout)
    return cost


def row(kind: str, gigabytes: float, costs: list[Cost]) -> str:
    def per_gb(cost: Cost, seconds: float) -> float:
        return seconds / (cost["bytes"] / GB)

    wall = median(per_gb(cost, cost["wall"]) for cost in costs)
    cpu = median(per_gb(cost, cost["cpu"] - cost["making"]) for cost in costs)
    peak = max(cost["peak"] for cost in costs) / MIB
    stored = costs[0]["stored"] / costs[0]["bytes"]
    blobs = round(costs[0]["blobs"])
    return (
        f"| {kind}, {gigabytes} GB | {wall:.2f} | {cpu:.2f} | {peak:.0f} | {blobs} | {stored:.3f} |"
    )


def main(short: bool) -> None:
    rounds = 1 if short else 2
    print("| made | wall s/GB | CPU s/GB | peak, MiB | blobs | stored |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in ("weights", "random"):
        costs: dict[float, list[Cost]] = {size: [] for size in (SHORT if short else SIZES)}
        for _ in range(rounds):
            for size, found in costs.items():
                found.append(measured(kind, size))
        for size, found in costs.items():
            print(row(kind, size, found), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--short"]):
        raise SystemExit(__doc__)
    main(bool(sys.argv[1:]))
