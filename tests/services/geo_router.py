"""One address for both copies of a storage account, each of which is a server of its own.

A real account has two host names; an emulator knows the second copy by its path, without a lag. So
requests for "ACCOUNT-secondary" go to one server here and all others to the other one, which
can be away: then its connections end without an answer.
"""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class GeoRouter:
    """Serves from construction to the end of its block, on a free port of 127.0.0.1."""

    def __init__(self, primary_port: int, secondary_port: int) -> None:
        self.primary_port = primary_port
        self.secondary_port = secondary_port
        self.is_primary_away = False
        self.to_primary: list[str] = []  # methods of what reached the first copy
        self.to_secondary: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        router = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def route(self) -> None:
                is_secondary = self.path.split("/")[1].endswith("-secondary")
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(size)
                if router.is_primary_away and not is_secondary:
                    self.close_connection = True
                    return
                (router.to_secondary if is_secondary else router.to_primary).append(self.command)
                port = router.secondary_port if is_secondary else router.primary_port
                upstream = http.client.HTTPConnection("127.0.0.1", port)
                try:
                    upstream.putrequest(
                        self.command, self.path, skip_host=True, skip_accept_encoding=True
                    )
                    for name, value in self.headers.items():
                        upstream.putheader(name, value)
                    upstream.endheaders(body)
                    answer = upstream.getresponse()
                    content = answer.read()
                finally:
                    upstream.close()
                self.send_response_only(answer.status, answer.reason)
                for name, value in answer.getheaders():
                    if name.lower() not in {*HOP_BY_HOP, "content-length"}:
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = route

        return Handler
