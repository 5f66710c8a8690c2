"""sapdr: snapshots in restic's repository format, from Python.

    import sapdr

    with sapdr.open("/srv/repo", password_file="/etc/sapdr/password") as repo:
        result = repo.backup("/srv/models", tags=["nightly"], verify=True)
        repo.restore("latest:/srv/models", "/srv/restored")

    sapdr.manifest_write("/srv/models", "/srv/models/SHA256SUMS")  # no repository is needed

Log records go to `logging` under the name "sapdr"; the level that this logger has when a
repository is opened decides what the library tells.
"""

from ._backend import Backend, ObjectInfo, ObjectName, SupportsBackend
from ._cache import cache_list, cache_remove
from ._cancel import Cancel
from ._checksum import (
    Hasher,
    checksum_file,
    checksum_tree,
    manifest_verify,
    manifest_write,
    sha256,
)
from ._doctor import doctor
from ._errors import (
    AmbiguousError,
    AuthError,
    CallbackError,
    CancelledError,
    ChecksumError,
    CorruptError,
    Error,
    ExistsError,
    GapError,
    IncompleteError,
    InternalError,
    InvalidArgumentError,
    InvalidStateError,
    IoError,
    LockedError,
    NetworkError,
    NoMemoryError,
    NoRepositoryError,
    NoSpaceError,
    NotFoundError,
    PermissionDeniedError,
    TimedOutError,
    UnsafeError,
    UnsupportedError,
)
from ._file import SnapshotFile
from ._pace import Pace
from ._removal import ForgetPlan, PrunePlan
from ._repository import Repository, init, open
from ._restore_plan import RestorePlan
from ._sapdr import __version__
from ._streams import Stream
from ._types import (
    BackupResult,
    Cache,
    Change,
    CheckResult,
    ChecksumResult,
    CopyResult,
    DiffResult,
    FileChecksum,
    Finding,
    FindResult,
    ForgetDecision,
    ForgetResult,
    Item,
    Key,
    ManifestVerifyResult,
    Match,
    MongodbBackupResult,
    MongodbRange,
    Node,
    OplogTime,
    Progress,
    PruneResult,
    RepairIndexResult,
    RepairPacksResult,
    RepairSnapshotsResult,
    RestoreResult,
    Snapshot,
    Stats,
    TagResult,
    VerifyResult,
    WarmUpResult,
)

__all__ = [
    "AmbiguousError",
    "AuthError",
    "Backend",
    "BackupResult",
    "Cache",
    "CallbackError",
    "Cancel",
    "CancelledError",
    "Change",
    "CheckResult",
    "ChecksumError",
    "ChecksumResult",
    "CopyResult",
    "CorruptError",
    "DiffResult",
    "Error",
    "ExistsError",
    "FileChecksum",
    "FindResult",
    "Finding",
    "ForgetDecision",
    "ForgetPlan",
    "ForgetResult",
    "GapError",
    "Hasher",
    "IncompleteError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidStateError",
    "IoError",
    "Item",
    "Key",
    "LockedError",
    "ManifestVerifyResult",
    "Match",
    "MongodbBackupResult",
    "MongodbRange",
    "NetworkError",
    "NoMemoryError",
    "NoRepositoryError",
    "NoSpaceError",
    "Node",
    "NotFoundError",
    "ObjectInfo",
    "ObjectName",
    "OplogTime",
    "Pace",
    "PermissionDeniedError",
    "Progress",
    "PrunePlan",
    "PruneResult",
    "RepairIndexResult",
    "RepairPacksResult",
    "RepairSnapshotsResult",
    "Repository",
    "RestorePlan",
    "RestoreResult",
    "Snapshot",
    "SnapshotFile",
    "Stats",
    "Stream",
    "SupportsBackend",
    "TagResult",
    "TimedOutError",
    "UnsafeError",
    "UnsupportedError",
    "VerifyResult",
    "WarmUpResult",
    "__version__",
    "cache_list",
    "cache_remove",
    "checksum_file",
    "checksum_tree",
    "doctor",
    "init",
    "manifest_verify",
    "manifest_write",
    "open",
    "sha256",
]
