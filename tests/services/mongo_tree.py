"""Reads the tree that a backup of MongoDB is, and plays its oplog to any point in time.

It shares no code with the library: BSON is read by PyMongo, the form of the tree is that of
mongodump, and what entries of an oplog do is written here as MongoDB's server does it. It trusts
nothing: what cannot be is an error.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import bson
from bson import CodecOptions, DatetimeConversion, Timestamp, json_util
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection

Document = dict[str, Any]
# Documents of a collection, as BSON, by their ids, which are BSON too. Both show every bit.
Documents = dict[bytes, bytes]
State = dict[str, Documents]  # of all collections, by "DATABASE.COLLECTION"

# Whatever can be stored is read, and written again as it was.
DECODED: CodecOptions[Document] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)
RAW = CodecOptions(RawBSONDocument, datetime_conversion=DatetimeConversion.DATETIME_MS)

LONGEST_STEM = 238
KEPT_OF_LONG_STEM = 208

# Commands in an oplog that change no document.
OF_METADATA = {
    *("collMod", "createIndexes", "dropIndexes", "deleteIndexes"),
    *("startIndexBuild", "commitIndexBuild", "abortIndexBuild"),
}


class Damage(Exception):
    """The tree is not what a backup may be."""


def file_stem(collection: str) -> str:
    """What the names of a collection's files begin with."""
    escaped = quote_plus(collection, safe="")
    if len(escaped) <= LONGEST_STEM:
        return escaped
    digest = base64.urlsafe_b64encode(hashlib.sha1(collection.encode()).digest())
    return escaped[:KEPT_OF_LONG_STEM] + "%24" + digest.decode().rstrip("=")


def split(data: bytes) -> Iterator[bytes]:
    """The documents of a file or of a batch."""
    at = 0
    while at < len(data):
        size = struct.unpack_from("<i", data, at)[0] if at + 4 <= len(data) else 0
        if not 5 <= size <= len(data) - at:
            raise Damage(f"no document begins at {at}")
        yield data[at : at + size]
        at += size


def key_of(identity: object) -> bytes:
    return bson.encode({"": identity}, codec_options=DECODED)


def by_id(documents: Iterable[bytes]) -> Documents:
    """No two of them may have the same."""
    found: Documents = {}
    for document in documents:
        key = key_of(bson.decode(document, DECODED)["_id"])
        if key in found:
            raise Damage(f"two documents have the id {bson.decode(key)['']!r}")
        found[key] = document
    return found


@dataclass(frozen=True)
class Captured:
    """A collection, a time series or a view, as the record of the capture has it."""

    db: str
    name: str
    uuid: bytes  # empty for what has no documents
    type: str
    n_documents: int
    n_bytes: int

    @property
    def ns(self) -> str:
        return f"{self.db}.{self.name}"


