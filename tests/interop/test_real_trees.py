"""Real trees of this machine, not made ones: tens of thousands of files, links and odd names."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import trees
from workbench import Workbench, inside

ROOT = Path(__file__).parents[2]
LIMIT = 200_000_000  # bytes of a tree
LIMIT_FILES = 12_000


def parts_of(folder: Path) -> list[Path]:
    """As many of a folder's entries, smallest first, as fit under the limits."""
    sizes = sorted((*_bytes_and_files(path), path) for path in folder.iterdir())
    chosen, total_bytes, total_files = [], 0, 0
    for n_bytes, n_files, path in sizes:
        total_bytes += n_bytes
        total_files += n_files
        if total_bytes > LIMIT or total_files > LIMIT_FILES:
            break
        chosen.append(path)
    return sorted(chosen)


def _bytes_and_files(path: Path) -> tuple[int, int]:
    below = [path] if path.is_symlink() or not path.is_dir() else [path, *path.rglob("*")]
    return sum(p.lstat().st_size for p in below if p.is_file() and not p.is_symlink()), len(below)


def round_trip(bench: Workbench, sources: list[Path], at_least: int) -> None:
    """Ours to restic, and with restic's parent to us; the whole tree has to be the same."""
    repository = bench.ours()
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    summary = sapdr("backup", "--json", "--verify", *sources).summary
    assert summary["state"] == "verified"
    assert summary["files_new"] >= at_least
    restic("check", "--read-data")
    restic("restore", "latest", "--target", bench.folder / "by restic")
    second = restic("backup", "--json", *sources).out.splitlines()[-1]
    assert '"data_blobs":0,' in second, second
    sapdr("restore", "latest", "--target", bench.folder / "by us")
    sapdr("check")
    for source in sources:
        expected = trees.read_tree(source)
        for place in ("by restic", "by us"):
            trees.assert_same(expected, trees.read_tree(inside(bench.folder / place, source)))


@pytest.mark.parametrize("folder", ["/usr/share", "/usr/lib"])
def test_a_real_folder(bench: Workbench, folder: str) -> None:
    sources = parts_of(Path(folder))
    if os.geteuid() != 0:
        sources = [path for path in sources if _all_mine_to_read(path)]
    round_trip(bench, sources, at_least=3000)


def _all_mine_to_read(path: Path) -> bool:
    return all(os.access(p, os.R_OK) for p in (path, *path.rglob("*")) if not p.is_symlink())


def test_a_git_checkout(bench: Workbench) -> None:
    checkout = bench.folder / "checkout"
    unwanted = shutil.ignore_patterns("build*", ".venv*", ".git", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, checkout, symlinks=True, ignore=unwanted)
    git = ["git", "-C", str(checkout), "-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["commit", "-q", "-m", "everything"],
        ["tag", "-a", "-m", "a tag", "v1"],
        ["gc", "-q"],
    ):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    round_trip(bench, [checkout], at_least=100)
    restored = inside(bench.folder / "by us", checkout)
    status = subprocess.run(
        ["git", "-C", restored, "status", "--porcelain"], check=True, capture_output=True, text=True
    )
    assert status.stdout == ""
    subprocess.run(["git", "-C", restored, "fsck", "--strict"], check=True, capture_output=True)
