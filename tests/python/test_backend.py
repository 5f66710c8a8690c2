"""Storage written in Python under a repository: the main job, failures, and the end of things."""

from __future__ import annotations

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import CHEAP, PASSWORD
from storages import DictStorage

import sapdr
from sapdr import Backend, ObjectName

ID = "a" * 64


def init(storage: Any) -> sapdr.Repository:
    return sapdr.init(storage, password=PASSWORD, scrypt=CHEAP)


def write_out(storage: DictStorage, folder: Path) -> None:
    """Each object as the file that restic expects."""
    for name, data in storage.objects.items():
        file = folder / name.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def test_the_main_job(tree: Path, tmp_path: Path) -> None:
    storage = DictStorage()
    with init(storage) as repo:
        assert repo.location == "python:DictStorage"
        assert repo.backup(tree, verify=True).state == "verified"
    with sapdr.open(storage, password=PASSWORD) as repo:
        assert repo.check(read_data=True).problems == 0
        repo.restore(f"latest:{tree}", tmp_path / "restored", verify=True)
        assert repo.list("lock") == []
    assert (tmp_path / "restored/sub/b.bin").read_bytes() == (tree / "sub/b.bin").read_bytes()
    assert storage.count("snapshot") == 1
    with pytest.raises(sapdr.ExistsError):
        init(storage)


def test_restic_reads_what_is_kept_by_its_paths(tree: Path, tmp_path: Path) -> None:
    storage = DictStorage()
    with init(storage) as repo:
        repo.backup(tree)
    write_out(storage, tmp_path / "repository")
    done = subprocess.run(
        ["restic", "check", "--read-data", "--no-cache", "--no-lock"],
        env={
            **os.environ,
            "RESTIC_REPOSITORY": str(tmp_path / "repository"),
            "RESTIC_PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with sapdr.open(tmp_path / "repository", password=PASSWORD, no_lock=True) as repo:
        assert repo.check(read_data=True).problems == 0


def test_one_backend_for_several_repositories(tree: Path) -> None:
    backend = Backend.open("memory:")
    with sapdr.init(backend, password=PASSWORD, scrypt=CHEAP) as repo:
        repo.backup(tree)
        with sapdr.open(backend, password=PASSWORD) as other:
            assert len(other.snapshots()) == 1
    assert "memory:" in repr(backend)


class Missing:
    def size(self, object: ObjectName, /) -> int:
        return 0


def test_an_object_without_the_methods() -> None:
    with pytest.raises(TypeError, match="SupportsBackend"):
        sapdr.open(Missing(), password=PASSWORD)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sapdr.open(None, password=PASSWORD)  # type: ignore[arg-type]
    with pytest.raises(sapdr.UnsupportedError):
        Backend.open("gopher://x")


class Broken(Exception):
    pass


@pytest.mark.parametrize(
    ("thrown", "kind", "retryable"),
    [
        (FileNotFoundError("x"), sapdr.NotFoundError, 0),
        (FileExistsError("x"), sapdr.ExistsError, 0),
        (PermissionError("x"), sapdr.PermissionDeniedError, 0),
        (TimeoutError("x"), sapdr.TimedOutError, 1),
        (ConnectionResetError("x"), sapdr.NetworkError, 1),
        (OSError(errno.EIO, "x"), sapdr.IoError, 1),
        (OSError(errno.ENOSPC, "x"), sapdr.NoSpaceError, 0),
        (MemoryError(), sapdr.NoMemoryError, 0),
        (NotImplementedError("x"), sapdr.UnsupportedError, 0),
        (Broken("x"), sapdr.CallbackError, 0),
        (KeyError("x"), sapdr.CallbackError, 0),
    ],
)
def test_what_a_method_raises_is_the_cause(
    thrown: Exception, kind: type[sapdr.Error], retryable: int
) -> None:
    storage = DictStorage()
    backend = Backend.from_object(storage, location="the shelf", retry=False)

    def fail(call: str) -> None:
        raise thrown

    storage.before = fail
    with pytest.raises(kind) as caught:
        backend.save(ObjectName("pack", ID), b"x")
    assert type(caught.value) is kind
    assert caught.value.__cause__ is thrown
    assert caught.value.retryable == retryable
    assert f"could not save pack {ID} in the shelf: {type(thrown).__name__}" in str(caught.value)
    assert caught.value.details["backend"] == "the shelf"


def test_an_error_of_the_package_keeps_its_code() -> None:
    storage = DictStorage()
    inner = sapdr.NetworkError(-11, "no answer", 2)

    def fail(call: str) -> None:
        raise inner

    storage.before = fail
    with pytest.raises(sapdr.NetworkError) as caught:
        Backend.from_object(storage, retry=False).erase(ObjectName("pack", ID))
    assert caught.value.__cause__ is inner
    assert caught.value.retryable == 2


@pytest.mark.parametrize("call", ["save", "size", "load", "list"])
def test_a_storage_that_fails_during_a_backup(tree: Path, call: str) -> None:
    storage = DictStorage()
    repo = init(storage)
    repo.backup(tree)
    (tree / "new").write_text("new")
    thrown = Broken("the robot is stuck")

    def fail(now: str) -> None:
        if now == call:
            raise thrown

    storage.before = fail
    with pytest.raises(sapdr.Error) as caught:
        repo.backup(tree, verify=True)
        sapdr.open(storage, password=PASSWORD).close()  # what loads nothing fails here
    storage.before = lambda call: None
    causes = []
    cause: BaseException | None = caught.value
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__
    assert thrown in causes
    assert "the robot is stuck" in str(caught.value)
    repo.unlock(remove_all=True)
    assert repo.check(read_data=True).problems == 0
    repo.close()


def test_what_is_raised_does_not_keep_the_data(tree: Path) -> None:
    """A traceback would keep the arguments of every call in it."""
    storage = DictStorage()
    frames: list[dict[str, Any]] = []

    def fail(call: str) -> None:
        raise Broken

    storage.before = fail
    with pytest.raises(sapdr.CallbackError) as caught:
        Backend.from_object(storage).save(ObjectName("pack", ID), b"x" * 1000)
    assert caught.value.__cause__ is not None
    at = caught.value.__cause__.__traceback__
    while at is not None:
        frames.append(dict(at.tb_frame.f_locals))
        at = at.tb_next
    assert frames
    assert all("data" not in each for each in frames)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_is_no_error_comes_out_unchanged(stop: type[BaseException]) -> None:
    storage = DictStorage()
    with init(storage) as repo:

        def fail(call: str) -> None:
            raise stop

        storage.before = fail
        with pytest.raises(stop):
            repo.snapshots()
        storage.before = lambda call: None


class Lying(DictStorage):
    size_told: Any = 5
    loaded: Any = b"12345"
    listed: Any = ()

    def size(self, object: ObjectName, /) -> Any:
        return self.size_told

    def load(self, object: ObjectName, offset: int, size: int, /) -> Any:
        return self.loaded

    def list(self, type: str, /) -> Any:
        return self.listed


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"size_told": -1}, sapdr.InvalidArgumentError),
        ({"size_told": 1 << 64}, sapdr.InvalidArgumentError),
        ({"size_told": "five"}, sapdr.CallbackError),
        ({"size_told": None}, sapdr.CallbackError),
        ({"loaded": b"x" * 1000}, sapdr.InvalidArgumentError),
        ({"loaded": b"x"}, sapdr.CorruptError),
        ({"loaded": "text"}, sapdr.CallbackError),
        ({"loaded": None}, sapdr.CallbackError),
        ({"listed": [("README", 1)]}, sapdr.InvalidArgumentError),
        ({"listed": [(ID, 1), (ID, 1)]}, sapdr.InvalidArgumentError),
        ({"listed": [(ID, -1)]}, sapdr.InvalidArgumentError),
        ({"listed": [(ID,)]}, sapdr.CallbackError),
        ({"listed": [ID]}, sapdr.CallbackError),
        ({"listed": 7}, sapdr.CallbackError),
        ({"listed": [("\udcff" * 64, 1)]}, sapdr.InvalidArgumentError),
    ],
)
def test_a_storage_that_lies(told: dict[str, Any], kind: type[sapdr.Error]) -> None:
    storage = Lying()
    vars(storage).update(told)
    backend = Backend.from_object(storage)
    with pytest.raises(kind):
        backend.size(ObjectName("pack", ID))
        backend.load(ObjectName("pack", ID), 0, 5)
        backend.list("pack")


