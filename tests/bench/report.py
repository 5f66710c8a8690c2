"""What came of a run: the table, and results.json.

results.json is one object. Times are seconds, sizes are bytes, all ratios are plain numbers.

schema     1; it is raised when a field changes its meaning
started    when the run began, UTC
scale      factor on the sizes of the data
rounds     how often each step was done with each tool
machine    {cpu, cores, memory, kernel}
floor      the least peak that can be measured: that of the program which starts the tools
data       NAME -> {files, bytes}
tools      NAME -> {command, version, setup}: in the order in which they took turns; and ZipNN
missing    NAME -> why this tool was left out
limits     what one thread does at best, MB/s; limits.py names the figures
codecs     [{data, codec, piece, bytes, stored_ratio, compress, decompress, ...}]: each codec on
           the same weights, one thread, the best of several repetitions
             data          how the numbers are stored: bf16, fp16, fp32
             piece         how many bytes the codec is given at once
             compress, decompress    GB/s (1e9 bytes of weights a second of CPU time)
             sapdr_compress, sapdr_decompress    sapdr's speed by this one's, null for sapdr
             missed        [what sapdr should do better, in words]; empty unless the scale is 1
samples    [{step, tool, round, wall, cpu, peak, stored}]; a step that is over soon is done several
           times, and this is the mean of one
             stored        by how much the repository grew
rows       [{step, title, group, tool, wall, cpu, peak, ...}]: medians of the samples, and
             cpu_per_gb    CPU seconds for each 1e9 bytes that were backed up or restored, or null
             stored_ratio  stored by the bytes of input, or null for what stores nothing
             ratio         {median, min, max} of wall time by restic's of the same round, or null
             bar           {must, aim, stored, stored_of_restic} or null: see steps.py
             missed        [what of the bar was missed, in words]; empty unless the scale is 1
failures   [{step, tool, message}]
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from datasets import Size
from measure import Cost
from steps import BARS, CODEC_SPEED, Bar, Step
from tools import RESTIC

SCHEMA = 1
MIB = 1 << 20


@dataclass(frozen=True)
class Sample:
    """One step, done once with one tool."""

    step: str
    tool: str
    round: int
    wall: float
    cpu: float
    peak: int
    stored: int

    @classmethod
    def of(cls, step: str, tool: str, number: int, cost: Cost, stored: int) -> Sample:
        return cls(step, tool, number, cost.wall, cost.cpu, cost.peak, stored)


@dataclass(frozen=True)
class Ratio:
    """Of pairs of runs in the same round."""

    median: float
    min: float
    max: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.min:.2f}..{self.max:.2f}]"


@dataclass(frozen=True)
class Row:
    """A step with a tool, all rounds of it."""

    step: str
    title: str
    group: str
    tool: str
    wall: float
    cpu: float
    peak: int
    cpu_per_gb: float | None
    stored_ratio: float | None
    ratio: Ratio | None
    bar: Bar | None
    missed: list[str] = field(default_factory=list)


def rows_of(step: Step, samples: list[Sample], size: Size | None, scale: float) -> list[Row]:
    """One row for each tool that did the step, in the order in which they took turns.

    The bars are set for the full sizes: on less data, what is the same for all counts for more.
    """
    samples = [sample for sample in samples if sample.step == step.key]
    rows = [
        row_of(step, tool, samples, size) for tool in dict.fromkeys(one.tool for one in samples)
    ]
    restic = next((row for row in rows if row.tool == RESTIC), None)
    for row in rows if scale == 1 else ():
        row.missed.extend(missed_by(row, restic))
    return rows


def row_of(step: Step, tool: str, samples: list[Sample], size: Size | None) -> Row:
    own = [sample for sample in samples if sample.tool == tool]
    cpu, stored = (median(one.cpu for one in own), median(one.stored for one in own))
    return Row(
        step=step.key,
        title=step.title,
        group=step.group,
        tool=tool,
        wall=median(one.wall for one in own),
        cpu=cpu,
        peak=round(median(one.peak for one in own)),
        cpu_per_gb=cpu / size.bytes * 1e9 if size else None,
        stored_ratio=stored / size.bytes if size and step.stores else None,
        ratio=paired(own, [one for one in samples if one.tool == RESTIC]),
        bar=BARS.get((step.key, tool)),
    )


def paired(own: list[Sample], theirs: list[Sample]) -> Ratio | None:
    walls = {one.round: one.wall for one in theirs}
    ratios = [one.wall / walls[one.round] for one in own if one.round in walls]
    return Ratio(median(ratios), min(ratios), max(ratios)) if ratios else None


def missed_by(row: Row, restic: Row | None) -> Iterable[str]:
    bar = row.bar
    if bar is None:
        return
    if row.ratio and row.ratio.median > bar.must:
        yield f"wall {row.ratio.median:.2f}, must {bar.must:.2f}"
    if row.stored_ratio is None:
        return
    if bar.stored and row.stored_ratio > bar.stored:
        yield f"stored {row.stored_ratio:.3f}, must {bar.stored:.3f}"
    if bar.stored_of_restic and restic and restic.stored_ratio:
        limit = bar.stored_of_restic * restic.stored_ratio
        if row.stored_ratio > limit:
            yield f"stored {row.stored_ratio:.3f}, must {limit:.3f}"


HEAD = (
    f"    {'tool':15} {'wall s':>9} {'of restic':18} {'must':>5} {'aim':>5}   "
    f"{'CPU s/GB':>9} {'peak MiB':>9} {'stored':>7}"
)


def line_of(row: Row, floor: int) -> str:
    """A line of the table; a bar that was missed is marked."""
    bar = (f"{row.bar.must:.2f}", f"{row.bar.aim:.2f}") if row.bar else ("", "")
    mark = "!" if row.missed else " "
    gb = f"{row.cpu_per_gb:.2f}" if row.cpu_per_gb is not None else "-"
    stored = f"{row.stored_ratio:.3f}" if row.stored_ratio is not None else "-"
    # Nothing less can be measured.
    peak = ("<" if row.peak <= floor else "") + f"{row.peak / MIB:.0f}"
    line = (
        f"    {row.tool:15} {row.wall:9.3f} {row.ratio or '-'!s:18} {bar[0]:>5} {bar[1]:>5} {mark} "
        f"{gb:>9} {peak:>9} {stored:>7}"
    )
    return line + ("   missed: " + "; ".join(row.missed) if row.missed else "")


@dataclass(frozen=True)
class CodecRow:
    """A codec on weights of one form."""

    data: str
    codec: str
    piece: int
    bytes: int
    stored_ratio: float
    compress: float
    decompress: float
    sapdr_compress: float | None = None
    sapdr_decompress: float | None = None
    missed: list[str] = field(default_factory=list)


def codec_rows(measured: list[dict[str, Any]], scale: float) -> list[CodecRow]:
    """From what tensor_codecs.py prints, in its order: sapdr is first of each form."""
    rows: list[CodecRow] = []
    for one in measured:
        row = CodecRow(
            data=one["data"],
            codec=one["codec"],
            piece=one["piece"],
            bytes=one["bytes"],
            stored_ratio=one["stored"] / one["bytes"],
            compress=one["bytes"] / 1e9 / one["compress"],
            decompress=one["bytes"] / 1e9 / one["decompress"],
        )
        ours = next((own for own in rows if (own.data, own.codec) == (row.data, "sapdr")), None)
        rows.append(beside(ours, row, scale) if ours else row)
    return rows


def beside(ours: CodecRow, theirs: CodecRow, scale: float) -> CodecRow:
    row = replace(
        theirs,
        sapdr_compress=ours.compress / theirs.compress,
        sapdr_decompress=ours.decompress / theirs.decompress,
    )
    if scale == 1:
        if ours.stored_ratio > row.stored_ratio:
            row.missed.append(f"stored {ours.stored_ratio:.4f}, must {row.stored_ratio:.4f}")
        for name in ("compress", "decompress"):
            if (times := getattr(row, f"sapdr_{name}")) < CODEC_SPEED:
                row.missed.append(f"{name} {times:.2f}, must {CODEC_SPEED:.2f}")
    return row


CODEC_HEAD = (
    f"    {'data':5} {'codec':12} {'piece MiB':>9} {'stored':>7} "
    f"{'compress GB/s':>14} {'decompress GB/s':>16}   sapdr by it"
)


def codec_line(row: CodecRow) -> str:
    line = (
        f"    {row.data:5} {row.codec:12} {row.piece / MIB:9.0f} {row.stored_ratio:7.4f} "
        f"{row.compress:14.3f} {row.decompress:16.3f}"
    )
    if row.sapdr_compress:
        line += f"   {row.sapdr_compress:.2f}, {row.sapdr_decompress:.2f}"
    return line + (" ! missed: " + "; ".join(row.missed) if row.missed else "")


@dataclass
class Results:
    """All that results.json holds."""

    started: str
    scale: float
    rounds: int
    machine: dict[str, Any]
    floor: int
    schema: int = SCHEMA
    data: dict[str, Size] = field(default_factory=dict)
    tools: dict[str, dict[str, str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    codecs: list[CodecRow] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def malformed(path: Path) -> list[str]:
    """What is wrong with a results.json, whatever the figures are."""
    results = json.loads(path.read_text())
    if set(results) != set(Results.__dataclass_fields__):
        return [f"the fields are {sorted(results)}"]
    found: list[str] = []
    if results["schema"] != SCHEMA:
        found.append(f"the schema is {results['schema']}")
    if not results["rows"] and not results["failures"]:
        found.append("there are no rows")
    for name, value in results["limits"].items():
        if not positive(value):
            found.append(f"limits: {name} is {value}")
    for row in results["codecs"]:
        for name in ("bytes", "stored_ratio", "compress", "decompress"):
            if not positive(row[name]):
                found.append(f"{row['codec']} on {row['data']}: {name} is {row[name]}")
    failed = {(one["step"], one["tool"]) for one in results["failures"]}
    for row in results["rows"]:
        key = (row["step"], row["tool"])
        times = sum((one["step"], one["tool"]) == key for one in results["samples"])
        if times != results["rounds"] and key not in failed:
            found.append(f"{key}: {times} samples in {results['rounds']} rounds")
        found.extend(f"{key}: {text}" for text in malformed_row(row))
    return found


def malformed_row(row: dict[str, Any]) -> Iterable[str]:
    for name in ("wall", "peak"):
        if not positive(row[name]):
            yield f"{name} is {row[name]}"
    for name in ("cpu", "cpu_per_gb", "stored_ratio"):
        if row[name] is not None and not 0 <= row[name] < math.inf:
            yield f"{name} is {row[name]}"
    ratio = row["ratio"]
    if ratio and not 0 < ratio["min"] <= ratio["median"] <= ratio["max"] < math.inf:
        yield f"ratio is {ratio}"


def positive(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value < math.inf
