"""Exceptions: one class for each status of the library, from its one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

from . import _sapdr
from ._types import (
    BackupResult,
    CheckResult,
    ChecksumResult,
    CopyResult,
    DiffResult,
    FindResult,
    ForgetResult,
    ManifestVerifyResult,
    MongodbBackupResult,
    PruneResult,
    RepairIndexResult,
    RepairPacksResult,
    RepairSnapshotsResult,
    RestoreResult,
    TagResult,
    VerifyResult,
)

Result: TypeAlias = (
    BackupResult
    | RestoreResult
    | CheckResult
    | VerifyResult
    | ChecksumResult
    | ManifestVerifyResult
    | MongodbBackupResult
    | ForgetResult
    | PruneResult
    | RepairIndexResult
    | RepairPacksResult
    | RepairSnapshotsResult
    | CopyResult
    | TagResult
    | DiffResult
    | FindResult
    | None
)


class Error(Exception):
    """A failed call.

    `message` is one line that names the object and what to do; `details` holds facts such as
    "path" or "pack"; `retryable` is 0 (never), 1 (maybe) or 2 (yes): whether the same call may
    succeed later without anything being changed; `result` is what the operation did as far as it
    got, as what it would have returned, or None. The error that caused it, if any, is `__cause__`.
    """

    status: ClassVar[str] = ""  #: name in the table of status codes, "E_LOCKED"
    exit_code: ClassVar[int] = 1  #: what the command `sapdr` ends with

    def __init__(
        self,
        code: int,
        message: str,
        retryable: int = 0,
        details: Mapping[str, str] | None = None,
        result: Result = None,
    ) -> None:
        super().__init__(code, message, retryable, details, result)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.details = dict(details or {})
        self.result = result

    def __str__(self) -> str:
        return self.message


class InvalidArgumentError(Error):
    """An argument is not valid; correct it."""

    status = "E_INVALID_ARGUMENT"


class InvalidStateError(Error):
    """The object cannot do this now: it is closed, or busy."""

    status = "E_INVALID_STATE"


class NotFoundError(Error):
    """What was named does not exist."""

    status = "E_NOT_FOUND"


class ExistsError(Error):
    """What was to be created exists already."""

    status = "E_EXISTS"


class PermissionDeniedError(Error):
    """Access was denied."""

    status = "E_PERMISSION"


class AuthError(Error):
    """No key of the repository opens with this password."""

    status = "E_AUTH"


class LockedError(Error):
    """The repository is locked by another process; wait or unlock."""

    status = "E_LOCKED"


class CorruptError(Error):
    """Stored data is damaged."""

    status = "E_CORRUPT"


class ChecksumError(Error):
    """Data differs from what it must be."""

    status = "E_CHECKSUM"


class IoError(Error):
    """Reading or writing failed."""

    status = "E_IO"


class NetworkError(Error):
    """The network or the remote service failed."""

    status = "E_NETWORK"


class TimedOutError(Error):
    """It took longer than allowed."""

    status = "E_TIMEOUT"


class CancelledError(Error):
    """It was cancelled, by Ctrl-C or because the interpreter ended."""

    status = "E_CANCELLED"


class UnsupportedError(Error):
    """This version of the library cannot do this."""

    status = "E_UNSUPPORTED"


class NoMemoryError(Error):
    """Memory ran out."""

    status = "E_NO_MEMORY"


class CallbackError(Error):
    """A callback asked to stop. What a Python callback raises comes out as it is instead."""

    status = "E_CALLBACK"


class IncompleteError(Error):
    """It finished, but something was skipped; the items say what, `result` how much."""

    status = "E_INCOMPLETE"


class NoSpaceError(Error):
    """The disk or quota is full."""

    status = "E_NO_SPACE"


class AmbiguousError(Error):
    """A name matches more than one object; give more of it."""

    status = "E_AMBIGUOUS"


class InternalError(Error):
    """A defect of the library; please report it."""

    status = "E_INTERNAL"


class NoRepositoryError(Error):
    """There is no repository at this place."""

    status = "E_NO_REPOSITORY"


class UnsafeError(Error):
    """Stored data is in danger; the findings of `sapdr.doctor` say of what."""

    status = "E_UNSAFE"


class GapError(Error):
    """Points in time since the last backup cannot be restored; `result` says which."""

    status = "E_GAP"


def _classes() -> dict[int, type[Error]]:
    by_status = {each.status: each for each in Error.__subclasses__()}
    classes = {}
    for name, code, exit_code, _ in _sapdr.STATUS_TABLE:
        if name in by_status:
            classes[code] = by_status[name]
            classes[code].exit_code = exit_code
    return classes


_CLASSES = _classes()


def code_of(error: type[Error]) -> int:
    """The status that a class stands for."""
    return next(code for code, each in _CLASSES.items() if each is error)


def from_status(
    code: int,
    message: str,
    retryable: int,
    details: Mapping[str, str],
    result: Result,
    cause: BaseException | None,
) -> Error:
    """The exception for an error of the library; a status that is too new becomes an `Error`."""
    error = _CLASSES.get(code, Error)(code, message, retryable, details, result)
    error.__cause__ = cause
    return error
