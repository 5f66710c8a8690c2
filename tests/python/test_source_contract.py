"""What every source has to keep, on each that Python can have.

The sentences are those of tests/conformance/source_suite.cpp, seen from outside: what comes of a
backup. A test compares the sentences: neither suite can have one that the other lacks.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sapdr

SUITE = Path(__file__).parents[1] / "conformance/source_suite.cpp"

Files = dict[str, bytes]
BackUp = Callable[..., sapdr.BackupResult]

SOME: Files = {
    "a": b"first",
    "b/one": b"1",
    "b/sub/deep/x": b"deep",
    "b/two": b"2",
    "b-": b"sorted between",
    "empty": b"",
    "z/last": b"z",
}
MANY: Files = {f"d{i % 7}/f{i}": bytes([97 + i % 26]) * i * 37 for i in range(200)}
MANY["big"] = b"b" * (3 << 20)


def in_order(files: Files) -> list[tuple[str, bytes]]:
    """Those of one folder one after the other."""
    return sorted(files.items(), key=lambda item: item[0].split("/"))


class Kind:
    """A way to back files up; `root` is where they are in the snapshot."""

    def __init__(self, repo: sapdr.Repository, folder: Path) -> None:
        self.repo = repo
        self.folder = folder
        self.root = "/dump"
        self.threads: set[int] = set()

    def chunks(self, content: bytes) -> Iterator[bytes]:
        self.threads.add(threading.get_ident())
        for at in range(0, len(content), 100_000):
            yield content[at : at + 100_000]

    def back_up(self, files: Files, **options: Any) -> sapdr.BackupResult:
        raise NotImplementedError


class FileSystem(Kind):
    def back_up(self, files: Files, **options: Any) -> sapdr.BackupResult:
        self.root = str(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        for path, content in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return self.repo.backup(self.folder, **options)


class Streams(Kind):
    def back_up(self, files: Files, **options: Any) -> sapdr.BackupResult:
        return self.repo.backup_streams(
            {f"/dump/{path}": self.chunks(content) for path, content in files.items()}, **options
        )


class OneByOne(Kind):
    max_open = 1

    def back_up(self, files: Files, **options: Any) -> sapdr.BackupResult:
        def generate() -> Iterator[tuple[str, Iterator[bytes]]]:
            for path, content in in_order(files):
                yield f"/dump/{path}", self.chunks(content)

        return self.repo.backup_streams(
            generate(), paths="/dump", max_open=self.max_open, **options
        )


class SeveralAtOnce(OneByOne):
    max_open = 4


@pytest.fixture(params=[FileSystem, Streams, OneByOne, SeveralAtOnce])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kind]:
    with sapdr.init("memory:", password="secret", scrypt=(2, 1, 1)) as repo:
        made: Kind = request.param(repo, tmp_path / "files")
        yield made


def check_all_comes(kind: Kind, files: Files) -> None:
    kind.back_up(files, parent="none")
    nodes = list(kind.repo.ls(f"latest:{kind.root}"))
    found = [node.path for node in nodes if node.type == "file"]
    assert sorted(found) == sorted(f"/{path}" for path in files)
    sizes = {node.path: node.size for node in nodes if node.type == "file"}
    assert sizes == {f"/{path}": len(content) for path, content in files.items()}
    # Each dump waits for a second look at the locks: a tenth of many files has to do.
    some = [*files][:: 1 + len(files) // 20]
    for path in {*some, *(["big"] if "big" in files else [])}:
        assert kind.repo.dump("latest", f"{kind.root}/{path}") == files[path], path
    folders = [node.path for node in nodes if node.type == "dir"]
    assert len(folders) == len(set(folders))


def test_paths(kind: Kind) -> None:
    """paths are absolute and clean, and known before anything is read"""
    kind.back_up(SOME)
    paths = kind.repo.snapshot().paths
    assert paths
    for path in paths:
        assert path.startswith("/")
        assert "//" not in path
        assert not path.endswith("/")


def test_all_comes(kind: Kind) -> None:
    """each item is pushed once, in its folder; a folder is entered once, and left"""
    check_all_comes(kind, SOME)
    check_all_comes(kind, {"alone": b"x"})


def test_sizes(kind: Kind) -> None:
    """all of a file is read, whatever its size and that of the buffer"""
    check_all_comes(kind, MANY)


def test_threads(kind: Kind) -> None:
    """files are opened and read on other threads, while the source goes on"""
    kind.back_up(MANY)
    assert threading.get_ident() not in kind.threads
    assert bool(kind.threads) != isinstance(kind, FileSystem)


def test_never_opened(kind: Kind) -> None:
    """a file may never be opened"""

    def stop(item: sapdr.Item) -> None:
        raise StopAsyncIteration

    with pytest.raises(StopAsyncIteration):
        kind.back_up(MANY, on_item=stop)
    check_all_comes(kind, MANY)


class Stop(Exception):
    pass


def test_what_the_backup_throws(kind: Kind) -> None:
    """what the sink throws comes out of run unchanged"""
    stop, seen = Stop(), 0

    def on_item(item: sapdr.Item) -> None:
        nonlocal seen
        seen += 1
        if seen == 5:
            raise stop

    with pytest.raises(Stop) as caught:
        kind.back_up(MANY, on_item=on_item)
    assert caught.value is stop
    assert kind.repo.snapshots() == []


def test_totals(kind: Kind) -> None:
    """totals never shrink"""
    last = (0, 0)

    def progress(now: sapdr.Progress) -> None:
        nonlocal last
        if now.phase == "read":
            assert now.items_total >= last[0]
            assert now.bytes_total >= last[1]
            last = now.items_total, now.bytes_total

    kind.back_up(MANY, progress=progress)
    assert last[0] >= len(MANY)


# Sentences whose other half is elsewhere, and where.
NOT_HERE = {
    "a file that fails throws where it is opened or read; the others can still be read": (
        "test_streams.py: a stream that raises fails the run; test_operations.py: a file does not"
    ),
}


def test_the_sentences_are_those_of_the_suite_in_cpp() -> None:
    theirs = re.findall(r'SUBCASE\(\s*"(.*?)"\)', SUITE.read_text())
    ours = [f.__doc__ for name, f in globals().items() if name.startswith("test_") and f.__doc__]
    assert sorted([*ours, *NOT_HERE]) == sorted(theirs)
