"""Streams that become files of a snapshot."""

from __future__ import annotations

import array
import io
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import sapdr

DATA = os.urandom(3_000_000)


def chunks() -> Iterator[bytes]:
    for at in range(0, len(DATA), 70_001):
        yield b""
        yield DATA[at : at + 70_001]


class OnlyRead:
    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, 12_345))


def test_every_kind_of_source(repo: sapdr.Repository, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(DATA)
    read_end, write_end = os.pipe()

    def feed() -> None:
        with os.fdopen(write_end, "wb") as pipe:
            pipe.write(DATA)

    feeder = threading.Thread(target=feed)
    feeder.start()
    with file.open("rb") as opened, os.fdopen(read_end, "rb") as pipe:
        result = repo.backup_streams(
            {
                "/dump/bytes": DATA,
                "/dump/file": opened,
                "/dump/generator": chunks(),
                "/dump/list": [DATA[:10], memoryview(DATA)[10:], bytearray()],
                "/dump/pipe": pipe,
                "/dump/read": OnlyRead(DATA),
                b"/dump/empty": b"",
                "/array": [array.array("I", [1, 2])],
            },
            tags=["dump"],
        )
    feeder.join()
    assert result.files_new == 8
    assert repo.snapshot().tags == ("dump",)
    names = {node.path for node in repo.ls() if node.type == "file"}
    assert names == {
        "/array",
        *(f"/dump/{n}" for n in ("bytes", "empty", "file", "generator", "list", "pipe", "read")),
    }
    for name in names - {"/array", "/dump/empty"}:
        assert repo.dump("latest", name) == DATA, name
    assert repo.dump("latest", "/dump/empty") == b""
    assert repo.dump("latest", "/array") == array.array("I", [1, 2]).tobytes()
    # the same content six times costs what it costs once
    assert result.bytes_stored < 1.2 * len(DATA)


def test_stream_metadata(repo: sapdr.Repository) -> None:
    when = datetime(2025, 5, 5, 5, 5, 5, tzinfo=UTC)
    repo.backup_streams({"/x": sapdr.Stream([b"x"], mode=0o640, mtime=when, size=1), "/y": b"y"})
    nodes = {node.path: node for node in repo.ls()}
    assert (nodes["/x"].mode, nodes["/x"].mtime) == (0o640, when)
    assert nodes["/y"].mode == 0o600


class Broken(Exception):
    pass


def test_half_a_dump_is_no_backup(repo: sapdr.Repository) -> None:
    thrown = Broken()

    def broken() -> Iterator[bytes]:
        yield DATA
        raise thrown

    with pytest.raises(Broken) as caught:
        repo.backup_streams({"/good": chunks(), "/bad": broken()})
    assert caught.value is thrown
    assert repo.snapshots() == []
    assert repo.list("lock") == []


def test_streams_that_are_none(repo: sapdr.Repository) -> None:
    with pytest.raises(TypeError):
        repo.backup_streams({"/x": io.StringIO("text")})
    with pytest.raises(TypeError):
        repo.backup_streams({"/x": ["text"]})
    with pytest.raises(TypeError):
        repo.backup_streams({"/x": 7})  # type: ignore[dict-item]
    with pytest.raises(sapdr.InvalidArgumentError):
        repo.backup_streams({"relative": b"x"})
    assert repo.snapshots() == []


class Lying(io.RawIOBase):
    def __init__(self, answer: int | None) -> None:
        self.answer = answer
        self.kept: list[memoryview] = []

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override]
        self.kept.append(buffer)
        return self.answer


def test_a_stream_that_lies(repo: sapdr.Repository) -> None:
    with pytest.raises(ValueError, match="more than it was given"):
        repo.backup_streams({"/x": Lying(1 << 40)})
    with pytest.raises(BlockingIOError):
        repo.backup_streams({"/x": Lying(None)})


def test_a_buffer_that_is_kept_is_empty_afterwards(repo: sapdr.Repository) -> None:
    stream = Lying(0)
    repo.backup_streams({"/x": stream})
    with pytest.raises(ValueError, match="released"):
        len(stream.kept[0])


