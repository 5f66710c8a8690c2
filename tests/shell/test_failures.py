"""Bad input: what is wrong, on which object, and the right exit code."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from shell_tools import Shell, code_of

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount and change users")


def test_no_repository(shell: Shell, tree: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "missing", tree):
        result = shell.with_env(SAPDR_REPOSITORY=str(place)).fails("E_NO_REPOSITORY", "snapshots")
        assert str(place) in result.error
        assert "hint: " in result.err and "sapdr init" in result.err


def test_a_repository_that_exists_is_not_made_again(shell: Shell) -> None:
    assert str(shell.repository) in shell.fails("E_EXISTS", "init").error


def test_a_wrong_password(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong\n")
    result = shell.fails("E_AUTH", "-p", tmp_path / "wrong", "snapshots")
    assert "wrong\n" not in result.err.replace("wrong password", "")


def test_a_missing_path_is_named_and_nothing_is_stored(shell: Shell, tree: Path) -> None:
    result = shell.fails("E_NOT_FOUND", "backup", tree, tree / "no-such-file")
    assert "no-such-file" in result.error
    assert shell.json("snapshots").summary["snapshots"] == 0


@pytest.mark.parametrize("name", ["latest", "00000000", "not-an-id"])
def test_a_snapshot_that_is_not_there(shell: Shell, name: str, tmp_path: Path) -> None:
    for arguments in (["ls", name], ["restore", name, "-t", tmp_path / "r"], ["verify", name]):
        result = shell.run(*arguments)
        assert result.code in (code_of("E_NOT_FOUND"), code_of("E_INVALID_ARGUMENT"))
        assert result.error
    assert not (tmp_path / "r").exists()


def test_an_ambiguous_snapshot(shell: Shell, tree: Path) -> None:
    firsts: dict[str, str] = {}
    while True:  # ends: there are 16 first digits
        snapshot = shell.json("backup", tree).summary["snapshot_id"]
        if snapshot[0] in firsts:
            break
        firsts[snapshot[0]] = snapshot
    result = shell.fails("E_AMBIGUOUS", "ls", snapshot[0])
    assert "hint: " in result.err
    shell("ls", snapshot[:16])


def test_a_file_that_is_not_in_the_snapshot(saved: Shell, tree: Path, tmp_path: Path) -> None:
    assert "nothing" in saved.fails("E_NOT_FOUND", "dump", "latest", "/nothing").error
    saved.fails("E_NOT_FOUND", "ls", "latest", "/nothing")
    saved.fails("E_NOT_FOUND", "ls", "latest:/nothing")
    saved.fails("E_INVALID_ARGUMENT", "dump", "latest", f"{tree}/sub")


def test_a_pattern_that_matches_nothing(saved: Shell, tmp_path: Path) -> None:
    result = saved.fails(
        "E_NOT_FOUND", "restore", "latest", "-t", tmp_path / "r", "--include", "*.nothing"
    )
    assert "*.nothing" in result.error


def test_a_target_that_is_a_file(saved: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = saved.run("restore", "latest", "--target", tmp_path / "file")
    assert result.code not in (0, code_of("E_INTERNAL"))
    assert str(tmp_path / "file") in result.err


def test_damage_is_named_with_the_files_it_reaches(saved: Shell, tree: Path) -> None:
    largest = max(
        (saved.repository / "data").rglob("*"), key=lambda p: p.is_file() and p.stat().st_size
    )
    largest.chmod(0o600)
    data = bytearray(largest.read_bytes())
    data[10] ^= 1
    largest.write_bytes(data)
    result = saved.fails("E_CORRUPT", "check", "--read-data")
    assert largest.name in result.err
    assert f"{tree}/" in result.err
    assert "repository is DAMAGED: " in result.out
    stream = saved.json("check", "--read-data", code=25)
    assert {"damaged", "affected"} <= {e["action"] for e in stream.of("item")}
    assert stream.summary["whole"] is False and stream.summary["problems"] > 0


def test_a_damaged_snapshot_does_not_hide_the_others(saved: Shell, tree: Path) -> None:
    (damaged,) = (saved.repository / "snapshots").iterdir()
    saved("backup", tree)
    damaged.chmod(0o600)
    damaged.write_bytes(b"not a snapshot")
    (good,) = {path.name for path in damaged.parent.iterdir()} - {damaged.name}
    result = saved.fails("E_CORRUPT", "snapshots")
    assert good[:8] in result.out and "1 snapshot" in result.out
    assert damaged.name in result.error and "sapdr repair snapshots" in result.err
    stream = saved.json("snapshots", code=25)
    assert good in str(stream.events) and damaged.name in str(stream.events)


@pytest.mark.parametrize(
    "arguments",
    [
        ["backup", "."],
        ["forget", "latest", "--unsafe-allow-remove-all"],
        ["prune"],
        ["key", "add"],
        ["key", "passwd"],
        ["repair", "snapshots"],
    ],
    ids=" ".join,
)
def test_nothing_is_changed_without_locks(saved: Shell, arguments: list[str]) -> None:
    """What needs an exclusive lock takes it, --no-lock or not."""
    before = sorted(saved.repository.rglob("*"))
    result = saved.run(*arguments, "--no-lock")
    assert result.code in (code_of("E_INVALID_STATE"), code_of("E_INVALID_ARGUMENT")), result.err
    assert sorted(saved.repository.rglob("*")) == before


@pytest.fixture
def foreign_lock(saved: Shell) -> Iterator[None]:
    """restic's exclusive lock, held by a process of this machine that is alive: it is stopped in
    the 200 ms that it waits after locking."""
    environment = {
        **os.environ,
        "RESTIC_REPOSITORY": str(saved.repository),
        "RESTIC_PASSWORD_FILE": str(saved.password_file),
    }
    while True:
        holder = subprocess.Popen(["restic", "--no-cache", "-q", "check"], env=environment)
        while not saved.locks() and holder.poll() is None:
            time.sleep(0.01)
        holder.send_signal(signal.SIGSTOP)
        if saved.locks():
            break
        holder.send_signal(signal.SIGCONT)  # this process was too slow: once more
        holder.wait()
    yield
    holder.send_signal(signal.SIGCONT)
    holder.wait()


def test_a_repository_that_is_locked(saved: Shell, tree: Path, foreign_lock: None) -> None:
    result = saved.fails("E_LOCKED", "backup", tree)
    assert "hint: " in result.err and "sapdr unlock" in result.err
    saved.fails("E_LOCKED", "--retry-lock", "1s", "backup", tree)
    saved("--no-lock", "ls", "latest")


@pytest.fixture
def nobody(shell: Shell, tmp_path: Path) -> Shell:
    """The command as a user without any rights, who owns the repository."""
    if os.geteuid() != 0:
        return shell
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    for path in (shell.repository, *shell.repository.rglob("*")):
        os.chown(path, 65534, 65534)
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    return replace(shell, prefix=prefix)


def test_a_file_that_may_not_be_read(nobody: Shell, tree: Path) -> None:
    (tree / "secret").write_text("x")
    (tree / "secret").chmod(0)
    result = nobody.fails("E_INCOMPLETE", "backup", tree)
    assert f"{tree}/secret" in result.err
    assert "incomplete: 1 item could not be read" in result.out
    stream = nobody.json("backup", tree, code=3)
    assert stream.summary["state"] == "incomplete" and stream.summary["items_failed"] == 1
    (item,) = [e for e in stream.of("item") if e["action"] == "failed"]
    assert item["path"] == f"{tree}/secret"
    assert item["status"] == "SAPDR_E_PERMISSION"
    assert stream.summary["snapshot_id"] in nobody("list", "snapshots").out


def test_a_repository_that_may_not_be_written(nobody: Shell, tree: Path) -> None:
    for path in nobody.repository.rglob("*"):
        if path.is_dir():
            path.chmod(0o555)
    result = nobody.fails("E_PERMISSION", "backup", tree)
    assert str(nobody.repository) in result.err
    nobody("--no-lock", "snapshots")


def test_a_target_that_may_not_be_written(nobody: Shell, tree: Path, tmp_path: Path) -> None:
    nobody("backup", tree)
    (tmp_path / "closed").mkdir(mode=0o555)
    result = nobody.run("restore", "latest", "--target", tmp_path / "closed" / "r")
    assert result.code in (code_of("E_PERMISSION"), code_of("E_INCOMPLETE"))
    assert str(tmp_path / "closed") in result.err
    result = nobody.fails(
        "E_PERMISSION", "dump", "latest", tree / "a.txt", "-t", tmp_path / "closed" / "f"
    )
    assert str(tmp_path / "closed" / "f") in result.error


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with 3 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@needs_root
def test_a_full_disk_under_the_repository(shell: Shell, tree: Path, small_disk: Path) -> None:
    shutil.copytree(shell.repository, small_disk / "repo")
    full = shell.with_env(SAPDR_REPOSITORY=str(small_disk / "repo"))
    full("backup", tree)
    (tree / "big").write_bytes(os.urandom(6_000_000))
    result = full.fails("E_NO_SPACE", "backup", tree)
    assert "hint: " in result.err
    (tree / "big").unlink()
    full("unlock")
    full("check", "--read-data")
    full("backup", tree)


@needs_root
def test_a_full_disk_under_the_target(shell: Shell, tree: Path, small_disk: Path) -> None:
    (tree / "big").write_bytes(os.urandom(6_000_000))
    shell("backup", tree)
    result = shell.fails("E_NO_SPACE", "restore", "latest", "--target", small_disk / "out")
    assert str(small_disk) in result.error
    assert not list(small_disk.rglob("big"))


@pytest.mark.parametrize("arguments", [["ls"], ["snapshots"], ["dump"], ["ls", "--json"]])
def test_standard_output_on_a_full_disk(saved: Shell, tree: Path, arguments: list[str]) -> None:
    rest = {"ls": ["latest"], "dump": ["latest", f"{tree}/a.txt"]}.get(arguments[0], [])
    with open("/dev/full", "wb") as full:
        result = saved.fails("E_NO_SPACE", *arguments, *rest, stdout=full)
    assert "standard output" in result.error
    assert not saved.locks()
