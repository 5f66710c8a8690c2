"""Runs `sapdr` and judges what it says: text, events, exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"
TIMEOUT = 60  # seconds; nothing here comes near it

COMMANDS = [
    *("init", "backup", "snapshots", "ls", "dump", "diff", "find", "restore", "check", "verify"),
    *("repair", "forget", "prune", "unlock", "copy", "tag", "key", "stats", "cache", "doctor"),
    "mongodb",
    *("cat", "list", "checksum", "completion", "version"),
]

Argument = str | bytes | Path
Event = dict[str, Any]


@cache
def status_table() -> dict[str, tuple[int, str]]:
    """Name to exit code and text, as include/sapdr/status.h has them."""
    header = (ROOT / "include/sapdr/status.h").read_text()
    rows = re.findall(r'X\((\w+), -?\d+, (\d+), "(.*?)"\)', header)
    return {f"SAPDR_{name}": (int(code), text) for name, code, text in rows}


def code_of(name: str) -> int:
    """The exit code of a status: code_of("E_LOCKED") is 11."""
    return status_table()["SAPDR_" + name][0]


@cache
def validator() -> jsonschema.Draft202012Validator:
    """The published schema, and stricter: no field that it does not name."""
    schema = json.loads((ROOT / "docs/events.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator({**schema, "unevaluatedProperties": False})


def read_events(out: bytes) -> list[Event]:
    """The events of a stream, each held against the schema."""
    events = [json.loads(line) for line in out.decode("utf-8").splitlines()]
    for event in events:
        errors = list(validator().iter_errors(event))
        assert not errors, f"{event}\n{errors[0].message}"
    return events


@dataclass(frozen=True)
class Result:
    """What a run printed and how it ended."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode(errors="surrogateescape")

    @property
    def err(self) -> str:
        return self.stderr.decode(errors="surrogateescape")

    @property
    def error(self) -> str:
        """The one line that says why the command failed."""
        lines = [line for line in self.err.splitlines() if line.startswith("sapdr: ")]
        assert lines, f"no error was printed:\n{self.err}"
        return lines[-1].removeprefix("sapdr: ")


@dataclass(frozen=True)
class Stream:
    """The events of a run with --json, which is a whole stream by the rules of docs/JSON.md."""

    result: Result
    events: list[Event]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def summary(self) -> Event:
        return self.events[-1]

    @property
    def error(self) -> Event:
        (event,) = self.of("error")
        return event


def whole_stream(result: Result, command: str) -> Stream:
    """Asserts what holds for the stream of every command, however it ended."""
    events = read_events(result.stdout)
    assert events, f"no events\n{result.err}"
    kinds = [event["type"] for event in events]
    assert kinds.count("summary") == 1 and kinds[-1] == "summary"
    assert {event["command"] for event in events} == {command}
    summary = events[-1]
    assert summary["exit_code"] == result.code == status_table()[summary["status"]][0]
    assert ("error" in kinds) == (result.code != 0)
    if result.code != 0:
        assert kinds.index("error") == len(kinds) - 2
        assert events[-2]["status"] == summary["status"]
        assert "sapdr: " in result.err
    return Stream(result, events)


@dataclass(frozen=True)
class Shell:
    """The command, with the repository and the password that it is to use."""

    command: Path
    repository: Path
    password_file: Path
    prefix: tuple[str, ...] = ()  # a command that runs the command
    extra: dict[str, str] = field(default_factory=dict)

    def argv(self, *arguments: Argument) -> list[bytes]:
        return [os.fsencode(a) for a in (*self.prefix, self.command, *arguments)]

    @property
    def env(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("RESTIC_", "SAPDR_"))}
        own |= {
            "SAPDR_REPOSITORY": str(self.repository),
            "SAPDR_PASSWORD_FILE": str(self.password_file),
            "TERM": "xterm",
            "TZ": "UTC",
        }
        return {k: v for k, v in (own | self.extra).items() if v != ""}

    def with_env(self, **extra: str) -> Shell:
        """The same with these variables; an empty one is not set at all."""
        return replace(self, extra=self.extra | extra)

    def run(self, *arguments: Argument, stdin: bytes = b"", **more: Any) -> Result:
        streams = {"input": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        done = subprocess.run(self.argv(*arguments), env=self.env, timeout=TIMEOUT, **streams)
        return Result(done.returncode, done.stdout or b"", done.stderr)

    def __call__(self, *arguments: Argument, **more: Any) -> Result:
        """Runs it and asserts that it succeeds."""
        return self.ends_with(0, *arguments, **more)

    def ends_with(self, code: int, *arguments: Argument, **more: Any) -> Result:
        result = self.run(*arguments, **more)
        shown = " ".join(os.fsdecode(a) for a in self.argv(*arguments))
        assert result.code == code, (
            f"`{shown}` ended with {result.code}, not {code}\n{result.out[-2000:]}{result.err}"
        )
        return result

    def fails(self, status: str, *arguments: Argument, **more: Any) -> Result:
        """Asserts that it ends with the exit code of this status, and says why in one line."""
        result = self.ends_with(code_of(status), *arguments, **more)
        assert result.error
        assert "terminate called" not in result.err
        return result

    def json(self, *arguments: Argument, code: int = 0, **more: Any) -> Stream:
        """Runs it with --json; `arguments` begin with the command."""
        result = self.ends_with(code, *arguments, "--json", **more)
        return whole_stream(result, str(arguments[0]))

    def start(self, *arguments: Argument, **more: Any) -> subprocess.Popen[bytes]:
        """Starts it in a session of its own, with pipes."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            self.argv(*arguments), env=self.env, start_new_session=True, **{**pipes, **more}
        )

    def locks(self) -> list[str]:
        """The locks that hold; a file that is not yet whole has another kind of name."""
        names = os.listdir(self.repository / "locks")
        return [name for name in names if re.fullmatch("[0-9a-f]{64}", name)]
