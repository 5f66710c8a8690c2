"""An archive tier that takes its time, for a FaultProxy in front of Azurite.

Azurite refuses to read what is in the archive, as Azure does, but brings it back at once. Here what
was asked for stays where it is, and is listed as being on its way, until the test brings it back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from http_faults import Answer, Fault, Message

if TYPE_CHECKING:
    from fault_proxy import Client

BLOB = re.compile(rb"<Blob><Name>([^<]*)</Name>.*?</Blob>", re.DOTALL)
ARCHIVED = b"<AccessTier>Archive</AccessTier>"
WAKING = ARCHIVED + b"<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>"


@dataclass
class SlowArchive(Fault):
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)  # names: tier and priority

    async def on_request(self, client: Client, request: Message) -> Message | None:
        url = urlsplit(request.first.split(" ")[1])
        if "comp=tier" not in url.query.split("&"):
            return None
        name = unquote(url.path).split("/", 3)[3]  # /ACCOUNT/CONTAINER/NAME
        if name in self.asked:
            return await Answer(409, "BlobBeingRehydrated").on_request(client, request)
        tier = request.find("x-ms-access-tier") or ""
        self.asked[name] = (tier, request.find("x-ms-rehydrate-priority") or "")
        return Message("HTTP/1.1 202 Accepted", [])

    async def on_answer(self, client: Client, answer: Message, is_bodiless: bool) -> None:
        answer.body = BLOB.sub(self._listed, answer.body)
        await client.send(answer, is_bodiless)

    def _listed(self, blob: re.Match[bytes]) -> bytes:
        is_waking = blob[1].decode() in self.asked
        return blob[0].replace(ARCHIVED, WAKING) if is_waking else blob[0]
