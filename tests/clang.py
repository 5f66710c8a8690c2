"""Does clang accept the sources that gcc compiles, without a warning?

usage: tests/clang.py BUILD [FOLDER...]

Reads them as BUILD/compile_commands.json says, and makes no objects: only those below FOLDER
(default: lib, bindings). The last line counts files.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What only gcc knows.
OPTIONS = ["-fsyntax-only", "-Wno-unknown-warning-option", "-Wno-unused-command-line-argument"]
FOLDERS = ["lib", "bindings"]


def command_of(entry: dict[str, str]) -> list[str]:
    """The compiler's, which may stand behind a launcher, becomes clang's."""
    words = shlex.split(entry["command"])
    options = next(i for i, word in enumerate(words) if word.startswith("-"))
    is_c = entry["file"].endswith(".c")
    kept = [word for word in words[options:] if word not in ("-MD", "-c")]
    for option in ("-o", "-MF", "-MQ"):
        at = kept.index(option)
        del kept[at : at + 2]
    return ["clang" if is_c else "clang++", *OPTIONS, *kept]


def accepts(entry: dict[str, str]) -> bool:
    run = subprocess.run(command_of(entry), cwd=entry["directory"], capture_output=True, text=True)
    sys.stdout.write(run.stderr)
    return run.returncode == 0


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    below = [ROOT / folder for folder in sys.argv[2:] or FOLDERS]
    entries = {
        path: entry
        for entry in json.loads((build / "compile_commands.json").read_text())
        if any((path := Path(build, entry["file"]).resolve()).is_relative_to(f) for f in below)
    }
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(accepts, entries.values()))
    print(f"clang takes {sum(results)} of {len(results)} files")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
