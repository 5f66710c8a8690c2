"""Ctrl-C, signal handlers and the end of the interpreter, each in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from conftest import PASSWORD

import sapdr

ENDLESS = """
import os, signal, sys, threading, time
import sapdr

signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
began = threading.Event()

def endless():
    while True:
        print("running", flush=True)
        began.set()
        yield os.urandom(100_000)
        time.sleep(0.02)

repo = sapdr.open(sys.argv[1], password=sys.argv[2])
"""


def start(script: str, location: Path) -> subprocess.Popen[str]:
    code = ENDLESS + textwrap.dedent(script)
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", code, str(location), PASSWORD],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


def test_ctrl_c_in_a_backup(repo: sapdr.Repository, location: Path) -> None:
    process = start(
        """
        try:
            repo.backup_streams({"/endless": endless()})
        except KeyboardInterrupt:
            print("interrupted", repo.list("lock"), repo.snapshots())
        """,
        location,
    )
    assert len(repo.list("lock")) == 1
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert out.splitlines()[-1] == "interrupted [] []", err
    assert process.returncode == 0
    assert repo.list("lock") == []
    assert repo.check(read_data=True).problems == 0


def test_ctrl_c_that_nobody_catches(repo: sapdr.Repository, location: Path) -> None:
    process = start('repo.backup_streams({"/endless": endless()})', location)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert repo.list("lock") == []


def test_ctrl_c_while_another_thread_holds_the_repository(location: Path) -> None:
    process = start(
        """
        threading.Thread(
            target=lambda: repo.backup_streams({"/endless": endless()}), daemon=True
        ).start()
        began.wait()
        try:
            repo.snapshots()
        except KeyboardInterrupt:
            print("interrupted")
        """,
        location,
    )
    time.sleep(0.5)  # until it waits for the other thread
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert "interrupted" in out, err


def test_ctrl_c_while_a_file_is_read(location: Path) -> None:
    """The read ends, and the file can still be read."""
    process = start(
        """
        repo.backup_streams({"/big": [b"big" + os.urandom(80_000_000)]})
        file = repo.open_file("latest", "/big")
        print("running", flush=True)
        try:
            while True:
                file.raw.seek(0)
                file.raw.readall()
        except KeyboardInterrupt:
            file.raw.seek(0)
            print("interrupted", file.raw.read(3))
        """,
        location,
    )
    time.sleep(0.3)  # into a read, of which each takes longer than signals wait
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out.splitlines()[-1] == "interrupted b'big'", err


def test_a_signal_handler_runs_during_a_backup(location: Path) -> None:
    process = start(
        """
        stop = False
        def handler(*_):
            global stop
            stop = True
        signal.signal(signal.SIGUSR1, handler)
        def until_told():
            for chunk in endless():
                if stop:
                    return
                yield chunk
        print(repo.backup_streams({"/x": until_told()}).state)
        """,
        location,
    )
    process.send_signal(signal.SIGUSR1)
    out, err = process.communicate(timeout=20)
    assert out.splitlines()[-1] == "written", err


@pytest.mark.parametrize("wait", [0.0, 0.03, 0.3])
def test_the_interpreter_ends_during_a_backup(
    repo: sapdr.Repository, location: Path, wait: float
) -> None:
    """A daemon thread is cut off: cleanly, without a crash and without a lock left behind."""
    process = start(
        f"""
        threading.Thread(
            target=lambda: repo.backup_streams({{"/endless": endless()}}), daemon=True
        ).start()
        began.wait()
        time.sleep({wait})
        """,
        location,
    )
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Fatal" not in err
    assert repo.list("lock") == []
