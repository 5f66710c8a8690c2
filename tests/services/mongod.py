"""mongod, MongoDB's server: started on free ports of this machine with its data in a temporary
folder, alone or as a replica set, and stopped again.

Its test commands are on, so that it can be made to fail as servers and networks do. There is no
mongos for these tests, so there are no sharded clusters.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from bson import Timestamp
from certificates import Authority
from pymongo import MongoClient
from pymongo.errors import AutoReconnect
from waiting import until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("SAPDR_MONGOD") or ROOT / "build/mongod/fiftyone/db/bin/mongod")

HOST = "127.0.0.1"
ADMIN, ADMIN_PASSWORD = "root", "open sesame"  # where a server asks who somebody is
READY = "Waiting for connections"
PATIENCE = 120  # seconds until it is ready; 1 is usual
KIB = 1 << 10

ARGUMENTS = [
    *("--bind_ip", HOST, "--wiredTigerCacheSizeGB", "0.5"),
    *("--setParameter", "enableTestCommands=1"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    # So that small transactions have several entries in the oplog, as large ones have.
    *("--setParameter", "maxNumberOfTransactionOperationsInSingleOplogEntry=3"),
    # Else it waits for a quarter of a minute before it ends.
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"),
]

Document = dict[str, Any]
Client = MongoClient[Document]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Member:
    """One process of mongod. It has the same port and the same data after each start."""

    def __init__(self, folder: Path, arguments: Sequence[str]) -> None:
        self.folder = folder
        self.port = _free_port()
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        assert PROGRAM.is_file(), f"{PROGRAM} is missing; tests/run.sh installs it"
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        own = ["--dbpath", str(data), "--port", str(self.port)]
        own += ["--unixSocketPrefix", str(self.folder)]
        log = self.folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [PROGRAM, *ARGUMENTS, *self._arguments, *own], stdout=out, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + PATIENCE
        while READY not in (text := log.read_text(errors="replace")):
            assert self._process.poll() is None, f"mongod did not start:\n{text[-5000:]}"
            assert time.monotonic() < deadline, f"mongod is not ready:\n{text[-5000:]}"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(timeout=PATIENCE)
        self._process = None


class Servers:
    """What belongs together. As a context it is started, and removed with its data at the end."""

    def __init__(self, n_members: int, arguments: Sequence[str], secure: bool) -> None:
        """`secure`: there is TLS on every connection, and each asks who somebody is."""
        self.folder = Path(tempfile.mkdtemp(prefix="sapdr-mongod-"))
        self.is_secure = secure
        own = [*arguments, *(self._secrets() if secure else [])]
        self.members = [Member(self.folder / str(n), own) for n in range(n_members)]
        self._options: dict[str, str] = {}  # of every connection to all of them
        self._clients: dict[str, Client] = {}

    @cached_property
    def _authority(self) -> Authority:
        return Authority(self.folder)

    @property
    def ca_file(self) -> Path:
        """Who vouches for its certificates."""
        return self._authority.path

    def certificate(self, common_name: str) -> Path:
        """A file with a certificate for this user and its key."""
        path = self.folder / f"{common_name}.pem"
        path.write_bytes(self._authority.application(common_name).pem())
        return path

    @property
    def uri(self) -> str:
        """The connection string of somebody who may do everything."""
        return self.uri_of(ADMIN, ADMIN_PASSWORD) if self.is_secure else self.uri_of()

    def uri_of(self, user: str = "", password: str = "", **options: str) -> str:
        """The connection string of a user, or of nobody."""
        hosts = ",".join(each.address for each in self.members)
        return self._uri(user, password, hosts, self._options | options)

    def client(self) -> Client:
        """One who may do everything. It is closed at the end."""
        return self._connected(self.uri)

    def client_of(self, member: Member) -> Client:
        """The same at one member alone."""
        who = (ADMIN, ADMIN_PASSWORD) if self.is_secure else ("", "")
        return self._connected(self._uri(*who, member.address, {"directConnection": "true"}))

    @contextmanager
    def failing(self, *commands: str, mode: str | Document, **how: object) -> Iterator[None]:
        """These commands of sapdr fail, at every member: with errorCode, or closeConnection, or
        they are late: blockConnection, blockTimeMS. `mode`: "alwaysOn", {"times": 1}, ..."""
        data = {"failCommands": commands, "appName": "sapdr", **how}
        for member in self._running():
            self._fail_point(member, mode=mode, data=data)
        try:
            yield
        finally:
            for member in self._running():
                self._fail_point(member, mode="off")

    def serving(self, command: str) -> Member | None:
        """Where sapdr waits for the answer to such a command right now."""
        match: Document = {"appName": "sapdr", f"command.{command}": {"$exists": True}}
        operations: list[Document] = [{"$currentOp": {"allUsers": True}}, {"$match": match}]
        for member in self._running():
            if list(self.client_of(member).admin.aggregate(operations)):
                return member
        return None

    def _running(self) -> list[Member]:
        return [member for member in self.members if member.is_running]

    def _fail_point(self, member: Member, **how: Any) -> None:
        admin = self.client_of(member).admin
        with suppress(AutoReconnect):  # connections from before it was started again
            admin.command("ping")
        admin.command("configureFailPoint", "failCommand", **how)

    def _anonymous(self, member: Member) -> Client:
        return self._connected(self._uri("", "", member.address, {"directConnection": "true"}))

    def _uri(self, user: str, password: str, hosts: str, options: dict[str, str]) -> str:
        who = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        if self.is_secure:
            options = {"tls": "true", "tlsCAFile": str(self.ca_file), **options}
        query = "&".join(f"{name}={quote(value, safe='/')}" for name, value in options.items())
        return f"mongodb://{who}{hosts}/?{query}"

    def _connected(self, uri: str) -> Client:
        if uri not in self._clients:
            self._clients[uri] = MongoClient(uri)
        return self._clients[uri]

    def _secrets(self) -> list[str]:
        """Makes what members know each other by, and tells them where it is."""
        key = self.folder / "key"
        key.write_bytes(base64.b64encode(os.urandom(60)))
        key.chmod(0o600)
        certificate = self.folder / "server.pem"
        certificate.write_bytes(self._authority.server(HOST, "localhost").pem())
        return [
            *("--keyFile", str(key), "--tlsMode", "requireTLS"),
            *("--tlsCertificateKeyFile", str(certificate), "--tlsCAFile", str(self.ca_file)),
            "--tlsAllowConnectionsWithoutCertificates",
        ]

    def _start(self) -> None:
        for member in self.members:
            member.start()
        self._initiate()
        if self.is_secure:
            # The first user of all may be made by anybody on this machine.
            admin = self._anonymous(self.primary()).admin
            admin.command("createUser", ADMIN, pwd=ADMIN_PASSWORD, roles=["root"])

    def _initiate(self) -> None:
        """Makes members that run one whole."""

    def primary(self) -> Member:
        """The member that takes writes, as soon as there is one."""
        found: list[Member] = []

        def is_found() -> bool:
            found[:] = [m for m in self._running() if self._hello(m).get("isWritablePrimary")]
            return bool(found)

        until(is_found, PATIENCE)
        return found[0]

    def _hello(self, member: Member) -> Document:
        with suppress(AutoReconnect):
            return self._anonymous(member).admin.command("hello")
        return {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            client.close()
        for member in self.members:
            member.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)


class Standalone(Servers):
    """One server that is no replica set: it has no oplog."""

    def __init__(self, *, secure: bool = False) -> None:
        super().__init__(1, [], secure)


class ReplicaSet(Servers):
    def __init__(
        self,
        n_members: int = 1,
        *,
        name: str = "rs",
        tiny_oplog: bool = False,
        election_timeout_ms: int = 1000,
        secure: bool = False,
    ) -> None:
        """`tiny_oplog`: room for a megabyte, and each second what is beyond that goes."""
        oplog = ["--oplogSize", "1", "--syncdelay", "1"] if tiny_oplog else ["--oplogSize", "990"]
        arguments = ["--replSet", name, *oplog]
        super().__init__(n_members, arguments, secure)
        self.name = name
        self._election_timeout_ms = election_timeout_ms
        self._options = {"replicaSet": name}

    def step_down(self) -> None:
        """The primary steps down, and for some seconds does not step up again."""
        admin = self.client_of(self.primary()).admin
        with suppress(AutoReconnect):
            admin.command("replSetStepDown", 5, secondaryCatchUpPeriodSecs=2, force=True)

    def kill(self, member: Member) -> None:
        """What was acknowledged by the majority survives that."""
        member.stop(signal.SIGKILL)

    def restart(self, member: Member) -> None:
        member.start()
        until(lambda: self._is_ready(member), PATIENCE)

    def last_time(self) -> Timestamp:
        """Of the newest entry in the oplog."""
        return _end_of_oplog(self.client(), -1)

    def roll_oplog(self) -> None:
        """Nothing that is in a tiny oplog now stays in it."""
        position = self.last_time()
        for member in self._running():
            client = self.client_of(member)
            while _end_of_oplog(client, 1) <= position:
                self.client().admin.command("appendOplogNote", 1, data={"": "x" * (100 * KIB)})
                time.sleep(0.05)

    def _initiate(self) -> None:
        members = [{"_id": n, "host": each.address} for n, each in enumerate(self.members)]
        settings = {"electionTimeoutMillis": self._election_timeout_ms}
        config = {"_id": self.name, "members": members, "settings": settings}
        self._anonymous(self.members[0]).admin.command("replSetInitiate", config)
        self.primary()
        for member in self.members:
            until(lambda at=member: self._is_ready(at), PATIENCE)  # type: ignore[misc]

    def _is_ready(self, member: Member) -> bool:
        hello = self._hello(member)
        return bool(hello.get("isWritablePrimary") or hello.get("secondary"))


def _end_of_oplog(client: Client, direction: int) -> Timestamp:
    """The time of the oldest entry, or of the newest one with -1."""
    entry = client.local["oplog.rs"].find_one({}, sort=[("$natural", direction)])
    assert entry is not None
    time: Timestamp = entry["ts"]
    return time
