"""The examples run as they are."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import sapdr

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(
    *arguments: object, password: str = "secret", example: str = "backup.py"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / example, *map(str, arguments)],
        env=os.environ | {"SAPDR_PASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )


def test_backup_example(tree: Path, tmp_path: Path) -> None:
    repository, target = tmp_path / "new", tmp_path / "target"
    for count in (1, 2):
        done = run(repository, tree, target)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("snapshot ") == count + 1
        assert "the snapshot is verified" in done.stdout
    restored = target / tree.relative_to("/") / "a.txt"
    assert restored.read_text() == "first"


def test_backup_example_with_the_wrong_password(location: Path, tree: Path) -> None:
    done = run(location, tree, tree.parent / "target", password="wrong")
    assert done.returncode == sapdr.AuthError.exit_code
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_plugins_example(tmp_path: Path) -> None:
    source, repository = tmp_path / "source.db", tmp_path / "repository.db"
    with sqlite3.connect(source) as db:
        for table in ("orders", 'odd "name"'):
            db.execute(f"""CREATE TABLE "{table.replace('"', '""')}" (id INTEGER, text TEXT)""")
        db.executemany("INSERT INTO orders VALUES (?, ?)", [(i, f"order {i}") for i in range(2000)])
    db.close()
    for new in (2, 0):
        done = run(source, repository, example="plugins.py")
        assert done.returncode == 0, done.stderr
        assert "/orders.jsonl" in done.stdout
        assert f"{new} new tables; the snapshot is verified" in done.stdout
    sys.path.insert(0, str(EXAMPLES))
    try:
        from plugins import SqliteStorage
    finally:
        sys.path.pop(0)
    with sapdr.open(SqliteStorage(str(repository)), password="secret") as repo:
        assert repo.check(read_data=True).problems == 0
        lines = repo.dump("latest", "/tables/orders.jsonl").splitlines()
        assert json.loads(lines[1999]) == [1999, "order 1999"]
        assert repo.dump("latest", '/tables/odd "name".jsonl') == b""
    wrong = run(source, repository, example="plugins.py", password="wrong")
    assert wrong.returncode == sapdr.AuthError.exit_code
