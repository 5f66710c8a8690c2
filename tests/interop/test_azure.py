"""Repositories in Azure Blob Storage: what the command stores at Azurite is what restic reads in a
folder, and the other way round; and what happens with credentials that may not do everything."""

from __future__ import annotations

import datetime
import hashlib
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import azurite
import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    ResourceTypes,
    generate_account_sas,
)
from azure_container import Container
from commands import LOCKED, NETWORK, NO_REPOSITORY, PERMISSION, Program
from make_trees import make_plain_tree, write
from workbench import Workbench

VERSION = "2023-11-03"  # of the service, as the library has it
AUTH = 12


@pytest.fixture
def tree(bench: Workbench) -> Path:
    return make_plain_tree(bench.folder / "tree", seed=60, megabytes=20)


def restore_is_right(sapdr: Program, bench: Workbench, tree: Path) -> None:
    target = bench.folder / "restored"
    sapdr("restore", "latest", "--target", target, "--verify")
    bench.same(tree, target)
    shutil.rmtree(target)


def test_what_we_store_is_a_repository_of_restic_in_a_folder(
    container: Container, bench: Workbench, tree: Path
) -> None:
    sapdr = container.init()
    sapdr("backup", "--verify", tree)
    (tree / "new").write_bytes(b"new")
    sapdr("backup", "--tag", "second", tree)
    sapdr("check", "--read-data")
    restore_is_right(sapdr, bench, tree)
    folder = container.download(bench.folder / "downloaded")
    assert not list((folder / "locks").glob("*")), "a lock stayed behind"
    restic = bench.restic(folder)
    restic("check", "--read-data")
    restic("restore", "latest", "--target", bench.folder / "by-restic")
    bench.same(tree, bench.folder / "by-restic")
    for path in folder.rglob("*"):
        if path.is_file() and path.parent.name != "folder" and len(path.name) == 64:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name, path


def test_what_restic_stored_is_listed_checked_and_restored(
    container: Container, bench: Workbench, tree: Path
) -> None:
    repository = bench.theirs()
    bench.restic(repository)("backup", "--tag", "theirs", tree)
    container.upload(repository)
    sapdr = container.sapdr()
    assert "theirs" in sapdr("snapshots").out
    sapdr("check", "--read-data")
    restore_is_right(sapdr, bench, tree)
    (tree / "new").write_bytes(b"new")
    sapdr("backup", tree)
    sapdr("forget", "--keep-last", "1", "--group-by", "host")
    sapdr("prune", "--grace", "0s", "--max-unused", "0")
    folder = container.download(bench.folder / "downloaded")
    bench.restic(folder)("check", "--read-data")


def test_locations_and_credentials_of_the_environment(container: Container, tree: Path) -> None:
    sapdr = container.init()
    sapdr("backup", tree)
    azure = f"azure:{container.name}:/some/prefix"
    string = container.server.connection_string
    by_string = container.sapdr(azure, AZURE_STORAGE_CONNECTION_STRING=string)
    assert str(tree) in by_string("snapshots").out
    sas = container.sas("rwdl")
    assert str(tree) in container.sapdr(AZURE_ACCOUNT_SAS=sas)("snapshots").out
    assert str(tree) in container.sapdr(AZURE_STORAGE_SAS_TOKEN="?" + sas)("snapshots").out
    in_url = container.sapdr(f"{container.url}?{sas}", AZURE_STORAGE_KEY="d3Jvbmc=")
    assert str(tree) in in_url("snapshots").out
    account = generate_account_sas(
        azurite.ACCOUNT,
        azurite.KEY,
        ResourceTypes(container=True, object=True),
        AccountSasPermissions(read=True, write=True, delete=True, list=True, create=True),
        datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1),
    )
    by_account_sas = container.sapdr(AZURE_ACCOUNT_SAS=str(account))
    by_account_sas("backup", tree)
    by_account_sas("init", expect=23)


def test_a_missing_container_or_repository_is_none(container: Container) -> None:
    sapdr = container.sapdr()
    sapdr.fails("snapshots", codes=[NO_REPOSITORY], names=container.url)
    container.client.create_container()
    sapdr.fails("snapshots", codes=[NO_REPOSITORY], names=container.url)
    # A SAS of the container may not create it, and need not.
    container.sapdr(AZURE_ACCOUNT_SAS=container.sas("rwdl"))("init", "--scrypt-n", "1024")
    sapdr("snapshots")