def test_streams_that_a_generator_opens_and_closes(repo: sapdr.Repository, tmp_path: Path) -> None:
    """With max_open=1 the file that a generator holds open is read before it goes on."""
    for i in range(50):
        (tmp_path / f"{i:02}").write_bytes(DATA[: i * 10_000])
    opened = []

    def files() -> Iterator[tuple[str, io.BufferedReader]]:
        for path in sorted(tmp_path.glob("[0-9]*")):
            with path.open("rb") as file:
                opened.append(file)
                yield f"/dump/{path.name}", file

    result = repo.backup_streams(files(), paths="/dump", tags="lazy")
    assert result.files_new == 50
    assert all(file.closed for file in opened)
    snapshot = repo.snapshot()
    assert (snapshot.paths, snapshot.tags) == (("/dump",), ("lazy",))
    assert repo.dump("latest", "/dump/49") == DATA[:490_000]


def test_ten_thousand_streams_are_not_open_at_once(repo: sapdr.Repository) -> None:
    alive = most = 0

    class Cursor:
        def __init__(self, content: bytes) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            self._file = io.BytesIO(content)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

        def read(self, size: int, /) -> bytes:
            return self._file.read(size)

    def cursors() -> Iterator[tuple[str, Cursor]]:
        for i in range(10_000):
            yield f"/db/{i % 10_000 // 100}/{i}", Cursor(b"%d" % i)

    result = repo.backup_streams(cursors(), max_open=3)
    assert result.files_new == 10_000
    assert alive == 0
    assert most <= 5  # three in the library, and what this thread and a worker still hold
    assert repo.snapshot().paths == ("/",)


@pytest.mark.parametrize("max_open", [1, 4])
def test_a_generator_that_raises_halfway(repo: sapdr.Repository, max_open: int) -> None:
    thrown = Broken("the connection is gone")
    cleaned_up = []

    def streams() -> Iterator[tuple[str, Iterator[bytes]]]:
        try:
            for i in range(20):
                yield f"/{i}", chunks()
            raise thrown
        finally:
            cleaned_up.append(True)

    with pytest.raises(Broken) as caught:
        repo.backup_streams(streams(), max_open=max_open)
    assert caught.value is thrown
    assert cleaned_up == [True]
    assert repo.snapshots() == []
    assert repo.list("lock") == []


def test_a_stream_of_a_generator_that_raises(repo: sapdr.Repository) -> None:
    thrown = Broken()
    closed: list[bool] = []

    def broken() -> Iterator[bytes]:
        yield DATA
        raise thrown

    def streams() -> Iterator[tuple[str, Iterator[bytes]]]:
        try:
            yield "/good", chunks()
            while True:
                yield f"/bad{len(closed)}", broken()
        finally:
            closed.append(True)

    with pytest.raises(Broken) as caught:
        repo.backup_streams(streams())
    assert caught.value is thrown
    assert closed == [True]
    assert repo.snapshots() == []


def test_iterables_that_make_no_sense(repo: sapdr.Repository) -> None:
    with pytest.raises(TypeError):
        repo.backup_streams(7)  # type: ignore[call-overload]
    with pytest.raises((TypeError, ValueError)):
        repo.backup_streams([("/x",)])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        repo.backup_streams([("/x", 7)])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="max_open"):
        repo.backup_streams({"/x": b""}, max_open=2)  # type: ignore[dict-item]
    with pytest.raises(sapdr.InvalidArgumentError, match="left before"):
        repo.backup_streams([("/a/x", b""), ("/b", b""), ("/a/y", b"")])
    with pytest.raises(sapdr.InvalidArgumentError, match="there twice"):
        repo.backup_streams([("/a", b""), ("/a", b"")])
    with pytest.raises(sapdr.InvalidArgumentError, match="below none"):
        repo.backup_streams([("/a", b"")], paths=["/b", "/c"])
    assert repo.snapshots() == []
    assert repo.backup_streams([]).items_total == 0
