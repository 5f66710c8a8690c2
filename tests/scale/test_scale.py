"""Many files, a huge file, a huge index: memory stays within bounds.

SAPDR_SCALE=full makes them as large as the README promises; otherwise they are a twentieth of that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("SAPDR_SCALE") == "full"
MIB = 1 << 20
# What a command takes before it does anything large: code, buffers of its threads, packs.
BASE = 320 * MIB
# By how much what is in flight may differ from run to run: buffers that are not always needed.
IN_FLIGHT = 64 * MIB


@dataclass(frozen=True)
class Run:
    """What a command printed and the most memory it had."""

    out: str
    peak: int

    def summary(self) -> dict[str, Any]:
        """The last event of --json."""
        event: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return event


class Bench:
    """A folder with a repository in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "password").write_text("scale\n")

    def sapdr(self, *arguments: object) -> Run:
        command = os.environ.get("SAPDR_BIN") or ROOT / "build/bindings/shell/sapdr"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("RESTIC_", "SAPDR_"))}
        env |= {
            "SAPDR_REPOSITORY": str(self.folder / "repository"),
            "SAPDR_PASSWORD_FILE": str(self.folder / "password"),
        }
        return measured([str(command), *map(str, arguments)], env)


def measured(argv: list[str], env: dict[str, str] | None = None) -> Run:
    """Runs a command that has to succeed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(argv, env=env, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        assert process.returncode == 0, f"{argv}: {process.returncode}\n{err.read()}"
        return Run(out.read(), usage.ru_maxrss * 1024)


@pytest.fixture
def bench() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="sapdr-scale-"))
    yield Bench(folder)
    shutil.rmtree(folder)


def make_files(folder: Path, count: int) -> None:
    """Small files, 500 in a folder, each with a content of its own."""
    for i in range(count):
        if i % 500 == 0:
            below = folder / f"{i // 500:04}"
            below.mkdir(parents=True)
        (below / f"{i}.json").write_text(f'{{"number": {i}, "text": "a small file"}}\n')


def test_many_small_files(bench: Bench) -> None:
    count = 1_000_000 if FULL else 50_000
    source, target = bench.folder / "source", bench.folder / "target"
    make_files(source, count)
    bench.sapdr("init", "--scrypt-n", "1024")
    # The index has 60 bytes for each blob; a plan of a restore some 300 for each file.
    first = bench.sapdr("backup", "--json", source)
    assert first.summary()["files_new"] == count
    assert first.peak < BASE + 100 * count
    second = bench.sapdr("backup", "--json", source)
    assert second.summary()["files_unmodified"] == count
    assert second.peak < BASE + 100 * count
    restored = bench.sapdr("restore", "latest", "--target", target)
    assert restored.peak < BASE + 600 * count
    inside = target / source.relative_to("/")
    assert sum(len(files) for _, _, files in os.walk(inside)) == count
    for i in range(0, count, 997):
        name = f"{i // 500:04}/{i}.json"
        assert (inside / name).read_bytes() == (source / name).read_bytes()
    checked = bench.sapdr("check", "--read-data")
    assert checked.peak < BASE + 150 * count


def test_a_huge_sparse_file(bench: Bench) -> None:
    size = (200 if FULL else 10) << 30
    source = bench.folder / "source"
    source.mkdir()
    image, target = source / "image", bench.folder / "target"
    pieces = {0: b"first", size // 2: os.urandom(3 * MIB), size - 5: b"final"}
    with image.open("wb") as file:
        file.truncate(size)
        for offset, piece in pieces.items():
            file.seek(offset)
            file.write(piece)
    bench.sapdr("init", "--scrypt-n", "1024")
    saved = bench.sapdr("backup", "--json", source)
    # 32 bytes for each of the file's blobs of 512 KiB, in a few copies.
    ids = size // (512 << 10) * 32
    assert saved.peak < BASE + 10 * ids
    assert saved.summary()["bytes_total"] == size
    restored = bench.sapdr("restore", "latest", "--target", target, "--sparse")
    assert restored.peak < BASE + 10 * ids
    copy = target / image.relative_to("/")
    assert copy.stat().st_size == size
    assert copy.stat().st_blocks * 512 < 64 * MIB
    with copy.open("rb") as file:
        for offset, piece in pieces.items():
            file.seek(offset)
            assert file.read(len(piece)) == piece
    bench.sapdr("check", "--read-data")
    bench.sapdr("verify", "latest", "--target", target)


def tool_called(name: str) -> Path:
    """One of the programs beside this file."""
    command = os.environ.get("SAPDR_BIN") or ROOT / "build/bindings/shell/sapdr"
    tool = Path(command).parents[2] / "tests/scale" / name
    assert tool.is_file(), f"{tool} is missing; tests/run.sh builds it"
    return tool


@pytest.mark.parametrize("kind", ["weights", "random"])
def test_a_stream_of_any_length(kind: str) -> None:
    """What is in flight does not grow with what passes: streams that are made, of packs that are
    not kept."""
    tool = str(tool_called("made_stream"))

    def cost_of(size: int, each: int) -> dict[str, float]:
        """Of so many MiB in streams of `each`."""
        cost: dict[str, float] = json.loads(measured([tool, str(size), str(each), kind]).out)
        print(cost)
        assert cost["bytes"] == size * MIB
        return cost

    sizes = (1024, 4096, 51200) if FULL else (256, 1024)
    short, *longer = (cost_of(size, 512) for size in sizes)
    for cost in longer:
        # Two threads at default settings: docs/ARCHITECTURE.md says what is in flight.
        assert cost["peak"] < 200 * MIB + 60 * cost["blobs"]
        assert cost["peak"] < short["peak"] + IN_FLIGHT + 60 * cost["blobs"]
    # One stream is one file: its list of ids, in a few copies.
    one = cost_of(sizes[-1], sizes[-1])
    assert one["peak"] < 200 * MIB + (60 + 8 * 32) * one["blobs"]


def test_a_huge_index(bench: Bench) -> None:
    tool = tool_called("made_index")
    count = 10_000_000 if FULL else 1_000_000
    repository = str(bench.folder / "repository")
    measured([str(tool), "make", repository, str(count)])
    cost = json.loads(measured([str(tool), "load", repository]).out)
    print(cost)
    assert cost["blobs"] == count
    fixed = 24 * MIB  # code, and what threads keep
    assert cost["bytes"] < 60 * count + (0 if FULL else fixed)
    assert cost["peak_bytes"] < 60 * count + 4 * fixed  # an index file and its text for each thread
