"""Compares sapdr with its peers, side by side in one run. tests/bench/run.sh starts it.

Whatever a tool writes is on a RAM disk, whatever it reads of files is in the page cache, and each
begins each step with the same state, which is brought back untimed. The tools take turns within a
round, so that a machine that becomes slow is so to all of them; the figure that counts is the
median of the ratios within rounds. No exit code depends on time: only steps that fail do.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import measure
import report
from datasets import NEEDS, Datasets, difference, files_in
from measure import NOTHING, Command, Cost, Failure
from steps import FIRST, Action, Step, chosen
from tools import (
    CODEC,
    KINDS,
    OURS,
    RESTIC,
    ROOT,
    ZIPNN,
    Home,
    Tool,
    find,
    find_codecs,
    zipnn_version,
)

HERE = Path(__file__).parent
BUILD = ROOT / "build" / "bench"
PREFIX, KEPT = "sapdr-bench-", "kept-"
ROOM = 64 << 20  # bytes, for what does not grow with the data
WEIGHTS = 200e6  # bytes of each form of weights that codecs are compared on, at scale 1
SHORT_SCALE = 0.02
SHORT_TOOLS = [*OURS, RESTIC]
NEEDED = ("sapdr", CODEC, RESTIC)  # a short run that lacks one of them proves nothing


def stored_in(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in files_in(folder))


def copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


class States:
    """Homes of tools as they are after certain backups, kept beside the data.

    Not on the RAM disk: all of them at once would need too much of it.
    """

    def __init__(self, ram: Path, kept: Path, data: Datasets) -> None:
        self.ram = ram
        self.kept = kept
        self.data = data
        kept.mkdir(parents=True)

    def _path(self, tool: Tool, before: tuple[str, ...]) -> Path:
        return self.kept / "-".join((tool.name, "after", *before))

    def home(self, tool: Tool) -> Home:
        """Always the same path: some tools remember where their repository is."""
        return Home(self.ram / "homes" / tool.name)

    @contextmanager
    def loaded(self, tool: Tool, before: tuple[str, ...]) -> Iterator[Home]:
        """The tool's home in this state; it is gone at the end of the block."""
        home = self.home(tool)
        home.folder.parent.mkdir(exist_ok=True)
        try:
            self._load(tool, home, before)
            yield home
        finally:
            remove(home.folder)

    def _load(self, tool: Tool, home: Home, before: tuple[str, ...]) -> None:
        path = self._path(tool, before)
        if path.is_dir():
            copy(path, home.folder)
            return
        if before:
            self._load(tool, home, before[:-1])
            with self.data.placed(before[-1]) as source:
                measure.run(tool.backup(home, source), tool.env(home))
        else:
            home.folder.mkdir()
            shutil.copy(self.ram / "empty" / "password", home.password)
            tool.create(home, self.ram / "empty" / "repository")
        copy(home.folder, path)

    def keep_only(self, needed: set[tuple[str, ...]]) -> None:
        """Drops states that no step will begin with."""
        endings = {"-".join(("after", *before)) for before in needed}
        for path in self.kept.iterdir():
            if path.name[path.name.index("after") :] not in endings:
                remove(path)


@dataclass
class Options:
    """What the command line says."""

    scale: float
    rounds: int
    steps: list[Step]
    tools: list[str]
    data: Path
    output: Path
    plot: Path | None
    short: bool


