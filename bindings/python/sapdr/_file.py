"""Files of a snapshot, read from anywhere."""

from __future__ import annotations

import io
import os
from typing import Any

from . import _sapdr


class SnapshotFile(io.RawIOBase):
    """A file of a snapshot, as it lies under what `Repository.open_file` returns.

    A read fetches the blobs that it touches, each proven by its MAC and SHA-256, and nothing else;
    who reads from front to back has the next ones loaded meanwhile. It holds a lock of the
    repository until it is closed.
    """

    mode = "rb"

    def __init__(self, native: _sapdr.File, name: str) -> None:
        super().__init__()
        self._native = native
        self._name = name
        self._at = 0

    @property
    def name(self) -> str:
        """The path in the snapshot, as it was given."""
        return self._name

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return self._native.size

    def readable(self) -> bool:
        """True, unless it is closed: `ValueError` then, as for all that follows."""
        self._check_open()
        return True

    def seekable(self) -> bool:
        """True."""
        self._check_open()
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Moves to `offset` from the beginning, from here or from the end; behind the end is
        allowed, and nothing is read there."""
        self._check_open()
        bases = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}
        if whence not in bases:
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        at = bases[whence] + offset
        if at < 0:
            raise ValueError(f"negative seek position {at}")
        self._at = at
        return at

    def readinto(self, buffer: Any, /) -> int:
        """Reads into a buffer, up to the end of a blob at most. Raises `CorruptError` if that blob
        is damaged."""
        self._check_open()
        size = self._native.readinto(self._at, buffer) if self._at < self.size else 0
        self._at += size
        return size

    def readall(self) -> bytes:
        """All from here to the end."""
        self._check_open()
        content = self._native.readall(self._at) if self._at < self.size else b""
        self._at += len(content)
        return content

    def close(self) -> None:
        """Closes it and gives the lock back; may be called again."""
        if not self.closed:
            super().close()
            self._native.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.size} bytes"
        return f"<sapdr.SnapshotFile {self.name!r}, {state}>"

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
