"""A folder with repositories in it, and the programs that use them."""

from __future__ import annotations

from pathlib import Path

import commands
import trees


def inside(target: Path, source: Path) -> Path:
    """Where the absolute path `source` of a snapshot lies after a restore into `target`."""
    return target / source.relative_to("/")


class Workbench:
    """Makes repositories, and the programs that use them, in one folder."""

    def __init__(self, folder: Path, command: Path) -> None:
        self.folder = folder
        self.command = command
        self.password_file = folder / "password"
        self.password_file.write_text(commands.PASSWORD + "\n")

    def sapdr(self, repository: Path) -> commands.Program:
        return commands.sapdr(self.command, repository, self.password_file)

    def restic(self, repository: Path) -> commands.Program:
        return commands.restic(repository, self.password_file, self.folder / "cache")

    def same(self, source: Path, target: Path) -> None:
        """`target`, where a snapshot of `source` was restored, holds the same tree."""
        trees.assert_same(trees.read_tree(source), trees.read_tree(inside(target, source)))

    def check_both(self, repository: Path) -> None:
        """Both programs read everything and find nothing wrong."""
        self.restic(repository)("check", "--read-data")
        self.sapdr(repository)("check", "--read-data")

    def ours(self, name: str = "repository", version: int = 2) -> Path:
        repository = self.folder / name
        # A cheap key: what the key derivation costs is not what these tests are about.
        self.sapdr(repository)("init", "--scrypt-n", "1024", "--repository-version", str(version))
        return repository

    def theirs(self, name: str = "repository", version: int = 2) -> Path:
        repository = self.folder / name
        self.restic(repository)("init", "--repository-version", str(version))
        return repository
