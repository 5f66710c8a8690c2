"""Both programs write into one repository, one after the other and at the same time."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import Program
from make_trees import make_odd_tree, make_plain_tree, write
from workbench import Workbench


def data_blobs(restic: Program) -> set[str]:
    lines = restic("list", "blobs").out.splitlines()
    return {line.split()[1] for line in lines if line.startswith("data ")}


def nodes_of(sapdr: Program, tree: str) -> list[Any]:
    """All that a tree says, folders with what is in them.

    restic 0.14 notes device_id for everything; newer ones, as we do, where it means something.
    """
    nodes = json.loads(sapdr("cat", "blob", tree).out)["nodes"]
    for node in nodes:
        if node.get("links", 1) < 2 or node["type"] == "dir":
            node.pop("device_id", None)
        if node["type"] == "dir":
            node["subtree"] = nodes_of(sapdr, node["subtree"])
    return list(nodes)


@pytest.mark.parametrize("first", ["restic", "sapdr"])
def test_each_finds_the_blobs_of_the_other(bench: Workbench, first: str) -> None:
    repository = bench.theirs() if first == "restic" else bench.ours()
    tree = make_plain_tree(bench.folder / "tree", seed=7, megabytes=12)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    programs = [restic, sapdr] if first == "restic" else [sapdr, restic]
    programs[0]("backup", tree)
    blobs = data_blobs(restic)
    assert len(blobs) > 60
    for program in (programs[1], programs[0], programs[1]):
        program("backup", tree)
        assert data_blobs(restic) == blobs, "data of an unchanged tree was stored again"
        bench.check_both(repository)


@pytest.mark.parametrize("reader", ["restic", "sapdr"])
def test_contents_are_cut_at_the_same_places(bench: Workbench, reader: str) -> None:
    """Without a parent every byte is read and cut again, and still nothing is new."""
    repository = bench.theirs()
    tree = make_plain_tree(bench.folder / "tree", seed=8, megabytes=20)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    if reader == "sapdr":
        restic("backup", tree)
        blobs = data_blobs(restic)
        result = sapdr("backup", "--json", "--parent", "none", tree).summary
        assert result["bytes_read"] >= 20_000_000
    else:
        sapdr("backup", tree)
        blobs = data_blobs(restic)
        restic("backup", "--force", tree)
    assert data_blobs(restic) == blobs


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", "--parent", "none", "{}"),
        ("backup", "--parent", "none", "--threads", "1", "{}"),
        ("backup", "--parent", "none", "--chunker", "restic", "{}"),
        ("backup", "--parent", "none", "--compression", "max", "{}"),
        ("backup", "--stdin", "--stdin-filename", "dump"),
    ],
    ids=lambda arguments: " ".join(arguments[1:-1]),
)
@pytest.mark.parametrize("name", ["weights", "weights.safetensors"])
def test_every_way_in_cuts_where_restic_cut(
    bench: Workbench, arguments: tuple[str, ...], name: str
) -> None:
    """A large file, which restic stored, adds no data blob when it comes in another way. What is
    named like a file of tensors and has no header of one is no exception."""
    repository = bench.theirs()
    content = random.Random(f"{name} {arguments}").randbytes(30_000_000)
    file = write(bench.folder / name, content)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    restic("backup", file)
    blobs = data_blobs(restic)
    assert len(blobs) > 10
    stdin = content if "--stdin" in arguments else b""
    run = sapdr.run("--json", *(each.format(file) for each in arguments), stdin=stdin)
    assert run.code == 0, run.text
    assert run.summary["bytes_total"] == len(content)
    assert run.summary["data_blobs_new"] == 0
    assert data_blobs(restic) == blobs


def test_each_takes_the_snapshot_of_the_other_as_parent(bench: Workbench) -> None:
    repository = bench.theirs()
    tree = make_odd_tree(bench.folder / "tree")
    shutil.rmtree(tree / "deep")
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    backup = ("backup", "--json", tree.name)
    restic(*backup, cwd=bench.folder)
    ours = sapdr(*backup, cwd=bench.folder).summary
    assert ours["files_new"] == ours["files_changed"] == 0
    assert ours["bytes_read"] == 0, "unchanged files were read"
    theirs = json.loads(restic(*backup, cwd=bench.folder).out.splitlines()[-1])
    assert theirs["files_new"] == theirs["files_changed"] == 0
    first, second, third = sapdr("snapshots", "--json").events("snapshot")
    assert second["parent"] == first["id"] and third["parent"] == second["id"]
    assert first["tree"] == third["tree"]
    assert nodes_of(sapdr, first["tree"]) == nodes_of(sapdr, second["tree"])


def test_changes_are_picked_up_in_turn(bench: Workbench) -> None:
    repository = bench.ours()
    tree = make_plain_tree(bench.folder / "tree", seed=9)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    for i, program in enumerate((sapdr, restic, sapdr, restic)):
        write(tree / f"new {i}", f"content {i}".encode())
        write(tree / "changes", f"version {i}".encode())
        (tree / "folder 1" / "sub 1" / f"file {1 + 21 * (i % 2)}").unlink(missing_ok=True)
        program("backup", tree)
        other = restic if program is sapdr else sapdr
        other("check", "--read-data")
        other("restore", "latest", "--target", bench.folder / f"out {i}")
        bench.same(tree, bench.folder / f"out {i}")


def test_restic_forgets_and_prunes_what_we_wrote(bench: Workbench) -> None:
    repository = bench.ours()
    tree = make_plain_tree(bench.folder / "tree", seed=10)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    sapdr("backup", "--verify", tree)
    (tree / "big").unlink()
    write(tree / "second", b"second" * 10_000)
    sapdr("backup", "--verify", tree)
    restic("forget", "--keep-last", "1", "--prune", "--max-unused", "0")
    assert len(sapdr("snapshots", "--json").events("snapshot")) == 1
    bench.check_both(repository)
    sapdr("restore", "latest", "--target", bench.folder / "out")
    bench.same(tree, bench.folder / "out")
    sapdr("backup", tree)
    bench.check_both(repository)


def test_both_back_up_at_the_same_time(bench: Workbench) -> None:
    repository = bench.theirs()
    common = make_plain_tree(bench.folder / "common", seed=11, megabytes=10)
    programs = [bench.restic(repository), bench.sapdr(repository), bench.sapdr(repository)]
    runs = []
    for i, program in enumerate(programs):
        own = make_plain_tree(bench.folder / f"own {i}", seed=20 + i, megabytes=20)
        runs.append((own, program.start("backup", "--host", f"host {i}", common, own)))
    for own, run in runs:
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, f"backing up {own}:\n{out!r}\n{err!r}"
    bench.check_both(repository)
    for i, (own, _) in enumerate(runs):
        reader = programs[(i + 1) % 2]
        target = Path(f"{bench.folder}/out {i}")
        reader("restore", "latest", "--host", f"host {i}", "--target", target)
        bench.same(own, target)
        bench.same(common, target)
