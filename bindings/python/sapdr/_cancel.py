"""Stopping an operation from another thread."""

from __future__ import annotations

from . import _sapdr


class Cancel(_sapdr.Cancel):
    """Stops what it is given to (`cancel=`), from any thread and at any time.

    The operation raises `CancelledError`, within a tenth of a second unless storage of your own or
    a stream keeps it; also one that waits for a lock, for the repository or for storage that is
    tried again, or that has not begun. What was stored stays and is found again by the next run.
    One object may serve many operations, and stays triggered: make a new one for new ones. A plan
    and an open file keep theirs.
    """

    def trigger(self) -> None:
        """Asks every operation that was given this object to stop; may be called again."""
        super().trigger()

    @property
    def triggered(self) -> bool:
        """True once `trigger` was called."""
        return super().triggered
