"""`diff` says what restic's says, line by line and number by number."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path

import pytest
from commands import Program
from make_trees import make_odd_tree, make_plain_tree, write
from workbench import Workbench


def snapshots(sapdr: Program) -> list[str]:
    return [s["id"] for s in sapdr("snapshots", "--json").events("snapshot")]


def unescaped(text: str) -> str:
    """Names as `sapdr` prints them, with the bytes that they stand for."""

    def byte(match: re.Match[str]) -> str:
        escape = match[1]
        if escape[0] == "x":
            return bytes([int(escape[1:], 16)]).decode(errors="surrogateescape")
        if escape[0] == "u":
            return chr(int(escape[2:-1], 16))
        return {"n": "\n", "t": "\t", "\\": "\\"}[escape]

    return re.sub(r"\\(x[0-9a-f]{2}|u\{[0-9a-f]+\}|[nt\\])", byte, text)


def assert_same_diff(sapdr: Program, restic: Program, before: str, after: str) -> None:
    for options in ([], ["--metadata"]):
        ours = unescaped(sapdr("diff", *options, before, after).out)
        theirs = restic("diff", *options, before, after).out
        header, theirs = theirs.split("\n\n", 1)
        assert header == f"comparing snapshot {before[:8]} to {after[:8]}:"
        assert [line.rstrip() for line in ours.split("\n")] == [
            line.rstrip() for line in theirs.split("\n")
        ]
    ours_summary = sapdr("diff", "--json", before, after).summary
    statistics = json.loads(restic("diff", "--json", before, after).out.splitlines()[-1])
    for side, word in (("added", "new"), ("removed", "removed")):
        for key, number in statistics[side].items():
            assert ours_summary[f"{key}_{word}"] == number, (side, key)
    assert ours_summary["files_changed"] == statistics["changed_files"]


def change_everything(tree: Path, rng: random.Random) -> None:
    copied = tree / "copied"
    files = sorted(p for p in tree.rglob("*") if p.is_file() and not p.is_symlink() and p != copied)
    folders = sorted(p for p in tree.rglob("*") if p.is_dir())
    removed, modified, touched, replaced = rng.sample(files, 4)
    removed.unlink()
    modified.write_bytes(rng.randbytes(rng.randrange(3_000_000)))
    touched.chmod(0o604)
    replaced.unlink()
    replaced.symlink_to("elsewhere")
    write(rng.choice(folders) / "copy", copied.read_bytes())
    write(tree / "born" / "in" / f"file {rng.random()}", rng.randbytes(1000))


@pytest.mark.parametrize("writer", ["restic", "sapdr", "in turn"])
def test_snapshots_of_a_tree_that_changes(bench: Workbench, writer: str) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    repository = bench.theirs()
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    writers = {"restic": [restic], "sapdr": [sapdr], "in turn": [restic, sapdr]}[writer]
    tree = make_plain_tree(bench.folder / "tree", seed=40, megabytes=4)
    write(tree / "copied", rng.randbytes(2_000_000))
    for i in range(4):
        writers[i % len(writers)]("backup", tree)
        change_everything(tree, rng)
    ids = snapshots(sapdr)
    for before, after in [(0, 1), (1, 2), (2, 3), (0, 3), (3, 0), (1, 1)]:
        assert_same_diff(sapdr, restic, ids[before], ids[after])


def test_everything_that_a_file_system_holds(bench: Workbench) -> None:
    repository = bench.ours()
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    tree = make_odd_tree(bench.folder / "tree")
    write(bench.folder / "other" / "file", b"another tree")
    sapdr("backup", tree)
    sapdr("backup", bench.folder / "other")
    os.setxattr(tree / "xattrs" / "file", "user.text", b"changed")
    (tree / "links" / "symlink").unlink()
    (tree / "links" / "symlink").mkdir()
    (tree / "specials" / "fifo").unlink()
    (tree / "deep" / "level 0" / "new").write_bytes(b"x")
    sapdr("backup", tree)
    first, other, second = snapshots(sapdr)
    for before, after in [(first, second), (first, other), (other, second)]:
        assert_same_diff(sapdr, restic, before, after)
