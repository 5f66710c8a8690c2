"""The house: a room of lib/ includes only from itself and from the rooms before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

ROOMS = [
    "base",
    "observe",
    "net",
    "crypto",
    "checksum",
    "chunking",
    "format",
    "storage",
    "repository",
    "component",
    "operation",
    "recovery",
    "capi",
]

# Files of a room that may know all the siblings in it: they choose one of them.
CHOOSERS = {"storage/open.cpp"}
# Implementations of one interface, none of which may know another.
STORAGE_SIBLINGS = {
    "cache",
    "azure_blob",
    "dry_run",
    "fault",
    "foreign",
    "limit",
    "local",
    "memory",
    "retry",
    "secondary",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)


def sources(folder: str) -> Iterator[Path]:
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix in {".c", ".cpp", ".h", ".hpp"}:
            yield path


def own_includes(path: Path) -> list[str]:
    """What a file of lib/ includes of lib/, as "room/…"."""
    found = []
    for mark, name in INCLUDE.findall(path.read_text()):
        beside = path.parent / name
        if mark == '"' and beside.is_file() and not (ROOT / "lib" / name).is_file():
            name = str(beside.resolve().relative_to(ROOT / "lib"))
        if mark == '"':
            found.append(name)
    return found


def test_every_folder_of_lib_is_a_room() -> None:
    folders = {path.name for path in (ROOT / "lib").iterdir() if path.is_dir()}
    assert folders <= set(ROOMS), folders - set(ROOMS)


def test_rooms_include_only_from_rooms_before_them() -> None:
    wrong = []
    for path in sources("lib"):
        room = path.relative_to(ROOT / "lib").parts[0]
        for name in own_includes(path):
            other = name.split("/")[0]
            if other not in ROOMS:
                wrong.append(f"{path.relative_to(ROOT)}: {name} is in no room")
            elif ROOMS.index(other) > ROOMS.index(room):
                wrong.append(f"{path.relative_to(ROOT)}: {room} may not include {name}")
    assert not wrong, "\n".join(wrong)


def test_siblings_do_not_know_each_other() -> None:
    wrong = []
    for path in sources("lib"):
        here = path.relative_to(ROOT / "lib")
        for name in own_includes(path):
            there = Path(name)
            if str(here) in CHOOSERS:
                continue
            components = here.parts[0] == there.parts[0] == "component"
            if components and here.parts[1] != there.parts[1]:
                wrong.append(f"{here}: a component may not include {name}")
            backends = here.parts[0] == there.parts[0] == "storage"
            # Each is a file, or a folder of files.
            ours, theirs = (Path(path.parts[1]).stem for path in (here, there))
            if backends and {ours, theirs} <= STORAGE_SIBLINGS and ours != theirs:
                wrong.append(f"{here}: a backend may not include {name}")
    assert not wrong, "\n".join(wrong)


def test_public_headers_include_only_public_ones() -> None:
    wrong = []
    for path in sources("include"):
        for mark, name in INCLUDE.findall(path.read_text()):
            if mark == '"' or (
                name.startswith("sapdr/") and not (ROOT / "include" / name).exists()
            ):
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong, "\n".join(wrong)


def test_bindings_and_examples_see_only_public_headers() -> None:
    wrong = []
    for folder in ("bindings", "examples"):
        for path in sources(folder):
            for mark, name in INCLUDE.findall(path.read_text()):
                if mark == '"' and (ROOT / "lib" / name).exists() and not _is_own(path, name):
                    wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong, "\n".join(wrong)


def _is_own(path: Path, name: str) -> bool:
    folders = [path.parent, *path.parent.parents]
    return any((f / name).exists() for f in folders if ROOT / "bindings" in (f, *f.parents))


def test_pybind11_stays_in_its_binding() -> None:
    for folder in ("lib", "include", "bindings/shell"):
        for path in sources(folder):
            assert "pybind11" not in path.read_text(), path.relative_to(ROOT)


def test_every_type_has_a_name_of_its_own() -> None:
    """Two types of one name in one namespace are one to the linker, whatever is in them."""
    definition = re.compile(r"^(?:class|struct|enum class) (\w+)(?: final)?(?: : [^;{]+)? \{", re.M)
    places: dict[str, list[str]] = {}
    for path in sources("lib"):
        if path.suffix == ".hpp":
            for name in definition.findall(path.read_text()):
                places.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert len(places) > 200, "the definitions are not found any more"
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice
