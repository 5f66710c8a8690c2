"""A restore that is planned, and then run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from . import _arguments, _sapdr
from ._arguments import Duration
from ._types import Item, Progress, RestoreResult, Snapshot, WarmUpResult

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

    def warm_up(self, *, wait: Duration = 0, interval: Duration = 0) -> WarmUpResult:
        """Asks for the packs that the run needs and that lie in an archive, and for no others.

        It takes hours until they can be read. `wait` is how long to wait for that (0: not at all),
        looking every `interval` (0: a minute, or a tenth of `wait`); raises `TimedOutError` if that
        is not enough. Call it before `run`, as often as you like.
        """
        return self._native.warm_up(_arguments.duration(wait), _arguments.duration(interval))

    def run(self) -> RestoreResult:
        """Runs the plan, once. Raises what `Repository.restore` does."""
        return self._native.run()
