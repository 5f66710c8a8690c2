"""What every storage backend has to keep, on each that Python can have.

The sentences are those of tests/conformance/backend_suite.cpp, which proves them inside the
library; here the same ones are proven through the package, so that they hold for storage written
in Python. A test compares the sentences: neither suite can have one that the other lacks.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from storages import ClockedStorage, DictStorage

import sapdr
from sapdr import Backend, ObjectName

SUITE = Path(__file__).parents[1] / "conformance/backend_suite.cpp"
TYPES = ["config", "key", "lock", "snapshot", "index", "pack", "verified"]

# Sentences that have no form in Python, and why.
NOT_HERE = {
    "an exception of the callback ends the list": "Backend.list returns a list, without a callback",
    "the whole of an object is loaded up to a limit": "the library does that, by size and load",
}

Reopen = Callable[[], Backend]


def name_of(digit: str) -> str:
    return digit * 64


def object_of(type: str, digit: str = "a") -> ObjectName:
    return ObjectName(type, "" if type == "config" else name_of(digit))  # type: ignore[arg-type]


def content_of(backend: Backend, object: ObjectName) -> bytes:
    return backend.load(object, 0, backend.size(object))


def listed(backend: Backend, type: str) -> dict[str, int]:
    found = backend.list(type)  # type: ignore[arg-type]
    assert len({each.name for each in found}) == len(found)
    return {each.name: each.size for each in found}


def in_threads(*functions: Callable[[], object]) -> None:
    """Runs them all at once; the first failure comes out."""
    failures: list[BaseException] = []

    def guarded(function: Callable[[], object]) -> None:
        try:
            function()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=[each]) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def local(folder: Path) -> Reopen:
    return lambda: Backend.open(folder / "storage")


def memory(folder: Path) -> Reopen:
    backend = Backend.open("memory:")
    return lambda: backend


def python(folder: Path) -> Reopen:
    storage = DictStorage()
    return lambda: Backend.from_object(storage)


def python_in_one_thread(folder: Path) -> Reopen:
    storage = ClockedStorage()
    return lambda: Backend.from_object(storage, location="clocked:", max_parallel=1)


def python_around_a_backend(folder: Path) -> Reopen:
    inner = Backend.open("memory:")
    return lambda: Backend.from_object(inner)


def with_retry(folder: Path) -> Reopen:
    backend = Backend.open("memory:").with_retry()
    return lambda: backend


def with_limit(folder: Path) -> Reopen:
    backend = Backend.open("memory:").with_limit(upload=10**8, download=10**8)
    return lambda: backend


def with_dry_run(folder: Path) -> Reopen:
    backend = Backend.from_object(DictStorage()).with_dry_run()
    return lambda: backend


def with_faults_that_pass(folder: Path) -> Reopen:
    flaky = Backend.from_object(DictStorage()).with_fault(
        calls=["exists", "size", "load", "list"], probability=0.3, seed=7
    )
    backend = flaky.with_retry(min_wait=1e-6)
    return lambda: backend


KINDS = [
    *(local, memory, python, python_in_one_thread, python_around_a_backend),
    *(with_retry, with_limit, with_dry_run, with_faults_that_pass),
]


@pytest.fixture(params=KINDS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Reopen:
    """Opens a handle to the same storage with each call."""
    function: Callable[[Path], Reopen] = request.param
    return function(tmp_path)


@pytest.fixture
def backend(reopen: Reopen) -> Iterator[Backend]:
    """New, empty storage on which create() was called."""
    opened = reopen()
    opened.create()
    yield opened


def test_create(backend: Backend) -> None:
    """create is fine if the place is there already"""
    backend.save(object_of("config"), b"c")
    backend.create()
    assert content_of(backend, object_of("config")) == b"c"


def test_round_trip(backend: Backend) -> None:
    """what was saved is found, loaded, listed and erased, whatever type it is"""
    for type in TYPES:
        each = object_of(type)
        content = f"content of {type}".encode()
        assert not backend.exists(each)
        assert listed(backend, type) == {}
        backend.save(each, content)
        assert backend.exists(each)
        assert backend.size(each) == len(content)
        assert content_of(backend, each) == content
        assert listed(backend, type) == {each.name: len(content)}
    for type in TYPES:
        backend.erase(object_of(type))
        assert not backend.exists(object_of(type))
        assert listed(backend, type) == {}


def test_empty(backend: Backend) -> None:
    """an empty object is an object"""
    backend.save(object_of("snapshot"), b"")
    assert backend.size(object_of("snapshot")) == 0
    assert content_of(backend, object_of("snapshot")) == b""


def test_whole_or_not_at_all(backend: Backend) -> None:
    """an object is written whole or not at all: a reader sees nothing or all of it"""
    each, content = object_of("pack"), b"x" * (3 << 20)
    done = threading.Event()

    def write() -> None:
        try:
            for _ in range(5):
                backend.save(each, content)
                backend.erase(each)
            backend.save(each, content)
        finally:
            done.set()

    def read() -> None:
        while not done.is_set():
            assert all(size == len(content) for size in listed(backend, "pack").values())
            with contextlib.suppress(sapdr.NotFoundError):
                assert content_of(backend, each) == content

    in_threads(write, read)
    assert content_of(backend, each) == content


def test_another_handle(backend: Backend, reopen: Reopen) -> None:
    """when save returns, another handle to the storage sees the object"""
    backend.save(object_of("pack"), b"data")
    assert content_of(reopen(), object_of("pack")) == b"data"


def test_exists(backend: Backend) -> None:
    """saving under a name that exists fails with exists and leaves the object as it is"""
    for type in TYPES:
        each = object_of(type)
        backend.save(each, b"first")
        for data in (b"second", b"first"):
            with pytest.raises(sapdr.ExistsError):
                backend.save(each, data)
        assert content_of(backend, each) == b"first"
        assert len(listed(backend, type)) == 1


def test_one_saver_wins(backend: Backend) -> None:
    """of two threads that save one name at once, exactly one wins"""
    for digit in "01234567":
        won: list[bytes] = []

        def save(content: bytes, digit: str = digit, won: list[bytes] = won) -> None:
            with contextlib.suppress(sapdr.ExistsError):
                backend.save(object_of("index", digit), content)
                won.append(content)

        in_threads(lambda: save(b"p" * 100_000), lambda: save(b"q" * 100_000))
        assert len(won) == 1
        assert content_of(backend, object_of("index", digit)) == won[0]


def test_load(backend: Backend) -> None:
    """load fills its buffer from any place of the object"""
    content = "".join(map(str, range(100_000))).encode()
    backend.save(object_of("pack"), content)
    for offset in (0, 1, 4096, len(content) - 1):
        size = min(len(content) - offset, 70_000)
        assert backend.load(object_of("pack"), offset, size) == content[offset : offset + size]
    assert backend.load(object_of("pack"), len(content), 0) == b""


def test_range_past_the_end(backend: Backend) -> None:
    """a range that ends past the object is corrupt"""
    backend.save(object_of("index"), b"12345")
    assert backend.load(object_of("index"), 0, 5) == b"12345"
    most = (1 << 64) - 1
    for offset, size in ((0, 6), (5, 1), (6, 0), (most, 1), (most - 2, 5)):
        with pytest.raises(sapdr.CorruptError):
            backend.load(object_of("index"), offset, size)


def test_missing(backend: Backend) -> None:
    """load, size_of and erase of a missing object are not_found, exists is false"""
    for type in TYPES:
        each = object_of(type)
        for call in (
            lambda each=each: backend.load(each, 0, 1),
            lambda each=each: backend.size(each),
            lambda each=each: backend.erase(each),
        ):
            with pytest.raises(sapdr.NotFoundError):
                call()
        assert not backend.exists(each)


def test_list(backend: Backend) -> None:
    """list tells each object once"""
    expected = {}
    for i, digit in enumerate("0123456789abcdef" * 2):
        name = name_of(digit) if i < 16 else name_of(digit)[:-1] + ("1" if digit == "0" else "0")
        expected[name] = i
        backend.save(ObjectName("pack", name), b"x" * i)
    assert listed(backend, "pack") == expected


def test_list_meanwhile(backend: Backend) -> None:
    """list goes on when objects come or go meanwhile, and its callback may use the backend"""
    for digit in "123":
        backend.save(object_of("lock", digit), b"x")
    stop = threading.Event()

    def come_and_go() -> None:
        try:
            for _ in range(50):
                backend.save(object_of("lock", "4"), b"y")
                backend.erase(object_of("lock", "4"))
        finally:
            stop.set()

    def list_them() -> None:
        while not stop.is_set():
            for each in backend.list("lock"):
                assert each.name in map(name_of, "1234")
                assert each.name == name_of("4") or backend.size(ObjectName("lock", each.name)) == 1

    in_threads(come_and_go, list_them)
    assert set(listed(backend, "lock")) == set(map(name_of, "123"))


def test_modified(backend: Backend) -> None:
    """modification times come from one clock"""
    for digit in "12":
        backend.save(object_of("lock", digit), b"x")
        time.sleep(0.02)
    told = {each.name: each.modified_ns for each in backend.list("lock")}
    first, second = told[name_of("1")], told[name_of("2")]
    assert (first == 0) == (second == 0)
    assert first == 0 or first < second


def test_many_threads(backend: Backend) -> None:
    """all members may be called from any thread at the same time"""

    def use(digit: str) -> None:
        content = digit.encode() * 50_000
        for type in ("pack", "snapshot", "lock"):
            each = object_of(type, digit)
            backend.save(each, content)
            assert backend.exists(each)
            assert content_of(backend, each) == content
            assert listed(backend, type)[each.name] == len(content)
            backend.erase(each)

    in_threads(*(lambda digit=digit: use(digit) for digit in "1234"))


def test_messages(backend: Backend) -> None:
    """messages name the object"""
    for type in TYPES:
        with pytest.raises(sapdr.NotFoundError, match="config" if type == "config" else "a" * 64):
            backend.size(object_of(type))
    assert backend.location
    assert backend.max_parallel > 0


def test_hostile_names(backend: Backend) -> None:
    """no name leads out of the storage"""
    good = name_of("a")
    for name in (
        *("", "config", "..", "../config", "/etc/passwd", good[1:], good + "a", good.upper()),
        *("../" + good[3:], good[1:] + "/", good[1:] + "\0"),
    ):
        each = ObjectName("key", name)
        for call in (
            lambda each=each: backend.save(each, b""),
            lambda each=each: backend.load(each, 0, 1),
            lambda each=each: backend.size(each),
            lambda each=each: backend.exists(each),
            lambda each=each: backend.erase(each),
        ):
            with pytest.raises(sapdr.InvalidArgumentError):
                call()
    with pytest.raises(sapdr.InvalidArgumentError):
        backend.save(ObjectName("config", good), b"")


def test_the_sentences_are_those_of_the_suite_in_cpp() -> None:
    theirs = re.findall(r'SUBCASE\("(.*?)"\)', SUITE.read_text())
    ours = [f.__doc__ for name, f in globals().items() if name.startswith("test_") and f.__doc__]
    assert sorted([*ours, *NOT_HERE]) == sorted(theirs)
