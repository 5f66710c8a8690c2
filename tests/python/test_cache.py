"""A cache around storage of the caller's, and what the package tells of caches."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CHEAP, PASSWORD
from storages import DictStorage

import sapdr


class CountingStorage(DictStorage):
    """Counts what is loaded, by type."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: Counter[str] = Counter()

    def load(self, object: sapdr.ObjectName, offset: int, size: int, /) -> memoryview:
        self.loads[object.type] += 1
        return super().load(object, offset, size)

    def loads_of(self, work: Callable[[], object]) -> int:
        """How much of what a cache keeps `work` loads."""
        self.loads.clear()
        work()
        return sum(n for type, n in self.loads.items() if type not in ("config", "key", "lock"))


@pytest.fixture
def storage() -> CountingStorage:
    storage = CountingStorage()
    sapdr.init(storage, password=PASSWORD, scrypt=CHEAP).close()
    return storage


def listing(storage: CountingStorage, cache: Path | None) -> list[str]:
    with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as repo:
        return [node.path for each in repo.snapshots() for node in repo.ls(each)]


def test_the_second_listing_and_backup_load_nothing(
    storage: CountingStorage, tree: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with sapdr.open(storage, password=PASSWORD) as repo:
        repo.backup(tree, verify=True)
    expected = listing(storage, None)
    assert storage.loads_of(lambda: listing(storage, cache)) > 0
    assert storage.loads_of(lambda: listing(storage, cache)) == 0
    assert listing(storage, cache) == expected

    def back_up() -> None:
        with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as repo:
            assert repo.backup(tree).parent_id is not None

    assert storage.loads_of(back_up) == 0
    assert storage.loads_of(lambda: listing(storage, cache)) == 0  # of the new snapshot, too
    with sapdr.open(storage, password=PASSWORD) as repo:
        repo.check(read_data=True)


def test_a_damaged_cache_is_no_failure(
    storage: CountingStorage, tree: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as repo:
        repo.backup(tree)
    expected = listing(storage, cache)
    files = [path for path in cache.rglob("*") if path.is_file() and len(path.name) == 64]
    assert len(files) == 3
    for path in files:
        path.write_bytes(os.urandom(path.stat().st_size))
    assert listing(storage, cache) == expected
    with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as repo:
        repo.check()


def test_a_check_is_about_the_storage(storage: CountingStorage, tree: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as repo:
        repo.backup(tree)
        index = next(name for name in storage.objects if name.type == "index")
        del storage.objects[index]
        with pytest.raises(sapdr.CorruptError):
            repo.check()


def test_local_repositories_have_none(location: Path, tmp_path: Path) -> None:
    with sapdr.open(location, password=PASSWORD, cache_dir=tmp_path / "cache") as repo:
        repo.snapshots()
    assert not (tmp_path / "cache").exists()


def test_caches_are_listed_and_removed(
    storage: CountingStorage, tree: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert sapdr.cache_list(cache) == []
    with sapdr.open(storage, password=PASSWORD, cache_dir=cache, cache_size=1 << 20) as repo:
        repo.backup(tree)
    (one,) = sapdr.cache_list(str(cache))
    assert one.repository_id == repo.id
    assert one.files == 3
    assert 0 < one.bytes < 1 << 20
    assert abs(one.used.timestamp() - tmp_path.stat().st_mtime) < 3600
    assert sapdr.cache_remove(cache, max_age=3600) == []
    (removed,) = sapdr.cache_remove(cache, max_age=0)
    assert removed.repository_id == repo.id
    assert sapdr.cache_list(cache) == []
    assert list(cache.iterdir()) == []


def test_its_size_is_a_bound(storage: CountingStorage, tree: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for i in range(20):
        (tree / f"file{i}").write_text(str(i))
        with sapdr.open(storage, password=PASSWORD, cache_dir=cache, cache_size=10_000) as repo:
            repo.backup(tree)
        (one,) = sapdr.cache_list(cache)
        assert one.bytes <= 10_000
    assert len(listing(storage, cache)) == len(listing(storage, None))


@pytest.mark.parametrize("folder", ["", b""])
def test_a_folder_needs_a_name(storage: CountingStorage, folder: str | bytes) -> None:
    with pytest.raises(sapdr.InvalidArgumentError):
        sapdr.open(storage, password=PASSWORD, cache_dir=folder)
    with pytest.raises(sapdr.InvalidArgumentError):
        sapdr.cache_list(folder)
    with pytest.raises(sapdr.InvalidArgumentError):
        sapdr.cache_remove(folder, max_age=0)


class FolderStorage(CountingStorage):
    """Objects as files, where other programs find them."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def size(self, object: sapdr.ObjectName, /) -> int:
        return (self.folder / object.path).stat().st_size

    def load(self, object: sapdr.ObjectName, offset: int, size: int, /) -> memoryview:
        self.loads[object.type] += 1
        return memoryview((self.folder / object.path).read_bytes())[offset : offset + size]

    def save(self, object: sapdr.ObjectName, data: bytes, /) -> None:
        path = self.folder / object.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)

    def list(self, type: str, /) -> list[tuple[str, int]]:
        folders = {"key": "keys", "lock": "locks", "snapshot": "snapshots", "index": "index"}
        place = self.folder / folders.get(type, "data" if type == "pack" else "sapdr/verified")
        files = (path for path in place.rglob("*") if path.is_file())
        return [(path.name, path.stat().st_size) for path in files]

    def erase(self, object: sapdr.ObjectName, /) -> None:
        (self.folder / object.path).unlink()


def test_a_prune_by_restic_between_two_runs(location: Path, tree: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    storage = FolderStorage(location)

    def restic(*arguments: str) -> None:
        command = ["restic", "-r", str(location), "-p", str(password), "--no-cache", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def back_up() -> str:
        with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as repo:
            return repo.backup(tree).snapshot_id or ""

    (tree / "gone").write_bytes(os.urandom(100_000))
    first = back_up()
    content = (tree / "gone").read_bytes()
    (tree / "gone").unlink()
    back_up()
    listing(storage, cache)
    with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as before:
        before.snapshots()  # a handle that outlives the prune
        restic("forget", "--prune", "--max-unused", "0", first)
        assert [s.id for s in before.snapshots()] != [first]
        assert len(before.snapshots()) == 1
    (tree / "gone").write_bytes(content)  # known to the cache, but to nobody else
    latest = back_up()
    assert listing(storage, cache) == listing(storage, None)
    restic("check", "--read-data")
    restored = tmp_path / "restored"
    with sapdr.open(storage, password=PASSWORD, cache_dir=cache) as repo:
        repo.check(read_data=True)
        repo.restore(f"{latest}:{tree}", restored)
    assert (restored / "gone").read_bytes() == content
    assert storage.loads_of(lambda: listing(storage, cache)) == 0
