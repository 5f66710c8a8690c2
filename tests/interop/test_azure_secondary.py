"""The second copy of a storage account: read when the first one is gone, and never written.

An emulator's second copy has no lag and takes what is written to it. So there are two servers here,
the second of which has what the first one had some time ago.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from commands import Program
from make_trees import make_plain_tree
from workbench import Workbench, inside

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
import azurite
from geo_router import GeoRouter

NAME = "backups"
CANCELLED = 130


class Account:
    """Both copies, the address that serves them, and the command on a repository in there."""

    def __init__(self, bench: Workbench, router: GeoRouter, servers: list[azurite.Azurite]) -> None:
        self.bench = bench
        self.router = router
        self.first, self.second = (self._container(server) for server in servers)
        url = f"http://127.0.0.1:{router.port}/{azurite.ACCOUNT}/{NAME}"
        self.sapdr = Program(
            bench.command,
            bench.folder,
            bench.password_file,
            environment={
                "SAPDR_PASSWORD_FILE": str(bench.password_file),
                "SAPDR_REPOSITORY": url,
                "AZURE_STORAGE_KEY": azurite.KEY,
            },
        )

    @staticmethod
    def _container(server: azurite.Azurite) -> ContainerClient:
        service = BlobServiceClient(
            server.endpoint, azurite.KEY, api_version="2026-06-06", retry_total=0
        )
        return service.get_container_client(NAME)

    def replicate(self) -> None:
        self.second.create_container()
        for blob in self.first.list_blobs():
            self.second.upload_blob(blob.name, self.first.download_blob(blob.name).readall())

    def names(self, container: ContainerClient) -> set[str]:
        return set(container.list_blob_names())


@pytest.fixture
def account(bench: Workbench) -> Iterator[Account]:
    with (
        azurite.Azurite() as first,
        azurite.Azurite() as second,
        GeoRouter(first.port, second.port) as router,
    ):
        yield Account(bench, router, [first, second])


@pytest.fixture
def lagging(account: Account, bench: Workbench) -> tuple[Account, Path]:
    """Of two snapshots the second copy has one."""
    tree = make_plain_tree(bench.folder / "tree", seed=61, megabytes=4)
    account.sapdr("init", "--scrypt-n", "1024")
    account.sapdr("backup", tree)
    account.replicate()
    kept = bench.folder / "kept"
    shutil.copytree(tree, kept, symlinks=True)
    (tree / "later").write_text("what the second copy does not have yet")
    account.sapdr("backup", tree)
    assert "PUT" not in account.router.to_secondary
    assert not account.router.to_secondary, "the first copy answers"
    return account, kept


def test_reading_goes_on_when_the_first_copy_is_gone(lagging: tuple[Account, Path]) -> None:
    account, kept = lagging
    before = account.names(account.second)
    account.router.is_primary_away = True
    found = account.sapdr("restore", "latest", "--target", account.bench.folder / "restored")
    assert "its second copy is read instead" in found.err
    assert "which has all that was stored before" in found.err
    restored = inside(account.bench.folder / "restored", account.bench.folder / "tree")
    subprocess.run(["diff", "-r", "--no-dereference", kept, restored], check=True)
    assert account.names(account.second) == before, "no lock, no record"
    assert set(account.router.to_secondary) <= {"GET", "HEAD"}


@pytest.mark.parametrize("reading", [("snapshots",), ("check", "--read-data"), ("ls", "latest")])
def test_only_the_second_copy(lagging: tuple[Account, Path], reading: tuple[str, ...]) -> None:
    account, _ = lagging
    account.router.is_primary_away = True
    before = account.names(account.second)
    found = account.sapdr("-o", "azure.secondary=only", *reading)
    assert "later" not in found.out
    assert account.names(account.second) == before
    assert set(account.router.to_secondary) <= {"GET", "HEAD"}


def test_what_changes_something_is_refused_by_the_second_copy(
    lagging: tuple[Account, Path],
) -> None:
    account, kept = lagging
    before = account.names(account.second)
    for command in (["backup", kept], ["forget", "latest"], ["prune"], ["unlock"], ["init"]):
        failed = account.sapdr.run("-o", "azure.secondary=only", *command)
        assert failed.code not in {0, 3}, command
        assert "second copy" in failed.err, failed.err
    assert account.names(account.second) == before
    assert set(account.router.to_secondary) <= {"GET", "HEAD"}


@pytest.mark.parametrize("change", ["backup", "forget", "prune", "unlock"])
def test_what_changes_something_never_asks_the_second_copy(
    lagging: tuple[Account, Path], change: str
) -> None:
    """It waits for the first one: here for a moment, then we end it."""
    account, kept = lagging
    account.router.is_primary_away = True
    arguments = {"backup": [str(kept)], "forget": ["latest"]}.get(change, [])
    running = account.sapdr.start(change, *arguments)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(timeout=5)
    running.terminate()
    assert running.wait(timeout=30) == CANCELLED
    assert not account.router.to_secondary
