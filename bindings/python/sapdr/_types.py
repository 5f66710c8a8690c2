"""What the library tells: immutable values. Sizes are in bytes, `elapsed` in seconds.

Times are kept in nanoseconds since 1970 (`*_ns`), as they are stored; the properties beside them
give them as `datetime` in UTC, cut to microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Phase: TypeAlias = Literal["prepare", "read", "write", "check", "verify", "finish", "unknown"]
Action: TypeAlias = Literal[
    "new",
    "modified",
    "unchanged",
    "restored",
    "skipped",
    "failed",
    "changed",
    "missing",
    "extra",
    "differs",
    "metadata",
    "damaged",
    "affected",
    "notice",
    "removed",
    "unknown",
]
NodeType: TypeAlias = Literal["file", "dir", "symlink", "dev", "chardev", "fifo", "socket", "other"]
Modifier: TypeAlias = Literal["+", "-", "M", "U", "T", "TU"]
Severity: TypeAlias = Literal["ok", "note", "warning", "danger", "unknown"]
BackupState: TypeAlias = Literal["failed", "incomplete", "written", "verified"]


def _moment(nanoseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an operation is.

    Items and bytes are counted anew in each phase; totals are 0 while unknown and may grow.
    """

    phase: Phase
    items_done: int
    items_total: int
    bytes_done: int
    bytes_total: int
    errors: int  #: items that failed so far
    elapsed: float  #: seconds since the operation began
    current: str | None  #: the item being worked on
    is_final: bool  #: True in the last call, which is always made


@dataclass(frozen=True, slots=True)
class Item:
    """What happened to one file or stored object."""

    action: Action
    path: str | None
    size: int  #: 0 if unknown
    status: int  #: 0, or the `code` of the error that would be raised for it
    message: str | None
    object_type: str | None  #: "pack", "blob", "tree", "index", "snapshot", "key", "lock"
    object_id: str | None
    snapshot_id: str | None  #: the snapshot that is affected


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot says of itself."""

    id: str
    time_ns: int
    tree: str
    parent: str | None
    host: str
    user: str
    program: str  #: what wrote it; "" if unknown
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    files: int  #: as its writer noted; 0 if it noted nothing
    bytes: int  #: as its writer noted; 0 if it noted nothing
    verified_ns: int | None  #: when every pack of it was last proved right

    @property
    def short_id(self) -> str:
        """The first 8 digits of the id."""
        return self.id[:8]

    @property
    def time(self) -> datetime:
        """When the backup began."""
        return _moment(self.time_ns)

    @property
    def verified(self) -> datetime | None:
        """When every pack of it was last read back and found right; None: it is only written."""
        return None if self.verified_ns is None else _moment(self.verified_ns)


@dataclass(frozen=True, slots=True)
class Node:
    """One file, folder or other thing in a snapshot."""

    path: str  #: absolute in the snapshot; bytes that are not UTF-8 as `os.fsdecode` gives them
    type: NodeType
    size: int
    mode: int  #: permission bits with setuid, setgid, sticky
    uid: int
    gid: int
    user: str  #: name on the source; "" if unknown
    group: str
    mtime_ns: int
    atime_ns: int
    ctime_ns: int
    link_target: str | None  #: of a symbolic link
    inode: int
    links: int
    device: int  #: of a device file
    blobs: int  #: blobs that hold its content

    @property
    def mtime(self) -> datetime:
        """When its content last changed."""
        return _moment(self.mtime_ns)

    @property
    def atime(self) -> datetime:
        """When it was last read, if the backup kept that; else `mtime`."""
        return _moment(self.atime_ns)

    @property
    def ctime(self) -> datetime:
        """When its content or metadata last changed."""
        return _moment(self.ctime_ns)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a repository: what its file tells without a password."""

    id: str
    created_ns: int  #: 0 if unknown
    host: str  #: where it was made; "" if unknown
    user: str  #: by whom; "" if unknown
    is_current: bool  #: the repository was opened with it
    damage: str | None  #: why its file cannot be read; None: it can

    @property
    def short_id(self) -> str:
        """The first 8 digits of the id."""
        return self.id[:8]

    @property
    def created(self) -> datetime:
        """When it was made."""
        return _moment(self.created_ns)


@dataclass(frozen=True, slots=True)
class Finding:
    """What `sapdr.doctor` found about a storage."""

    severity: Severity  #: "danger": data will be lost, or backups fail
    code: str  #: what it is about, for programs: "soft-delete"; docs/JSON.md has all
    object: str  #: account, container or folder
    message: str  #: one line: what it means, and what to do


@dataclass(frozen=True, slots=True)
class Cache:
    """What is kept on this machine of one remote repository."""

    repository_id: str
    files: int
    bytes: int
    used_ns: int  #: when the repository was last opened with it

    @property
    def used(self) -> datetime:
        """When the repository was last opened with it."""
        return _moment(self.used_ns)


