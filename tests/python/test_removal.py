"""Forget and prune: a plan, then a run."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import PASSWORD

import sapdr

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def history(repo: sapdr.Repository, tmp_path: Path) -> sapdr.Repository:
    """A repository with six daily snapshots of two hosts."""
    data = tmp_path / "data"
    for day in range(6):
        data.write_bytes(os.urandom(50_000))
        host = "alpha" if day < 4 else "beta"
        tags = ["release", "v2"] if day == 1 else ["v2"] if day == 4 else []
        repo.backup(data, host=host, tags=tags, time=BEGIN + timedelta(days=day))
    return repo


def kept(plan: sapdr.ForgetPlan) -> list[int]:
    """The days of the snapshots that stay."""
    return [(each.snapshot.time - BEGIN).days for each in plan.decisions if each.keep]


def test_forget(history: sapdr.Repository) -> None:
    plan = history.plan_forget(keep_last=1, keep_tags="release,v2")
    first, *_, last = plan.decisions
    assert first.snapshot == history.snapshots(host="alpha")[-1]
    assert (first.keep, first.group, first.reasons) == (True, 0, ("last snapshot",))
    assert (last.keep, last.group, last.reasons) == (False, 1, ())
    assert plan.decisions[2].reasons == ("has tags release,v2",)
    assert len(history.snapshots()) == 6
    assert len(history.list("lock")) == 1
    assert plan.run() == sapdr.ForgetResult(removed=3)
    assert history.list("lock") == []
    assert len(plan.decisions) == 6
    assert len(history.snapshots()) == 3
    with pytest.raises(sapdr.InvalidStateError, match="run already"):
        plan.run()


def test_rules(history: sapdr.Repository) -> None:
    forget = history.plan_forget
    assert kept(forget(keep_last="unlimited")) == [3, 2, 1, 0, 5, 4]
    assert kept(forget(keep_within="1d1h")) == [3, 2, 5, 4]
    assert kept(forget(keep_within=timedelta(days=1, hours=1))) == [3, 2, 5, 4]
    assert kept(forget(keep_last=1, keep_within_monthly=timedelta(weeks=9))) == [3, 0, 5, 4]
    assert kept(forget(keep_last=1, group_by=())) == [5]
    assert kept(forget(keep_last=1, group_by=("host", "tags"))) == [3, 1, 5, 4]
    assert kept(forget(keep_last=1, host="alpha")) == [3]
    assert kept(forget(keep_last=1, tags=["v2", "release"])) == [1]
    assert kept(forget(keep_last=1, tag_lists=["release", ""])) == [3, 5]
    assert kept(forget(keep_hourly=1, keep_daily=1, keep_weekly=1, keep_monthly=1)) == [3, 5]
    assert kept(forget(keep_yearly=1, paths="/nowhere")) == []
    assert len(history.snapshots(tag_lists="release,v2")) == 1
    assert history.snapshot("latest", tag_lists=["release", "none"]).tags == ("release", "v2")
    assert history.stats(tag_lists=["v2"]).snapshots == 2


def test_snapshots_by_name(history: sapdr.Repository) -> None:
    oldest, second, *_ = history.snapshots()
    plan = history.plan_forget(snapshots=[oldest, second.short_id, "latest"], host="alpha")
    assert [each.keep for each in plan.decisions] == [False] * 3
    assert plan.run().removed == 3
    assert history.forget(snapshots="latest").removed == 1
    assert len(history.snapshots()) == 2
    with pytest.raises(sapdr.NotFoundError):
        history.forget(snapshots=[oldest])


def test_refusals(history: sapdr.Repository) -> None:
    with pytest.raises(sapdr.InvalidArgumentError, match="which snapshots to keep"):
        history.forget()
    with pytest.raises(sapdr.InvalidArgumentError, match="host beta"):
        history.forget(keep_tags="release")
    with pytest.raises(sapdr.InvalidArgumentError, match="span"):
        history.forget(keep_within="a while")
    with pytest.raises(ValueError, match="whole hours"):
        history.forget(keep_within=timedelta(minutes=90))
    with pytest.raises(ValueError, match="whole hours"):
        history.forget(keep_within=timedelta(days=-1))
    with pytest.raises(TypeError):
        history.forget(keep_last=-1)
    with pytest.raises(KeyError):
        history.forget(keep_last=1, group_by=["colour"])  # type: ignore[list-item]
    assert len(history.snapshots()) == 6
    assert history.forget(host="beta", allow_remove_all=True).removed == 2
    assert history.list("lock") == []


def test_prune(history: sapdr.Repository) -> None:
    history.forget(keep_last=1)
    plan = history.plan_prune()
    stats = plan.stats
    assert (stats.snapshots, stats.packs_total, stats.packs_marked) == (2, 12, 8)
    assert stats.bytes_used > 100_000
    assert stats.bytes_unused > 200_000
    assert len(history.list("lock")) == 1
    before = datetime.now(UTC)
    result = plan.run()
    assert history.list("lock") == []
    assert (result.packs_marked, result.packs_removed) == (8, 0)
    assert result.bytes_marked == stats.bytes_marked
    assert result.elapsed > 0
    assert result.due is not None
    assert timedelta(hours=23) < result.due - before < timedelta(hours=25)
    assert plan.stats == stats
    with pytest.raises(sapdr.InvalidStateError, match="run already"):
        plan.run()
    assert len(history.list("pack")) == 12

    assert history.prune(grace=timedelta(hours=1)).packs_waiting == 8
    freed = history.prune(grace=0)
    assert (freed.packs_removed, freed.due, freed.due_ns) == (8, None, None)
    assert history.check(read_data=True).packs_unreferenced == 0


def test_what_is_repacked(history: sapdr.Repository) -> None:
    assert history.plan_prune(repack_small=True).stats.packs_repacked == 12
    assert history.plan_prune(repack_small=True, max_repack_size=0).stats.packs_repacked == 0
    assert history.plan_prune(repack_small=True, max_repack_size=120_000).stats.packs_repacked < 12
    for limit in (0, "5%", "10G", "unlimited"):
        assert history.plan_prune(max_unused=limit).stats.bytes_unused_after == 0
    with pytest.raises(sapdr.InvalidArgumentError, match="unused"):
        history.plan_prune(max_unused="much")
    with pytest.raises(sapdr.InvalidArgumentError, match="negative"):
        history.plan_prune(grace=-1)
    assert history.prune(repack_small=True, grace=0).packs_removed == 12
    assert history.check(read_data=True).packs == 2


def test_a_plan_without_some_snapshots_runs_once_they_are_gone(history: sapdr.Repository) -> None:
    first, second, *_ = history.snapshots()
    plan = history.plan_prune(without_snapshots=[first, second.id])
    assert plan.stats.snapshots == 4
    assert plan.stats.packs_marked == 4
    with pytest.raises(sapdr.InvalidStateError, match="forget it first"):
        plan.run()
    del plan  # its lock would keep the next one from being alone
    plan = history.plan_prune(without_snapshots=[first, second.id])
    history.forget(snapshots=[first, second])
    assert plan.run().packs_marked == 4
    with pytest.raises(sapdr.InvalidArgumentError, match="in full"):
        history.plan_prune(without_snapshots=[first.short_id])


def test_a_prune_can_forget_what_it_was_planned_without(history: sapdr.Repository) -> None:
    first, second, *others = history.snapshots()
    plan = history.plan_prune(without_snapshots=[first, second], forget=True, grace=0)
    assert plan.stats.snapshots_removed == 0
    result = plan.run()
    assert (result.snapshots_removed, result.packs_removed) == (2, 4)
    assert [snapshot.id for snapshot in history.snapshots()] == [other.id for other in others]
    assert history.check(read_data=True).packs_unreferenced == 0


def test_a_prune_that_others_lock_out_tells_what_it_did(
    history: sapdr.Repository, location: Path
) -> None:
    history.forget(keep_last=1)
    with sapdr.open(location, password=PASSWORD) as other:
        walk = other.ls()
        next(walk)
        with pytest.raises(sapdr.LockedError) as caught:
            history.prune(grace=0)
        assert isinstance(caught.value.result, sapdr.PruneResult)
        assert caught.value.result.packs_removed == 0
        assert caught.value.result.snapshots == 2
        del walk
        assert len(other.list("lock")) == 0
    assert history.prune(grace=0).packs_removed == 8


def test_callbacks(history: sapdr.Repository) -> None:
    class Stop(Exception):
        pass

    def stop(_: object) -> None:
        raise Stop

    with pytest.raises(Stop):
        history.forget(keep_last=1, progress=stop)
    with pytest.raises(Stop):
        history.prune(progress=stop)
    assert history.list("lock") == []
    seen: list[sapdr.Progress] = []
    history.forget(keep_last=1, progress=seen.append)
    assert seen[-1].is_final
    assert seen[-1].phase == "finish"
    seen.clear()
    history.prune(progress=seen.append)
    assert [now.is_final for now in seen].count(True) == 2  # that of the plan, that of the run


def test_nothing_changes_without_locks(history: sapdr.Repository, location: Path) -> None:
    with sapdr.open(location, password=PASSWORD, no_lock=True) as unlocked:
        plan = unlocked.plan_forget(keep_last=1)
        with pytest.raises(sapdr.InvalidStateError, match="without locks") as caught:
            plan.run()
        assert caught.value.result == sapdr.ForgetResult(removed=0)
        with pytest.raises(sapdr.InvalidStateError, match="without locks"):
            unlocked.prune()
    assert len(history.snapshots()) == 6
