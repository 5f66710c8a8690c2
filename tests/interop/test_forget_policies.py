"""Which snapshots a policy keeps, and why: as restic says, for policies and snapshots made at
random."""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from commands import Program
from crafted import CraftedRepository, node
from workbench import Workbench

HOSTS = ["alpha", "beta", "gamma"]
PATHS = [["/srv"], ["/srv", "/etc"], ["/etc", "/srv"], ["/var/lib/models"]]
TAGS = [[], ["nightly"], ["v2", "nightly"], ["nightly", "v2"], ["release"], ["release", "v2"]]
TAG_LISTS = ["nightly", "v2,nightly", "release, v2", "none", "release,none", ""]
PERIODS = ["hourly", "daily", "weekly", "monthly", "yearly"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]

# A group as both programs tell it: id to the reasons, of which there are none if it goes.
Group = dict[str, tuple[str, ...]]


@pytest.fixture
def rng() -> random.Random:
    seed = int(os.environ.get("SAPDR_TEST_SEED") or time.time())
    print(f"SAPDR_TEST_SEED={seed}")
    return random.Random(seed)


def times_over_two_years(rng: random.Random) -> Iterator[datetime]:
    """Alone, several a day, several an hour; a few lie in the future."""
    now = datetime.now(UTC)
    for _ in range(70):
        at = now - timedelta(days=rng.uniform(-20, 730))
        yield at
        for _ in range(rng.choice([0, 0, 0, 1, 3])):
            yield at + rng.choice([1, -1]) * timedelta(minutes=rng.uniform(0, 60))
        for _ in range(rng.choice([0, 0, 2])):
            yield at + timedelta(hours=rng.uniform(0, 30))


def make_snapshots(crafted: CraftedRepository, rng: random.Random, zone: str) -> int:
    tree = crafted.tree(node("file"))
    times = sorted(set(times_over_two_years(rng)))
    for at in times:
        crafted.snapshot(
            tree,
            time=at.astimezone(ZoneInfo(zone)).isoformat(),
            hostname=rng.choice(HOSTS),
            paths=rng.choice(PATHS),
            tags=rng.choice(TAGS),
        )
    return len(times)


def span(rng: random.Random) -> str:
    parts = {"y": 1, "m": 14, "d": 60, "h": 200}
    units = rng.sample(list(parts), rng.choice([1, 1, 2, 3]))
    return "".join(f"{rng.randint(1, parts[unit])}{unit}" for unit in units)


def make_policy(rng: random.Random) -> list[str]:
    """At least one rule; maybe groups, maybe a selection."""
    rules: list[str] = []
    while not rules:
        if rng.random() < 0.3:
            rules += ["--keep-last", str(rng.randint(1, 9))]
        for period in PERIODS:
            if rng.random() < 0.25:
                rules += [f"--keep-{period}", str(rng.choice([1, 2, 3, 5, 9, 30, 1000]))]
            if rng.random() < 0.15:
                rules += [f"--keep-within-{period}", span(rng)]
        if rng.random() < 0.2:
            rules += ["--keep-within", span(rng)]
        for tags in rng.sample(TAG_LISTS, rng.choice([0, 0, 0, 1, 2])):
            rules += ["--keep-tag", tags]
    if rng.random() < 0.6:
        keys = rng.sample(["host", "paths", "tags"], rng.randint(0, 3))
        rules += ["--group-by", ",".join(keys)]
    for host in rng.sample(HOSTS, rng.choice([0, 0, 0, 1, 2])):
        rules += ["--host", host]
    for tags in rng.sample(TAG_LISTS, rng.choice([0, 0, 0, 1, 2])):
        rules += ["--tag", tags]
    for path in rng.sample(["/srv", "/etc", "/nowhere"], rng.choice([0, 0, 0, 0, 1, 2])):
        rules += ["--path", path]
    return rules


def told_by_restic(restic: Program, policy: list[str]) -> list[Group]:
    out = restic("forget", "--dry-run", "--no-lock", "--json", *policy).out
    groups = []
    for told in json.loads(out) if out else []:
        kept = zip(told["keep"] or [], told["reasons"] or [], strict=True)
        group: Group = {}
        for snapshot, why in kept:
            assert snapshot["time"] == why["snapshot"]["time"]
            group[snapshot["id"]] = tuple(map(as_we_say_it, why["matches"]))
        groups.append(group | {gone["id"]: () for gone in told["remove"] or []})
    return groups


def as_we_say_it(reason: str) -> str:
    """restic lists tags in brackets."""
    found = re.fullmatch(r"has tags \[(.*)\]", reason)
    return f"has tags {found[1].replace(', ', ',')}" if found else reason