@dataclass(frozen=True, slots=True)
class BackupResult:
    """What a backup did."""

    state: BackupState  #: "verified": every pack the snapshot needs was read back
    snapshot_id: str | None  #: None if none was stored
    parent_id: str | None
    files_new: int
    files_changed: int
    files_unmodified: int
    dirs_new: int
    dirs_changed: int
    dirs_unmodified: int
    items_total: int  #: files, folders, links and the rest in the snapshot
    items_failed: int  #: could not be read
    bytes_total: int  #: of the files in the snapshot
    bytes_read: int
    data_blobs_new: int
    tree_blobs_new: int
    bytes_new: int  #: plaintext of the new blobs
    bytes_stored: int  #: the new blobs as stored
    packs_new: int
    packs_verified: int
    bytes_verified: int
    elapsed: float


class OplogTime(NamedTuple):
    """A point in the history of a MongoDB replica set: a BSON timestamp."""

    seconds: int  #: since 1970
    increment: int  #: within that second, from 1 on

    @property
    def time(self) -> datetime:
        """The second, in UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)


@dataclass(frozen=True, slots=True)
class MongodbBackupResult:
    """What a backup of MongoDB did."""

    backup: BackupResult
    is_full: bool  #: all data was read; else the oplog since the last backup
    consistent: OplogTime | None  #: any time from here …
    last: OplogTime | None  #: … to here can be restored; None for a standalone server
    gap_from: OplogTime | None  #: nothing between here …
    gap_to: OplogTime | None  #: … and here can be restored; None if there is no gap
    bridge_id: str | None  #: of a snapshot that closes the gap between a full one and those before
    collections: int
    documents: int
    document_bytes: int
    oplog_entries: int
    oplog_bytes: int


@dataclass(frozen=True, slots=True)
class MongodbRange:
    """Times of a MongoDB deployment that can be restored, without a gap."""

    replica_set: str  #: empty: a standalone server
    replica_set_id: str  #: what tells replica sets of one name apart
    includes: tuple[str, ...]  #: what the backups were told to include
    excludes: tuple[str, ...]
    start: OplogTime | None  #: None for a standalone server
    end: OplogTime | None
    snapshot_ids: tuple[str, ...]  #: oldest first; each time is in one at least


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What a restore will do, or did."""

    dirs: int
    files: int  #: to write, or written
    others: int  #: links, devices, fifos
    files_unchanged: int  #: already right
    files_skipped: int  #: left alone because of `overwrite`
    items_failed: int
    items_removed: int  #: were not in the snapshot
    bytes: int  #: of the files to write, or written
    bytes_fetched: int  #: read from storage; 0 in a plan
    packs: int
    bytes_verified: int
    elapsed: float


@dataclass(frozen=True, slots=True)
class WarmUpResult:
    """What became of packs that could not be read at once."""

    packs: int  #: that the plan reads from
    asked: int  #: that were asked for by this call
    waiting: int  #: that cannot be read yet
    elapsed: float


@dataclass(frozen=True, slots=True)
class ForgetDecision:
    """What becomes of one snapshot in a forget."""

    snapshot: Snapshot
    keep: bool
    group: int  #: number of its group, from 0
    reasons: tuple[str, ...]  #: why it is kept


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What a forget did."""

    removed: int  #: snapshots


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What a prune will do, or did. Bytes are those of packs and blobs as stored."""

    snapshots: int
    blobs_used: int
    bytes_used: int
    blobs_unused: int
    bytes_unused: int
    blobs_duplicate: int  #: further copies of used blobs
    bytes_duplicate: int
    packs_total: int  #: in storage, before
    bytes_total: int
    packs_repacked: int
    bytes_repacked: int  #: moved to new packs
    packs_marked: int  #: left the index and wait for their removal
    bytes_marked: int
    packs_waiting: int  #: marked by an earlier prune, and not due yet
    bytes_waiting: int
    due_ns: int | None  #: when the grace period of the last of those that wait is over
    packs_removed: int  #: from storage
    bytes_removed: int
    bytes_unused_after: int  #: stay in packs that are needed
    elapsed: float
    snapshots_removed: int = 0  #: by a run with `forget`

    @property
    def due(self) -> datetime | None:
        """From when on a prune removes all packs that are marked or waiting; None: there are
        none."""
        return None if self.due_ns is None else _moment(self.due_ns)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found."""

    snapshots: int
    trees: int
    packs: int
    packs_read: int
    bytes_read: int
    packs_unreferenced: int  #: no index names them; no damage
    problems: int  #: damaged or missing objects
    snapshots_affected: int
    files_affected: int  #: cannot be restored whole, over all snapshots
    packs_never_verified: int  #: after this run
    oldest_unverified: float  #: seconds that the pack which waits longest has not been verified
    elapsed: float


@dataclass(frozen=True, slots=True)
class RepairIndexResult:
    """What the repair of the index did, or would do."""

    packs: int  #: that the index names now
    packs_read: int  #: whose headers were read
    packs_added: int  #: that no index named
    packs_changed: int  #: in which there is something else than the index said
    packs_dropped: int  #: that the index named and that are missing
    index_files_damaged: int
    problems: int
    elapsed: float


@dataclass(frozen=True, slots=True)
class RepairPacksResult:
    """What the repair of packs did, or would do."""

    packs_read: int
    bytes_read: int
    packs_damaged: int
    blobs_saved: int  #: moved to new packs
    blobs_lost: int  #: no copy is right
    elapsed: float


@dataclass(frozen=True, slots=True)
class RepairSnapshotsResult:
    """What the repair of snapshots did, or would do."""

    snapshots: int  #: looked at
    snapshots_repaired: int
    snapshots_lost: int  #: nothing of them is left
    snapshots_removed: int
    files_dropped: int  #: each different folder counts once
    folders_dropped: int
    elapsed: float


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """How local files compare with a snapshot."""

    files: int  #: compared
    bytes: int  #: read
    matching: int
    missing: int
    differing: int  #: content or type differs
    metadata: int  #: only metadata differs
    extra: int  #: not in the snapshot
    failed: int  #: could not be read
    elapsed: float


@dataclass(frozen=True, slots=True)
class FileChecksum:
    """The checksum of one file."""

    path: str  #: as it was found; bytes that are not UTF-8 as `os.fsdecode` gives them
    size: int  #: bytes that were read
    sha256: str  #: hexadecimal


@dataclass(frozen=True, slots=True)
class ChecksumResult:
    """What was read for checksums."""

    files: int
    bytes: int
    skipped: int  #: links, devices, fifos, sockets
    failed: int  #: could not be read
    elapsed: float


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What a copy did, or in a dry run would do."""

    snapshots_copied: int
    snapshots_skipped: int  #: are in the destination already: the same, or a copy
    snapshots_failed: int  #: need something of the source that is damaged
    data_blobs_new: int  #: that the destination lacked
    tree_blobs_new: int
    bytes_new: int  #: plaintext of these
    bytes_stored: int  #: these as stored; 0 in a dry run
    packs_new: int  #: 0 in a dry run
    bytes_fetched: int  #: read from the packs of the source; 0 in a dry run
    elapsed: float


