"""How gently operations treat the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from . import _sapdr

IoClass: TypeAlias = Literal["best-effort", "idle"]


@dataclass(frozen=True)
class Pace:
    """How gently operations treat the machine that others work on, for `open` and `init`.

    `limit_cpu` is how much processor time all threads of the operations may take together, in
    percent of one core: 50 is half of one, 200 two; 0 sets no limit. `nice` (0 to 19), `io_class`
    and the level of "best-effort" (1 goes first, 7, which 0 stands for, last) say who goes first
    where processors and disks are wanted by several. All of it holds for threads of the operation
    alone: that of the caller stays as it is.
    """

    limit_cpu: int = 0
    nice: int = 0
    io_class: IoClass | None = None
    io_level: int = 0


def native(pace: Pace | None) -> _sapdr.Pace:
    """The pace as the library takes it; None: as fast as it goes."""
    own = _sapdr.Pace()
    if pace is not None:
        own.limit_cpu_percent = pace.limit_cpu
        own.nice = pace.nice
        own.io_class = 0 if pace.io_class is None else _sapdr.IO_CLASS[pace.io_class]
        own.io_level = pace.io_level
    return own
