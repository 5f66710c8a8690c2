"""`sapdr cache`, and where a cache is made."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from shell_tools import Shell

DAY = 24 * 3600


def make_cache(folder: Path, digit: str, age: float = 0, size: int = 1000) -> Path:
    """What the library leaves of a remote repository."""
    cache = folder / (64 * digit)
    for type in ("index", "pack", "snapshot", "verified"):
        (cache / type).mkdir(parents=True)
    (cache / "index" / (64 * "e")).write_bytes(bytes(size))
    (cache / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    moment = time.time() - age
    os.utime(cache, (moment, moment))
    return cache


def test_caches_are_listed_and_old_ones_removed(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "caches"
    young = make_cache(folder, "a", DAY)
    old = make_cache(folder, "b", 31 * DAY, 2000)
    options = ("--cache-dir", folder)
    stream = shell.json("cache", *options)
    told = [(c["repository_id"], c["bytes"], c["files"], c["old"]) for c in stream.of("cache")]
    assert told == [(young.name, 1000, 1, False), (old.name, 2000, 1, True)]
    assert stream.summary["caches"] == 2
    assert stream.summary["bytes"] == 3000
    assert stream.summary["removed"] is False
    text = shell("cache", *options).out
    assert "bbbbbbbb" in text and "old" in text and "2 caches" in text

    stream = shell.json("cache", *options, "--cleanup")
    assert [c["repository_id"] for c in stream.of("cache")] == [old.name]
    assert stream.summary["removed"] is True
    assert young.is_dir() and not old.exists()
    assert shell.json("cache", *options, "--cleanup").summary["caches"] == 0
    assert "removed 1 cache" in shell("cache", *options, "--cleanup", "--max-age", "1h").out
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"HOME": "{}/home"}, "home/.cache/sapdr"),
        ({"HOME": "{}/home", "XDG_CACHE_HOME": "{}/xdg"}, "xdg/sapdr"),
        ({"HOME": "{}/home", "XDG_CACHE_HOME": "relative"}, "home/.cache/sapdr"),
        ({"XDG_CACHE_HOME": "{}/xdg", "SAPDR_CACHE_DIR": "{}/own"}, "own"),
    ],
)
def test_where_it_is(shell: Shell, tmp_path: Path, environment: dict[str, str], place: str) -> None:
    unset = {"HOME": "", "XDG_CACHE_HOME": "", "SAPDR_CACHE_DIR": ""}
    given = {name: value.format(tmp_path) for name, value in environment.items()}
    make_cache(tmp_path / place, "a")
    summary = shell.with_env(**(unset | given)).json("cache").summary
    assert summary["folder"] == str(tmp_path / place)
    assert summary["caches"] == 1


def test_without_any_place(shell: Shell, tree: Path) -> None:
    nowhere = shell.with_env(HOME="", XDG_CACHE_HOME="", SAPDR_CACHE_DIR="")
    assert "SAPDR_CACHE_DIR" in nowhere.fails("E_INVALID_ARGUMENT", "cache").err
    nowhere("backup", tree)


def test_a_local_repository_has_none(shell: Shell, tree: Path, tmp_path: Path) -> None:
    folder = tmp_path / "caches"
    for options in ([], ["--cache-dir", folder], ["--cache-size", "1G"], ["--no-cache"]):
        with_home = shell.with_env(HOME=str(tmp_path / "home"), SAPDR_CACHE_DIR=str(folder))
        with_home("backup", tree, *options)
        with_home("snapshots", *options)
    assert not folder.exists() and not (tmp_path / "home").exists()


def test_a_cache_that_cannot_be_removed_is_told(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "caches"
    cache = make_cache(folder, "a", 31 * DAY)
    (cache / "letter").write_text("not ours")
    options = ("--cache-dir", folder, "--cleanup", "--max-age", "0s")
    assert cache.name in shell.fails("E_IO", "cache", *options).err
    assert (cache / "letter").read_text() == "not ours"