class Bench:
    """One run."""

    def __init__(self, options: Options, ram: Path) -> None:
        self.options = options
        self.ram = ram
        self.data = Datasets(options.data / f"scale-{options.scale:g}", options.scale)
        self.states = States(ram, options.data / f"{KEPT}{os.getpid()}", self.data)
        self.tools, missing = find(options.tools, os.environ)
        self.codecs, missing_codecs = find_codecs(os.environ)
        self.results = report.Results(
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            scale=options.scale,
            rounds=options.rounds,
            machine=machine(),
            floor=measure.floor(),
            missing=missing | missing_codecs,
        )

    def run(self) -> None:
        self.prepare()
        self.say_what_runs()
        self.compare_codecs()
        for number, step in enumerate(self.options.steps):
            self.do(step)
            self.states.keep_only({one.before for one in self.options.steps[number + 1 :]} | {()})
            self.results.write(self.options.output)

    def prepare(self) -> None:
        """Data, the empty repository, what the machine can do."""
        needed = {step.data for step in self.options.steps if step.data}
        needed |= {name for step in self.options.steps for name in step.before}
        for name in list(needed):
            needed |= set(NEEDS[name])
        print(f"data in {self.data.folder}", flush=True)
        self.data.clear_place()
        own("generate.py", self.data.folder, self.data.scale, *sorted({"M", "D"} | needed))
        self.results.data = {name: self.data.size(name) for name in sorted(needed)}
        own("empty_repository.py", self.ram / "empty")
        self.need_room()
        models, documents = (next(files_in(self.data.path(name))) for name in ("M", "D"))
        self.results.limits = json.loads(own("limits.py", self.ram, models, documents))

    def need_room(self) -> None:
        """A repository of both versions, what is restored from it, what a tool keeps beside it."""
        largest = max((size.bytes for size in self.results.data.values()), default=0)
        wanted, free = 3 * largest + ROOM, shutil.disk_usage(self.ram).free
        if free < wanted:
            raise SystemExit(
                f"bench.py: {self.ram.parent} has {free:,} bytes free and {wanted:,} are needed; "
                "SAPDR_BENCH_RAM may name another RAM disk"
            )

    def say_what_runs(self) -> None:
        for tool in self.tools.values():
            about = {"command": str(tool.command), "version": tool.version(), "setup": tool.setup}
            self.results.tools[tool.name] = about
            print(f"{tool.name}: {about['version']}; {tool.setup}")
        if python := self.codecs.get(ZIPNN):
            about = {"command": str(python), "version": zipnn_version(python), "setup": "threads=1"}
            self.results.tools[ZIPNN] = about
            print(f"{ZIPNN}: {about['version']}; {about['setup']}")
        for name, reason in self.results.missing.items():
            print(f"{name}: LEFT OUT, {reason}")
        print("limits of one thread, MB/s:")
        for name, value in self.results.limits.items():
            print(f"    {name:16} {value:10,.{3 if name.endswith('ratio') else 0}f}")

    def compare_codecs(self) -> None:
        print("\ncodecs on weights, one thread, GB for each second of CPU time:", flush=True)
        programs = [f"{name}={path}" for name, path in self.codecs.items()]
        size = round(WEIGHTS * self.options.scale)
        found = json.loads(own("tensor_codecs.py", self.ram, size, self.options.rounds, *programs))
        self.results.codecs = report.codec_rows(found["measured"], self.options.scale)
        print(report.CODEC_HEAD)
        for row in self.results.codecs:
            print(report.codec_line(row), flush=True)
        for one in found["failures"]:
            self.results.failures.append(one)
            print(f"    {one['tool']} FAILED on {one['step']}: {one['message']}", flush=True)

    def taking_part(self, step: Step) -> list[Tool]:
        absent = [name for name in step.variants if name in self.results.missing]
        for name in absent:
            print(f"    {name} is left out: {self.results.missing[name]}")
        return [
            tool
            for tool in self.tools.values()
            if tool.name == OURS[0] or tool.name not in OURS or tool.name in step.variants
        ]

    def do(self, step: Step) -> None:
        """All rounds of a step; a tool that failed takes no more part in it."""
        print(f"\n{step.key}: {step.title}", flush=True)
        tools = self.taking_part(step)
        for number in range(self.options.rounds):
            if step.data and step.action is Action.BACKUP:
                self.data.warm(step.data)
            for tool in list(tools):
                progress(f"round {number + 1} of {self.options.rounds}: {tool.name}")
                try:
                    last = number + 1 == self.options.rounds
                    self.results.samples.append(self.sample(step, tool, number, last))
                except Failure as failure:
                    tools.remove(tool)
                    self.failed(step, tool, failure)
        progress("")
        size = self.data.size(step.data) if step.data else None
        rows = report.rows_of(step, self.results.samples, size, self.options.scale)
        self.results.rows += rows
        self.results.floor = measure.floor()
        print(report.HEAD)
        for row in rows:
            print(report.line_of(row, self.results.floor), flush=True)

    def failed(self, step: Step, tool: Tool, failure: Failure) -> None:
        about = {"step": step.key, "tool": tool.name, "message": str(failure)}
        self.results.failures.append(about)
        progress("")
        print(f"    {tool.name} FAILED: {failure}", flush=True)

    def sample(self, step: Step, tool: Tool, number: int, last: bool) -> report.Sample:
        with self.states.loaded(tool, step.before) as home, self.data.placed(step.data) as source:
            home.restored.mkdir()
            before = stored_in(home.repository)
            cost = self.timed(step, tool, home, source)
            grown = stored_in(home.repository) - before
            self.judge(step, tool, home, source, grown)
            if last and tool.name in OURS and tool.reads_as_restic:
                self.ask_restic(step, home)
        return report.Sample.of(step.key, tool.name, number, cost, grown)

    def timed(self, step: Step, tool: Tool, home: Home, source: Path) -> Cost:
        commands, env = commands_of(step, tool, home, source), tool.env(home)
        # What others have still to write is written now, not in the measured time.
        os.sync()
        total = NOTHING
        for _ in range(step.repeat):
            total = sum((measure.run(command, env) for command in commands), total)
        return Cost(total.wall / step.repeat, total.cpu / step.repeat, total.peak)

    def judge(self, step: Step, tool: Tool, home: Home, source: Path, grown: int) -> None:
        """Was it done, too? As far as that can be seen without much ado."""
        if step.group == FIRST and grown <= 0:
            raise Failure("a first backup stored nothing")
        if step.action is Action.FORGET and grown >= 0:
            raise Failure(f"nothing was freed, {grown} bytes came")
        if step.action is Action.RESTORE:
            inside = home.restored / source.relative_to("/")
            differs = difference(source, inside if inside.is_dir() else home.restored)
            if differs:
                raise Failure(f"what was restored is not what was backed up: {differs}")

    def ask_restic(self, step: Step, home: Home) -> None:
        """Whatever sapdr wrote is whole for restic as well."""
        restic = self.tools.get(RESTIC)
        if restic and step.action in (Action.BACKUP, Action.FORGET):
            measure.output(Command([str(restic.command), "check"]), restic.env(home))


