"""What the command asks of storage that is far away: how often, and how much of it at once. Both
are counted by a proxy; how long it takes depends on the machine."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import azurite
import pytest
from azure_container import Container
from commands import Program
from fault_proxy import FaultProxy
from http_faults import Delay
from make_trees import write
from workbench import Workbench

AT_ONCE = 8  # requests, unless -o azure.connections says otherwise
SNAPSHOTS = 12
FOR_EVER = 1_000_000


class Far:
    """A repository with many small files and some snapshots, behind a proxy."""

    def __init__(self, container: Container, proxy: FaultProxy) -> None:
        self.container, self.proxy = container, proxy
        self.source = container.bench.folder / "source"
        draw = random.Random(5)
        for number in range(400):
            path = self.source / f"a{number % 5}" / f"b{number % 50}" / f"{number}.yaml"
            write(path, draw.randbytes(draw.randint(500, 3000)))
        sapdr = container.init()
        for number in range(SNAPSHOTS):
            write(self.source / "changed", str(number).encode())
            sapdr("backup", "--no-cache", self.source)

    def sapdr(self) -> Program:
        """As it is on a machine that never saw the repository."""
        server = self.container.server
        location = self.container.url.replace(f":{server.port}/", f":{self.proxy.port}/")
        return self.container.sapdr(location)

    def objects(self) -> Counter[tuple[str, str]]:
        """Requests by what they are about: ("GET", "index"), ("list", "data")."""
        kinds: Counter[tuple[str, str]] = Counter()
        for method, path in self.proxy.requests:
            is_list = "comp=list" in path
            below = path.split("prefix=")[1].replace("%2F", "/") if is_list else path
            folder = below.split("prefix/")[1].split("/")[0].split("?")[0].split("&")[0]
            kinds["list" if is_list else method, folder] += 1
        return kinds

    def restore(self, *arguments: str) -> Counter[tuple[str, str]]:
        self.proxy.clear()
        target = self.container.bench.folder / "restored"
        self.sapdr()("restore", "latest", "--target", target, *arguments)
        self.container.bench.same(self.source, target)
        shutil.rmtree(target)
        return self.objects()


@pytest.fixture(scope="module")
def far(module_bench: Workbench) -> Iterator[Far]:
    with azurite.Azurite() as server, FaultProxy(server.port) as proxy:
        yield Far(Container(server, module_bench, "far"), proxy)


def test_each_object_is_asked_for_once_and_trees_and_small_files_together(far: Far) -> None:
    asked = far.restore("--no-cache")
    assert not [what for method, what in asked if method == "HEAD"]
    assert asked["GET", "config"] == asked["GET", "keys"] == 1
    assert asked["GET", "snapshots"] == asked["GET", "index"] == SNAPSHOTS
    # For 56 trees and 400 files: each backup left a pack of trees and one of data.
    assert asked["GET", "data"] <= 2 * SNAPSHOTS
    assert asked.total() - asked["GET", "data"] <= 2 * SNAPSHOTS + 12


def test_with_a_cache_hardly_anything_is_asked_again(far: Far, tmp_path: Path) -> None:
    first = far.restore("--cache-dir", str(tmp_path / "cache"))
    assert first["GET", "snapshots"] == SNAPSHOTS
    again = far.restore("--cache-dir", str(tmp_path / "cache"))
    assert again["GET", "snapshots"] == again["GET", "index"] == 0
    assert again["GET", "data"] < first["GET", "data"]
    assert again.total() <= 12 + again["GET", "data"]


@pytest.mark.parametrize("path", ["/snapshots/", "/index/", "/data/"])
def test_what_is_read_is_asked_for_at_once_whatever_the_processors(far: Far, path: str) -> None:
    far.proxy.clear()
    slow = far.proxy.script(Delay(0.5), "GET", path, times=FOR_EVER)
    far.sapdr()("check", "--read-data", "--no-cache")
    assert slow.most_at_once == AT_ONCE


def test_what_is_removed_is_removed_at_once(far: Far) -> None:
    """Last: it removes what the others read."""
    far.proxy.clear()
    slow = {
        what: far.proxy.script(Delay(0.5), "DELETE", f"/{what}/", times=FOR_EVER)
        for what in ("snapshots", "index", "data")
    }
    far.sapdr()("forget", "--keep-last", "1", "--prune", "--grace", "0", "--no-cache")
    assert slow["snapshots"].hits == SNAPSHOTS - 1
    assert slow["index"].hits == SNAPSHOTS - 2, "most of the first and all of the last is needed"
    assert slow["data"].hits > 2 * (SNAPSHOTS - 2), "a pack of data, one of trees, and a trial"
    assert [rule.most_at_once for rule in slow.values()] == [AT_ONCE] * 3
    far.restore("--no-cache")
