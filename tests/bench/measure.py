"""Runs a command and says what it cost.

Linux begins the peak of a process with that of the one that started it. So this program stays
small, and what needs memory (data, limits, charts) is a program of its own. What is left is what
floor() says.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 3600  # seconds; nothing here comes near it
SHOWN = 400  # characters of what a failed command said


class Failure(Exception):
    """A step did not do what it was to do."""


@dataclass(frozen=True)
class Command:
    """What to run, and where."""

    argv: list[str]
    folder: Path | None = None


@dataclass(frozen=True)
class Cost:
    """Of a process and all that it started."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: int  # bytes of resident memory, of the largest process

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


NOTHING = Cost(0, 0, 0)


def floor() -> int:
    """Bytes: the least peak that a command can be said to have."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(command: Command, env: dict[str, str]) -> Cost:
    """Runs it; throws a Failure if it does not end with 0."""
    with tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            env=env,
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
        watch = threading.Timer(TIMEOUT, process.kill)
        watch.daemon = True
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            watch.cancel()
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            err.seek(0)
            raise Failure(_failed(command, process.returncode, err.read()))
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def output(command: Command, env: dict[str, str]) -> str:
    """What it prints; not measured."""
    done = subprocess.run(
        command.argv, env=env, cwd=command.folder, stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode != 0:
        raise Failure(_failed(command, done.returncode, done.stderr))
    return done.stdout.decode(errors="replace")


def _failed(command: Command, code: int, err: bytes) -> str:
    said = " ".join(err.decode(errors="replace").split())[-SHOWN:]
    return f"`{' '.join(command.argv)}` ended with {code}: {said}"
