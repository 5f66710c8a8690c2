"""docs/FORMAT.md is complete: a reader that was written from it alone restores what we write.

What restic writes it restores as well: the page says what the format is, not what we make of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trees
from commands import PASSWORD, TIMEOUT, Program
from crafted import DATA, CraftedRepository, Json, node
from independent_reader import Repository
from make_trees import make_odd_tree, make_plain_tree, write
from workbench import Workbench, inside

READER = Path(__file__).with_name("independent_reader.py")

# Its exit codes.
RESTORED = 0
FAILED = 1
USAGE = 2
WRONG_PASSWORD = 3
DAMAGED = 4


def read(
    bench: Workbench, repository: Path, out: str, snapshot: str = "latest", expect: int = RESTORED
) -> str:
    """Restores into the folder `out` of the bench; returns what it complains about."""
    arguments = [repository, snapshot, bench.folder / out, "--password-file", bench.password_file]
    done = subprocess.run(
        [sys.executable, READER, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == expect, done.stderr
    complaint: str = done.stderr
    assert "Traceback" not in complaint and (expect == RESTORED) == (complaint == "")
    return complaint


@dataclass(frozen=True)
class Written:
    """Who writes a repository, and how."""

    by: str
    version: int
    compression: str

    @property
    def name(self) -> str:
        return f"{self.by}, version {self.version}, {self.compression}"

    def init(self, bench: Workbench) -> Path:
        make = bench.ours if self.by == "sapdr" else bench.theirs
        return make(self.name, self.version)

    def program(self, bench: Workbench, repository: Path) -> Program:
        return bench.sapdr(repository) if self.by == "sapdr" else bench.restic(repository)


WRITTEN = [
    Written(by, version, compression)
    for by in ("sapdr", "restic")
    for version, compression in ((2, "auto"), (2, "max"), (2, "off"), (1, "auto"))
]


@pytest.fixture(scope="module")
def source(module_bench: Workbench) -> Path:
    """Odd things and files of several chunks, beside each other."""
    folder = module_bench.folder / "source"
    folder.mkdir()
    make_odd_tree(folder / "odd")
    make_plain_tree(folder / "plain", seed=7, n_files=40, megabytes=12)
    return folder


@pytest.fixture
def crafted(bench: Workbench) -> CraftedRepository:
    return CraftedRepository(bench.folder / "crafted")


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written.name)
def test_restores_the_same_tree(bench: Workbench, source: Path, written: Written) -> None:
    repository = written.init(bench)
    written.program(bench, repository)("--compression", written.compression, "backup", source)
    read(bench, repository, "out")
    bench.same(source, bench.folder / "out")

    index = Repository(repository, PASSWORD.encode()).index
    is_compressed = {
        place.uncompressed is not None
        for (kind, _), places in index.items()
        for _, place in places
        if kind == "data"
    }
    assert (True in is_compressed) == (written.version == 2 and written.compression != "off")


def test_restores_a_link_target_that_is_not_utf8(bench: Workbench) -> None:
    tree = bench.folder / "tree"
    tree.mkdir()
    os.symlink(b"bytes \xff \\x41", os.fsencode(tree / "link"))
    repository = bench.ours()
    bench.sapdr(repository)("backup", tree)
    read(bench, repository, "out")
    bench.same(tree, bench.folder / "out")


def test_restores_access_times_and_other_time_zones(bench: Workbench) -> None:
    file = write(bench.folder / "tree" / "file", b"content")
    os.utime(file, ns=(981173106_987654321, -86400_000000001))
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    in_newfoundland = sapdr.environment | {"TZ": "NST3:30"}
    replace(sapdr, environment=in_newfoundland)("backup", "--with-atime", file)
    read(bench, repository, "out")
    restored = os.stat(inside(bench.folder / "out", file))
    assert restored.st_atime_ns == 981173106_987654321
    assert restored.st_mtime_ns == -86400_000000001


def test_restores_relative_paths_and_streams(bench: Workbench) -> None:
    write(bench.folder / "here" / "a" / "b" / "file", b"content")
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    sapdr("backup", "a/b", cwd=bench.folder / "here")
    read(bench, repository, "out 1")
    assert (bench.folder / "out 1/a/b/file").read_bytes() == b"content"
    streamed = ("backup", "--stdin", "--stdin-filename", "dump")
    assert sapdr.run(*streamed, stdin=b"of a database").code == 0
    read(bench, repository, "out 2")
    assert (bench.folder / "out 2/dump").read_bytes() == b"of a database"


def test_restores_what_several_have_written(bench: Workbench) -> None:
    """An upgrade from version 1, repacked in parts, by a second key."""
    repository = bench.theirs(version=1)
    restic, sapdr = bench.restic(repository), bench.sapdr(repository)
    tree = make_plain_tree(bench.folder / "tree", seed=11, n_files=20, megabytes=2)
    restic("backup", tree)
    write(tree / "second", b"second" * 100_000)
    sapdr("backup", tree)
    before = trees.read_tree(tree)
    restic("migrate", "upgrade_repo_v2")
    write(tree / "third", b"third" * 100_000)
    sapdr("backup", tree)
    restic("forget", "--keep-last", "2")
    restic("prune", "--max-unused", "0")
    first, second = (s["short_id"] for s in json.loads(restic("snapshots", "--json").out))

    new_password = write(bench.folder / "new password", b"another, \xc3\xa9 \xe2\x82\xac\n")
    restic("key", "add", "--new-password-file", new_password)
    bench.password_file.write_bytes(new_password.read_bytes())
    read(bench, repository, "out", second)
    bench.same(tree, bench.folder / "out")
    read(bench, repository, "out before", first)
    trees.assert_same(before, trees.read_tree(inside(bench.folder / "out before", tree)))


def test_takes_a_snapshot_by_the_beginning_of_its_id(
    bench: Workbench, crafted: CraftedRepository
) -> None:
    ids = {}
    for year in range(2000, 2017):  # 17: two of them begin alike
        tree = crafted.tree(node(f"file of {year}"))
        ids[crafted.snapshot(tree, time=f"{year}-01-01T00:00:00Z")] = year
    digits = [name[0] for name in ids]
    ambiguous = next(digit for digit in digits if digits.count(digit) > 1)
    for wanted in (ambiguous, "0" * 64, "none"):
        assert "snapshots match" in read(bench, crafted.folder, "out", wanted, expect=FAILED)
    oldest = next(iter(ids))
    for wanted, year in ((oldest, 2000), (oldest[:60], 2000), ("latest", 2016)):
        read(bench, crafted.folder, f"out {wanted}", wanted)
        assert (bench.folder / f"out {wanted}" / f"file of {year}").is_file()


# Refusals


@dataclass(frozen=True)
class Sample:
    """A repository of which every object is needed, and the tree that is in it."""

    repository: Path
    tree: Path

    def files(self, kind: str) -> list[Path]:
        return sorted(path for path in (self.repository / kind).rglob("*") if path.is_file())

    def same(self, target: Path) -> None:
        trees.assert_same(trees.read_tree(self.tree), trees.read_tree(target / self.tree.name))


@pytest.fixture
def sample(bench: Workbench) -> Sample:
    tree = make_plain_tree(bench.folder / "tree", seed=5, n_files=5, megabytes=0.5)
    repository = bench.ours()
    bench.sapdr(repository)("backup", tree.name, cwd=bench.folder)
    return Sample(repository, tree)


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


POSITIONS: dict[str, Callable[[int], int]] = {
    "IV": lambda size: 0,
    "blob": lambda size: size // 2,
    "header": lambda size: size - 40,
    "length": lambda size: size - 1,
}


@pytest.mark.parametrize("where", POSITIONS)
def test_refuses_a_flipped_bit_in_any_pack(bench: Workbench, sample: Sample, where: str) -> None:
    packs = sample.files("data")
    assert len(packs) == 2
    for i, pack in enumerate(packs):
        position = POSITIONS[where](pack.stat().st_size)
        flip(pack, position)
        complaint = read(bench, sample.repository, f"out {i}", expect=DAMAGED)
        assert f"pack {pack.name}: its content is not what its name says" in complaint
        flip(pack, position)
    read(bench, sample.repository, "out")
    sample.same(bench.folder / "out")


@pytest.mark.parametrize("kind", ["index", "snapshots", "keys"])
def test_refuses_a_flipped_bit_in_a_file(bench: Workbench, sample: Sample, kind: str) -> None:
    (path,) = sample.files(kind)
    flip(path, path.stat().st_size // 2)
    complaint = read(bench, sample.repository, "out", expect=DAMAGED)
    assert f"{kind}/{path.name}: its content is not what its name says" in complaint


@pytest.mark.parametrize("kind", ["index", "snapshots"])
def test_refuses_a_flipped_bit_that_only_the_mac_tells(
    bench: Workbench, sample: Sample, kind: str
) -> None:
    (path,) = sample.files(kind)
    flip(path, path.stat().st_size // 2)
    path.rename(path.with_name(hashlib.sha256(path.read_bytes()).hexdigest()))
    assert "its MAC is wrong" in read(bench, sample.repository, "out", expect=DAMAGED)


def test_refuses_a_flipped_bit_in_the_config(bench: Workbench, sample: Sample) -> None:
    flip(sample.repository / "config", 20)
    assert "config: its MAC is wrong" in read(bench, sample.repository, "out", expect=DAMAGED)


def test_another_copy_of_a_damaged_blob_will_do(bench: Workbench, sample: Sample) -> None:
    first = sample.files("data")
    (index,) = sample.files("index")
    hidden = index.rename(bench.folder / index.name)
    bench.sapdr(sample.repository)("backup", "--force", sample.tree.name, cwd=bench.folder)
    hidden.rename(index)
    second = [path for path in sample.files("data") if path not in first]
    assert len(first) == len(second) == 2
    for i, damaged in enumerate((first, second)):
        for pack in damaged:
            flip(pack, 100)
        read(bench, sample.repository, f"out {i}")
        sample.same(bench.folder / f"out {i}")
        for pack in damaged:
            flip(pack, 100)
    for pack in first + second:
        flip(pack, 100)
    read(bench, sample.repository, "out", expect=DAMAGED)


def test_ignores_what_an_interrupted_save_left(bench: Workbench, sample: Sample) -> None:
    for kind in ("index", "keys", "snapshots"):
        (path,) = sample.files(kind)
        path.with_name(f"{path.name}-tmp-1234").write_bytes(path.read_bytes()[:50])
    read(bench, sample.repository, "out")
    sample.same(bench.folder / "out")


def test_refuses_a_wrong_password(bench: Workbench, sample: Sample) -> None:
    bench.password_file.write_text(PASSWORD[:-1] + "\n")
    read(bench, sample.repository, "out", expect=WRONG_PASSWORD)
    assert not (bench.folder / "out").exists()


def test_refuses_to_write_into_a_folder_that_exists(bench: Workbench, sample: Sample) -> None:
    (bench.folder / "out").mkdir()
    read(bench, sample.repository, "out", expect=FAILED)
    assert list((bench.folder / "out").iterdir()) == []


def test_tells_its_usage() -> None:
    done = subprocess.run([sys.executable, READER], capture_output=True, text=True, check=False)
    assert done.returncode == USAGE and done.stderr.startswith("usage: ")


# Written byte by byte


HOSTILE: list[list[Json]] = [
    [node("..", content=[])],
    [node("a/b")],
    [node("nul\\x00")],
    [node("unknown escape \\q")],
    [node("b"), node("a")],
    [node("twice"), node("twice", "symlink", linktarget="/etc")],
    [node("link", "symlink", linktarget="nul\0")],
    [node("file", content=["00" * 32])],
    [node("file", content=["../../config"])],
    [node("folder", "dir")],
    [node("file", mtime="yesterday")],
    [node("file", uid=-1)],
]


@pytest.mark.parametrize("nodes", HOSTILE, ids=lambda nodes: repr(nodes[-1]["name"]))
def test_refuses_a_tree_that_cannot_be(
    bench: Workbench, crafted: CraftedRepository, nodes: list[Json]
) -> None:
    crafted.snapshot(crafted.tree(*nodes))
    read(bench, crafted.folder, "out", expect=DAMAGED)
    assert {path.name for path in (bench.folder / "out").iterdir()} <= {"file"}


@pytest.mark.parametrize(
    "lie", [{"offset": 1}, {"length": 40}, {"uncompressed_length": 7}], ids=str
)
def test_refuses_an_index_that_lies(
    bench: Workbench, crafted: CraftedRepository, lie: dict[str, int]
) -> None:
    content = crafted.pack(DATA, b"content", **lie)
    crafted.snapshot(crafted.tree(node("file", content=[content])))
    complaint = read(bench, crafted.folder, "out", expect=DAMAGED)
    assert "does not agree with the index" in complaint


def test_refuses_a_blob_that_has_another_id(bench: Workbench, crafted: CraftedRepository) -> None:
    content = crafted.pack_as(hashlib.sha256(b"another").digest(), DATA, b"content")
    crafted.snapshot(crafted.tree(node("file", content=[content])))
    assert f"not the blob {content}" in read(bench, crafted.folder, "out", expect=DAMAGED)


def test_reads_names_that_others_quote_otherwise(
    bench: Workbench, crafted: CraftedRepository
) -> None:
    names = [r"\377", r"\u00e9", r"\U0001F4BE", r"\x41", r"\\x41"]
    meant = [b"\xff", "é".encode(), "\U0001f4be".encode(), b"A", rb"\x41"]
    nodes = [node(name) for _, name in sorted(zip(meant, names, strict=True))]
    crafted.snapshot(crafted.tree(*nodes))
    read(bench, crafted.folder, "out")
    assert sorted(os.listdir(os.fsencode(bench.folder / "out"))) == sorted(meant)


def test_takes_null_for_missing(bench: Workbench, crafted: CraftedRepository) -> None:
    empty = dict.fromkeys(("content", "extended_attributes", "links", "uid", "unheard of"))
    crafted.snapshot(crafted.tree(node("file") | empty))
    read(bench, crafted.folder, "out")
    assert (bench.folder / "out/file").read_bytes() == b""


def test_names_of_one_file_that_disagree_are_two_files(
    bench: Workbench, crafted: CraftedRepository
) -> None:
    old, new = (crafted.pack(DATA, content) for content in (b"old", b"new"))
    linked: Json = {"inode": 5, "device_id": 6, "links": 3}
    contents = {"a": old, "b": new, "c": old}
    crafted.snapshot(
        crafted.tree(*(node(name, content=[blob], **linked) for name, blob in contents.items()))
    )
    read(bench, crafted.folder, "out")
    a, b, c = (bench.folder / "out" / name for name in "abc")
    assert a.samefile(c) and not a.samefile(b)
    assert (a.read_bytes(), b.read_bytes()) == (b"old", b"new")


def test_tells_what_is_not_restored(bench: Workbench, crafted: CraftedRepository) -> None:
    crafted.snapshot(
        crafted.tree(node("a socket", "socket"), node("file"), node("portal", "of the future"))
    )
    complaint = read(bench, crafted.folder, "out", expect=FAILED)
    assert "a socket" in complaint and "of the future" in complaint
    assert [path.name for path in (bench.folder / "out").iterdir()] == ["file"]
