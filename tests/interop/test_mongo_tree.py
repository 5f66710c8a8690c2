"""The reader of MongoDB's trees, with which backups are judged, against a real server: what it
makes of an oplog is what the server has."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Timestamp
from history import seeded
from mongo_bench import raw, require_as_recorded
from mongo_tree import (
    Damage,
    Document,
    MongoTree,
    Replay,
    apply_diff,
    differences,
    file_stem,
    state_of,
)
from mongo_writer import Record, Writer
from mongod import Client, ReplicaSet
from pymongo.errors import OperationFailure
from waiting import until

DB = "tested"


@pytest.fixture(scope="module")
def servers() -> Iterator[ReplicaSet]:
    with ReplicaSet() as started:
        yield started


@pytest.fixture
def client(servers: ReplicaSet) -> Client:
    client = servers.client()
    client.drop_database(DB)
    return client


class Dump:
    """A backup of MongoDB as simple as can be: each collection is read as it happens to be."""

    def __init__(self, servers: ReplicaSet, root: Path, *dbs: str) -> None:
        self._client, self._root = servers.client(), root
        self._last_time = servers.last_time
        self._begin = self._last_time()
        root.mkdir()
        self._collections = [found for db in dbs for found in self._dump_database(db)]
        self._consistent = self._last_time()

    def finish(self) -> MongoTree:
        """With the oplog up to now."""
        last = self._last_time()
        within = {"ts": {"$gte": self._begin, "$lte": last}}
        entries = raw(self._client, "local", "oplog.rs").find(within)
        (self._root / "oplog.bson").write_bytes(b"".join(entry.raw for entry in entries))
        times = {"begin": self._begin, "consistent": self._consistent, "last": last}
        record = {name: {"t": time.time, "i": time.inc} for name, time in times.items()}
        capture = {"format": 1, **record, "collections": self._collections}
        (self._root / "capture.json").write_text(json.dumps(capture))
        return MongoTree(self._root)

    def _dump_database(self, db: str) -> Iterator[Document]:
        (self._root / db).mkdir()
        for listed in self._client[db].list_collections():
            name = listed["name"]
            if listed["type"] != "collection" or name == "system.views":
                continue
            try:
                documents = self._documents(db, listed["info"]["uuid"])
            except OperationFailure:
                continue  # it is gone
            (self._root / db / f"{file_stem(name)}.bson").write_bytes(b"".join(documents))
            yield {
                "db": db,
                "collection": name,
                "uuid": bytes(listed["info"]["uuid"]).hex(),
                "type": "collection",
                "documents": len(documents),
                "bytes": sum(map(len, documents)),
            }

    def _documents(self, db: str, uuid: bytes) -> list[bytes]:
        """By its UUID, since its name may be another one's by now; in small steps."""
        codec: Any = raw(self._client, db, "any").codec_options
        command: Document = {"find": uuid, "batchSize": 5}
        cursor = self._client[db].command(command, codec_options=codec)["cursor"]
        documents = [each.raw for each in cursor["firstBatch"]]
        while cursor["id"]:
            name = cursor["ns"].split(".", 1)[1]
            more = {"getMore": cursor["id"], "collection": name, "batchSize": 5}
            cursor = self._client[db].command(more, codec_options=codec)["cursor"]
            documents += [each.raw for each in cursor["nextBatch"]]
        return documents


def recorded(servers: ReplicaSet, *dbs: str) -> Record:
    return Record(servers.last_time(), state_of(servers.client(), *dbs))


def require_replayed(tree: MongoTree, records: Sequence[Record]) -> None:
    replay = Replay(tree)
    for record in records:
        wrong = differences(replay.to(record.time), record.state)
        assert not wrong, f"at {record.time}:\n" + "\n".join(wrong)


UPDATES: list[Any] = [
    {"$set": {"a": 5}},
    {"$set": {"a": "another type", "new": [1, {"x": 2}]}},
    {"$set": {"object.x.y": {"deep": []}, "object.new": 1}},
    {"$unset": {"object.x": 1, "b": 1}},
    {"$unset": {"object": 1}},
    {"$rename": {"a": "renamed"}},
    {"$inc": {"number": 2**40}},
    {"$push": {"array": {"$each": [1, 2], "$position": 0}}},
    {"$push": {"array": {"$each": [], "$slice": 2}}},
    {"$push": {"array": {"$each": [], "$sort": -1}}},
    {"$pull": {"array": 2}},
    {"$pop": {"array": 1}},
    {"$set": {"array": []}},
    {"$set": {"array.12": "far beyond its end"}},
    {"$set": {"array.1": {"in": "the middle"}}},
    {"$set": {"objects.0.n": 5, "objects.2.more.1": "x", "objects.2.more.4": "y"}},
    {"$push": {"objects.1.more": {"$each": list(range(20))}}},
    {"$unset": {"objects.0.n": 1, "objects.1": 1}},
    {"$set": {"objects.0": [1], "object": {"all": "new"}}},
    {"$set": {"s": 1, "u": {"i": 1}, "d": {"s": {"u": 1}}}},
    {"$set": {"u.i": 2, "d.s.u": 3}},
    [{"$set": {"b": {"$add": ["$number", 1]}, "array": {"$reverseArray": "$array"}}}],
    [{"$unset": ["a", "object"]}, {"$set": {"a": "$objects", "object": {"$literal": {}}}}],
    [{"$replaceWith": {"_id": "$_id", "little": "is left", "object": "$$ROOT"}}],
]


