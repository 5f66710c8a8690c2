"""Keys of one program open the repository for the other one."""

from __future__ import annotations

from pathlib import Path

import commands
import pytest
from commands import AUTH, Program
from make_trees import make_plain_tree
from workbench import Workbench

CHEAP = ("--scrypt-n", "1024")


class Keys:
    """A repository with a snapshot in it, and the programs with any password."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.repository = bench.ours()
        bench.sapdr(self.repository)(
            "backup", make_plain_tree(bench.folder / "tree", seed=70, megabytes=0.1)
        )

    def file(self, password: str) -> Path:
        path = self.bench.folder / f"password {password}"
        path.write_text(password + "\n")
        return path

    def with_password(self, password: str) -> tuple[Program, Program]:
        file = self.file(password)
        return (
            commands.sapdr(self.bench.command, self.repository, file),
            commands.restic(self.repository, file, self.bench.folder / "cache"),
        )


@pytest.fixture
def keys(bench: Workbench) -> Keys:
    return Keys(bench)


def test_a_key_that_we_add_opens_for_restic(bench: Workbench, keys: Keys) -> None:
    first = bench.sapdr(keys.repository)
    added = first("key", "add", "--new-password-file", keys.file("b"), "--host", "ship", "--json")
    sapdr, restic = keys.with_password("b")
    for program in (sapdr, restic):
        program("check")
    listed = restic("key", "list").out.splitlines()
    short = added.summary["key_id"][:8]
    (current,) = [line for line in listed if line.startswith("*")]
    assert short in current and "ship" in current
    assert len([line for line in listed if "root" in line or "ship" in line]) == 2


def test_a_key_that_restic_adds_opens_for_us(bench: Workbench, keys: Keys) -> None:
    bench.restic(keys.repository)(
        "key", "add", "--new-password-file", keys.file("b"), "--host", "theirs", "--user", "jo"
    )
    sapdr, _ = keys.with_password("b")
    listed = sapdr("key", "list", "--json").events("key")
    assert [(k["host"], k["user"]) for k in listed if k["current"]] == [("theirs", "jo")]
    (first,) = [k["id"] for k in listed if not k["current"]]
    sapdr("key", "remove", first)
    assert bench.restic(keys.repository).run("snapshots").code != 0
    bench.sapdr(keys.repository)("snapshots", expect=AUTH)
    sapdr("check", "--read-data")


def test_a_password_that_we_change_is_changed_for_restic(bench: Workbench, keys: Keys) -> None:
    sapdr, restic = bench.sapdr(keys.repository), bench.restic(keys.repository)
    sapdr("key", "passwd", "--new-password-file", keys.file("b"), *CHEAP)
    sapdr("snapshots", expect=AUTH)
    assert "wrong password" in restic.run("snapshots").err
    ours, theirs = keys.with_password("b")
    theirs("check", "--read-data")
    ours("check", "--read-data")
    assert len(list((keys.repository / "keys").iterdir())) == 1


def test_a_password_that_restic_changes_is_changed_for_us(bench: Workbench, keys: Keys) -> None:
    sapdr, restic = bench.sapdr(keys.repository), bench.restic(keys.repository)
    restic("key", "passwd", "--new-password-file", keys.file("b"))
    sapdr("snapshots", expect=AUTH)
    ours, _ = keys.with_password("b")
    ours("check", "--read-data")


def test_restic_removes_a_key_of_ours(bench: Workbench, keys: Keys) -> None:
    sapdr = bench.sapdr(keys.repository)
    add = ("key", "add", "--new-password-file", keys.file("b"), *CHEAP, "--json")
    added = sapdr(*add).summary["key_id"]
    bench.restic(keys.repository)("key", "remove", added)
    ours, _ = keys.with_password("b")
    ours("snapshots", expect=AUTH)
    assert [k["current"] for k in sapdr("key", "list", "--json").events("key")] == [True]
