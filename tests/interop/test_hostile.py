"""Snapshots that no honest program writes: nothing escapes the target, nothing crashes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from commands import CORRUPT, INCOMPLETE, Result
from crafted import DATA, TREE, CraftedRepository, Json, node
from make_trees import write
from workbench import Workbench

CRASHES = range(128, 256)


@pytest.fixture
def crafted(bench: Workbench) -> CraftedRepository:
    return CraftedRepository(bench.folder / "crafted")


def restore(bench: Workbench, crafted: CraftedRepository) -> Result:
    result = bench.sapdr(crafted.folder).run("restore", "latest", "--target", bench.folder / "out")
    assert result.code >= 0 and result.code not in CRASHES, result.text
    return result


def hostile_file(crafted: CraftedRepository, name: str) -> Json:
    content = crafted.pack(DATA, b"owned")
    return node(name, content=[content], size=5)


def everything(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


@pytest.mark.parametrize(
    "name",
    ["..", ".", "", "../escaped", "/escaped", "a/b", "../../../../../../tmp/escaped", "nul\0byte"],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["file", "dir", "symlink"])
def test_names_do_not_lead_out(
    bench: Workbench, crafted: CraftedRepository, name: str, kind: str
) -> None:
    evil = hostile_file(crafted, name)
    if kind == "dir":
        evil = node(name, "dir", subtree=crafted.tree(hostile_file(crafted, "escaped")))
    elif kind == "symlink":
        evil = node(name, "symlink", linktarget="/etc")
    crafted.snapshot(crafted.tree(node("good"), evil))
    before = everything(bench.folder)
    result = restore(bench, crafted)
    assert result.code in (INCOMPLETE, CORRUPT), result.text
    allowed = [*before, "out", "out/good"]
    assert [p for p in everything(bench.folder) if p not in allowed] == []
    assert not Path("/tmp/escaped").exists()
    assert bench.sapdr(crafted.folder).run("check").code == CORRUPT


def test_a_name_that_is_a_link_and_a_folder(bench: Workbench, crafted: CraftedRepository) -> None:
    outside = bench.folder / "outside"
    outside.mkdir()
    inner = crafted.tree(hostile_file(crafted, "escaped"))
    for order in (False, True):
        nodes = [
            node("trap", "symlink", linktarget=str(outside)),
            node("trap", "dir", subtree=inner),
        ]
        crafted.snapshot(crafted.tree(*(reversed(nodes) if order else nodes)))
        restore(bench, crafted)
        assert everything(outside) == []


@pytest.mark.parametrize("overwrite", ["always", "if-changed", "if-newer", "never"])
def test_links_in_the_target_are_not_followed(
    bench: Workbench, crafted: CraftedRepository, overwrite: str
) -> None:
    """Somebody else put links where the restore is going to write."""
    outside = bench.folder / "outside"
    write(outside / "file", b"precious")
    inner = crafted.tree(hostile_file(crafted, "file"))
    top = [hostile_file(crafted, "file"), node("folder", "dir", subtree=inner)]
    crafted.snapshot(crafted.tree(*top))
    target = bench.folder / "out"
    target.mkdir()
    os.symlink(outside, target / "folder")
    os.symlink(outside / "file", target / "file")
    sapdr = bench.sapdr(crafted.folder)
    sapdr.run("restore", "latest", "--target", target, "--overwrite", overwrite)
    assert (outside / "file").read_bytes() == b"precious"
    assert everything(outside) == ["file"]


def test_a_node_that_is_longer_than_its_blobs(bench: Workbench, crafted: CraftedRepository) -> None:
    content = crafted.pack(DATA, b"short")
    crafted.snapshot(crafted.tree(node("file", content=[content], size=2**62)))
    result = restore(bench, crafted)
    assert result.code != 0
    assert result.code != 33 or "out" not in os.listdir(bench.folder)
    written = bench.folder / "out" / "file"
    assert not written.exists() or written.stat().st_blocks < 1000


@pytest.mark.parametrize(
    "lies",
    [
        {"offset": 2**32 - 1},
        {"offset": 2**63},
        {"offset": -1},
        {"length": 2**32 - 1},
        {"length": 0},
        {"length": 31},
        {"length": -1},
        {"uncompressed_length": 2**32 - 1},
        {"uncompressed_length": 2**63},
    ],
    ids=str,
)
def test_an_index_that_lies(
    bench: Workbench, crafted: CraftedRepository, lies: dict[str, int]
) -> None:
    content = crafted.pack(DATA, b"content", **lies)
    crafted.snapshot(crafted.tree(node("file", content=[content], size=7)))
    result = restore(bench, crafted)
    written = bench.folder / "out" / "file"
    assert result.code != 0 or written.read_bytes() == b"content"
    assert bench.sapdr(crafted.folder).run("check", "--read-data").code == CORRUPT


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"nodes":{}}',
        b'{"nodes":[null]}',
        b'{"nodes":[{"name":1}]}',
        b'{"nodes":[{"name":"x","type":"file","size":1e400}]}',
        b"[" * 1_000_000,
        b'{"nodes":[' * 200_000,
        b"\xff\xfe\x00",
    ],
    ids=lambda p: repr(p[:24]),
)
def test_trees_that_are_none(
    bench: Workbench, crafted: CraftedRepository, plaintext: bytes
) -> None:
    broken = crafted.pack(TREE, plaintext)
    crafted.snapshot(crafted.tree(node("good"), node("folder", "dir", subtree=broken)))
    result = restore(bench, crafted)
    if plaintext != b"null":
        assert result.code in (INCOMPLETE, CORRUPT), result.text
        assert bench.sapdr(crafted.folder).run("check").code == CORRUPT


@pytest.mark.parametrize("field", ["time", "tree", "paths", "hostname"])
@pytest.mark.parametrize(
    "value", [None, 17, "", "x" * 100_000, [[]], {}], ids=lambda v: repr(v)[:9]
)
def test_snapshots_that_are_none(
    bench: Workbench, crafted: CraftedRepository, field: str, value: object
) -> None:
    crafted.snapshot(**{"tree": crafted.tree(node("good")), field: value})
    sapdr = bench.sapdr(crafted.folder)
    for arguments in (["snapshots"], ["ls", "latest"], ["check"]):
        result = sapdr.run(*arguments)
        assert 0 <= result.code < 128, result.text
    restore(bench, crafted)


def test_a_very_deep_tree(bench: Workbench, crafted: CraftedRepository) -> None:
    tree = crafted.tree(node("bottom"))
    for _ in range(2000):
        tree = crafted.tree(node("d", "dir", subtree=tree))
    crafted.snapshot(tree)
    restore(bench, crafted)
    sapdr = bench.sapdr(crafted.folder)
    assert sapdr.run("check").code in (0, CORRUPT)
    assert sapdr.run("ls", "latest").code in (0, CORRUPT)


def test_names_cannot_drive_a_terminal(bench: Workbench, crafted: CraftedRepository) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202egnp.exe"
    crafted.snapshot(crafted.tree(node(evil)), hostname=evil, paths=[evil], tags=[evil])
    sapdr = bench.sapdr(crafted.folder)
    for arguments in (["snapshots"], ["ls", "latest"], ["ls", "-l", "latest"]):
        result = sapdr(*arguments)
        assert not set("\x1b\x07\u202e") & set(result.text)
    assert json.loads(sapdr("ls", "--json", "latest").out.splitlines()[0])["path"] == f"/{evil}"
