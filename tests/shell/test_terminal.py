"""What a person at a terminal sees, and what a log file gets."""

from __future__ import annotations

import os
import re
from pathlib import Path

from shell_tools import Shell
from terminal import COLUMNS, run_on_terminal

ESCAPE = b"\x1b"
BAR = re.compile(rb"\r\[\d+:\d\d\] [a-z]+ [^\r\n]*\x1b\[K")


def test_a_bar_is_drawn_in_place_and_cleared(shell: Shell) -> None:
    pieces = [os.urandom(30_000)] * 4
    code, seen = run_on_terminal(shell, "backup", "--stdin", stdin_pieces=pieces)
    assert code == 0
    bars = BAR.findall(seen)
    assert bars, seen
    assert all(len(bar) <= COLUMNS + 4 for bar in bars)
    after = seen[seen.rindex(bars[-1]) + len(bars[-1]) :]
    assert after.startswith(b"\r\x1b[K"), after
    assert re.search(rb"snapshot [0-9a-f]{8} written", after)


def test_no_bar_with_quiet_json_or_a_dumb_terminal(shell: Shell) -> None:
    pieces = [os.urandom(1000)] * 3
    for arguments in (["--quiet"], ["--json"]):
        code, seen = run_on_terminal(shell, *arguments, "backup", "--stdin", stdin_pieces=pieces)
        assert code == 0 and ESCAPE not in seen
    dumb = shell.with_env(TERM="dumb")
    code, seen = run_on_terminal(dumb, "backup", "--stdin", stdin_pieces=pieces)
    assert code == 0 and ESCAPE not in seen and b"written" in seen


def test_nothing_but_text_when_it_is_not_a_terminal(shell: Shell, tree: Path) -> None:
    (tree / "big").write_bytes(os.urandom(20_000_000))
    result = shell("backup", tree)
    assert result.stderr == b"" and ESCAPE not in result.stdout
    result = shell.run("ls", "nothing")
    assert ESCAPE not in result.stderr


def test_colours_only_on_a_terminal_that_wants_them(shell: Shell) -> None:
    assert b"\x1b[31msapdr: \x1b[0m" in run_on_terminal(shell, "ls", "nothing")[1]
    assert ESCAPE not in run_on_terminal(shell.with_env(NO_COLOR="1"), "ls", "nothing")[1]


def test_names_cannot_drive_the_terminal(shell: Shell, tree: Path) -> None:
    evil = {
        "\x1b[2Jclear": r"\x1b[2Jclear",
        "new\nline": r"new\nline",
        "back\\slash": r"back\\slash",
        "c1\x9bcontrol": r"c1\u{009b}control",
        "right\u202eleft": r"right\u{202e}left",
        os.fsdecode(b"latin\xe9"): r"latin\xe9",
        "del\x7f": r"del\x7f",
        "größe→😀": "größe→😀",
    }
    for name in evil:
        (tree / name).write_text("x")
    out = shell("backup", "-v", tree).out
    listed = shell("ls", "latest").out
    for shown in evil.values():
        assert f"{tree}/{shown}, 1 B\n" in out
        assert f"{tree}/{shown}\n" in listed
    assert "\x1b" not in out + listed
    for name in evil:
        (tree / name).unlink()
    assert "\x1b" not in shell.run("verify", "latest").err
    assert "\x1b" not in shell.run("ls", "\x1b[2J").err
    assert "\x1b" not in shell.run("\x1b[2J").err


def test_binary_content_is_escaped_on_a_terminal_only(saved: Shell) -> None:
    pack = saved("list", "packs").out.split()[0]
    assert b"\x00" in saved("cat", "pack", pack).stdout
    _, seen = run_on_terminal(saved, "cat", "pack", pack)
    assert b"\x00" not in seen and ESCAPE not in seen
