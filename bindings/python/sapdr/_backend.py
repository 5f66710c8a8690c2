"""Where the objects of a repository lie: a location, or an object of your own."""

from __future__ import annotations

import errno
import operator
import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from . import _arguments, _sapdr
from ._arguments import Duration, StrPath
from ._errors import (
    CallbackError,
    Error,
    ExistsError,
    IoError,
    NetworkError,
    NoMemoryError,
    NoSpaceError,
    NotFoundError,
    PermissionDeniedError,
    TimedOutError,
    UnsupportedError,
    code_of,
)
from ._streams import Buffer

Call: TypeAlias = Literal["create", "exists", "size", "load", "save", "list", "erase"]
AzureSecondary: TypeAlias = Literal["never", "after-failure", "only"]
AzureTier: TypeAlias = Literal["account", "hot", "cool", "cold", "archive"]
AzureIdentity: TypeAlias = Literal[
    "automatic", "client-secret", "client-certificate", "workload", "managed", "cli"
]
StoredType: TypeAlias = Literal["config", "key", "lock", "snapshot", "index", "pack", "verified"]


@dataclass(frozen=True, slots=True)
class ObjectName:
    """The name of a stored object; a key for dictionaries."""

    type: StoredType
    name: str  #: 64 hexadecimal digits; "" for the config
    path: str = ""  #: where restic keeps it, "data/ab/abcd…": with it, restic can read the storage


class ObjectInfo(NamedTuple):
    """What a list tells of a stored object."""

    name: str  #: as in `ObjectName`
    size: int
    modified_ns: int = 0  #: nanoseconds since 1970 by the clock of the storage; 0: not known


@runtime_checkable
class SupportsBackend(Protocol):
    """Storage of your own: an object with these methods serves wherever a location does.

    The library calls them from its threads, `max_parallel` at once, with the GIL held. An object
    is stored whole or not at all, and never changes; when `save` returns, it is durable. `save`
    under a name that exists raises `FileExistsError`; `size`, `load` and `erase` of what is missing
    raise `FileNotFoundError` (or the exceptions of this package that stand for them). Whatever else
    a method raises fails the call and is the `__cause__` of what comes out. A method `create()`, if
    there is one, prepares the place for a new repository.
    """

    def size(self, object: ObjectName, /) -> int:
        """The size of an object in bytes."""

    def load(self, object: ObjectName, offset: int, size: int, /) -> Buffer:
        """`size` bytes of an object from `offset` on; fewer only if it ends before."""

    def save(self, object: ObjectName, data: bytes, /) -> Any:
        """Stores a new object."""

    def list(self, type: StoredType, /) -> Iterable[ObjectInfo | tuple[str, int]]:
        """Every object of a type once, in any order, and nothing that was not saved."""

    def erase(self, object: ObjectName, /) -> Any:
        """Removes an object."""


_Infos: TypeAlias = list[ObjectInfo]


