"""Fixtures: the command under test, a repository, and a tree to back up."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from shell_tools import PASSWORD, Shell

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def command() -> Path:
    """The command under test: SAPDR_BIN, or the one in build/."""
    path = Path(os.environ.get("SAPDR_BIN") or ROOT / "build/bindings/shell/sapdr")
    assert path.is_file(), f"{path} is missing; tests/run.sh builds it"
    return path.resolve()


@pytest.fixture(scope="session")
def empty_repository(command: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, with a cheap key derivation, and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "password").write_text(PASSWORD + "\n")
    shell = Shell(command, folder / "repo", folder / "password")
    shell("init", "--scrypt-n", "1024")
    return folder / "repo"


@pytest.fixture
def shell(command: Path, tmp_path: Path, empty_repository: Path) -> Shell:
    """The command with an empty repository."""
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    shutil.copytree(empty_repository, tmp_path / "repo")
    return Shell(command, tmp_path / "repo", password)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two files, a folder and a link."""
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("alpha\n")
    (folder / "sub" / "b.bin").write_bytes(bytes(range(256)) * 64)
    (folder / "link").symlink_to("a.txt")
    return folder


@pytest.fixture
def saved(shell: Shell, tree: Path) -> Shell:
    """The command with a repository that holds one snapshot of `tree`."""
    shell("backup", tree)
    return shell
