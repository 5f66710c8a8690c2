"""Streams that become files of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, runtime_checkable

from . import _arguments
from ._arguments import StrPath

Buffer: TypeAlias = Any  # what memoryview() takes; collections.abc.Buffer needs Python 3.12


@runtime_checkable
class Readable(Protocol):
    """An open binary file, a socket's makefile("rb"), an HTTP response, a pipe."""

    def read(self, size: int, /) -> bytes: ...


Source: TypeAlias = Readable | Iterable[Buffer]


@dataclass(frozen=True)
class Stream:
    """A source of bytes with what the snapshot shall say of it."""

    source: Source  #: a binary file-like object, or an iterable of bytes
    mode: int = 0o600  #: permission bits
    mtime: datetime | None = None  #: None: the time of the snapshot
    size: int = 0  #: for progress; 0: unknown


NativeStream: TypeAlias = tuple[bytes, Callable[[memoryview], int], int, int, int]


def native(path: StrPath, source: Source | Stream) -> NativeStream:
    """A stream as the library takes it."""
    stream = source if isinstance(source, Stream) else Stream(source)
    mtime = _arguments.nanoseconds(stream.mtime)
    return (_arguments.path(path), readinto(stream.source), stream.mode, mtime, stream.size)


@contextmanager
def puller(
    streams: Iterable[tuple[StrPath, Source | Stream]],
) -> Iterator[Callable[[], NativeStream | None]]:
    """A function that makes the next stream, None at the end. A generator that was not run to its
    end is closed."""
    iterator = iter(streams)

    def pull() -> NativeStream | None:
        for path, source in iterator:
            return native(path, source)
        return None

    try:
        yield pull
    finally:
        if isinstance(iterator, Generator):
            iterator.close()


def readinto(source: Source) -> Callable[[memoryview], int]:
    """A function that fills a buffer from `source` and returns how many bytes; 0 is the end."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_chunks(iter([source]))
    if hasattr(source, "readinto"):
        return _from_readinto(source.readinto)
    if isinstance(source, Readable):
        return _from_read(source)
    return _from_chunks(iter(source))


def _from_readinto(fill: Callable[[memoryview], int | None]) -> Callable[[memoryview], int]:
    def read(buffer: memoryview) -> int:
        size = fill(buffer)
        if size is None:
            raise BlockingIOError("a stream must not be in non-blocking mode")
        return size

    return read


def _from_read(source: Readable) -> Callable[[memoryview], int]:
    def read(buffer: memoryview) -> int:
        data = source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    return read


def _from_chunks(chunks: Iterator[Buffer]) -> Callable[[memoryview], int]:
    rest = memoryview(b"")

    def read(buffer: memoryview) -> int:
        nonlocal rest
        while not rest:
            try:
                rest = memoryview(next(chunks)).cast("B")
            except StopIteration:
                return 0
        size = min(len(buffer), len(rest))
        buffer[:size] = rest[:size]
        rest = rest[size:]
        return size

    return read