def test_refusals_are_clear_and_show_no_secret(container: Container, tree: Path) -> None:
    sapdr = container.init()
    sapdr("backup", tree)

    def refused(names: str, secret: str, **environment: str) -> None:
        program = container.sapdr(**environment)
        result = program.fails("snapshots", codes=[PERMISSION, AUTH], names=names)
        assert secret not in result.text

    refused("the key of the account", "d3Jvbmc", AZURE_STORAGE_KEY="d3Jvbmc=")
    expired = container.sas("rwdl", hours=-1)
    refused("the SAS expired at", expired.split("sig=")[1], AZURE_ACCOUNT_SAS=expired)
    no_read = container.sas("wl")
    refused('permissions "wl"', no_read.split("sig=")[1], AZURE_ACCOUNT_SAS=no_read)
    in_url = container.sapdr(f"{container.url}?{expired}").run("snapshots", "--json")
    assert in_url.code in (PERMISSION, AUTH)
    assert expired.split("sig=")[1] not in in_url.text and "sig=" not in in_url.text


@pytest.mark.parametrize("permissions", ["rwl", "rcl"])
def test_a_sas_without_delete_backs_up_and_leaves_its_locks(
    container: Container, bench: Workbench, tree: Path, permissions: str
) -> None:
    owner = container.init()
    append_only = container.sapdr(AZURE_ACCOUNT_SAS=container.sas(permissions))
    for _ in range(2):
        result = append_only("backup", tree)
        assert "stays behind until it is stale" in result.err
    assert len(container.names("locks/")) == 2
    append_only("check", "--no-lock", "--read-data")
    snapshots = append_only("snapshots", "--no-lock", "--json").events("snapshot")
    assert len(snapshots) == 2
    append_only.fails("forget", "--keep-last", "1", codes=[PERMISSION], names=permissions)
    assert len(container.names("snapshots/")) == 2
    # The processes are gone: on this host their locks are stale at once.
    owner("forget", "--keep-last", "1", "--group-by", "host")
    before = container.names("data/")
    (tree / "big").unlink()
    owner("backup", tree)
    owner("forget", "--keep-last", "1", "--group-by", "host")
    result = append_only.fails("prune", "--max-unused", "0", codes=[PERMISSION], names="may delete")
    assert set(before) <= set(container.names("data/")), "it removed something"
    written = set(container.names("data/"))
    owner("unlock")
    assert container.names("locks/") == []
    owner("prune", "--max-unused", "0", "--grace", "0s")
    assert set(container.names("data/")) != written
    owner("check", "--read-data")
    restore_is_right(owner, bench, tree)


def test_a_foreign_lock_that_stays_is_honoured(container: Container, bench: Workbench) -> None:
    owner = container.init()
    folder = container.download(bench.folder / "downloaded")
    restic = bench.restic(folder)
    source = bench.folder / "small"
    held = restic.start("backup", "--stdin")  # waits for what never comes
    try:
        while not (locks := [p for p in folder.glob("locks/*") if len(p.name) == 64]):
            time.sleep(0.05)
            assert held.poll() is None
        name = locks[0].name
        container.client.upload_blob(f"some/prefix/locks/{name}", locks[0].read_bytes())
        for content in (b"one", b"two"):
            owner("backup", write(source, content))  # theirs is not exclusive
        owner("forget", "--keep-last", "1", "--group-by", "host")
        owner.fails("prune", "--grace", "0s", "--max-unused", "0", codes=[LOCKED], names="locked")
    finally:
        held.send_signal(signal.SIGINT)
        held.communicate(timeout=60)
    owner("unlock", "--remove-all")
    assert container.names("locks/") == []
    owner("prune", "--grace", "0s", "--max-unused", "0")
    owner("check", "--read-data")


def test_tiers(container: Container, tree: Path) -> None:
    container.init()("-o", "azure.access-tier=Cool", "-o", "azure.connections=2", "backup", tree)
    tiers: dict[str, set[str]] = {}
    for blob in container.client.list_blobs():
        kind = blob.name.removeprefix("some/prefix/").split("/")[0]
        assert blob.blob_tier is not None
        tiers.setdefault(kind, set()).add(str(blob.blob_tier))
    assert tiers.pop("data") == {"Cool", "Hot"}  # contents; trees
    assert set().union(*tiers.values()) == {"Hot"}
    container.sapdr()("check", "--read-data")
    sapdr = container.sapdr()
    sapdr.fails("-o", "azure.access-tier=lukewarm", "snapshots", codes=[20], names="access-tier")
    sapdr.fails("-o", "azure.tier=Cool", "snapshots", codes=[20], names="azure.tier")
    sapdr.fails("-o", "azure.connections=many", "snapshots", codes=[20], names="many")


