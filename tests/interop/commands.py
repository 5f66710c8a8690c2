"""The two programs under test, `sapdr` and `restic`, on one repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSWORD = "correct horse battery staple"
TIMEOUT = 300  # seconds; nothing here comes near it

# Exit codes of `sapdr`, as include/sapdr/status.h has them.
INCOMPLETE = 3
NO_REPOSITORY = 10
LOCKED = 11
AUTH = 12
INVALID_ARGUMENT = 20
NOT_FOUND = 22
EXISTS = 23
PERMISSION = 24
CORRUPT = 25
CHECKSUM = 26
IO = 27
NETWORK = 28
UNSUPPORTED = 30
NO_SPACE = 33
AMBIGUOUS = 34

Argument = str | bytes | Path


@dataclass(frozen=True)
class Result:
    """What a run printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of this type in the stream of `sapdr --json`."""
        lines = (json.loads(line) for line in self.out.rstrip("\n").split("\n"))
        return [event for event in lines if event["type"] == kind]

    @property
    def summary(self) -> dict[str, Any]:
        (event,) = self.events("summary")
        return event


@dataclass(frozen=True)
class Program:
    """One of the programs, with the repository and the password that it is to use."""

    command: Path
    repository: Path
    password_file: Path
    prefix: tuple[str, ...] = ()  # a command that runs the command
    environment: dict[str, str] = field(default_factory=dict)

    def argv(self, *arguments: Argument) -> list[bytes]:
        return [os.fsencode(a) for a in (*self.prefix, self.command, *arguments)]

    @property
    def env(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("RESTIC_", "SAPDR_"))}
        return own | self.environment

    def run(self, *arguments: Argument, cwd: Path | None = None, stdin: bytes = b"") -> Result:
        done = subprocess.run(
            self.argv(*arguments),
            env=self.env,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT,
        )
        return Result(
            done.returncode,
            done.stdout.decode(errors="surrogateescape"),
            done.stderr.decode(errors="surrogateescape"),
        )

    def start(self, *arguments: Argument, cwd: Path | None = None) -> subprocess.Popen[bytes]:
        """Starts it with a pipe to its standard input, in a process group of its own."""
        return subprocess.Popen(
            self.argv(*arguments),
            env=self.env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def __call__(self, *arguments: Argument, expect: int = 0, cwd: Path | None = None) -> Result:
        """Runs it and asserts the exit code."""
        result = self.run(*arguments, cwd=cwd)
        shown = " ".join(os.fsdecode(a) for a in self.argv(*arguments))
        assert result.code == expect, (
            f"`{shown}` ended with {result.code}, not {expect}\n{result.out}{result.err}"
        )
        return result

    def fails(self, *arguments: Argument, codes: Sequence[int], names: str = "") -> Result:
        """Runs it and asserts how it fails: the code, and one clear line that names the object.

        A line with a hint may follow; the lines for single items come before.
        """
        result = self.run(*arguments)
        assert result.code in codes, f"{result.code} is not one of {codes}\n{result.text}"
        lines = [line for line in result.err.splitlines() if line.startswith("sapdr: ")]
        assert len(lines) in (1, 2), f"not one line that says what is wrong:\n{result.err}"
        assert names in result.text, f"{names!r} is not named:\n{result.text}"
        assert "terminate called" not in result.err and "core dumped" not in result.err
        return result


def sapdr(command: Path, repository: Path, password_file: Path) -> Program:
    environment = {"SAPDR_REPOSITORY": str(repository), "SAPDR_PASSWORD_FILE": str(password_file)}
    return Program(command, repository, password_file, environment=environment)


def restic(repository: Path, password_file: Path, cache: Path) -> Program:
    command = shutil.which("restic")
    assert command, "restic is not installed; tests/setup.sh does that"
    environment = {
        "RESTIC_REPOSITORY": str(repository),
        "RESTIC_PASSWORD_FILE": str(password_file),
        "RESTIC_CACHE_DIR": str(cache),
    }
    return Program(Path(command), repository, password_file, environment=environment)
