"""Forget and prune: each is planned, and then run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from . import _arguments, _sapdr
from ._arguments import Duration, Keep, Names, Paths, Span, Strings
from ._cancel import Cancel
from ._restore_plan import OnItem, OnProgress
from ._types import ForgetDecision, ForgetResult, PruneResult

GroupBy: TypeAlias = Iterable[Literal["host", "paths", "tags"]]


class ForgetPlan:
    """What a forget will do, from `Repository.plan_forget`; nothing is removed until `run`.

    A plan holds a lock of the repository until it has run or is dropped.
    """

    def __init__(self, native: _sapdr.ForgetPlan) -> None:
        self._native = native

    @property
    def decisions(self) -> tuple[ForgetDecision, ...]:
        """What becomes of each snapshot: group by group, newest first."""
        return self._native.decisions

    def run(self) -> ForgetResult:
        """Runs the plan, once. Raises what `Repository.forget` does."""
        return self._native.run()


class PrunePlan:
    """What a prune will do, from `Repository.plan_prune`; nothing is changed until `run`.

    A plan holds a lock of the repository until it has run or is dropped.
    """

    def __init__(self, native: _sapdr.PrunePlan) -> None:
        self._native = native

    @property
    def stats(self) -> PruneResult:
        """What the run will do."""
        return self._native.stats

    def run(self) -> PruneResult:
        """Runs the plan, once. Raises what `Repository.prune` does."""
        return self._native.run()


class Removal:
    """The operations of a repository that remove something."""

    _native: _sapdr.Repository

    def forget(
        self,
        *,
        keep_last: Keep = 0,
        keep_hourly: Keep = 0,
        keep_daily: Keep = 0,
        keep_weekly: Keep = 0,
        keep_monthly: Keep = 0,
        keep_yearly: Keep = 0,
        keep_within: Span | None = None,
        keep_within_hourly: Span | None = None,
        keep_within_daily: Span | None = None,
        keep_within_weekly: Span | None = None,
        keep_within_monthly: Span | None = None,
        keep_within_yearly: Span | None = None,
        keep_tags: Strings = (),
        snapshots: Names = (),
        host: Strings = (),
        tags: Strings = (),
        tag_lists: Strings = (),
        paths: Paths = (),
        group_by: GroupBy = ("host", "paths"),
        allow_remove_all: bool = False,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> ForgetResult:
        """Removes snapshots; what only they needed stays in storage until a `prune`.

        Of the snapshots that match `host`, `tags`, `tag_lists` and `paths` (as in `snapshots`)
        those stay that a rule keeps, in each group of `group_by` apart (`()`: one group). Rules
        are restic's: `keep_daily=7` keeps the last one of each of the last 7 days with a snapshot
        ("unlimited": of all of them), `keep_within` all in a span of time before the latest one
        ("1y5m7d2h", or a `timedelta` of whole hours), `keep_within_daily` one of each day in it,
        `keep_tags` what has all tags of one list ("a,b"). With `snapshots` just these go, whatever
        they are.
        Raises `InvalidArgumentError` if nothing says what to keep, or if a group would lose all
        its snapshots and not `allow_remove_all`; `NotFoundError`; `CorruptError` if a snapshot
        cannot be read.
        """
        return self.plan_forget(
            keep_last=keep_last,
            keep_hourly=keep_hourly,
            keep_daily=keep_daily,
            keep_weekly=keep_weekly,
            keep_monthly=keep_monthly,
            keep_yearly=keep_yearly,
            keep_within=keep_within,
            keep_within_hourly=keep_within_hourly,
            keep_within_daily=keep_within_daily,
            keep_within_weekly=keep_within_weekly,
            keep_within_monthly=keep_within_monthly,
            keep_within_yearly=keep_within_yearly,
            keep_tags=keep_tags,
            snapshots=snapshots,
            host=host,
            tags=tags,
            tag_lists=tag_lists,
            paths=paths,
            group_by=group_by,
            allow_remove_all=allow_remove_all,
            progress=progress,
            on_item=on_item,
            cancel=cancel,
        ).run()

    def plan_forget(
        self,
        *,
        keep_last: Keep = 0,
        keep_hourly: Keep = 0,
        keep_daily: Keep = 0,
        keep_weekly: Keep = 0,
        keep_monthly: Keep = 0,
        keep_yearly: Keep = 0,
        keep_within: Span | None = None,
        keep_within_hourly: Span | None = None,
        keep_within_daily: Span | None = None,
        keep_within_weekly: Span | None = None,
        keep_within_monthly: Span | None = None,
        keep_within_yearly: Span | None = None,
        keep_tags: Strings = (),
        snapshots: Names = (),
        host: Strings = (),
        tags: Strings = (),
        tag_lists: Strings = (),
        paths: Paths = (),
        group_by: GroupBy = ("host", "paths"),
        allow_remove_all: bool = False,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> ForgetPlan:
        """What `forget` would do, without doing it: look at the plan, then `run` it, or not.

        The callbacks serve the run.
        """
        options = _sapdr.ForgetOptions()
        options.keep_last = _arguments.keep(keep_last)
        options.keep_hourly = _arguments.keep(keep_hourly)
        options.keep_daily = _arguments.keep(keep_daily)
        options.keep_weekly = _arguments.keep(keep_weekly)
        options.keep_monthly = _arguments.keep(keep_monthly)
        options.keep_yearly = _arguments.keep(keep_yearly)
        options.keep_within = _arguments.span(keep_within)
        options.keep_within_hourly = _arguments.span(keep_within_hourly)
        options.keep_within_daily = _arguments.span(keep_within_daily)
        options.keep_within_weekly = _arguments.span(keep_within_weekly)
        options.keep_within_monthly = _arguments.span(keep_within_monthly)
        options.keep_within_yearly = _arguments.span(keep_within_yearly)
        options.keep_tags = _arguments.texts(keep_tags)
        options.snapshots = _arguments.snapshots(snapshots)
        options.group_by = sum(_sapdr.GROUP_BY[each] for each in set(group_by))
        options.group_by = options.group_by or _sapdr.GROUP_BY["nothing"]
        options.allow_remove_all = allow_remove_all
        wanted = _arguments.snapshot_filter(host, tags, paths, tag_lists)
        return ForgetPlan(
            _sapdr.ForgetPlan(self._native, options, wanted, progress, on_item, cancel)
        )

    def prune(
        self,
        *,
        max_unused: str | int | None = None,
        max_repack_size: int | None = None,
        repack_small: bool = False,
        grace: Duration | None = None,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> PruneResult:
        """Removes data that no snapshot needs any more.

        `max_unused` is what may stay unused in packs that are needed: "5%" (the default) of
        everything, "10G" or a number of bytes, "unlimited". `max_repack_size` is how many bytes of
        packs are repacked at most (None: any). `repack_small` puts small packs together as well.
        Packs leave the index first, and the storage with the first prune after `grace` (default:
        24 hours; 0: at once, only when it is sure that nobody else is writing).
        Raises `CorruptError` if something that a snapshot needs is not there, `LockedError` if
        others use the repository when the run has to be alone: what was moved stays moved.
        """
        return self.plan_prune(
            max_unused=max_unused,
            max_repack_size=max_repack_size,
            repack_small=repack_small,
            grace=grace,
            progress=progress,
            on_item=on_item,
            cancel=cancel,
        ).run()

    def plan_prune(
        self,
        *,
        max_unused: str | int | None = None,
        max_repack_size: int | None = None,
        repack_small: bool = False,
        grace: Duration | None = None,
        without_snapshots: Names = (),
        forget: bool = False,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> PrunePlan:
        """What `prune` would do, without doing it: look at the plan, then `run` it, or not.

        `without_snapshots`, by their ids in full, makes a plan as if these were forgotten, which
        runs once they are; with `forget` the run removes them, as soon as nobody else is using the
        repository. The callbacks serve the plan and the run.
        """
        options = _sapdr.PruneOptions()
        options.max_unused = None if max_unused is None else _arguments.text(str(max_unused))
        if max_repack_size is not None:
            options.max_repack_size = max(max_repack_size, 1)  # 0 would be no limit
        options.repack_small = repack_small
        options.grace = None if grace is None else _arguments.duration(grace)
        options.without_snapshots = _arguments.snapshots(without_snapshots)
        options.forget = forget
        return PrunePlan(_sapdr.PrunePlan(self._native, options, progress, on_item, cancel))
