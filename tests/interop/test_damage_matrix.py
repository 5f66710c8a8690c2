"""Each kind of object, damaged in each way: what commands make of it, what a repair brings back.

`TABLE` has what is expected of each cell; which files a damaged pack or index costs is computed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import replace as but
from functools import partial
from pathlib import Path

import pytest
import trees
from commands import AUTH, CORRUPT, EXISTS, INCOMPLETE, LOCKED, NOT_FOUND, Program, Result
from damages import KINDS, TAGS, WAYS, Damaged, Loss, Sample, copy, make_sample, swap
from history import seeded
from make_trees import write
from workbench import Workbench, inside

OK = 0
INVALID_STATE = 21
ENDS = {OK, INCOMPLETE, LOCKED, AUTH, INVALID_STATE, NOT_FOUND, CORRUPT}

BY_LOSS = None  # the exit code of a restore follows from what is lost

# What is gone when everything was repaired.
NOTHING = "nothing"
CONTENT = "what the file held"
ITSELF = "the snapshot"


@dataclass(frozen=True)
class Cell:
    """What is expected of one damage."""

    check: int  # exit code, as those of restores of both snapshots
    first: int | None
    second: int | None
    gone: str


def row(cell: Cell, **others: Cell) -> dict[str, Cell]:
    return dict.fromkeys(WAYS, cell) | others


KEY = Cell(CORRUPT, OK, OK, NOTHING)  # the other key opens
PACK = Cell(CORRUPT, BY_LOSS, BY_LOSS, CONTENT)
TABLE = {
    # It is brought back from a copy.
    "config": row(Cell(CORRUPT, CORRUPT, CORRUPT, NOTHING)),
    # One that is missing may have been removed.
    "key": row(KEY, missing=but(KEY, check=OK)),
    # Packs tell what an index told.
    "index": row(Cell(CORRUPT, BY_LOSS, BY_LOSS, NOTHING)),
    # One that is missing may have been forgotten.
    "snapshot": row(
        Cell(CORRUPT, CORRUPT, OK, ITSELF),
        missing=Cell(OK, NOT_FOUND, OK, ITSELF),
        swapped=Cell(CORRUPT, CORRUPT, CORRUPT, NOTHING),
    ),
    # Whatever is right in a pack is found again, also under a wrong name.
    "data pack": row(PACK, swapped=but(PACK, gone=NOTHING)),
    "tree pack": row(PACK, swapped=but(PACK, gone=NOTHING)),
    "lock": row(Cell(LOCKED, LOCKED, LOCKED, NOTHING), missing=Cell(OK, OK, OK, NOTHING)),
}

cells = pytest.mark.parametrize(
    ("kind", "way"), [(k, w) for k in KINDS for w in WAYS], ids=lambda value: value
)


@pytest.fixture
def bench(bench_in_memory: Workbench) -> Workbench:
    return bench_in_memory


@pytest.fixture(scope="module")
def sample(module_bench_in_memory: Workbench) -> Sample:
    return make_sample(module_bench_in_memory)


@pytest.fixture(scope="module")
def seed() -> int:
    return seeded().randrange(1 << 30)


class Patient:
    """A repository with one damage."""

    def __init__(self, bench: Workbench, sample: Sample, kind: str, way: str, seed: int) -> None:
        self.bench, self.sample, self.kind, self.way = bench, sample, kind, way
        self.cell = TABLE[kind][way]
        self.repository = bench.folder / "damaged"
        rng = random.Random(f"{seed} {kind} {way}")
        self.names = sample.damaged(self.repository, kind, way, rng)
        self.state = Damaged(sample, self.repository)
        self.loss = {tag: self.state.loss(tag) for tag in TAGS}

    def sapdr(self, repository: Path | None = None) -> Program:
        """With the password whose key is not the damaged one."""
        program = self.bench.sapdr(repository or self.repository)
        if self.kind == "key":
            program.environment["SAPDR_PASSWORD_FILE"] = str(self.sample.second_password)
        return program

    def restore(self, tag: str, target: Path) -> Result:
        """Whatever it restores is right, and what it does not restore is named."""
        id = self.sample.snapshots[tag]
        result = self.sapdr().run("restore", "--json", id, "--target", target)
        good = right_files(target, self.sample, tag)
        if result.code in (OK, INCOMPLETE):
            named = {e["path"] for e in result.events("item") if e["action"] == "failed"}
            assert good == self.loss[tag].good_files
            assert named == self.loss[tag].lost
        else:
            assert good == set()
        return result


def at_once(*work: Callable[[], object]) -> None:
    """Most of what the commands do is to wait: for the second look at the locks."""
    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(each) for each in work]:
            done.result()


def right_files(target: Path, sample: Sample, tag: str) -> set[str]:
    """The files that were restored, as the snapshot names them; each of them has to be right."""
    folder = inside(target, sample.tree)
    found = trees.read_tree(folder) if folder.exists() else {}
    for name, entry in found.items():
        if entry.kind == "-":
            assert entry == sample.content[tag][name], f"{name!r} is not what was backed up"
    files = [name.decode() for name, entry in found.items() if entry.kind == "-"]
    return {str(sample.tree / name) for name in files}


def code_of(loss: Loss) -> int:
    return INCOMPLETE if loss.lost else OK


@pytest.fixture
def patient(bench: Workbench, sample: Sample, kind: str, way: str, seed: int) -> Patient:
    return Patient(bench, sample, kind, way, seed)


@cells
def test_check_names_it_and_what_it_affects(patient: Patient) -> None:
    result = patient.sapdr().run("check", "--read-data", "--json")
    assert result.code == patient.cell.check, result.text
    if result.code == OK:
        return
    named = [name in result.text for name in patient.names]
    if patient.kind == "lock":  # the first one that it meets
        assert any(named), result.text
    elif (patient.kind, patient.way) != ("index", "missing"):  # that is told by what it lacks
        assert all(named), result.text
    items = result.events("item")
    affected = {(e["snapshot_id"], e["path"]) for e in items if e["action"] == "affected"}
    expected = {
        (patient.sample.snapshots[tag], path)
        for tag, loss in patient.loss.items()
        for path in loss.lost
    }
    assert affected == expected
    if patient.kind in ("data pack", "tree pack", "index") and patient.way != "flipped":
        assert affected, "this damage costs something, and the test should have noticed"


@cells
def test_restore_gives_what_is_intact_and_names_the_rest(patient: Patient) -> None:
    def restore(tag: str, expected: int | None) -> None:
        code = code_of(patient.loss[tag]) if expected is BY_LOSS else expected
        result = patient.restore(tag, patient.bench.folder / f"out {tag}")
        assert result.code == code, result.text
        if code in (CORRUPT, LOCKED):
            assert any(name in result.text for name in patient.names), result.text

    at_once(
        partial(restore, "first", patient.cell.first),
        partial(restore, "second", patient.cell.second),
    )


Commands = dict[str, list[str | Path]]


def looking(sample: Sample, folder: Path) -> Commands:
    """Commands that leave the repository as it is."""
    first, second = sample.snapshots.values()
    return {
        "check": ["check"],
        "snapshots": ["snapshots"],
        "ls": ["ls", first],
        "ls -l": ["ls", "-l", second],
        "restore latest": ["restore", "latest", "--target", folder / "out latest"],
        "dump first": ["dump", first, sample.tree / "big"],
        "dump second": ["dump", second, sample.tree / "big"],
        "diff": ["diff", first, second],
        "find": ["find", "file*"],
        "find pack": ["find", "--pack", sample.objects["data pack"][0].name],
        "stats": ["stats"],
        "key list": ["key", "list"],
        "verify": ["verify", second],
        "init": ["init"],
    }


def changing(sample: Sample) -> Commands:
    first = sample.snapshots["first"]
    gone_at_once = ["--grace", "0", "--max-unused", "0"]
    return {
        "backup": ["backup", "--tag", "third", sample.tree],
        "forget": ["forget", first, "--prune", *gone_at_once],
        "prune": ["prune", "--repack-small", *gone_at_once],
        "tag": ["tag", "--add", "new"],
        "repair index": ["repair", "index", "--read-all-packs"],
        "repair packs": ["repair", "packs"],
        "repair snapshots": ["repair", "snapshots", "--forget"],
    }


def ends_well(result: Result, name: str) -> None:
    codes = {EXISTS, CORRUPT} if name == "init" else ENDS
    assert result.code in codes, f"{name} ended with {result.code}\n{result.text}"
    assert "terminate called" not in result.err and "core dumped" not in result.err
    lines = [line for line in result.err.splitlines() if line.startswith("sapdr: ")]
    is_told = any(not line.startswith("sapdr: warning: ") for line in lines)
    assert is_told == (result.code != OK), f"{name}: {result.err}"


@cells
def test_no_command_crashes_or_shows_a_wrong_byte(patient: Patient) -> None:
    folder = patient.bench.folder
    sapdr, copied = patient.sapdr(), patient.bench.sapdr(patient.bench.ours("copy"))
    password_file = sapdr.environment["SAPDR_PASSWORD_FILE"]
    source: Commands = {
        "copy": ["copy", "--from-repo", patient.repository, "--from-password-file", password_file]
    }
    results: dict[str, Result] = {}

    def run(name: str, arguments: list[str | Path]) -> None:
        results[name] = (copied if name == "copy" else sapdr).run(*arguments)

    at_once(*(partial(run, *each) for each in (looking(patient.sample, folder) | source).items()))
    for name, result in results.items():
        ends_well(result, name)
    for tag in TAGS:
        big, dumped = (patient.sample.tree / "big").read_bytes(), results[f"dump {tag}"]
        size = patient.sample.content[tag][b"big"].size
        shown = dumped.out.encode(errors="surrogateescape")
        assert big[:size].startswith(shown), "a wrong byte was dumped"
        assert dumped.code != OK or len(shown) == size
    right_files(folder / "out latest", patient.sample, "second")
    copied("check", "--no-lock", "--read-data")
    for snapshot in copied("snapshots", "--no-lock", "--json").events("snapshot"):
        target = folder / "out of the copy" / snapshot["id"]
        copied("restore", "--no-lock", snapshot["id"], "--target", target)
        (tag,) = snapshot["tags"]
        assert right_files(target, patient.sample, tag) == patient.sample.all_files(tag)


@cells
def test_what_is_intact_outlives_every_command(patient: Patient) -> None:
    def run(name: str, arguments: list[str | Path]) -> None:
        repository = patient.bench.folder / f"for {name}"
        copy(patient.repository, repository)
        sapdr = patient.sapdr(repository)
        ends_well(sapdr.run(*arguments), name)
        if not before:
            return
        id, target = patient.sample.snapshots["second"], patient.bench.folder / f"after {name}"
        if not (repository / "snapshots" / id).exists():
            id = "latest"
        sapdr.run("restore", "--no-lock", id, "--tag", "second", "--target", target)
        assert right_files(target, patient.sample, "second") >= before, name

    id, target = patient.sample.snapshots["second"], patient.bench.folder / "before"
    patient.sapdr().run("restore", "--no-lock", id, "--target", target)
    before = right_files(target, patient.sample, "second")
    at_once(*(partial(run, *each) for each in changing(patient.sample).items()))


def replace_keys(patient: Patient) -> None:
    """The damaged ones go; with a new password, if no other key is right."""
    sapdr, first = patient.sapdr(), patient.bench.password_file
    add = ["key", "add", "--scrypt-n", "1024", "--new-password-file"]
    if patient.way == "swapped":
        third = write(patient.bench.folder / "third password", b"a third one\n")
        sapdr(*add, third)
        sapdr.environment["SAPDR_PASSWORD_FILE"] = str(third)
        sapdr(*add, patient.sample.second_password)
    if patient.way != "missing":
        for name in patient.names:
            sapdr("key", "remove", name)
    sapdr(*add, first)
    assert patient.bench.sapdr(patient.repository)("key", "list").code == OK


def bring_back_the_config(patient: Patient) -> None:
    sapdr = patient.sapdr()
    for what in ("index", "packs", "snapshots"):
        sapdr.fails("repair", what, codes=[CORRUPT], names="config")
    sapdr.fails("init", codes=[EXISTS])
    (patient.repository / "config").unlink(missing_ok=True)
    write(patient.repository / "config", (patient.sample.repository / "config").read_bytes())


def repair_all(patient: Patient) -> None:
    """In the order that the help tells."""
    sapdr = patient.sapdr()
    is_lost = patient.cell.gone != NOTHING and any(loss.lost for loss in patient.loss.values())
    header = patient.kind.endswith("pack") and patient.way in ("truncated", "empty")
    sapdr("repair", "index", expect=INCOMPLETE if header else OK)
    sapdr("repair", "packs", expect=INCOMPLETE if is_lost and patient.way != "missing" else OK)
    is_lost = is_lost or (patient.kind == "snapshot" and patient.way != "missing")
    sapdr("repair", "snapshots", "--forget", expect=INCOMPLETE if is_lost else OK)


def remove_locks(patient: Patient) -> None:
    sapdr = patient.sapdr()
    sapdr("unlock")
    left = {path.name for path in (patient.repository / "locks").iterdir()}
    assert left >= set(patient.names) - ({*patient.names} if patient.way == "missing" else set())
    sapdr("unlock", "--remove-all")


REPAIRS: dict[str, Callable[[Patient], None]] = {
    "config": bring_back_the_config,
    "key": replace_keys,
    "lock": remove_locks,
}


def require_whole(patient: Patient) -> None:
    restic, sapdr = (f(patient.repository) for f in (patient.bench.restic, patient.bench.sapdr))
    check = ["--no-lock", "check", "--read-data"]
    at_once(partial(restic, "--no-cache", *check), partial(sapdr, *check))


@cells
def test_repair_brings_back_what_can_be(patient: Patient) -> None:
    sample, folder = patient.sample, patient.bench.folder
    REPAIRS.get(patient.kind, repair_all)(patient)
    require_whole(patient)
    sapdr = patient.bench.sapdr(patient.repository)
    left = {
        s["tags"][0]: s["id"] for s in sapdr("snapshots", "--json", "--no-lock").events("snapshot")
    }
    expected = {tag: sample.all_files(tag) for tag in TAGS}
    if patient.cell.gone == ITSELF:
        del expected["first"]
    elif patient.cell.gone == CONTENT:
        whole = {tag: loss for tag, loss in patient.loss.items() if "/" not in loss.lost}
        expected = {tag: loss.good_files for tag, loss in whole.items()}
    assert left.keys() == expected.keys()
    if REPAIRS.get(patient.kind) is None:
        sapdr("prune", "--grace", "0", "--max-unused", "0")
        require_whole(patient)
    for tag, id in left.items():
        sapdr("restore", "--no-lock", id, "--target", folder / tag)
        assert right_files(folder / tag, sample, tag) == expected[tag]


@pytest.fixture
def packs_of_one_size(bench: Workbench) -> Path:
    """A repository with two packs of data that have been swapped and look right by their sizes."""
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    for i in range(2):
        write(bench.folder / "tree" / "file", random.Random(i).randbytes(300_000))
        sapdr("backup", "--tag", f"{i}", bench.folder / "tree")
    packs = [path for path in (repository / "data").rglob("*") if path.is_file()]
    one, other = (path for path in packs if path.stat().st_size > 300_000)
    assert one.stat().st_size == other.stat().st_size
    swap(one, other)
    return repository


def require_both(bench: Workbench, sapdr: Program) -> None:
    bench.check_both(sapdr.repository)
    for i in range(2):
        dumped = sapdr("dump", "latest", "--tag", f"{i}", bench.folder / "tree" / "file").out
        content = dumped.encode(errors="surrogateescape")
        assert content == random.Random(i).randbytes(300_000)


def test_packs_of_one_size_are_told_apart_by_their_headers(
    bench: Workbench, packs_of_one_size: Path
) -> None:
    sapdr = bench.sapdr(packs_of_one_size)
    sapdr("check", expect=OK)  # it only looks at sizes
    sapdr("check", "--read-data", expect=CORRUPT)
    result = sapdr("repair", "index", "--read-all-packs", "--json").summary
    assert result["packs_changed"] == 2
    sapdr("repair", "packs")
    require_both(bench, sapdr)


def test_what_a_repair_of_packs_took_for_lost_comes_back(
    bench: Workbench, packs_of_one_size: Path
) -> None:
    """Nothing is removed: the packs are only marked, and the index can be repaired from them."""
    sapdr = bench.sapdr(packs_of_one_size)
    result = sapdr("repair", "packs", "--json", expect=INCOMPLETE).summary
    assert result["blobs_lost"] == 2
    sapdr("repair", "index")
    sapdr("repair", "packs")
    require_both(bench, sapdr)


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_snapshot_does_not_stop_a_backup(
    bench: Workbench, sample: Sample, way: str, seed: int
) -> None:
    """Damage is a reason to back up."""
    patient = Patient(bench, sample, "snapshot", way, seed)
    sapdr = patient.sapdr()
    new = sapdr("backup", "--json", sample.tree).summary["snapshot_id"]
    sapdr("restore", new, "--target", bench.folder / "out")
    assert right_files(bench.folder / "out", sample, "second") == sample.all_files("second")
