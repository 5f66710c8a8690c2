"""What protects the data of a repository where it is stored."""

from __future__ import annotations

from typing import Literal, TypeAlias

from . import _sapdr
from ._backend import Location, native
from ._cancel import Cancel
from ._types import Finding

Duty: TypeAlias = Literal["backup", "restore", "prune"]


def doctor(
    location: Location,
    *,
    duty: Duty = "backup",
    must_be_safe: bool = False,
    cancel: Cancel | None = None,
) -> list[Finding]:
    """Asks a storage about itself, and tells what protects the data in it and what endangers it.

    Nothing is changed, and no password is needed. `duty` says what the credential is there for:
    one that makes backups should not be able to delete them. What cannot be found out is a finding,
    too. With `must_be_safe`, raises `UnsafeError` if there is a danger. Raises `NotFoundError` if
    the folder or container does not exist.
    """
    return _sapdr.doctor(native(location), _sapdr.DUTY[duty], must_be_safe, cancel)