class Backend:
    """Where the objects of a repository lie, for `sapdr.open` and `sapdr.init`.

    One backend may serve several repositories, and its methods may be called from any thread.
    """

    def __init__(self, native: _sapdr.Backend) -> None:
        self._native = native

    @classmethod
    def open(cls, location: StrPath) -> Backend:
        """The storage at a location: a folder ("/srv/repo"), a container of Azure Blob Storage
        ("azure:container:/prefix" or an https URL; account and credentials come from the
        environment), or "memory:". Touches nothing."""
        return cls(_sapdr.Backend.open(_arguments.path(location)))

    @classmethod
    def azure(
        cls,
        location: str,
        *,
        account: str | None = None,
        account_key: str | None = None,
        sas: str | None = None,
        connection_string: str | None = None,
        identity: AzureIdentity = "automatic",
        authority_host: str | None = None,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        certificate_path: StrPath | None = None,
        certificate_password: str | None = None,
        federated_token_file: StrPath | None = None,
        pack_tier: AzureTier = "account",
        connections: int = 0,
        ca_file: StrPath | None = None,
        proxy: str | None = None,
        connect_timeout: Duration = 0,
        first_byte_timeout: Duration = 0,
        stall_timeout: Duration = 0,
        retry_for: Duration = 0,
        retry: bool = True,
        secondary: AzureSecondary = "never",
        rehydrate_fast: bool = False,
        account_id: str | None = None,
        management_endpoint: str | None = None,
        limit_upload: int = 0,
        limit_download: int = 0,
    ) -> Backend:
        """Azure Blob Storage at "azure:container:/prefix" or at an https URL, which may have a SAS.
        Touches nothing.

        What is given goes before the environment. At most one of `account_key`, `sas`,
        `connection_string` and an identity of Microsoft Entra ID (`identity`, or one of the
        arguments after it down to `federated_token_file`) proves who we are. `pack_tier` is where
        contents of files are stored; what is in the archive cannot be read before it was
        rehydrated. `connections` requests are made at once (0: 8). Calls that
        failed with what may pass are made again for `retry_for` (0: 15 minutes), unless `retry` is
        false. `secondary` is whether the
        second copy of the account is read, which cannot be changed: "after-failure" turns to it
        once the first one has not answered for a minute. `rehydrate_fast` asks for packs in the
        archive with high priority (see `RestorePlan.warm_up`), which costs more. `account_id`, the
        account's resource ("/subscriptions/…"), and `management_endpoint` are for `sapdr.doctor`:
        they say whom to ask for what only the management of the account knows.
        `limit_upload` and `limit_download` are
        bytes a second (0: not limited), as in `with_limit`; calls that are made again count again.
        """
        options = _sapdr.AzureOptions()
        options.account = _arguments.optional_text(account)
        options.account_key = _arguments.optional_text(account_key)
        options.sas = _arguments.optional_text(sas)
        options.connection_string = _arguments.optional_text(connection_string)
        options.identity_kind = _sapdr.AZURE_IDENTITY[identity]
        options.authority_host = _arguments.optional_text(authority_host)
        options.tenant_id = _arguments.optional_text(tenant_id)
        options.client_id = _arguments.optional_text(client_id)
        options.client_secret = _arguments.optional_text(client_secret)
        options.certificate_path = _arguments.optional_path(certificate_path)
        options.certificate_password = _arguments.optional_text(certificate_password)
        options.federated_token_file = _arguments.optional_path(federated_token_file)
        options.pack_tier = _sapdr.AZURE_TIER[pack_tier]
        options.connections = connections
        options.ca_file = _arguments.optional_path(ca_file)
        options.proxy = _arguments.optional_text(proxy)
        options.connect_timeout = _arguments.duration(connect_timeout)
        options.first_byte_timeout = _arguments.duration(first_byte_timeout)
        options.stall_timeout = _arguments.duration(stall_timeout)
        options.retry_for = _arguments.duration(retry_for)
        options.retry = retry
        options.secondary = _sapdr.AZURE_SECONDARY[secondary]
        options.rehydrate_fast = rehydrate_fast
        options.account_id = _arguments.optional_text(account_id)
        options.management_endpoint = _arguments.optional_text(management_endpoint)
        options.limit_upload = limit_upload
        options.limit_download = limit_download
        return cls(_sapdr.Backend.open_azure(_arguments.text(location), options))

    @classmethod
    def from_object(
        cls,
        custom: SupportsBackend,
        *,
        location: str | None = None,
        max_parallel: int = 4,
        retry: bool = True,
    ) -> Backend:
        """Storage of your own. `location` stands for it in messages; at most `max_parallel` of its
        methods are called at once (up to 64; with 1 it needs no lock). `retry` makes calls again
        that raised what may pass (`OSError`, `TimeoutError`, `ConnectionError`, a retryable
        `Error`), as `with_retry` does by default."""
        if not isinstance(custom, SupportsBackend):
            raise TypeError(f"{type(custom).__qualname__} has not the methods of SupportsBackend")
        name = f"python:{type(custom).__qualname__}" if location is None else location
        return cls(
            _sapdr.Backend.from_object(_Adapter(custom), _arguments.text(name), max_parallel, retry)
        )

    @property
    def location(self) -> str:
        """Where it is, without secrets."""
        return self._native.location

    @property
    def max_parallel(self) -> int:
        """How many calls at once it can use."""
        return self._native.max_parallel

    def __repr__(self) -> str:
        return f"<sapdr.Backend at {self.location!r}>"

    def with_retry(
        self,
        *,
        max_attempts: int = 0,
        max_elapsed: Duration = 0,
        min_wait: Duration = 0,
        max_wait: Duration = 0,
    ) -> Backend:
        """Makes calls again that failed with an error that may pass.

        At most `max_attempts` times (0: as often as the time allows) within `max_elapsed`
        (0: 15 minutes); the pause is `min_wait` (0: half a second) at first, doubles with each
        failure up to `max_wait` (0: a minute), and varies by half. Each failure is logged.
        """
        waits = [_arguments.duration(each) for each in (max_elapsed, min_wait, max_wait)]
        return Backend(self._native.with_retry(max_attempts, *waits))

    def with_limit(self, *, upload: int = 0, download: int = 0) -> Backend:
        """Saves and loads at most so many bytes a second, over all threads; 0: not limited.

        Around storage that makes failed calls again by itself, as `azure` does, only the first of
        them counts: give the limits to that.
        """
        return Backend(self._native.with_limit(upload, download))

    def with_dry_run(self) -> Backend:
        """Writes nothing: what is saved and erased is only seen through the new backend, which
        keeps it in memory."""
        return Backend(self._native.with_dry_run())

    def with_fault(
        self,
        *,
        calls: Iterable[Call] = (),
        fail_at: int = 0,
        fail_count: int = 1,
        probability: float = 0.0,
        seed: int = 0,
        error: type[Error] = NetworkError,
        permanent: bool = False,
        lose_answer: bool = False,
    ) -> Backend:
        """Fails on purpose, to test what is built on it.

        Of the `calls` (default: all) the one with the number `fail_at`, counted from 1, and those
        after it up to `fail_count` fail, or each with `probability`; `seed` decides which, 0 for a
        new one that is logged and part of the message. They raise `error`, retryable unless
        `permanent`. With `lose_answer` a call that fails is made nevertheless.
        """
        bits = sum(_sapdr.CALLS[call] for call in set(calls))
        return Backend(
            self._native.with_fault(
                bits, fail_at, fail_count, probability, seed, code_of(error), permanent, lose_answer
            )
        )

    def create(self) -> None:
        """Prepares the place for a new repository; fine if it is there already."""
        self._native.create()

    def exists(self, object: ObjectName) -> bool:
        """Whether there is such an object."""
        return self._native.exists(object.type, object.name)

    def size(self, object: ObjectName, /) -> int:
        """The size of an object in bytes. Raises `NotFoundError`."""
        return self._native.size(object.type, object.name)

    def load(self, object: ObjectName, offset: int, size: int, /) -> bytes:
        """`size` bytes of an object from `offset` on. Raises `NotFoundError`, and `CorruptError` if
        it ends before."""
        return self._native.load(object.type, object.name, offset, size)

    def save(self, object: ObjectName, data: Buffer, /) -> None:
        """Stores a new object. Raises `ExistsError`, and leaves an object that is there as it
        is."""
        self._native.save(object.type, object.name, bytes(data))

    def list(self, type: StoredType, /) -> _Infos:
        """Every object of a type."""
        return [ObjectInfo(*each) for each in self._native.list(type)]

    def erase(self, object: ObjectName, /) -> None:
        """Removes an object. Raises `NotFoundError`."""
        self._native.erase(object.type, object.name)


