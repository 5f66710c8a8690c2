"""A repository at Azurite behind a proxy that fails, and what was acknowledged of it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import azurite
from azure_container import Container
from commands import Argument, Program, Result
from fault_proxy import FaultProxy
from trees import assert_same, read_tree
from workbench import Workbench, inside

# For one run. The longest that a test asks for is some seconds; the rest is for slow machines.
TIME_LIMIT = 150
# Of the command, so that it does not try for a quarter of an hour and waits for no minute.
IMPATIENT = (
    *("-vv", "--retry-for", "60s", "--pack-size", "4"),
    *("-o", "azure.first-byte-timeout=5s", "-o", "azure.stall-timeout=5s"),
)


@dataclass
class Run:
    """A command that runs, and has to end in time."""

    trial: Trial
    process: subprocess.Popen[bytes]

    def end(self) -> Result:
        try:
            out, err = self.process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"it hangs:\n{err.decode(errors='replace')[-5000:]}") from None
        result = Result(self.process.returncode, out.decode(), err.decode(errors="replace"))
        for secret in self.trial.secrets:
            assert secret not in result.text, "it shows a secret"
        assert result.code in range(131), f"it crashed: {result.code}\n{result.text}"
        return result


@dataclass
class Trial:
    container: Container
    proxy: FaultProxy
    secrets: list[str] = field(default_factory=lambda: [azurite.KEY])
    acknowledged: dict[str, Path] = field(default_factory=dict)  # snapshots, and what is in them

    @property
    def bench(self) -> Workbench:
        return self.container.bench

    @property
    def location(self) -> str:
        """That of the repository, behind the proxy."""
        endpoint = self.container.server.endpoint
        behind = endpoint.replace(f":{self.container.server.port}/", f":{self.proxy.port}/")
        return self.container.url.replace(endpoint, behind)

    def program(self, **environment: str) -> Program:
        return self.container.sapdr(self.location, **environment)

    def start(self, *arguments: Argument, **environment: str) -> Run:
        return Run(self, self.program(**environment).start(*IMPATIENT, *arguments))

    def run(self, *arguments: Argument, expect: int = 0) -> Result:
        """Runs it behind the proxy."""
        result = self.start(*arguments).end()
        assert result.code == expect, f"{result.code} is not {expect}\n{result.text[-8000:]}"
        return result

    def fails(self, *arguments: Argument, code: int, names: str = "") -> Result:
        """Runs it: it ends with this code, and its last word names this."""
        result = self.run(*arguments, expect=code)
        lines = [line for line in result.err.splitlines() if line.startswith("sapdr: ")]
        assert names in lines[-1], f"{names!r} is not named: {lines[-1]}"
        assert "warning: " not in lines[-1], f"it does not say what is wrong: {lines[-1]}"
        return result

    def remember(self, tree: Path, backup: Result) -> str:
        """The snapshot that a run with --json told of."""
        snapshot = str(backup.summary["snapshot_id"])
        self.acknowledged[snapshot] = tree
        return snapshot

    def backup(self, tree: Path) -> str:
        return self.remember(tree, self.run("backup", "--json", tree))

    def largest_pack(self) -> str:
        """Its path: it holds contents of files."""
        packs = self.container.client.list_blobs("some/prefix/data/")
        return str(max(packs, key=lambda pack: pack.size).name)

    def is_sound(self) -> None:
        """All is right that is stored, and what was acknowledged is there: without the proxy."""
        sapdr = self.container.sapdr()
        sapdr("unlock")
        sapdr("check", "--read-data")
        for snapshot, tree in self.acknowledged.items():
            target = self.bench.folder / "sound"
            sapdr("restore", snapshot, "--target", target)
            self.bench.same(tree, target)
            shutil.rmtree(target)

    def restored_is_right_or_absent(self, tree: Path, target: Path) -> int:
        """Every file below `target` is as it was in `tree`. Returns how many are missing."""
        expected, actual = read_tree(tree), read_tree(inside(target, tree))
        files = {name for name, entry in expected.items() if entry.kind == "-"}
        missing = files - set(actual)
        there = {name: entry for name, entry in expected.items() if name in actual}
        assert_same(there, actual)
        return len(missing)
