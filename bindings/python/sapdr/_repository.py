"""The repository: open one, and everything one can do with it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias, overload

from . import _arguments, _pace, _sapdr, _streams
from ._arguments import Duration, Names, Paths, Strings, StrPath
from ._backend import Location, native
from ._cancel import Cancel
from ._errors import Error
from ._file import SnapshotFile
from ._mongodb import Mongodb
from ._pace import Pace
from ._password import Command, Password, resolve
from ._removal import Removal
from ._restore_plan import OnItem, OnProgress, Overwrite, RestorePlan
from ._streams import Source, Stream
from ._types import (
    BackupResult,
    Change,
    CheckResult,
    CopyResult,
    DiffResult,
    FindResult,
    Key,
    Match,
    Node,
    RepairIndexResult,
    RepairPacksResult,
    RepairSnapshotsResult,
    RestoreResult,
    Snapshot,
    Stats,
    TagResult,
    VerifyResult,
)

Compression: TypeAlias = Literal["auto", "off", "fastest", "better", "max"]
Chunker: TypeAlias = Literal["auto", "restic"]
Codec: TypeAlias = Literal["zstd", "tensor"]
ObjectType: TypeAlias = Literal["key", "lock", "snapshot", "index", "pack", "blob"]
OnChange: TypeAlias = Callable[[Change], object]
OnMatch: TypeAlias = Callable[[Match], object]
_BUFFER_SIZE = 128 * 1024
_Objects: TypeAlias = list[tuple[str, int]]
_Snapshots: TypeAlias = list[Snapshot]
_Keys: TypeAlias = list[Key]


class Writable(Protocol):
    """Anything that takes bytes; what `write` returns is the number it took, or None for all."""

    def write(self, data: Any, /) -> int | None: ...


def init(
    location: Location,
    *,
    password: Password = None,
    password_file: StrPath | None = None,
    password_command: Command = None,
    version: int = 2,
    scrypt: tuple[int, int, int] = (0, 0, 0),
    codec: Codec = "zstd",
    copy_chunker_params: Repository | None = None,
    pace: Pace | None = None,
    cancel: Cancel | None = None,
) -> Repository:
    """Creates a repository and opens it.

    `location` is a folder ("/srv/repo"), a container of Azure Blob Storage
    ("azure:container:/prefix" or an https URL), "memory:", a `Backend`, or storage of your own
    (see `SupportsBackend`). The password, of at least one byte, is given directly, as a file, or as
    a command that prints it. `version` is restic's repository version; `scrypt` is the cost
    (N, r, p) of deriving the key from the password, 0 for restic's. With the codec "tensor" weights
    of models take a third less, and other programs than this one refuse the repository; `copy`
    brings its snapshots into one without it. Files are cut as in
    `copy_chunker_params`, if that is given: what is copied from there and what is backed up then
    has the same blobs. `pace` says how gently all that is done with the handle treats the machine.
    Raises `ExistsError` if there is a repository already.
    """
    options = _sapdr.InitOptions()
    options.password = resolve(password, password_file, password_command)
    options.version = version
    options.scrypt_n, options.scrypt_r, options.scrypt_p = scrypt
    options.codec = _sapdr.CODEC[codec]
    like = None if copy_chunker_params is None else copy_chunker_params._native
    return Repository(
        _sapdr.Repository.init(native(location), options, like, _pace.native(pace), cancel)
    )


def open(
    location: Location,
    *,
    password: Password = None,
    password_file: StrPath | None = None,
    password_command: Command = None,
    compression: Compression = "auto",
    pack_size_mib: int = 16,
    no_lock: bool = False,
    retry_lock: Duration = 0,
    key_hint: str | None = None,
    verify_blobs: bool = True,
    cache_dir: StrPath | None = None,
    cache_size: int = 0,
    pace: Pace | None = None,
    cancel: Cancel | None = None,
) -> Repository:
    """Opens a repository, at a location as for `init`.

    `compression` and `pack_size_mib` (4 to 128) say how this handle writes; `no_lock` reads from
    storage that cannot be written to; `retry_lock` is how long to wait for a lock that others
    hold; `key_hint` is the id of the key file to try first; `verify_blobs` decrypts and compares
    each blob before it is stored. With `cache_dir`, a folder that all repositories may have, what
    is read again and again of remote storage, and of storage of your own, is kept on this machine's
    disk, encrypted, in at most `cache_size` bytes (0: 10 GiB); see `cache_list`.
    `pace` says how gently all that is done with the handle treats the machine. `cancel` stops the
    opening, which may wait for storage that is away, and nothing that is done later.
    Raises `NoRepositoryError`, `AuthError` for a wrong password, `UnsupportedError` for a newer
    repository version, `CorruptError` for a damaged config.
    """
    options = _sapdr.OpenOptions()
    options.password = resolve(password, password_file, password_command)
    options.compression = _sapdr.COMPRESSION[compression]
    options.pack_size_mib = pack_size_mib
    options.no_lock = no_lock
    options.retry_lock = _arguments.duration(retry_lock)
    options.key_hint = None if key_hint is None else _arguments.text(key_hint)
    options.no_verify_blobs = not verify_blobs
    options.cache_dir = None if cache_dir is None else _arguments.path(cache_dir)
    options.cache_size = cache_size
    return Repository(_sapdr.Repository.open(native(location), options, _pace.native(pace), cancel))


class Repository(Mongodb, Removal):
    """An open repository, from `sapdr.open` or `sapdr.init`; close it, or use it in a `with`.

    Every operation releases the GIL; operations on one repository wait for each other. Long ones
    can be interrupted by Ctrl-C, which leaves no lock behind, and take two callbacks:
    `progress(Progress)` some ten times a second and once at the end, and `on_item(Item)` for each
    item worth telling. They run on another thread, never two at once, and must not use this
    repository. What they raise stops the operation and comes out of it unchanged. A `Cancel` given
    as `cancel` stops them from anywhere.

    Failures raise subclasses of `sapdr.Error`; the `result` of the exception tells what was done.
    After `close` every operation raises `InvalidStateError`.

    Where a snapshot is asked for, give a `Snapshot`, "latest", an id or a unique prefix of one;
    ":PATH" behind a name makes that folder the root ("latest:/srv/models").
    """

    def __init__(self, native: _sapdr.Repository) -> None:
        self._native = native
        self._id = native.id
        self._version = native.version
        self._codec = next(name for name, number in _sapdr.CODEC.items() if number == native.codec)
        self._location = native.location

    @property
    def id(self) -> str:
        """The id in the repository's config, hexadecimal."""
        return self._id

    @property
    def version(self) -> int:
        """restic's repository version, 1 or 2."""
        return self._version

    @property
    def codec(self) -> str:
        """What its data is compressed with: "zstd", or "tensor" (see `init`)."""
        return self._codec

    @property
    def location(self) -> str:
        """Where it was opened, without secrets."""
        return self._location

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._native.closed

    def close(self) -> None:
        """Closes the repository, after the operation that is running; may be called again."""
        if not self._native.closed:
            self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"version {self.version}"
        return f"<sapdr.Repository {self.id[:8]} at {self.location!r}, {state}>"

    def backup(
        self,
        paths: Paths,
        *,
        tags: Strings = (),
        host: str | None = None,
        time: datetime | None = None,
        parent: Snapshot | str | None = None,
        excludes: Paths = (),
        iexcludes: Paths = (),
        exclude_files: Paths = (),
        exclude_if_present: Paths = (),
        exclude_larger_than: int = 0,
        exclude_caches: bool = False,
        one_file_system: bool = False,
        ignore_inode: bool = False,
        ignore_ctime: bool = False,
        with_atime: bool = False,
        chunker: Chunker = "auto",
        dry_run: bool = False,
        verify: bool = False,
        verify_max_age: Duration = 0,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> BackupResult:
        """Backs up local files and folders into one snapshot.

        `parent` is the snapshot to compare with (default: the latest of the same host and paths;
        "none": read everything). `excludes` are patterns as in .gitignore, `iexcludes` the same
        without regard to case, `exclude_files` files with one pattern a line; `exclude_if_present`
        ("NAME" or "NAME:first bytes") leaves out what is in folders that hold such a file,
        `exclude_caches` what is beside a valid CACHEDIR.TAG, `exclude_larger_than` bigger files
        (bytes). `chunker` "auto" cuts files where restic does and, if they are named *.safetensors
        or *.gguf, at the edges of tensors; "restic" only where restic does. `dry_run` stores
        nothing. `verify` reads back every pack that the snapshot needs and that was not verified
        within `verify_max_age` (default: 30 days): the result's state then is "verified".
        Raises `NotFoundError` if one of the paths does not exist (nothing is stored then) and
        `IncompleteError` if something inside was skipped: the snapshot in its `result` is without
        what `on_item` told as failed.
        """
        options = _arguments.backup_options(
            tags, host, time, verify, verify_max_age, parent=parent, dry_run=dry_run
        )
        options.excludes = _arguments.paths(excludes)
        options.iexcludes = _arguments.paths(iexcludes)
        options.exclude_files = _arguments.paths(exclude_files)
        options.exclude_if_present = _arguments.paths(exclude_if_present)
        options.exclude_larger_than = exclude_larger_than
        options.exclude_caches = exclude_caches
        options.one_file_system = one_file_system
        options.ignore_inode = ignore_inode
        options.ignore_ctime = ignore_ctime
        options.with_atime = with_atime
        options.chunker = _sapdr.CHUNKER[chunker]
        return self._native.backup(_arguments.paths(paths), options, progress, on_item, cancel)

    @overload
    def backup_streams(
        self,
        streams: Mapping[StrPath, Source | Stream],
        *,
        tags: Strings = (),
        host: str | None = None,
        time: datetime | None = None,
        parent: Snapshot | str | None = None,
        dry_run: bool = False,
        verify: bool = False,
        verify_max_age: Duration = 0,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> BackupResult: ...
    @overload
    def backup_streams(
        self,
        streams: Iterable[tuple[StrPath, Source | Stream]],
        *,
        paths: Paths = (),
        max_open: int = 1,
        tags: Strings = (),
        host: str | None = None,
        time: datetime | None = None,
        parent: Snapshot | str | None = None,
        dry_run: bool = False,
        verify: bool = False,
        verify_max_age: Duration = 0,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> BackupResult: ...
    def backup_streams(
        self,
        streams: Mapping[StrPath, Source | Stream] | Iterable[tuple[StrPath, Source | Stream]],
        *,
        paths: Paths = (),
        max_open: int = 1,
        tags: Strings = (),
        host: str | None = None,
        time: datetime | None = None,
        parent: Snapshot | str | None = None,
        dry_run: bool = False,
        verify: bool = False,
        verify_max_age: Duration = 0,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> BackupResult:
        """Backs up streams into one snapshot, without temporary files.

        `streams` maps absolute paths in the snapshot to binary file-like objects or iterables of
        bytes; a `Stream` adds mode, time and size. Several are read at once, on other threads. A
        stream that raises fails the run with that exception, and no snapshot is stored: half a
        dump is no backup.

        Instead of a mapping, an iterable of pairs yields the streams one after the other, so that
        ten thousand of them need not be open at once: a generator, say. The next one is wanted
        when fewer than `max_open` are being read, with 1 when the last one was read to its end;
        what the generator opened for it may then be closed. Streams of one folder have to come
        together. `paths` are what the snapshot names, default "/": each stream is one of them, or
        below one. What the iterable raises fails the run like a stream that raises.

        The other options are those of `backup`.
        """
        options = _arguments.backup_options(
            tags, host, time, verify, verify_max_age, parent=parent, dry_run=dry_run
        )
        if isinstance(streams, Mapping):
            if paths or max_open != 1:
                raise TypeError("paths and max_open are for streams that an iterable yields")
            all_streams = [_streams.native(path, source) for path, source in streams.items()]
            return self._native.backup_streams(all_streams, options, progress, on_item, cancel)
        with _streams.puller(streams) as pull:
            return self._native.backup_source(
                pull, _arguments.paths(paths), max_open, options, progress, on_item, cancel
            )

    def snapshots(
        self,
        *,
        host: Strings = (),
        tags: Strings = (),
        paths: Paths = (),
        tag_lists: Strings = (),
        damaged: list[Error] | None = None,
    ) -> _Snapshots:
        """The snapshots of one of the hosts (of any, if none is given) that have all of the tags
        and all of the paths, oldest first. With `tag_lists`, each "a,b", those with all tags of
        one of the lists. Raises `CorruptError` if one cannot be read; with a list `damaged`, that
        takes these errors instead."""
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        return self._native.snapshots(wanted, damaged)

    def snapshot(
        self,
        name: str = "latest",
        *,
        host: Strings = (),
        tags: Strings = (),
        paths: Paths = (),
        tag_lists: Strings = (),
    ) -> Snapshot:
        """One snapshot, by its id, a unique prefix, or "latest" of those that match. Raises
        `NotFoundError` or `AmbiguousError`; `CorruptError` if it cannot be read, or one that may
        be later than the latest that can, which the message names."""
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        return self._native.snapshot(_arguments.snapshot(name), wanted)

    def ls(
        self, snapshot: Snapshot | str = "latest", *, paths: Paths = (), recursive: bool = True
    ) -> Iterator[Node]:
        """Iterates over the files of a snapshot, folders before what is in them.

        With `paths` only over these and what is below them; `recursive=False` stays in the root
        or directly in these. Raises `NotFoundError` for a path that is not in the snapshot;
        `CorruptError` for a damaged tree, behind which `next` goes on.
        """
        options = _sapdr.WalkOptions()
        options.paths = _arguments.paths(paths)
        options.not_recursive = not recursive
        return _sapdr.Walk(self._native, _arguments.snapshot(snapshot), options)

    @overload
    def dump(
        self,
        snapshot: Snapshot | str,
        path: StrPath,
        file: None = None,
        *,
        cancel: Cancel | None = None,
    ) -> bytes: ...
    @overload
    def dump(
        self,
        snapshot: Snapshot | str,
        path: StrPath,
        file: Writable,
        *,
        cancel: Cancel | None = None,
    ) -> int: ...
    def dump(
        self,
        snapshot: Snapshot | str,
        path: StrPath,
        file: Writable | None = None,
        *,
        cancel: Cancel | None = None,
    ) -> bytes | int:
        """The content of one file of a snapshot, every blob proven before it is handed out.

        Without `file` it is returned as bytes; with it, written there, and the number of bytes is
        returned. Raises `NotFoundError`, or `InvalidArgumentError` if it is not a file.
        """
        if file is not None:
            return self._dump_into(snapshot, path, file.write, cancel)
        content = io.BytesIO()
        self._dump_into(snapshot, path, content.write, cancel)
        return content.getvalue()

    def _dump_into(
        self,
        snapshot: Snapshot | str,
        path: StrPath,
        write: Callable[[memoryview], int | None],
        cancel: Cancel | None,
    ) -> int:
        total = 0

        def write_all(data: bytes) -> None:
            nonlocal total
            total += len(data)
            rest = memoryview(data)
            while rest:  # a raw file may take less than it is given
                taken = write(rest)
                rest = rest[len(rest) if taken is None else taken :]

        self._native.dump(_arguments.snapshot(snapshot), _arguments.path(path), write_all, cancel)
        return total

    def diff(
        self,
        before: Snapshot | str,
        after: Snapshot | str = "latest",
        *,
        metadata: bool = False,
        count_blobs: bool = True,
        on_change: OnChange | None = None,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> DiffResult:
        """What changed from one snapshot to another, or from one folder of a snapshot to another.

        The `changes` of the result have all differences, unless `on_change` is given and takes
        each one instead. With `metadata`, differences in metadata only are told, too. Without
        `count_blobs` unchanged folders are not even read.
        Raises `IncompleteError` if a folder could not be read, which `on_item` tells; its `result`
        has everything else.
        """
        options = _sapdr.DiffOptions()
        options.metadata = metadata
        options.no_blobs = not count_blobs
        changes: list[Change] = []
        tell = changes.append if on_change is None else on_change
        names = (_arguments.snapshot(before), _arguments.snapshot(after))
        try:
            result = self._native.diff(*names, tell, options, progress, on_item, cancel)
        except Error as error:
            if isinstance(error.result, DiffResult):
                error.result = replace(error.result, changes=tuple(changes))
            raise
        return replace(result, changes=tuple(changes))

    def find(
        self,
        patterns: Paths = (),
        *,
        blobs: Strings = (),
        trees: Strings = (),
        packs: Strings = (),
        ignore_case: bool = False,
        oldest: datetime | None = None,
        newest: datetime | None = None,
        snapshots: Names = (),
        host: Strings = (),
        tags: Strings = (),
        paths: Paths = (),
        tag_lists: Strings = (),
        on_match: OnMatch | None = None,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> FindResult:
        """Where something is: in which snapshots, and at which paths in them.

        `patterns` are those of `restore` ("*.yaml" anywhere, "models/*.bin" a part of a path,
        "/srv/models" from the root; what is in a folder that matches is found, too), `oldest` and
        `newest` bounds for when what matches was last modified. `blobs`, `trees` and `packs` are
        ids or prefixes: all is found that needs one of these objects. Whatever matches any of them
        is a match. Searched are the `snapshots`, or all that match `host`, `tags`, `paths` and
        `tag_lists`, oldest first.

        The `matches` of the result have everything, unless `on_match` is given and takes each one
        instead. Raises `NotFoundError` or `AmbiguousError` for a prefix, and `IncompleteError` if a
        folder could not be read, which `on_item` tells; its `result` has everything else.
        """
        options = _sapdr.FindOptions()
        options.patterns = _arguments.paths(patterns)
        options.blobs = _arguments.texts(blobs)
        options.trees = _arguments.texts(trees)
        options.packs = _arguments.texts(packs)
        options.ignore_case = ignore_case
        options.oldest_ns = _arguments.nanoseconds(oldest)
        options.newest_ns = _arguments.nanoseconds(newest)
        options.snapshots = _arguments.snapshots(snapshots)
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        matches: list[Match] = []
        tell = matches.append if on_match is None else on_match
        try:
            result = self._native.find(options, tell, wanted, progress, on_item, cancel)
        except Error as error:
            if isinstance(error.result, FindResult):
                error.result = replace(error.result, matches=tuple(matches))
            raise
        return replace(result, matches=tuple(matches))

    def open_file(
        self, snapshot: Snapshot | str, path: StrPath, *, cancel: Cancel | None = None
    ) -> io.BufferedReader[SnapshotFile]:
        """Opens one file of a snapshot, to be read from anywhere like a local binary file.

        Only what is read is fetched, each blob proven before it is handed out: a header, or a
        member of an archive, needs no restore. Close it, or use it in a `with`: it holds a lock of
        the repository. Reading raises `CorruptError` where the file is damaged, and
        `InvalidStateError` once the repository is closed.
        Raises `NotFoundError`, or `InvalidArgumentError` if it is not a file.
        """
        name = _arguments.path(path)
        native = _sapdr.File(self._native, _arguments.snapshot(snapshot), name, cancel)
        return io.BufferedReader(SnapshotFile(native, os.fsdecode(name)), _BUFFER_SIZE)

    def restore(
        self,
        snapshot: Snapshot | str,
        target: StrPath | None,
        *,
        overwrite: Overwrite = "if-changed",
        includes: Paths = (),
        excludes: Paths = (),
        verify: bool = False,
        no_owner: bool = False,
        sparse: bool = True,
        delete: bool = False,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> RestoreResult:
        """Restores a snapshot, or a part of it, into the folder `target`.

        None as `target` means in place: where the files came from. `overwrite` says what happens
        to files that exist: "if-changed" replaces what differs in size or time, "always"
        everything, "if-newer" what is older than in the snapshot, "never" nothing. `includes` and
        `excludes` are patterns. `verify` reads every restored file again and compares; `no_owner`
        does not set owners; `sparse` leaves holes for runs of zeros; `delete` removes what is in
        the target (and selected) and not in the snapshot, last, and only if nothing failed.
        Raises `NotFoundError` if an include matches nothing, `NoSpaceError` before the first byte
        if the target is too small, `IncompleteError` if an item failed (everything else is
        restored), `ChecksumError` if verification found a difference.
        """
        return self.plan_restore(
            snapshot,
            target,
            overwrite=overwrite,
            includes=includes,
            excludes=excludes,
            verify=verify,
            no_owner=no_owner,
            sparse=sparse,
            delete=delete,
            progress=progress,
            on_item=on_item,
            cancel=cancel,
        ).run()

    def plan_restore(
        self,
        snapshot: Snapshot | str,
        target: StrPath | None,
        *,
        overwrite: Overwrite = "if-changed",
        includes: Paths = (),
        excludes: Paths = (),
        verify: bool = False,
        no_owner: bool = False,
        sparse: bool = True,
        delete: bool = False,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> RestorePlan:
        """What `restore` would do, without doing it: look at the plan, then `run` it, or not.

        The callbacks serve the plan and the run.
        """
        options = _sapdr.RestoreOptions()
        options.overwrite = _sapdr.OVERWRITE[overwrite]
        options.includes = _arguments.paths(includes)
        options.excludes = _arguments.paths(excludes)
        options.verify = verify
        options.no_owner = no_owner
        options.no_sparse = not sparse
        options.remove_extra = delete
        folder = None if target is None else _arguments.path(target)
        name = _arguments.snapshot(snapshot)
        return RestorePlan(
            _sapdr.RestorePlan(self._native, name, folder, options, progress, on_item, cancel)
        )

    def check(
        self,
        *,
        read_data: bool = False,
        subset: str | None = None,
        budget_bytes: int = 0,
        budget_time: Duration = 0.0,
        max_age: Duration = 0.0,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> CheckResult:
        """Is everything there that the snapshots need, and is it right?

        The structure is always checked. `read_data` reads the packs too; `subset` only some of
        them: "2/10" the second tenth, "5%" or "10G" a random share. A budget, in bytes or time,
        reads those that were verified longest ago, `max_age` leaves out what was verified within
        that time; what is found right is remembered in the repository.
        Raises `CorruptError` if there is damage; `on_item` tells each damaged object and each file
        that it affects.
        """
        options = _sapdr.CheckOptions()
        options.read_data = read_data
        options.read_data_subset = None if subset is None else _arguments.text(subset)
        options.budget_bytes = budget_bytes
        options.budget_time = _arguments.duration(budget_time)
        options.max_age = _arguments.duration(max_age)
        return self._native.check(options, progress, on_item, cancel)

    def repair_index(
        self,
        *,
        read_all_packs: bool = False,
        dry_run: bool = False,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> RepairIndexResult:
        """Makes the index say what the packs in storage hold.

        `read_all_packs` reads the headers of all packs, not only of those that the index does not
        name or that have another size. Raises `IncompleteError` if a pack has no header that can
        be read.
        """
        options = _sapdr.RepairOptions()
        options.read_all_packs = read_all_packs
        options.dry_run = dry_run
        return self._native.repair_index(options, progress, on_item, cancel)

    def repair_packs(
        self,
        packs: Strings = (),
        *,
        dry_run: bool = False,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> RepairPacksResult:
        """Moves what is right out of damaged packs, and takes those out of the index.

        `packs` are ids or prefixes of those to look at; none: all are read. Raises
        `IncompleteError` if blobs are lost; `on_item` tells which.
        """
        options = _sapdr.RepairOptions()
        options.names = _arguments.texts(packs)
        options.dry_run = dry_run
        return self._native.repair_packs(options, progress, on_item, cancel)

    def repair_snapshots(
        self,
        snapshots: Strings = (),
        *,
        forget: bool = False,
        dry_run: bool = False,
        host: Strings = (),
        tags: Strings = (),
        paths: Paths = (),
        tag_lists: Strings = (),
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> RepairSnapshotsResult:
        """Stores damaged snapshots anew, without the files and folders of which something is gone.

        `snapshots` are ids or prefixes; none: all that match. Repaired ones are tagged "repaired";
        `forget` removes the damaged ones. Raises `IncompleteError` if there was a damaged one;
        `on_item` tells what was left out.
        """
        options = _sapdr.RepairOptions()
        options.names = _arguments.texts(snapshots)
        options.forget = forget
        options.dry_run = dry_run
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        return self._native.repair_snapshots(options, wanted, progress, on_item, cancel)

    def verify(
        self,
        snapshot: Snapshot | str,
        target: StrPath | None = None,
        *,
        strict: bool = False,
        includes: Paths = (),
        excludes: Paths = (),
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> VerifyResult:
        """Are the files in `target` (None: where they came from) what the snapshot says?

        Nothing is restored and no data is fetched. With `strict`, metadata that differs and extra
        files count too.
        Raises `ChecksumError` if something is missing or differs, `IncompleteError` if something
        could not be read; `on_item` tells each difference.
        """
        options = _sapdr.VerifyOptions()
        options.strict = strict
        options.includes = _arguments.paths(includes)
        options.excludes = _arguments.paths(excludes)
        folder = None if target is None else _arguments.path(target)
        name = _arguments.snapshot(snapshot)
        return self._native.verify(name, folder, options, progress, on_item, cancel)

    def stats(
        self,
        snapshot: Snapshot | str | None = None,
        *,
        host: Strings = (),
        tags: Strings = (),
        paths: Paths = (),
        tag_lists: Strings = (),
        cancel: Cancel | None = None,
    ) -> Stats:
        """Sizes and ratios of one snapshot, or of those that match."""
        name = None if snapshot is None else _arguments.snapshot(snapshot)
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        return self._native.stats(name, wanted, cancel)

    def copy_from(
        self,
        source: Repository,
        snapshots: Names | None = None,
        *,
        dry_run: bool = False,
        host: Strings = (),
        tags: Strings = (),
        paths: Paths = (),
        tag_lists: Strings = (),
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> CopyResult:
        """Copies one snapshot of `source`, several, or (None) all that match, into this repository.

        Only what is missing here is copied, every blob proven; a snapshot that was copied before
        is skipped, so that a copy that was ended is just begun again. `on_item` tells each one:
        `object_id` is its id in `source`, `snapshot_id` the one here. `dry_run` stores nothing.
        `host`, `tags`, `paths` and `tag_lists` say what matches, and which one is "latest".
        `source` waits like this repository: callbacks must use neither.
        Raises `IncompleteError` if snapshots could not be copied because of damage in `source`,
        after all others were; `NotFoundError` or `AmbiguousError` for a name, before anything is
        copied.
        """
        options = _sapdr.CopyOptions()
        options.dry_run = dry_run
        names = _arguments.snapshots_or_all(snapshots)
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        return self._native.copy_from(
            source._native, names, wanted, options, progress, on_item, cancel
        )

    def tag(
        self,
        snapshots: Names | None = None,
        *,
        add: Strings = (),
        remove: Strings = (),
        set: Strings | None = None,
        host: Strings = (),
        tags: Strings = (),
        paths: Paths = (),
        tag_lists: Strings = (),
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> TagResult:
        """Changes the tags of one snapshot, of several, or (None) of all that match.

        `add` and then `remove` change the tags that a snapshot has, `set` replaces them: an empty
        list leaves none. A changed snapshot gets a new id, which `on_item` tells: `object_id` is
        the old one, `snapshot_id` the new one; it stays verified if it was. `host`, `tags`,
        `paths` and `tag_lists` say what matches, and which one is "latest".
        Raises `NotFoundError` or `AmbiguousError` for a name, before anything is changed;
        `LockedError` if the repository is in use.
        """
        options = _sapdr.TagOptions()
        options.add = _arguments.texts(add)
        options.remove = _arguments.texts(remove)
        options.set = None if set is None else _arguments.texts(set)
        names = _arguments.snapshots_or_all(snapshots)
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        return self._native.tag(names, wanted, options, progress, on_item, cancel)

    def unlock(self, *, remove_all: bool = False) -> int:
        """Removes stale locks and returns how many; `remove_all` removes every lock: only when no
        other process uses the repository."""
        return self._native.unlock(remove_all)

    def key_list(self) -> _Keys:
        """All keys, oldest first, damaged ones before all."""
        return self._native.key_list()

    def key_add(
        self,
        *,
        password: Password = None,
        password_file: StrPath | None = None,
        password_command: Command = None,
        host: str | None = None,
        user: str | None = None,
        scrypt: tuple[int, int, int] = (0, 0, 0),
        cancel: Cancel | None = None,
    ) -> str:
        """Adds a key for a further password, proven to open, and returns its id.

        The password, of at least one byte, is given as for `sapdr.init`; `host` and `user` are what
        the key tells of its origin (default: this host and user).
        """
        given = resolve(password, password_file, password_command)
        return self._native.key_add(_key_options(given, host, user, scrypt), cancel)

    def key_remove(self, id: str, *, cancel: Cancel | None = None) -> str:
        """Removes a key, by its id or a unique prefix, and returns its id.

        Raises `InvalidArgumentError` for the current key, `InvalidStateError` if the current key
        is gone or damaged, `NotFoundError`, `AmbiguousError`; `LockedError` if the repository is in
        use.
        """
        return self._native.key_remove(_arguments.text(id), cancel)

    def key_passwd(
        self,
        *,
        password: Password = None,
        password_file: StrPath | None = None,
        password_command: Command = None,
        host: str | None = None,
        user: str | None = None,
        scrypt: tuple[int, int, int] = (0, 0, 0),
        cancel: Cancel | None = None,
    ) -> str:
        """Changes the password of the current key; returns the id of the key that takes its place.

        The new password is given as for `sapdr.init`. The new key is proven to open before the one
        before is removed. Raises `LockedError` if the repository is in use.
        """
        given = resolve(password, password_file, password_command)
        return self._native.key_passwd(_key_options(given, host, user, scrypt), cancel)

    def cat(
        self,
        type: ObjectType | Literal["config", "masterkey"],
        id: str | None = None,
    ) -> bytes:
        """The plaintext of one stored object ("pack": the file as it is stored), by its id or a
        unique prefix; "config" and "masterkey" (secret!) have no id. Raises `NotFoundError`,
        `AmbiguousError`, `CorruptError`."""
        return self._native.cat(_arguments.text(type), None if id is None else _arguments.text(id))

    def list(self, type: ObjectType) -> _Objects:
        """Id and size in bytes of every stored object of a type."""
        return self._native.list(_arguments.text(type))


def _key_options(
    password: bytes, host: str | None, user: str | None, scrypt: tuple[int, int, int]
) -> _sapdr.KeyOptions:
    options = _sapdr.KeyOptions()
    options.password = password
    options.scrypt_n, options.scrypt_r, options.scrypt_p = scrypt
    options.host = None if host is None else _arguments.text(host)
    options.user = None if user is None else _arguments.text(user)
    return options
