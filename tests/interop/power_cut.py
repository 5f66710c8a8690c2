"""What a folder looks like when the power goes, at every operation of a program in turn.

The program runs once, with `storage_journal.c` preloaded, which journals all it does below a
folder. `Disk` replays the journal, and knows at each operation what must have reached the disk and
what may have:

* the content of a file is durable as of the last fsync of that file;
* the names in a folder are durable as of the last fsync of that folder. A file whose name is not
  durable may be absent, a rename or removal may be undone, each on its own.

What is newer may be there or not; `Disk.states` gives the states that this allows.
"""

from __future__ import annotations

import copy
import itertools
import os
import random
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

from commands import Argument, Program, Result

SHIM_SOURCE = Path(__file__).with_name("storage_journal.c")
UNMODELLED = 97  # exit code of a program that did something that is not modelled

HEADER = struct.Struct("=IiqIIII")


class Kind(IntEnum):
    """What was done, as in storage_journal.c."""

    OPEN = 1
    MAKE_FOLDER = 2
    WRITE = 3
    TRUNCATE = 4
    SYNC = 5
    SYNC_ALL = 6
    RENAME = 7
    LINK = 8
    REMOVE = 9
    CLOSE = 10
    SET_MODE = 11


@dataclass(frozen=True)
class Operation:
    """One record of a journal. Paths are relative to the folder; "" is the folder itself."""

    kind: Kind
    fd: int
    number: int
    mode: int
    path: str
    to: str
    data: bytes

    def __str__(self) -> str:
        where = f"{self.path} -> {self.to}" if self.to else self.path or f"fd {self.fd}"
        return f"{self.kind.name} {where}"


@dataclass(frozen=True)
class Item:
    """A file, or a folder (without content), as a state has it."""

    mode: int
    content: bytes | None


# What a folder holds: (relative path, item), by path. Equal states are equal values.
State = tuple[tuple[str, Item], ...]


def build_shim(folder: Path) -> Path:
    shim = folder / "storage_journal.so"
    compiler = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([*compiler, "-pthread", "-o", shim, SHIM_SOURCE], check=True)
    return shim


def journaled(
    program: Program, shim: Path, folder: Path, *arguments: Argument
) -> tuple[Result, list[Operation]]:
    """Runs a program; what it did below the folder."""
    journal = shim.with_name("journal")
    journal.write_bytes(b"")
    preload = {
        "LD_PRELOAD": str(shim),
        "STORAGE_JOURNAL": str(journal),
        "STORAGE_JOURNAL_FOLDER": str(folder.resolve()),
    }
    result = replace(program, environment=program.environment | preload).run(*arguments)
    assert result.code != UNMODELLED, result.err
    return result, list(_operations(journal.read_bytes(), os.fsencode(folder.resolve())))


def _operations(journal: bytes, folder: bytes) -> Iterator[Operation]:
    def relative(path: bytes) -> str:
        return os.fsdecode(path[len(folder) :].lstrip(b"/"))

    at = 0
    while at < len(journal):
        kind, fd, number, mode, *sizes = HEADER.unpack_from(journal, at)
        at += HEADER.size
        path, to, data = (journal[at + sum(sizes[:i]) : at + sum(sizes[: i + 1])] for i in range(3))
        at += sum(sizes)
        yield Operation(Kind(kind), fd, number, mode, relative(path), relative(to), data)


def read_state(folder: Path) -> State:
    """What really is in a folder."""
    items = {}
    for path in folder.rglob("*"):
        assert not path.is_symlink()
        mode = path.stat().st_mode & 0o7777
        items[str(path.relative_to(folder))] = Item(
            mode, None if path.is_dir() else path.read_bytes()
        )
    return tuple(sorted(items.items(), key=lambda item: item[0]))


def write_state(state: State, target: Path, contents: Path) -> None:
    """Makes the folder `target` with this state in it.

    Files are hard links into the folder `contents`, which keeps those of many states.
    """
    target.mkdir()
    for name, item in state:
        path = target / name
        if item.content is None:
            path.mkdir()
            path.chmod(item.mode)
            continue
        stored = contents / f"{hash(item.content):x} {len(item.content)} {item.mode:o}"
        if not stored.exists():
            unfinished = stored.with_name(f"{stored.name} {os.urandom(8).hex()}")
            unfinished.write_bytes(item.content)
            unfinished.chmod(item.mode)
            unfinished.rename(stored)
        os.link(stored, path)


@dataclass(eq=False)
class File:
    mode: int
    content: bytes = b""
    durable: bytes = b""


# What happens at once to the names in a folder: the new node of each, None if it goes.
Change = dict[str, "Node | None"]


@dataclass(eq=False)
class Folder:
    mode: int
    durable: dict[str, Node] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)  # since the last fsync

    def names(self, is_kept: Callable[[Change], bool] = lambda _: True) -> dict[str, Node]:
        names = dict(self.durable)
        for change in filter(is_kept, self.changes):
            for name, node in change.items():
                if node is None:
                    names.pop(name, None)
                else:
                    names[name] = node
        return names


Node = File | Folder
# Which change of the folder with this path has reached the disk, and what of a file's content has.
Reached = Callable[[str, Change], bool]
Content = Callable[[File], bytes]


