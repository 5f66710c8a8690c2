"""How gently operations treat the machine: on threads of their own, which step back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PASSWORD

import sapdr


class Watch:
    """Notes the nice values of the threads that callbacks run on."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def __call__(self, _: object) -> None:
        self.seen.add(os.getpriority(os.PRIO_PROCESS, 0))  # of this thread


def nicer() -> int:
    return min(os.getpriority(os.PRIO_PROCESS, 0) + 4, 19)


def test_callbacks_run_at_the_pace_and_the_caller_stays_as_it_is(
    location: Path, tree: Path, tmp_path: Path
) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    pace = sapdr.Pace(limit_cpu=400, nice=nicer(), io_class="best-effort", io_level=6)
    with sapdr.open(location, password=PASSWORD, pace=pace) as repo:
        runs: list[Callable[[Watch], object]] = [
            lambda watch: repo.backup(tree, progress=watch),
            lambda watch: repo.check(read_data=True, progress=watch),
            lambda watch: repo.restore("latest", tmp_path / "restored", progress=watch),
            lambda watch: repo.verify("latest", tmp_path / "restored", progress=watch),
            lambda watch: sapdr.manifest_write(tree, tmp_path / "sums", pace=pace, progress=watch),
        ]
        for run in runs:
            watch = Watch()
            run(watch)
            assert watch.seen == {pace.nice}
            assert os.getpriority(os.PRIO_PROCESS, 0) == own
        with repo.open_file("latest", f"{tree}/sub/b.bin") as file:
            assert file.read(3) == bytes(range(3))


def test_without_a_pace_nothing_is_nicer(repo: sapdr.Repository, tree: Path) -> None:
    watch = Watch()
    repo.backup(tree, progress=watch)
    assert watch.seen == {os.getpriority(os.PRIO_PROCESS, 0)}


@pytest.mark.parametrize(
    "pace",
    [sapdr.Pace(nice=20), sapdr.Pace(io_class="idle", io_level=3), sapdr.Pace(io_level=3)],
)
def test_a_pace_that_makes_no_sense(location: Path, pace: sapdr.Pace) -> None:
    with pytest.raises(sapdr.InvalidArgumentError):
        sapdr.open(location, password=PASSWORD, pace=pace)
    with pytest.raises(sapdr.InvalidArgumentError):
        sapdr.manifest_write(location, location / "sums", pace=pace)


def test_a_callback_that_raises_stops_a_gentle_backup(location: Path, tree: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(_: object) -> None:
        raise Stopped

    with (
        sapdr.open(location, password=PASSWORD, pace=sapdr.Pace(nice=nicer())) as repo,
        pytest.raises(Stopped),
    ):
        repo.backup(tree, progress=stop)
