"""Keys: list, add, remove, change the password; and where the new password comes from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shell_tools import PASSWORD, Shell, code_of
from terminal import run_on_terminal

CHEAP = ("--scrypt-n", "1024")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A file with a new password."""
    path = tmp_path / "new password"
    path.write_text("second\n")
    return path


def key_ids(shell: Shell) -> list[str]:
    return shell("list", "keys").out.split()


def opens(shell: Shell, password: Path) -> bool:
    result = shell.run("-p", password, "snapshots")
    assert result.code in (0, code_of("E_AUTH")), result.err
    return result.code == 0


def test_the_list_marks_the_key_in_use(shell: Shell, new: Path) -> None:
    shell("key", "add", "--new-password-file", new, "--host", "ship", "--user", "jo", *CHEAP)
    out = shell("key", "list").out
    assert re.search(r"^\* +[0-9a-f]{8} +[-0-9: ]{19} ", out, re.M)
    assert re.search(r"^ +[0-9a-f]{8} +[-0-9: ]{19}  ship  jo$", out, re.M)
    assert out.endswith("2 keys\n")
    events = shell.json("key", "list").of("key")
    assert [(e["current"], e["host"] == "ship") for e in events] == [(True, False), (False, True)]
    assert sorted(e["id"] for e in events) == sorted(key_ids(shell))
    (current,) = [e for e in shell.json("key", "list", "-p", new).of("key") if e["current"]]
    assert current["user"] == "jo"


def test_an_added_password_opens_and_a_removed_one_does_not(shell: Shell, new: Path) -> None:
    summary = shell.json("key", "add", "--new-password-file", new, *CHEAP).summary
    assert summary["action"] == "add" and summary["key_id"] in key_ids(shell)
    assert opens(shell, new)
    assert shell("key", "remove", summary["key_id"][:12]).out == (
        f"removed key {summary['key_id'][:8]}\n"
    )
    assert not opens(shell, new)
    assert opens(shell, shell.password_file)


def test_a_changed_password_ends_the_old_one(shell: Shell, new: Path) -> None:
    (old,) = key_ids(shell)
    summary = shell.json("key", "passwd", "--new-password-file", new, *CHEAP).summary
    assert key_ids(shell.with_env(SAPDR_PASSWORD_FILE=str(new))) == [summary["key_id"]] != [old]
    assert opens(shell, new)
    assert shell.run("snapshots").code == 12


def test_the_key_in_use_is_not_removed(shell: Shell, new: Path) -> None:
    (only,) = key_ids(shell)
    assert only[:8] in shell.fails("E_INVALID_ARGUMENT", "key", "remove", only).error
    shell("key", "add", "--new-password-file", new, *CHEAP)
    shell.fails("E_INVALID_ARGUMENT", "key", "remove", only)
    shell.fails("E_NOT_FOUND", "key", "remove", "zz")
    shell("-p", new, "key", "remove", only)
    assert not opens(shell, shell.password_file)


def test_where_the_new_password_comes_from(shell: Shell, tmp_path: Path) -> None:
    shell("key", "add", "--new-password-command", "echo by command", *CHEAP)
    shell.with_env(SAPDR_NEW_PASSWORD="by variable")("key", "add", *CHEAP)
    shell.with_env(SAPDR_NEW_PASSWORD_COMMAND="echo by variable of command")("key", "add", *CHEAP)
    (tmp_path / "file").write_text("by variable of file")
    shell.with_env(SAPDR_NEW_PASSWORD_FILE=str(tmp_path / "file"))("key", "add", *CHEAP)
    for text in ("by command", "by variable", "by variable of command", "by variable of file"):
        (tmp_path / "given").write_text(text)
        assert opens(shell, tmp_path / "given"), text


def test_a_new_password_that_is_none(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for action in ("add", "passwd"):
        empty = ("key", action, "--new-password-file", tmp_path / "empty", *CHEAP)
        assert "empty" in shell.fails("E_INVALID_ARGUMENT", *empty).error
        missing = ("key", action, "--new-password-file", tmp_path / "missing", *CHEAP)
        shell.fails("E_NOT_FOUND", *missing)
        nothing = shell.fails("E_INVALID_ARGUMENT", "key", action, start_new_session=True)
        assert "--new-password-file" in nothing.err and "SAPDR_NEW_PASSWORD" in nothing.err
    assert len(key_ids(shell)) == 1
    assert opens(shell, shell.password_file)


def test_the_terminal_asks_twice(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "typed").write_text("typed one")
    arguments = ("key", "passwd", *CHEAP)
    once = (b"enter new password: ", "typed one")
    code, seen = run_on_terminal(shell, *arguments, answers=[once, (b"again: ", "another")])
    assert code == 20 and b"not the same" in seen
    assert opens(shell, shell.password_file)
    code, seen = run_on_terminal(shell, *arguments, answers=[once, (b"again: ", "typed one")])
    assert code == 0 and b"changed the password" in seen
    assert b"typed one" not in seen and PASSWORD.encode() not in seen
    assert opens(shell, tmp_path / "typed")


def test_a_damaged_key_is_named_and_the_others_are_listed(shell: Shell, new: Path) -> None:
    added = shell.json("key", "add", "--new-password-file", new, *CHEAP).summary["key_id"]
    path = shell.repository / "keys" / added
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:50])
    stream = shell.json("key", "list", code=25)
    assert [e["id"] == added for e in stream.of("key")] == [False]
    (item,) = stream.of("item")
    assert (item["action"], item["object_type"], item["object_id"]) == ("damaged", "key", added)
    assert added in stream.error["message"] and stream.summary["keys"] == 1
    shell("key", "remove", added)
    assert shell.json("key", "list").summary["keys"] == 1


def test_keys_of_a_repository_in_use(shell: Shell, new: Path) -> None:
    added = shell.json("key", "add", "--new-password-file", new, *CHEAP).summary["key_id"]
    process = shell.start("backup", "--stdin")
    try:
        while not shell.locks():
            assert process.poll() is None
        shell("key", "list")
        shell.fails("E_LOCKED", "key", "remove", added)
        shell.fails("E_LOCKED", "key", "passwd", "--new-password-file", new, *CHEAP)
    finally:
        process.communicate(b"data")
    assert process.returncode == 0
    shell("key", "remove", added)
    assert not shell.locks()
