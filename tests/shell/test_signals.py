"""Interrupted, or left alone by its reader: it ends cleanly and leaves no lock."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from shell_tools import Result, Shell, code_of, whole_stream


def wait_for_lock(shell: Shell, process: subprocess.Popen[bytes]) -> None:
    while not shell.locks():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_and_leaves_no_lock(shell: Shell, number: signal.Signals) -> None:
    process = shell.start("backup", "--stdin", "--json")
    wait_for_lock(shell, process)
    assert process.stdin
    process.stdin.write(os.urandom(100_000))
    process.stdin.flush()
    began = time.monotonic()
    process.send_signal(number)
    while process.poll() is None and time.monotonic() < began + 10:
        time.sleep(0.01)  # the pipe stays open: it must not wait for more input
    assert process.poll() is not None, "it did not end"
    out, err = process.communicate()
    stream = whole_stream(Result(process.returncode, out, err), "backup")
    assert stream.summary["exit_code"] == 130
    assert stream.summary["state"] == "failed"
    assert not shell.locks()
    assert shell.json("snapshots").summary["snapshots"] == 0
    shell("check", "--read-data")


def test_an_interrupt_while_a_limit_makes_it_wait(shell: Shell, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(os.urandom(1024 * 1024))
    process = shell.start("backup", data, "--limit-upload", "1")  # 17 minutes
    wait_for_lock(shell, process)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert not shell.locks()
    assert shell.json("snapshots").summary["snapshots"] == 0


def test_an_interrupt_while_its_share_of_processors_is_used_up(
    shell: Shell, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.write_bytes(os.urandom(256 * 1024 * 1024))
    process = shell.start("backup", data, "--limit-cpu", "1%")  # a minute at the least
    wait_for_lock(shell, process)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert not shell.locks()
    assert shell.json("snapshots").summary["snapshots"] == 0


def test_an_interrupt_while_the_password_is_awaited(shell: Shell) -> None:
    process = shell.start("--password-command", "sleep 60", "snapshots")
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(10) in (130, code_of("E_INVALID_ARGUMENT"))
    process.communicate()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_goes_away_leaves_no_lock(shell: Shell, tmp_path: Path, form: str) -> None:
    tree = tmp_path / "many"
    tree.mkdir()
    for i in range(1500):
        (tree / (f"{i:04}" + "x" * 100)).touch()
    shell("backup", tree)
    process = shell.start("ls", "latest", *(["--json"] if form == "json" else []))
    assert process.stdout and process.stderr
    process.stdout.read(1)
    process.stdout.close()
    error = process.stderr.read()
    assert process.wait(10) == code_of("E_IO")
    assert b"standard output: Broken pipe" in error
    assert not shell.locks()


def test_dump_into_head(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(4_000_000))
    shell("backup", tmp_path / "big")
    process = shell.start("dump", "latest", tmp_path / "big")
    head = subprocess.run(["head", "-c1"], stdin=process.stdout, capture_output=True, check=True)
    assert len(head.stdout) == 1
    assert process.stdout
    process.stdout.close()
    assert process.wait(10) == code_of("E_IO")
    process.communicate()
    assert not shell.locks()


def test_events_into_a_closed_pipe_end_the_backup(shell: Shell, tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"{i}-{'n' * 200}").write_text("x")
    process = shell.start("backup", "-v", "--json", "--files-from-raw", "-")
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    process.stdin.write(b"".join(os.fsencode(p) + b"\0" for p in tmp_path.glob("*-n*")))
    process.stdin.close()
    error = process.stderr.read()
    assert process.wait(10) == code_of("E_IO"), error
    assert not shell.locks()
