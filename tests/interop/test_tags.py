"""Tags that one program changed, as the other one sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Program
from make_trees import make_plain_tree
from workbench import Workbench


@pytest.fixture
def repository(bench: Workbench) -> Path:
    """Two snapshots, one of each program."""
    repository = bench.ours()
    tree = make_plain_tree(bench.folder / "tree", seed=71, megabytes=0.5)
    bench.sapdr(repository)("backup", "--verify", "--host", "ours", "--tag", "a,b", tree)
    bench.restic(repository)("backup", "--host", "theirs", "--tag", "a,b", tree)
    return repository


def listed(restic: Program) -> dict[str, dict[str, Any]]:
    """By host, as restic tells them."""
    return {s["hostname"]: s for s in json.loads(restic("snapshots", "--json").out)}


def test_tags_that_we_change(bench: Workbench, repository: Path) -> None:
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    before = listed(restic)
    sapdr("tag", "--add", "new", "--remove", "a")
    once = listed(restic)
    sapdr("tag", "--set", "x", "--host", "theirs")
    after = listed(restic)
    assert once["ours"]["tags"] == once["theirs"]["tags"] == ["b", "new"]
    assert after["theirs"]["tags"] == ["x"]
    for host in ("ours", "theirs"):
        assert after[host]["original"] == before[host]["id"] != after[host]["id"]
        same = {"time", "tree", "paths", "hostname", "username"}
        assert {k: before[host][k] for k in same} == {k: after[host][k] for k in same}
    bench.check_both(repository)
    restic("restore", after["theirs"]["id"], "--target", bench.folder / "out")
    bench.same(bench.folder / "tree", bench.folder / "out")


def test_tags_that_restic_changes_after_us(bench: Workbench, repository: Path) -> None:
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    before = listed(restic)
    sapdr("tag", "--add", "one")
    restic("tag", "--add", "two")
    after = listed(restic)
    for host in ("ours", "theirs"):
        assert after[host]["original"] == before[host]["id"]
        assert after[host]["tags"] == ["a", "b", "one", "two"]
    ours = {s["host"]: s["tags"] for s in sapdr("snapshots", "--json").events("snapshot")}
    assert ours == {host: after[host]["tags"] for host in after}
    bench.check_both(repository)


def test_restic_forgets_what_we_tagged(bench: Workbench, repository: Path) -> None:
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    sapdr("tag", "--add", "old", "--host", "theirs")
    restic("forget", "--tag", "old", "--keep-tag", "nothing", "--keep-last", "1", "--prune")
    sapdr("tag", "--remove", "old")
    bench.check_both(repository)
