"""A pseudo terminal: what a person would see, and what a person would type."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time

from shell_tools import TIMEOUT, Argument, Shell

COLUMNS = 120


def run_on_terminal(
    shell: Shell,
    *arguments: Argument,
    answers: list[tuple[bytes, str]] = (),  # type: ignore[assignment]
    stdin_pieces: list[bytes] | None = None,
) -> tuple[int, bytes]:
    """Runs it on a terminal and returns the exit code and all that it wrote there.

    `answers` are typed when their prompt was seen. With `stdin_pieces` standard input is a pipe
    instead, which gets one piece each 0.3 seconds.
    """
    argv, environment = shell.argv(*arguments), shell.env
    source, sink = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        if stdin_pieces is not None:
            os.dup2(source, 0)
        os.close(source)
        os.close(sink)
        os.execvpe(argv[0], argv, environment)
    os.close(source)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    seen = _talk(terminal, sink, list(answers), list(stdin_pieces or []))
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen


def _talk(terminal: int, sink: int, answers: list[tuple[bytes, str]], pieces: list[bytes]) -> bytes:
    seen, answered = b"", 0
    end, next_piece = time.monotonic() + TIMEOUT, time.monotonic() + 0.3
    while time.monotonic() < end:
        if sink >= 0 and time.monotonic() >= next_piece:
            next_piece += 0.3
            if pieces:
                os.write(sink, pieces.pop(0))
            else:
                os.close(sink)
                sink = -1
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            return seen
        seen += data
        if answers and answers[0][0] in seen[answered:]:
            os.write(terminal, answers.pop(0)[1].encode() + b"\n")
            answered = len(seen)
    raise TimeoutError(seen)
