"""Looking into snapshots: diff, find."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

import sapdr


def test_diff(repo: sapdr.Repository, tree: Path) -> None:
    before = repo.backup(tree).snapshot_id
    assert before is not None
    (tree / "a.txt").write_text("longer than first")
    (tree / "new").write_text("new")
    (tree / "sub" / "b.bin").chmod(0o600)
    (tree / "link").unlink()
    repo.backup(tree)
    result = repo.diff(before)
    assert [(c.modifier, Path(c.path).name) for c in result.changes] == [
        ("M", "a.txt"),
        ("-", "link"),
        ("+", "new"),
    ]
    modified, removed, added = result.changes
    assert modified.before is not None and modified.after is not None
    assert (modified.before.size, modified.after.size) == (5, 17)
    assert removed.before is not None and removed.before.link_target == "a.txt"
    assert removed.after is None and added.before is None
    assert (result.before_id, result.after_id) == (before, repo.snapshot().id)
    assert (result.files_new, result.files_changed, result.others_removed) == (1, 1, 1)
    assert result.data_blobs_new == 2
    assert result.bytes_new > 20
    assert repo.list("lock") == []

    told: list[sapdr.Change] = []
    progress: list[sapdr.Progress] = []
    result = repo.diff(
        f"{before}:{tree}",
        f"latest:{tree}",
        metadata=True,
        count_blobs=False,
        on_change=told.append,
        progress=progress.append,
    )
    assert result.changes == ()
    assert result.data_blobs_new == 0
    assert [(c.modifier, c.path) for c in told] == [
        ("M", "/a.txt"),
        ("-", "/link"),
        ("+", "/new"),
        ("U", "/sub"),
        ("U", "/sub/b.bin"),
    ]
    assert progress[-1].is_final
    assert repo.diff(repo.snapshot(), repo.snapshot()).changes == ()
    with pytest.raises(sapdr.NotFoundError):
        repo.diff(before, "latest:/nowhere")


def test_diff_names_what_it_cannot_read(repo: sapdr.Repository, tree: Path, location: Path) -> None:
    before = repo.backup(tree).snapshot_id
    assert before is not None
    old = {path for path in (location / "data").rglob("*") if path.is_file()}
    (tree / "a.txt").write_text("other")
    repo.backup(tree)
    for path in (location / "data").rglob("*"):
        if path.is_file() and path not in old:
            path.unlink()
    items: list[sapdr.Item] = []
    with pytest.raises(sapdr.IncompleteError) as caught:
        repo.diff(before, on_item=items.append)
    result = caught.value.result
    assert isinstance(result, sapdr.DiffResult)
    assert (result.failed, result.changes) == (1, ())
    assert [(item.action, item.path, item.snapshot_id) for item in items] == [
        ("failed", "/", repo.snapshot().id)
    ]


def test_find(repo: sapdr.Repository, tree: Path) -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    os.utime(tree / "a.txt", (moment.timestamp(), moment.timestamp()))
    repo.backup(tree, host="one")
    (tree / "sub" / "A.TXT").write_text("upper")
    repo.backup(tree, host="two")
    one, two = repo.snapshots()

    def names(result: sapdr.FindResult) -> list[tuple[str, str]]:
        assert result.n_matches == len(result.matches)
        return [(match.snapshot.host, Path(match.node.path).name) for match in result.matches]

    result = repo.find("*.txt")
    assert names(result) == [("one", "a.txt"), ("two", "a.txt")]
    assert (result.snapshots, result.failed) == (2, 0)
    match = result.matches[1]
    assert match.snapshot == two
    assert (match.node.size, match.node.blobs, match.object_id) == (5, 1, None)
    assert match.tree_id is not None
    assert names(repo.find(["*.txt"], ignore_case=True, host="two")) == [
        ("two", "a.txt"),
        ("two", "A.TXT"),
    ]
    assert names(repo.find("sub/*.bin", snapshots=one)) == [("one", "b.bin")]
    assert names(repo.find(b"/sub", snapshots=["latest:" + str(tree)])) == [
        ("two", "sub"),
        ("two", "A.TXT"),
        ("two", "b.bin"),
    ]
    assert names(repo.find("*", newest=moment)) == [("one", "a.txt"), ("two", "a.txt")]
    assert names(repo.find("a.txt", oldest=datetime(2024, 1, 3, tzinfo=UTC))) == []
    assert repo.list("lock") == []


def test_find_by_id(repo: sapdr.Repository, tree: Path) -> None:
    repo.backup(tree)
    snapshot = repo.snapshot()
    (root,) = repo.find(trees=snapshot.tree[:16]).matches
    assert (root.node.path, root.node.type, root.tree_id) == ("/", "dir", None)
    assert (root.object_type, root.object_id) == ("tree", snapshot.tree)
    by_pack = {}
    for pack, _ in repo.list("pack"):
        for match in repo.find(packs=[pack]).matches:
            by_pack[match.node.path] = match
    assert {str(tree / "a.txt"), str(tree / "sub"), "/"} <= by_pack.keys()
    blob = by_pack[str(tree / "a.txt")]
    assert blob.object_type == "blob" and blob.object_id is not None
    told: list[sapdr.Match] = []
    result = repo.find(blobs=blob.object_id, on_match=told.append)
    assert told == [blob]
    assert (result.matches, result.n_matches) == ((), 1)
    with pytest.raises(sapdr.NotFoundError):
        repo.find(blobs="0123456789abcdef")
    with pytest.raises(sapdr.InvalidArgumentError):
        repo.find()


def test_find_names_what_it_cannot_read(repo: sapdr.Repository, tree: Path, location: Path) -> None:
    repo.backup(tree)
    old = {path for path in (location / "data").rglob("*") if path.is_file()}
    (tree / "a.txt").write_text("other")
    repo.backup(tree)
    for path in (location / "data").rglob("*"):
        if path.is_file() and path not in old:
            path.unlink()
    with pytest.raises(sapdr.IncompleteError) as caught:
        repo.find("a.txt")
    result = caught.value.result
    assert isinstance(result, sapdr.FindResult)
    assert result.failed == 1
    assert [match.snapshot for match in result.matches] == [repo.snapshots()[0]]
