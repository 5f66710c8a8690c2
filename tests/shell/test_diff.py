"""`sapdr diff`: lines, figures, events, damage."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path

import pytest
from shell_tools import Shell


@pytest.fixture
def changed(saved: Shell, tree: Path) -> Shell:
    """Two snapshots; `tree` is as in the second one."""
    (tree / "a.txt").write_text("other\n")
    (tree / "new").mkdir()
    (tree / "new" / "file").write_text("new")
    (tree / "link").unlink()
    (tree / "link").write_text("no link")
    (tree / "sub" / "b.bin").chmod(0o600)
    saved("backup", tree)
    return saved


def ids(shell: Shell) -> list[str]:
    return [s["id"] for s in shell.json("snapshots").of("snapshot")]


def test_lines_and_figures(changed: Shell, tree: Path) -> None:
    before, after = ids(changed)
    out = changed("diff", before[:8], "latest").out
    lines, figures = out.split("\n\n")
    assert lines.splitlines() == [
        f"M    {tree}/a.txt",
        f"T    {tree}/link",
        f"+    {tree}/new/",
        f"+    {tree}/new/file",
    ]
    assert figures.splitlines()[:3] == [
        "Files:           1 new,     0 removed,     1 changed",
        "Dirs:            1 new,     0 removed",
        "Others:          0 new,     0 removed",
    ]
    assert changed("diff", "--quiet", before, after).out == lines + "\n"
    metadata = changed("diff", "--metadata", before, after).out
    assert f"\nTU   {tree}/link\n" in metadata and f"\nU    {tree}/sub/b.bin\n" in metadata
    assert changed("diff", after, after, "-q").out == ""


def test_folders_and_filters(changed: Shell, tree: Path) -> None:
    before, _ = ids(changed)
    inside = changed("diff", "-q", f"{before}:{tree}", f"latest:{tree}").out
    assert inside == "M    /a.txt\nT    /link\n+    /new/\n+    /new/file\n"
    changed("backup", tree / "sub", "--tag", "x")
    summary = changed.json("diff", "latest", before, "--path", str(tree)).summary
    assert summary["files_removed"] == 1
    assert (summary["after_id"], summary["before_id"]) == (before, ids(changed)[1])
    either = changed.json("diff", "latest", "latest", "--tag", "x", "--tag", "y").summary
    assert either["before_id"] == either["after_id"] == ids(changed)[2]
    changed.fails("E_NOT_FOUND", "diff", before, "latest", "--host", "nobody")
    changed.fails("E_NOT_FOUND", "diff", before, "latest:/nowhere")


def test_events_have_both_nodes(changed: Shell, tree: Path) -> None:
    name = os.fsencode(tree) + b"/caf\xe9"
    Path(os.fsdecode(name)).write_text("x")
    changed("backup", tree)
    before, _, _ = ids(changed)
    changes = {
        e["path"]: e for e in changed.json("diff", "--metadata", before, "latest").of("change")
    }
    modified = changes[f"{tree}/a.txt"]
    assert modified["modifier"] == "M"
    assert (modified["before"]["size"], modified["after"]["size"]) == (6, 6)
    assert changes[f"{tree}/link"]["before"]["node_type"] == "symlink"
    assert changes[f"{tree}/link"]["after"]["node_type"] == "file"
    assert "before" not in changes[f"{tree}/new"]
    mode = changes[f"{tree}/sub/b.bin"]
    assert (mode["before"]["mode"], mode["after"]["mode"]) == (0o644, 0o600)
    (odd,) = [e for e in changes.values() if "path_base64" in e]
    assert base64.b64decode(odd["path_base64"]) == name


def test_damaged_folders_are_named(saved: Shell, tree: Path) -> None:
    old = set(saved("list", "packs").out.split())
    (tree / "a.txt").write_text("other\n")
    saved("backup", tree)
    for pack in set(saved("list", "packs").out.split()) - old:
        path = saved.repository / "data" / pack[:2] / pack
        path.chmod(0o600)
        path.write_bytes(bytes(path.stat().st_size))
    before, after = ids(saved)
    result = saved.fails("E_INCOMPLETE", "diff", before, after)
    assert result.err.startswith(f"failed     / in snapshot {after[:8]}: ")
    assert before[:8] in result.error and after[:8] in result.error
    stream = saved.json("diff", before, after, code=3)
    assert stream.summary["failed"] == 1
    (item,) = stream.of("item")
    assert (item["action"], item["path"], item["snapshot_id"]) == ("failed", "/", after)


def test_without_data_nothing_can_be_compared(changed: Shell) -> None:
    shutil.rmtree(changed.repository / "data")
    (changed.repository / "data").mkdir()
    before, after = ids(changed)
    result = changed.fails("E_INCOMPLETE", "diff", before, after)
    assert result.err.count("failed     / in snapshot ") == 2
