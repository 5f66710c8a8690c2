"""Somebody who uses MongoDB in every way that leaves a trace in the oplog, and notes what there was
at which time."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import bson
from bson import Binary, Decimal128, Int64, ObjectId, Timestamp
from mongo_tree import Document, State, state_of
from pymongo import DeleteOne, InsertOne, MongoClient, ReplaceOne, UpdateOne, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect

N_ACCOUNTS = 8
EACH_HAS = 1000
MOST_DOCUMENTS = 30  # in a collection
MOST_NAMED = 6
DURABLE = WriteConcern("majority")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Update = Document | list[Document]
Filters = list[Mapping[str, Any]] | None


@dataclass(frozen=True)
class Record:
    """What there was in the writer's databases at a time."""

    time: Timestamp
    state: State


class Writer:
    """Writes from `with` to its end, in a thread, in two databases that are nobody else's.

    What it moves between accounts changes nothing of their `total_of`.
    """

    def __init__(self, client: MongoClient[Document], name: str, seed: int) -> None:
        self.records: list[Record] = []
        self.dbs = (name, f"{name}_passing")
        self._rng = random.Random(f"{seed} {name}")
        self._client = client
        self._db, self._passing = (
            client.get_database(db, write_concern=DURABLE) for db in self.dbs
        )
        self._things = self._db["things"]
        self._metrics = self._db["metrics"]
        self._n_named = 0
        self._session: ClientSession = client.start_session()
        self._is_over = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._begin()
        self._record()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._session.end_session()
        if self._error is not None:
            raise self._error

    def has_recorded(self, n: int) -> bool:
        """At least so often; or never again, since it failed."""
        return len(self.records) >= n or self._error is not None

    def _run(self) -> None:
        changes = self._changes()
        try:
            while not self._is_over.wait(0.002):
                try:
                    self._rng.choice(changes)()
                    if self._rng.random() < 0.4:
                        self._record()
                except AutoReconnect:
                    # What it did may have happened or not. The next record knows.
                    self._is_over.wait(0.1)
        except BaseException as error:
            self._error = error

    def _record(self) -> None:
        """After something that was acknowledged by the majority: nothing before it can be undone,
        and nothing came since."""
        time = self._session.operation_time
        assert time is not None
        self.records.append(Record(time, state_of(self._client, *self.dbs)))

    def _begin(self) -> None:
        session = self._session
        accounts: list[Document] = [{"_id": n, "amount": EACH_HAS} for n in range(N_ACCOUNTS)]
        self._db["accounts"].insert_many(accounts, session=session)
        self._db["moves"].insert_one({"_id": 0}, session=session)
        self._db.create_collection("log", capped=True, size=4096, session=session)
        series = {"timeField": "at", "metaField": "sensor", "granularity": "minutes"}
        self._db.create_collection("metrics", timeseries=series, session=session)
        things = [self._document() for _ in range(MOST_DOCUMENTS // 2)]
        self._things.insert_many(things, session=session)

    def _changes(self) -> list[Callable[[], object]]:
        often = [self._update] * 6 + [self._insert, self._replace, self._move] * 2
        seldom = [
            *(self._delete, self._upsert, self._bulk, self._find_and_update, self._update_many),
            *(self._log, self._measure, self._forget_measures),
            *(self._create, self._fill, self._fill, self._rename, self._rename_over, self._drop),
            *(self._rename_across, self._drop_database),
            *(self._create_index, self._drop_index),
        ]
        return [*often, *seldom]

    # -- Documents ---------------------------------------------------------------------------------

    def _value(self) -> Any:
        rng = self._rng
        return rng.choice(
            [
                rng.randrange(-1000, 1000),
                Int64(rng.randrange(-(1 << 60), 1 << 60)),
                rng.uniform(-1, 1),
                Decimal128(str(rng.randrange(10**6))),
                "".join(rng.choices("aé漢 $.", k=rng.randrange(20))),
                Binary(rng.randbytes(8)),
                EPOCH + timedelta(milliseconds=rng.randrange(10**9)),
                rng.random() < 0.5,
                None,
            ]
        )

    def _identity(self) -> Any:
        number = self._rng.randrange(1 << 30)
        return self._rng.choice([number, str(number), ObjectId(), {"a": number, "b": [1, "x"]}])

    def _document(self) -> Document:
        """All have the same shape, so that every update fits each of them."""
        return {
            "_id": self._identity(),
            "n": 0,
            **{f"field{n}": self._value() for n in range(4)},
            "nested": {"deep": {"value": self._value(), "other": self._value()}},
            "list": [self._value() for _ in range(self._rng.randrange(6))],
            "items": [{"kind": n % 2, "count": 0, "more": [1, 2]} for n in range(4)],
        }

    def _known(self) -> list[Any]:
        return [each["_id"] for each in self._things.find({}, {"_id": 1})]

    def _one(self) -> Document:
        """A filter for one of the documents, if there is any."""
        return {"_id": self._rng.choice([*self._known(), "nobody"])}

    def _update_of(self) -> tuple[Update, Filters]:
        """An update, and its filters of array elements."""
        rng, value = self._rng, self._value()
        name, other = (f"field{n}" for n in rng.sample(range(8), 2))
        some, literal = [self._value() for _ in range(3)], {"$literal": value}
        updates: list[tuple[Update, Filters]] = [
            ({"$set": {name: value}}, None),
            ({"$set": {name: value, "nested.deep.value": value, "n": 7}}, None),
            ({"$set": {f"nested.{name}": {"a": {"b": value}}}}, None),
            ({"$unset": {name: 1, "nested.deep.value": 1}}, None),
            ({"$unset": {f"nested.{name}": 1}}, None),
            ({"$rename": {name: other}}, None),
            ({"$inc": {"n": 1, "items.1.count": 3}}, None),
            ({"$mul": {"n": 1.5}}, None),
            ({"$push": {"list": value}}, None),
            ({"$push": {"list": {"$each": some, "$position": 1, "$slice": 6}}}, None),
            ({"$addToSet": {"list": value}}, None),
            ({"$pop": {"list": rng.choice([-1, 1])}}, None),
            ({"$pull": {"list": {"$type": "number"}}}, None),
            ({"$set": {"list": some}}, None),
            ({"$set": {f"list.{rng.randrange(8)}": value}}, None),
            ({"$set": {"items.2": {"kind": 1, "count": 9, "more": []}}}, None),
            ({"$push": {"items.0.more": value}}, None),
            ({"$set": {"items.0.more": [1, 2], f"items.3.{name}": value}}, None),
            ({"$set": {"items.$[each].count": rng.randrange(9)}}, [{"each.kind": 1}]),
            ({"$currentDate": {name: True}}, None),
            ([{"$set": {name: "$nested", "sum": {"$size": "$list"}}}, {"$unset": other}], None),
            ([{"$replaceWith": {"$mergeObjects": ["$$ROOT", {"n": 1, name: literal}]}}], None),
        ]
        return rng.choice(updates)

    def _insert(self) -> None:
        if len(known := self._known()) > MOST_DOCUMENTS:
            some = self._rng.sample(known, len(known) // 2)
            self._things.delete_many({"_id": {"$in": some}}, session=self._session)
        many = [self._document() for _ in range(self._rng.randrange(1, 4))]
        self._things.insert_many(many, session=self._session)

    def _update(self) -> None:
        update, filters = self._update_of()
        self._things.update_one(self._one(), update, array_filters=filters, session=self._session)

    def _update_many(self) -> None:
        update, filters = self._update_of()
        odd = {"n": {"$mod": [2, 1]}}
        self._things.update_many(odd, update, array_filters=filters, session=self._session)

    def _replace(self) -> None:
        document = self._document()
        del document["_id"]
        self._things.replace_one(self._one(), document, session=self._session)

    def _upsert(self) -> None:
        shape = self._document()
        who = {"_id": shape.pop("_id")}
        update = {"$setOnInsert": shape}
        self._things.update_one(who, update, upsert=True, session=self._session)

    def _delete(self) -> None:
        self._things.delete_one(self._one(), session=self._session)

    def _find_and_update(self) -> None:
        update, filters = self._update_of()
        self._things.find_one_and_update(
            self._one(), update, array_filters=filters, session=self._session
        )

    def _bulk(self) -> None:
        update, filters = self._update_of()
        replacement = self._document()
        del replacement["_id"]
        requests: list[Any] = [
            InsertOne(self._document()),
            UpdateOne(self._one(), update, array_filters=filters),
            ReplaceOne(self._one(), replacement),
            DeleteOne(self._one()),
        ]
        self._rng.shuffle(requests)
        ordered = self._rng.random() < 0.5
        self._things.bulk_write(requests, ordered=ordered, session=self._session)

    # -- Transactions ------------------------------------------------------------------------------

    def _move(self) -> None:
        accounts, moves = self._db["accounts"], self._db["moves"]
        giver, taker = self._rng.sample(range(N_ACCOUNTS), 2)
        amount = self._rng.randrange(1, 50)

        def move(session: ClientSession) -> None:
            accounts.update_one({"_id": giver}, {"$inc": {"amount": -amount}}, session=session)
            moves.delete_many({"amount": {"$lt": amount // 4}}, session=session)
            moves.insert_one({"from": giver, "to": taker, "amount": amount}, session=session)
            accounts.update_one({"_id": taker}, {"$inc": {"amount": amount}}, session=session)

        self._session.with_transaction(move, write_concern=DURABLE)

    # -- Odd kinds of collections ------------------------------------------------------------------

    def _log(self) -> None:
        lines = [{"line": "x" * self._rng.randrange(200)} for _ in range(3)]
        self._db["log"].insert_many(lines, session=self._session)

    def _measure(self) -> None:
        measures = [
            {
                "at": EPOCH + timedelta(seconds=self._rng.randrange(10**5)),
                "sensor": self._rng.randrange(3),
                "value": self._value(),
            }
            for _ in range(3)
        ]
        self._metrics.insert_many(measures, session=self._session)

    def _forget_measures(self) -> None:
        sensor = self._rng.randrange(3)
        self._metrics.delete_many({"sensor": sensor}, session=self._session)

    # -- Collections that come, go and change their names ------------------------------------------

    def _named(self) -> list[Collection[Document]]:
        names = self._db.list_collection_names(filter={"name": {"$regex": "^named"}})
        return [self._db[name] for name in sorted(names)]

    def _some_named(self) -> Collection[Document]:
        known = self._named()
        return self._rng.choice(known) if known else self._create()

    def _new_name(self) -> str:
        self._n_named += 1
        return f"named {self._n_named}"

    def _create(self) -> Collection[Document]:
        if len(known := self._named()) >= MOST_NAMED:
            known[0].drop(session=self._session)
        kinds: list[Document] = [
            {},
            {},
            {"capped": True, "size": 100_000},
            {"collation": {"locale": "de"}},
            {"clusteredIndex": {"key": {"_id": 1}, "unique": True}},
        ]
        name = self._new_name()
        self._db.create_collection(name, session=self._session, **self._rng.choice(kinds))
        return self._db[name]

    def _fill(self) -> None:
        named = self._some_named()
        document = self._document()
        named.insert_many([document, self._document()], session=self._session)
        named.update_one({"_id": document["_id"]}, {"$inc": {"n": 1}}, session=self._session)

    def _rename(self) -> None:
        self._some_named().rename(self._new_name(), session=self._session)

    def _rename_over(self) -> None:
        named = self._some_named()
        target = self._rng.choice([each.name for each in self._named()])
        if target != named.name:
            named.rename(target, session=self._session, dropTarget=True)

    def _drop(self) -> None:
        self._some_named().drop(session=self._session)

    def _rename_across(self) -> None:
        """That makes a copy with another UUID."""
        named = self._some_named()
        command = {
            "renameCollection": f"{self.dbs[0]}.{named.name}",
            "to": f"{self.dbs[1]}.{self._new_name()}",
            "writeConcern": DURABLE.document,
        }
        self._client.admin.command(command, session=self._session)

    def _drop_database(self) -> None:
        self._passing["left"].insert_one(self._document(), session=self._session)
        if self._rng.random() < 0.5:
            self._client.drop_database(self.dbs[1], session=self._session)

    def _create_index(self) -> None:
        name = f"field{self._rng.randrange(8)}"
        kinds: list[Any] = [1, -1, "hashed"]
        self._things.create_index([(name, self._rng.choice(kinds))], session=self._session)

    def _drop_index(self) -> None:
        names = [name for name in self._things.index_information() if name != "_id_"]
        if names:
            self._things.drop_index(self._rng.choice(names), session=self._session)


def total_of(state: State, db: str) -> int:
    """What all accounts of a writer have: the same at every time."""
    return sum(bson.decode(each)["amount"] for each in state[f"{db}.accounts"].values())
