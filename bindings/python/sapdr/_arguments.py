"""What callers give, as the library takes it: bytes, nanoseconds, lists."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

from ._types import EPOCH, Snapshot

StrPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Duration: TypeAlias = timedelta | float


def path(value: StrPath) -> bytes:
    """A local path or a path in a snapshot; names that are not UTF-8 keep their bytes."""
    return os.fsencode(value)


def paths(values: StrPath | Iterable[StrPath]) -> list[bytes]:
    """One path or several."""
    if isinstance(values, (str, bytes, os.PathLike)):
        return [path(values)]
    return [path(each) for each in values]


def text(value: str) -> bytes:
    """Text in UTF-8; undecodable bytes of a command line or a path survive."""
    return value.encode("utf-8", "surrogateescape")


def texts(values: str | Iterable[str]) -> list[bytes]:
    """One string or several."""
    if isinstance(values, str):
        return [text(values)]
    return [text(each) for each in values]


def snapshot(value: Snapshot | str) -> bytes:
    """The name of a snapshot: "latest", an id or a prefix, each maybe with ":PATH" behind it."""
    return text(value.id) if isinstance(value, Snapshot) else os.fsencode(value)


def snapshots(values: Snapshot | str | Iterable[Snapshot | str]) -> list[bytes]:
    """The names of one snapshot or of several."""
    if isinstance(values, (Snapshot, str)):
        return [snapshot(values)]
    return [snapshot(each) for each in values]


def nanoseconds(moment: datetime | None) -> int:
    """Nanoseconds since 1970; 0, the library's default, for None."""
    if moment is None:
        return 0
    if moment.tzinfo is None:
        raise ValueError(f"a time without a time zone is ambiguous: {moment.isoformat()}")
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def duration(value: Duration) -> timedelta:
    """A duration; numbers are seconds."""
    return value if isinstance(value, timedelta) else timedelta(seconds=value)
