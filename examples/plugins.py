#!/usr/bin/env python3
"""Plug-ins at both ends: the rows of a SQLite database become files of a snapshot, and the
repository itself lies in another SQLite database.

    SAPDR_PASSWORD=secret python plugins.py SOURCE.db REPOSITORY.db

Each table of SOURCE.db becomes a stream of JSON lines. REPOSITORY.db is created if there is none.
"""

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from typing import Any

import sapdr
from sapdr import ObjectInfo, ObjectName


class SqliteStorage:
    """Objects as rows. SQLite writes a row whole or not at all, and durably."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()  # one statement at a time; max_parallel=1 would do as well

    def _run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(sql, values)

    def _value(self, of: ObjectName, expression: str, *values: int) -> Any:
        row = self._run(
            f"SELECT {expression} FROM objects WHERE path=?", *values, of.path
        ).fetchone()
        if row is None:
            raise FileNotFoundError(of.path)
        return row[0]

    def create(self) -> None:
        self._run(
            "CREATE TABLE IF NOT EXISTS objects"
            " (path TEXT PRIMARY KEY, type TEXT, name TEXT, data BLOB)"
        )

    def size(self, object: ObjectName, /) -> int:
        try:
            return int(self._value(object, "length(data)"))
        except sqlite3.OperationalError as error:  # no such table: nothing was created yet
            raise FileNotFoundError(object.path) from error

    def load(self, object: ObjectName, offset: int, size: int, /) -> bytes:
        return bytes(self._value(object, "substr(data, ?, ?)", offset + 1, size))

    def save(self, object: ObjectName, data: bytes, /) -> None:
        try:
            row = (object.path, object.type, object.name, data)
            self._run("INSERT INTO objects VALUES (?, ?, ?, ?)", *row)
        except sqlite3.IntegrityError as error:
            raise FileExistsError(object.path) from error

    def list(self, type: str, /) -> Iterator[ObjectInfo]:
        try:
            rows = self._run("SELECT name, length(data) FROM objects WHERE type=?", type).fetchall()
        except sqlite3.OperationalError as error:
            raise FileNotFoundError("there is no repository in this database") from error
        return (ObjectInfo(name, size) for name, size in rows)

    def erase(self, object: ObjectName, /) -> None:
        if self._run("DELETE FROM objects WHERE path=?", object.path).rowcount == 0:
            raise FileNotFoundError(object.path)


def tables(path: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """A stream for each table, made when its turn comes."""
    db = sqlite3.connect(path, check_same_thread=False)
    names = db.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")
    for (name,) in names.fetchall():
        quoted = name.replace('"', '""')
        rows = db.execute(f'SELECT * FROM "{quoted}"')
        yield f"/tables/{name}.jsonl", (json.dumps(row).encode() + b"\n" for row in rows)
    db.close()


def main() -> int:
    if len(sys.argv) != 3 or "SAPDR_PASSWORD" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    source, storage = sys.argv[1], SqliteStorage(sys.argv[2])
    password = os.environ["SAPDR_PASSWORD"]
    try:
        try:
            repository = sapdr.open(storage, password=password)
        except sapdr.NoRepositoryError:
            repository = sapdr.init(storage, password=password)
        with repository:
            result = repository.backup_streams(tables(source), paths="/tables", verify=True)
            for node in repository.ls("latest:/tables"):
                print(f"{node.path} {node.size} bytes")
            print(f"{result.files_new} new tables; the snapshot is {result.state}")
    except sapdr.Error as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