class Disk:
    """A folder, as the program sees it and as the disk has it."""

    def __init__(self, state: State) -> None:
        """All of the state is durable."""
        self.root = Folder(0o700)
        self._open: dict[int, Node] = {}
        for name, item in state:
            parent, leaf = self._parent(name)
            if item.content is None:
                parent.durable[leaf] = Folder(item.mode)
            else:
                parent.durable[leaf] = File(item.mode, item.content, item.content)

    def apply(self, done: Operation) -> None:
        match done.kind:
            case Kind.OPEN:
                self._open[done.fd] = self._opened(done)
            case Kind.CLOSE:
                del self._open[done.fd]
            case Kind.MAKE_FOLDER:
                self._change(done.path, Folder(done.mode))
            case Kind.WRITE:
                file = self._file(done.fd)
                start = file.content[: done.number].ljust(done.number, b"\0")
                file.content = start + done.data + file.content[done.number + len(done.data) :]
            case Kind.TRUNCATE:
                file = self._file(done.fd)
                file.content = file.content[: done.number].ljust(done.number, b"\0")
            case Kind.SET_MODE:
                self._open[done.fd].mode = done.mode
            case Kind.SYNC:
                self._sync(self._open[done.fd])
            case Kind.SYNC_ALL:
                for node in _all_nodes(self.root):
                    self._sync(node)
            case Kind.RENAME:
                self._rename(done.path, done.to)
            case Kind.LINK:
                self._change(done.to, self._node(done.path))
            case Kind.REMOVE:
                self._change(done.path, None)

    def unsynced(self) -> set[str]:
        """The kinds of the folders with changes that may be undone: "data", "locks"."""
        return {_kind(path) for path, folder in _folders(self.root) if folder.changes}

    def state(self, reached: Reached, content: Content) -> State:
        items: dict[str, Item] = {}

        def add(path: str, folder: Folder) -> None:
            for name, node in folder.names(lambda change: reached(path, change)).items():
                whole = f"{path}/{name}" if path else name
                if isinstance(node, Folder):
                    items[whole] = Item(node.mode, None)
                    add(whole, node)
                else:
                    items[whole] = Item(node.mode, content(node))

        add("", self.root)
        return tuple(sorted(items.items(), key=lambda item: item[0]))

    def killed(self) -> State:
        """As `kill -9` leaves it: all that was done is there."""
        return self.state(lambda _path, _change: True, lambda file: file.content)

    def cut(self) -> State:
        """As a power cut leaves it at worst: only what was synced is there."""
        return self.state(lambda _path, _change: False, lambda file: file.durable)

    def copy(self) -> Disk:
        """The same for another process to go on with, which has nothing open."""
        other = copy.deepcopy(self)
        other._open.clear()
        return other

    def states(self, rng: random.Random, n_torn: int = 2) -> Iterator[tuple[str, State]]:
        """States that this moment may leave behind, and what is special about each."""
        yield "killed", self.killed()
        kinds = sorted(self.unsynced())
        for size in range(len(kinds) + 1):
            for kept in itertools.combinations(kinds, size):
                yield (
                    f"power cut, unsynced names are there in {list(kept)}",
                    self.state(lambda path, _: _kind(path) in kept, lambda file: file.durable),  # noqa: B023
                )
        for _ in range(n_torn):
            yield "power cut, torn", self.torn(rng)

    def torn(self, rng: random.Random) -> State:
        """Each change reached the disk or did not; of unsynced content, any part."""
        likely = rng.choice([0.5, 0.9, 1.0])

        def part(file: File) -> bytes:
            if file.content == file.durable:
                return file.durable
            cut = rng.randrange(len(file.content) + 1)
            return rng.choice([file.durable, file.content[:cut], bytes(len(file.content))])

        return self.state(lambda _path, _change: rng.random() < likely, part)

    def _parent(self, path: str) -> tuple[Folder, str]:
        *above, leaf = path.split("/")
        node: Node = self.root
        for name in above:
            assert isinstance(node, Folder)
            node = node.names()[name]
        assert isinstance(node, Folder)
        return node, leaf

    def _find(self, path: str) -> Node | None:
        if not path:
            return self.root
        parent, leaf = self._parent(path)
        return parent.names().get(leaf)

    def _node(self, path: str) -> Node:
        node = self._find(path)
        assert node is not None, f"{path} is not there"
        return node

    def _file(self, fd: int) -> File:
        file = self._open[fd]
        assert isinstance(file, File)
        return file

    def _opened(self, done: Operation) -> Node:
        node = self._find(done.path)
        if node is None:
            assert done.number & os.O_CREAT, f"{done.path} is opened and not there"
            node = File(done.mode)
            self._change(done.path, node)
        if done.number & os.O_TRUNC and isinstance(node, File):
            node.content = b""
        return node

    def _change(self, path: str, node: Node | None) -> None:
        parent, leaf = self._parent(path)
        parent.changes.append({leaf: node})

    def _rename(self, path: str, to: str) -> None:
        node = self._node(path)
        (source, name), (target, new_name) = self._parent(path), self._parent(to)
        assert source is target, f"{path} -> {to}: renaming from folder to folder is not modelled"
        source.changes.append({name: None, new_name: node})

    @staticmethod
    def _sync(node: Node) -> None:
        if isinstance(node, File):
            node.durable = node.content
        else:
            node.durable, node.changes = node.names(), []


def _kind(path: str) -> str:
    return path.split("/")[0] or "."


def _folders(folder: Folder, path: str = "") -> Iterator[tuple[str, Folder]]:
    yield path, folder
    for name, node in folder.names().items():
        if isinstance(node, Folder):
            yield from _folders(node, f"{path}/{name}" if path else name)


def _all_nodes(folder: Folder) -> Iterator[Node]:
    for _, each in _folders(folder):
        yield each
        yield from (node for node in each.names().values() if isinstance(node, File))
