"""The shared library exports exactly the functions that the headers declare, and a test in C calls
each of them.

usage: symbols_test.py NM LIBRARY INCLUDE_FOLDER TESTS_FOLDER
"""

import re
import subprocess
import sys
from pathlib import Path

DECLARATION = re.compile(r"^SAPDR_API\b[^;{]*?\b(sapdr_\w+)\s*\(", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def declared(include_folder: Path) -> set[str]:
    names: set[str] = set()
    for header in (include_folder / "sapdr").rglob("*.h"):
        names.update(DECLARATION.findall(COMMENT.sub("", header.read_text())))
    return names


def exported(nm: str, library: str) -> set[str]:
    """Functions and data; the version of the symbols, SAPDR_0, is an absolute symbol (A)."""
    command = [nm, "--dynamic", "--defined-only", "--format=posix", library]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {row[0].split("@")[0] for row in rows if row[1] != "A"}


def called(tests_folder: Path) -> set[str]:
    text = "".join(path.read_text() for path in tests_folder.glob("*.[ch]"))
    return set(re.findall(r"\b(sapdr_\w+)\s*\(", text))


def main() -> int:
    nm, library, include_folder, tests_folder = sys.argv[1:]
    functions = declared(Path(include_folder))
    symbols = exported(nm, library)
    problems = {
        "declared but not exported": functions - symbols,
        "exported but not declared": symbols - functions,
        "called by no test in C": functions - called(Path(tests_folder)),
    }
    for problem, names in problems.items():
        for name in sorted(names):
            print(f"{name}: {problem}", file=sys.stderr)
    print(f"{len(functions)} functions")
    return 1 if not functions or any(problems.values()) else 0


sys.exit(main())
