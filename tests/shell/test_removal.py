"""forget and prune: the plan is shown, then run."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shell_tools import Event, Shell, code_of


@pytest.fixture
def history(shell: Shell, tmp_path: Path) -> Shell:
    """Six daily snapshots of two hosts, each with 100 kB that no other has."""
    for day in range(1, 7):
        data = tmp_path / "data"
        data.write_bytes(os.urandom(100_000))
        host = "alpha" if day < 5 else "beta"
        tags = ["--tag", "release,v2"] if day == 2 else ["--tag", "v2"] if day == 5 else []
        shell("backup", data, "--host", host, "--time", f"2026-03-0{day} 12:00:00", *tags)
    return shell


def days(decisions: list[Event], keep: bool) -> list[str]:
    return [e["time"][:10] for e in decisions if e["keep"] == keep]


def snapshots(shell: Shell) -> int:
    return int(shell.json("snapshots").summary["snapshots"])


def packs(shell: Shell) -> int:
    return int(shell.json("list", "packs").summary["objects"])


def test_forget_shows_each_group_and_why(history: Shell, tmp_path: Path) -> None:
    out = history("forget", "--keep-last", "1", "--keep-tag", "release", "--keep-daily", "2").out
    first, second, summary = out.split("\n\n")
    lines = first.splitlines()
    assert lines[:2] == [f"host alpha; path {tmp_path}/data", "keep 3 snapshots:"]
    assert lines[2].split() == ["ID", "Time", "Host", "Tags", "Reasons", "Paths"]
    row = rf"[0-9a-f]{{8}}  2026-03-04 12:00:00  alpha +last snapshot +{tmp_path}/data"
    assert re.fullmatch(row, lines[3])
    assert lines[4].split() == ["daily", "snapshot"]
    assert re.fullmatch(r"[0-9a-f]{8}  2026-03-03 .*  daily snapshot .*", lines[5])
    assert re.fullmatch(r"[0-9a-f]{8}  2026-03-02 .* release +has tags release .*", lines[6])
    assert lines[7].split() == ["v2"]
    assert lines[8] == "remove 1 snapshot:"
    assert lines[9].split() == ["ID", "Time", "Host", "Tags", "Paths"]
    assert re.fullmatch(rf"[0-9a-f]{{8}}  2026-03-01 12:00:00  alpha +{tmp_path}/data", lines[10])
    assert second.splitlines()[:2] == [f"host beta; path {tmp_path}/data", "keep 2 snapshots:"]
    assert "remove" not in second
    assert summary.splitlines() == [
        "removed 1 snapshot",
        "what only they needed stays in storage until it is pruned: sapdr prune",
    ]
    assert snapshots(history) == 5


def test_a_dry_run_removes_nothing(history: Shell) -> None:
    stream = history.json("forget", "-n", "--keep-last", "1", "--prune", "--grace", "0")
    decisions = stream.of("decision")
    assert days(decisions, True) == ["2026-03-04", "2026-03-06"]
    assert [e["group"] for e in decisions] == [0, 0, 0, 0, 1, 1]
    assert decisions[0]["reasons"] == ["last snapshot"] and decisions[1]["reasons"] == []
    assert stream.summary["snapshots_kept"] == 2 and stream.summary["snapshots_removed"] == 4
    (plan,) = stream.of("plan")
    assert plan["snapshots"] == 2 and plan["dry_run"]
    assert plan["bytes_unused"] > 400_000 and plan["packs_removed"] == 8
    pruned = stream.summary["prune"]
    assert {k: plan[k] for k in pruned} == pruned
    out = history("forget", "-n", "--keep-last", "1", "--prune").out
    assert out.endswith("dry run: would remove 4 snapshots\ndry run: nothing was changed\n")
    assert snapshots(history) == 6 and packs(history) == 12
    assert history("prune", "-n").out.endswith("dry run: nothing was changed\n")


def test_groups_and_selections(history: Shell) -> None:
    def kept(*arguments: str) -> list[str]:
        events = history.json("forget", "-n", *arguments).of("decision")
        return [day[-2:] for day in days(events, True)]

    assert kept("-l", "1", "--group-by", "") == ["06"]
    assert kept("-l", "1", "-g", "host,tags") == ["04", "02", "06", "05"]
    assert kept("-l", "1", "-g", "path") == ["06"]
    assert kept("--keep-last", "unlimited") == ["04", "03", "02", "01", "06", "05"]
    assert kept("-l", "1", "--host", "alpha") == ["04"]
    assert kept("-l", "1", "--tag", "release", "--tag", "v2") == ["02", "05"]
    assert kept("-l", "1", "--tag", "release, v2") == ["02"]
    assert kept("-l", "1", "--tag", "") == ["04", "06"]
    assert kept("-l", "1", "--path", "/elsewhere") == []
    assert kept("-H", "1", "-d", "1", "-w", "1", "-m", "1", "-y", "1") == ["04", "06"]
    assert kept("--keep-within", "2d") == ["04", "03", "06", "05"]
    assert kept("--keep-within-daily", "1d1h", "--keep-within-yearly", "9y") == [
        *("04", "03", "01", "06", "05")
    ]
    assert snapshots(history) == 6


def test_snapshots_by_name(history: Shell) -> None:
    ids = [e["id"] for e in history.json("snapshots").of("snapshot")]
    out = history("forget", ids[0], ids[1][:12], "latest").out
    assert out.startswith("remove 3 snapshots:\n") and "removed 3 snapshots\n" in out
    left = [e["id"] for e in history.json("snapshots").of("snapshot")]
    assert left == ids[2:5]
    history("forget", "latest", "--host", "alpha")
    assert [e["id"] for e in history.json("snapshots").of("snapshot")] == [ids[2], ids[4]]
    history.fails("E_NOT_FOUND", "forget", ids[0])
    history.fails("E_INVALID_ARGUMENT", "forget", "latest:/tmp")
    assert snapshots(history) == 2


def test_the_last_ones_stay_unless_it_is_said(history: Shell) -> None:
    result = history.fails("E_INVALID_ARGUMENT", "forget", "--keep-tag", "release")
    assert "host beta" in result.error and "hint: see `sapdr forget --help`" in result.err
    history.fails("E_INVALID_ARGUMENT", "forget", "--unsafe-allow-remove-all")
    assert snapshots(history) == 6
    history("forget", "--tag", "no such tag", "--unsafe-allow-remove-all")
    assert snapshots(history) == 6
    history("forget", "--keep-tag", "release", "--unsafe-allow-remove-all")
    assert snapshots(history) == 1
    history("forget", "--host", "alpha", "--unsafe-allow-remove-all")
    assert snapshots(history) == 0


def test_quiet(history: Shell) -> None:
    result = history("forget", "-q", "--keep-last", "1", "--prune")
    assert (result.out, result.err) == ("", "")
    assert snapshots(history) == 2


def test_prune_shows_its_plan_and_says_when_the_space_comes(history: Shell) -> None:
    history("forget", "-q", "--keep-last", "1")
    before = datetime.now(UTC)
    out = history("prune").out
    rows = dict(re.findall(r"^([A-Z][a-z ]+?)  +(.*)$", out, re.M))
    assert rows["In storage"].endswith("in 12 packs")
    assert re.search(r"in \d+ blobs by 2 snapshots$", rows["Needed"])
    assert re.search(r"in 8 packs, which can go after \d{4}-\d\d-\d\d \d\d:", rows["To mark"])
    assert rows["To remove"].split() == ["0", "B", "in", "0", "packs"]
    assert re.search(r"^marked 8 packs, 39\d\.\d{3} KiB$", out, re.M)
    last = out.splitlines()[-1]
    pattern = (
        r"8 packs, 39\d\.\d{3} KiB, will leave the storage with the first prune after "
        r"(.*); to free the space at once: sapdr prune --grace 0"
    )
    found = re.fullmatch(pattern, last)
    assert found
    due = datetime.fromisoformat(found[1] + "+00:00")
    assert timedelta(hours=24) <= due - before + timedelta(seconds=1) < timedelta(hours=24.1)
    assert packs(history) == 12
    history("check", "--read-data")

    assert re.search(
        rf"^Waiting .* in 8 packs, at the latest until {due:%Y-%m-%d %H:%M:%S}$",
        history("prune", "-n").out,
        re.M,
    )
    waiting = history.json("prune").summary
    assert waiting["packs_waiting"] == 8 and waiting["packs_marked"] == 0
    assert datetime.fromisoformat(waiting["due_at"]) - due < timedelta(seconds=1)
    done = history("prune", "--grace", "0").out
    assert re.search(r"^removed 8 packs, 39\d\.\d{3} KiB, in 0:\d\d$", done, re.M)
    assert "will leave" not in done
    assert packs(history) == 4
    assert history.json("check", "--read-data").summary["packs_unreferenced"] == 0


def test_marks_run_out(history: Shell) -> None:
    history("forget", "-q", "--keep-last", "1", "--prune", "--grace", "36h")
    assert history.json("prune", "--grace", "1h").summary["packs_waiting"] == 8
    assert history.json("prune", "--grace", "1ms").summary["packs_removed"] == 8


def test_packs_are_repacked_within_limits(shell: Shell, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for i in range(20):
        (data / str(i)).write_bytes(os.urandom(600_000))
    shell("backup", data)
    for i in range(0, 20, 2):
        (data / str(i)).unlink()
    shell("backup", data)
    shell("forget", "--keep-last", "1")

    def planned(*arguments: str) -> Event:
        (plan,) = shell.json("prune", "-n", *arguments).of("plan")
        return plan

    assert planned()["packs_repacked"] == 1 and planned()["bytes_repacked"] > 5_900_000
    assert planned("--max-unused", "unlimited")["packs_repacked"] == 0
    assert planned("--max-unused", "6m")["packs_repacked"] == 0
    assert planned("--max-unused", "60%")["bytes_unused_after"] > 5_900_000
    assert planned("--max-repack-size", "5M")["packs_repacked"] == 0
    assert planned("--max-repack-size", "0", "--repack-small")["packs_repacked"] == 0
    out = shell("prune", "--grace", "0", "--max-unused", "0").out
    assert re.search(r"^moved 5\.7\d\d MiB out of 1 pack$", out, re.M)
    assert shell.json("stats").summary["repository_bytes"] < 6_100_000
    shell("check", "--read-data")
    shell("restore", "latest", "-t", tmp_path / "r", "--verify")


def test_forget_with_prune_in_one_stream(history: Shell) -> None:
    stream = history.json("forget", "--keep-last", "1", "--prune", "--grace", "0")
    kinds = [e["type"] for e in stream.events if e["type"] != "progress"]
    assert kinds == ["decision"] * 6 + ["plan", "summary"]
    assert stream.summary["snapshots_removed"] == 4
    assert stream.summary["prune"]["packs_removed"] == 8
    assert stream.of("progress")[-1]["final"]
    assert packs(history) == 4


def test_damage_stops_a_prune(history: Shell) -> None:
    history("forget", "-q", "--keep-last", "1")
    for pack in (history.repository / "data").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(pack.read_bytes()[:-1])
    result = history.fails("E_CORRUPT", "prune", "--grace", "0")
    assert "hint: " in result.err
    assert packs(history) == 12


def test_a_lock_of_others_stops_the_end_of_a_prune(history: Shell) -> None:
    backup = history.start("backup", "--stdin")
    while not history.locks():
        assert backup.poll() is None
    arguments = ("forget", "--keep-last", "1", "--prune")
    stream = history.json(*arguments, code=code_of("E_LOCKED"))
    assert stream.summary["snapshots_removed"] == 4, "what can be done beside others is done"
    assert stream.summary["prune"]["packs_marked"] == 0
    stream = history.json(*arguments, code=code_of("E_LOCKED"))
    assert stream.summary["snapshots_removed"] == 0
    result = history.fails("E_LOCKED", "prune", "--grace", "0")
    assert "hint: wait with --retry-lock" in result.err
    assert packs(history) == 12
    backup.communicate(b"the end")
    assert backup.returncode == 0
    history("prune", "--grace", "0")
    history("check", "--read-data")


@contextmanager
def stopped_at_its_plan(shell: Shell, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A prune that has made its plan and cannot show it, since nobody reads, until the end."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n" * 4096)
    os.set_blocking(writer, True)
    process = shell.start("prune", *arguments, stdout=writer)
    os.close(writer)
    try:
        while not shell.locks():
            assert process.poll() is None
        yield process
    finally:
        threading.Thread(target=read_all, args=[reader]).start()


def read_all(reader: int) -> None:
    with open(reader, "rb") as file:
        file.read()


def test_a_prune_beside_a_prune_is_planned_again(history: Shell) -> None:
    history("forget", "-q", "--keep-last", "1")
    arguments = ("--grace", "0", "--max-unused", "0", "--retry-lock", "30s")
    with (
        stopped_at_its_plan(history, *arguments) as first,
        stopped_at_its_plan(history, *arguments) as second,
    ):
        while len(history.locks()) < 2:
            assert first.poll() is None and second.poll() is None
    for process in (first, second):  # whichever comes second finds that its plan is out of date
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert packs(history) == 4
    history("check", "--read-data")


def test_nothing_changes_without_locks(history: Shell) -> None:
    for arguments in (["forget", "latest"], ["prune"], ["backup", str(history.password_file)]):
        result = history.fails("E_INVALID_STATE", *arguments, "--no-lock")
        assert "without locks" in result.error
        history(*arguments, "--no-lock", "--dry-run")
    assert snapshots(history) == 6
