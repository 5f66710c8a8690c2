"""The power goes, or the process is killed, at every operation of a command in turn.

Each command runs once; `power_cut.py` makes of its journal all the states that a kill or a power
cut may leave behind. In each of them both programs find nothing wrong, every snapshot that was
acknowledged restores byte for byte, and the next backup succeeds and is right as well.

States that a reader cannot tell apart are judged once: what a temporary file holds is never read,
so it only counts in which folder one was left behind, and whether it is empty.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import power_cut
import pytest
import trees
from commands import INCOMPLETE, Argument, Program, Result
from history import History, seeded
from make_trees import write
from power_cut import Disk, Kind, Operation, State
from workbench import Workbench, inside

TEMPORARY = re.compile(r"(.*)/[^/]+-tmp-[0-9a-f]{16}")


@dataclass
class Scenario:
    """A command, and what has to be true wherever it ends.

    Snapshots are known by their times, which copies and repaired ones keep.
    """

    history: History  # its tree is what the next backup stores
    repository: Path
    arguments: Sequence[Argument]
    code: int = 0
    folder: Path = Path("/")  # where the command runs
    may_go: set[str] = field(default_factory=set)  # ids in short
    source: Path | None = None  # of a copy
    # If the repository is damaged before the command runs: what cannot be restored before the
    # remedy, and the commands of the remedy.
    damaged: set[str] = field(default_factory=set)  # ids in short
    remedy: list[Sequence[Argument]] = field(default_factory=list)

    expected: dict[str, trees.Tree] = field(default_factory=dict)  # by time
    required: set[str] = field(default_factory=set)  # times
    required_at_the_end: set[str] = field(default_factory=set)
    restorable: set[str] = field(default_factory=set)  # without the remedy

    def run(self, shim: Path) -> tuple[State, list[Operation]]:
        """Runs the command: what was there before, and what it did."""
        before = power_cut.read_state(self.repository)
        old = self._times(self.repository)
        result, operations = self._journaled(shim, self.arguments)
        assert result.code == self.code, result.text
        require_same_as_replayed(self.repository, before, operations)
        new = self._times(self.source) if self.source else self._times(self.repository)
        self._expect(old | new)
        self.required = {time for short_id, time in old.items() if short_id not in self.may_go}
        self.required_at_the_end = self.required | set(new.values())
        self.restorable = self.required - {old[short_id] for short_id in self.damaged}
        return before, operations

    def run_then(self, shim: Path, arguments: Sequence[Argument]) -> list[Operation]:
        """Runs another command after the first one was killed: what it did."""
        result, operations = self._journaled(shim, arguments)
        assert result.code == 0, result.text
        present = self._times(self.repository)
        self._expect(present)
        self.required_at_the_end = self.required | set(present.values())
        return operations

    def _journaled(
        self, shim: Path, arguments: Sequence[Argument]
    ) -> tuple[Result, list[Operation]]:
        sapdr = self.history.bench.sapdr(self.repository)
        sapdr = replace(sapdr, prefix=("env", "-C", str(self.folder)))
        result, operations = power_cut.journaled(sapdr, shim, self.repository, *arguments)
        if arguments[0] == "backup":
            self.history.note(result.out)
        return result, operations

    def _expect(self, times: dict[str, str]) -> None:
        for short_id, time in times.items():
            self.expected.setdefault(time, self.history.snapshots.get(short_id, {}))

    def _times(self, repository: Path) -> dict[str, str]:
        return {s["short_id"]: s["time"] for s in snapshots(self.history.bench.sapdr(repository))}


def snapshots(sapdr: Program) -> list[dict[str, Any]]:
    return sapdr("snapshots", "--no-lock", "--json").events("snapshot")


@dataclass(frozen=True)
class Found:
    """A state, and the first moment that may leave it behind."""

    state: State
    moment: str
    acknowledged: bool  # the command had ended


def small_history(bench: Workbench, backups: int) -> tuple[History, Path]:
    history = History(bench, "tree", seed=80, megabytes=2)
    repository = bench.ours("storage/repository")  # so that the folder of the tree stays as it is
    for _ in range(backups):
        history.back_up(bench.sapdr(repository))
    return history, repository


def backup(bench: Workbench) -> Scenario:
    """It makes the folder of our records as well, which is not there before."""
    history, repository = small_history(bench, 1)
    history.change()
    return Scenario(history, repository, [*history.arguments(), "--verify"])


def backup_where_folders_are_missing(bench: Workbench) -> Scenario:
    """As a copy of a repository without its empty folders is."""
    history, repository = small_history(bench, 1)
    for folder in [*(repository / "data").iterdir(), repository / "locks"]:
        if not any(folder.iterdir()):
            folder.rmdir()
    history.change()
    return Scenario(history, repository, history.arguments())


def forget(bench: Workbench) -> Scenario:
    history, repository = small_history(bench, 3)
    gone = list(history.snapshots)[:2]
    return Scenario(history, repository, ["forget", *gone], may_go=set(gone))


def forget_with_prune(bench: Workbench) -> Scenario:
    history, repository = small_history(bench, 3)
    gone = list(history.snapshots)[:2]
    arguments = ["forget", "--keep-last", "1", "--prune", "--grace", "0", "--max-unused", "0"]
    return Scenario(history, repository, [*arguments], may_go=set(gone))


def prune(bench: Workbench) -> Scenario:
    """What is not needed any more is marked."""
    history, repository = small_history(bench, 3)
    bench.sapdr(repository)("forget", *_drop_oldest(history))
    return Scenario(history, repository, ["prune", "--max-unused", "0"])


def prune_of_marked_packs(bench: Workbench) -> Scenario:
    """Some packs were marked by a prune before; they and others go."""
    history, repository = small_history(bench, 3)
    sapdr = bench.sapdr(repository)
    sapdr("forget", *_drop_oldest(history))
    sapdr("prune", "--max-unused", "0")
    history.back_up(sapdr)
    sapdr("forget", *_drop_oldest(history))
    return Scenario(history, repository, ["prune", "--grace", "0", "--max-unused", "0"])


def copy(bench: Workbench) -> Scenario:
    """Into a repository that has a snapshot already; the source is only read."""
    history, source = small_history(bench, 2)
    repository = bench.ours("storage/destination")
    history.back_up(bench.sapdr(repository))
    arguments: list[Argument] = ["copy", "--from-repo", source]
    arguments += ["--from-password-file", bench.password_file]
    return Scenario(history, repository, arguments, source=source)


def repair_index(bench: Workbench) -> Scenario:
    """An index file is lost."""
    history, repository = small_history(bench, 1)
    sapdr = bench.sapdr(repository)
    known = set((repository / "index").iterdir())
    damaged = history.back_up(sapdr)[:8]
    (lost,) = set((repository / "index").iterdir()) - known
    lost.unlink()
    return Scenario(
        history,
        repository,
        ["repair", "index"],
        damaged={damaged},
        remedy=[["repair", "index"]],
    )


def repair_index_with_marks(bench: Workbench) -> Scenario:
    """Nothing is damaged: marked packs come back into the index."""
    history, repository = small_history(bench, 2)
    sapdr = bench.sapdr(repository)
    sapdr("forget", *_drop_oldest(history))
    sapdr("prune", "--max-unused", "0")
    return Scenario(history, repository, ["repair", "index", "--read-all-packs"])


def repair_packs(bench: Workbench) -> Scenario:
    """The header of a pack is damaged: each of its blobs is right, and each snapshot is whole."""
    history, repository = small_history(bench, 1)
    pack = _pack_of_next_backup(history, repository)
    _flip(pack, pack.stat().st_size - 10)
    return Scenario(history, repository, ["repair", "packs"], remedy=[["repair", "packs"]])


def repair_packs_with_lost_blobs(bench: Workbench) -> Scenario:
    """A blob is damaged; the next backup brings it back."""
    history, repository = small_history(bench, 1)
    write(history.tree / "neighbour", random.Random(81).randbytes(300_000))
    pack = _pack_of_next_backup(history, repository)
    _flip(pack, 100)
    damaged = list(history.snapshots)[-1]
    return Scenario(
        history,
        repository,
        ["repair", "packs"],
        code=INCOMPLETE,
        damaged={damaged},
        remedy=[["repair", "packs"], history.arguments()],
    )


def repair_snapshots(bench: Workbench) -> Scenario:
    """A file of the second of three snapshots is lost."""
    history, repository = small_history(bench, 1)
    sapdr = bench.sapdr(repository)
    lost = write(history.tree / "lost", random.Random(82).randbytes(300_000))
    _pack_of_next_backup(history, repository, change=False).unlink()
    damaged = list(history.snapshots)[-1]
    lost.unlink()
    history.back_up(sapdr)
    sapdr("repair", "index")
    del history.snapshots[damaged][b"lost"]
    return Scenario(
        history,
        repository,
        ["repair", "snapshots", "--forget"],
        code=INCOMPLETE,
        damaged={damaged},
        remedy=[["repair", "snapshots", "--forget"]],
    )


SCENARIOS = [
    backup,
    backup_where_folders_are_missing,
    forget,
    forget_with_prune,
    prune,
    prune_of_marked_packs,
    copy,
    repair_index,
    repair_index_with_marks,
    repair_packs,
    repair_packs_with_lost_blobs,
    repair_snapshots,
]


def _drop_oldest(history: History) -> list[str]:
    """The oldest snapshot, which the history knows no more."""
    oldest = next(iter(history.snapshots))
    del history.snapshots[oldest]
    return [oldest]


def _pack_of_next_backup(history: History, repository: Path, change: bool = True) -> Path:
    """Backs up; the pack with what is new in files."""
    known = set((repository / "data").rglob("*"))
    sapdr = history.bench.sapdr(repository)
    if change:
        history.back_up(sapdr)
    else:
        history.note(sapdr(*history.arguments()).out)
    new = set((repository / "data").rglob("*")) - known
    assert len(new) == 2
    return max(new, key=lambda path: path.stat().st_size)


def _flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def all_states(before: State, operations: Iterable[Operation], rng: random.Random) -> list[Found]:
    """The different states that the moments after each operation may leave behind."""
    disk = Disk(before)
    found: dict[object, Found] = {}

    def look(moment: str, acknowledged: bool) -> None:
        for kind, state in disk.states(rng):
            key = (as_a_reader_sees(state), acknowledged)
            found.setdefault(key, Found(state, f"{moment}: {kind}", acknowledged))

    look("at the beginning", False)
    for number, done in enumerate(operations):
        disk.apply(done)
        if done.kind not in (Kind.OPEN, Kind.CLOSE) or done.number & os.O_CREAT:
            look(f"after operation {number}, {done}", False)
    look("at the end", True)
    return list(found.values())


def as_a_reader_sees(state: State) -> object:
    seen: set[tuple[str, object]] = set()
    for name, item in state:
        left_over = TEMPORARY.fullmatch(name)
        if left_over:
            seen.add((os.path.dirname(name).split("/")[0], bool(item.content)))
        else:
            seen.add((name, item))
    return frozenset(seen)


class Judge:
    """Says what is wrong with a state."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.folder = folder
        self.contents = folder / "contents"
        self.contents.mkdir(exist_ok=True)

    def problems(self, states: list[Found]) -> list[str]:
        with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
            return [text for text in pool.map(self._problem, range(len(states)), states) if text]

    def _problem(self, number: int, found: Found) -> str:
        place = self.folder / str(number)
        place.mkdir()
        try:
            power_cut.write_state(found.state, place / "repository", self.contents)
            Verdict(self.scenario, place, found.acknowledged).require_good()
        except AssertionError as error:
            return f"{found.moment}\n{error}"
        except Exception:
            return f"{found.moment}\n{traceback.format_exc()}"
        finally:
            subprocess.run(["rm", "-rf", place], check=True)
        return ""


