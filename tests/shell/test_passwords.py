"""Where the repository and its password come from."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from shell_tools import COMMANDS, PASSWORD, Argument, Shell
from terminal import run_on_terminal


@pytest.fixture
def bare(shell: Shell) -> Shell:
    """The command without any variable set."""
    return shell.with_env(SAPDR_REPOSITORY="", SAPDR_PASSWORD_FILE="")


def test_there_is_no_option_with_the_password_itself(shell: Shell) -> None:
    texts = [shell("--help").out] + [shell(name, "--help").out for name in COMMANDS]
    for text in texts:
        for option in re.findall(r"--password\S*", text):
            assert option.rstrip(",") in ("--password-file", "--password-command")
    shell.fails("E_INVALID_ARGUMENT", "--password", PASSWORD, "snapshots")


def test_a_password_command(bare: Shell) -> None:
    where: list[Argument] = ["-r", bare.repository]
    bare(*where, "--password-command", f"echo '{PASSWORD}'", "snapshots")
    bare.with_env(SAPDR_PASSWORD_COMMAND=f"printf '{PASSWORD}' | cat")(*where, "snapshots")
    result = bare.fails("E_INVALID_ARGUMENT", *where, "--password-command", "exit 7", "snapshots")
    assert "exit code 7" in result.error
    bare.fails("E_AUTH", *where, "--password-command", "echo other", "snapshots")


def test_the_password_variable(bare: Shell) -> None:
    bare.with_env(SAPDR_PASSWORD=PASSWORD)("-r", bare.repository, "snapshots")


def test_the_password_is_gone_from_the_environment_while_it_runs(bare: Shell) -> None:
    shell = bare.with_env(SAPDR_PASSWORD=PASSWORD)
    process = shell.start("-r", bare.repository, "backup", "--stdin")
    try:
        while not shell.locks():
            assert process.poll() is None
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert PASSWORD.encode() not in environment
        assert PASSWORD.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    finally:
        process.communicate(b"data")
    assert process.returncode == 0


def test_restic_variables(bare: Shell, tmp_path: Path) -> None:
    repository, password = str(bare.repository), str(bare.password_file)
    (tmp_path / "where").write_text(repository + "\n")
    environments = [
        {"RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD_FILE": password},
        {"RESTIC_REPOSITORY_FILE": str(tmp_path / "where"), "RESTIC_PASSWORD": PASSWORD},
        {"RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD_COMMAND": f"cat {password}"},
        {"SAPDR_REPOSITORY_FILE": str(tmp_path / "where"), "RESTIC_PASSWORD": PASSWORD},
    ]
    for environment in environments:
        bare.with_env(**environment)("snapshots")


def test_what_wins(bare: Shell, tmp_path: Path) -> None:
    (tmp_path / "wrong").write_text("wrong\n")
    wrong = {"RESTIC_REPOSITORY": "/nowhere", "RESTIC_PASSWORD": "wrong"}
    right = {"SAPDR_REPOSITORY": str(bare.repository), "SAPDR_PASSWORD": PASSWORD}
    bare.with_env(**wrong, **right)("snapshots")
    wrong = {"SAPDR_REPOSITORY": "/nowhere", "SAPDR_PASSWORD_FILE": str(tmp_path / "wrong")}
    bare.with_env(**wrong)("-r", bare.repository, "-p", bare.password_file, "snapshots")


def test_two_sources_in_one_place_exclude_each_other(bare: Shell, tmp_path: Path) -> None:
    both: list[Argument] = ["--password-file", bare.password_file, "--password-command", "true"]
    bare.fails("E_INVALID_ARGUMENT", "-r", bare.repository, *both, "snapshots")
    both = ["-r", bare.repository, "--repository-file", tmp_path / "x"]
    bare.fails("E_INVALID_ARGUMENT", *both, "-p", bare.password_file, "snapshots")


def test_files_are_read_as_restic_reads_them(bare: Shell, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"\xef\xbb\xbf  " + PASSWORD.encode() + b" \r\n\n")
    bare("-r", bare.repository, "-p", tmp_path / "p", "snapshots")
    result = bare.fails("E_NOT_FOUND", "-r", bare.repository, "-p", tmp_path / "no", "snapshots")
    assert str(tmp_path / "no") in result.error


def test_no_password_and_no_terminal_is_an_error_and_no_wait(bare: Shell) -> None:
    result = bare.fails(
        "E_INVALID_ARGUMENT", "-r", bare.repository, "snapshots", start_new_session=True
    )
    assert "--password-file" in result.err
    assert "SAPDR_REPOSITORY" in bare.fails("E_INVALID_ARGUMENT", "snapshots").err


def test_an_empty_password_is_refused(bare: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    where: list[Argument] = ["-r", tmp_path / "new", "-p", tmp_path / "empty"]
    bare.fails("E_INVALID_ARGUMENT", *where, "init")
    assert not (tmp_path / "new" / "config").exists()


def test_the_terminal_is_asked_without_echo(bare: Shell) -> None:
    code, seen = run_on_terminal(
        bare, "-r", bare.repository, "snapshots", answers=[(b"repository: ", PASSWORD)]
    )
    assert code == 0 and b"0 snapshots" in seen
    assert PASSWORD.encode() not in seen


def test_init_asks_twice(bare: Shell, tmp_path: Path) -> None:
    where: list[Argument] = ["-r", tmp_path / "new", "init", "--scrypt-n", "1024"]
    twice = [(b"repository: ", "new one"), (b"again: ", "new one")]
    code, seen = run_on_terminal(bare, *where, answers=twice)
    assert code == 0 and b"created repository" in seen
    where[1] = tmp_path / "other"
    code, seen = run_on_terminal(bare, *where, answers=[twice[0], (b"again: ", "different")])
    assert code == 20 and b"not the same" in seen
    assert not (tmp_path / "other").exists()


def test_a_password_with_odd_bytes(bare: Shell, tmp_path: Path) -> None:
    environment = {**bare.env, "SAPDR_PASSWORD": os.fsdecode(b"\xff pass\xc3\xa4 ")}
    for arguments in (["init", "--scrypt-n", "1024"], ["snapshots"]):
        subprocess.run(
            bare.argv("-r", tmp_path / "new", *arguments),
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
