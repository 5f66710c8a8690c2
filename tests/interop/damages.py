"""Ways to damage the objects of a repository, and what each damage costs.

What is lost is told by the bytes of the packs, through the reader that knows only docs/FORMAT.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import trees
from commands import PASSWORD, Program
from crafted import Key
from independent_reader import Node, Repository
from make_trees import make_plain_tree, write
from workbench import Workbench

KINDS = ["config", "key", "index", "snapshot", "data pack", "tree pack", "lock"]
WAYS = ["missing", "truncated", "flipped", "swapped", "garbage", "empty"]
TAGS = ["first", "second"]  # of the backups, the first of which the damage is done to

Pair = tuple[Path, Path]


def copy(repository: Path, folder: Path) -> None:
    """The copy shares the bytes of the files."""
    shutil.copytree(repository, folder, copy_function=os.link)


def replace(path: Path, content: bytes) -> None:
    """Other copies of the repository share the bytes of the file."""
    path.unlink()
    path.write_bytes(content)


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    replace(one, second)
    replace(other, first)


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    replace(path, bytes(content))


def spoil(path: Path, other: Path, way: str, rng: random.Random) -> None:
    """Damages the first file; the other one is what it may be swapped with."""
    size = path.stat().st_size
    ways: dict[str, Callable[[], object]] = {
        "missing": path.unlink,
        "truncated": lambda: replace(path, path.read_bytes()[: size * 2 // 3]),
        "flipped": lambda: flip(path, rng),
        "swapped": lambda: swap(path, other),
        "garbage": lambda: replace(path, rng.randbytes(size)),
        "empty": lambda: replace(path, b""),
    }
    ways[way]()


@dataclass(frozen=True)
class Sample:
    """A good repository with two backups of a tree that grew, and what belongs to which of them."""

    tree: Path
    repository: Path
    objects: dict[str, Pair]  # of each kind that of the first and that of the second backup
    snapshots: dict[str, str]  # by tag: the id
    content: dict[str, trees.Tree]  # by tag: what was backed up
    master: Key
    second_password: Path
    other_config: bytes  # of another repository
    reader: Repository
    packs_of_index: dict[str, set[str]]

    def all_files(self, tag: str) -> set[str]:
        """As they are named in the snapshot."""
        files = [name.decode() for name, entry in self.content[tag].items() if entry.kind == "-"]
        return {str(self.tree / name) for name in files}

    def damaged(self, folder: Path, kind: str, way: str, rng: random.Random) -> list[str]:
        """Makes a copy with this damage; returns the names of the files that are wrong."""
        copy(self.repository, folder)
        if kind == "lock":
            pair = self._add_locks(folder)
        elif kind == "config":
            pair = (folder / "config", write(folder.parent / "other", self.other_config))
        else:
            pair = (folder / self.objects[kind][0], folder / self.objects[kind][1])
        spoil(*pair, way, rng)
        both = way == "swapped" and kind != "config"
        return [path.name for path in (pair if both else pair[:1])]

    def _add_locks(self, repository: Path) -> Pair:
        """Two shared locks of another host, as alive as locks can be."""

        def add(pid: int) -> Path:
            time = datetime.now(UTC).isoformat()
            lock = {"time": time, "exclusive": False, "hostname": "elsewhere", "pid": pid}
            sealed = self.master.seal(json.dumps(lock | {"username": "somebody"}).encode())
            return write(repository / "locks" / hashlib.sha256(sealed).hexdigest(), sealed)

        return add(4711), add(4712)


def make_sample(bench: Workbench) -> Sample:
    repository = bench.folder / "good"
    sapdr = bench.sapdr(repository)
    sapdr("init", "--scrypt-n", "1024")
    tree = make_plain_tree(bench.folder / "tree", seed=90, n_files=16, megabytes=1.5)
    second_password = write(bench.folder / "second password", b"another staple\n")
    content = {}
    snapshots = {}
    new: dict[str, list[Path]] = {"keys": _files(repository, "keys")}
    seen = {*new["keys"]}
    for tag in TAGS:
        if tag == "second":
            sapdr("key", "add", "--new-password-file", second_password, "--scrypt-n", "1024")
            _grow(tree)
        snapshots[tag] = sapdr("backup", "--json", "--tag", tag, tree).summary["snapshot_id"]
        content[tag] = trees.read_tree(tree)
        for folder in ("keys", "index", "snapshots", "data"):
            files = [path for path in _files(repository, folder) if path not in seen]
            new[folder] = new.get(folder, []) + files
            seen |= {*files}
    reader = Repository(repository, PASSWORD.encode())
    packs: dict[str, list[Path]] = {"data": [], "tree": []}
    kinds = {pack: kind for (kind, _), at in reader.index.items() for pack, _ in at}
    for path in new["data"]:
        packs[kinds[path.name]].append(path)

    def pair(files: list[Path]) -> Pair:
        one, other = files
        return one, other

    index_packs = {
        path.name: {p["id"] for p in json.loads(sapdr("cat", "index", path.name).out)["packs"]}
        for path in new["index"]
    }
    return Sample(
        tree=tree,
        repository=repository,
        objects={
            "key": pair(new["keys"]),
            "index": pair(new["index"]),
            "snapshot": pair(new["snapshots"]),
            "data pack": pair(packs["data"]),
            "tree pack": pair(packs["tree"]),
        },
        snapshots=snapshots,
        content=content,
        master=_master_key(sapdr),
        second_password=second_password,
        other_config=(bench.ours("another") / "config").read_bytes(),
        reader=reader,
        packs_of_index=index_packs,
    )


def _files(repository: Path, folder: str) -> list[Path]:
    found = (repository / folder).rglob("*")
    return sorted(path.relative_to(repository) for path in found if path.is_file())


def _grow(tree: Path) -> None:
    """Some folders stay as they were, one is new; the large file is then in packs of both."""
    rng = random.Random(91)
    for i in range(6):
        write(tree / "folder 1" / "new" / f"file {i}", rng.randbytes(40_000))
    with (tree / "big").open("ab") as big:
        big.write(rng.randbytes(900_000))


def _master_key(sapdr: Program) -> Key:
    key = json.loads(sapdr("cat", "masterkey").out)
    parts = (key["encrypt"], key["mac"]["k"], key["mac"]["r"])
    return Key(b"".join(map(b64decode, parts)))


@dataclass(frozen=True)
class Loss:
    """What of a snapshot cannot be read."""

    good_files: set[str]  # absolute in the snapshot
    lost: set[str]  # files, and folders without what is in them


class Damaged:
    """What can still be read of a copy of the sample in which packs or indexes are damaged."""

    def __init__(self, sample: Sample, repository: Path) -> None:
        self.sample = sample
        known: set[str] = set()
        for name, packs in sample.packs_of_index.items():
            if _is_same(sample.repository, repository, Path("index", name)):
                known |= packs
        self._right = {
            handle
            for handle, places in sample.reader.index.items()
            for pack, place in places
            if pack in known and self._is_right(repository, pack, place.offset, place.length)
        }

    def _is_right(self, repository: Path, pack: str, offset: int, length: int) -> bool:
        name = Path("data", pack[:2], pack)
        if not (repository / name).exists():
            return False
        now = (repository / name).read_bytes()[offset : offset + length]
        return now == (self.sample.repository / name).read_bytes()[offset : offset + length]

    def loss(self, tag: str) -> Loss:
        loss = Loss(set(), set())
        root = self.sample.reader.root_tree(self.sample.snapshots[tag])
        folders = [("/", root)]
        while folders:
            path, tree = folders.pop()
            if ("tree", tree) not in self._right:
                loss.lost.add(path)
                continue
            for name, node in self._nodes(path, tree):
                if node.type == "dir":
                    folders.append((name, node.subtree))
                elif all(("data", blob) in self._right for blob in node.content):
                    loss.good_files.add(name)
                else:
                    loss.lost.add(name)
        return loss

    def _nodes(self, path: str, tree: str) -> Iterator[tuple[str, Node]]:
        for node in self.sample.reader.tree(tree):
            yield os.path.join(path, node.name.decode()), node


def _is_same(one: Path, other: Path, name: Path) -> bool:
    return (other / name).exists() and (one / name).read_bytes() == (other / name).read_bytes()
