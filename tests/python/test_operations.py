"""Backup, snapshots, ls, dump, restore, check, verify, stats."""

from __future__ import annotations

import filecmp
import io
import json
import os
import shutil
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import CHEAP, PASSWORD

import sapdr


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_backup(repo: sapdr.Repository, tree: Path) -> None:
    first = repo.backup(tree)
    assert (first.state, first.files_new, first.parent_id) == ("written", 2, None)
    assert first.bytes_total == 5 + 256 * 40
    assert first.elapsed > 0
    (tree / "a.txt").write_text("changed")
    second = repo.backup([tree], verify=True)
    assert second.state == "verified"
    assert second.parent_id == first.snapshot_id
    assert (second.files_changed, second.files_unmodified) == (1, 1)
    assert repo.snapshot("latest").verified is not None


def test_results_are_immutable(repo: sapdr.Repository, tree: Path) -> None:
    result = repo.backup(tree)
    with pytest.raises(AttributeError):
        result.state = "verified"  # type: ignore[misc]


def test_a_missing_path_stores_nothing(repo: sapdr.Repository, tree: Path) -> None:
    with pytest.raises(sapdr.NotFoundError, match="missing") as caught:
        repo.backup([tree, tree / "missing"])
    assert caught.value.exit_code == 22
    assert repo.snapshots() == []


def test_an_unreadable_file_makes_it_incomplete(repo: sapdr.Repository, tree: Path) -> None:
    items: list[sapdr.Item] = []
    unreadable = "/proc/self/mem"  # a regular file that not even root can read from the start
    with pytest.raises(sapdr.IncompleteError) as caught:
        repo.backup([tree, unreadable], on_item=items.append)
    result = caught.value.result
    assert isinstance(result, sapdr.BackupResult)
    assert (result.state, result.items_failed, result.files_new) == ("incomplete", 1, 2)
    failed = [item for item in items if item.action == "failed"]
    assert [item.path for item in failed] == [unreadable]
    assert failed[0].message
    assert failed[0].status != 0
    assert [each.id for each in repo.snapshots()] == [result.snapshot_id]


TENSOR = 700_000  # bytes; more than the smallest chunk


def safetensors_header(count: int) -> bytes:
    offsets = {str(i): {"data_offsets": [i * TENSOR, (i + 1) * TENSOR]} for i in range(count)}
    header = json.dumps(offsets).encode()
    return struct.pack("<Q", len(header)) + header


def gguf_header(count: int) -> bytes:
    """With a value of 3 MB, as vocabularies are."""
    value = struct.pack("<Q1sIQ", 1, b"k", 8, 3_000_000) + bytes(3_000_000)
    tensors = [struct.pack("<Q1sIQIQ", 1, b"t", 1, 1, 0, i * TENSOR) for i in range(count)]
    header = b"GGUF" + struct.pack("<IQQ", 3, count, 1) + value + b"".join(tensors)
    return header + bytes(-len(header) % 32)


@pytest.mark.parametrize(
    ("name", "begin"),
    [("a.safetensors", safetensors_header(4)), ("a.gguf", gguf_header(4))],
    ids=["safetensors", "gguf"],
)
def test_where_files_of_tensors_are_cut(
    repo: sapdr.Repository, tmp_path: Path, name: str, begin: bytes
) -> None:
    file = tmp_path / name
    tensors = [os.urandom(TENSOR) for _ in range(4)]
    file.write_bytes(begin + b"".join(tensors))
    repo.backup(file)
    tensors[1] = os.urandom(TENSOR)
    file.write_bytes(begin + b"".join(tensors))
    assert repo.backup(file, parent="none").bytes_new - TENSOR < 10_000  # and the tree
    with pytest.raises(KeyError):
        repo.backup(file, chunker="none")  # type: ignore[arg-type]
    assert repo.backup(file, parent="none", chunker="restic").bytes_new > 0


