"""Snapshots copied from one repository into another."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from shell_tools import Argument, Event, Result, Shell, whole_stream
from terminal import run_on_terminal


@pytest.fixture
def copy(shell: Shell, tmp_path: Path) -> Shell:
    """The command with a second repository, of another password, to copy into."""
    (tmp_path / "other password").write_text("other\n")
    other = replace(shell, repository=tmp_path / "copy", password_file=tmp_path / "other password")
    other("init", "--scrypt-n", "1024")
    return other


def from_options(shell: Shell) -> list[Argument]:
    return ["--from-repo", shell.repository, "--from-password-file", shell.password_file]


@pytest.fixture
def two(shell: Shell, tree: Path) -> Shell:
    """The command with two snapshots of two hosts; the first one is verified."""
    shell("backup", tree, "--verify", "--host", "one", "--tag", "a,b")
    (tree / "new").write_text("new")
    shell("backup", tree, "--host", "two", "--tag", "c")
    return shell


def snapshots(shell: Shell) -> dict[str, Event]:
    """By host."""
    return {e["host"]: e for e in shell.json("snapshots").of("snapshot")}


def test_all_that_is_missing_is_copied_once(two: Shell, copy: Shell, tree: Path) -> None:
    out = copy("copy", *from_options(two)).out
    assert re.search(r"^Added to the repository: [\d.]+ KiB \([\d.]+ KiB stored\)$", out, re.M)
    assert out.endswith("copied 2 snapshots, skipped 0 that were copied before\n")
    ours, theirs = snapshots(two), snapshots(copy)
    same = {"time", "tree", "paths", "tags", "user", "files", "bytes", "program"}
    for host in ("one", "two"):
        assert {k: ours[host][k] for k in same} == {k: theirs[host][k] for k in same}
        assert theirs[host]["id"] != ours[host]["id"]
        assert (
            json.loads(copy("cat", "snapshot", theirs[host]["id"]).out)["original"]
            == (ours[host]["id"])
        )
        assert theirs[host]["state"] == "written"
    copy("restore", "latest", "--target", tree.parent / "out", "--verify")
    assert (tree.parent / "out" / tree.relative_to("/") / "new").read_text() == "new"
    copy("check", "--read-data")
    again = copy.json("copy", "-v", *from_options(two))
    assert (again.summary["snapshots_copied"], again.summary["snapshots_skipped"]) == (0, 2)
    assert again.summary["bytes_new"] == again.summary["packs_new"] == 0
    assert {e["action"] for e in again.of("item")} == {"skipped"}
    assert {e["object_id"]: e["snapshot_id"] for e in again.of("item")} == {
        ours[host]["id"]: theirs[host]["id"] for host in ("one", "two")
    }


def test_which_snapshots(two: Shell, copy: Shell) -> None:
    ours = snapshots(two)
    copy("copy", *from_options(two), "--path", "/nothing")
    copy("copy", *from_options(two), "--tag", "x", "--tag", "y")
    assert not snapshots(copy)
    copy.fails("E_NOT_FOUND", "copy", *from_options(two), "zz")
    copy.fails("E_INVALID_ARGUMENT", "copy", *from_options(two), "latest:/x")
    line = copy("copy", "-v", *from_options(two), ours["one"]["id"][:12]).out.splitlines()[0]
    copied = snapshots(copy)
    assert list(copied) == ["one"]
    expected = f"new        snapshot {ours['one']['id']} -> {copied['one']['short_id']}"
    assert line == expected
    copy("copy", *from_options(two), "--tag", "x", "--tag", "c", "--host", "two", "latest")
    assert sorted(snapshots(copy)) == ["one", "two"]


def test_a_dry_run_stores_nothing(two: Shell, copy: Shell) -> None:
    stream = copy.json("copy", "-n", "-v", *from_options(two))
    assert stream.summary["snapshots_copied"] == 2 and stream.summary["dry_run"]
    assert [("snapshot_id" in e, e["action"]) for e in stream.of("item")] == [(False, "new")] * 2
    assert copy("list", "packs").out == copy("list", "snapshots").out == ""
    assert "dry run: nothing was stored" in copy("copy", "-n", *from_options(two)).out
    done = copy.json("copy", *from_options(two)).summary
    assert done["bytes_new"] == stream.summary["bytes_new"] > 0
    assert done["data_blobs_new"] == stream.summary["data_blobs_new"] > 0


def test_where_the_source_and_its_password_come_from(
    two: Shell, copy: Shell, tmp_path: Path
) -> None:
    (tmp_path / "where").write_text(f"{two.repository}\n")
    command = f"cat '{two.password_file}'"
    for arguments, environment in (
        (
            ["--from-repository-file", str(tmp_path / "where"), "--from-password-command", command],
            {},
        ),
        (
            [],
            {"SAPDR_FROM_REPOSITORY": str(two.repository), "SAPDR_FROM_PASSWORD_COMMAND": command},
        ),
        (
            [],
            {
                "RESTIC_FROM_REPOSITORY_FILE": str(tmp_path / "where"),
                "RESTIC_FROM_PASSWORD_FILE": str(two.password_file),
            },
        ),
        (
            ["--from-repo", str(two.repository)],
            {"SAPDR_FROM_PASSWORD": two.password_file.read_text().strip()},
        ),
    ):
        copy.with_env(**environment)("copy", "-n", *arguments)
    assert "source repository" in copy.fails("E_INVALID_ARGUMENT", "copy").error
    wrong = ["--from-repo", two.repository, "--from-password-file", copy.password_file]
    assert str(two.repository) in copy.fails("E_AUTH", "copy", *wrong).error
    nowhere = ["--from-repo", tmp_path / "nowhere", "--from-password-file", copy.password_file]
    assert str(tmp_path / "nowhere") in copy.fails("E_NO_REPOSITORY", "copy", *nowhere).error
    code, seen = run_on_terminal(
        copy,
        *("copy", "-n", "--from-repo", two.repository),
        answers=[(b"source repository: ", two.password_file.read_text().strip())],
    )
    assert code == 0 and b"would copy 2 snapshots" in seen


def test_damage_fails_what_it_reaches(two: Shell, copy: Shell, tree: Path) -> None:
    ours = snapshots(two)
    packs = set(two("list", "packs").out.split())
    (tree / "third").write_text("third")
    two("backup", tree, "--host", "three")
    for name in set(two("list", "packs").out.split()) - packs:
        path = two.repository / "data" / name[:2] / name
        path.chmod(0o600)
        path.write_bytes(bytes(len(path.read_bytes())))
    bad = snapshots(two)["three"]["id"]
    stream = copy.json("copy", *from_options(two), code=3)
    (item,) = stream.of("item")
    assert (item["action"], item["object_id"]) == ("failed", bad)
    assert re.search("blob [0-9a-f]{64}", item["message"])
    assert bad in stream.result.err
    assert stream.summary["snapshots_failed"] == 1
    assert sorted(snapshots(copy)) == sorted(ours)
    assert "1 snapshot could not be copied" in copy.ends_with(3, "copy", *from_options(two)).out
    copy("check", "--read-data")


def test_a_damaged_snapshot_does_not_keep_the_others(two: Shell, copy: Shell) -> None:
    bad = snapshots(two)["one"]["id"]
    path = two.repository / "snapshots" / bad
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:40])
    stream = copy.json("copy", *from_options(two), code=3)
    assert [e["object_id"] for e in stream.of("item")] == [bad]
    assert list(snapshots(copy)) == ["two"]


def test_an_interrupted_copy_is_begun_again(shell: Shell, copy: Shell, tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    for i in range(12):
        (tmp_path / f"big/{i}").write_bytes(os.urandom(8_000_000))
    shell("--compression", "off", "backup", tmp_path / "big")
    process = copy.start("--threads", "1", "copy", "--json", *from_options(shell))
    while not any(copy.repository.glob("data/*/*")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    stream = whole_stream(Result(process.returncode, out, err), "copy")
    assert stream.summary["exit_code"] == 130, "it was faster than this test"
    assert not copy.locks() and not shell.locks()
    assert not snapshots(copy)
    assert copy.json("copy", *from_options(shell)).summary["snapshots_copied"] == 1
    copy("check", "--read-data")


@contextmanager
def locked_exclusively(shell: Shell) -> Iterator[None]:
    """While a command that is stopped holds an exclusive lock."""
    process = shell.start("tag", "--add", "x")
    try:
        while not shell.locks():
            assert process.poll() is None
        process.send_signal(signal.SIGSTOP)
        assert shell.locks(), "it was faster than this test"
        yield
    finally:
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=30)


def test_both_are_locked_and_no_lock_is_for_the_source_only(two: Shell, copy: Shell) -> None:
    with locked_exclusively(two):
        copy.fails("E_LOCKED", "copy", *from_options(two))
        copy("--no-lock", "copy", "-n", *from_options(two))
    with locked_exclusively(copy):
        copy.fails("E_LOCKED", "copy", *from_options(two))
        copy.fails("E_LOCKED", "--no-lock", "copy", "-n", *from_options(two))
    assert not two.locks() and not copy.locks()
    copy("copy", *from_options(two))


def test_init_copies_the_chunker_params(two: Shell, tmp_path: Path) -> None:
    new = replace(two, repository=tmp_path / "new")
    new("init", "--scrypt-n", "1024", "--copy-chunker-params", *from_options(two))
    ours, theirs = (json.loads(s("cat", "config").out) for s in (two, new))
    assert ours["chunker_polynomial"] == theirs["chunker_polynomial"]
    assert ours["id"] != theirs["id"]
    shutil.rmtree(new.repository)
    new.fails("E_INVALID_ARGUMENT", "init", *from_options(two))
    new.fails("E_INVALID_ARGUMENT", "init", "--copy-chunker-params")
    assert not new.repository.exists()
