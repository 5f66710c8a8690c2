"""Points in time: what backups of MongoDB that were made while it was used give back, at any moment
that they promise; and what they say when they cannot."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from bson import Timestamp
from commands import Result
from history import seeded
from mongo_bench import (
    GAP,
    READ,
    MongoBench,
    empty,
    finished,
    require_as_recorded,
    require_as_served,
)
from mongo_tree import Document, MongoTree, Replay, differences, part_of, state_of
from mongo_writer import Record, Writer
from mongod import Client, ReplicaSet
from waiting import until
from workbench import Workbench

DB = "tested"
N_POINTS = 50


@pytest.fixture(scope="module")
def servers() -> Iterator[ReplicaSet]:
    with ReplicaSet() as started:
        yield started


@pytest.fixture
def client(servers: ReplicaSet) -> Client:
    client = servers.client()
    empty(client)
    return client


@pytest.fixture
def mongo(bench: Workbench, servers: ReplicaSet, client: Client) -> MongoBench:
    return MongoBench(bench, servers)


@pytest.fixture
def tiny(bench: Workbench) -> Iterator[MongoBench]:
    """Its oplog has room for very little."""
    with ReplicaSet(tiny_oplog=True) as servers:
        servers.client()[DB]["things"].insert_many([{"_id": n} for n in range(100)])
        yield MongoBench(bench, servers)


def some_of(records: list[Record], tree: MongoTree, seed: int) -> list[Record]:
    """As many as are looked at, of those that can be restored."""
    first, last = tree.time("consistent"), tree.time("last")
    known = [each for each in records if first <= each.time <= last]
    return random.Random(seed).sample(known, min(N_POINTS, len(known)))


@contextmanager
def late(servers: ReplicaSet, milliseconds: int) -> Iterator[None]:
    """Each answer to a read takes so long: so there is time for a lot to happen meanwhile."""
    with servers.failing(*READ, mode="alwaysOn", blockConnection=True, blockTimeMS=milliseconds):
        yield


def test_any_time_while_it_is_used(mongo: MongoBench, servers: ReplicaSet, client: Client) -> None:
    seed = seeded().randrange(1 << 30)
    with Writer(client, "one", seed) as one, Writer(client, "other", seed) as other:
        writers = (one, other)
        trees = []
        with late(servers, 30):
            for _ in range(4):
                so_far = len(one.records)
                until(lambda n=so_far: one.has_recorded(n + 40))  # type: ignore[misc]
                trees.append(mongo.tree(mongo.backup()))
    begins = {tree.time("begin") for tree in trees}
    assert len(begins) == 1, "it was not incremental"
    assert len({tree.time("last") for tree in trees}) == len(trees)
    first, *_, last = trees
    assert first.time("begin") < first.time("consistent"), "nothing was written meanwhile"
    for writer in writers:
        points = some_of(writer.records, last, seed)
        assert require_as_recorded(last, points, *writer.dbs) == N_POINTS
        for tree in trees:
            require_as_recorded(tree, some_of(writer.records, tree, seed), *writer.dbs)


def test_every_full_backup_while_it_is_used(
    mongo: MongoBench, servers: ReplicaSet, client: Client
) -> None:
    seed = seeded().randrange(1 << 30)
    with Writer(client, "one", seed) as writer:
        trees = []
        for milliseconds in (0, 5, 20, 50):
            with late(servers, milliseconds):
                result = mongo.backup("--full")
            trees.append(mongo.tree(result))
        so_far = len(writer.records)
        until(lambda: writer.has_recorded(so_far + 5))
        trees.append(mongo.tree(mongo.backup()))
    assert len({tree.time("begin") for tree in trees}) == len(trees) - 1
    for tree in trees:
        require_as_recorded(tree, writer.records, *writer.dbs)
    assert require_as_recorded(trees[-1], writer.records, *writer.dbs) >= 5


def test_an_incremental_backup_has_the_same_data_and_more_of_the_oplog(
    mongo: MongoBench, client: Client
) -> None:
    things = client[DB]["things"]
    things.insert_many([{"_id": n, "x": random.Random(n).randbytes(500)} for n in range(20_000)])
    full = mongo.backup()
    things.update_one({"_id": 1}, {"$set": {"x": "new"}})
    more = mongo.backup()
    assert more.summary["backup"]["bytes_read"] < 1_000_000 < full.summary["backup"]["bytes_read"]
    one, other = mongo.tree(full), mongo.tree(more)
    assert one.data_file(DB, "things").read_bytes() == other.data_file(DB, "things").read_bytes()
    assert other.oplog()[: len(one.oplog())] == one.oplog()
    assert len(other.oplog()) > len(one.oplog())
    assert other.time("consistent") == one.time("consistent")
    for tree in (one, other):
        assert tree.capture["oplog_entries"] == len(tree.oplog())
        assert tree.capture["oplog_bytes"] == (tree.root / "oplog.bson").stat().st_size
    wrong = differences(part_of(Replay(other).to(other.time("last")), DB), state_of(client, DB))
    assert not wrong


def test_nothing_happened_in_between(mongo: MongoBench, client: Client) -> None:
    client[DB]["things"].insert_one({"_id": 1})
    trees = [mongo.tree(mongo.backup()) for _ in range(3)]
    for tree in trees:
        wrong = differences(part_of(Replay(tree).to(tree.time("last")), DB), state_of(client, DB))
        assert not wrong
    assert len({tree.time("begin") for tree in trees}) == 1


def test_full_if_it_is_asked_for(mongo: MongoBench, client: Client) -> None:
    client[DB]["things"].insert_one({"_id": 1})
    first = mongo.tree(mongo.backup())
    client[DB]["things"].insert_one({"_id": 2})
    second = mongo.backup("--full")
    tree = mongo.tree(second)
    require_as_served(tree, client)
    assert tree.time("begin") > first.time("last")


def test_another_part_is_another_history(mongo: MongoBench, client: Client) -> None:
    for db in ("one", "two"):
        client[db]["things"].insert_one({"_id": db})
    whole = mongo.tree(mongo.backup())
    client["two"]["things"].insert_one({"_id": "new"})
    part = mongo.tree(mongo.backup("--include", "one"))
    assert [each.ns for each in part.collections] == ["one.things"]
    assert part.time("begin") > whole.time("begin")
    client["one"]["things"].insert_one({"_id": "new"})
    again = mongo.tree(mongo.backup())
    assert again.time("begin") == whole.time("begin")
    part_again = mongo.tree(mongo.backup("--include", "one"))
    assert part_again.time("begin") == part.time("begin")
    wrong = differences(
        part_of(Replay(part_again).to(part_again.time("last")), "one"), state_of(client, "one")
    )
    assert not wrong


def test_another_deployment_of_the_same_name_is_not_this_one(
    mongo: MongoBench, bench: Workbench, client: Client
) -> None:
    client[DB]["things"].insert_one({"_id": "here"})
    mongo.backup()
    with ReplicaSet() as servers:
        servers.client()[DB]["things"].insert_one({"_id": "there"})
        other = MongoBench(bench, servers, mongo.repository)
        require_as_served(mongo.tree(other.backup()), servers.client())
    assert len(mongo.timeline()) == 2


STEPS: list[Document] = [
    {"create": "new"},
    {"insert": "new", "documents": [{"_id": 1}]},
    {"renameCollection": f"{DB}.c3", "to": f"{DB}.zzz"},
    {"create": "c3"},
    {"insert": "c3", "documents": [{"_id": "another c3"}]},
    {"renameCollection": f"{DB}.c7", "to": f"{DB}.c2", "dropTarget": True},
    {"drop": "c9"},
    {"drop": "c1"},
    {"insert": "c1", "documents": [{"_id": "another c1"}]},
    {"renameCollection": f"{DB}.c8", "to": f"{DB}2.c8"},
    {"renameCollection": f"{DB}.c0", "to": f"{DB}.swap"},
    {"renameCollection": f"{DB}.c6", "to": f"{DB}.c0"},
    {"renameCollection": f"{DB}.swap", "to": f"{DB}.c6"},
    {"convertToCapped": "c5", "size": 10_000},
    {"update": "c4", "updates": [{"q": {}, "u": {"$set": {"x": 1}}, "multi": True}]},
    {"dropDatabase": 1},
    {"insert": "c0", "documents": [{"_id": "after all"}]},
]


@pytest.mark.parametrize("n_steps", [8, 13, len(STEPS)])
def test_collections_come_and_go_while_they_are_read(
    mongo: MongoBench, servers: ReplicaSet, client: Client, n_steps: int
) -> None:
    for name in (f"c{n}" for n in range(10)):
        client[DB][name].insert_many([{"_id": n, "c": name} for n in range(300)])
    records = []

    def change() -> None:
        """One step after the other, as soon as data is read."""
        until(lambda: servers.serving("find"))
        for step in STEPS[:n_steps]:
            db = client.admin if "renameCollection" in step else client[DB]
            db.command(step)
            time.sleep(0.05)
            records.append(Record(servers.last_time(), state_of(client, DB, f"{DB}2")))

    changes = threading.Thread(target=change)
    with late(servers, 150):
        changes.start()
        results = [mongo.backup()]
        changes.join()
        results.append(mongo.backup())
    assert len(records) == n_steps
    for result in results:
        assert require_as_recorded(mongo.tree(result), records, DB, f"{DB}2"), "all was earlier"


def test_a_transaction_of_several_entries(
    mongo: MongoBench, servers: ReplicaSet, client: Client
) -> None:
    """One is open when the backup begins, and commits while it runs; another one later."""
    things = client[DB]["things"]
    things.insert_many([{"_id": n, "amount": 1} for n in range(2)])

    def move(session: Any, name: str) -> None:
        things.update_one({"_id": 0}, {"$inc": {"amount": -1}}, session=session)
        for n in range(4):
            large = {"_id": f"{name} {n}", "x": random.Random(n).randbytes(7 << 20)}
            things.insert_one(large, session=session)
        things.update_one({"_id": 1}, {"$inc": {"amount": 1}}, session=session)

    with client.start_session() as session, late(servers, 200):
        session.start_transaction()
        move(session, "open")
        process = mongo.start()
        until(lambda: servers.serving("find"))
        session.commit_transaction()
        first = mongo.tree(finished(process))
    with client.start_session() as session, session.start_transaction():
        move(session, "later")
    second = mongo.tree(mongo.backup())
    assert second.time("begin") == first.time("begin")
    for tree in (first, second):
        replay = Replay(tree)
        first_time = tree.time("consistent")
        later = {entry["ts"] for entry in tree.oplog() if entry["ts"] > first_time}
        for each in sorted(later | {first_time}):
            n_there = len(replay.to(each)[f"{DB}.things"])
            assert n_there in (2, 6, 10), f"a part of a transaction at {each}"
    assert not differences(part_of(replay.to(second.time("last")), DB), state_of(client, DB))


def time_of(shown: Document) -> Timestamp:
    return Timestamp(shown["t"], shown["i"])


def test_an_oplog_that_went_on_without_us(tiny: MongoBench) -> None:
    servers = tiny.servers
    assert isinstance(servers, ReplicaSet)
    client = servers.client()
    first = tiny.tree(tiny.backup())
    client[DB]["things"].insert_one({"_id": "new"})
    second = tiny.backup()
    assert tiny.tree(second).time("begin") == first.time("begin")
    client[DB]["things"].insert_one({"_id": "newer"})
    servers.roll_oplog()
    third = tiny.backup(expect=GAP)
    assert third.summary["status"] == "SAPDR_E_GAP"
    tree = tiny.tree(third)
    require_as_served(tree, client)
    assert tree.time("begin") > tiny.tree(second).time("last")
    assert tiny.backup().code == 0, "it is told once"
    before, after = tiny.timeline()
    for each in (before, after):
        assert each["replica_set"] == servers.name
        assert each["replica_set_id"] == tree.capture["replica_set_id"]
        assert len(each["snapshot_ids"]) == 2
    assert time_of(before["from"]) == first.time("consistent")
    assert time_of(before["to"]) == tiny.tree(second).time("last")
    assert time_of(after["from"]) == tree.time("consistent")
    tiny.sapdr("check", "--read-data")


def test_an_oplog_that_goes_on_while_data_is_read(tiny: MongoBench) -> None:
    """Either nothing of it was missed, or there is no snapshot that says so."""
    servers = tiny.servers
    assert isinstance(servers, ReplicaSet)
    client = servers.client()
    for n in range(10):
        client[DB][f"more {n}"].insert_many([{"_id": n} for n in range(200)])
    with late(servers, 300):
        process = tiny.start()
        until(lambda: servers.serving("find"))
        client[DB]["things"].update_many({}, {"$set": {"x": 1}})
        servers.roll_oplog()
        client[DB]["things"].update_many({}, {"$set": {"x": 2}})
    out, err = process.communicate(timeout=240)
    result = Result(process.returncode, out.decode(), err.decode())
    if result.code == 0:
        tree = tiny.tree(result)
        state = part_of(Replay(tree).to(tree.time("last")), DB)
        assert not differences(state, state_of(client, DB))
    else:
        assert "oplog" in result.err.splitlines()[-1], result.err
        assert not tiny.snapshots()
    tiny.sapdr("check")


def test_points_in_time_are_listed_for_people(mongo: MongoBench, client: Client) -> None:
    client[DB]["things"].insert_one({"_id": 1})
    mongo.backup()
    shown = mongo.sapdr("mongodb", "timeline").out
    assert "rs" in shown
    tree = mongo.tree_of(mongo.snapshots()[0]["id"])
    (range_,) = mongo.timeline()
    assert time_of(range_["from"]) == tree.time("consistent")
    assert time_of(range_["to"]) == tree.time("last")
    assert range_["snapshot_ids"] == [mongo.snapshots()[0]["id"]]
