"""Packs to and from Azurite, by sapdr and by Azure's SDK for Python, in turns.

Costs are those of the client alone, from when its buffers are made: the server's, and what it takes
Python to import the SDK, are not part of them. Ratios are sapdr's by the SDK's in the same round.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from measure import Command, output
from report import Ratio

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
import azurite

GIB = 1 << 30
MIB = 1 << 20
SAPDR, SDK, SDK_CRC64 = "sapdr", "sdk", "sdk-crc64"

# Ratios to the SDK that must not be exceeded. Uploads are compared with those that have a checksum
# too: without one, nothing is left but what the kernel does for both.
WALL_MUST, CPU_MUST = 1.0, 0.25
PEERS = {"put": (SDK, SDK_CRC64), "get": (SDK,)}
BESIDE_BAR = {"put": SDK_CRC64, "get": SDK}

# What a thread may have beside its pack: its stack, a connection's buffer, what malloc keeps.
OVERHEAD = 2 * MIB
BASE = 8 * MIB  # and the process


@dataclass(frozen=True)
class Size:
    """Of a run."""

    packs: int
    bytes: int  # of each
    concurrencies: tuple[int, ...]
    rounds: int

    @property
    def gib(self) -> float:
        return self.packs * self.bytes / GIB


@dataclass(frozen=True)
class Sample:
    """One transfer of all packs."""

    action: str
    tool: str
    concurrency: int
    round: int
    wall: float  # seconds
    cpu: float
    peak: int  # bytes of resident memory
    floor: int  # the same before there were buffers


@dataclass(frozen=True)
class Row:
    """A tool's transfers of one kind, all rounds of them."""

    action: str
    tool: str
    concurrency: int
    wall_per_gib: float
    cpu_per_gib: float
    memory: int  # beyond the floor
    memory_bound: int | None  # what is promised, of sapdr
    wall_ratio: Ratio | None  # sapdr's by this tool's
    cpu_ratio: Ratio | None
    missed: list[str]


@dataclass(frozen=True)
class Programs:
    """What is measured."""

    transfer: Path  # azure_transfer
    python: Path  # has the SDK


def measured(size: Size, programs: Programs) -> Iterator[Sample]:
    for concurrency in size.concurrencies:
        for number in range(size.rounds):
            # A new server each time: it keeps what was deleted, and gets slower.
            with azurite.Azurite() as server:
                yield from one_round(server, size, programs, concurrency, number)


def one_round(
    server: azurite.Azurite, size: Size, programs: Programs, concurrency: int, number: int
) -> Iterator[Sample]:
    for action, peers in PEERS.items():
        tools = [SAPDR, *peers]
        if number % 2:
            tools.reverse()
        for tool in tools:
            container = f"{server.endpoint}/{tool}"
            numbers = [str(size.packs), str(size.bytes), str(concurrency)]
            argv = [str(programs.transfer), action, container, *numbers]
            if tool != SAPDR:
                script = Path(__file__).with_name("azure_sdk.py")
                what = "put-crc64" if tool == SDK_CRC64 else action
                argv = [str(programs.python), str(script), what, container, *numbers]
            found = json.loads(output(Command(argv), environment()))
            cost = {name: found[name] for name in ("wall", "cpu", "peak", "floor")}
            yield Sample(action, tool, concurrency, number, **cost)


def environment() -> dict[str, str]:
    """No settings of whoever runs this."""
    return {"AZURE_STORAGE_KEY": azurite.KEY, "PATH": "/usr/bin:/bin", "NO_PROXY": "127.0.0.1"}


def rows_of(samples: list[Sample], size: Size, judge: bool) -> Iterator[Row]:
    keys = dict.fromkeys((one.action, one.concurrency, one.tool) for one in samples)
    for key in sorted(keys, key=lambda key: (key[0] != "put", key[1])):
        yield row_of(key, samples, size, judge)


def row_of(key: tuple[str, int, str], samples: list[Sample], size: Size, judge: bool) -> Row:
    action, concurrency, tool = key
    same = [one for one in samples if (one.action, one.concurrency) == (action, concurrency)]
    own = [one for one in same if one.tool == tool]
    ours = {one.round: one for one in same if one.tool == SAPDR}
    ratios = None
    if tool != SAPDR:
        ratios = (
            ratio_of([ours[one.round].wall / one.wall for one in own]),
            ratio_of([ours[one.round].cpu / one.cpu for one in own]),
        )
    memory = max(one.peak - one.floor for one in own)
    bound = BASE + concurrency * (size.bytes + OVERHEAD) if tool == SAPDR else None
    row = Row(
        action=action,
        tool=tool,
        concurrency=concurrency,
        wall_per_gib=median(one.wall for one in own) / size.gib,
        cpu_per_gib=median(one.cpu for one in own) / size.gib,
        memory=memory,
        memory_bound=bound,
        wall_ratio=ratios[0] if ratios else None,
        cpu_ratio=ratios[1] if ratios else None,
        missed=[],
    )
    if judge:
        row.missed.extend(missed_by(row))
    return row


def ratio_of(ratios: list[float]) -> Ratio:
    return Ratio(median(ratios), min(ratios), max(ratios))


def missed_by(row: Row) -> Iterator[str]:
    if row.memory_bound is not None and row.memory > row.memory_bound:
        yield f"{row.memory / MIB:.0f} MiB, must {row.memory_bound / MIB:.0f}"
    if row.wall_ratio is None or row.cpu_ratio is None or row.tool != BESIDE_BAR[row.action]:
        return
    if row.wall_ratio.median > WALL_MUST:
        yield f"wall {row.wall_ratio.median:.2f}, must {WALL_MUST:.2f}"
    if row.cpu_ratio.median > CPU_MUST:
        yield f"CPU {row.cpu_ratio.median:.2f}, must {CPU_MUST:.2f}"


HEAD = (
    f"    {'':4} {'at once':>7} {'tool':8} {'wall s/GiB':>10} {'CPU s/GiB':>10} {'MiB':>6}   "
    f"{'sapdr by it: wall':18} {'CPU':18}"
)


def line_of(row: Row) -> str:
    line = (
        f"    {row.action:4} {row.concurrency:7} {row.tool:8} {row.wall_per_gib:10.3f} "
        f"{row.cpu_per_gib:10.3f} {row.memory / MIB:6.0f}   "
        f"{row.wall_ratio or '-'!s:18} {row.cpu_ratio or '-'!s:18}"
    )
    return line + (" ! missed: " + "; ".join(row.missed) if row.missed else "")