def test_a_storage_that_uses_its_own_repository(tree: Path) -> None:
    """It could only wait for itself."""
    storage = DictStorage()
    repo = init(storage)
    refused = []

    def look(call: str) -> None:
        try:
            repo.snapshots()
        except sapdr.InvalidStateError as error:
            refused.append(error)

    storage.before = look
    repo.backup(tree)
    storage.before = lambda call: None
    assert refused
    repo.close()


def test_at_most_max_parallel_calls_at_once(tree: Path) -> None:
    storage = DictStorage()
    running: list[str] = []
    most = 0
    lock = threading.Lock()
    wait = threading.Event()

    def count(call: str) -> None:
        nonlocal most
        with lock:
            running.append(call)
            most = max(most, len(running))
        wait.wait(0.01)
        with lock:
            running.remove(call)

    storage.before = count
    backend = Backend.from_object(storage, max_parallel=1)
    with sapdr.init(backend, password=PASSWORD, scrypt=CHEAP) as repo:
        repo.backup(tree, verify=True)
        repo.check(read_data=True)
    assert most == 1


def test_the_storage_goes_with_the_last_handle(tree: Path) -> None:
    storage = DictStorage()
    gone = weakref.ref(storage)
    repo = init(storage)
    repo.backup(tree)
    walk = repo.ls("latest")
    next(walk)
    del storage
    repo.close()
    assert gone() is not None  # the walk still has a lock to remove
    del walk, repo
    gc.collect()
    assert gone() is None