def commands_of(step: Step, tool: Tool, home: Home, source: Path) -> list[Command]:
    if step.action is Action.OPEN:
        return [tool.open(home)]
    if step.action is Action.BACKUP:
        return [tool.backup(home, source)]
    if step.action is Action.RESTORE:
        return [tool.restore(home, source)]
    if step.action is Action.CHECK:
        return [tool.check(home)]
    return tool.forget_first(home)


def own(program: str, *arguments: object) -> str:
    """Runs one of the programs beside this one; measure.py says why they are programs."""
    done = subprocess.run(
        [sys.executable, HERE / program, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests" / "interop")},
        stdout=subprocess.PIPE if program in ("limits.py", "tensor_codecs.py") else None,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit(f"bench.py: {program} ended with {done.returncode}")
    return done.stdout or ""


def machine() -> dict[str, object]:
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
    }


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K    {text}" if text else "\r\x1b[K", end="", file=sys.stderr, flush=True)


def remove_left_over(folder: Path, prefix: str) -> None:
    """What runs that were killed could not remove."""
    for path in folder.glob(prefix + "*"):
        number = path.name.removeprefix(prefix)
        if number.isdecimal() and not Path("/proc", number).exists():
            remove(path)


@contextmanager
def ram_disk() -> Iterator[Path]:
    ram = Path(os.environ.get("SAPDR_BENCH_RAM") or "/dev/shm")
    remove_left_over(ram, PREFIX)
    folder = ram / f"{PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        remove(folder)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Two runs on the same data would move it under each other's hands, and share the cores."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"bench.py: another run uses the data in {folder}") from None
        yield


def stop(*_: object) -> NoReturn:
    raise SystemExit(130)


def parsed(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__)
    parser.add_argument("--short", action="store_true", help="little data, one round, no judgement")
    parser.add_argument("--scale", type=float, help="factor on the sizes of the data (1)")
    parser.add_argument("--rounds", type=int, help="how often each step is done (3)")
    parser.add_argument("--steps", default="", metavar="KEY,...", help="these, or what begins so")
    parser.add_argument("--tools", default="", metavar="NAME,...", help=", ".join(KINDS))
    parser.add_argument("--data", type=Path, help="where data is kept (build/bench/data)")
    parser.add_argument("--output", type=Path, help="build/bench/results.json")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw a chart")
    given = parser.parse_args(arguments)
    kept = os.environ.get("SAPDR_BENCH_DATA")
    output = BUILD / ("short.json" if given.short else "results.json")
    tools = [name for name in given.tools.split(",") if name]
    if unknown := set(tools) - set(KINDS):
        parser.error(f"no tool is called {', '.join(sorted(unknown))}")
    try:
        steps = chosen([key for key in given.steps.split(",") if key])
    except ValueError as error:
        parser.error(str(error))
    return Options(
        scale=given.scale or (SHORT_SCALE if given.short else 1),
        rounds=given.rounds or (1 if given.short else 3),
        steps=steps,
        tools=tools or (SHORT_TOOLS if given.short else list(KINDS)),
        data=(given.data or Path(kept or BUILD / "data")).absolute(),
        output=(given.output or output).absolute(),
        plot=given.plot.absolute() if given.plot else BUILD / "short.svg" if given.short else None,
        short=given.short,
    )


def finish(bench: Bench) -> int:
    """Draws, says what went wrong, and whether anything did."""
    results, options = bench.results, bench.options
    if options.plot:
        own("plot.py", options.output, options.plot)
    wrong = report.malformed(options.output)
    print(f"\nresults: {options.output}")
    for text in wrong:
        print(f"malformed: {text}")
    for one in results.failures:
        print(f"failed: {one['step']}, {one['tool']}: {one['message']}")
    if options.short and (late := [name for name in NEEDED if name in results.missing]):
        print(f"failed: {', '.join(late)} missing")
        return 1
    return 1 if wrong or results.failures else 0


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    signal.signal(signal.SIGTERM, stop)
    with alone(options.data), ram_disk() as ram:
        remove_left_over(options.data, KEPT)
        bench = Bench(options, ram)
        try:
            bench.run()
        finally:
            remove(bench.states.kept)
        return finish(bench)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