def test_patience_is_an_option(container: Container) -> None:
    sapdr = container.sapdr()
    sapdr.fails("--retry-for", "5 parsecs", "snapshots", codes=[20], names="--retry-for")
    for name in ("connect", "first-byte", "stall"):
        option = f"azure.{name}-timeout"
        sapdr.fails("-o", f"{option}=soon", "snapshots", codes=[20], names=option)
        sapdr.fails("-o", f"{option}=0s", "snapshots", codes=[20], names="no time at all")
        nobody_listens = "http://127.0.0.1:9/account/container/path"
        away = container.sapdr(nobody_listens, AZURE_STORAGE_KEY=azurite.KEY)
        began = time.monotonic()
        away.fails("--retry-for", "0", "-o", f"{option}=5s", "snapshots", codes=[NETWORK])
        assert time.monotonic() - began < 20


def test_packs_in_the_archive_are_told_and_come_back(
    container: Container, bench: Workbench, tree: Path
) -> None:
    sapdr = container.init()
    sapdr("-o", "azure.access-tier=archive", "backup", tree)
    assert str(tree / "big") in sapdr("ls", "latest").out  # trees are not in the archive
    result = sapdr.run("restore", "latest", "--target", bench.folder / "restored")
    assert result.code != 0
    assert "rehydrate" in result.text
    shutil.rmtree(bench.folder / "restored", ignore_errors=True)
    for blob in container.client.list_blobs():
        if blob.blob_tier == "Archive":
            container.client.get_blob_client(blob.name).set_standard_blob_tier("Hot")
    restore_is_right(sapdr, bench, tree)


def test_what_is_not_ours_is_left_alone(container: Container, tree: Path) -> None:
    sapdr = container.init()
    sapdr("backup", tree)
    foreign = ["data/readme", "data/ab/" + "0" * 64, "keys/x/" + "a" * 64, "locks/tmp", "other"]
    for name in foreign:
        container.client.upload_blob(f"some/prefix/{name}", b"foreign")
    sapdr("check", "--read-data")
    sapdr("prune", "--grace", "0s")
    assert set(foreign) <= set(container.names())


def test_two_clients_back_up_at_once(container: Container, bench: Workbench, tree: Path) -> None:
    sapdr = container.init()
    with_same = [sapdr.start("backup", tree) for _ in range(3)]
    for process in with_same:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
    sapdr("check", "--read-data")
    assert len(container.names("snapshots/")) == 3
    restore_is_right(sapdr, bench, tree)


def test_a_server_that_goes_away_in_the_middle_of_a_backup(bench: Workbench) -> None:
    tree = make_plain_tree(bench.folder / "tree", seed=61, megabytes=120)
    with azurite.Azurite() as server:
        container = Container(server, bench, "killed")
        sapdr = container.init()
        process = sapdr.start("--limit-upload", "16000", "backup", tree)
        away = threading.Timer(0, server.stop, [signal.SIGTERM])
        deadline = time.monotonic() + 60
        while not container.names("data/"):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        away.start()
        away.join()
        time.sleep(3)
        assert process.poll() is None, "it gave up at once"
        server.start()
        _, err = process.communicate(timeout=240)
        assert process.returncode == 0, err.decode()
        assert b"attempt 1 to" in err
        sapdr("check", "--read-data")
        restore_is_right(sapdr, bench, tree)


def test_a_server_with_tls_needs_an_authority_that_is_trusted(bench: Workbench, tree: Path) -> None:
    with azurite.Azurite(tls=True) as server:
        container = Container.__new__(Container)
        container.server, container.bench, container.name = server, bench, "tls"
        sapdr = container.sapdr()
        refused = sapdr.run("init", "--scrypt-n", "1024")
        assert refused.code != 0 and "certificate" in refused.text
        trusting = ("--cacert", str(server.ca_file))
        sapdr(*trusting, "init", "--scrypt-n", "1024")
        sapdr(*trusting, "backup", "--verify", tree)
        curl = subprocess.run(
            [
                *("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"),
                *("--cacert", server.ca_file, f"{server.endpoint}/tls/some/prefix/config"),
            ],
            capture_output=True,
            text=True,
        )
        assert curl.stdout in ("403", "404"), curl  # without the key nobody reads it
