"""Checksums and manifests of local files: no repository is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from . import _arguments, _sapdr, _streams
from ._arguments import StrPath
from ._cancel import Cancel
from ._restore_plan import OnItem, OnProgress
from ._streams import Buffer, Source
from ._types import ChecksumResult, FileChecksum, ManifestVerifyResult

Paths: TypeAlias = StrPath | Iterable[StrPath]

_PIECE = 1024 * 1024  # bytes of a stream that are read at once


class Hasher:
    """The SHA-256 of a stream, piece by piece. The GIL is released; any thread may use it."""

    def __init__(self) -> None:
        self._native = _sapdr.Hasher()

    def update(self, data: Buffer) -> None:
        """Adds the bytes of a bytes-like object, which must be contiguous."""
        self._native.update(data)

    def final(self) -> str:
        """The SHA-256, hexadecimal, of all that was added since the last call; begins anew."""
        return self._native.final()


def sha256(source: Buffer | Source) -> str:
    """The SHA-256, hexadecimal, of a bytes-like object, or of what is left to read of a binary
    file-like object or an iterable of bytes."""
    try:
        data = memoryview(cast(Buffer, source))
    except TypeError:
        return _sha256_of_stream(source)
    return _sapdr.sha256(data)


def _sha256_of_stream(source: Source) -> str:
    read = _streams.readinto(source)
    hasher = Hasher()
    piece = memoryview(bytearray(_PIECE))
    while size := read(piece):
        hasher.update(piece[:size])
    return hasher.final()


def checksum_file(
    path: StrPath, *, progress: OnProgress | None = None, cancel: Cancel | None = None
) -> str:
    """The SHA-256, hexadecimal, of a local file; a link is followed.

    Raises `NotFoundError`, `InvalidStateError` if it is not a regular file.
    """
    return _sapdr.checksum_file(_arguments.path(path), progress, cancel)


def checksum_tree(
    folder: StrPath,
    on_file: Callable[[FileChecksum], object],
    *,
    paths: Paths = (),
    excludes: Paths = (),
    progress: OnProgress | None = None,
    on_item: OnItem | None = None,
    cancel: Cancel | None = None,
) -> ChecksumResult:
    """Tells `on_file` the SHA-256 of each regular file in a folder, in the byte order of the paths.

    Files are read on all cores. With `paths` only these files and folders are read, relative to
    `folder` or absolute; links are followed only among them. `excludes` are patterns as in
    .gitignore. What a callback raises stops the run and comes out of it unchanged.
    Raises `NotFoundError` if a path does not exist, `IncompleteError` if something could not be
    read: `on_item` says what.
    """
    options = _checksum_options(paths, excludes)
    return _sapdr.checksum_tree(
        _arguments.path(folder), on_file, options, progress, on_item, cancel
    )


def manifest_write(
    folder: StrPath,
    manifest: StrPath,
    *,
    paths: Paths = (),
    excludes: Paths = (),
    progress: OnProgress | None = None,
    on_item: OnItem | None = None,
    cancel: Cancel | None = None,
) -> ChecksumResult:
    """Writes the checksums of `checksum_tree` into a file that `sha256sum -c` accepts in `folder`.

    The manifest appears, or replaces an older one, when it is whole; it never names itself.
    Raises what `checksum_tree` does; after an `IncompleteError` it is there, without what could
    not be read.
    """
    options = _checksum_options(paths, excludes)
    return _sapdr.manifest_write(
        _arguments.path(folder), _arguments.path(manifest), options, progress, on_item, cancel
    )


def manifest_verify(
    folder: StrPath,
    manifest: StrPath,
    *,
    strict: bool = False,
    ignore_missing: bool = False,
    paths: Paths = (),
    excludes: Paths = (),
    progress: OnProgress | None = None,
    on_item: OnItem | None = None,
    cancel: Cancel | None = None,
) -> ManifestVerifyResult:
    """Compares the files that a manifest names, seen from `folder`, with it.

    The manifest may be ours or that of `sha256sum`. `ignore_missing` skips missing files, unless
    all are missing. Files in `paths` that the manifest does not name are extra, but for those that
    `excludes` matches; `strict` makes extra files and malformed lines count as differences.
    Raises `ChecksumError` if something is missing or differs, `IncompleteError` if a file or a
    line could not be read, `InvalidArgumentError` if no line has a checksum.
    """
    options = _sapdr.ManifestVerifyOptions()
    options.strict = strict
    options.ignore_missing = ignore_missing
    options.paths = _arguments.paths(paths)
    options.excludes = _arguments.paths(excludes)
    return _sapdr.manifest_verify(
        _arguments.path(folder), _arguments.path(manifest), options, progress, on_item, cancel
    )


def _checksum_options(paths: Paths, excludes: Paths) -> _sapdr.ChecksumOptions:
    options = _sapdr.ChecksumOptions()
    options.paths = _arguments.paths(paths)
    options.excludes = _arguments.paths(excludes)
    return options
