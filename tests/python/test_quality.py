"""The package itself: version, types, style, and what the module exports."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sapdr
from sapdr import _sapdr

ROOT = Path(__file__).parents[2]
SOURCES = [
    *(ROOT / "bindings/python", ROOT / "tests/python"),
    *(ROOT / "examples" / name for name in ("backup.py", "fastapi_backup.py", "plugins.py")),
]


def run(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_version() -> None:
    header = (ROOT / "include/sapdr/version.h").read_text()
    numbers = re.findall(r"#define SAPDR_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    assert sapdr.__version__ == ".".join(numbers)
    assert sapdr.__version__ == importlib.metadata.version("sapdr")


def test_every_name_is_documented() -> None:
    for name in sapdr.__all__:
        value = getattr(sapdr, name)
        assert value.__doc__, name
        if isinstance(value, type):
            public = {k: v for k, v in vars(value).items() if not k.startswith("_")}
            methods = {k: v for k, v in public.items() if callable(v) or isinstance(v, property)}
            assert all(method.__doc__ for method in methods.values()), name


def test_the_module_exports_only_its_initialiser() -> None:
    assert _sapdr.__file__ is not None
    names = subprocess.run(
        ["nm", "-D", "--defined-only", "--format=just-symbols", _sapdr.__file__],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert names == ["PyInit__sapdr"]


def test_typed() -> None:
    assert (Path(sapdr.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff(command: list[str]) -> None:
    run("ruff", *command, "--no-cache", *SOURCES)


def test_mypy(tmp_path: Path) -> None:
    run("mypy", "--strict", "--cache-dir", tmp_path, ROOT / "bindings/python/sapdr")
    run("mypy", "--strict", "--cache-dir", tmp_path, *SOURCES[1:])


def test_stubtest() -> None:
    run("mypy.stubtest", "sapdr._sapdr")
