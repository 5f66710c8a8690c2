"""restic's locks, in both directions, with both programs alive."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commands import LOCKED, Program
from crafted import CraftedRepository, node
from make_trees import make_plain_tree
from workbench import Workbench


@pytest.fixture
def repository(bench: Workbench) -> Path:
    repository = bench.folder / "repository"
    sapdr = bench.sapdr(repository)
    sapdr("init", "--scrypt-n", "1024")
    sapdr("backup", make_plain_tree(bench.folder / "tree", seed=60, megabytes=1))
    return repository


def locks(repository: Path) -> list[Path]:
    """Those that are valid: a name with a suffix is being written."""
    return [path for path in (repository / "locks").iterdir() if len(path.name) == 64]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "waited for 30 seconds"
        time.sleep(0.005)


@contextmanager
def stopped_restic(restic: Program, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """restic, stopped by a signal while it holds its lock, and let go on at the end."""
    run = restic.start(*arguments)
    try:
        wait_until(lambda: locks(restic.repository))
        run.send_signal(signal.SIGSTOP)
        assert run.poll() is None and locks(restic.repository), "it was faster than this test"
        yield run
    finally:
        run.send_signal(signal.SIGCONT)
        run.communicate(timeout=60)


@contextmanager
def backup_that_waits(sapdr: Program) -> Iterator[subprocess.Popen[bytes]]:
    """A backup of ours that holds its lock until its standard input ends."""
    run = sapdr.start("backup", "--stdin", "--stdin-filename", "stream")
    assert run.stdin
    try:
        wait_until(lambda: locks(sapdr.repository))
        time.sleep(0.3)  # the lock is valid once it was looked at again
        yield run
    finally:
        if run.poll() is None:
            run.communicate(input=b"the end", timeout=60)


def test_an_exclusive_lock_of_restic_stops_us(bench: Workbench, repository: Path) -> None:
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    with stopped_restic(restic, "prune") as run:
        for arguments in (["backup", str(bench.folder / "tree")], ["check"], ["snapshots"]):
            result = sapdr.fails(*arguments, codes=[LOCKED])
            assert str(run.pid) in result.err and "unlock" in result.err
        sapdr("snapshots", "--no-lock")
        assert len(locks(repository)) == 1, "our refused runs left locks behind"
    assert run.returncode == 0
    assert locks(repository) == []
    sapdr("backup", bench.folder / "tree")
    bench.check_both(repository)


def test_we_wait_for_a_lock_when_asked_to(bench: Workbench, repository: Path) -> None:
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    with stopped_restic(restic, "prune"):
        waiting = sapdr.start("--retry-lock", "60s", "backup", bench.folder / "tree")
        time.sleep(1.5)
        assert waiting.poll() is None
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, out + err


def test_our_lock_stops_restic_prune_but_not_backup(bench: Workbench, repository: Path) -> None:
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    with backup_that_waits(sapdr) as run:
        refused = restic.run("prune")
        assert refused.code != 0
        assert f"locked by PID {run.pid}" in refused.err, refused.text
        listed = json.loads(restic("cat", "lock", locks(repository)[0].name).out)
        assert listed["pid"] == run.pid and not listed["exclusive"]
        restic("backup", bench.folder / "tree")
        sapdr("backup", bench.folder / "tree")
        restic("unlock")
        assert len(locks(repository)) == 1, "restic took our live lock for a stale one"
    assert run.returncode == 0
    assert locks(repository) == []
    restic("prune")
    bench.check_both(repository)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_takes_its_lock_with_it(
    bench: Workbench, repository: Path, how: signal.Signals
) -> None:
    sapdr = bench.sapdr(repository)
    with backup_that_waits(sapdr) as run:
        run.send_signal(how)
        out, err = run.communicate(timeout=30)
        assert run.returncode == 130, out + err
    assert locks(repository) == []
    assert len(sapdr("snapshots", "--json").events("snapshot")) == 1


def test_locks_of_killed_runs_are_stale_for_both(bench: Workbench, repository: Path) -> None:
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    with backup_that_waits(sapdr) as run:
        run.kill()
        run.wait()
    with stopped_restic(restic, "prune") as theirs:
        pass
    assert theirs.returncode != 0 or len(locks(repository)) <= 1
    sapdr("backup", bench.folder / "tree")
    restic("unlock")
    assert locks(repository) == []
    restic("prune")


def lock(
    crafted: CraftedRepository,
    age: timedelta,
    exclusive: bool,
    host: str,
    pid: int,
    written: timedelta | None = None,
) -> None:
    """`age`: what the lock says; `written`: how long it is there, if that is something else."""
    content = {
        "time": (datetime.now(UTC) - age).isoformat(),
        "exclusive": exclusive,
        "hostname": host,
        "username": "somebody",
        "pid": pid,
    }
    before = set(locks(crafted.folder))
    crafted.store("locks", crafted.master.seal(json.dumps(content).encode()))
    (stored,) = set(locks(crafted.folder)) - before
    since = time.time() - (age if written is None else written).total_seconds()
    os.utime(stored, (since, since))


@pytest.mark.parametrize(
    ("minutes", "exclusive", "host", "locked"),
    [
        (1, True, "elsewhere", True),
        (29, True, "elsewhere", True),
        (31, True, "elsewhere", False),
        (1, False, "elsewhere", False),
        (1, True, "here, dead", False),
        (1, True, "here, alive", True),
    ],
)
def test_which_locks_count(
    bench: Workbench, minutes: int, exclusive: bool, host: str, locked: bool
) -> None:
    crafted = CraftedRepository(bench.folder / "crafted")
    crafted.snapshot(crafted.tree(node("file")))
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    pid = os.getpid() if host == "here, alive" else int(dead.stdout)
    name = os.uname().nodename if host.startswith("here") else host
    lock(crafted, timedelta(minutes=minutes), exclusive, name, pid)
    sapdr = bench.sapdr(crafted.folder)
    if locked:
        result = sapdr.fails("check", codes=[LOCKED])
        assert name in result.err
        sapdr("unlock")
        assert len(locks(crafted.folder)) == 1, "a lock in use was removed"
        sapdr("unlock", "--remove-all")
        assert locks(crafted.folder) == []
    sapdr("check")


def test_the_lock_of_a_client_whose_clock_is_behind_is_alive(bench: Workbench) -> None:
    crafted = CraftedRepository(bench.folder / "crafted")
    crafted.snapshot(crafted.tree(node("file")))
    lock(crafted, timedelta(hours=5), True, "elsewhere", 4711, written=timedelta(minutes=4))
    sapdr = bench.sapdr(crafted.folder)
    assert "elsewhere" in sapdr.fails("check", codes=[LOCKED]).err
    sapdr("unlock")
    assert len(locks(crafted.folder)) == 1, "a lock in use was removed"
