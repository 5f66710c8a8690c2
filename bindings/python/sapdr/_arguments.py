"""What callers give, as the library takes it: bytes, nanoseconds, lists."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from . import _sapdr
from ._types import EPOCH, Snapshot

StrPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Strings: TypeAlias = str | Iterable[str]
Paths: TypeAlias = StrPath | Iterable[StrPath]
Names: TypeAlias = Snapshot | str | Iterable[Snapshot | str]
Duration: TypeAlias = timedelta | float
Span: TypeAlias = str | timedelta
Keep: TypeAlias = int | Literal["unlimited"]


def path(value: StrPath) -> bytes:
    """A local path or a path in a snapshot; names that are not UTF-8 keep their bytes."""
    return os.fsencode(value)


def paths(values: Paths) -> list[bytes]:
    """One path or several."""
    if isinstance(values, (str, bytes, os.PathLike)):
        return [path(values)]
    return [path(each) for each in values]


def text(value: str) -> bytes:
    """Text in UTF-8; undecodable bytes of a command line or a path survive."""
    return value.encode("utf-8", "surrogateescape")


def optional_path(value: StrPath | None) -> bytes | None:
    """A path, or the default."""
    return None if value is None else path(value)


def optional_text(value: str | None) -> bytes | None:
    """Text, or the default."""
    return None if value is None else text(value)


def texts(values: Strings) -> list[bytes]:
    """One string or several."""
    if isinstance(values, str):
        return [text(values)]
    return [text(each) for each in values]


def snapshot(value: Snapshot | str) -> bytes:
    """The name of a snapshot: "latest", an id or a prefix, each maybe with ":PATH" behind it."""
    return text(value.id) if isinstance(value, Snapshot) else os.fsencode(value)


def snapshots(values: Names) -> list[bytes]:
    """Names of snapshots; a single name is not taken for its letters."""
    if isinstance(values, (Snapshot, str)):
        return [snapshot(values)]
    return [snapshot(each) for each in values]


def snapshots_or_all(values: Names | None) -> list[bytes]:
    """One snapshot or several; no names, which mean all that match, only for None."""
    names = [] if values is None else snapshots(values)
    if values is not None and not names:
        raise ValueError("no snapshots were given; None means all that match")
    return names


def snapshot_filter(
    host: Strings, tags: Strings, paths_: Paths, tag_lists: Strings
) -> _sapdr.SnapshotFilter:
    """Which snapshots are meant."""
    wanted = _sapdr.SnapshotFilter()
    wanted.hosts = texts(host)
    wanted.tags = texts(tags)
    wanted.paths = paths(paths_)
    wanted.tag_lists = texts(tag_lists)
    return wanted


def keep(value: Keep) -> int:
    """How many snapshots a rule keeps."""
    return _sapdr.KEEP_UNLIMITED if value == "unlimited" else value


def span(value: Span | None) -> bytes | None:
    """A span on the calendar; a `timedelta` has days of the calendar and hours."""
    if not isinstance(value, timedelta):
        return None if value is None else text(value)
    hours, rest = divmod(value, timedelta(hours=1))
    if rest or hours < 0:
        raise ValueError(f"a span of time is a number of whole hours: {value}")
    return b"%dd%dh" % divmod(hours, 24)


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


def backup_options(
    tags: Strings,
    host: str | None,
    time: datetime | None,
    verify: bool,
    verify_max_age: Duration,
    *,
    parent: Snapshot | str | None = None,
    dry_run: bool = False,
) -> _sapdr.BackupOptions:
    """What backups of all kinds have in common."""
    options = _sapdr.BackupOptions()
    options.tags = texts(tags)
    options.host = optional_text(host)
    options.time_ns = nanoseconds(time)
    options.parent = None if parent is None else snapshot(parent)
    options.dry_run = dry_run
    options.verify = verify
    options.verify_max_age = duration(verify_max_age)
    return options
