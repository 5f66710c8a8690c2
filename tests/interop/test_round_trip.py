"""What one program backs up, the other one checks, lists and restores: the same tree."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import trees
from commands import Program
from make_trees import make_odd_tree, make_plain_tree, write
from workbench import Workbench, inside


@pytest.fixture
def odd_tree(bench: Workbench) -> Path:
    return make_odd_tree(bench.folder / "odd tree")


def test_our_backup_of_odd_files_is_restored_by_restic(bench: Workbench, odd_tree: Path) -> None:
    repository = bench.ours()
    bench.sapdr(repository)("backup", odd_tree)
    restic = bench.restic(repository)
    restic("check", "--read-data")
    restic("restore", "latest", "--target", bench.folder / "out")
    bench.same(odd_tree, bench.folder / "out")


def test_our_backup_of_odd_files_is_restored_by_us(bench: Workbench, odd_tree: Path) -> None:
    # restic 0.14 has no way to note such a target.
    os.symlink(b"bytes \xff", os.fsencode(odd_tree / "symlink to odd bytes"))
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    sapdr("backup", "--verify", odd_tree)
    sapdr("restore", "latest", "--target", bench.folder / "out", "--verify")
    bench.same(odd_tree, bench.folder / "out")
    for name in ("all hole", "data in the middle", "zeros that were written"):
        path = bench.folder / "out" / odd_tree.relative_to("/") / "holes" / name
        assert trees.allocated(path) <= 1_048_576, f"{name} was restored without its holes"
    sapdr("verify", "latest", "--strict", "--target", bench.folder / "out")


def test_attributes_whose_names_are_not_utf8(bench: Workbench) -> None:
    """restic ignores them where they are; it would make other ones of them."""
    tree = make_plain_tree(bench.folder / "tree", seed=9)
    for path in (tree, write(tree / "odd", b"content")):
        os.setxattr(path, b"user.odd \xff", b"value")
        os.setxattr(path, b"user.even", b"value")
    repository = bench.ours()
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    sapdr("backup", tree)
    sapdr("restore", "latest", "--target", bench.folder / "out")
    bench.same(tree, bench.folder / "out")
    sapdr("verify", "latest", "--strict")
    os.removexattr(tree / "odd", b"user.odd \xff")
    assert "extended attributes" in sapdr.run("verify", "latest", "--strict").text

    bench.check_both(repository)
    restic("restore", "latest", "--target", bench.folder / "by restic")
    restored = inside(bench.folder / "by restic", tree) / "odd"
    assert os.listxattr(restored) == ["user.even"]
    assert restored.read_bytes() == b"content"


def test_backup_of_odd_files_by_restic_is_restored_by_us(bench: Workbench, odd_tree: Path) -> None:
    repository = bench.theirs()
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    restic("backup", odd_tree)
    sapdr("check", "--read-data")
    sapdr("restore", "latest", "--target", bench.folder / "out", "--verify")
    bench.same(odd_tree, bench.folder / "out")
    sapdr("verify", "latest", "--strict")


@pytest.mark.parametrize("version", [1, 2])
def test_both_use_a_repository_that_restic_made(bench: Workbench, version: int) -> None:
    repository = bench.theirs(version=version)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    tree = make_plain_tree(bench.folder / "tree", seed=version)
    restic("backup", "--tag", "theirs", "--host", "alpha", tree)
    (tree / "new").write_bytes(b"new")
    sapdr("backup", "--tag", "ours", "--host", "alpha", tree)
    bench.check_both(repository)
    for i, program in enumerate((restic, sapdr)):
        program("restore", "latest", "--target", bench.folder / f"out {i}")
        bench.same(tree, bench.folder / f"out {i}")


@pytest.mark.parametrize("mode", ["off", "auto", "max"])
def test_restic_reads_every_compression_of_ours(bench: Workbench, mode: str) -> None:
    repository = bench.ours()
    tree = make_plain_tree(bench.folder / "tree", seed=3, megabytes=1)
    bench.sapdr(repository)("--compression", mode, "backup", tree)
    bench.check_both(repository)


def test_we_read_every_compression_of_restic(bench: Workbench) -> None:
    repository = bench.theirs()
    restic = bench.restic(repository)
    for seed, mode in enumerate(("off", "auto", "max")):
        tree = make_plain_tree(bench.folder / mode, seed=seed, megabytes=1)
        restic("--compression", mode, "backup", tree)
    bench.check_both(repository)


def test_both_list_the_same_snapshots_and_files(bench: Workbench, odd_tree: Path) -> None:
    repository = bench.theirs()
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    restic("backup", "--tag", "a,b", "--host", "alpha", odd_tree)
    sapdr("backup", "--tag", "c", "--host", "beta", odd_tree / "links")
    ours = sapdr("snapshots", "--json").events("snapshot")
    listed = restic("snapshots").out
    assert [s["short_id"] for s in ours if s["short_id"] in listed] == [s["short_id"] for s in ours]
    assert [(s["host"], s["tags"], s["paths"]) for s in ours] == [
        ("alpha", ["a", "b"], [str(odd_tree)]),
        ("beta", ["c"], [str(odd_tree / "links")]),
    ]
    alpha = ours[0]["id"]
    theirs_ls = restic("ls", alpha).out.split("\n", 1)[1].split("\n")
    ours_ls = sapdr("ls", "--json", alpha).events("node")
    plain = [n["path"] for n in ours_ls if n["path"].isprintable() and "path_base64" not in n]
    assert len(plain) > 100
    assert set(plain) <= set(theirs_ls)


def test_dump_gives_the_bytes_that_restic_gives(bench: Workbench) -> None:
    repository = bench.theirs()
    tree = make_plain_tree(bench.folder / "tree", seed=4, megabytes=3)
    bench.restic(repository)("backup", tree)
    ours = bench.sapdr(repository)("dump", "latest", tree / "big")
    theirs = bench.restic(repository)("dump", "latest", tree / "big")
    assert ours.out == theirs.out
    assert ours.out.encode(errors="surrogateescape") == (tree / "big").read_bytes()


def test_standard_input_goes_both_ways(bench: Workbench) -> None:
    repository = bench.ours()
    data = bytes(range(256)) * 20_000
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    result = sapdr.run("backup", "--stdin", "--stdin-filename", "dump.sql", stdin=data)
    assert result.code == 0, result.text
    assert restic("dump", "latest", "/dump.sql").out.encode(errors="surrogateescape") == data
    result = restic.run("backup", "--stdin", "--stdin-filename", "theirs.sql", stdin=data)
    assert result.code == 0, result.text
    assert sapdr("dump", "latest", "/theirs.sql").out.encode(errors="surrogateescape") == data
    bench.check_both(repository)


def entries(sapdr: Program, snapshot: str, path: str) -> list[dict[str, Any]]:
    return sapdr("ls", "--json", snapshot, path).events("node")


def test_many_paths_and_relative_ones_become_the_tree_that_restic_makes(bench: Workbench) -> None:
    repository = bench.theirs()
    a = make_plain_tree(bench.folder / "one" / "same name", seed=5, megabytes=0.1)
    b = make_plain_tree(bench.folder / "two" / "same name", seed=6, megabytes=0.1)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    runs: list[tuple[tuple[str | Path, ...], Path]] = [
        ((a, b), bench.folder),
        (("one", "two"), bench.folder),
        ((".",), bench.folder / "one"),
        ((a / "big", b / "folder 1"), bench.folder),
    ]
    for arguments, cwd in runs:
        restic("backup", "--host", "x", *arguments, cwd=cwd)
        sapdr("backup", "--host", "x", "--parent", "none", *arguments, cwd=cwd)
        theirs, ours = sapdr("snapshots", "--json").events("snapshot")[-2:]
        # Folders above the given ones change all the time; what is in these must be the same.
        given = [f"/{a}".replace("//", "/") for a in arguments] if "." not in arguments else ["/"]
        for path in given:
            assert entries(sapdr, ours["id"], path) == entries(sapdr, theirs["id"], path)
        assert ours["paths"] == theirs["paths"], arguments


def test_a_key_of_ours_with_the_usual_cost_opens_for_restic(bench: Workbench) -> None:
    repository = bench.folder / "usual"
    bench.sapdr(repository)("init")
    bench.restic(repository)("check")
    config = bench.restic(repository)("cat", "config").out
    assert json.loads(bench.sapdr(repository)("cat", "config").out) == json.loads(config)
