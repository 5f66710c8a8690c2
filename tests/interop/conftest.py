"""Fixtures: the command under test, and folders to work in."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from workbench import Workbench

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def command() -> Path:
    """The command under test: SAPDR_BIN, or the one in build/."""
    path = Path(os.environ.get("SAPDR_BIN") or ROOT / "build/bindings/shell/sapdr")
    assert path.is_file(), f"{path} is missing; tests/run.sh builds it"
    return path


def _workbench(command: Path) -> Iterator[Workbench]:
    folder = Path(tempfile.mkdtemp(prefix="sapdr-interop-"))
    folder.chmod(0o755)  # some tests run the command as another user
    yield Workbench(folder, command)
    subprocess.run(["rm", "-rf", folder], check=True)  # rmtree cannot go very deep


@pytest.fixture
def bench(command: Path) -> Iterator[Workbench]:
    """A workbench for one test."""
    yield from _workbench(command)


@pytest.fixture(scope="module")
def module_bench(command: Path) -> Iterator[Workbench]:
    """A workbench that the tests of a file share."""
    yield from _workbench(command)
