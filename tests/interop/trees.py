"""Compares two trees of files: everything that a backup must bring back."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

Tree = dict[bytes, "Entry"]


@dataclass(frozen=True)
class Entry:
    """One file, folder or other thing of a tree."""

    kind: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    sha256: str  # of a file's content, or of a symbolic link's target
    device: int
    same_as: bytes  # of a further name of a file: its first one in the tree, in byte order
    xattrs: tuple[tuple[str, bytes], ...]


def read_tree(root: Path | bytes) -> Tree:
    """All of `root`, itself included as b".", by paths relative to it."""
    top = os.fsencode(root)
    first_names: dict[tuple[int, int], bytes] = {}
    return {name: _entry(path, name, first_names) for path, name in _walk(top)}


def differences(expected: Tree, actual: Tree, ignore: tuple[str, ...] = ()) -> list[str]:
    """One line for each item that is missing, extra or different."""
    lines = []
    for name in sorted(expected.keys() | actual.keys()):
        shown = repr(name)
        if name not in actual:
            lines.append(f"{shown} is missing")
        elif name not in expected:
            lines.append(f"{shown} is extra")
        else:
            a, b = expected[name], actual[name]
            for member in fields(Entry):
                x, y = getattr(a, member.name), getattr(b, member.name)
                if x != y and member.name not in ignore:
                    lines.append(f"{shown} has {member.name} {y!r} instead of {x!r}")
    return lines


def assert_same(expected: Tree, actual: Tree, ignore: tuple[str, ...] = ()) -> None:
    lines = differences(expected, actual, ignore)
    assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])


def allocated(path: Path) -> int:
    """Bytes that a file takes on the disk."""
    return os.lstat(path).st_blocks * 512


def _walk(top: bytes) -> Iterator[tuple[bytes, bytes]]:
    yield top, b"."
    if os.path.islink(top) or not os.path.isdir(top):
        return
    for folder, folders, files in os.walk(top, onerror=_raise):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(folder, name)
            yield path, os.path.relpath(path, top)


def _raise(error: OSError) -> None:
    raise error


def _entry(path: bytes, name: bytes, first_names: dict[tuple[int, int], bytes]) -> Entry:
    info = os.lstat(path)
    linked = info.st_nlink > 1 and stat.S_ISREG(info.st_mode)
    first = first_names.setdefault((info.st_dev, info.st_ino), name) if linked else name
    is_device = stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode)
    return Entry(
        kind=stat.filemode(info.st_mode)[0],
        mode=stat.S_IMODE(info.st_mode),
        uid=info.st_uid,
        gid=info.st_gid,
        mtime_ns=info.st_mtime_ns,
        size=info.st_size if stat.S_ISREG(info.st_mode) else 0,
        sha256=_content(path, info.st_mode),
        device=info.st_rdev if is_device else 0,
        same_as=b"" if first == name else first,
        xattrs=_xattrs(path),
    )


def _content(path: bytes, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return hashlib.sha256(os.readlink(path)).hexdigest()
    if not stat.S_ISREG(mode):
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _xattrs(path: bytes) -> tuple[tuple[str, bytes], ...]:
    names = sorted(os.listxattr(path, follow_symlinks=False))
    return tuple((n, os.getxattr(path, n, follow_symlinks=False)) for n in names)
