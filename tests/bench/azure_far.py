"""What a client asks of storage that is far away: how often, and how long that takes.

Requests are counted, by the proxy in between. That is what a test can hold: time depends on the
machine.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from azure_transfers import environment
from datasets import difference
from delay_proxy import DelayProxy, Request
from measure import Command, output, run

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
import azurite

DELAY = 0.025  # seconds, either way: 50 ms for each round trip
NAMES, NAMES_MUST = 10_000, 4  # objects, requests: two pages, and one more for what nobody foresees
FILES, FOLDERS, FILES_MUST = 1_000, 20, 40
RATE_MUST = 61  # MB/s, from storage to disk: 220 GB within an hour


@dataclass(frozen=True)
class Far:
    """Something done with storage behind the proxy."""

    what: str
    wall: float  # seconds
    requests: int
    must: int
    connections: int
    kinds: dict[str, int] = field(default_factory=dict)  # of requests

    @property
    def missed(self) -> list[str]:
        if self.requests <= self.must:
            return []
        return [f"{self.requests} requests, must {self.must}"]


@dataclass(frozen=True)
class Restored:
    """A restore that is verified, from storage to disk."""

    bytes: int
    wall: float
    cpu: float
    peak: int

    @property
    def rate(self) -> float:
        """MB/s"""
        return self.bytes / 1e6 / self.wall


class Repository:
    """One in a container of its own, and the command that uses it."""

    def __init__(self, server: azurite.Azurite, command: Path, folder: Path, name: str) -> None:
        self._path = f"{azurite.ACCOUNT}/{name}"
        self._command = command
        self._port = server.port
        password = folder / "password"
        password.write_text("benchmark\n")
        self._env = environment() | {"SAPDR_PASSWORD_FILE": str(password), "HOME": str(folder)}
        self("init", "--scrypt-n", "1024")

    def command(self, *arguments: str | Path, port: int | None = None) -> Command:
        location = f"http://127.0.0.1:{port or self._port}/{self._path}"
        return Command([str(self._command), "-r", location, *map(str, arguments)])

    def __call__(self, *arguments: str | Path) -> None:
        output(self.command(*arguments), self._env)

    def restore(
        self, source: Path, target: Path, *options: str, port: int | None = None
    ) -> tuple[float, float, int]:
        """Wall and CPU seconds, and the peak; looks whether all of it came."""
        command = self.command(
            "restore", "latest", "--target", target, "--verify", *options, port=port
        )
        cost = run(command, self._env)
        differs = difference(source, target / source.relative_to("/"))
        shutil.rmtree(target)
        if differs:
            raise SystemExit(f"azure_bench.py: what was restored is not what was stored: {differs}")
        return cost.wall, cost.cpu, cost.peak


def kind(request: Request) -> str:
    """ "GET data", "GET list of keys": what the figures are explained by."""
    path, _, query = request.target.partition("?")
    if "comp=list" in query:
        prefix = next((one for one in query.split("&") if one.startswith("prefix=")), "prefix=")
        return f"list {prefix.removeprefix('prefix=').removesuffix('%2F') or 'all'}"
    return f"{request.method} {path.split('/')[3]}"


def far(what: str, proxy: DelayProxy, wall: float, must: int) -> Far:
    kinds = dict(Counter(map(kind, proxy.requests)).most_common())
    return Far(what, wall, len(proxy.requests), must, proxy.connections, kinds)


def listing(server: azurite.Azurite, transfer: Path) -> Far:
    path = f"{azurite.ACCOUNT}/names"
    argv = [str(transfer), "names", f"{server.endpoint}/names", str(NAMES), "16"]
    output(Command(argv), environment())
    with DelayProxy(server.port, DELAY) as proxy:
        argv = [str(transfer), "list", f"http://127.0.0.1:{proxy.port}/{path}"]
        found = json.loads(output(Command(argv), environment()))
        if found["count"] != NAMES:
            raise SystemExit(f"azure_bench.py: {found['count']} of {NAMES} objects were listed")
        return far(f"list {NAMES:,} objects", proxy, found["wall"], NAMES_MUST)


def write_small_files(folder: Path) -> None:
    draw = random.Random(1)
    for number in range(FILES):
        path = folder / f"{number % FOLDERS:02}" / f"{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw.randbytes(draw.randint(1000, 8000)))


def small_files(server: azurite.Azurite, command: Path, folder: Path) -> Iterator[Far]:
    """On a machine that never saw the repository: what the backup left in a cache is no help."""
    source = folder / "small"
    write_small_files(source)
    repository = Repository(server, command, folder, "small")
    repository("backup", "--no-cache", source)
    for how, options in (("an empty cache", ()), ("no cache", ("--no-cache",))):
        with DelayProxy(server.port, DELAY) as proxy:
            target = folder / "restored"
            wall, _, _ = repository.restore(source, target, *options, port=proxy.port)
            what = f"restore {FILES:,} small files in {FOLDERS} folders, {how}"
            yield far(what, proxy, wall, FILES_MUST)


def weights(
    server: azurite.Azurite, command: Path, folder: Path, size: int, rounds: int
) -> Restored:
    """The round that is neither fast nor slow."""
    source = folder / "weights"
    source.mkdir()
    shard = source / "model.safetensors"
    # By a program of its own, so that this one stays small: see measure.py.
    maker = Path(__file__).with_name("shard.py")
    output(Command([sys.executable, str(maker), str(shard), str(size)]), environment())
    repository = Repository(server, command, folder, "weights")
    repository("backup", source)
    costs = sorted(repository.restore(source, folder / "restored") for _ in range(rounds))
    return Restored(shard.stat().st_size, *costs[len(costs) // 2])


def lines_of(found: Far) -> Iterator[str]:
    mark = " ! missed: " + "; ".join(found.missed) if found.missed else ""
    yield (
        f"    {found.what}: {found.wall:.2f} s, {found.requests} requests (must {found.must}) on "
        f"{found.connections} connections{mark}"
    )
    yield "        " + ", ".join(f"{n} {name}" for name, n in found.kinds.items())
