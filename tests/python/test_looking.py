"""Looking into snapshots: diff."""

from __future__ import annotations

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
