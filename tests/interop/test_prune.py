"""Forget and prune of ours on repositories of both programs, and the other way round."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from commands import Program
from crafted import DATA, TREE, CraftedRepository, node
from history import History, ids, seeded
from workbench import Workbench


def require_whole(bench: Workbench, repository: Path, history: History) -> None:
    """Nothing is wrong, no snapshot is lost, and both programs restore each of them."""
    bench.check_both(repository)
    assert ids(bench.sapdr(repository)) == set(history.snapshots)
    for snapshot in history.snapshots:
        history.require(bench.sapdr(repository), snapshot)
        history.require(bench.restic(repository), snapshot)


def packs(repository: Path) -> int:
    return sum(path.is_file() for path in (repository / "data").rglob("*"))


def made(bench: Workbench, maker: str) -> Path:
    if maker == "sapdr":
        return bench.ours()
    return bench.theirs(version=int(maker.removeprefix("restic ")))


@pytest.mark.parametrize("maker", ["sapdr", "restic 2", "restic 1"])
def test_we_prune_what_both_wrote(bench: Workbench, maker: str) -> None:
    repository = made(bench, maker)
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    history = History(bench, "tree", seed=70, megabytes=8)
    for program in (restic, sapdr, restic, sapdr):
        history.back_up(program)
    sapdr("forget", "--keep-last", "2", "--prune", "--max-unused", "0")
    history.keep(ids(sapdr))
    assert len(history.snapshots) == 2
    require_whole(bench, repository, history)

    marked = packs(repository)
    for program in (restic, sapdr):
        history.back_up(program)
    assert sapdr("prune", "--json").summary["packs_waiting"] > 0
    assert packs(repository) > marked
    require_whole(bench, repository, history)

    sapdr("forget", "--keep-last", "1", "--prune", "--grace", "0", "--max-unused", "0")
    history.keep(ids(sapdr))
    assert len(history.snapshots) == 1
    require_whole(bench, repository, history)
    assert "not referenced" not in restic("check").text
    assert sapdr("check", "--json").summary["packs_unreferenced"] == 0
    stats = sapdr("stats", "--json").summary
    assert stats["repository_bytes"] < stats["stored_bytes"] * 1.01 + 4096
    for program in (sapdr, restic):
        history.back_up(program)
    require_whole(bench, repository, history)


@pytest.mark.parametrize("maker", ["sapdr", "restic 2"])
def test_restic_prunes_while_our_marks_are_pending(bench: Workbench, maker: str) -> None:
    repository = made(bench, maker)
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    history = History(bench, "tree", seed=71, megabytes=5)
    for program in (sapdr, restic, sapdr, restic):
        history.back_up(program)
    ours = sapdr("forget", "--keep-last", "3", "--prune", "--json", "--max-unused", "0").summary
    assert ours["prune"]["packs_marked"] > 0
    restic("forget", "--keep-last", "2", "--prune", "--max-unused", "0")
    history.keep(ids(sapdr))
    assert len(history.snapshots) == 2
    require_whole(bench, repository, history)

    next_one = sapdr("prune", "--json").summary
    assert next_one["packs_marked"] == next_one["packs_waiting"] == 0
    for program in (restic, sapdr):
        history.back_up(program)
    sapdr("forget", "--keep-last", "1", "--prune", "--grace", "0")
    history.keep(ids(sapdr))
    require_whole(bench, repository, history)


def test_marks_in_an_index_are_as_rustic_writes_them(bench: Workbench) -> None:
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    history = History(bench, "tree", seed=72, megabytes=2)
    history.back_up(sapdr)
    blobs = {line.split()[0] for line in sapdr("list", "blobs").out.splitlines()}
    sapdr("forget", "latest")
    sapdr("prune")
    (index,) = sapdr("list", "index").out.split()
    content = json.loads(sapdr("cat", "index", index).out)
    assert content["packs"] == []
    marked = content["packs_to_delete"]
    assert {blob["id"] for pack in marked for blob in pack["blobs"]} == blobs
    for pack in marked:
        assert set(pack) == {"id", "blobs", "time", "size"}
        stored = repository / "data" / pack["id"][:2] / pack["id"]
        assert pack["size"] == stored.stat().st_size
        assert abs(time.time() - os.path.getmtime(repository / "index" / index)) < 60
        assert set(pack["blobs"][0]) >= {"id", "type", "offset", "length"}
    assert sapdr("list", "blobs").out == "", "what is marked is not in the index"
    history.snapshots.clear()
    history.back_up(sapdr)
    require_whole(bench, repository, history)


def test_packs_with_data_and_trees_are_taken_apart(bench: Workbench) -> None:
    """Only very old versions of restic wrote such."""
    crafted = CraftedRepository(bench.folder / "crafted")
    text = b"content\n" * 1000
    empty = b'{"nodes":[]}\n'
    data, _ = crafted.pack_of([(DATA, text), (TREE, empty)])
    crafted.snapshot(crafted.tree(node("file", content=[data], size=len(text))))
    sapdr = bench.sapdr(crafted.folder)
    assert sapdr("prune", "-n", "--max-repack-size", "1k", "--json").summary["packs_repacked"] == 0
    done = sapdr("prune", "--json", "--grace", "0", "--max-unused", "unlimited").summary
    assert done["packs_repacked"] == 1 and done["packs_removed"] == 1
    bench.check_both(crafted.folder)
    assert sapdr("dump", "latest", "/file").out == text.decode()


def killed_at_a_moment(run: subprocess.Popen[bytes], repository: Path, rng: random.Random) -> bool:
    """Kills it some time after a folder of the repository changed, if it lives so long."""
    folder = repository / rng.choice(["locks", "data", "index", "snapshots"])

    def content() -> list[Path]:
        return sorted(folder.rglob("*"))

    before = content()
    deadline = time.monotonic() + rng.uniform(0.5, 3)
    while run.poll() is None and content() == before and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(rng.choice([0, rng.uniform(0, 0.03), rng.uniform(0, 0.5)]))
    run.send_signal(signal.SIGKILL)
    run.communicate()
    return run.returncode == -signal.SIGKILL


def garbage(history: History, sapdr: Program, rng: random.Random) -> None:
    """Leaves something to prune: backups of which a later one needs only a part."""
    history.back_up(sapdr)
    unwanted = history.back_up(sapdr)
    history.back_up(sapdr)
    if rng.random() < 0.7:
        sapdr("forget", unwanted)
        del history.snapshots[unwanted[:8]]


def test_kill_9_of_prune_at_any_moment(bench: Workbench) -> None:
    rng = seeded()
    repository = bench.ours()
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    history = History(bench, "tree", seed=rng.randrange(1 << 30), megabytes=6)
    killed = 0
    for _ in range(15):
        garbage(history, sapdr, rng)
        arguments = ["prune"] if rng.random() < 0.5 else ["forget", "--keep-last", "3", "--prune"]
        arguments += ["--max-unused", "0"] + (["--repack-small"] if rng.random() < 0.5 else [])
        arguments += ["--grace", "0"] if rng.random() < 0.7 else []
        killed += killed_at_a_moment(sapdr.start(*arguments), repository, rng)
        restic("unlock")
        present = ids(sapdr)
        gone = set(history.snapshots) - present
        assert not gone or arguments[0] == "forget", "a snapshot was lost"
        assert len(present) >= min(3, len(history.snapshots))
        history.keep(present)
        bench.check_both(repository)
        history.require(sapdr, rng.choice(sorted(history.snapshots)))
        if rng.random() < 0.5:
            sapdr("prune", "--grace", "0", "--max-unused", "0")
    print(f"killed {killed} times")
    assert killed >= 5, "it was hardly ever killed in the middle; is the machine that fast?"
    history.back_up(sapdr)
    sapdr("prune", "--grace", "0", "--max-unused", "0")
    assert sapdr("check", "--json").summary["packs_unreferenced"] == 0
    require_whole(bench, repository, history)
