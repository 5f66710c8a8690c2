"""sapdr.Cancel: what it stops, when, and what it leaves alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PASSWORD

import sapdr


@contextmanager
def triggered_later(cancel: sapdr.Cancel) -> Iterator[None]:
    """Triggers it on another thread; what is in the `with` has to end soon after that."""
    timer = threading.Timer(0.3, cancel.trigger)
    begun = time.monotonic()
    timer.start()
    try:
        yield
    finally:
        timer.join()
        assert 0.25 < time.monotonic() - begun < 10


def endless() -> Iterator[bytes]:
    while True:
        yield b"more and more"
        time.sleep(0.01)


def test_a_backup_is_stopped_by_another_thread(repo: sapdr.Repository) -> None:
    cancel = sapdr.Cancel()
    assert not cancel.triggered
    with pytest.raises(sapdr.CancelledError), triggered_later(cancel):
        repo.backup_streams({"/endless": endless()}, cancel=cancel)
    assert cancel.triggered
    assert repo.list("lock") == []
    assert repo.snapshots() == []
    assert repo.backup_streams({"/file": [b"content"]}).snapshot_id


def test_waiting_for_a_lock_is_stopped(repo: sapdr.Repository, location: Path) -> None:
    repo.backup_streams({"/file": [b"content"]})
    cancel = sapdr.Cancel()
    held = repo.plan_prune()  # a shared lock, beside which no exclusive one is to be had
    with (
        sapdr.open(location, password=PASSWORD, retry_lock=60) as other,
        pytest.raises(sapdr.CancelledError),
        triggered_later(cancel),
    ):
        other.repair_index(cancel=cancel)
    held.run()


def test_waiting_for_storage_is_stopped(repo: sapdr.Repository, location: Path) -> None:
    repo.backup_streams({"/file": [b"content"]})
    cancel = sapdr.Cancel()
    away = sapdr.Backend(location).with_fault(calls=["load"], fail_at=8, fail_count=1000)
    with (
        sapdr.open(away.with_retry(), password=PASSWORD) as other,
        pytest.raises(sapdr.CancelledError),
        triggered_later(cancel),
    ):
        other.check(read_data=True, cancel=cancel)


def test_waiting_for_another_operation_is_stopped(repo: sapdr.Repository) -> None:
    first, second = sapdr.Cancel(), sapdr.Cancel()
    began = threading.Event()

    def stream() -> Iterator[bytes]:
        began.set()
        yield from endless()

    def back_up() -> None:
        with pytest.raises(sapdr.CancelledError):
            repo.backup_streams({"/endless": stream()}, cancel=first)

    thread = threading.Thread(target=back_up)
    thread.start()
    began.wait()
    with pytest.raises(sapdr.CancelledError), triggered_later(second):
        repo.check(cancel=second)
    assert thread.is_alive()  # nobody meant the first one
    assert not first.triggered
    first.trigger()
    thread.join()


def test_one_serves_a_plan_from_beginning_to_end(
    repo: sapdr.Repository, tree: Path, tmp_path: Path
) -> None:
    repo.backup(tree)
    cancel = sapdr.Cancel()
    plan = repo.plan_restore("latest", tmp_path / "target", cancel=cancel)
    cancel.trigger()
    with pytest.raises(sapdr.CancelledError):
        plan.run()
    assert repo.list("lock") == []


def test_one_serves_a_file_until_it_is_closed(repo: sapdr.Repository) -> None:
    repo.backup_streams({"/file": [bytes(3_000_000)]})
    cancel = sapdr.Cancel()
    with repo.open_file("latest", "/file", cancel=cancel) as file:
        assert file.read(10) == bytes(10)
        cancel.trigger()
        with pytest.raises(sapdr.CancelledError):
            file.raw.readall()


Call = Callable[[sapdr.Repository, Path, sapdr.Cancel], object]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda r, p, c: r.backup(p, cancel=c), id="backup"),
        pytest.param(lambda r, p, c: r.backup_streams({"/a": [b"a"]}, cancel=c), id="streams"),
        pytest.param(lambda r, p, c: r.backup_streams([("/a", [b"a"])], cancel=c), id="source"),
        pytest.param(lambda r, p, c: r.dump("latest", "/file", cancel=c), id="dump"),
        pytest.param(lambda r, p, c: r.open_file("latest", "/file", cancel=c), id="open_file"),
        pytest.param(lambda r, p, c: r.diff("latest", "latest", cancel=c), id="diff"),
        pytest.param(lambda r, p, c: r.find("file", cancel=c), id="find"),
        pytest.param(lambda r, p, c: r.restore("latest", p, cancel=c), id="restore"),
        pytest.param(lambda r, p, c: r.check(cancel=c), id="check"),
        pytest.param(lambda r, p, c: r.repair_index(cancel=c), id="repair_index"),
        pytest.param(lambda r, p, c: r.repair_packs(cancel=c), id="repair_packs"),
        pytest.param(lambda r, p, c: r.repair_snapshots(cancel=c), id="repair_snapshots"),
        pytest.param(lambda r, p, c: r.verify("latest", p, cancel=c), id="verify"),
        pytest.param(lambda r, p, c: r.stats(cancel=c), id="stats"),
        pytest.param(lambda r, p, c: r.tag(add="tag", cancel=c), id="tag"),
        pytest.param(lambda r, p, c: r.forget(snapshots="latest", cancel=c), id="forget"),
        pytest.param(lambda r, p, c: r.prune(cancel=c), id="prune"),
        pytest.param(lambda r, p, c: r.key_add(password="b", cancel=c), id="key_add"),
        pytest.param(lambda r, p, c: r.key_remove("00", cancel=c), id="key_remove"),
        pytest.param(lambda r, p, c: r.key_passwd(password="b", cancel=c), id="key_passwd"),
        pytest.param(lambda r, p, c: sapdr.checksum_file(p / "text", cancel=c), id="file"),
        pytest.param(lambda r, p, c: sapdr.checksum_tree(p, print, cancel=c), id="tree"),
        pytest.param(lambda r, p, c: sapdr.manifest_write(p, p / "M", cancel=c), id="write"),
        pytest.param(lambda r, p, c: sapdr.manifest_verify(p, p / "text", cancel=c), id="compare"),
    ],
)
def test_nothing_begins_that_was_cancelled_before(
    repo: sapdr.Repository, tmp_path: Path, call: Call
) -> None:
    (tmp_path / "text").write_bytes(b"0" * 64 + b"  text\n")
    repo.backup_streams({"/file": [b"content"]})
    before = [repo.list("snapshot"), repo.list("key"), repo.list("index"), repo.list("pack")]
    cancel = sapdr.Cancel()
    cancel.trigger()
    cancel.trigger()
    with pytest.raises(sapdr.CancelledError):
        call(repo, tmp_path, cancel)
    after = [repo.list("snapshot"), repo.list("key"), repo.list("index"), repo.list("pack")]
    assert before == after
    assert not (tmp_path / "M").exists()


def test_a_copy_is_stopped(repo: sapdr.Repository, tmp_path: Path) -> None:
    repo.backup_streams({"/file": [b"content"]})
    cancel = sapdr.Cancel()
    cancel.trigger()
    with sapdr.init(tmp_path / "copy", password="b", scrypt=(2, 1, 1)) as other:
        with pytest.raises(sapdr.CancelledError):
            other.copy_from(repo, cancel=cancel)
        assert other.snapshots() == []
