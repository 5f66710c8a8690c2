"""What is measured, and the bars that are set for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What is timed."""

    OPEN = "open"
    BACKUP = "backup"
    RESTORE = "restore"
    CHECK = "check"
    FORGET = "forget"


@dataclass(frozen=True)
class Step:
    """One action on a repository that is in a known state."""

    key: str
    title: str
    group: str  # the chart that it belongs to
    action: Action
    data: str = ""  # what is backed up or restored; its bytes are what CPU time is divided by
    before: tuple[str, ...] = ()  # what was backed up before, oldest first
    variants: tuple[str, ...] = ()  # settings of sapdr that are measured beside the default
    repeat: int = 1  # runs that make one sample, for what is over soon

    @property
    def stores(self) -> bool:
        return self.action is Action.BACKUP


FIRST, LATER, RESTORE, CARE = "first backup", "later backups", "restore", "opening, check, prune"
UNPROVEN, TENSOR = "sapdr-unproven", "sapdr-tensor"

# Steps that begin with the same state follow each other: it has not to be kept any longer.
STEPS = (
    Step("first-M", "first backup of M", FIRST, Action.BACKUP, "M", variants=(UNPROVEN, TENSOR)),
    Step("first-D", "first backup of D", FIRST, Action.BACKUP, "D"),
    Step("first-C", "first backup of C", FIRST, Action.BACKUP, "C"),
    Step("first-S", "first backup of S", FIRST, Action.BACKUP, "S"),
    Step("same-N", "N again, no change", LATER, Action.BACKUP, "N", ("N",)),
    Step("same-S", "S again, no change", LATER, Action.BACKUP, "S", ("S",)),
    Step("restore-S", "restore S", RESTORE, Action.RESTORE, "S", ("S",)),
    Step("restore-C", "restore C", RESTORE, Action.RESTORE, "C", ("C",)),
    Step("restore-D", "restore D", RESTORE, Action.RESTORE, "D", ("D",)),
    Step("check-D", "check all data of D", CARE, Action.CHECK, "D", ("D",)),
    Step("restore-M", "restore M", RESTORE, Action.RESTORE, "M", ("M",), variants=(TENSOR,)),
    Step("check-M", "check all data of M", CARE, Action.CHECK, "M", ("M",)),
    Step("next-M", "M2 after M", LATER, Action.BACKUP, "M2", ("M",)),
    Step("forget-M", "forget M of M, M2; prune", CARE, Action.FORGET, "M", ("M", "M2")),
    Step("open", "open an empty repository", CARE, Action.OPEN, repeat=10),
)


@dataclass(frozen=True)
class Bar:
    """Shares of restic's wall time that sapdr must not exceed and aims at."""

    must: float
    aim: float
    stored: float | None = None  # at most this share of the input may be stored
    stored_of_restic: float | None = None  # the same as a share of what restic stores


BARS = {
    ("first-M", "sapdr"): Bar(0.50, 0.38, stored=0.785),
    ("first-M", UNPROVEN): Bar(0.40, 0.30),
    ("first-M", TENSOR): Bar(0.40, 0.27, stored=0.665),
    ("first-D", "sapdr"): Bar(0.45, 0.33, stored_of_restic=1.03),
    ("first-C", "sapdr"): Bar(0.40, 0.25),
    ("first-S", "sapdr"): Bar(0.40, 0.25),
    ("same-N", "sapdr"): Bar(0.33, 0.20),
    ("same-S", "sapdr"): Bar(0.33, 0.20),
    ("next-M", "sapdr"): Bar(0.40, 0.25),
    ("restore-M", "sapdr"): Bar(1.05, 0.75),
    ("restore-M", TENSOR): Bar(0.90, 0.60),
    ("restore-D", "sapdr"): Bar(0.60, 0.40),
    ("restore-C", "sapdr"): Bar(0.60, 0.40),
    ("restore-S", "sapdr"): Bar(0.60, 0.40),
    ("check-M", "sapdr"): Bar(0.80, 0.50),
    ("check-D", "sapdr"): Bar(0.60, 0.40),
    ("forget-M", "sapdr"): Bar(0.60, 0.40),
}

# The tensor codec must be so many times as fast as others on the same weights, and store no more.
CODEC_SPEED = 2.0


def chosen(patterns: list[str]) -> list[Step]:
    """Steps whose key is one of these or begins with one; all if there are none."""
    for pattern in patterns:
        if not any(step.key.startswith(pattern) for step in STEPS):
            known = ", ".join(step.key for step in STEPS)
            raise ValueError(f"no step is called {pattern}; there are {known}")
    return [step for step in STEPS if not patterns or step.key.startswith(tuple(patterns))]
