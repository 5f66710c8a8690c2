"""MongoDB: a replica set becomes snapshots from which any second since can be restored."""

from __future__ import annotations

from datetime import datetime

from . import _arguments, _sapdr
from ._arguments import Duration, Strings
from ._cancel import Cancel
from ._restore_plan import OnItem, OnProgress
from ._types import MongodbBackupResult, MongodbRange


class Mongodb:
    """The operations of a repository on MongoDB."""

    _native: _sapdr.Repository

    def backup_mongodb(
        self,
        uri: str,
        *,
        full: bool = False,
        includes: Strings = (),
        excludes: Strings = (),
        limit_read: int = 0,
        batch_documents: int = 0,
        tags: Strings = (),
        host: str | None = None,
        time: datetime | None = None,
        verify: bool = False,
        verify_max_age: Duration = 0,
        progress: OnProgress | None = None,
        on_item: OnItem | None = None,
        cancel: Cancel | None = None,
    ) -> MongodbBackupResult:
        """Backs up the MongoDB deployment of a connection string, while others write to it.

        The first time all data is read, and the oplog beside it; then only the oplog since the last
        backup, unless `full` asks for more. The snapshot holds a folder as mongodump makes it. Any
        time from `consistent` to `last` of the result can be restored from it.

        `includes` and `excludes` are "DATABASE" or "DATABASE.COLLECTION", with *, ? and [].
        `limit_read` is in bytes a second (0: no limit); `batch_documents` says how many documents
        are asked for at once (0: as many as the server sends). Reads go to secondaries unless the
        string has a readPreference. The other options are those of `backup`.

        Raises `GapError` if the oplog does not reach back to the last backup: all data was read
        then, and its `result` has the snapshot; `UnsupportedError` for a sharded cluster,
        `PermissionDeniedError` for a user without the role `backup`, `NetworkError` if no server
        answers. The string is in no message.
        """
        mongodb = _sapdr.MongodbOptions()
        mongodb.full = full
        mongodb.includes = _arguments.texts(includes)
        mongodb.excludes = _arguments.texts(excludes)
        mongodb.limit_read = limit_read
        mongodb.batch_documents = batch_documents
        options = _arguments.backup_options(tags, host, time, verify, verify_max_age)
        return self._native.backup_mongodb(
            _arguments.text(uri), mongodb, options, progress, on_item, cancel
        )

    def mongodb_timeline(self, *, cancel: Cancel | None = None) -> list[MongodbRange]:
        """Which times of MongoDB deployments can be restored: ranges, by deployments, oldest first.

        Between two ranges of one deployment is a gap.
        """
        return self._native.mongodb_timeline(cancel)
