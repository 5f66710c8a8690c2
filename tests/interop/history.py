"""A tree that changes, and what each snapshot of it held."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import trees
from commands import Program
from make_trees import make_plain_tree, write
from workbench import Workbench, inside


def seeded() -> random.Random:
    """A generator whose seed is printed, and taken from SAPDR_TEST_SEED if that is set."""
    seed = int(os.environ.get("SAPDR_TEST_SEED") or time.time())
    print(f"SAPDR_TEST_SEED={seed}")
    return random.Random(seed)


class History:
    """Snapshots of one tree by their ids. What was acknowledged has to be restorable."""

    def __init__(self, bench: Workbench, name: str, seed: int, megabytes: float) -> None:
        self.bench = bench
        self.name = name
        self.rng = random.Random(seed)
        self.tree = make_plain_tree(bench.folder / name, seed, n_files=20, megabytes=megabytes)
        self.snapshots: dict[str, trees.Tree] = {}

    def change(self) -> None:
        """Some files come, some go; a part of the large one changes."""
        with (self.tree / "big").open("r+b") as big:
            big.seek(self.rng.randrange((self.tree / "big").stat().st_size))
            big.write(self.rng.randbytes(700_000))
        write(self.tree / f"new {self.rng.randrange(10)}", self.rng.randbytes(200_000))
        (self.tree / f"new {self.rng.randrange(10)}").unlink(missing_ok=True)

    def arguments(self) -> list[str | Path]:
        return ["backup", "--json", "--host", self.name, self.tree]

    def note(self, out: str) -> str:
        """Notes what a backup has acknowledged, of either program."""
        event = json.loads(out.splitlines()[-1])
        assert event.get("message_type", event.get("type")) == "summary"
        content = trees.read_tree(self.tree)
        # restic tells only the first digits
        self.snapshots[event["snapshot_id"][:8]] = content
        return str(event["snapshot_id"])

    def back_up(self, program: Program) -> str:
        self.change()
        return self.note(program(*self.arguments()).out)

    def keep(self, present: set[str]) -> None:
        """Drops what was forgotten."""
        self.snapshots = {k: v for k, v in self.snapshots.items() if k in present}

    def require(self, program: Program, snapshot: str) -> None:
        """The program restores this snapshot as it was."""
        target = self.bench.folder / f"restored {snapshot} {time.monotonic_ns()}"
        program("restore", snapshot, "--target", target)
        trees.assert_same(self.snapshots[snapshot], trees.read_tree(inside(target, self.tree)))


def ids(sapdr: Program) -> set[str]:
    """The ids of all snapshots, in short."""
    return {s["short_id"] for s in sapdr("snapshots", "--json").events("snapshot")}
