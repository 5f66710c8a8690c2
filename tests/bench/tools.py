"""The programs that are compared, and how each is told to do the same.

Each has a home on the RAM disk with all that it writes: the repository, its cache and settings, its
temporary files. A copy of a home is a copy of its state.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from measure import Command, Failure, output

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FOREIGN = ("RESTIC_", "SAPDR_", "RUSTIC_", "KOPIA_", "BORG_", "XDG_", "AWS_")
SHARED = "the shared empty repository, scrypt N=1024 r=8 p=1"


@dataclass(frozen=True)
class Home:
    """The folder of a tool."""

    folder: Path

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def password(self) -> Path:
        return self.folder / "password"

    @property
    def restored(self) -> Path:
        return self.folder / "restored"

    @property
    def env(self) -> dict[str, str]:
        """Without the user's settings; what a tool writes beside its repository lands here."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return own | {"HOME": str(self.folder), "TMPDIR": str(temporary), "TZ": "UTC"}


class Tool:
    """A program under its name in the report, with the settings that it is used with."""

    setup = SHARED
    reads_as_restic = True  # restic can read what it writes
    asked_version = "--version"

    def __init__(self, name: str, command: Path) -> None:
        self.name = name
        self.command = command

    def env(self, home: Home) -> dict[str, str]:
        return home.env

    def version(self) -> str:
        done = subprocess.run([self.command, self.asked_version], capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().split("\n")[0]

    def create(self, home: Home, empty: Path) -> None:
        """Makes the repository; `empty` is one of restic's format. The password is in its place."""
        shutil.copytree(empty, home.repository)

    def _command(self, *arguments: str | Path, folder: Path | None = None) -> Command:
        return Command([str(self.command), *map(str, arguments)], folder)

    def open(self, home: Home) -> Command:
        return self._command("snapshots")

    def backup(self, home: Home, source: Path) -> Command:
        return self._command("backup", source)

    def restore(self, home: Home, source: Path) -> Command:
        """Restores the latest backup into home.restored, which is there and empty."""
        return self._command("restore", "latest", "--target", home.restored)

    def check(self, home: Home) -> Command:
        return self._command("check", "--read-data")

    def forget_first(self, home: Home) -> list[Command]:
        """Removes the older of two backups, and the space that it alone took."""
        return [self._command("forget", "--keep-last", "1", "--prune")]


class Restic(Tool):
    asked_version = "version"

    def env(self, home: Home) -> dict[str, str]:
        return home.env | {
            "RESTIC_REPOSITORY": str(home.repository),
            "RESTIC_PASSWORD_FILE": str(home.password),
            "RESTIC_CACHE_DIR": str(home.cache),
        }


class Sapdr(Tool):
    def env(self, home: Home) -> dict[str, str]:
        return home.env | {
            "SAPDR_REPOSITORY": str(home.repository),
            "SAPDR_PASSWORD_FILE": str(home.password),
        }

    def forget_first(self, home: Home) -> list[Command]:
        # Packs go at once, as with the others.
        arguments = ("forget", "--keep-last", "1", "--prune", "--grace", "0")
        return [self._command(*arguments)]


class SapdrUnproven(Sapdr):
    setup = f"{SHARED}; --no-extra-verify: blobs are not proven before they are stored"

    def backup(self, home: Home, source: Path) -> Command:
        return self._command("backup", "--no-extra-verify", source)


class SapdrTensor(Sapdr):
    setup = "its own empty repository: init --codec tensor --scrypt-n 1024"
    reads_as_restic = False

    def create(self, home: Home, empty: Path) -> None:
        output(self._command("init", "--codec", "tensor", "--scrypt-n", "1024"), self.env(home))


class Rustic(Tool):
    def _command(self, *arguments: str | Path, folder: Path | None = None) -> Command:
        return super()._command("--no-progress", *arguments, folder=folder)

    def env(self, home: Home) -> dict[str, str]:
        return home.env | {
            "RUSTIC_REPOSITORY": str(home.repository),
            "RUSTIC_PASSWORD_FILE": str(home.password),
            "RUSTIC_CACHE_DIR": str(home.cache),
        }

    def restore(self, home: Home, source: Path) -> Command:
        return self._command("restore", "latest", home.restored)

    def forget_first(self, home: Home) -> list[Command]:
        return [self._command("forget", "--keep-last", "1", "--prune", "--instant-delete")]


class Kopia(Tool):
    setup = "filesystem repository, its defaults: BLAKE2B-256-128, AES256-GCM, no compression"
    reads_as_restic = False

    def env(self, home: Home) -> dict[str, str]:
        return home.env | {
            "KOPIA_CONFIG_PATH": str(home.folder / "kopia.config"),
            "KOPIA_CACHE_DIRECTORY": str(home.cache),
            "KOPIA_LOG_DIR": str(home.folder / "logs"),
            "KOPIA_PASSWORD": home.password.read_text().strip(),
            "KOPIA_CHECK_FOR_UPDATES": "false",
        }

    def create(self, home: Home, empty: Path) -> None:
        home.repository.mkdir()
        create = self._command("repository", "create", "filesystem", "--path", home.repository)
        output(create, self.env(home))

    def _snapshots(self, home: Home) -> list[str]:
        """Identifiers, oldest first."""
        text = output(self._command("snapshot", "list", "--all", "--json"), self.env(home))
        found = sorted(json.loads(text), key=lambda one: str(one["startTime"]))
        return [str(one["id"]) for one in found]

    def open(self, home: Home) -> Command:
        return self._command("snapshot", "list", "--all")

    def backup(self, home: Home, source: Path) -> Command:
        return self._command("snapshot", "create", "--no-progress", source)

    def restore(self, home: Home, source: Path) -> Command:
        latest = self._snapshots(home)[-1]
        return self._command("snapshot", "restore", "--no-progress", latest, home.restored)

    def check(self, home: Home) -> Command:
        return self._command("snapshot", "verify", "--verify-files-percent=100", "--no-progress")

    def forget_first(self, home: Home) -> list[Command]:
        first = self._snapshots(home)[0]
        return [
            self._command("snapshot", "delete", "--delete", first),
            self._command("maintenance", "run", "--full", "--safety=none"),
        ]


class Borg(Tool):
    setup = "repokey-blake2, its default compression lz4"
    reads_as_restic = False

    def env(self, home: Home) -> dict[str, str]:
        return home.env | {
            "BORG_REPO": str(home.repository),
            "BORG_BASE_DIR": str(home.cache),
            "BORG_PASSPHRASE": home.password.read_text().strip(),
        }

    def create(self, home: Home, empty: Path) -> None:
        home.cache.mkdir()
        output(self._command("init", "--encryption", "repokey-blake2"), self.env(home))

    def open(self, home: Home) -> Command:
        return self._command("list")

    def backup(self, home: Home, source: Path) -> Command:
        return self._command("create", "::{now:%Y%m%d-%H%M%S.%f}", source)

    def restore(self, home: Home, source: Path) -> Command:
        names = output(self._command("list", "--short", "--last", "1"), self.env(home)).split()
        return self._command("extract", f"::{names[0]}", folder=home.restored)

    def check(self, home: Home) -> Command:
        return self._command("check", "--verify-data")

    def forget_first(self, home: Home) -> list[Command]:
        return [self._command("delete", "--first", "1"), self._command("compact")]


RESTIC = "restic"
KINDS: dict[str, type[Tool]] = {
    "sapdr": Sapdr,
    "sapdr-unproven": SapdrUnproven,
    "sapdr-tensor": SapdrTensor,
    RESTIC: Restic,
    "restic-new": Restic,
    "rustic": Rustic,
    "kopia": Kopia,
    "borg": Borg,
}
OURS = ("sapdr", "sapdr-unproven", "sapdr-tensor")

CODEC, ZIPNN = "tensor_codec", "zipnn"


def find(
    names: list[str], environment: Mapping[str, str]
) -> tuple[dict[str, Tool], dict[str, str]]:
    """The tools that are there, and why others are missing."""
    tools: dict[str, Tool] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            tools[name] = KINDS[name](name, _command_of(name, environment))
        except Failure as failure:
            missing[name] = str(failure)
    return tools, missing


def find_codecs(environment: Mapping[str, str]) -> tuple[dict[str, Path], dict[str, str]]:
    """Our program and a Python with ZipNN, or why they are missing."""
    codecs: dict[str, Path] = {}
    missing: dict[str, str] = {}
    try:
        default = ROOT / "build/tests/bench/tensor_codec"
        codecs[CODEC] = _program("SAPDR_BENCH_CODEC", default, environment)
    except Failure as failure:
        missing[CODEC] = str(failure)
    try:
        default = ROOT / "build/bench/zipnn/bin/python"
        python = _program("SAPDR_BENCH_ZIPNN", default, environment)
        zipnn_version(python)
        codecs[ZIPNN] = python
    except Failure as failure:
        missing[ZIPNN] = str(failure)
    return codecs, missing


def zipnn_version(python: Path) -> str:
    argv = [str(python), str(HERE / "zipnn_codec.py"), "--version"]
    return output(Command(argv), dict(os.environ)).strip()


def _command_of(name: str, environment: Mapping[str, str]) -> Path:
    """The variable of the tool says where it is, else PATH; ours is in the build folder."""
    if name in OURS:
        return _program("SAPDR_BIN", ROOT / "build/bindings/shell/sapdr", environment)
    return _program("SAPDR_BENCH_" + name.upper().replace("-", "_"), name, environment)


def _program(variable: str, default: str | Path, environment: Mapping[str, str]) -> Path:
    wanted = environment.get(variable) or str(default)
    found = shutil.which(wanted)
    if not found:
        raise Failure(f"{wanted} is not there; {variable} may name it")
    return Path(found).absolute()