def test_each_kind_of_update(servers: ReplicaSet, client: Client, tmp_path: Path) -> None:
    shape = {
        "a": 1,
        "object": {"x": {"y": 1, "z": 2}, "last": 0},
        "array": [3, 1, 2],
        "objects": [{"n": n, "more": [1, 2]} for n in range(3)],
        "long": "x" * 2000,  # else the whole document is less than a diff
        "number": 1,
        "b": 2,
    }
    things = client[DB]["things"]
    things.insert_many([{"_id": n, **shape} for n in range(len(UPDATES))])
    things.insert_one({"_id": "all of them", **shape})
    dump = Dump(servers, tmp_path / "dump", DB)
    records = []
    for n, update in enumerate(UPDATES):
        changed = things.update_one({"_id": n}, update).modified_count
        assert changed == 1, update
        records.append(recorded(servers, DB))
        things.update_one({"_id": "all of them"}, update)
        records.append(recorded(servers, DB))
    tree = dump.finish()
    updates = [each["o"] for each in tree.oplog() if each["op"] == "u"]
    assert sum(each.get("$v") == 2 for each in updates) >= 2 * len(UPDATES) - 4, "no diffs"
    require_replayed(tree, records)


def collections_come_and_go(client: Client) -> Iterator[None]:
    """One step for each thing that happens."""
    db, admin = client[DB], client.admin

    def rename(source: str, target: str, **options: Any) -> None:
        admin.command({"renameCollection": source, "to": target, **options})

    db["a"].insert_one({"_id": 1})
    yield
    db.create_collection("b", capped=True, size=10_000)
    yield
    db["b"].insert_many([{"_id": n, "x": "y" * 1000} for n in range(30)])
    yield
    rename(f"{DB}.a", f"{DB}.c")
    yield
    db["a"].insert_one({"_id": 2})
    yield
    rename(f"{DB}.c", f"{DB}.a", dropTarget=True)
    yield
    rename(f"{DB}.a", f"{DB}.dots.and spaces")
    yield
    db["dots.and spaces"].create_index("x")
    yield
    db.command("convertToCapped", "dots.and spaces", size=20_000)
    yield
    db["dots.and spaces"].insert_one({"_id": 5})
    yield
    db.create_collection("view", viewOn="b", pipeline=[])
    yield
    db.create_collection("series", timeseries={"timeField": "t", "metaField": "m"})
    yield
    db.command("collMod", "b", validator={"x": {"$exists": True}})
    yield
    db["b"].drop()
    yield
    with client.start_session() as session, session.start_transaction():
        db["in a transaction"].insert_one({"_id": 1}, session=session)
        db["another"].insert_one({"_id": 1}, session=session)
    yield
    entry = {"op": "i", "ns": f"{DB}.applied", "o": {"_id": 1}}
    db.create_collection("applied")
    admin.command("applyOps", [entry, entry | {"o": {"_id": 2}}])
    yield
    rename(f"{DB}.applied", f"{DB}_other.applied")
    yield
    client.drop_database(DB)
    yield
    db["a"].insert_one({"_id": "again"})
    yield


def test_collections_come_and_go(servers: ReplicaSet, client: Client, tmp_path: Path) -> None:
    dump = Dump(servers, tmp_path / "dump", DB)
    records = [recorded(servers, DB, f"{DB}_other") for _ in collections_come_and_go(client)]
    client.drop_database(f"{DB}_other")
    require_replayed(dump.finish(), records)


def test_a_transaction_of_several_entries(
    servers: ReplicaSet, client: Client, tmp_path: Path
) -> None:
    things = client[DB]["things"]
    things.insert_one({"_id": "before"})
    dump = Dump(servers, tmp_path / "dump", DB)
    records = [recorded(servers, DB)]
    for last in ("commits", "aborts"):
        with client.start_session() as session:
            session.start_transaction()
            for n in range(10):
                things.insert_one({"_id": f"{last} {n}"}, session=session)
            things.delete_one({"_id": "before"}, session=session)
            if last == "commits":
                session.commit_transaction()
            else:
                session.abort_transaction()
        records.append(recorded(servers, DB))
    assert len(records[-1].state[f"{DB}.things"]) == 10
    tree = dump.finish()
    parts = [each for each in tree.oplog() if "applyOps" in each["o"]]
    assert len(parts) == 4
    require_replayed(tree, records)
    # No time between its entries has a part of it.
    between = Replay(tree).to(parts[0]["ts"])
    assert not differences(between, records[0].state)


