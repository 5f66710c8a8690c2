"""What the fakes of services have in common: requests, answers, and a server for them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    form: dict[str, str]


@dataclass
class Answer:
    status: int
    body: dict[str, Any] | str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


def make_server(answer: Callable[[Request], Answer]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self._reply("GET")

        def do_POST(self) -> None:
            self._reply("POST")

        def do_HEAD(self) -> None:
            self._reply("HEAD")

        def do_PUT(self) -> None:
            self._reply("PUT")

        def do_DELETE(self) -> None:
            self._reply("DELETE")

        def _reply(self, method: str) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            request = Request(
                method,
                url.path,
                {name: values[-1] for name, values in parse_qs(url.query).items()},
                {name.lower(): value for name, value in self.headers.items()},
                {name: values[-1] for name, values in parse_qs(body).items()},
            )
            given: Answer = answer(request)
            time.sleep(given.delay)
            is_json = isinstance(given.body, dict)
            content = (json.dumps(given.body) if is_json else str(given.body)).encode()
            self.send_response_only(given.status)
            if "Date" not in given.headers:
                self.send_header("Date", self.date_time_string())
            kind = "application/json; charset=utf-8" if is_json else "text/html"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if method != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
