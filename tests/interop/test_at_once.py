"""Two programs at the same moment on one repository: one waits or is refused, nothing is lost.

The repository holds garbage of which both backups need a part: a prune that removed what a backup
has found in the index would be noticed.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import trees
from commands import LOCKED, Argument, Program, Result
from history import seeded
from make_trees import make_plain_tree, write
from test_copies import source_of
from workbench import Workbench, inside

TREES = ["one", "two"]  # what the one and the other back up
PATIENCE = ["--retry-lock", "120s"]
PRUNE_ALL = ["prune", "--max-unused", "0"]

PAIRS = [
    ("backup", "backup"),
    ("backup", "prune"),
    ("backup", "forget"),
    ("backup", "check"),
    ("prune", "prune"),
    ("restore", "prune"),
    ("copy", "backup"),
    ("tag", "backup"),
]
PROGRAMS = [("sapdr", "sapdr"), ("sapdr", "restic"), ("restic", "sapdr")]


@dataclass(frozen=True)
class Sample:
    """A repository, one to copy from, and two trees that it knows from snapshots that are gone."""

    repository: Path
    source: Path
    made: dict[str, Path]
    known: dict[str, tuple[Path, trees.Tree]]  # by tag: what each snapshot was made from


@pytest.fixture(scope="module")
def rng() -> random.Random:
    return seeded()


@pytest.fixture
def bench(bench_in_memory: Workbench) -> Workbench:
    return bench_in_memory


@pytest.fixture(scope="module")
def sample(module_bench_in_memory: Workbench) -> Sample:
    bench = module_bench_in_memory
    repository, source = bench.ours("good"), bench.ours("source")
    sapdr = bench.sapdr(repository)
    made, known = {}, {}
    for seed, name in enumerate(["old", *TREES]):
        made[name] = make_plain_tree(bench.folder / name, seed=seed, n_files=12, megabytes=1)
    for i in range(3):
        write(made["old"] / f"more {i}", os.urandom(100_000))
        sapdr("backup", "--tag", f"old {i}", made["old"])
        known[f"old {i}"] = made["old"], trees.read_tree(made["old"])
    for name in TREES:
        garbage = sapdr("backup", "--json", made[name]).summary["snapshot_id"]
        sapdr("forget", garbage)
        write(made[name] / "new", os.urandom(300_000))
    bench.sapdr(source)("backup", "--tag", "copied", made["one"])
    known["copied"] = made["one"], trees.read_tree(made["one"])
    return Sample(repository, source, made, known)


class Round:
    """A copy of the repository, and what has to be in it, by tag."""

    def __init__(self, bench: Workbench, sample: Sample) -> None:
        self.bench, self.sample = bench, sample
        self.folder = bench.folder
        self.repository = self.folder / "repository"
        shutil.copytree(sample.repository, self.repository, copy_function=os.link)
        sapdr = bench.sapdr(self.repository)
        self.ids = {s["tags"][0]: s["id"] for s in sapdr("snapshots", "--json").events("snapshot")}
        self.expected = {tag: tag for tag in self.ids}  # and which of `known` it is

    def program(self, name: str) -> Program:
        return (self.bench.sapdr if name == "sapdr" else self.bench.restic)(self.repository)

    def arguments(self, action: str, tree: str, program: Program) -> list[Argument]:
        prune = PRUNE_ALL if program.command.name == "restic" else [*PRUNE_ALL, "--grace", "0"]
        actions: dict[str, list[Argument]] = {
            "backup": ["backup", "--tag", tree, self.sample.made[tree]],
            "prune": [*prune],
            "forget": ["forget", self.ids["old 0"]],
            "check": ["check", "--read-data"],
            "restore": ["restore", self.ids["old 1"], "--target", self.folder / "out"],
            "copy": ["copy", *source_of(program, self.sample.source)],
            "tag": ["tag", "--set", "changed", self.ids["old 2"]],
        }
        return actions[action]

    def acknowledged(self, action: str, tree: str) -> None:
        """What the success of this has to mean."""
        if action == "backup":
            self.expected[tree] = tree
        elif action == "copy":
            self.expected["copied"] = "copied"
        elif action == "forget":
            del self.expected["old 0"]
        elif action == "tag":
            self.expected["changed"] = self.expected.pop("old 2")
        elif action == "restore":
            self.require_same(self.folder / "out", "old 1")

    def require_same(self, target: Path, name: str) -> None:
        if name in self.sample.made:
            tree = self.sample.made[name]
            content = trees.read_tree(tree)
        else:
            tree, content = self.sample.known[name]
        trees.assert_same(content, trees.read_tree(inside(target, tree)))

    def require_whole(self) -> None:
        self.program("restic")("--no-cache", "check", "--read-data")
        sapdr = self.program("sapdr")
        sapdr("check", "--no-lock", "--read-data")
        snapshots = sapdr("snapshots", "--no-lock", "--json").events("snapshot")
        present = {s["tags"][0]: s["id"] for s in snapshots}
        assert present.keys() == self.expected.keys() and len(snapshots) == len(present)
        for tag, name in self.expected.items():
            target = self.folder / f"out of {tag}"
            sapdr("restore", "--no-lock", present[tag], "--target", target)
            self.require_same(target, name)
        assert list((self.repository / "locks").iterdir()) == []


def was_refused(program: Program, result: Result) -> bool:
    """True if it was locked out, and said so; any other failure fails the test."""
    if program.command.name == "restic":
        assert result.code == 0 or "already locked" in result.err, result.text
    else:
        assert result.code in (0, LOCKED), result.text
    return result.code != 0


class Run(threading.Thread):
    """One of the two; it begins when the other one does, or a little later."""

    def __init__(
        self, program: Program, arguments: list[Argument], both: threading.Barrier, delay: float
    ) -> None:
        super().__init__()
        self.program, self.arguments, self.both, self.delay = program, arguments, both, delay
        self.result: Result | None = None
        self.began = self.ended = 0.0

    def run(self) -> None:
        self.both.wait()
        time.sleep(self.delay)
        self.began = time.monotonic()
        self.result = self.program.run(*self.arguments)
        self.ended = time.monotonic()


def start_both(
    now: Round, actions: tuple[str, str], programs: tuple[str, str], delays: list[float], wait: bool
) -> list[Run]:
    """Both of them, when they have ended."""
    both = threading.Barrier(2)
    runs = []
    for tree, name, action, delay in zip(TREES, programs, actions, delays, strict=True):
        program = now.program(name)
        patience = PATIENCE if wait and name == "sapdr" else []
        arguments = [*patience, *now.arguments(action, tree, program)]
        runs.append(Run(program, arguments, both, delay))
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    return runs


@pytest.mark.parametrize("programs", PROGRAMS, ids=" and ".join)
@pytest.mark.parametrize("actions", PAIRS, ids=" and ".join)
@pytest.mark.parametrize("wait", [False, True], ids=["refused", "waits"])
def test_nothing_is_lost(
    bench: Workbench,
    sample: Sample,
    rng: random.Random,
    actions: tuple[str, str],
    programs: tuple[str, str],
    wait: bool,
) -> None:
    now = Round(bench, sample)
    delays = [0.0, rng.uniform(0, 0.1)]  # a run takes at least the 0.2 s of a lock
    rng.shuffle(delays)
    print(f"delays {delays}")
    runs = start_both(now, actions, programs, delays, wait)
    assert max(r.began for r in runs) < min(r.ended for r in runs), "they did not meet"
    for run, action, tree in zip(runs, actions, TREES, strict=True):
        assert run.result is not None, "it hangs"
        if not was_refused(run.program, run.result):
            now.acknowledged(action, tree)
        else:
            assert PATIENCE[0] not in run.arguments, "it did not wait"
    assert any(r.result and r.result.code == 0 for r in runs) or not wait, "both gave up"
    now.require_whole()
