"""Runs the snippets of documents, so that they cannot rot.

usage: run_snippets.py BUILD_FOLDER DOCUMENT.md...

Every fenced block in sh, c, cpp or python is one test. They run in the order of the document in
one temporary folder, which holds a link to examples/. The installed library, its pkg-config file
and the command are found as after `meson install`, and what a block in sh exports holds for later
ones. A block in C or C++ without main() is the body of one. A second word behind the language is
the name that the block is stored under ("```c backup.c"), for later blocks to use. A comment
"<!-- not run: REASON -->" on the line before leaves a block out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"(?P<skip><!-- not run: .*? -->\n)?"
    r"^```(?P<language>sh|c|cpp|python)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
TIMEOUT = 300  # seconds
COMPILERS = {"c": ["cc", "-std=c99"], "cpp": ["c++", "-std=c++20"]}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


@dataclass(frozen=True)
class Snippet:
    document: Path
    line: int
    language: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line} ({self.language})"


def snippets_of(document: Path) -> Iterator[Snippet]:
    content = document.read_text()
    for match in FENCE.finditer(content):
        if match["skip"]:
            continue
        line = content.count("\n", 0, match.start("language")) + 1
        language = match["language"]
        name = match["name"] or f"snippet{line}.{language}"
        yield Snippet(document, line, language, name, match["text"])


def as_program(snippet: Snippet) -> str:
    """What is without main() becomes the body of one; its includes go before it."""
    if re.search(r"\bmain\s*\(", snippet.text):
        return snippet.text
    lines = snippet.text.splitlines()
    includes = [line for line in lines if line.startswith("#include")]
    body = [line for line in lines if not line.startswith("#include")]
    return "\n".join([*includes, "int main(void) {", *body, "return 0;", "}", ""])


class Workshop:
    """The folder that the snippets run in, and the environment that they hand on."""

    def __init__(self, folder: Path, build: Path) -> None:
        self.folder = folder
        self.exported = folder.parent / "environment"
        root = folder.parent / "root"
        self._run(
            ["/usr/bin/meson", "install", "-C", str(build), "--no-rebuild", "--quiet"],
            os.environ | {"DESTDIR": str(root)},
        )
        (pkgconfig,) = (path.parent for path in root.rglob("sapdr.pc"))
        (command,) = (path.parent for path in root.rglob("bin/sapdr"))
        python = Path(sys.executable).parent
        self.environment = os.environ | {
            "HOME": str(folder),
            "PATH": f"{command}:{python}:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(pkgconfig.parent),
            "PKG_CONFIG_PATH": str(pkgconfig),
            "PKG_CONFIG_SYSROOT_DIR": str(root),
        }
        folder.mkdir()
        (folder / "examples").symlink_to(ROOT / "examples")

    def run(self, snippet: Snippet) -> None:
        path = self.folder / snippet.name
        if snippet.language == "sh":
            path.write_text(snippet.text)
            self._bash(f"set -euo pipefail; source ./{path.name}; export -p >{self.exported}")
        elif snippet.language == "python":
            path.write_text(snippet.text)
            self._bash(f"exec python ./{path.name}")
        else:
            path.write_text(as_program(snippet))
            compiler = " ".join([*COMPILERS[snippet.language], *WARNINGS])
            program = f"./{path.stem}.out"
            flags = "$(pkg-config --cflags --libs sapdr)"
            self._bash(f"set -e; {compiler} ./{path.name} {flags} -o {program}; exec {program}")

    def _bash(self, script: str) -> None:
        before = f"source {self.exported}; " if self.exported.exists() else ""
        self._run(["bash", "-c", before + script], self.environment)

    def _run(self, command: list[str], environment: dict[str, str]) -> None:
        cwd = self.folder if self.folder.exists() else None
        subprocess.run(
            command,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=True,
        )


def main(build: Path, documents: list[Path]) -> int:
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="sapdr-docs-") as folder:
        workshop = Workshop(Path(folder) / "work", build)
        for snippet in (s for document in documents for s in snippets_of(document)):
            try:
                workshop.run(snippet)
                passed += 1
                print(f"ok      {snippet}")
            except subprocess.SubprocessError as error:
                failed += 1
                output = getattr(error, "output", b"") or b""
                print(f"FAILED  {snippet}: {error}\n{snippet.text}")
                print(output.decode(errors="replace"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
