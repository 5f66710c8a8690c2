"""What is wrong is said in one line, with the object, a hint and a documented exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import (
    AMBIGUOUS,
    AUTH,
    EXISTS,
    INVALID_ARGUMENT,
    NO_REPOSITORY,
    NOT_FOUND,
    UNSUPPORTED,
    Program,
)
from crafted import CraftedRepository
from make_trees import make_plain_tree, write
from workbench import Workbench


@pytest.fixture(scope="module")
def tree(module_bench: Workbench) -> Path:
    return make_plain_tree(module_bench.folder / "tree", seed=40, n_files=5, megabytes=0.1)


@pytest.fixture(scope="module")
def sapdr(module_bench: Workbench, tree: Path) -> Program:
    """A repository with twenty snapshots, so that two of them begin with the same digit."""
    program = module_bench.sapdr(module_bench.folder / "repository")
    program("init", "--scrypt-n", "1024")
    for i in range(20):
        program("backup", "--tag", f"run{i}", "--time", f"2026-01-{i + 1:02} 10:00:00", tree)
    return program


def test_missing_path(sapdr: Program, tree: Path) -> None:
    before = sapdr("snapshots", "--json").events("snapshot")
    missing = tree / "not there"
    sapdr.fails("backup", tree, missing, codes=[NOT_FOUND], names="not there")
    assert sapdr("snapshots", "--json").events("snapshot") == before


def test_empty_folder(sapdr: Program, module_bench: Workbench) -> None:
    empty = module_bench.folder / "empty"
    empty.mkdir()
    result = sapdr("backup", "--json", empty).summary
    assert result["files_new"] == 0 and result["state"] == "written"
    sapdr("restore", result["snapshot_id"], "--target", module_bench.folder / "out of empty")
    restored = module_bench.folder / "out of empty" / empty.relative_to("/")
    assert list(restored.iterdir()) == []


@pytest.mark.parametrize("what", ["missing folder", "empty folder", "other files", "a file"])
def test_no_repository(bench: Workbench, what: str) -> None:
    place = bench.folder / "place"
    if what == "a file":
        place.write_text("not a repository")
    elif what != "missing folder":
        place.mkdir()
    if what == "other files":
        write(place / "data" / "notes", b"mine")
    sapdr = bench.sapdr(place)
    for arguments in (["snapshots"], ["backup", str(bench.folder)], ["check"]):
        codes = [NO_REPOSITORY, NOT_FOUND] if what == "a file" else [NO_REPOSITORY]
        result = sapdr.fails(*arguments, codes=codes, names=str(place))
        assert "init" in result.err


def test_repository_exists(sapdr: Program) -> None:
    sapdr.fails("init", codes=[EXISTS], names=str(sapdr.repository))


def test_wrong_password(sapdr: Program, bench: Workbench) -> None:
    other = Program(
        sapdr.command, sapdr.repository, bench.password_file, environment=dict(sapdr.environment)
    )
    wrong = write(bench.folder / "wrong", b"not the password\n")
    result = other.fails("snapshots", "--password-file", wrong, codes=[AUTH])
    assert "not the password" not in result.text


def test_empty_password(bench: Workbench) -> None:
    sapdr = bench.sapdr(bench.folder / "new")
    nothing = write(bench.folder / "nothing", b"\n")
    sapdr.fails("init", "--password-file", nothing, codes=[INVALID_ARGUMENT])
    assert not (bench.folder / "new" / "config").exists()


@pytest.mark.parametrize("version", [3, 4, 1000])
def test_newer_repository_version(bench: Workbench, version: int) -> None:
    crafted = CraftedRepository(bench.folder / "new", version=version)
    sapdr = bench.sapdr(crafted.folder)
    for arguments in (["snapshots"], ["backup", str(bench.folder)], ["check"]):
        sapdr.fails(*arguments, codes=[UNSUPPORTED], names=str(version))


def test_snapshot_that_does_not_exist(sapdr: Program, bench: Workbench) -> None:
    for name in ("ffffffffffff", "0" * 64):
        target = bench.folder / "out"
        sapdr.fails("restore", name, "--target", target, codes=[NOT_FOUND], names=name)
        assert not target.exists()
    sapdr.fails("ls", "not-an-id", codes=[NOT_FOUND, INVALID_ARGUMENT], names="not-an-id")
    sapdr.fails("ls", "latest", "--host", "nobody", codes=[NOT_FOUND])


def test_ambiguous_prefix(sapdr: Program) -> None:
    ids = [s["id"] for s in sapdr("snapshots", "--json").events("snapshot")]
    first = [i[0] for i in ids]
    digit = next(d for d in first if first.count(d) > 1)
    sapdr.fails("ls", digit, codes=[AMBIGUOUS], names=f'"{digit}"')
    unique = ids[3]
    sapdr(
        "ls",
        next(unique[:n] for n in range(4, 64) if sum(i.startswith(unique[:n]) for i in ids) == 1),
    )


def test_latest_of_an_empty_repository(bench: Workbench) -> None:
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    sapdr.fails("restore", "latest", "--target", bench.folder / "out", codes=[NOT_FOUND])
    assert sapdr("snapshots", "--json").events("snapshot") == []
    sapdr("check")


def test_pattern_that_matches_nothing(sapdr: Program, bench: Workbench) -> None:
    target = bench.folder / "out"
    sapdr.fails(
        "restore",
        "latest",
        "--target",
        target,
        "--include",
        "*.nothing",
        codes=[NOT_FOUND],
        names="*.nothing",
    )
    assert not target.exists()


def test_path_that_is_not_in_the_snapshot(sapdr: Program, bench: Workbench) -> None:
    sapdr.fails("ls", "latest", "/not/there", codes=[NOT_FOUND], names="/not")
    sapdr.fails("dump", "latest", "/not/there", codes=[NOT_FOUND], names="/not")
    target = bench.folder / "out"
    sapdr.fails("restore", "latest:/not/there", "--target", target, codes=[NOT_FOUND], names="/not")


def test_target_that_is_a_file(sapdr: Program, bench: Workbench) -> None:
    target = write(bench.folder / "file", b"mine")
    result = sapdr.run("restore", "latest", "--target", target)
    assert result.code not in (0, 1) and str(target) in result.err, result.text
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["backup"],
        ["backup", "--no-such-option", "/etc/hostname"],
        ["restore", "latest"],
        ["restore"],
        ["--compression", "lots", "snapshots"],
        ["--pack-size", "1000", "snapshots"],
        ["backup", "--exclude-larger-than", "many", "/etc/hostname"],
        ["backup", "--time", "yesterday", "/etc/hostname"],
        ["check", "--read-data-subset", "11/10"],
        ["check", "--read-data-subset", "0%"],
    ],
    ids=" ".join,
)
def test_arguments_that_make_no_sense(sapdr: Program, arguments: list[str]) -> None:
    sapdr.fails(*arguments, codes=[INVALID_ARGUMENT])


def test_missing_password_file_and_repository(sapdr: Program) -> None:
    sapdr.fails("snapshots", "--password-file", "/no/file", codes=[NOT_FOUND], names="/no/file")
    bare = Program(sapdr.command, sapdr.repository, sapdr.password_file)
    result = bare.fails("snapshots", codes=[INVALID_ARGUMENT])
    assert "SAPDR_REPOSITORY" in result.err
