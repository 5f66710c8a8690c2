"""sapdr: snapshots in restic's repository format, from Python.

    import sapdr

    with sapdr.open("/srv/repo", password_file="/etc/sapdr/password") as repo:
        result = repo.backup("/srv/models", tags=["nightly"], verify=True)
        repo.restore("latest:/srv/models", "/srv/restored")

Log records go to `logging` under the name "sapdr"; the level that this logger has when a
repository is opened decides what the library tells.
"""

from ._errors import (
    AmbiguousError,
    AuthError,
    CallbackError,
    CancelledError,
    ChecksumError,
    CorruptError,
    Error,
    ExistsError,
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
    UnsupportedError,
)
from ._file import SnapshotFile
from ._repository import Repository, init, open
from ._restore_plan import RestorePlan
from ._sapdr import __version__
from ._streams import Stream
from ._types import (
    BackupResult,
    Change,
    CheckResult,
    DiffResult,
    FindResult,
    Item,
    Match,
    Node,
    Progress,
    RestoreResult,
    Snapshot,
    Stats,
    VerifyResult,
)

__all__ = [
    "AmbiguousError",
    "AuthError",
    "BackupResult",
    "CallbackError",
    "CancelledError",
    "Change",
    "CheckResult",
    "ChecksumError",
    "CorruptError",
    "DiffResult",
    "Error",
    "ExistsError",
    "FindResult",
    "IncompleteError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidStateError",
    "IoError",
    "Item",
    "LockedError",
    "Match",
    "NetworkError",
    "NoMemoryError",
    "NoRepositoryError",
    "NoSpaceError",
    "Node",
    "NotFoundError",
    "PermissionDeniedError",
    "Progress",
    "Repository",
    "RestorePlan",
    "RestoreResult",
    "Snapshot",
    "SnapshotFile",
    "Stats",
    "Stream",
    "TimedOutError",
    "UnsupportedError",
    "VerifyResult",
    "__version__",
    "init",
    "open",
]