class Verdict:
    """Looks at one repository that was left behind, as its user would."""

    def __init__(self, scenario: Scenario, place: Path, acknowledged: bool) -> None:
        self.scenario = scenario
        self.acknowledged = acknowledged
        self.place = place
        self.sapdr = scenario.history.bench.sapdr(place / "repository")
        self.restic = scenario.history.bench.restic(place / "repository")

    def require_good(self) -> None:
        """Raises AssertionError."""
        scenario = self.scenario
        required = scenario.required_at_the_end if self.acknowledged else scenario.required
        self.sapdr("unlock")
        if scenario.remedy:
            self._require_snapshots(required, restorable=scenario.restorable)
        for arguments in scenario.remedy:
            result = self.sapdr.run(*arguments)
            assert result.code in (0, INCOMPLETE), result.text
        self.sapdr("check", "--read-data")
        self.restic("check", "--read-data", "--no-cache")
        self._require_snapshots(required)
        self._require_next_backup()

    def _require_snapshots(self, required: set[str], restorable: set[str] | None = None) -> None:
        present = {snapshot["time"]: snapshot["id"] for snapshot in snapshots(self.sapdr)}
        assert required <= present.keys(), "a snapshot is lost"
        if not self.scenario.remedy:  # which may make others
            assert present.keys() <= self.scenario.expected.keys(), "nobody made this snapshot"
        for time, snapshot in present.items():
            if restorable is None or time in restorable:
                self._require_restore(snapshot, self.scenario.expected.get(time))

    def _require_restore(self, snapshot: str, expected: trees.Tree | None) -> None:
        target = self.place / f"restored {snapshot[:8]}"
        self.sapdr("restore", snapshot, "--target", target)
        tree = self.scenario.history.tree
        is_relative = (target / tree.name).exists()
        actual = trees.read_tree(target / tree.name if is_relative else inside(target, tree))
        if expected is not None:
            trees.assert_same(expected, actual)
        shutil.rmtree(target)

    def _require_next_backup(self) -> None:
        history = self.scenario.history
        summary = self.sapdr(*history.arguments()).summary
        self.sapdr("check", "--read-data")
        self._require_restore(summary["snapshot_id"], trees.read_tree(history.tree))


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return power_cut.build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory if there is such: thousands of times what is judged is synced."""
    place = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="sapdr-power-cut-", dir=place if place.is_dir() else None)
    yield Path(folder)
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_every_moment_leaves_a_good_repository(
    bench: Workbench, shim: Path, memory: Path, scenario: Callable[[Workbench], Scenario]
) -> None:
    made = scenario(bench)
    before, operations = made.run(shim)
    states = all_states(before, operations, seeded())
    problems = Judge(made, memory).problems(states)
    print(f"{len(states)} states")
    assert not problems, f"{len(problems)} of {len(states)} states are bad:\n\n" + "\n\n".join(
        problems[:5]
    )


def require_same_as_replayed(
    repository: Path, before: State, operations: Iterable[Operation]
) -> None:
    """The journal is whole: replayed, it makes the repository that is there, byte for byte."""
    disk = Disk(before)
    for done in operations:
        disk.apply(done)
    replayed, real = dict(disk.killed()), dict(power_cut.read_state(repository))
    assert replayed.keys() == real.keys()
    assert [name for name in real if real[name] != replayed[name]] == []


KINDS = ["data", "index", "snapshots"]


@pytest.mark.parametrize("what", ["files", "names"])
@pytest.mark.parametrize("folder", KINDS)
def test_what_is_not_synced_is_noticed(
    bench: Workbench, shim: Path, memory: Path, folder: str, what: str
) -> None:
    """The judge complains if these files, or the names in this folder, are not synced."""
    made = backup(bench)
    before, operations = made.run(shim)
    disk = Disk(before)
    for done in without_syncs(operations, folder, of_names=what == "names"):
        disk.apply(done)
    states = [Found(disk.killed(), "killed", True), Found(disk.cut(), "cut", True)]
    (problem,) = Judge(made, memory).problems(states)
    assert problem.startswith("cut\n")


def without_syncs(
    operations: Iterable[Operation], folder: str, of_names: bool
) -> Iterator[Operation]:
    opened: dict[int, Operation] = {}
    for done in operations:
        if done.kind is Kind.OPEN:
            opened[done.fd] = done
        if done.kind is Kind.SYNC:
            target = opened[done.fd]
            is_folder = target.number & os.O_DIRECTORY != 0
            if target.path.split("/")[0] == folder and is_folder == of_names:
                continue
        yield done


def backup_by_relative_path(bench: Workbench) -> Scenario:
    """Without the folders above, which others may change: a second one finds nothing new."""
    history, repository = small_history(bench, 1)
    history.change()
    *arguments, tree = history.arguments()
    assert tree == history.tree
    return Scenario(history, repository, [*arguments, tree.name], folder=tree.parent)


AT_ONCE = ["--grace", "0", "--max-unused", "0"]


@pytest.mark.parametrize(
    ("scenario", "others"),
    [
        pytest.param(backup_by_relative_path, [], id="backup, backup"),
        pytest.param(forget, [["prune", *AT_ONCE]], id="forget, prune"),
        pytest.param(
            backup_by_relative_path,
            [["repair", "index"]],
            id="backup, repair index, backup",
        ),
    ],
)
def test_a_kill_then_other_runs_then_a_power_cut(
    bench: Workbench,
    shim: Path,
    memory: Path,
    scenario: Callable[[Workbench], Scenario],
    others: list[Sequence[Argument]],
) -> None:
    """What a killed process did not sync may still go, although the next ones saw it."""
    made = scenario(bench)
    before, operations = made.run(shim)
    disk = Disk(before)
    judge = Judge(made, memory)
    rng = seeded()
    contents = bench.folder / "storage" / "contents"
    contents.mkdir()
    problems = []
    for done in operations:
        disk.apply(done)
        if done.kind not in (Kind.RENAME, Kind.REMOVE, Kind.MAKE_FOLDER):
            continue  # whatever else is not synced is a temporary file
        after = disk.copy()
        shutil.rmtree(made.repository)
        power_cut.write_state(after.killed(), made.repository, contents)
        bench.sapdr(made.repository)("unlock")
        last = [made.arguments] if made.arguments[0] == "backup" else []
        for arguments in [*others, *last]:
            for each in made.run_then(shim, arguments):
                after.apply(each)
        left = {"cut": after.cut(), "torn": after.torn(rng)}
        states = [Found(state, f"{done}, then {kind}", True) for kind, state in left.items()]
        problems += judge.problems(states)
    assert not problems, f"{len(problems)} states are bad:\n\n" + "\n\n".join(problems[:5])


def test_folders_that_a_killed_process_made_and_did_not_sync(
    bench: Workbench, shim: Path, memory: Path
) -> None:
    """What is stored in them would go with them."""
    made = backup_by_relative_path(bench)
    before, operations = made.run(shim)
    above = {str(Path(name).parent) for name, _ in before}
    empty = [name for name, _ in before if name.startswith("data/") and name not in above]
    empty = [name for name in empty if dict(before)[name].content is None]
    assert len(empty) > 200
    disk = Disk(tuple((name, item) for name, item in before if name not in empty))
    for name in empty:
        disk.apply(
            Operation(Kind.MAKE_FOLDER, fd=-1, number=0, mode=0o700, path=name, to="", data=b"")
        )
    for done in operations:
        disk.apply(done)
    problems = Judge(made, memory).problems([Found(disk.cut(), "a power cut at the end", True)])
    assert not problems, problems[0]


# What a program does, and what of it is durable then.
STEPS: list[tuple[str, dict[str, bytes | None]]] = [
    ("f = os.open('new', os.O_CREAT | os.O_RDWR); os.write(f, b'one')", {"old": b"old"}),
    ("os.fsync(f)", {"old": b"old"}),
    ("os.fsync(d)", {"old": b"old", "new": b"one"}),
    ("os.pwrite(f, b'w', 5); os.ftruncate(f, 7)", {"old": b"old", "new": b"one"}),
    ("os.fdatasync(f)", {"old": b"old", "new": b"one\0\0w\0"}),
    ("os.rename('old', 'it'); os.unlink('new')", {"old": b"old", "new": b"one\0\0w\0"}),
    ("os.fsync(d)", {"it": b"old"}),
    ("os.mkdir('sub'); s = os.open('sub', os.O_DIRECTORY)", {"it": b"old"}),
    ("os.link('it', 'sub/link'); os.fsync(s)", {"it": b"old"}),
    ("os.fsync(d)", {"it": b"old", "sub": None, "sub/link": b"old"}),
    ("os.unlink('sub/link')", {"it": b"old", "sub": None, "sub/link": b"old"}),
    ("os.rmdir('sub'); os.fsync(d)", {"it": b"old"}),
    ("os.writev(os.open('it', os.O_WRONLY | os.O_TRUNC), [b'x', b'y'])", {"it": b"old"}),
]


def python_under(shim: Path, folder: Path, lines: Iterable[str]) -> list[Operation]:
    """What these lines of Python did in a folder."""
    python = Program(Path(sys.executable), folder, folder)
    text = "\n".join(["import os", f"os.chdir({str(folder)!r})", *lines])
    result, operations = power_cut.journaled(python, shim, folder, "-c", text)
    assert result.code == 0, result.err
    return operations


def test_the_model_of_the_disk(bench: Workbench, shim: Path) -> None:
    folder = bench.folder / "journaled"
    write(folder / "old", b"old")
    before = power_cut.read_state(folder)
    lines = ["d = os.open('.', os.O_DIRECTORY)"]
    for step, _ in STEPS:
        lines += [step, "os.close(os.open('.', os.O_PATH))"]
    operations = python_under(shim, folder, lines)
    require_same_as_replayed(folder, before, operations)
    disk = Disk(before)
    steps = iter(STEPS)
    for done in operations:
        disk.apply(done)
        if done.kind is Kind.OPEN and done.number & os.O_PATH:
            step, durable = next(steps)
            assert {name: item.content for name, item in disk.cut()} == durable, step
    assert next(steps, None) is None


UNMODELLED = {
    "mmap": "import ctypes; ctypes.CDLL(None).mmap(None, 4, 3, 1, f, 0)",
    "sendfile": "os.sendfile(f, os.open('/etc/passwd', os.O_RDONLY), 0, 4)",
    "copy_file_range": "os.copy_file_range(os.open('/etc/passwd', os.O_RDONLY), f, 4)",
    "truncate": "os.truncate('file', 2)",
    "pwritev": "os.pwritev(f, [b'x'], 0)",
    "fallocate": "os.posix_fallocate(f, 0, 10)",
    "fcntl": "os.dup(f)",
    "dup": "os.dup2(f, 50)",
    "symlink": "os.symlink('a', 'b')",
    "chmod": "os.chmod('file', 0o600)",
    "renaming across the border": "os.rename('file', '../file')",
    "open with such flags": "os.open('file', os.O_WRONLY | os.O_DSYNC)",
    "past libc": "import ctypes; ctypes.CDLL(None).syscall(87, b'file')",
}


@pytest.mark.parametrize("what", UNMODELLED)
def test_what_is_not_modelled_ends_the_program(bench: Workbench, shim: Path, what: str) -> None:
    folder = bench.folder / "journaled"
    write(folder / "file", b"1234")
    with pytest.raises(AssertionError, match="is not modelled") as error:
        python_under(shim, folder, ["f = os.open('file', os.O_RDWR)", UNMODELLED[what]])
    assert what in str(error.value)
    assert (folder / "file").read_bytes() == b"1234"