def told_by_us(sapdr: Program, policy: list[str]) -> list[Group]:
    arguments = ["--dry-run", "--no-lock", "--json", "--unsafe-allow-remove-all", *policy]
    groups: dict[int, Group] = {}
    for event in sapdr("forget", *arguments).events("decision"):
        assert event["keep"] == bool(event["reasons"])
        groups.setdefault(event["group"], {})[event["id"]] = tuple(event["reasons"])
    return list(groups.values())


def as_before_0_16(groups: list[Group]) -> list[Group]:
    """Without the rule that the oldest snapshot stays while counts are left, which restic has since
    0.16. It is for the last one of a group only."""
    without = []
    for group in groups:
        *newer, oldest = group
        assert not any(why.startswith("oldest ") for id in newer for why in group[id])
        reasons = tuple(why for why in group[oldest] if not why.startswith("oldest "))
        without.append(group | {oldest: reasons})
    return without


def by_ids(groups: list[Group]) -> list[Any]:
    return sorted(sorted(group.items()) for group in groups)


def test_restic_decides_the_same(bench: Workbench, rng: random.Random) -> None:
    crafted = CraftedRepository(bench.folder / "crafted")
    known = [zone for zone in ZONES if Path("/usr/share/zoneinfo", zone).is_file()]
    zone = rng.choice(known or ["UTC"])
    n_snapshots = make_snapshots(crafted, rng, zone)
    print(f"{n_snapshots} snapshots, in the zone {zone}")
    restic, sapdr = bench.restic(crafted.folder), bench.sapdr(crafted.folder)
    restic, sapdr = (replace(p, environment=p.environment | {"TZ": zone}) for p in (restic, sapdr))
    kept = removed = 0
    for _ in range(60):
        policy = make_policy(rng)
        ours = as_before_0_16(told_by_us(sapdr, policy))
        theirs = told_by_restic(restic, policy)
        assert by_ids(ours) == by_ids(theirs), " ".join(policy)
        reasons = [why for group in ours for why in group.values()]
        kept += sum(map(bool, reasons))
        removed += reasons.count(())
    assert kept > 500 and removed > 500, "policies that decide nothing prove nothing"


@pytest.mark.parametrize("names", [["latest"], ["latest", "--host", "beta"], ["latest"] * 2])
def test_restic_finds_the_same_snapshots_by_name(
    bench: Workbench, rng: random.Random, names: list[str]
) -> None:
    crafted = CraftedRepository(bench.folder / "crafted")
    make_snapshots(crafted, rng, "UTC")
    restic, sapdr = bench.restic(crafted.folder), bench.sapdr(crafted.folder)
    told = restic("forget", "--dry-run", *names).out
    (named,) = re.findall(r"\{([0-9a-f ]+)\}", told)
    (group,) = told_by_us(sapdr, names)
    assert sorted(id[:8] for id in group) == sorted(named.split())
    assert set(group.values()) == {()}


def test_where_we_refuse_what_restic_0_14_does(bench: Workbench) -> None:
    """docs/FORMAT.md names these."""
    crafted = CraftedRepository(bench.folder / "crafted")
    crafted.snapshot(crafted.tree(node("file")))
    restic, sapdr = bench.restic(crafted.folder), bench.sapdr(crafted.folder)
    cases: list[list[str]] = [
        [],  # restic: nothing goes
        ["--keep-last=-1"],  # restic: all go
        ["--keep-within=-1d"],  # restic: all go
        ["--keep-tag", "none"],  # restic: all go, the last one too
        ["--keep-last", "1", "latest"],  # restic: it goes, whatever the rule says
    ]
    for arguments in cases:
        restic("forget", "--dry-run", *arguments)
        sapdr("forget", "--dry-run", *arguments, expect=20)
    restic("forget", "--dry-run", "--keep-last", "unlimited", expect=1)
    sapdr("forget", "--dry-run", "--keep-last", "unlimited")


def test_periods_are_those_of_the_local_calendar(bench: Workbench) -> None:
    """restic 0.14 takes the zone that each snapshot was written in."""
    crafted = CraftedRepository(bench.folder / "crafted")
    tree = crafted.tree(node("file"))
    for at in ("2026-11-20T23:30:00Z", "2026-11-21T02:00:00+05:30", "2026-11-20T12:00:00Z"):
        crafted.snapshot(tree, time=at)
    sapdr = bench.sapdr(crafted.folder)
    sapdr = replace(sapdr, environment=sapdr.environment | {"TZ": "UTC"})
    events = sapdr("forget", "-n", "--json", "--keep-daily", "1").events("decision")
    assert [e["keep"] for e in events] == [True, False, False]
    (ours,) = told_by_us(sapdr, ["--keep-daily", "1000"])
    assert sorted(ours.values()) == [(), ("daily snapshot",), ("oldest daily snapshot",)]
