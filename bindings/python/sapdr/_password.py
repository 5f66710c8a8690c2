"""Where a password comes from."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from ._arguments import StrPath

Password: TypeAlias = str | bytes | None
Command: TypeAlias = str | Sequence[str] | None


def resolve(password: Password, file: StrPath | None, command: Command) -> bytes:
    """The one password that was given, in one of the three ways.

    White space around what a file or a command yields is no part of it, as with restic.
    """
    given = [source for source in (password, file, command) if source is not None]
    if len(given) != 1:
        raise ValueError("give one of password, password_file, password_command")
    if isinstance(password, str):
        return password.encode("utf-8", "surrogateescape")
    if password is not None:
        return bytes(password)
    if file is not None:
        return Path(os.fsdecode(file)).read_bytes().strip()
    return _output_of(command or ())


def _output_of(command: str | Sequence[str]) -> bytes:
    arguments = shlex.split(command) if isinstance(command, str) else list(command)
    if not arguments:
        raise ValueError("password_command is empty")
    return subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout.strip()
