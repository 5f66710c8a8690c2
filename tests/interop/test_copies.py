"""Snapshots copied between repositories of both programs, by both programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Program
from make_trees import make_odd_tree, make_plain_tree
from workbench import Workbench


def source_of(program: Program, repository: Path) -> list[str | Path]:
    return ["--from-repo", repository, "--from-password-file", program.password_file]


def listed(restic: Program) -> list[dict[str, Any]]:
    snapshots: list[dict[str, Any]] = json.loads(restic("snapshots", "--json").out)
    return sorted(snapshots, key=lambda s: str(s["time"]))


@pytest.mark.parametrize("made_by", ["ours", "theirs 1", "theirs 2"])
@pytest.mark.parametrize("into", ["ours", "theirs 1"])
def test_what_we_copy_is_whole_for_both(bench: Workbench, made_by: str, into: str) -> None:
    def make(kind: str, name: str) -> Path:
        return bench.ours(name) if kind == "ours" else bench.theirs(name, version=int(kind[-1]))

    source, target = make(made_by, "source"), make(into, "target")
    tree = make_plain_tree(bench.folder / "tree", seed=80, megabytes=3)
    writer = bench.sapdr(source) if made_by == "ours" else bench.restic(source)
    writer("backup", "--tag", "a,b", "--host", "alpha", tree)
    (tree / "big").write_bytes((tree / "big").read_bytes()[1_000_000:])
    writer("backup", "--tag", "c", "--host", "alpha", tree)
    sapdr, restic = bench.sapdr(target), bench.restic(target)
    sapdr("copy", *source_of(sapdr, source))
    bench.check_both(target)
    originals, copies = listed(bench.restic(source)), listed(restic)
    assert [s["original"] for s in copies] == [s["id"] for s in originals]
    assert not any("parent" in s for s in copies)
    for key in ("time", "tree", "paths", "hostname", "username", "tags"):
        assert [s.get(key) for s in copies] == [s.get(key) for s in originals]
    for i, program in enumerate((sapdr, restic)):
        program("restore", copies[-1]["id"], "--target", bench.folder / f"out {i}")
        bench.same(tree, bench.folder / f"out {i}")


def test_a_copy_of_odd_files_restores_like_the_original(bench: Workbench) -> None:
    source, target = bench.ours("source"), bench.ours("target")
    tree = make_odd_tree(bench.folder / "odd tree")
    bench.sapdr(source)("backup", tree)
    sapdr = bench.sapdr(target)
    sapdr("copy", *source_of(sapdr, source))
    bench.check_both(target)
    for repository in (source, target):
        out = bench.folder / f"out of {repository.name}"
        bench.sapdr(repository)("restore", "latest", "--target", out, "--verify")
        bench.same(tree, out)
    sapdr("verify", "latest", "--strict")


def test_each_skips_what_the_other_one_copied(bench: Workbench) -> None:
    source = bench.ours("source")
    tree = make_plain_tree(bench.folder / "tree", seed=81, megabytes=0.2)
    bench.sapdr(source)("backup", "--host", "one", "--tag", "x,y", "--exclude", "nothing", tree)
    bench.restic(source)("backup", "--host", "two", "--exclude", "nothing", tree)
    first, second = bench.ours("first"), bench.ours("second")
    bench.sapdr(first)("copy", *source_of(bench.sapdr(first), source))
    bench.restic(second)("copy", *source_of(bench.restic(second), source))
    bench.check_both(second)
    theirs = bench.restic(first)("copy", *source_of(bench.restic(first), source)).out
    assert theirs.count("was already copied to snapshot") == 2
    ours = bench.sapdr(second)("copy", *source_of(bench.sapdr(second), source), "--json").summary
    assert (ours["snapshots_copied"], ours["snapshots_skipped"]) == (0, 2)
    # The way back, and a copy of a copy.
    back = bench.sapdr(source)("copy", *source_of(bench.sapdr(source), first), "--json").summary
    assert back["snapshots_skipped"] == 2
    on = bench.sapdr(second)("copy", *source_of(bench.sapdr(second), first), "--json").summary
    assert on["snapshots_skipped"] == 2
    for repository in (first, second):
        assert len(listed(bench.restic(repository))) == 2


def test_with_the_same_chunker_params_nothing_is_stored_twice(bench: Workbench) -> None:
    source = bench.theirs("source")
    target = bench.folder / "target"
    tree = make_plain_tree(bench.folder / "tree", seed=82, megabytes=5)
    bench.restic(source)("backup", tree)
    sapdr = bench.sapdr(target)
    sapdr("init", "--scrypt-n", "1024", "--copy-chunker-params", *source_of(sapdr, source))
    configs = [json.loads(bench.restic(r)("cat", "config").out) for r in (source, target)]
    assert configs[0]["chunker_polynomial"] == configs[1]["chunker_polynomial"]
    sapdr("copy", *source_of(sapdr, source))
    again = sapdr("backup", "--force", tree, "--json")
    assert again.summary["bytes_read"] > 5_000_000
    assert again.summary["data_blobs_new"] == 0
    bench.check_both(target)
