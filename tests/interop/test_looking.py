"""`diff` and `find` say what restic's say, line by line and number by number."""

from __future__ import annotations

import json
import os
import random
import re
from datetime import datetime
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


@pytest.fixture(scope="module")
def searched(module_bench: Workbench) -> Workbench:
    """Three snapshots, written by both programs, that differ a little."""
    repository = module_bench.theirs()
    sapdr, restic = module_bench.sapdr(repository), module_bench.restic(repository)
    tree = make_plain_tree(module_bench.folder / "tree", seed=41, megabytes=3)
    moment = datetime(2020, 1, 2, 3, 4, 5).timestamp()
    for path in (tree / "empty", tree / "folder 3"):
        os.utime(path, (moment, moment))
    restic("backup", "--host", "alpha", "--tag", "a", "--tag", "b", tree)
    (tree / "folder 1" / "sub 1" / "file 1").write_bytes(b"changed")
    sapdr("backup", "--host", "beta", "--tag", "b", tree)
    (tree / "empty").unlink()
    restic("backup", "--host", "beta", "--tag", "c", tree)
    return module_bench


Matches = dict[str, list[str]]  # by snapshot


def matches(out: str) -> Matches:
    """What `find` printed; restic has its own order of snapshots."""
    found: Matches = {}
    for part in out.strip("\n").split("\n\n"):
        lines = part.split("\n")
        if lines[0]:
            found[lines[0]] = [re.sub(r"^(\S+ +\d+ +\d+) +(\d+)", r"\1 \2", x) for x in lines[1:]]
    return found


def objects(out: str) -> list[str]:
    """What `find --blob` and the like printed, one string for each object, each once."""
    return sorted({f"Found {part}" for part in out.split("Found ")[1:]})


@pytest.mark.parametrize(
    "arguments",
    [
        ["big"],
        ["file 1*", "empty"],
        ["FILE 2", "-i"],
        ["folder 3"],
        ["folder ?/sub 1/*"],
        ["tree/**/file 7"],
        ["-l", "[a-f]mpty", "file [1-3]"],
        ["--newest", "2020-01-02 03:04:05", "*"],
        ["--oldest", "2020-01-02 03:04:05", "--newest", "2020-01-02 03:04:05", "-l", "*"],
        ["--host", "beta", "big"],
        ["--tag", "a,b", "big"],
        ["--tag", "b", "--tag", "c", "big"],
        ["--path", "/nowhere", "big"],
        ["no such thing"],
    ],
    ids=" ".join,
)
def test_find_finds_what_restic_finds(searched: Workbench, arguments: list[str]) -> None:
    repository = searched.folder / "repository"
    ours = searched.sapdr(repository)("find", *arguments)
    theirs = searched.restic(repository)("find", *arguments)
    assert matches(ours.out) == matches(theirs.out)
    expects_none = "no such thing" in arguments or "/nowhere" in arguments
    assert bool(ours.out) != expects_none


def test_find_finds_the_objects_that_restic_finds(searched: Workbench) -> None:
    repository = searched.folder / "repository"
    sapdr, restic = searched.sapdr(repository), searched.restic(repository)
    lines = restic("list", "blobs").out.splitlines()
    blobs = [line.split()[1] for line in lines if line.startswith("data ")]
    for some in (blobs[:1], blobs[-3:]):
        ours = objects(sapdr("find", "--blob", *some).out)
        assert ours and ours == objects(restic("find", "--blob", *some).out)
    n_packs = 0
    for pack in restic("list", "packs").out.split():
        theirs = objects(restic("find", "--pack", pack).out)
        n_packs += bool(theirs)
        # restic 0.14 does not say what needs the trees of a pack.
        ours = [each for each in objects(sapdr("find", "--pack", pack).out) if "Found blob" in each]
        assert ours == theirs
    assert n_packs > 0
    trees = [line.split()[1] for line in lines if line.startswith("tree ")]
    n_trees = 0
    for tree in trees[:6]:
        ours = objects(sapdr("find", "--tree", tree).out)
        theirs = objects(restic("find", "--tree", tree).out)
        n_trees += bool(theirs)
        # restic 0.14 stops at the first place, and does not see the root.
        assert ours and set(theirs) <= set(ours)
    assert n_trees > 0
