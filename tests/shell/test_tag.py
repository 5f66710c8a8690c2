"""Tags of snapshots, changed afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell_tools import Event, Shell


@pytest.fixture
def two(shell: Shell, tree: Path) -> Shell:
    """The command with two snapshots of two hosts; the first one is verified."""
    shell("backup", tree, "--verify", "--host", "one", "--tag", "a,b")
    shell("backup", tree, "--host", "two", "--tag", "c")
    return shell


def snapshots(shell: Shell) -> dict[str, Event]:
    """By host."""
    return {e["host"]: e for e in shell.json("snapshots").of("snapshot")}


def tags(shell: Shell) -> tuple[list[str], list[str]]:
    found = snapshots(shell)
    assert sorted(found) == ["one", "two"]
    return found["one"]["tags"], found["two"]["tags"]


def test_tags_are_added_removed_and_set(two: Shell) -> None:
    assert two("tag", "--add", "x,y", "--add", "a", "--remove", "b,c").out == (
        "changed the tags of 2 snapshots, 0 had them already\n"
    )
    assert tags(two) == (["a", "x", "y"], ["x", "y", "a"])
    two("tag", "--set", "z", "--set", "x,z")
    assert tags(two) == (["z", "x"], ["z", "x"])
    two("tag", "--set", "")
    assert tags(two) == ([], [])
    assert two("tag", "--set", "").out == "changed the tags of 0 snapshots, 2 had them already\n"


def test_which_snapshots(two: Shell) -> None:
    before = snapshots(two)
    two("tag", "--add", "1", before["one"]["id"][:10])
    two("tag", "--add", "2", "--host", "two")
    two("tag", "--add", "3", "--tag", "1", "--tag", "nothing")
    two("tag", "--add", "4", "latest")
    two("tag", "--add", "5", "--tag", "1", "--tag", "2,4")
    two("tag", "--add", "6", "--path", "/nothing")
    assert tags(two) == (["a", "b", "1", "3", "5"], ["c", "2", "4", "5"])
    two.fails("E_NOT_FOUND", "tag", "--add", "7", "zz")
    two.fails("E_INVALID_ARGUMENT", "tag", "--add", "7", "latest:/x")
    assert tags(two)[0][-1] == "5"


def test_a_changed_snapshot_has_a_new_id_and_stays_verified(two: Shell) -> None:
    before = snapshots(two)
    stream = two.json("tag", "-v", "--add", "x", "--host", "one")
    (item,) = stream.of("item")
    after = snapshots(two)
    assert (item["action"], item["object_type"]) == ("modified", "snapshot")
    assert item["object_id"] == before["one"]["id"]
    assert item["snapshot_id"] == after["one"]["id"]
    assert after["two"] == before["two"]
    assert after["one"]["state"] == "verified"
    assert after["one"]["verified_at"] == before["one"]["verified_at"]
    assert (stream.summary["changed"], stream.summary["unchanged"]) == (1, 0)
    line = two("tag", "-v", "--add", "y", "--host", "one").out.splitlines()[0]
    now = snapshots(two)["one"]["short_id"]
    assert line == f"modified   snapshot {after['one']['id']} -> {now}"


def test_a_repository_in_use(two: Shell) -> None:
    process = two.start("backup", "--stdin")
    try:
        while not two.locks():
            assert process.poll() is None
        two.fails("E_LOCKED", "tag", "--add", "x", "--host", "one")
    finally:
        process.communicate(b"data")
    assert snapshots(two)["one"]["tags"] == ["a", "b"]
    assert not two.locks()


def test_a_damaged_snapshot_is_named(two: Shell) -> None:
    path = two.repository / "snapshots" / snapshots(two)["two"]["id"]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:40])
    assert path.name in two.fails("E_CORRUPT", "tag", "--add", "x").error
    two("tag", "--add", "x", two("list", "snapshots").out.replace(path.name, "").split()[0])
