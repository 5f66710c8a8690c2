"""What `sapdr mongodb backup` stores is what a real server has: every type of data and every kind
of collection, in the form of mongodump, byte for byte."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import (
    Binary,
    Code,
    DatetimeMS,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
)
from bson.raw_bson import RawBSONDocument
from commands import INVALID_ARGUMENT
from mongo_bench import MongoBench, empty, raw, require_as_served
from mongo_tree import Document, Replay, differences, file_stem, part_of, state_of
from mongod import Client, ReplicaSet, Standalone
from workbench import Workbench

DB = "tested"
MIB = 1 << 20
LARGEST = 16 * MIB  # of documents


@pytest.fixture(scope="module")
def servers() -> Iterator[ReplicaSet]:
    with ReplicaSet() as started:
        yield started


@pytest.fixture
def client(servers: ReplicaSet) -> Client:
    """Of servers on which nothing is left of other tests."""
    client = servers.client()
    empty(client)
    return client


@pytest.fixture
def mongo(bench: Workbench, servers: ReplicaSet, client: Client) -> MongoBench:
    return MongoBench(bench, servers)


def member(kind: int, name: bytes, value: bytes) -> bytes:
    return bytes([kind]) + name + b"\0" + value


def document(*members: bytes) -> bytes:
    body = b"".join(members)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def text(value: bytes) -> bytes:
    return struct.pack("<i", len(value) + 1) + value + b"\0"


# What PyMongo does not write any more, or never did, and servers store.
ODD_DOCUMENTS = [
    document(member(0x10, b"_id", struct.pack("<i", n)), *members)
    for n, members in enumerate(
        [
            [member(0x06, b"undefined", b"")],
            [member(0x0C, b"pointer", text(b"db.collection") + bytes(range(12)))],
            [member(0x0E, b"symbol", text(b"symbol"))],
            [member(0x0D, b"code", text(b"function() {}"))],
            [member(0x0F, b"scoped", struct.pack("<i", 4 + 4 + 2 + 5) + text(b"x") + document())],
            [member(0x05, b"old", struct.pack("<iBi", 7, 2, 3) + b"abc")],
            [member(0x05, b"own", struct.pack("<iB", 3, 0x80) + b"abc")],
            [member(0x05, b"nothing", struct.pack("<iB", 0, 0))],
            [member(0x02, b"not utf-8", text(b"\xff\xfe\x80"))],
            [member(0x02, b"nul", text(b"a\0b"))],
            [member(0x01, b"nan", struct.pack("<Q", 0x7FF8_0000_DEAD_BEEF))],
            [member(0x01, b"negative zero", struct.pack("<d", -0.0))],
            [member(0x01, b"infinite", struct.pack("<d", float("inf")))],
            [member(0x08, b"true", b"\x01"), member(0x0A, b"null", b"")],
            [member(0x0B, b"regular", b"^a.*$\0imsx\0")],
            [member(0x09, b"early", struct.pack("<q", -(1 << 63)))],
            [member(0x10, b"twice", bytes(4)), member(0x10, b"twice", bytes(4))],
            [member(0x04, b"odd array", document(member(0x10, b"7", bytes(4))))],
            [member(0x10, b"", bytes(4))],
        ]
    )
]

VALUES: list[Any] = [
    *(1.5, "text", "", "é漢\U0001f4be", {}, {"a": {"b": []}}, [], [1, [2, [3]]], b"bytes"),
    *(Binary(bytes(16), 4), Binary(bytes(16), 3), Binary(b"abc", 5), Binary(bytes(4), 6)),
    *(ObjectId(), True, False, datetime(1960, 1, 1, tzinfo=UTC), DatetimeMS((1 << 63) - 1), None),
    *(Regex("a|b", "im"), Code("x"), Code("x", {"y": 1}), 1, -(1 << 31), Int64(1), Int64(1 << 62)),
    *(
        Timestamp(1, 2),
        Decimal128("1.10"),
        Decimal128("NaN"),
        Decimal128("-0E+3"),
        MinKey(),
        MaxKey(),
    ),
    *({"$ref": "a", "$id": 1}, {"dotted.name": 1}, {"$dollar": 1}),
]


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"x": value}
    return value


def test_every_type(mongo: MongoBench, client: Client) -> None:
    client[DB]["values"].insert_many([{"value": each} for each in [*VALUES, nested(150)]])
    ids = [*VALUES[:4], {"a": 1, "b": [1]}, {"b": [1], "a": 1}, *VALUES[8:11], MinKey(), MaxKey()]
    ids += [None, True, 7, Int64(1 << 40), 7.5, Decimal128("7.25"), ObjectId(), Timestamp(3, 4)]
    client[DB]["ids"].insert_many([{"_id": each} for each in ids])
    odd = raw(client, DB, "odd")
    odd.insert_many([RawBSONDocument(each) for each in ODD_DOCUMENTS])
    require_as_served(mongo.tree(mongo.backup()), client)


def test_an_odd_document_that_is_written_later(mongo: MongoBench, client: Client) -> None:
    client[DB].create_collection("odd")
    mongo.backup()
    odd = raw(client, DB, "odd")
    odd.insert_many([RawBSONDocument(each) for each in ODD_DOCUMENTS])
    tree = mongo.tree(mongo.backup())
    inserted = [each["o"].raw for each in tree.oplog() if each["op"] == "i"]
    assert inserted == ODD_DOCUMENTS


def large(n: int, size: int = LARGEST) -> bytes:
    """A document of this size."""
    rest = size - len(bson.encode({"_id": n, "x": b""}))
    return bson.encode({"_id": n, "x": random.Random(n).randbytes(rest)})


def test_the_largest_documents(mongo: MongoBench, client: Client) -> None:
    collection = raw(client, DB, "large")
    for n in range(3):
        collection.insert_one(RawBSONDocument(large(n)))
    collection.insert_many([RawBSONDocument(large(10 + n, 100)) for n in range(1000)])
    require_as_served(mongo.tree(mongo.backup()), client)
    # Entries of the oplog may be larger than documents.
    collection.insert_one(RawBSONDocument(large(3)))
    collection.replace_one({"_id": 0}, RawBSONDocument(large(0, LARGEST - 1)))
    tree = mongo.tree(mongo.backup())
    assert max(len(each.raw) for each in tree.oplog()) > LARGEST
    state = part_of(Replay(tree).to(tree.time("last")), DB)
    assert not differences(state, state_of(client, DB))


NAMES = [
    *("a b", "a+b", "a%20b", "a/b", "/", "a.b.c", "ünï 漢字 \U0001f4be", "*?[a-z]"),
    *(
        "quote'\"",
        "back\\slash",
        "new\nline",
        "\x01\x7f",
        "<&>",
        "capture.json",
        "oplog",
        "-rf",
        "~",
    ),
    *("a", "A", "metadata.json", "x.bson", "é", "e\u0301"),
    *("x" * 200, "x" * 239, "x" * 240, "é" * 100, "/" * 79 + "a", "/" * 79 + "b", " " * 239),
]


def test_names(mongo: MongoBench, client: Client) -> None:
    for n, name in enumerate(NAMES):
        client[DB][name].insert_one({"_id": n, "name": name})
    for n, db in enumerate(["d%b", "Ünï漢", "b+c&=", "x" * 63, "oplog", "-"]):
        client[db]["c"].insert_one({"_id": n, "db": db})
    assert len({file_stem(name) for name in NAMES}) == len(NAMES)
    tree = mongo.tree(mongo.backup())
    require_as_served(tree, client)
    mongo.bench.check_both(mongo.repository)


def test_a_thousand_small_collections(mongo: MongoBench, client: Client) -> None:
    for n in range(1000):
        client[f"{DB}{n % 3}"][f"c{n}"].insert_one({"_id": n})
    require_as_served(mongo.tree(mongo.backup()), client)


INDEXES: list[Document] = [
    {"key": {"a": 1, "b.c": -1}},
    {"key": {"unique": 1}, "unique": True, "sparse": True},
    {"key": {"at": 1}, "expireAfterSeconds": 10**6},
    {"key": {"a": 1}, "partialFilterExpression": {"a": {"$gt": Int64(5)}}},
    {"key": {"x": "text", "y": "text"}, "weights": {"x": 3}, "default_language": "german"},
    {"key": {"place": "2dsphere"}, "2dsphereIndexVersion": 3},
    {"key": {"flat": "2d"}, "bits": 20, "min": -10.5, "max": 10},
    {"key": {"hashed": "hashed"}},
    {"key": {"any.$**": 1}},
    {"key": {"$**": 1}, "wildcardProjection": {"a": 1, "z": 1}},
    {"key": {"hidden": 1}, "hidden": True},
    {"key": {"collated": 1}, "collation": {"locale": "fr", "strength": 1}},
    {"key": {"ünï": 1.0, "other": Int64(-1)}},
]

KINDS: dict[str, Document] = {
    "plain": {},
    "capped": {"capped": True, "size": 4096, "max": 20},
    "collated": {"collation": {"locale": "sv", "caseLevel": True}},
    "clustered": {"clusteredIndex": {"key": {"_id": 1}, "unique": True, "name": "own name"}},
    "validated": {
        "validator": {"$jsonSchema": {"required": ["name"], "properties": {"n": {"maximum": 5.0}}}},
        "validationLevel": "moderate",
        "validationAction": "warn",
    },
    "with images": {"changeStreamPreAndPostImages": {"enabled": True}},
    "stored so": {"storageEngine": {"wiredTiger": {"configString": "block_compressor=zlib"}}},
}


def test_every_kind_of_collection(mongo: MongoBench, client: Client) -> None:
    db = client[DB]
    for name, options in KINDS.items():
        db.create_collection(name, **options)
        words = [f"{word}{n}" for n in range(20) for word in ("a", "Å", "z", "B")]
        random.Random(1).shuffle(words)
        db[name].insert_many([{"_id": each, "name": each} for each in words])
    db.create_collection("empty")
    named = [{"name": f'a name with ünï and "{n}"', **each} for n, each in enumerate(INDEXES)]
    db.command("createIndexes", "indexed", indexes=named)
    db["indexed"].insert_one({"_id": 1, "place": {"type": "Point", "coordinates": [1, 2]}})
    db["old"].insert_one({"_id": 1})
    db["old"].create_index("x", unique=True)
    db.command("collMod", "old", validator={"x": {"$exists": True}}, validationAction="warn")
    db.create_collection("view", viewOn="plain", pipeline=[{"$match": {"n": Int64(1)}}])
    db.create_collection("view of view", viewOn="view", pipeline=[])
    db.create_collection("sorted view", viewOn="plain", collation={"locale": "de"})
    db.command("insert", "system.js", documents=[{"_id": "f", "value": Code("function() {}")}])
    db.command("profile", 2)  # makes system.profile, which is the server's own
    db["plain"].find_one()
    db.command("profile", 0)
    require_as_served(mongo.tree(mongo.backup()), client)


def test_time_series(mongo: MongoBench, client: Client) -> None:
    db = client[DB]
    series = {"timeField": "at", "metaField": "sensor", "granularity": "hours"}
    db.create_collection("series", timeseries=series, expireAfterSeconds=10**9)
    db.create_collection("ünï/é", timeseries={"timeField": "t"})
    db["series"].create_index([("sensor.id", 1), ("at", -1)], name="secondary")
    rng = random.Random(3)
    db["series"].insert_many(
        [
            {
                "at": datetime.fromtimestamp(1_700_000_000 + rng.randrange(10**6), UTC),
                "sensor": {"id": rng.randrange(5)},
                "value": rng.random(),
            }
            for _ in range(5000)
        ]
    )
    db["ünï/é"].insert_one({"t": datetime(2026, 1, 1, tzinfo=UTC)})
    tree = mongo.tree(mongo.backup())
    require_as_served(tree, client)
    assert tree.documents(DB, "system.buckets.series")
    assert (
        tree.metadata(DB, "series")["options"]["timeseries"] | series
        == tree.metadata(DB, "series")["options"]["timeseries"]
    )


def test_users_and_roles(mongo: MongoBench, client: Client) -> None:
    client[DB].command("createUser", "somebody", pwd="secret of somebody", roles=["readWrite"])
    client.admin.command("createRole", "some", privileges=[], roles=["backup"])
    tree = mongo.tree(mongo.backup())
    require_as_served(tree, client)
    (user,) = (bson.decode(each) for each in tree.documents("admin", "system.users"))
    assert user["_id"] == f"{DB}.somebody"
    assert tree.documents("admin", "system.roles") and tree.documents("admin", "system.version")
    assert not (tree.root / "local").exists() and not (tree.root / "config").exists()


def test_the_record_of_a_capture(mongo: MongoBench, client: Client, servers: ReplicaSet) -> None:
    client[DB]["things"].insert_one({"_id": 1})
    tree = mongo.tree(mongo.backup())
    (made_at_first,) = client["config"].list_collections(filter={"name": "transactions"})
    capture = tree.capture
    assert capture["format"] == 1
    assert capture["replica_set"] == servers.name == tree.root.name
    assert capture["replica_set_id"] == bytes(made_at_first["info"]["uuid"]).hex()
    assert capture["server_version"] == client.server_info()["version"]
    assert capture["feature_compatibility_version"] == "6.0"
    assert tree.time("begin") <= tree.time("consistent") <= tree.time("last")
    oplog = tree.oplog()
    assert capture["oplog_entries"] == len(oplog)
    assert capture["oplog_bytes"] == (tree.root / "oplog.bson").stat().st_size
    if oplog:
        assert tree.time("begin") <= oplog[0]["ts"] <= oplog[-1]["ts"] == tree.time("last")
    (snapshot,) = mongo.snapshots()
    assert snapshot["paths"] == [f"/mongodb/{servers.name}"]


def test_a_tag_and_a_proof(mongo: MongoBench, client: Client) -> None:
    client[DB]["things"].insert_one({"_id": 1})
    mongo.backup("--tag", "nightly", "--verify")
    (snapshot,) = mongo.snapshots()
    assert snapshot["tags"] == ["nightly"] and snapshot["state"] == "verified"


def test_a_server_with_nothing_in_it(mongo: MongoBench, client: Client) -> None:
    require_as_served(mongo.tree(mongo.backup()), client)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--include", "one"], ["one.a", "one.b", "one.b.c"]),
        (["--include", "one.b"], ["one.b"]),
        (["--include", "one.b*", "--include", "two"], ["one.b", "one.b.c", "two.a"]),
        (["--include", "one", "--exclude", "one.b"], ["one.a", "one.b.c"]),
        (["--exclude", "t*", "--exclude", "admin", "--exclude", "*.a"], ["one.b", "one.b.c"]),
    ],
)
def test_a_part(
    mongo: MongoBench, client: Client, arguments: list[str], expected: list[str]
) -> None:
    for ns in ("one.a", "one.b", "one.b.c", "two.a"):
        db, name = ns.split(".", 1)
        client[db][name].insert_one({"_id": ns})
    tree = mongo.tree(mongo.backup(*arguments))
    assert sorted(each.ns for each in tree.collections) == expected
    found = [path.relative_to(tree.root).as_posix() for path in tree.root.glob("*/*.bson")]
    assert sorted(path.removesuffix(".bson").replace("/", ".", 1) for path in found) == expected


def test_nothing_that_matches_is_an_error(mongo: MongoBench, client: Client) -> None:
    client[DB]["things"].insert_one({"_id": 1})
    mongo.sapdr.fails(
        "mongodb", "backup", "--include", "typo", codes=[INVALID_ARGUMENT, 22], names="typo"
    )
    assert not mongo.snapshots()


def test_what_is_stored_already_is_not_stored_again(mongo: MongoBench, client: Client) -> None:
    rng = random.Random(4)
    documents = [{"_id": n, "x": rng.randbytes(2000)} for n in range(10_000)]
    client[DB]["things"].insert_many(documents)
    first = mongo.backup().summary["backup"]
    assert first["bytes_stored"] > 19_000_000
    # In the middle of all.
    client[DB]["things"].update_many({"_id": {"$mod": [5000, 17]}}, {"$set": {"x": b"new"}})
    second = mongo.backup("--full")
    assert second.summary["backup"]["bytes_stored"] < 8_000_000
    require_as_served(mongo.tree(second), client)
    third = mongo.backup()
    assert third.summary["backup"]["bytes_stored"] < 500_000


def test_a_standalone_server(bench: Workbench) -> None:
    with Standalone() as server:
        client = server.client()
        client[DB]["things"].insert_many([{"_id": n} for n in range(100)])
        mongo = MongoBench(bench, server)
        for _ in range(2):
            result = mongo.backup()
            assert "warning: " in result.err and "no oplog" in result.err
            tree = mongo.tree(result)
            assert tree.root.name == "standalone"
            assert "consistent" not in tree.capture
            require_as_served(tree, client)
        assert all(snapshot["paths"] == ["/mongodb/standalone"] for snapshot in mongo.snapshots())


def test_other_programs_see_files(mongo: MongoBench, client: Client) -> None:
    client[DB]["things"].insert_one({"_id": 1})
    tree = mongo.tree(mongo.backup())
    mongo.bench.check_both(mongo.repository)
    restic = mongo.bench.restic(mongo.repository)
    target = mongo.bench.folder / "by restic"
    restic("restore", "latest", "--target", target)
    restored = target / "mongodb" / tree.root.name / DB / "things.bson"
    assert restored.read_bytes() == bson.encode({"_id": 1})


def test_arguments(mongo: MongoBench, bench: Workbench, tmp_path: Path) -> None:
    uri_file = bench.folder / "uri"
    uri_file.write_text(mongo.servers.uri + "\n")
    plain = bench.sapdr(mongo.repository)
    plain("mongodb", "backup", "--uri-file", uri_file)
    plain.fails("mongodb", "backup", codes=[INVALID_ARGUMENT], names="MONGO_URI")
    missing = bench.folder / "missing"
    plain.fails("mongodb", "backup", "--uri-file", missing, codes=[22], names=str(missing))
    for wrong in ("", "localhost", "mongodb://", "mongodb://user:secret@:x", "http://secret/"):
        result = mongo.sapdr_with(wrong).run("mongodb", "backup")
        assert result.code == INVALID_ARGUMENT, wrong
        assert "secret" not in result.text
