"""`sapdr find`: patterns, times, ids, snapshots, events, damage."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from shell_tools import Shell


@pytest.fixture
def two(shell: Shell, tree: Path) -> Shell:
    """A snapshot of host alpha, and one of host beta with another file."""
    os.utime(tree / "a.txt", (1_600_000_000, 1_600_000_000))
    shell("backup", tree, "--host", "alpha", "--tag", "x", "--time", "2020-02-03 04:05:06")
    (tree / "sub" / "A.TXT").write_text("upper")
    shell("backup", tree, "--host", "beta", "--tag", "y", "--time", "2021-02-03 04:05:06")
    return shell


def ids(shell: Shell) -> list[str]:
    return [s["id"] for s in shell.json("snapshots").of("snapshot")]


def paths(shell: Shell, *arguments: str | Path) -> list[str]:
    matches = shell.json("find", *arguments).of("match")
    hosts = dict(zip(ids(shell), ("alpha", "beta"), strict=True))
    return [hosts[m["snapshot_id"]] + " " + os.path.basename(m["path"]) for m in matches]


def test_matches_come_by_snapshot(two: Shell, tree: Path) -> None:
    one, other = ids(two)
    assert two("find", "*.txt", "B.BIN", "-i").out == (
        f"Found matching entries in snapshot {one[:8]} from 2020-02-03 04:05:06\n"
        f"{tree}/a.txt\n{tree}/sub/b.bin\n\n"
        f"Found matching entries in snapshot {other[:8]} from 2021-02-03 04:05:06\n"
        f"{tree}/a.txt\n{tree}/sub/A.TXT\n{tree}/sub/b.bin\n"
    )
    long = two("find", "-l", "a.txt").out
    row = rf"^-rw-r--r-- +\d+ +\d+ +6 2020-09-13 12:26:40 {tree}/a\.txt$"
    assert len(re.findall(row, long, re.M)) == 2
    assert two("find", "nothing").out == ""


def test_which_snapshots_and_times(two: Shell, tree: Path) -> None:
    assert paths(two, "a.txt") == ["alpha a.txt", "beta a.txt"]
    assert paths(two, "a.txt", "--host", "beta") == ["beta a.txt"]
    assert paths(two, "a.txt", "--tag", "x", "--tag", "y") == ["alpha a.txt", "beta a.txt"]
    assert paths(two, "a.txt", "--tag", "x", "--tag", "z") == ["alpha a.txt"]
    assert paths(two, "a.txt", "--tag", "p", "--tag", "q") == []
    assert paths(two, "a.txt", "-s", "latest", "--tag", "x", "--tag", "z") == ["alpha a.txt"]
    assert paths(two, "/sub/*", "-s", f"latest:{tree}") == ["beta A.TXT", "beta b.bin"]
    assert paths(two, "a.txt", "-s", ids(two)[1][:8], "-s", ids(two)[0]) == [
        "beta a.txt",
        "alpha a.txt",
    ]
    assert paths(two, "*", "--newest", "2020-09-13 12:26:40") == ["alpha a.txt", "beta a.txt"]
    assert paths(two, "*", "--newest", "2020-09-13 12:26:39") == []
    assert paths(two, "a.txt", "--oldest", "2020-09-13 12:26:41") == []
    assert paths(two, "*", "--oldest", "now") == []
    assert len(paths(two, "*.txt", "-i", "--newest", "now")) == 3


def test_objects_by_their_ids(two: Shell, tree: Path) -> None:
    (match,) = two.json("find", "--tree", two.json("snapshots").of("snapshot")[0]["tree"]).of(
        "match"
    )
    assert (match["path"], match["object_type"]) == ("/", "tree")
    assert "tree_id" not in match
    found: dict[str, dict[str, str]] = {}
    for blob in two("list", "blobs").out.split():
        if two("cat", "blob", blob).out.startswith('{"nodes"'):
            continue
        for match in two.json("find", "--blob", blob[:16], "-s", "latest").of("match"):
            found[match["path"]] = match
            assert match["object_id"] == blob
    assert set(found) == {f"{tree}/a.txt", f"{tree}/sub/A.TXT", f"{tree}/sub/b.bin"}
    upper = found[f"{tree}/sub/A.TXT"]
    assert two("find", "--blob", upper["object_id"]).out == (
        f"Found blob {upper['object_id']}\n ... in file {tree}/sub/A.TXT\n"
        f"     (tree {upper['tree_id']})\n"
        f" ... in snapshot {ids(two)[1][:8]} (2021-02-03 04:05:06)\n"
    )
    packs = two("list", "packs").out.split()
    needed = {m["path"] for pack in packs for m in two.json("find", "--pack", pack).of("match")}
    assert needed >= {"/", f"{tree}/a.txt", f"{tree}/sub", f"{tree}/sub/b.bin"}
    two.fails("E_NOT_FOUND", "find", "--pack", "0123456789")
    two.fails("E_NOT_FOUND", "find", "--blob", "0123456789")


def test_a_folder_that_cannot_be_read_is_named(two: Shell, tree: Path) -> None:
    old = set(two("list", "packs").out.split())
    (tree / "a.txt").write_text("other\n")
    two("backup", tree)
    for pack in set(two("list", "packs").out.split()) - old:
        (two.repository / "data" / pack[:2] / pack).unlink()
    latest = ids(two)[2]
    result = two.fails("E_INCOMPLETE", "find", "a.txt")
    assert result.err.startswith(f"failed     / in snapshot {latest[:8]}: ")
    assert result.out.count(f"{tree}/a.txt\n") == 2
    stream = two.json("find", "a.txt", code=3)
    assert (stream.summary["failed"], stream.summary["matches"]) == (1, 2)