@dataclass(frozen=True, slots=True)
class ManifestVerifyResult:
    """How local files compare with a manifest."""

    files: int  #: read and compared
    bytes: int
    matching: int
    missing: int
    differing: int  #: in content, or not a file
    extra: int  #: not in the manifest
    failed: int  #: could not be read
    malformed: int  #: lines of the manifest that are none
    elapsed: float


@dataclass(frozen=True, slots=True)
class TagResult:
    """What a change of tags did."""

    changed: int  #: snapshots that were replaced by ones with other tags
    unchanged: int  #: had these tags already
    elapsed: float


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two snapshots."""

    modifier: Modifier  #: restic's letters: added, removed, content, metadata only, type
    path: str
    before: Node | None  #: None if it was added
    after: Node | None  #: None if it was removed


@dataclass(frozen=True, slots=True)
class DiffResult:
    """How one snapshot differs from another."""

    before_id: str
    after_id: str
    files_new: int
    files_removed: int
    files_changed: int  #: in content
    dirs_new: int
    dirs_removed: int
    others_new: int  #: links, devices, fifos, sockets
    others_removed: int
    data_blobs_new: int  #: only the second snapshot needs them
    data_blobs_removed: int
    tree_blobs_new: int
    tree_blobs_removed: int
    bytes_new: int  #: plaintext of the new blobs
    bytes_removed: int
    failed: int  #: folders that could not be compared, blobs of unknown size
    elapsed: float
    changes: tuple[Change, ...] = ()  #: folders before what is in them; none with `on_change`


@dataclass(frozen=True, slots=True)
class Match:
    """Something that was looked for, in one snapshot."""

    snapshot: Snapshot
    node: Node  #: of the root itself, only path and type are known
    object_type: Literal["blob", "tree"] | None  #: it was found by this id; None: by a pattern
    object_id: str | None
    tree_id: str | None  #: tree that the node is in; None for the root


@dataclass(frozen=True, slots=True)
class FindResult:
    """What a search did and found."""

    snapshots: int  #: searched
    trees: int  #: different trees that were read
    n_matches: int
    failed: int  #: folders of snapshots that could not be searched
    elapsed: float
    matches: tuple[Match, ...] = ()  #: snapshot by snapshot; none with `on_match`


@dataclass(frozen=True, slots=True)
class Stats:
    """How big snapshots are, and what they cost in storage."""

    snapshots: int
    files: int  #: each as often as it is in a snapshot
    restore_bytes: int  #: what restoring them all would write
    blobs: int  #: different blobs they need
    plain_bytes: int  #: plaintext of those blobs
    stored_bytes: int  #: those blobs as stored
    repository_bytes: int  #: all packs of the repository

    @property
    def dedup_ratio(self) -> float:
        """How many times smaller deduplication made the data; 1.0 if there is none."""
        return self.restore_bytes / self.plain_bytes if self.plain_bytes else 1.0

    @property
    def compression_ratio(self) -> float:
        """How many times smaller compression made the blobs; 1.0 if there are none."""
        return self.plain_bytes / self.stored_bytes if self.stored_bytes else 1.0