def test_excludes(repo: sapdr.Repository, tree: Path) -> None:
    (tree / "SUB").mkdir()
    repo.backup(tree, excludes="*.bin", iexcludes=["sub"], exclude_larger_than=100)
    names = {node.path.rsplit("/", 1)[1] for node in repo.ls(f"latest:{tree}")}
    assert names == {"a.txt", "link"}


def test_dry_run(repo: sapdr.Repository, tree: Path) -> None:
    result = repo.backup(tree, dry_run=True)
    assert result.snapshot_id is None
    assert result.files_new == 2
    assert repo.list("pack") == []


def test_snapshots(repo: sapdr.Repository, tree: Path) -> None:
    when = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
    repo.backup(tree, host="one", tags=["a", "b"], time=when)
    repo.backup(tree, host="two", tags="a", time=when + timedelta(days=1))
    oldest, newest = repo.snapshots()
    assert oldest.time == when
    assert oldest.time.tzinfo is UTC
    assert (oldest.host, oldest.tags, oldest.paths) == ("one", ("a", "b"), (str(tree),))
    assert oldest.verified is None
    assert oldest.files == 2
    assert repo.snapshots(host="two") == [newest]
    assert repo.snapshots(host=["one", "two"], tags=["a", "b"]) == [oldest]
    assert repo.snapshots(paths=tree) == [oldest, newest]
    assert repo.snapshots(paths="/other") == []
    assert repo.snapshot(oldest.short_id) == oldest
    assert repo.snapshot() == newest
    assert repo.snapshot("latest", host="one") == oldest
    with pytest.raises(sapdr.NotFoundError):
        repo.snapshot("latest", host="three")
    assert len({oldest, newest}) == 2


def test_tag(repo: sapdr.Repository, tree: Path) -> None:
    repo.backup(tree, host="one", tags=["a", "b"], verify=True)
    repo.backup(tree, host="two", tags="c")
    one, two = repo.snapshots()
    items: list[sapdr.Item] = []
    result = repo.tag(add=["x"], remove="a", on_item=items.append)
    assert (result.changed, result.unchanged) == (2, 0)
    assert [s.tags for s in repo.snapshots()] == [("b", "x"), ("c", "x")]
    assert {item.object_id for item in items} == {one.id, two.id}
    assert {item.snapshot_id for item in items} == {s.id for s in repo.snapshots()}
    assert repo.snapshot("latest", host="one").verified == one.verified is not None
    assert repo.tag("latest", set=["z"], host="one").changed == 1
    assert repo.tag(repo.snapshots(host="two"), set=[]).changed == 1
    assert [s.tags for s in repo.snapshots()] == [("z",), ()]
    assert repo.tag(tags="z", add="z").unchanged == 1
    with pytest.raises(sapdr.NotFoundError):
        repo.tag(["latest", "zz"], add="x")
    with pytest.raises(sapdr.InvalidArgumentError) as caught:
        repo.tag(add="x", set="y")
    assert isinstance(caught.value.result, sapdr.TagResult)
    with pytest.raises(ValueError, match="no snapshots"):
        repo.tag([], add="x")
    assert [s.tags for s in repo.snapshots()] == [("z",), ()]


@pytest.fixture
def other(repo: sapdr.Repository, tmp_path: Path) -> Iterator[sapdr.Repository]:
    """A repository to copy into, that cuts files as `repo` does."""
    place = tmp_path / "other"
    with sapdr.init(place, password="other", scrypt=CHEAP, copy_chunker_params=repo) as repository:
        yield repository


