"""Callbacks, threads, and what happens when one meets the other."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sapdr


def test_progress_ends_with_a_final_call(repo: sapdr.Repository, tree: Path) -> None:
    seen: list[sapdr.Progress] = []
    repo.backup(tree, progress=seen.append)
    assert [now.is_final for now in seen] == [False] * (len(seen) - 1) + [True]
    assert seen[-1].phase == "finish"
    assert seen[-1].elapsed > 0
    assert {now.phase for now in seen} <= {"prepare", "read", "verify", "finish"}


def test_items(repo: sapdr.Repository, tree: Path) -> None:
    items: list[sapdr.Item] = []
    repo.backup(tree, on_item=items.append)
    assert (tree / "a.txt").as_posix() in {item.path for item in items if item.action == "new"}


class Stop(BaseException):
    pass


def test_an_exception_comes_out_unchanged(repo: sapdr.Repository, tree: Path) -> None:
    thrown = Stop("enough")

    def stop(_: object) -> None:
        raise thrown

    class Full:
        def write(self, data: bytes, /) -> int:
            raise thrown

    repo.backup(tree)
    (tree / "a.txt").write_text("other")
    target = tree.parent / "target"
    for operation in (
        lambda: repo.backup(tree, progress=stop),
        lambda: repo.backup(tree, on_item=stop),
        lambda: repo.check(progress=stop),
        lambda: repo.verify("latest", on_item=stop),
        lambda: repo.restore("latest", target, on_item=stop),
        lambda: repo.plan_restore("latest", target, on_item=stop),
        lambda: repo.dump("latest", tree / "a.txt", Full()),
        lambda: repo.diff("latest", f"latest:{tree}", on_change=stop),
        lambda: repo.find("a.txt", on_match=stop),
    ):
        with pytest.raises(Stop) as caught:
            operation()
        assert caught.value is thrown
        assert caught.traceback[-1].name in ("stop", "write")
        assert repo.list("lock") == []


def test_a_callback_must_not_use_its_repository(repo: sapdr.Repository, tree: Path) -> None:
    calls: tuple[Callable[[], object], ...] = (repo.snapshots, repo.close, lambda: list(repo.ls()))
    for call in calls:
        with pytest.raises(sapdr.InvalidStateError, match="callback"):
            repo.backup(tree, progress=lambda _, call=call: call())  # type: ignore[misc]
    assert repo.snapshots() == []


def test_garbage_may_be_collected_in_a_callback(repo: sapdr.Repository, tree: Path) -> None:
    repo.backup(tree)
    cycle: list[object] = [repo.ls()]
    cycle.append(cycle)
    next(cycle[0])  # type: ignore[call-overload]
    del cycle
    repo.check(progress=lambda _: gc.collect())
    assert repo.list("lock") == []


def test_other_threads_go_on_during_a_backup(repo: sapdr.Repository) -> None:
    """The stream waits for another thread, which can only run if the backup holds no GIL."""
    asked, answered = threading.Event(), threading.Event()

    def answer() -> None:
        asked.wait(10)
        answered.set()

    def stream() -> Iterator[bytes]:
        asked.set()
        assert answered.wait(10)
        yield b"x"

    thread = threading.Thread(target=answer)
    thread.start()
    repo.backup_streams({"/x": stream()})
    thread.join()


def test_other_threads_count_during_a_check(repo: sapdr.Repository, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(30_000_000))
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.wait(0.001):
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted
    repo.backup(big)
    during = counted - before
    done.set()
    thread.join()
    assert during > 3


def test_operations_on_one_repository_wait_for_each_other(
    repo: sapdr.Repository, tree: Path
) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(3):
                repo.backup(tree)
                assert repo.snapshots()
                assert list(repo.ls())
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(repo.snapshots()) == 12


def test_closing_waits_for_the_operation_that_runs(repo: sapdr.Repository) -> None:
    begun, closing = threading.Event(), threading.Event()

    def stream() -> Iterator[bytes]:
        begun.set()
        assert closing.wait(10)
        yield b"x"

    def close() -> None:
        begun.wait(10)
        closing.set()
        repo.close()

    thread = threading.Thread(target=close)
    thread.start()
    assert repo.backup_streams({"/x": stream()}).state == "written"
    thread.join()
    assert repo.closed
