"""What happens to requests and answers in a network that fails; see fault_proxy.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fault_proxy import Client


@dataclass
class Message:
    """A request or an answer: its first line, its headers, its body."""

    first: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def find(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def head(self, length: int | None) -> bytes:
        """With this as the length of the body; without one of its own, None leaves it out."""
        own = ("content-length", "transfer-encoding")
        lines = [f"{k}: {v}" for k, v in self.headers if length is None or k.lower() not in own]
        lines += [] if length is None else [f"Content-Length: {length}"]
        return "\r\n".join([self.first, *lines, "", ""]).encode("latin-1")


def whole(answer: Message, is_bodiless: bool) -> bytes:
    return answer.head(None if is_bodiless else len(answer.body)) + answer.body


def half_of(answer: Message, is_bodiless: bool) -> bytes:
    """Up to the middle of its body; of its head if there is none."""
    missing = len(answer.body) if answer.body else len(answer.head(None))
    return whole(answer, is_bodiless)[: -((missing + 1) // 2)]


class Fault:
    """What happens to a request. Each kind overrides what it changes."""

    async def on_head(self, client: Client) -> bool:
        """Before the body of the request was read. True: the request ends here."""
        return False

    async def on_request(self, client: Client, request: Message) -> Message | None:
        """Before it is forwarded; an answer in the place of the server's, or None."""
        return None

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        await client.send(answer, is_bodiless)


class Closed(Exception):
    """The connection to the client ended, by a fault or by itself."""


@dataclass
class Reset(Fault):
    """The connection is reset: before the body of the request, or after a part of the answer."""

    in_answer: bool = False

    async def on_head(self, client: Client) -> bool:
        if not self.in_answer:
            client.reset()
        return not self.in_answer

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        await client.write(half_of(answer, is_bodiless))
        client.reset()


class ResetInUpload(Fault):
    """The connection is reset when half of the request's body came."""

    async def on_head(self, client: Client) -> bool:
        await client.skip_half()
        client.reset()
        return True


class CloseInAnswer(Fault):
    """The connection is closed in good order after half of the answer's body."""

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        await client.write(half_of(answer, is_bodiless))
        raise Closed


class Truncate(Fault):
    """The answer has half of its body, and a length that fits."""

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        answer.body = answer.body[: len(answer.body) // 2]
        await client.send(answer, is_bodiless)


@dataclass
class Delay(Fault):
    seconds: float

    async def on_request(self, client: Client, request: Message) -> Message | None:
        await asyncio.sleep(self.seconds)
        return None


@dataclass
class Drip(Fault):
    """The answer comes so slowly, in ten pieces a second."""

    bytes_per_second: int

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        data = whole(answer, is_bodiless)
        piece = max(self.bytes_per_second // 10, 1)
        for at in range(0, len(data), piece):
            await client.write(data[at : at + piece])
            await asyncio.sleep(0.1)


@dataclass
class Answer(Fault):
    """The server never hears of the request."""

    status: int
    code: str = ""  # of Blob Storage
    headers: dict[str, str] = field(default_factory=dict)

    async def on_request(self, client: Client, request: Message) -> Message | None:
        code = {"x-ms-error-code": self.code} if self.code else {}
        body = b"<html>no answer of the server</html>"
        return Message(f"HTTP/1.1 {self.status} Fault", list((code | self.headers).items()), body)


class LoseAnswer(Fault):
    """The server does it, and nobody learns of that."""

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        client.reset()
        raise Closed


@dataclass
class Corrupt(Fault):
    """One bit of a body is another one: on the way up, or on the way down."""

    up: bool
    place: float = 0.5  # from 0 to 1

    def _changed(self, body: bytes) -> bytes:
        at = min(int(len(body) * self.place), len(body) - 1)
        return body and body[:at] + bytes([body[at] ^ 0x10]) + body[at + 1 :]

    async def on_request(self, client: Client, request: Message) -> Message | None:
        if self.up:
            request.body = self._changed(request.body)
        return None

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        if not self.up:
            answer.body = self._changed(answer.body)
        await client.send(answer, is_bodiless)
