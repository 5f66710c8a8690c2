"""sapdr: snapshots in restic's repository format, from Python.

    import sapdr

    with sapdr.open("/srv/repo", password_file="/etc/sapdr/password") as repo:
        result = repo.backup("/srv/models", tags=["nightly"], verify=True)
        repo.restore("latest:/srv/models", "/srv/restored")

Log records go to `logging` under the name "sapdr"; the level that this logger has when a
repository is opened decides what the library tells.
"""

from ._backend import Backend, ObjectInfo, ObjectName, SupportsBackend
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
from ._repository import Repository, init, open
from ._restore_plan import RestorePlan
from ._sapdr import __version__
from ._streams import Stream
from ._types import (
    BackupResult,
    CheckResult,
    Item,
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
    "Backend",
    "BackupResult",
    "CallbackError",
    "CancelledError",
    "CheckResult",
    "ChecksumError",
    "CorruptError",
    "Error",
    "ExistsError",
    "IncompleteError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidStateError",
    "IoError",
    "Item",
    "LockedError",
    "NetworkError",
    "NoMemoryError",
    "NoRepositoryError",
    "NoSpaceError",
    "Node",
    "NotFoundError",
    "ObjectInfo",
    "ObjectName",
    "PermissionDeniedError",
    "Progress",
    "Repository",
    "RestorePlan",
    "RestoreResult",
    "Snapshot",
    "Stats",
    "Stream",
    "SupportsBackend",
    "TimedOutError",
    "UnsupportedError",
    "VerifyResult",
    "__version__",
    "init",
    "open",
]
