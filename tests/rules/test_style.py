"""The Python files of the tests and examples: ruff and mypy; the shell scripts: they parse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    "tests/bench",
    "tests/interop",
    "tests/services",
    "tests/identity",
    "tests/rules",
    "tests/docs",
    "tests/totals.py",
    "examples/make_model_store.py",
]
SCRIPTS = [
    "tests/setup.sh",
    "tests/run.sh",
    "tests/bench/run.sh",
    "examples/quickstart.sh",
    ".ci/run",
]


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_ruff(command: str) -> None:
    run(sys.executable, "-m", "ruff", *command.split(), "--no-cache", *SOURCES)


@pytest.mark.parametrize("path", SOURCES)
def test_mypy(path: str, tmp_path: Path) -> None:
    run(sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path, path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_parses_and_may_run(script: str) -> None:
    run("bash", "-n", script)
    assert script == "tests/setup.sh" or (ROOT / script).stat().st_mode & 0o111 == 0o111


def run(*arguments: object) -> None:
    done = subprocess.run(
        list(map(str, arguments)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
