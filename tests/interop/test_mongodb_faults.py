"""Backups of MongoDB while servers and networks fail: they go on and are right, or end in time and
leave a repository that is sound."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator

import pytest
from history import seeded
from mongo_bench import READ, MongoBench, empty, finished, require_as_recorded, require_as_served
from mongo_tree import Document
from mongo_writer import Writer, total_of
from mongod import Client, ReplicaSet
from waiting import until
from workbench import Workbench

DB = "tested"
ALWAYS = 1 << 30


@pytest.fixture(scope="module")
def three() -> Iterator[ReplicaSet]:
    with ReplicaSet(3) as started:
        yield started


@pytest.fixture
def servers(three: ReplicaSet) -> Iterator[ReplicaSet]:
    """All members run when a test begins."""
    yield three
    for member in three.members:
        if not member.is_running:
            three.restart(member)


@pytest.fixture
def client(servers: ReplicaSet) -> Client:
    """Of servers with some megabytes of data in many collections."""
    client = servers.client()
    empty(client)
    for n in range(20):
        draw = random.Random(n)
        many = [{"_id": i, "x": draw.randbytes(1000)} for i in range(300)]
        client[DB][f"c{n}"].insert_many(many)
    return client


@pytest.fixture
def mongo(bench: Workbench, servers: ReplicaSet, client: Client) -> MongoBench:
    return MongoBench(bench, servers)


ERRORS: list[Document] = [
    {"closeConnection": True},
    {"errorCode": 11602},  # interrupted since the member is another one now
    {"errorCode": 189},  # the primary stepped down
    {"errorCode": 91},  # it shuts down
    {"errorCode": 43},  # it does not know the cursor
    {"errorCode": 175},  # something happened to the collection
    {"errorCode": 134},  # what the majority has is not known yet
    {"errorCode": 262},  # it took too long
]


@pytest.mark.parametrize("how", ERRORS, ids=str)
def test_reads_that_fail_for_a_moment(
    mongo: MongoBench, servers: ReplicaSet, client: Client, how: Document
) -> None:
    with servers.failing(*READ, mode={"times": 4}, **how):
        tree = mongo.tree(mongo.backup())
    require_as_served(tree, client)


def test_a_bad_network(mongo: MongoBench, servers: ReplicaSet, client: Client) -> None:
    seed = seeded().randrange(1 << 30)
    with Writer(client, "one", seed) as writer:
        often = {"activationProbability": 0.15}
        with servers.failing(*READ, mode=often, closeConnection=True):
            results = [mongo.backup(), mongo.backup()]
    for tree in map(mongo.tree, results):
        require_as_recorded(tree, writer.records, *writer.dbs)


@pytest.mark.parametrize("preference", ["secondaryPreferred", "primary"])
def test_a_primary_that_steps_down(
    mongo: MongoBench, servers: ReplicaSet, client: Client, preference: str
) -> None:
    seed = seeded().randrange(1 << 30)
    sapdr = mongo.sapdr_with(servers.uri_of(readPreference=preference))
    with Writer(client, "one", seed) as writer:
        with servers.failing(*READ, mode="alwaysOn", blockConnection=True, blockTimeMS=150):
            process = sapdr.start("mongodb", "backup", "--json")
            until(lambda: servers.serving("find"))
            time.sleep(1)
            servers.step_down()
            first = finished(process)
        so_far = len(writer.records)
        until(lambda: writer.has_recorded(so_far + 20))
        second = mongo.backup()
    for result in (first, second):
        tree = mongo.tree(result)
        assert require_as_recorded(tree, writer.records, *writer.dbs), "nothing was compared"
    totals = {total_of(record.state, writer.dbs[0]) for record in writer.records}
    assert len(totals) == 1
    mongo.sapdr("check", "--read-data")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("seconds", [0.2, 1.5])
def test_a_backup_that_is_killed(
    mongo: MongoBench,
    servers: ReplicaSet,
    client: Client,
    how: signal.Signals,
    seconds: float,
) -> None:
    with servers.failing(*READ, mode="alwaysOn", blockConnection=True, blockTimeMS=100):
        process = mongo.start()
        until(lambda: servers.serving("find"))
        time.sleep(seconds)
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
    assert process.returncode == (-how if how == signal.SIGKILL else 130), err.decode()
    assert not mongo.snapshots()
    mongo.sapdr("unlock")  # what a killed process holds counts as stale on its host
    mongo.sapdr("check", "--read-data")
    tree = mongo.tree(mongo.backup())
    require_as_served(tree, client)
    mongo.bench.check_both(mongo.repository)


def test_a_killed_incremental_backup_loses_nothing(
    mongo: MongoBench, servers: ReplicaSet, client: Client
) -> None:
    seed = seeded().randrange(1 << 30)
    with Writer(client, "one", seed) as writer:
        first = mongo.tree(mongo.backup())
        until(lambda: writer.has_recorded(50))
        with servers.failing(*READ, mode="alwaysOn", blockConnection=True, blockTimeMS=400):
            process = mongo.start()
            until(lambda: servers.serving("find"))
            process.kill()
            process.communicate(timeout=60)
        second = mongo.tree(mongo.backup())
    assert second.time("begin") == first.time("begin")
    assert len(mongo.snapshots()) == 2
    assert require_as_recorded(second, writer.records, *writer.dbs) >= 40
