"""Waiting for what servers and commands do by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(what: Callable[[], object], patience: float = 120) -> None:
    """Asks again and again, until the answer is something true."""
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
