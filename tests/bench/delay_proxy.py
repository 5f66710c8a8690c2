"""A TCP proxy that makes a server far away, and tells what HTTP requests went through it.

Bytes come out `delay` seconds after they went in, in either direction, as many of them as one
likes: only answers take longer. Connecting takes a round trip as well. Runs on a thread of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

PIECE = 256 * 1024  # bytes
AT_ONCE = 64 << 20  # bytes on their way in one direction: 10 Gbit/s at 50 ms


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    method: str
    target: str  # path and query


class RequestParser:
    """Finds the requests in what a client sends."""

    def __init__(self, found: Callable[[Request], None]) -> None:
        self._found = found
        self._head = b""
        self._body = 0  # bytes that are still to come

    def feed(self, data: bytes) -> None:
        while data:
            if self._body > 0:
                n = min(self._body, len(data))
                self._body -= n
                data = data[n:]
                continue
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            self._take(head.decode("latin-1").split("\r\n"))

    def _take(self, lines: list[str]) -> None:
        method, target, _ = lines[0].split(" ", 2)
        fields = {name.lower(): value for name, _, value in (line.partition(":") for line in lines)}
        assert "transfer-encoding" not in fields, "bodies in chunks are not for this parser"
        self._body = int(fields.get("content-length", "0"))
        self._found(Request(method, target))


class DelayProxy:
    """Listens on a free port of this machine. As a context it is started and stopped."""

    def __init__(self, port: int, delay: float) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._to = port
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def forget(self) -> None:
        """Counts anew."""
        self.requests.clear()
        self.connections = 0

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=PIECE)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await self._stop.wait()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _connected(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        parser = RequestParser(self.requests.append)
        try:
            # The system has accepted the connection already: the round trip is made up for here.
            await asyncio.sleep(2 * self._delay)
            server, to_server = await asyncio.open_connection("127.0.0.1", self._to, limit=PIECE)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(client, to_server, parser.feed))
                both.create_task(self._forward(server, to_client, lambda _: None))
            to_server.close()
        except* OSError:
            pass  # whoever closed it knows why; the other side is told by the end of its stream
        finally:
            to_client.close()

    async def _forward(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        look: Callable[[bytes], None],
    ) -> None:
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AT_ONCE // PIECE)

        async def take() -> None:
            while data := await source.read(PIECE):
                look(data)
                await underway.put((self._loop.time() + self._delay, data))
            await underway.put((self._loop.time() + self._delay, b""))

        async def give() -> None:
            while True:
                due, data = await underway.get()
                await asyncio.sleep(due - self._loop.time())
                if not data:
                    break
                target.write(data)
                await target.drain()
            if target.can_write_eof():
                target.write_eof()

        async with asyncio.TaskGroup() as both:
            both.create_task(take())
            both.create_task(give())
