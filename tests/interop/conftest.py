"""Fixtures: the command under test, and folders to work in."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from workbench import Workbench

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
import azurite
from azure_container import Container

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def command() -> Path:
    """The command under test: SAPDR_BIN, or the one in build/."""
    path = Path(os.environ.get("SAPDR_BIN") or ROOT / "build/bindings/shell/sapdr")
    assert path.is_file(), f"{path} is missing; tests/run.sh builds it"
    return path


MEMORY = Path("/dev/shm")
ROOM = 1 << 30  # bytes; a container may have very little


def _memory() -> Path | None:
    """A file system in memory, if there is one: most of what small runs wait for is syncing."""
    enough = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if enough and "TMPDIR" not in os.environ else None


def _workbench(command: Path, place: Path | None = None) -> Iterator[Workbench]:
    folder = Path(tempfile.mkdtemp(prefix="sapdr-interop-", dir=place))
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


@pytest.fixture
def bench_in_memory(command: Path) -> Iterator[Workbench]:
    """A workbench for one test of many."""
    yield from _workbench(command, _memory())


@pytest.fixture(scope="module")
def module_bench_in_memory(command: Path) -> Iterator[Workbench]:
    """What the tests of a file share that use `bench_in_memory`."""
    yield from _workbench(command, _memory())


@pytest.fixture(scope="module")
def server() -> Iterator[azurite.Azurite]:
    """One for the tests of a file."""
    with azurite.Azurite() as started:
        yield started


@pytest.fixture
def container(
    server: azurite.Azurite, bench: Workbench, request: pytest.FixtureRequest
) -> Container:
    """A container for one test: there is nothing in it, nor is it there."""
    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()
    return Container(server, bench, f"c{digest[:20]}")
