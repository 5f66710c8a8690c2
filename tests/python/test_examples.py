"""The example runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sapdr

EXAMPLE = Path(__file__).parents[2] / "examples/backup.py"


def run(*arguments: object, password: str = "secret") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLE, *map(str, arguments)],
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