class MongoTree:
    """What was restored, or will be, of one deployment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.capture: Document = json.loads((root / "capture.json").read_text())
        self.collections = [
            Captured(
                each["db"],
                each["collection"],
                bytes.fromhex(each.get("uuid", "").replace("-", "")),
                each["type"],
                each["documents"],
                each["bytes"],
            )
            for each in self.capture["collections"]
        ]

    @property
    def is_filtered(self) -> bool:
        return bool(self.capture.get("includes") or self.capture.get("excludes"))

    def time(self, which: str) -> Timestamp:
        """ "begin", "consistent" or "last"."""
        time = self.capture[which]
        return Timestamp(time["t"], time["i"])

    def data_file(self, db: str, name: str) -> Path:
        return self.root / db / f"{file_stem(name)}.bson"

    def metadata_file(self, db: str, name: str) -> Path:
        return self.root / db / f"{file_stem(name)}.metadata.json"

    def documents(self, db: str, name: str) -> list[bytes]:
        return list(split(self.data_file(db, name).read_bytes()))

    def metadata(self, db: str, name: str) -> Document:
        text = self.metadata_file(db, name).read_text()
        options = json_util.CANONICAL_JSON_OPTIONS
        metadata: Document = json_util.loads(text, json_options=options)
        return metadata

    def oplog(self) -> list[RawBSONDocument]:
        """In the order in which they happened, each once."""
        data = (self.root / "oplog.bson").read_bytes()
        entries = [RawBSONDocument(each, RAW) for each in split(data)]
        times = [entry["ts"] for entry in entries]
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            raise Damage("the oplog is not in the order of its times")
        return entries


@dataclass
class _Collection:
    ns: str
    documents: Documents = field(default_factory=dict)


class Replay:
    """The collections of a tree, and what its oplog makes of them.

    The data was read from `begin` to `consistent`, each document at a moment of its own, so some
    entries have been applied already. That they are applied again does no harm, as long as all up
    to `consistent` are. From then on each entry has to fit exactly.
    """

    def __init__(self, tree: MongoTree) -> None:
        self._tree = tree
        self._consistent = tree.time("consistent")
        self._collections = {
            each.uuid: _Collection(each.ns, by_id(tree.documents(each.db, each.name)))
            for each in tree.collections
            if each.uuid
        }
        self._entries = tree.oplog()
        self._n_applied = 0
        # What a transaction did, up to its last entry, in which alone it takes effect.
        self._transactions: dict[bytes, list[RawBSONDocument]] = {}
        self._is_exact = False

    def to(self, time: Timestamp) -> State:
        """As it was then. Each time must be later than the one before."""
        first, last = self._consistent, self._tree.time("last")
        if not first <= time <= last:
            raise ValueError(f"{time} is not from {first} to {last}")
        while self._n_applied < len(self._entries):
            entry = self._entries[self._n_applied]
            if entry["ts"] > time:
                break
            self._is_exact = entry["ts"] > first
            try:
                self._apply(entry)
            except Damage as damage:
                raise Damage(f"{entry['ts']}: {damage}: {entry}") from None
            self._n_applied += 1
        state: State = {}
        for each in self._collections.values():
            if each.ns in state:
                raise Damage(f"there are two collections {each.ns}")
            state[each.ns] = dict(each.documents)
        return state

    def _apply(self, entry: Mapping[str, Any]) -> None:
        kind = entry["op"]
        if kind == "n" or not _is_captured(entry["ns"]):
            return
        if kind == "c":
            self._command(entry)
            return
        collection = self._collection(entry)
        if collection is None:
            return
        documents, change = collection.documents, entry["o"]
        if kind == "i":
            self._require(key_of(change["_id"]) not in documents, "the document is there already")
            documents[key_of(change["_id"])] = change.raw
        elif kind == "d":
            was = documents.pop(key_of(change["_id"]), None)
            self._require(was is not None, "there is no such document")
        elif kind == "u":
            key = key_of(entry["o2"]["_id"])
            self._require(key in documents, "there is no such document")
            if key in documents:
                documents[key] = _updated(documents[key], change)
        else:
            raise Damage("of an unknown kind")

    def _command(self, entry: Mapping[str, Any]) -> None:
        command = bson.decode(entry["o"].raw, DECODED)
        name = next(iter(command))
        db = entry["ns"].split(".")[0]
        is_own = name in ("create", "drop") and not _is_captured(f"{db}.{command[name]}")
        if name in OF_METADATA or is_own:
            return
        if name == "applyOps":
            self._transaction(entry)
        elif name == "abortTransaction":
            del self._transactions[_transaction_of(entry)]
        elif name == "dropDatabase":
            left = [c.ns for c in self._collections.values() if c.ns.startswith(f"{db}.")]
            self._require(not left, f"there are still {left}")
        elif name == "create":
            uuid = bytes(entry["ui"])
            self._require(uuid not in self._collections, "the collection is there already")
            self._collections.setdefault(uuid, _Collection(f"{db}.{command['create']}"))
        elif name == "drop":
            if self._collection(entry) is not None:
                del self._collections[bytes(entry["ui"])]
        elif name == "renameCollection":
            collection = self._collection(entry)
            if isinstance(command.get("dropTarget"), bytes):
                self._collections.pop(bytes(command["dropTarget"]), None)
            if collection is not None:
                collection.ns = command["to"]
        else:
            raise Damage("an unknown command")

    def _transaction(self, entry: Mapping[str, Any]) -> None:
        """A large one has several entries, of which the last one commits all of them."""
        operations = list(entry["o"]["applyOps"])
        previous = entry.get("prevOpTime")
        if "txnNumber" in entry and previous is not None:
            key = _transaction_of(entry)
            if previous["ts"] == Timestamp(0, 0):
                self._transactions[key] = []
            if key not in self._transactions:
                raise Damage("the beginning of the transaction is missing")
            self._transactions[key] += operations
            if entry["o"].get("partialTxn"):
                return
            operations = self._transactions.pop(key)
        for operation in operations:
            self._apply(operation)

    def _collection(self, entry: Mapping[str, Any]) -> _Collection | None:
        """The one that an entry is about. Names may have changed, UUIDs do not."""
        collection = self._collections.get(bytes(entry["ui"]))
        is_known = collection is not None or self._tree.is_filtered
        self._require(is_known, "there is no such collection")
        return collection

    def _require(self, is_so: bool, otherwise: str) -> None:
        if self._is_exact and not is_so:
            raise Damage(otherwise)


def _is_captured(ns: str) -> bool:
    """Not what servers keep for themselves. Views are metadata."""
    db, _, name = ns.partition(".")
    return db != "config" and name != "system.views" and ns != "admin.system.keys"


def _transaction_of(entry: Mapping[str, Any]) -> bytes:
    return bytes(entry["lsid"].raw) + struct.pack("<q", entry["txnNumber"])


def _updated(document: bytes, change: RawBSONDocument) -> bytes:
    version = change.get("$v")
    if version is None:
        return bytes(change.raw)  # in place of the whole document
    if version != 2:
        raise Damage(f"an update of version {version}")
    diff = bson.decode(change["diff"].raw, DECODED)
    return bson.encode(apply_diff(bson.decode(document, DECODED), diff), codec_options=DECODED)


def apply_diff(document: Document, diff: Document) -> Document:
    """d: goes; u: stays where it is, with a new value; i: comes at the end; sNAME: a diff of what
    is in NAME."""
    parts = {name[1:]: part for name, part in diff.items() if name[:1] == "s"}
    removed, updated, inserted = (diff.get(name, {}) for name in "dui")
    if unknown := {name for name in diff if name not in ("d", "u", "i") and name[:1] != "s"}:
        raise Damage(f"a diff with {unknown}")
    result: Document = {}
    for name, value in document.items():
        if name in updated:
            result[name] = updated[name]
        elif name in parts:
            result[name] = _apply_part(value, parts[name])
        elif name not in removed and name not in inserted:
            result[name] = value
    for name, value in (updated | inserted).items():
        result.setdefault(name, value)
    return result


def _apply_part(value: Any, diff: Document) -> Any:
    """If the value is of another type, the diff is from before it became what it is."""
    if diff.get("a"):
        return _apply_to_array(value, diff) if isinstance(value, list) else value
    return apply_diff(value, diff) if isinstance(value, dict) else value


def _apply_to_array(array: list[Any], diff: Document) -> list[Any]:
    """l: the new length; uN: a new value at N; sN: a diff of what is there."""
    length = diff.get("l")
    result = array[:length]

    def stretch(size: int) -> None:
        result.extend([None] * (size - len(result)))

    for name, change in diff.items():
        if name in ("a", "l"):
            continue
        kind, index = name[0], int(name[1:])
        is_there = index < len(result)
        stretch(index + 1)
        if kind == "u":
            result[index] = change
        elif kind == "s" and is_there:
            result[index] = _apply_part(result[index], change)
        elif kind != "s":
            raise Damage(f"a diff of an array with {name}")
    stretch(length or 0)
    return result


def all_of(collection: Collection[Document], **how: Any) -> list[bytes]:
    """The documents of a collection at a server, as BSON."""
    batches: Iterable[Any] = collection.find_raw_batches(**how)  # declared as documents
    return [document for batch in batches for document in split(batch)]


def state_of(client: MongoClient[Document], *dbs: str) -> State:
    """What a server has in these databases, while nobody changes it."""
    state: State = {}
    for db in dbs:
        for listed in client[db].list_collections(filter={"type": {"$ne": "view"}}):
            name = listed["name"]
            if name != "system.views" and listed["type"] == "collection":
                state[f"{db}.{name}"] = by_id(all_of(client[db][name]))
    return state


def part_of(state: State, *dbs: str) -> State:
    """Only these databases."""
    return {ns: documents for ns, documents in state.items() if ns.split(".")[0] in dbs}


def differences(actual: State, expected: State) -> list[str]:
    """What is wrong, for people: not more than a few lines."""
    found = [f"{ns}: it should not be there" for ns in actual.keys() - expected.keys()]
    found += [f"{ns}: it is missing" for ns in expected.keys() - actual.keys()]
    for ns in actual.keys() & expected.keys():
        for key in actual[ns].keys() | expected[ns].keys():
            one, other = actual[ns].get(key), expected[ns].get(key)
            if one != other:
                found.append(f"{ns}: {_shown(one)} and not {_shown(other)}")
    return found[:5]


def _shown(document: bytes | None) -> str:
    return str(bson.decode(document, DECODED))[:1000] if document else "nothing"