Location: TypeAlias = StrPath | Backend | SupportsBackend


def native(location: Location) -> _sapdr.Backend:
    """The backend that a caller means."""
    if isinstance(location, (str, bytes, os.PathLike)):
        return Backend.open(location)._native
    backend = location if isinstance(location, Backend) else Backend.from_object(location)
    return backend._native


class _Adapter:
    """What the compiled module calls: names as objects, results of the right types."""

    def __init__(self, custom: SupportsBackend) -> None:
        self._custom = custom

    def create(self) -> None:
        create: Callable[[], object] | None = getattr(self._custom, "create", None)
        if create is not None:
            create()

    def size(self, type: StoredType, name: str, path: str) -> int:
        return operator.index(self._custom.size(ObjectName(type, name, path)))

    def load(self, type: StoredType, name: str, path: str, offset: int, size: int) -> bytes:
        data = self._custom.load(ObjectName(type, name, path), offset, size)
        return data if isinstance(data, bytes) else bytes(memoryview(data))

    def save(self, type: StoredType, name: str, path: str, data: bytes) -> None:
        self._custom.save(ObjectName(type, name, path), data)

    def list(self, type: StoredType) -> Iterator[tuple[str, int, int]]:
        for each in self._custom.list(type):
            told = ObjectInfo(*each)
            yield str(told.name), operator.index(told.size), operator.index(told.modified_ns)

    def erase(self, type: StoredType, name: str, path: str) -> None:
        self._custom.erase(ObjectName(type, name, path))


# The first that fits an exception: what it stands for, and whether trying again may help.
_MEANINGS: list[tuple[type[BaseException], type[Error], int]] = [
    (FileNotFoundError, NotFoundError, 0),
    (FileExistsError, ExistsError, 0),
    (PermissionError, PermissionDeniedError, 0),
    (TimeoutError, TimedOutError, 1),
    (ConnectionError, NetworkError, 1),
    (OSError, IoError, 1),
    (MemoryError, NoMemoryError, 0),
    (NotImplementedError, UnsupportedError, 0),
    (BaseException, CallbackError, 0),
]


def failure(thrown: BaseException) -> tuple[int, str, int]:
    """Code, message and retry class of what a storage raised."""
    traceback.clear_frames(thrown.__traceback__)  # it is kept for a while: without the data
    if isinstance(thrown, Error):
        return thrown.code, thrown.message, thrown.retryable
    message = f"{type(thrown).__qualname__}: {thrown}"
    if isinstance(thrown, OSError) and thrown.errno in (errno.ENOSPC, errno.EDQUOT):
        return code_of(NoSpaceError), message, 0
    meaning, retryable = next(
        (error, retry) for kind, error, retry in _MEANINGS if isinstance(thrown, kind)
    )
    return code_of(meaning), message, retryable