def test_copy_from(repo: sapdr.Repository, other: sapdr.Repository, tree: Path) -> None:
    polynomials = {json.loads(r.cat("config"))["chunker_polynomial"] for r in (repo, other)}
    assert len(polynomials) == 1
    repo.backup(tree, host="one", tags="a")
    (tree / "new").write_text("new")
    repo.backup(tree, host="two", tags="b")
    one, two = repo.snapshots()
    planned = other.copy_from(repo, dry_run=True)
    assert (planned.snapshots_copied, planned.bytes_stored) == (2, 0)
    assert other.snapshots() == []
    items: list[sapdr.Item] = []
    assert other.copy_from(repo, one, on_item=items.append).snapshots_copied == 1
    assert [(i.action, i.object_id) for i in items] == [("new", one.id)]
    assert other.snapshots()[0].id == items[0].snapshot_id
    progress: list[sapdr.Progress] = []
    result = other.copy_from(repo, progress=progress.append)
    assert (result.snapshots_copied, result.snapshots_skipped) == (1, 1)
    assert progress[-1].is_final
    assert progress[-1].bytes_done == progress[-1].bytes_total > 0
    copied = other.snapshot("latest", host="two")
    assert (copied.tree, copied.time_ns, copied.tags) == (two.tree, two.time_ns, ("b",))
    assert other.dump(copied, tree / "new") == b"new"
    assert other.copy_from(repo, "latest", host="one").snapshots_skipped == 1
    other.check(read_data=True)
    with pytest.raises(sapdr.NotFoundError):
        other.copy_from(repo, ["latest", "zz"])
    with pytest.raises(ValueError, match="no snapshots"):
        other.copy_from(repo, [])
    with pytest.raises(sapdr.InvalidArgumentError, match="itself"):
        repo.copy_from(repo)


def test_a_copy_of_damaged_data(
    repo: sapdr.Repository, other: sapdr.Repository, tree: Path, location: Path
) -> None:
    repo.backup(tree)
    shutil.rmtree(location / "data")
    (location / "data").mkdir()
    with pytest.raises(sapdr.IncompleteError) as caught:
        other.copy_from(repo)
    assert isinstance(caught.value.result, sapdr.CopyResult)
    assert caught.value.result.snapshots_failed == 1
    assert other.snapshots() == []


def test_copies_in_opposite_directions(
    repo: sapdr.Repository, other: sapdr.Repository, tree: Path
) -> None:
    repo.backup(tree, host="one")
    other.backup(tree, host="two")
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(to.copy_from, source) for to, source in ((repo, other), (other, repo))]
        for run in runs:
            run.result(timeout=60)
    for repository in (repo, other):
        assert sorted(s.host for s in repository.snapshots()) == ["one", "two"]


def test_a_callback_of_a_copy_must_use_neither(
    repo: sapdr.Repository, other: sapdr.Repository, tree: Path
) -> None:
    repo.backup(tree)
    for used in (repo, other):
        with pytest.raises(sapdr.InvalidStateError, match="callback"):
            other.copy_from(repo, on_item=lambda _, used=used: used.snapshots())  # type: ignore[misc]
    assert repo.snapshots() != []


