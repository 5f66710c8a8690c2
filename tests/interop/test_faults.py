"""When the world fails: full disks, folders that refuse, kill -9 at any moment."""

from __future__ import annotations

import contextlib
import os
import random
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import INCOMPLETE, NO_SPACE, PERMISSION, Program, Result
from make_trees import make_plain_tree, write
from workbench import Workbench, inside

NOBODY = 65534


@pytest.fixture
def tree(bench: Workbench) -> Path:
    return make_plain_tree(bench.folder / "tree", seed=50, megabytes=10)


def quoted(program: Program, *arguments: str | Path) -> str:
    return shlex.join(map(os.fsdecode, program.argv(*arguments)))


def on_small_disk(mebibytes: int, place: Path, script: str, env: dict[str, str]) -> Result:
    """Runs a script with a file system of this size at `place`.

    It is mounted in a name space of its own, so it goes away with the script, whatever happens.
    """
    place.mkdir()
    mount = f"mount -t tmpfs -o size={mebibytes}m tmpfs {shlex.quote(str(place))}"
    apart = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() != 0 else [])]
    done = subprocess.run(
        [*apart, "bash", "-c", f"{mount} || exit 99\n{script}"],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode == 99:
        pytest.skip(f"this machine does not let tests mount: {done.stderr}")
    return Result(done.returncode, done.stdout, done.stderr)


def test_backup_to_a_full_disk(bench: Workbench, tree: Path) -> None:
    small = bench.folder / "small"
    sapdr, restic = bench.sapdr(small / "repository"), bench.restic(small / "repository")
    first = write(bench.folder / "first", b"fits")
    script = f"""
        {quoted(sapdr, "init")} && {quoted(sapdr, "backup", first)} || exit 98
        {quoted(sapdr, "backup", tree)} >&2; code=$?
        {quoted(sapdr, "snapshots", "--json")}
        rm -f {small}/repository/locks/*
        {quoted(restic, "--no-lock", "--no-cache", "check", "--read-data")} >&2 || exit 97
        exit $code"""
    result = on_small_disk(8, small, script, restic.env | sapdr.env | restic.environment)
    assert result.code == NO_SPACE, result.text
    assert "no space" in result.err.lower() or "full" in result.err.lower()
    assert len([e for e in result.out.splitlines() if '"type":"snapshot"' in e]) == 1


def test_restore_to_a_full_disk(bench: Workbench, tree: Path) -> None:
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    sapdr("backup", tree)
    small = bench.folder / "small"
    script = f"""
        {quoted(sapdr, "restore", "latest", "--target", small)}; code=$?
        find {small} -type f | wc -l
        exit $code"""
    result = on_small_disk(4, small, script, sapdr.env)
    assert result.code == NO_SPACE, result.text
    assert str(small) in result.err
    assert result.out.strip().endswith("0"), "it began although the disk is too small"


class Nobody:
    """The command, as a user without privilege, with folders of its own."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.folder = bench.folder / "nobody"
        self.folder.mkdir()
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        copies = bench.folder / "bin"
        copies.mkdir()
        shutil.copy(bench.command, copies)
        for library in bench.command.resolve().parents[2].glob("lib/libsapdr.so*"):
            if library.is_file():
                shutil.copy(library, copies)

    def sapdr(self, repository: Path) -> Program:
        plain = self.bench.sapdr(repository)
        ids = ("--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
        return Program(
            self.bench.folder / "bin" / "sapdr",
            repository,
            plain.password_file,
            prefix=("setpriv", *ids) if os.geteuid() == 0 else (),
            environment=plain.environment | {"LD_LIBRARY_PATH": str(self.bench.folder / "bin")},
        )


@pytest.fixture
def nobody(bench: Workbench) -> Iterator[Nobody]:
    yield Nobody(bench)
    for path in bench.folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def test_unreadable_files_are_named_and_the_rest_goes_on(
    bench: Workbench, tree: Path, nobody: Nobody
) -> None:
    repository = nobody.folder / "repository"
    sapdr = nobody.sapdr(repository)
    sapdr("init")
    secret = write(tree / "secret", b"not for you")
    secret.chmod(0)
    (tree / "folder 1").chmod(0)
    result = sapdr("backup", tree, expect=INCOMPLETE)
    assert "secret" in result.err and "folder 1" in result.err
    for _ in range(2):  # and again, with a parent that has them not
        summary = sapdr("backup", "--json", tree, expect=INCOMPLETE).summary
        assert summary["state"] == "incomplete" and summary["items_failed"] == 2
    bench.check_both(repository)
    listing = sapdr("ls", "latest").out
    assert f"{tree}/big" in listing and f"{tree}/secret" not in listing


def test_read_only_repository(bench: Workbench, tree: Path, nobody: Nobody) -> None:
    repository = nobody.folder / "repository"
    sapdr = nobody.sapdr(repository)
    sapdr("init")
    sapdr("backup", tree)
    for path in (repository, *repository.rglob("*")):
        if path.is_dir():
            path.chmod(0o555)
    sapdr.fails("backup", tree, codes=[PERMISSION], names=str(repository))
    sapdr("restore", "latest", "--no-lock", "--target", nobody.folder / "out", "--no-owner")
    sapdr("snapshots", "--no-lock")
    sapdr("check", "--no-lock", "--read-data")


def test_init_and_restore_where_nothing_may_be_written(
    bench: Workbench, tree: Path, nobody: Nobody
) -> None:
    closed = nobody.folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    nobody.sapdr(closed / "repository").fails("init", codes=[PERMISSION], names=str(closed))
    sapdr = nobody.sapdr(nobody.folder / "repository")
    sapdr("init")
    sapdr("backup", tree)
    sapdr.fails(
        "restore", "latest", "--target", closed / "out", codes=[PERMISSION], names=str(closed)
    )
    assert list(closed.iterdir()) == []


def test_files_that_vanish_or_change_while_they_are_read(bench: Workbench) -> None:
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    tree = make_plain_tree(bench.folder / "tree", seed=51, n_files=10, megabytes=60)
    rng = random.Random(51)
    run = sapdr.start("backup", tree)
    deadline = time.monotonic() + 60
    while run.poll() is None and time.monotonic() < deadline:
        with open(tree / "big", "r+b") as file:
            file.seek(rng.randrange(60_000_000))
            file.write(rng.randbytes(1000))
        path = tree / "folder 1" / "sub 1" / "comes and goes"
        path.write_bytes(rng.randbytes(5000))
        path.unlink()
    out, err = run.communicate(timeout=60)
    assert run.returncode in (0, INCOMPLETE), out + err
    bench.check_both(repository)


def test_kill_9_at_any_moment(bench: Workbench, tree: Path) -> None:
    seed = int(os.environ.get("SAPDR_TEST_SEED") or time.time())
    print(f"SAPDR_TEST_SEED={seed}")
    rng = random.Random(seed)
    repository = bench.ours()
    sapdr, restic = bench.sapdr(repository), bench.restic(repository)
    sapdr("backup", "--verify", tree)
    usual, killed = 1.0, 0  # seconds that a run takes which is not killed
    for i in range(24):
        if killed == 4:
            break
        write(tree / "big", rng.randbytes(12_000_000))
        write(tree / f"new {i}", rng.randbytes(100_000))
        before = {s["id"] for s in sapdr("snapshots", "--json").events("snapshot")}
        began = time.monotonic()
        run = sapdr.start("backup", tree)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(rng.uniform(0.05, usual))
            usual = time.monotonic() - began
        run.send_signal(signal.SIGKILL)
        run.communicate()
        killed += run.returncode == -signal.SIGKILL
        snapshots = sapdr("snapshots", "--json").events("snapshot")
        assert before <= {s["id"] for s in snapshots}, "a snapshot was lost"
        restic("unlock")
        restic("check", "--read-data")
    assert killed == 4, "it was hardly ever killed in the middle; is the machine that fast?"
    sapdr("backup", "--verify", tree)
    bench.check_both(repository)
    for s in sapdr("snapshots", "--json").events("snapshot"):
        restic("restore", s["id"], "--target", bench.folder / "out" / s["short_id"])
    sapdr("restore", "latest", "--target", bench.folder / "last")
    bench.same(tree, bench.folder / "last")


def test_kill_9_during_a_restore_and_again(bench: Workbench, tree: Path) -> None:
    repository = bench.ours()
    sapdr = bench.sapdr(repository)
    write(tree / "big", random.Random(52).randbytes(80_000_000))
    sapdr("backup", tree)
    target = bench.folder / "out"
    for delay in (0.6, 0.7, 0.8):
        run = sapdr.start("restore", "latest", "--target", target)
        time.sleep(delay)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    sapdr("restore", "latest", "--target", target)
    bench.same(tree, target)
    assert inside(target, tree).exists()
