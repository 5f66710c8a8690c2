"""Measures the backend of Azure Blob Storage on Azurite. tests/bench/azure.sh starts it.

1. packs up and down, beside Azure's SDK for Python, at several concurrencies
2. with 50 ms for each round trip: listing many objects, restoring many small files
3. a verified restore of a shard of weights to disk

No exit code depends on time: only what fails, and more requests than there may be.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure_far
import azure_transfers
from azure_transfers import MIB, Programs, Size
from bench import BUILD, machine, progress, stop
from measure import Failure

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
import azurite

SCHEMA = 1
FULL = Size(packs=128, bytes=16 * MIB, concurrencies=(1, 4, 16), rounds=3)
SHORT = Size(packs=8, bytes=2 * MIB, concurrencies=(1, 4), rounds=1)
FULL_WEIGHTS, SHORT_WEIGHTS = 1_000_000_000, 20_000_000  # bytes


@dataclass
class Results:
    """All that azure.json holds. Times are seconds, sizes bytes.

    The fields of transfers, rows, far and restored are those of the classes Sample, Row, Far and
    Restored; ratios are {median, min, max} of sapdr's by the other tool's, round by round.
    """

    started: str
    machine: dict[str, object]
    size: Size
    sdk: str
    schema: int = SCHEMA
    transfers: list[azure_transfers.Sample] = field(default_factory=list)
    rows: list[azure_transfers.Row] = field(default_factory=list)
    far: list[azure_far.Far] = field(default_factory=list)
    restored: azure_far.Restored | None = None

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    size: Size
    weights: int
    steps: list[str]
    output: Path
    short: bool


class Bench:
    """One run."""

    def __init__(self, options: Options, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self.command = Path(os.environ["SAPDR_BIN"])
        self.programs = Programs(Path(os.environ["SAPDR_BENCH_TRANSFER"]), Path(sys.executable))
        self.results = Results(
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=machine(),
            size=options.size,
            sdk=sdk_version(),
        )

    def run(self) -> None:
        for name, step in (("packs", self.packs), ("far", self.far), ("weights", self.weights)):
            if name in self.options.steps:
                step()
                self.results.write(self.options.output)

    def packs(self) -> None:
        size = self.options.size
        print(
            f"{size.packs} packs of {size.bytes // MIB} MiB, {size.rounds} rounds, SDK "
            f"{self.results.sdk}; seconds of CPU time are the client's alone",
            flush=True,
        )
        for sample in azure_transfers.measured(size, self.programs):
            progress(f"{sample.action}, {sample.concurrency} at once, {sample.tool}")
            self.results.transfers.append(sample)
        progress("")
        judge = not self.options.short
        rows = azure_transfers.rows_of(self.results.transfers, size, judge)
        self.results.rows.extend(rows)
        print(azure_transfers.HEAD)
        for row in self.results.rows:
            print(azure_transfers.line_of(row), flush=True)

    def far(self) -> None:
        print(f"\nwith {2000 * azure_far.DELAY:.0f} ms for each round trip:", flush=True)
        with azurite.Azurite() as server:
            for found in (
                azure_far.listing(server, self.programs.transfer),
                *azure_far.small_files(server, self.command, self.folder),
            ):
                self.results.far.append(found)
                print("\n".join(azure_far.lines_of(found)), flush=True)

    def weights(self) -> None:
        rounds = self.options.size.rounds
        with azurite.Azurite() as server:
            found = azure_far.weights(
                server, self.command, self.folder, self.options.weights, rounds
            )
        self.results.restored = found
        print(
            f"\nrestore {found.bytes / 1e9:.2f} GB of weights to disk, verified: "
            f"{found.rate:.0f} MB/s (needed: {azure_far.RATE_MUST}), "
            f"{found.cpu / found.bytes * 1e9:.2f} CPU s/GB, peak {found.peak / MIB:.0f} MiB"
        )


def sdk_version() -> str:
    # Not at the top: what is started from here would begin with the memory that it needs.
    from importlib.metadata import version

    return version("azure-storage-blob")


def parsed(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="tests/bench/azure.sh", description=__doc__)
    parser.add_argument("--short", action="store_true", help="little data, one round, no judgement")
    parser.add_argument("--rounds", type=int, help="how often packs go up and down (3)")
    parser.add_argument("--steps", default="packs,far,weights", metavar="NAME,...")
    parser.add_argument("--output", type=Path, help="build/bench/azure.json")
    given: Any = parser.parse_args(arguments)
    size = SHORT if given.short else FULL
    output = BUILD / ("azure-short.json" if given.short else "azure.json")
    steps = given.steps.split(",")
    if unknown := set(steps) - {"packs", "far", "weights"}:
        parser.error(f"no step is called {', '.join(sorted(unknown))}")
    return Options(
        size=Size(size.packs, size.bytes, size.concurrencies, given.rounds or size.rounds),
        weights=SHORT_WEIGHTS if given.short else FULL_WEIGHTS,
        steps=steps,
        output=(given.output or output).absolute(),
        short=given.short,
    )


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    signal.signal(signal.SIGTERM, stop)
    # On disk, as the restored files shall be.
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="azure-", dir=BUILD) as folder:
        bench = Bench(options, Path(folder))
        try:
            bench.run()
        except Failure as failure:
            print(f"failed: {failure}")
            return 1
    print(f"\nresults: {options.output}")
    return 1 if any(found.missed for found in bench.results.far) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
