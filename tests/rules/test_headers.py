"""Each public header compiles alone, without a warning."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

INCLUDE = Path(__file__).parents[2] / "include"
HEADERS = sorted(path for path in INCLUDE.rglob("*.h*"))
CASES = [(path, "c++20") for path in HEADERS]
CASES += [(path, "c99") for path in HEADERS if path.suffix == ".h"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


@pytest.mark.parametrize(
    ("header", "language"), CASES, ids=lambda value: getattr(value, "name", value)
)
def test_header_compiles_alone(header: Path, language: str) -> None:
    compiler = ["cc", "-x", "c"] if language == "c99" else ["c++", "-x", "c++"]
    done = subprocess.run(
        [*compiler, f"-std={language}", *WARNINGS, "-fsyntax-only", f"-I{INCLUDE}", "-"],
        input=f"#include <{header.relative_to(INCLUDE)}>\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
