"""Repositories and folders that the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import sapdr

PASSWORD = "correct horse"
CHEAP = (2, 1, 1)  # scrypt, so that opening costs nothing


@pytest.fixture
def location(tmp_path: Path) -> Path:
    """The place of an initialised repository."""
    place = tmp_path / "repository"
    sapdr.init(place, password=PASSWORD, scrypt=CHEAP).close()
    return place


@pytest.fixture
def repo(location: Path) -> Iterator[sapdr.Repository]:
    """An open repository."""
    with sapdr.open(location, password=PASSWORD) as repository:
        yield repository


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small folder."""
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("first")
    (folder / "sub" / "b.bin").write_bytes(bytes(range(256)) * 40)
    (folder / "link").symlink_to("a.txt")
    return folder
