"""Backups of MongoDB into one repository, and whether what is in them is right."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import bson
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from commands import Argument, Program, Result
from mongo_tree import DECODED, Document, MongoTree, Replay, all_of, differences, part_of, split
from mongo_writer import Record
from mongod import Client, Servers
from workbench import Workbench

GAP = 36
TIME_LIMIT = 240  # seconds for one run; none comes near it
OF_ADMIN = {"system.users", "system.roles", "system.version"}
READ = ("find", "getMore")  # the commands that read data


class MongoBench:
    """A repository, a new one unless it is named, and the deployment that is backed up into it."""

    def __init__(self, bench: Workbench, servers: Servers, repository: Path | None = None) -> None:
        self.bench = bench
        self.servers = servers
        self.repository = repository or bench.ours("mongodb")

    @property
    def sapdr(self) -> Program:
        return self.sapdr_with(self.servers.uri)

    def sapdr_with(self, uri: str) -> Program:
        """The command, with this connection string in its environment."""
        plain = self.bench.sapdr(self.repository)
        return replace(plain, environment=plain.environment | {"MONGO_URI": uri})

    def backup(self, *arguments: Argument, expect: int = 0) -> Result:
        return self.sapdr("mongodb", "backup", "--json", *arguments, expect=expect)

    def start(self, *arguments: Argument) -> subprocess.Popen[bytes]:
        """Starts a backup; finished() has to wait for it."""
        return self.sapdr.start("mongodb", "backup", "--json", *arguments)

    def tree(self, result: Result) -> MongoTree:
        """What a backup stored."""
        return self.tree_of(str(result.summary["backup"]["snapshot_id"]))

    def tree_of(self, snapshot: str) -> MongoTree:
        target = self.bench.folder / f"restored {snapshot}"
        if not target.exists():
            self.sapdr("restore", snapshot, "--target", target)
        (root,) = (target / "mongodb").iterdir()
        return MongoTree(root)

    def snapshots(self) -> list[Document]:
        return self.sapdr("snapshots", "--json").events("snapshot")

    def timeline(self) -> list[Document]:
        """The ranges of it."""
        return self.sapdr("mongodb", "timeline", "--json").events("mongodb_range")


def finished(process: subprocess.Popen[bytes], expect: int = 0) -> Result:
    try:
        out, err = process.communicate(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it hangs:\n{err.decode()[-5000:]}") from None
    result = Result(process.returncode, out.decode(), err.decode())
    assert result.code == expect, f"{result.code} is not {expect}\n{result.text[-8000:]}"
    return result


def require_as_recorded(tree: MongoTree, records: Iterable[Record], *dbs: str) -> int:
    """The tree gives back what each record tells, of those whose time can be restored. Returns how
    many these are."""
    first, last = tree.time("consistent"), tree.time("last")
    replay = Replay(tree)
    n_compared = 0
    for record in sorted(records, key=lambda each: each.time):
        if first <= record.time <= last:
            wrong = differences(part_of(replay.to(record.time), *dbs), record.state)
            assert not wrong, f"at {record.time}, of {first} to {last}:\n" + "\n".join(wrong)
            n_compared += 1
    return n_compared


def require_as_served(tree: MongoTree, client: Client) -> None:
    """The tree is that of mongodump, and has what the server has now, byte for byte."""
    expected = {Path("capture.json"), Path("oplog.bson")}
    if "consistent" not in tree.capture:
        expected.remove(Path("oplog.bson"))
    for db in sorted(set(client.list_database_names()) - {"local", "config"}):
        for listed in client.get_database(db, DECODED).list_collections():
            if is_captured(db, listed["name"]):
                expected |= {
                    path.relative_to(tree.root) for path in _right(tree, client, db, listed)
                }
    found = {path.relative_to(tree.root) for path in tree.root.rglob("*") if path.is_file()}
    assert found == expected


def is_captured(db: str, name: str) -> bool:
    if not name.startswith("system."):
        return True
    if db == "admin":
        return name in OF_ADMIN
    return name == "system.js" or name.startswith("system.buckets.")


def _right(tree: MongoTree, client: Client, db: str, listed: Mapping[str, Any]) -> list[Path]:
    """The files of a collection, view or time series, which are right."""
    name = listed["name"]
    files: list[Path] = []
    if listed["type"] == "collection":
        served = b"".join(documents_of(client, db, listed))
        captured = tree.data_file(db, name)
        assert captured.read_bytes() == served, f"{db}.{name}"
        (entry,) = (each for each in tree.collections if each.ns == f"{db}.{name}")
        assert entry.uuid == bytes(listed["info"]["uuid"]), f"{db}.{name}"
        assert entry.n_bytes == len(served), f"{db}.{name}"
        assert entry.n_documents == sum(1 for _ in split(served)), f"{db}.{name}"
        files.append(captured)
    if not name.startswith("system.buckets."):
        metadata = tree.metadata(db, name)
        expected = metadata_of(client, db, listed)
        assert metadata == expected
        assert _exactly(metadata) == _exactly(expected), f"{db}.{name}"
        files.append(tree.metadata_file(db, name))
    return files


def _exactly(document: Document) -> bytes:
    """With the types of numbers, and the order of fields."""
    return bson.encode(document, codec_options=DECODED)


def documents_of(client: Client, db: str, listed: Mapping[str, Any]) -> list[bytes]:
    """In the order of ids, or as they lie in a capped collection."""
    is_capped, name = listed["options"].get("capped"), listed["name"]
    is_clustered = "clusteredIndex" in listed["options"]
    by = {} if is_capped or is_clustered else {"hint": [("_id", 1)]}
    return all_of(client[db][name], **by)


def metadata_of(client: Client, db: str, listed: Mapping[str, Any]) -> Document:
    """As mongodump writes it."""
    metadata: Document = {"options": listed["options"], "indexes": []}
    if listed["type"] != "view":
        command = {"listIndexes": listed["name"]}
        answer = client[db].command(command, codec_options=DECODED)
        metadata["indexes"] = answer["cursor"]["firstBatch"]
    if listed["type"] == "collection":
        metadata["uuid"] = bytes(listed["info"]["uuid"]).hex()
    return metadata | {"collectionName": listed["name"], "type": listed["type"]}


def raw(client: Client, db: str, name: str) -> Any:
    """A collection of documents that are BSON already, whatever is in them."""
    options: CodecOptions[RawBSONDocument] = CodecOptions(RawBSONDocument)
    return client[db].get_collection(name, codec_options=options)


def empty(client: Client) -> None:
    """Nothing is left of what tests made."""
    for db in set(client.list_database_names()) - {"admin", "local", "config"}:
        client.drop_database(db)
    client.admin.command("dropAllUsersFromDatabase")
    client.admin.command("dropAllRolesFromDatabase")