def test_a_time_needs_a_zone(repo: sapdr.Repository, tree: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        repo.backup(tree, time=datetime(2024, 1, 1))


def test_ls(repo: sapdr.Repository, tree: Path) -> None:
    os.utime(tree / "a.txt", ns=(1, 1_700_000_000_123_456_789))
    repo.backup(tree)
    nodes = {Path(node.path).name: node for node in repo.ls(f"latest:{tree}")}
    assert list(nodes) == ["a.txt", "link", "sub", "b.bin"]
    assert nodes["a.txt"].type == "file"
    assert nodes["a.txt"].size == 5
    assert nodes["a.txt"].mtime_ns == 1_700_000_000_123_456_789
    assert nodes["a.txt"].mtime == datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    assert nodes["a.txt"].mode == (tree / "a.txt").stat().st_mode & 0o7777
    assert nodes["link"].link_target == "a.txt"
    assert nodes["sub"].type == "dir"
    assert [node.path for node in repo.ls(paths=tree / "sub" / "b.bin")] == [
        str(tree / "sub" / "b.bin")
    ]
    assert len(list(repo.ls(f"latest:{tree}", recursive=False))) == 3
    with pytest.raises(sapdr.NotFoundError):
        list(repo.ls("latest", paths="/nothing"))


def test_walks_are_independent_and_leave_no_lock(repo: sapdr.Repository, tree: Path) -> None:
    repo.backup(tree)
    one, other = repo.ls(), repo.ls()
    assert next(one) == next(other)
    del one
    assert len(list(other)) > 1
    assert next(other, None) is None
    assert repo.list("lock") == []


def test_dump(repo: sapdr.Repository, tree: Path, tmp_path: Path) -> None:
    repo.backup(tree)
    snapshot = repo.snapshot()
    path = tree / "sub" / "b.bin"
    assert repo.dump(snapshot, path) == path.read_bytes()
    buffer = io.BytesIO()
    assert repo.dump("latest", path, buffer) == path.stat().st_size
    assert buffer.getvalue() == path.read_bytes()
    with (tmp_path / "raw").open("wb", buffering=0) as raw:
        repo.dump("latest", path, raw)
    assert (tmp_path / "raw").read_bytes() == path.read_bytes()
    with pytest.raises(sapdr.NotFoundError):
        repo.dump("latest", "/nothing")
    with pytest.raises(sapdr.InvalidArgumentError):
        repo.dump("latest", tree)


def test_restore(repo: sapdr.Repository, tree: Path, tmp_path: Path) -> None:
    repo.backup(tree)
    target = tmp_path / "target"
    result = repo.restore(f"latest:{tree}", target, verify=True)
    assert (result.files, result.bytes_verified) == (2, 5 + 256 * 40)
    assert contents(target) == contents(tree)
    assert (target / "link").readlink() == Path("a.txt")
    again = repo.restore(f"latest:{tree}", target)
    assert (again.files, again.files_unchanged) == (0, 2)
    (target / "a.txt").write_text("mine")
    assert repo.restore(f"latest:{tree}", target, overwrite="never").files_skipped == 2
    assert (target / "a.txt").read_text() == "mine"


def test_restore_in_place_and_in_part(repo: sapdr.Repository, tree: Path) -> None:
    repo.backup(tree)
    (tree / "a.txt").unlink()
    (tree / "sub" / "b.bin").unlink()
    repo.restore("latest", None, includes="a.txt")
    assert (tree / "a.txt").read_text() == "first"
    assert not (tree / "sub" / "b.bin").exists()
    with pytest.raises(sapdr.NotFoundError):
        repo.restore("latest", None, includes="nothing-like-this")


def test_plan(repo: sapdr.Repository, tree: Path, tmp_path: Path) -> None:
    repo.backup(tree)
    items: list[sapdr.Item] = []
    plan = repo.plan_restore(f"latest:{tree}", tmp_path / "target", on_item=items.append)
    assert plan.stats.files == 2
    assert plan.snapshot == repo.snapshot()
    assert plan.target == str(tmp_path / "target")
    assert not (tmp_path / "target").exists()
    assert {item.action for item in items} == {"restored"}
    assert len(repo.list("lock")) == 1
    warm = plan.warm_up(wait=3600)
    assert (warm.packs, warm.asked, warm.waiting) == (1, 0, 0)
    assert plan.run().files == 2
    assert repo.list("lock") == []
    with pytest.raises(sapdr.InvalidStateError, match="run already"):
        plan.run()
    with pytest.raises(sapdr.InvalidStateError, match="run already"):
        plan.warm_up()


def test_a_restore_that_fails_tells_what_it_did_and_leaves_no_lock(
    repo: sapdr.Repository, tree: Path, location: Path, tmp_path: Path
) -> None:
    repo.backup(tree)
    shutil.rmtree(location / "data")
    (location / "data").mkdir()
    with pytest.raises(sapdr.Error) as caught:
        repo.restore("latest", tmp_path / "target")
    assert isinstance(caught.value, sapdr.CorruptError | sapdr.IncompleteError)
    assert repo.list("lock") == []


def test_verify(repo: sapdr.Repository, tree: Path) -> None:
    repo.backup(tree)
    same = repo.verify("latest")
    assert (same.files, same.differing, same.missing) == (2, 0, 0)
    (tree / "a.txt").write_text("FIRST")
    (tree / "sub" / "b.bin").unlink()
    items: list[sapdr.Item] = []
    with pytest.raises(sapdr.ChecksumError) as caught:
        repo.verify("latest", on_item=items.append)
    result = caught.value.result
    assert isinstance(result, sapdr.VerifyResult)
    assert (result.differing, result.missing) == (1, 1)
    assert {(item.action, item.path) for item in items} >= {
        ("differs", str(tree / "a.txt")),
        ("missing", str(tree / "sub" / "b.bin")),
    }


def test_verify_strict(repo: sapdr.Repository, tree: Path) -> None:
    repo.backup(tree)
    (tree / "extra").touch()
    repo.verify("latest")
    with pytest.raises(sapdr.ChecksumError) as caught:
        repo.verify("latest", strict=True)
    assert isinstance(caught.value.result, sapdr.VerifyResult)
    assert caught.value.result.extra == 1


def test_check(repo: sapdr.Repository, tree: Path, location: Path) -> None:
    repo.backup(tree)
    result = repo.check(read_data=True)
    assert (result.snapshots, result.problems) == (1, 0)
    assert result.packs_read == result.packs == len(repo.list("pack"))
    repo.check(subset="1/2")
    pack = max(
        (path for path in (location / "data").rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[10] ^= 1
    pack.write_bytes(data)
    items: list[sapdr.Item] = []
    with pytest.raises(sapdr.CorruptError) as caught:
        repo.check(read_data=True, on_item=items.append)
    assert isinstance(caught.value.result, sapdr.CheckResult)
    assert caught.value.result.problems >= 1
    assert any(item.action == "damaged" and pack.name in str(item) for item in items)


def test_snapshots_beside_a_damaged_one(repo: sapdr.Repository, tree: Path, location: Path) -> None:
    bad = repo.backup(tree).snapshot_id
    good = repo.backup(tree).snapshot_id
    path = location / "snapshots" / str(bad)
    path.chmod(0o600)
    path.write_bytes(b"not a snapshot")
    with pytest.raises(sapdr.CorruptError):
        repo.snapshots()
    damaged: list[sapdr.Error] = []
    assert [each.id for each in repo.snapshots(damaged=damaged)] == [good]
    (error,) = damaged
    assert isinstance(error, sapdr.CorruptError) and str(bad) in str(error)


def test_stats(repo: sapdr.Repository, tree: Path) -> None:
    # Much more than the trees, whose size depends on how deep the folder lies.
    (tree / "a.txt").write_bytes(b"text" * 25_000)
    repo.backup(tree)
    repo.backup(tree)
    everything = repo.stats()
    assert (everything.snapshots, everything.files) == (2, 4)
    assert everything.dedup_ratio > 1.5
    assert everything.compression_ratio > 1
    assert repo.stats("latest").files == 2
    assert repo.stats(host="nobody").snapshots == 0


def test_names_that_are_not_utf_8(repo: sapdr.Repository, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    name = b"caf\xe9 \xff\n.txt"
    path = os.fsencode(folder) + b"/" + name
    Path(os.fsdecode(path)).write_bytes(b"odd")
    items: list[sapdr.Item] = []
    repo.backup(os.fsencode(folder), on_item=items.append)
    assert os.fsdecode(path) in {item.path for item in items}
    (node,) = (node for node in repo.ls() if node.type == "file")
    assert os.fsencode(node.path) == path
    assert repo.dump("latest", node.path) == repo.dump("latest", path) == b"odd"
    repo.restore(f"latest:{folder}", os.fsencode(tmp_path) + b"/t\xff")
    restored = os.fsdecode(os.fsencode(tmp_path) + b"/t\xff/" + name)
    assert filecmp.cmp(restored, os.fsdecode(path), shallow=False)


def test_two_handles_at_once(repo: sapdr.Repository, location: Path, tree: Path) -> None:
    with sapdr.open(location, password=PASSWORD) as other:
        repo.backup(tree)
        assert len(other.snapshots()) == 1
