"""Backups of both programs, our prune, check and restore at the same moment on one repository."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import trees
from commands import LOCKED, Program
from history import History, ids, seeded
from workbench import Workbench, inside

SECONDS = 24
PATIENCE = ("--retry-lock", "120s")


class Together:
    """Workers that loop until the time is over; the first failure ends them all."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.rounds: dict[str, int] = {}
        self.deadline = time.monotonic() + SECONDS

    def run(self, workers: dict[str, Callable[[], bool]]) -> None:
        """Each worker returns whether it did its work, or was only locked out."""
        threads = [threading.Thread(target=self._loop, args=each) for each in workers.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=240)
            assert not thread.is_alive(), f"{thread.name} hangs"
        for failure in self.failures:
            raise failure

    def is_breather(self) -> bool:
        """If somebody holds a lock at every moment, a prune has to wait until they all end: for two
        seconds out of six nobody else begins anything, and then all at once."""
        return time.monotonic() % 6 < 2 and time.monotonic() < self.deadline

    def _loop(self, name: str, work: Callable[[], bool]) -> None:
        self.rounds[name] = 0
        try:
            while time.monotonic() < self.deadline and not self.failures:
                self.rounds[name] += work()
                while name != "prune" and self.is_breather():
                    time.sleep(0.02)
        except BaseException as failure:
            self.failures.append(failure)


def back_up_by_restic(history: History, restic: Program) -> bool:
    """restic 0.14 does not wait for locks: that is done here."""
    result = restic.run(*history.arguments())
    if result.code == 0:
        history.note(result.out)
        history.change()
        return True
    assert "already locked" in result.err, result.text
    time.sleep(0.05)
    return False


def back_up_by_us(history: History, sapdr: Program) -> bool:
    history.note(sapdr(*PATIENCE, *history.arguments()).out)
    history.change()
    return True


def prune(history: History, sapdr: Program) -> bool:
    """Makes garbage of its own and removes it, at once and all of it.

    If the others do not let it in for some seconds, the next one goes on where it was.
    """
    made = sapdr(*PATIENCE, *history.arguments()).summary["snapshot_id"]
    history.change()
    sapdr(*PATIENCE, "forget", made)
    options = ["--grace", "0", "--max-unused", "0", "--repack-small"]
    result = sapdr.run("--retry-lock", "4s", "prune", *options)
    assert result.code in (0, LOCKED), result.text
    return result.code == 0


def restore(histories: list[History], sapdr: Program, rng: random.Random, folder: Path) -> bool:
    known = [(h, snapshot) for h in histories for snapshot in list(h.snapshots)]
    if not known:
        time.sleep(0.05)
        return False
    history, snapshot = rng.choice(known)
    target = folder / f"restored {time.monotonic_ns()}"
    sapdr(*PATIENCE, "restore", snapshot, "--target", target)
    trees.assert_same(history.snapshots[snapshot], trees.read_tree(inside(target, history.tree)))
    return True


def test_nothing_is_lost_and_nobody_hangs(bench: Workbench) -> None:
    rng = seeded()
    repository = bench.ours()
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    by_restic, by_us, of_prune = (
        History(bench, name, seed=rng.randrange(1 << 30), megabytes=3)
        for name in ("restic", "ours", "garbage")
    )
    together = Together()
    together.run(
        {
            "restic backup": lambda: back_up_by_restic(by_restic, restic),
            "backup": lambda: back_up_by_us(by_us, sapdr),
            "prune": lambda: prune(of_prune, sapdr),
            "check": lambda: bool(sapdr(*PATIENCE, "check", "--read-data")),
            "restore": lambda: restore([by_restic, by_us], sapdr, rng, bench.folder),
        }
    )
    print(together.rounds)
    assert all(together.rounds.values()), "one of them never got through"
    assert ids(sapdr) == set(by_restic.snapshots) | set(by_us.snapshots)
    bench.check_both(repository)
    sapdr("prune", "--grace", "0", "--max-unused", "0")
    bench.check_both(repository)
    for history, reader in ((by_restic, sapdr), (by_us, restic)):
        for snapshot in history.snapshots:
            history.require(reader, snapshot)