class Flaky(DictStorage):
    """Fails for a moment, every third time."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self._counting = threading.Lock()
        self.before = self.fail_sometimes

    def fail_sometimes(self, call: str) -> None:
        with self._counting:
            self.calls += 1
            if self.calls % 3 == 0:
                raise ConnectionResetError("the line is bad")


def test_storage_that_fails_for_a_moment(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    backend = Backend.from_object(Flaky(), retry=False).with_retry(min_wait=1e-6)
    with sapdr.init(backend, password=PASSWORD, scrypt=CHEAP) as repo:
        assert repo.backup(tree, verify=True).state == "verified"
        assert repo.check(read_data=True).problems == 0
    told = [each.getMessage() for each in caplog.records if each.name == "sapdr.storage"]
    assert any("failed, the next one is in" in each for each in told)
    assert any("ConnectionResetError: the line is bad" in each for each in told)


def test_retries_by_default() -> None:
    storage = Flaky()
    backend = Backend.from_object(storage)
    storage.calls = 2
    assert not backend.exists(ObjectName("pack", ID))
    assert storage.calls == 4
    storage.calls = 2
    with pytest.raises(sapdr.NetworkError):
        Backend.from_object(storage, retry=False).exists(ObjectName("pack", ID))


def test_retries_that_give_up() -> None:
    away = Backend.open("memory:").with_fault(probability=1, seed=9, error=sapdr.TimedOutError)
    with pytest.raises(sapdr.TimedOutError, match=r"call 3, seed 9\)"):
        away.with_retry(max_attempts=3, min_wait=1e-6).list("pack")
    with pytest.raises(sapdr.TimedOutError, match=r"call 4, seed 9\)"):
        away.with_retry(max_elapsed=timedelta(milliseconds=1)).list("pack")


def test_a_dry_run_of_anything(tree: Path) -> None:
    backend = Backend.open("memory:")
    with sapdr.init(backend, password=PASSWORD, scrypt=CHEAP) as repo:
        repo.backup(tree)
        with sapdr.open(backend.with_dry_run(), password=PASSWORD) as dry:
            (tree / "new").write_text("new")
            dry.backup(tree)
            assert len(dry.snapshots()) == 2
        assert len(repo.snapshots()) == 1
        assert repo.list("lock") == []


def test_a_limit_takes_its_time(tree: Path) -> None:
    backend = Backend.open("memory:").with_limit(upload=1_000_000)
    began = time.monotonic()
    backend.save(ObjectName("pack", ID), bytes(500_000))
    assert time.monotonic() - began >= 0.24


def test_decorators_that_make_no_sense() -> None:
    backend = Backend.open("memory:")
    with pytest.raises(sapdr.InvalidArgumentError):
        backend.with_fault(probability=2)
    with pytest.raises(KeyError):
        backend.with_fault(calls=["weather"])  # type: ignore[list-item]
    with pytest.raises(sapdr.InvalidArgumentError):
        backend.with_retry(min_wait=-1)
    with pytest.raises(TypeError):
        backend.with_limit(upload=-1)


AROUND = """
import os, signal, sys, threading, time
import sapdr

signal.signal(signal.SIGINT, signal.default_int_handler)

class Slow:
    def __init__(self):
        self.inner = sapdr.Backend.open(sys.argv[1])
        self.size, self.load = self.inner.size, self.inner.load
        self.list, self.erase = self.inner.list, self.inner.erase
    def save(self, object, data):
        if object.type == "pack":
            os.write(1, b"running\\n")  # in one piece: several threads save
            time.sleep(0.2)
        self.inner.save(object, data)

def endless():
    while True:
        yield bytes(1000) + str(time.monotonic_ns()).encode() * 50_000

repo = sapdr.open(Slow(), password=sys.argv[2], pack_size_mib=4, compression="off")
"""


def start(script: str, location: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", AROUND + script, str(location), PASSWORD],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


def test_ctrl_c_while_the_storage_saves(repo: sapdr.Repository, location: Path) -> None:
    process = start('repo.backup_streams({"/endless": endless()})\n', location)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert repo.list("lock") == []
    assert repo.snapshots() == []
    assert repo.check(read_data=True).problems == 0


def test_the_interpreter_ends_while_the_storage_saves(
    repo: sapdr.Repository, location: Path
) -> None:
    process = start(
        """
threading.Thread(
    target=lambda: repo.backup_streams({"/endless": endless()}), daemon=True
).start()
time.sleep(1)
""",
        location,
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Fatal" not in err
    assert repo.list("lock") == []


def test_ctrl_c_while_a_call_waits_to_be_made_again(repo: sapdr.Repository, location: Path) -> None:
    process = start(
        """
away = sapdr.Backend.open(sys.argv[1]).with_fault(calls=["save"], fail_at=3, fail_count=1 << 40)
away = away.with_retry(min_wait=600, max_wait=600)
repo = sapdr.open(away, password=sys.argv[2], pack_size_mib=4, compression="off")
print("running", flush=True)
repo.backup_streams({"/endless": endless()})
""",
        location,
    )
    while len(repo.list("pack")) == 0:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(1)  # until the second pack waits
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert repo.list("lock") == []
