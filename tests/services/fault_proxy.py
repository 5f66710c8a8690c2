"""A proxy in front of an HTTP server that does what networks do: it breaks, delays, truncates and
corrupts, answers in the server's place, loses answers, or is away for a while.

What it does is scripted: "the Nth request that matches, M times". The rest passes as it is, but for
answers in chunks, which get a length. Requests and answers are held in memory as a whole.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self, TypeVar

from http_faults import Closed, Fault, Message, whole

T = TypeVar("T")
LARGEST_HEAD = 1 << 20
PIECE = 64 * 1024


@dataclass
class Rule:
    fault: Fault
    method: str
    path: re.Pattern[str]
    nth: int
    times: int
    each: bool
    seen: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    most_at_once: int = 0  # of the requests it took, that were not answered
    _at_once: int = 0

    @contextmanager
    def underway(self) -> Iterator[None]:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            self._at_once -= 1

    def takes(self, method: str, path: str) -> bool:
        if self.method not in ("", method) or not self.path.search(path):
            return False
        counted = path if self.each else ""
        self.seen[counted] += 1
        is_hit = self.nth <= self.seen[counted] < self.nth + self.times
        self.hits += is_hit
        return is_hit


HARMLESS = Rule(Fault(), "", re.compile(""), 1, 0, False)


class Client:
    """A connection to the proxy, and the one behind it."""

    def __init__(
        self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy, self._reader, self._writer = proxy, reader, writer
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._length = 0  # of the request's body

    async def serve(self) -> None:
        try:
            while await self._exchange():
                pass
        except (OSError, EOFError, Closed, asyncio.IncompleteReadError):
            pass  # as it is with networks
        finally:
            self.close()

    def close(self) -> None:
        for writer in (self._writer, *(self._server or ())[1:]):
            with suppress(OSError, RuntimeError):
                writer.close()

    def reset(self) -> None:
        socket = self._writer.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def skip_half(self) -> None:
        await self._reader.readexactly(self._length // 2)

    async def write(self, data: bytes) -> None:
        for at in range(0, len(data), PIECE):
            self._writer.write(data[at : at + PIECE])
            await self._writer.drain()

    async def send(self, answer: Message, is_bodiless: bool) -> None:
        await self.write(whole(answer, is_bodiless))

    async def _exchange(self) -> bool:
        request = await _read_head(self._reader)
        method, path, _ = request.first.split(" ", 2)
        self._length = int(request.find("content-length") or 0)
        rule = self._proxy.rule_for(method, path)
        with rule.underway():
            return await self._answer(method, request, rule.fault)

    async def _answer(self, method: str, request: Message, fault: Fault) -> bool:
        if await fault.on_head(self):
            return False
        if request.find("expect"):
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = await self._reader.readexactly(self._length)
        if answer := await fault.on_request(self, request):
            await self.send(answer, False)
            return True
        is_bodiless, answer = await self._forward(method, request)
        await fault.on_answer(self, answer, is_bodiless)
        return True

    async def _forward(self, method: str, request: Message) -> tuple[bool, Message]:
        if self._server is None:
            self._server = await self._proxy.connect()
        reader, writer = self._server
        writer.write(request.head(len(request.body)) + request.body)
        await writer.drain()
        answer = await _read_head(reader)
        status = int(answer.first.split(" ")[1])
        is_bodiless = method == "HEAD" or status in (204, 304)
        if not is_bodiless:
            answer.body = await _read_body(reader, answer)
        return is_bodiless, answer


async def _read_head(reader: asyncio.StreamReader) -> Message:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = text[:-4].split("\r\n")
    pairs = [line.split(":", 1) for line in lines]
    return Message(first, [(name, value.strip()) for name, value in pairs])


async def _read_body(reader: asyncio.StreamReader, answer: Message) -> bytes:
    if answer.find("transfer-encoding") != "chunked":
        return await reader.readexactly(int(answer.find("content-length") or 0))
    body = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        body += await reader.readexactly(size)
        await reader.readexactly(2)
        if size == 0:
            return body


class FaultProxy:
    """On a free port of this machine, from `with` to its end, in a thread of its own."""

    def __init__(
        self,
        port: int,
        serves: ssl.SSLContext | None = None,
        trusts: ssl.SSLContext | None = None,
    ) -> None:
        """In front of `port`. With contexts, both sides speak TLS."""
        self.port = 0  # the same again when it comes back
        self.requests: list[tuple[str, str]] = []  # methods and paths
        self._server_port, self._serves, self._trusts = port, serves, trusts
        self._rules: list[Rule] = []
        self._lock = threading.Lock()  # around what tests and connections use
        self._clients: set[Client] = set()
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def script(
        self,
        fault: Fault,
        method: str = "",
        path: str = "",
        *,
        nth: int = 1,
        times: int = 1,
        each: bool = False,
    ) -> Rule:
        """`path`: an expression that is looked for in path and query. The first rule wins. With
        `each`, requests are counted for every path and query by itself."""
        rule = Rule(fault, method, re.compile(path), nth, times, each)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def go_away(self) -> None:
        """Connections are closed, new ones refused."""
        self._run(self._close())

    def come_back(self) -> None:
        self._run(self._listen())

    def rule_for(self, method: str, path: str) -> Rule:
        with self._lock:
            self.requests.append((method, path))
            hits = [rule for rule in self._rules if rule.takes(method, path)]
        return hits[0] if hits else HARMLESS

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._server_port, ssl=self._trusts)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=LARGEST_HEAD, ssl=self._serves
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(self, reader, writer)
        self._clients.add(client)
        await client.serve()
        self._clients.discard(client)

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for client in self._clients:
            client.close()

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(timeout=30)

    def __enter__(self) -> Self:
        self._thread.start()
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
