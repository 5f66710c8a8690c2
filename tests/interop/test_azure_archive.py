"""Packs in the archive tier: what a restore needs of them is asked for, waited for, restored."""

from __future__ import annotations

import hashlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure_container import Container
from azure_trial import Trial
from commands import INCOMPLETE, NETWORK
from make_trees import make_plain_tree
from waiting import until
from workbench import Workbench

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
import azurite
from fault_proxy import FaultProxy
from slow_archive import SlowArchive

INVALID_STATE = 21
TIMEOUT = 29
CANCELLED = 130


@dataclass
class Archive:
    """Two snapshots whose packs of contents are in the archive, which takes its time."""

    trial: Trial
    tier: SlowArchive
    trees: dict[str, Path]

    @property
    def target(self) -> Path:
        return self.trial.bench.folder / "restored"

    def restore(self, snapshot: str, *options: str) -> list[str | Path]:
        return ["restore", "--json", snapshot, "--target", self.target, *options]

    def packs_of(self, snapshot: str) -> int:
        return int(self.trial.run(*self.restore(snapshot, "--dry-run")).summary["packs"])

    def bring_back(self) -> None:
        for name in self.tier.asked:
            self.trial.container.client.get_blob_client(name).set_standard_blob_tier("Hot")

    def is_restored(self, snapshot: str) -> None:
        self.trial.bench.same(self.trees[snapshot], self.target)


@pytest.fixture
def archive(container: Container, bench: Workbench) -> Iterator[Archive]:
    with FaultProxy(container.server.port) as proxy:
        trial = Trial(container, proxy)
        trial.container.init()
        trees = {}
        for seed in (90, 91):
            tree = make_plain_tree(bench.folder / f"tree{seed}", seed=seed, n_files=9, megabytes=9)
            backup = trial.run("backup", "--json", "-o", "azure.access-tier=Archive", tree)
            trees[str(backup.summary["snapshot_id"])] = tree
        tier = SlowArchive()
        proxy.script(tier, times=1_000_000)
        yield Archive(trial, tier, trees)


def test_a_restore_without_it_names_the_packs(archive: Archive) -> None:
    snapshot = next(iter(archive.trees))
    result = archive.trial.run("restore", snapshot, "--target", archive.target, expect=INCOMPLETE)
    assert "load pack " in result.err and "`sapdr restore --warm-up`" in result.err
    assert not archive.tier.asked


def test_what_the_restore_needs_is_asked_for_and_nothing_else(archive: Archive) -> None:
    first, second = archive.trees
    needed = archive.packs_of(first)
    assert needed > 0
    command = archive.restore(first, "--warm-up")
    result = archive.trial.run(*command, expect=INVALID_STATE)
    (error,) = result.events("error")
    assert "nothing was restored" in error["message"] and "--warm-up-wait" in error["hint"]
    assert result.summary["packs_asked_for"] == result.summary["packs_waiting"] == needed
    assert len(archive.tier.asked) == needed
    assert set(archive.tier.asked.values()) == {("Hot", "Standard")}
    assert not archive.target.exists()

    again = archive.trial.run(*command, expect=INVALID_STATE).summary
    assert (again["packs_asked_for"], again["packs_waiting"]) == (0, needed)
    archive.bring_back()
    done = archive.trial.run(*command).summary
    assert (done["packs_asked_for"], done["packs_waiting"]) == (0, 0)
    archive.is_restored(first)
    assert archive.packs_of(second) > 0, "the other snapshot is where it was"
    assert len(archive.tier.asked) == needed


def test_a_dry_run_only_asks(archive: Archive) -> None:
    snapshot = next(iter(archive.trees))
    options = ("--dry-run", "--warm-up", "-o", "azure.rehydrate-priority=high")
    cool = ("-o", "azure.access-tier=Cool")
    summary = archive.trial.run(*archive.restore(snapshot, *options, *cool)).summary
    assert summary["packs_asked_for"] == summary["packs"] == len(archive.tier.asked)
    assert set(archive.tier.asked.values()) == {("Cool", "High")}
    assert not archive.target.exists()


def test_it_waits_and_then_restores(archive: Archive) -> None:
    snapshot = next(iter(archive.trees))
    needed = archive.packs_of(snapshot)
    run = archive.trial.start(*archive.restore(snapshot, "--warm-up-wait", "60s"))
    until(lambda: len(archive.tier.asked) == needed)
    assert run.process.poll() is None
    assert not archive.target.exists()
    archive.bring_back()
    result = run.end()
    assert result.code == 0, result.text
    assert result.summary["packs_waiting"] == 0
    progress = [each for each in result.events("progress") if each["phase"] == "prepare"]
    assert any(each["items_done"] == each["items_total"] == needed for each in progress)
    archive.is_restored(snapshot)


def test_it_waits_no_longer_than_it_was_told_to(archive: Archive) -> None:
    snapshot = next(iter(archive.trees))
    result = archive.trial.run(*archive.restore(snapshot, "--warm-up-wait", "2s"), expect=TIMEOUT)
    (error,) = result.events("error")
    assert "still on their way" in error["message"]
    assert result.summary["packs_waiting"] == len(archive.tier.asked)
    assert not archive.target.exists()


def test_the_wait_can_be_cancelled(archive: Archive) -> None:
    snapshot = next(iter(archive.trees))
    run = archive.trial.start(*archive.restore(snapshot, "--warm-up-wait", "10h"))
    until(lambda: bool(archive.tier.asked))
    run.process.send_signal(signal.SIGINT)
    assert run.end().code == CANCELLED
    assert not archive.trial.container.names("locks/")


def test_the_second_copy_cannot_be_warmed_up(archive: Archive) -> None:
    snapshot = next(iter(archive.trees))
    options = ("-o", "azure.secondary=only", "--warm-up")
    result = archive.trial.run(*archive.restore(snapshot, *options), expect=NETWORK)
    assert "can only be read" in result.err


def test_packs_that_are_not_in_the_archive(
    server: azurite.Azurite, bench: Workbench, request: pytest.FixtureRequest
) -> None:
    """And an archive that gives everything back at once, as Azurite's own."""
    container = Container(server, bench, "w" + hashlib.sha256(b"warm").hexdigest()[:20])
    sapdr = container.init()
    tree = make_plain_tree(bench.folder / "tree", seed=92, n_files=9, megabytes=9)
    sapdr("-o", "azure.access-tier=Archive", "backup", tree)
    for asked in (True, False):
        target = bench.folder / f"restored {asked}"
        result = sapdr("restore", "--json", "latest", "--target", target, "--warm-up")
        assert bool(result.summary["packs_asked_for"]) == asked
        assert result.summary["packs_waiting"] == 0
        bench.same(tree, target)
