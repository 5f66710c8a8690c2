"""Damage of every kind of object, in every way: it is named, and never restored as if it were good.

One repository is made; each test damages a copy of it.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trees
from commands import AUTH, CORRUPT, INCOMPLETE, NO_REPOSITORY, NOT_FOUND, Program
from make_trees import make_plain_tree
from workbench import Workbench, inside

KINDS = ["data pack", "tree pack", "index", "snapshot", "key", "config"]

Damage = Callable[[Path], None]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    rng = random.Random(path.name)
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    path.write_bytes(b"something else entirely\n" * 1000)


WAYS = {"truncated": truncate, "flipped": flip, "missing": remove, "empty": empty, "other": foreign}


@dataclass(frozen=True)
class Sample:
    """A good repository with one snapshot, and the tree it was made from."""

    tree: Path
    repository: Path
    objects: dict[str, Path]  # kind: a file of the repository, relative to it


@pytest.fixture(scope="module")
def sample(module_bench: Workbench) -> Sample:
    bench = module_bench
    tree = make_plain_tree(bench.folder / "tree", seed=30, megabytes=2)
    repository = bench.folder / "good"
    sapdr = bench.sapdr(repository)
    sapdr("init", "--scrypt-n", "1024")
    sapdr("backup", tree)
    restic = bench.restic(repository)
    objects = {"config": Path("config")}
    for kind, folder in (("index", "index"), ("snapshot", "snapshots"), ("key", "keys")):
        (path,) = (repository / folder).iterdir()
        objects[kind] = path.relative_to(repository)
    for pack in restic("list", "packs").out.split():
        is_tree = _holds_trees(sapdr, restic, pack)
        objects["tree pack" if is_tree else "data pack"] = Path("data", pack[:2], pack)
    assert set(objects) == set(KINDS)
    return Sample(tree, repository, objects)


def _holds_trees(sapdr: Program, restic: Program, pack: str) -> bool:
    (index,) = restic("list", "index").out.split()
    text = sapdr("cat", "index", index).out
    return (
        '"type":"tree"'
        in text.replace(" ", "").split(pack)[1].split('"packs"')[0].split('"id":"')[1]
    )


def damaged(bench: Workbench, sample: Sample, kind: str, way: str) -> tuple[Path, str]:
    """A copy of the repository with this damage, and the name that a report has to give."""
    repository = bench.folder / "damaged"
    shutil.copytree(sample.repository, repository)
    path = repository / sample.objects[kind]
    WAYS[way](path)
    return repository, path.name[:8]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_check_names_the_damage(bench: Workbench, sample: Sample, kind: str, way: str) -> None:
    repository, name = damaged(bench, sample, kind, way)
    sapdr = bench.sapdr(repository)
    if kind == "config":
        sapdr.fails("check", codes=[CORRUPT], names="config")
    elif kind == "key":
        sapdr.fails("check", codes=[AUTH, CORRUPT, NO_REPOSITORY], names="key")
    elif kind == "snapshot" and way == "missing":
        sapdr("check", "--read-data")  # a snapshot that was forgotten looks the same
    elif kind == "index" and way == "missing":
        sapdr.fails("check", codes=[CORRUPT], names="not in the index")
    else:
        sapdr.fails("check", "--read-data", codes=[CORRUPT], names=name)
        if way in ("truncated", "missing", "empty"):
            sapdr.fails("check", codes=[CORRUPT], names=name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_restore_gives_right_files_or_none(
    bench: Workbench, sample: Sample, kind: str, way: str
) -> None:
    repository, _ = damaged(bench, sample, kind, way)
    target = bench.folder / "out"
    codes = [INCOMPLETE, NO_REPOSITORY, AUTH, NOT_FOUND, CORRUPT]
    result = bench.sapdr(repository).run("restore", "latest", "--target", target)
    expected = trees.read_tree(sample.tree)
    restored = inside(target, sample.tree)
    actual = trees.read_tree(restored) if restored.exists() else {}
    if result.code == 0:
        trees.assert_same(expected, actual)
        return
    assert result.code in codes, f"{result.code}\n{result.text}"
    for name, entry in actual.items():
        good = entry.kind != "-" or entry.sha256 == expected[name].sha256
        shown = name.decode()
        assert good or shown in result.err, f"{shown} is wrong and was not named:\n{result.err}"
    for name, entry in expected.items():
        if actual and entry.kind == "-" and name not in actual:
            places = [sample.tree / name.decode(), *(sample.tree / name.decode()).parents]
            named = any(f"{place}:" in result.err for place in places)
            assert named, f"{name!r} is not there and was not named"


@pytest.mark.parametrize("kind", ["data pack", "tree pack"])
def test_check_names_the_files_that_are_affected(
    bench: Workbench, sample: Sample, kind: str
) -> None:
    repository, _ = damaged(bench, sample, kind, "missing")
    result = bench.sapdr(repository)("check", "--json", expect=CORRUPT)
    affected = [e for e in result.events("item") if e["action"] == "affected"]
    assert result.summary["snapshots_affected"] == 1
    assert affected and all(e["snapshot_id"] for e in affected)
    if kind == "data pack":
        paths = {e["path"] for e in affected}
        assert result.summary["files_affected"] == len(paths)
        assert str(sample.tree / "big") in paths or len(paths) < 60


def test_backup_heals_what_is_still_on_the_disk(bench: Workbench) -> None:
    """With the index gone all blobs are stored again, and the old snapshot is whole again."""
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    tree = make_plain_tree(bench.folder / "tree", seed=31, megabytes=2)
    sapdr("backup", "tree", cwd=bench.folder)
    (index,) = (repository / "index").iterdir()
    index.unlink()
    sapdr("check", expect=CORRUPT)
    sapdr("backup", "--parent", "none", "tree", cwd=bench.folder)
    bench.check_both(repository)
    (first, _) = sapdr("snapshots", "--json").events("snapshot")
    sapdr("restore", first["id"], "--target", bench.folder / "out")
    trees.assert_same(trees.read_tree(tree), trees.read_tree(bench.folder / "out" / "tree"))


def test_a_stray_file_does_no_harm(bench: Workbench, sample: Sample) -> None:
    repository = bench.folder / "damaged"
    shutil.copytree(sample.repository, repository)
    (repository / "data" / "00").mkdir(exist_ok=True)
    (repository / "data" / "00" / "restic-temp-1234").write_bytes(b"left by a crash")
    (repository / "snapshots" / ".DS_Store").write_bytes(b"left by a file manager")
    (repository / "lost+found").mkdir()
    sapdr = bench.sapdr(repository)
    sapdr("check", "--read-data")
    sapdr("backup", sample.tree)
    assert len(sapdr("snapshots", "--json").events("snapshot")) == 2


def test_a_pack_that_no_index_names_is_no_damage(bench: Workbench, sample: Sample) -> None:
    repository = bench.folder / "damaged"
    shutil.copytree(sample.repository, repository)
    content = (repository / sample.objects["data pack"]).read_bytes() + b"unfinished"
    name = hashlib.sha256(content).hexdigest()
    (repository / "data" / name[:2]).mkdir(exist_ok=True)
    (repository / "data" / name[:2] / name).write_bytes(content)
    result = bench.sapdr(repository)("check", "--read-data", "--json")
    assert result.summary["packs_unreferenced"] == 1
