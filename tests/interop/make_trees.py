"""Trees of files to back up: one with everything odd, others plain."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

ODD_NAMES = [
    b"not utf-8 \xff\xfe\x80",
    b"latin-1 caf\xe9",
    "Ünïcödé 漢字 \U0001f4be".encode(),
    b'quote " backslash \\ tab \t newline \n bell \a',
    b"<html>&amp;\xe2\x80\xa8\xe2\x80\xa9",
    b"%41%%",
    b" leading and trailing ",
    b"-rf",
    b"*?[a-z]",
    b"\x7f\x01\x1b[31m",
    b"\xed\xa0\x80 surrogate",
    b"..more",
    b"x" * 255,
]

# An access list that gives the user 1 read and write: version 2, then tag, permissions, id.
ACCESS_LIST = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *entry)
    for entry in [
        (0x01, 6, 0xFFFFFFFF),
        (0x02, 6, 1),
        (0x04, 4, 0xFFFFFFFF),
        (0x10, 6, 0xFFFFFFFF),
        (0x20, 4, 0xFFFFFFFF),
    ]
)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def make_plain_tree(root: Path, seed: int, n_files: int = 60, megabytes: float = 6) -> Path:
    """Files of many sizes, from empty to several chunks, half of them compressible."""
    rng = random.Random(seed)
    for i in range(n_files):
        size = int(rng.paretovariate(0.9) * 400) % 300_000
        noise = rng.randbytes(size)
        content = noise if i % 2 else noise[: size // 8] * 8
        write(root / f"folder {i % 7}" / f"sub {i % 3}" / f"file {i}", content)
    write(root / "big", rng.randbytes(int(megabytes * 1_000_000)))
    write(root / "empty", b"")
    return root


def make_odd_tree(root: Path) -> Path:
    """Everything that a file system can hold, as far as this user may make it."""
    root.mkdir()
    _odd_names(root / "names")
    _links(root / "links")
    _modes_and_times(root / "modes")
    _extended_attributes(root / "xattrs")
    _holes(root / "holes")
    _specials(root / "specials")
    (root / "empty folder").mkdir()
    deep = root / "deep"
    for i in range(60):
        deep = deep / f"level {i}"
    write(deep / "bottom", b"found")
    os.utime(root / "empty folder", ns=(1, 981173106_123456789))
    os.utime(root, ns=(2, 1234567890_000000001))
    return root


def _odd_names(folder: Path) -> None:
    folder.mkdir()
    for name in ODD_NAMES:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(b"content of " + name)
    os.mkdir(os.path.join(os.fsencode(folder), b"folder \xff"))


def _links(folder: Path) -> None:
    folder.mkdir()
    write(folder / "target", b"linked" * 1000)
    os.link(folder / "target", folder / "hard link")
    os.mkdir(folder / "elsewhere")
    os.link(folder / "target", folder / "elsewhere" / "hard link")
    os.symlink("target", folder / "symlink")
    os.link(folder / "symlink", folder / "hard link to the symlink", follow_symlinks=False)
    os.symlink("/nowhere/at all", folder / "dangling")
    os.symlink("elsewhere", folder / "symlink to a folder")
    os.symlink("x" * 4000, folder / "long symlink")
    times = (981173106_123456789, 981173106_987654321)
    os.utime(folder / "symlink", ns=times, follow_symlinks=False)


def _modes_and_times(folder: Path) -> None:
    folder.mkdir()
    for mode in (0o400, 0o444, 0o600, 0o644, 0o755, 0o4755, 0o2755, 0o1644, 0o7777):
        path = write(folder / f"mode {mode:o}", b"content")
        path.chmod(mode)
    times = {
        "long ago": -86400_000000001,
        "epoch": 0,
        "one nanosecond": 1,
        "nanoseconds": 1700000000_123456789,
        "future": 4102444800_999999999,
    }
    for name, mtime_ns in times.items():
        os.utime(write(folder / name, b"content"), ns=(mtime_ns, mtime_ns))
    if os.geteuid() == 0:
        os.chown(write(folder / "owner", b"content"), 12345, 54321)
    closed = folder / "folder that may only be entered"
    write(closed / "file", b"content")
    closed.chmod(0o1711)


def _extended_attributes(folder: Path) -> None:
    path = write(folder / "file", b"content")
    os.setxattr(path, "user.empty", b"")
    os.setxattr(path, "user.text", "wörds".encode())
    os.setxattr(path, "user.binary", bytes(range(256)))
    os.setxattr(path, "system.posix_acl_access", ACCESS_LIST)
    os.setxattr(folder, "user.of.a.folder", b"value")


def _holes(folder: Path) -> None:
    folder.mkdir()
    with open(folder / "all hole", "wb") as file:
        file.truncate(20_000_000)
    with open(folder / "data in the middle", "wb") as file:
        file.seek(7_000_000)
        file.write(b"island")
        file.truncate(16_000_000)
    write(folder / "zeros that were written", bytes(3_000_000))


def _specials(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "fifo", 0o640)
    if os.geteuid() == 0:
        os.mknod(folder / "null", 0o020666, os.makedev(1, 3))
        os.mknod(folder / "disk", 0o060660, os.makedev(259, 65537))
