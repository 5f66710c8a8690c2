"""A restore that is planned, and then run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from . import _sapdr
from ._types import Item, Progress, RestoreResult, Snapshot

Overwrite: TypeAlias = Literal["if-changed", "always", "if-newer", "never"]
OnProgress: TypeAlias = Callable[[Progress], object]
OnItem: TypeAlias = Callable[[Item], object]


class RestorePlan:
    """What a restore will do, from `Repository.plan_restore`; nothing is touched until `run`.

    A plan holds a lock of the repository until it has run or is dropped.
    """

    def __init__(self, native: _sapdr.RestorePlan) -> None:
        self._native = native

    @property
    def stats(self) -> RestoreResult:
        """What the run will do."""
        return self._native.stats

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that it restores."""
        return self._native.snapshot

    @property
    def target(self) -> str:
        """The folder it goes to, absolute."""
        return self._native.target

    def run(self) -> RestoreResult:
        """Runs the plan, once. Raises what `Repository.restore` does."""
        return self._native.run()