def test_whatever_is_written_while_data_is_read(servers: ReplicaSet, tmp_path: Path) -> None:
    seed = seeded().randrange(1 << 30)
    client = servers.client()
    with Writer(client, "one", seed) as one, Writer(client, "other", seed) as other:
        until(lambda: one.has_recorded(10) and other.has_recorded(10))
        dump = Dump(servers, tmp_path / "dump", *one.dbs, *other.dbs)
        so_far = len(one.records), len(other.records)
        until(lambda: one.has_recorded(so_far[0] + 110) and other.has_recorded(so_far[1] + 110))
    tree = dump.finish()
    assert tree.time("begin") < tree.time("consistent"), "nothing was written meanwhile"
    for writer in (one, other):
        assert require_as_recorded(tree, writer.records, *writer.dbs) >= 100


@pytest.fixture
def small(servers: ReplicaSet, client: Client, tmp_path: Path) -> Path:
    """A tree with one change of each kind."""
    things = client[DB]["things"]
    things.insert_many([{"_id": n} for n in range(3)])
    dump = Dump(servers, tmp_path / "dump", DB)
    things.update_one({"_id": 0}, {"$set": {"x": 1}})
    things.delete_one({"_id": 1})
    things.insert_one({"_id": 3})
    dump.finish()
    return tmp_path / "dump"


def change_oplog(root: Path, change: Callable[[Document], Document | None]) -> None:
    """Nothing: the entry is left out."""
    entries = [change(dict(bson.decode(each.raw))) for each in MongoTree(root).oplog()]
    kept = [bson.encode(each) for each in entries if each is not None]
    (root / "oplog.bson").write_bytes(b"".join(kept))


def replay_all(root: Path) -> None:
    tree = MongoTree(root)
    Replay(tree).to(tree.time("last"))


def test_what_does_not_fit_is_damage(small: Path) -> None:
    replay_all(small)
    data = small / DB / "things.bson"
    intact = data.read_bytes()
    for wrong in (
        bson.encode({"_id": 0}),  # 1 cannot be deleted
        bson.encode({"_id": 1}),  # 0 cannot be updated
        intact + bson.encode({"_id": 3}),  # 3 cannot be inserted
        intact + bson.encode({"_id": 2}),  # 2 is there twice
        intact[:-1],
        intact + b"\0",
    ):
        data.write_bytes(wrong)
        with pytest.raises(Damage):
            replay_all(small)


@pytest.mark.parametrize(
    "changed",
    [
        {"op": "x"},
        {"ui": bson.Binary(b"0123456789abcdef", 4)},
        {"op": "c", "o": {"unknown": 1}},
        {"ts": Timestamp(1, 1)},
    ],
)
def test_an_oplog_that_cannot_be_is_damage(small: Path, changed: Document) -> None:
    change_oplog(small, lambda entry: entry | changed if entry["op"] == "d" else entry)
    with pytest.raises(Damage):
        replay_all(small)


def test_while_data_was_read_entries_may_have_been_applied(small: Path) -> None:
    tree = MongoTree(small)
    last = tree.capture["last"]
    text = json.dumps(tree.capture | {"consistent": last})
    (small / "capture.json").write_text(text)
    (small / DB / "things.bson").write_bytes(bson.encode({"_id": 3}) + bson.encode({"_id": 2}))
    replayed = Replay(MongoTree(small)).to(tree.time("last"))
    assert len(replayed[f"{DB}.things"]) == 2


def test_a_diff_that_is_older_than_the_document() -> None:
    """Such a part of it has no effect, or one that the next entries undo."""
    assert apply_diff({"a": 1}, {"sa": {"u": {"x": 1}}}) == {"a": 1}
    assert apply_diff({"a": {}}, {"sa": {"a": True, "u0": 1}}) == {"a": {}}
    assert apply_diff({"a": [0]}, {"sa": {"a": True, "s3": {"u": {"x": 1}}}}) == {
        "a": [0, None, None, None]
    }
    assert apply_diff({"a": 1}, {"d": {"b": False}, "u": {"c": 2}}) == {"a": 1, "c": 2}
    assert list(apply_diff({"a": 1, "b": 2}, {"i": {"a": 3}})) == ["b", "a"]


def test_names_of_files() -> None:
    assert file_stem("plain-name_1.~") == "plain-name_1.~"
    assert file_stem("a b/c%d+é") == "a+b%2Fc%25d%2B%C3%A9"
    assert file_stem("x" * 238) == "x" * 238
    assert file_stem("x" * 239) == "x" * 208 + "%24Nq75d-cu3iRxNs-ce3Tvf9gagoU"
