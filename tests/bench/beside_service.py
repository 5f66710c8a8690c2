#!/usr/bin/env python3
"""What a backup does to an HTTP service beside it, as it is and told to be gentle.

usage: beside_service.py [--short]

The service answers each request with some 3 ms of computing. Requests come at a fixed rate, whether
or not earlier ones were answered, and a latency counts from the moment at which the request was to
be sent. The backup is one of made weights from and to a RAM disk, so that processors are what both
want. Settings take turns; the table has all latencies of a setting together. SAPDR_BIN is the
command.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
RATE = 100  # requests a second
WORK = 0.003  # seconds of computing for each
ALONE = "no backup"
SETTINGS: dict[str, list[str]] = {
    ALONE: [],
    "backup": [],
    "`--threads 1`": ["--threads", "1"],
    "`--nice 10`": ["--nice", "10"],
    "`--nice 19`": ["--nice", "19"],
    "`--limit-cpu 100%`": ["--limit-cpu", "100%"],
    "`--limit-cpu 50%`": ["--limit-cpu", "50%"],
    "`--limit-cpu 50% --nice 19`": ["--limit-cpu", "50%", "--nice", "19"],
}


@dataclass
class Measured:
    """All rounds of one setting."""

    latencies: list[float] = field(default_factory=list)  # seconds
    walls: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)  # CPU time by wall time


def compute(iterations: int) -> None:
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", iterations)


def iterations_for(seconds: float) -> int:
    """How much computing takes so long when nothing else runs."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        compute(10_000)
        times.append(time.perf_counter() - began)
    return max(1, round(10_000 * seconds / min(times)))


def serve(iterations: int) -> None:
    """The service: a process of its own, until it is killed. Tells its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            compute(iterations)
            self.send_response(200)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"ok\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


class Clients:
    """Sends requests at the rate, on connections that stay open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(64)

    def _ask(self, due: float) -> float:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._local.connection = connection
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"ok\n"
        return time.perf_counter() - due

    def run(self, until: threading.Event) -> list[float]:
        """Latencies of the requests that were sent before `until`."""
        waiting = []
        due = time.perf_counter()
        while not until.is_set():
            due += 1 / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            waiting.append(self._pool.submit(self._ask, due))
        return [one.result() for one in waiting]


def make_weights(path: Path, size: int) -> None:
    """Every other byte is one of few, as the exponents of bfloat16 weights are."""
    few = bytes((0x3A + n.bit_count()) % 256 for n in range(256))
    with path.open("wb") as file:
        for _ in range(max(1, size // (16 * MIB))):
            piece = bytearray(16 * MIB)
            piece[0::2] = os.urandom(8 * MIB)
            piece[1::2] = os.urandom(8 * MIB).translate(few)
            file.write(piece)


class Bench:
    def __init__(self, folder: Path, size: int, port: int) -> None:
        self.folder = folder
        self.clients = Clients(port)
        self.source = folder / "source"
        self.source.mkdir()
        for i in range(3):
            make_weights(self.source / f"{i}.bin", size // 3)
        (folder / "password").write_text("bench\n")

    def sapdr(self, *arguments: str) -> None:
        command = os.environ.get("SAPDR_BIN") or str(ROOT / "build/bindings/shell/sapdr")
        own = {k: v for k, v in os.environ.items() if not k.startswith(("SAPDR_", "RESTIC_"))}
        own |= {
            "SAPDR_REPOSITORY": str(self.folder / "repository"),
            "SAPDR_PASSWORD_FILE": str(self.folder / "password"),
        }
        subprocess.run([command, "--quiet", *arguments], env=own, check=True)

    def measure(self, setting: str, seconds: float, into: Measured) -> None:
        """One round; alone, the service is watched for so many seconds."""
        shutil.rmtree(self.folder / "repository", ignore_errors=True)
        self.sapdr("init", "--scrypt-n", "1024")
        over = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            answers = pool.submit(self.clients.run, over)
            time.sleep(0.2)  # connections are made
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            try:
                if setting == ALONE:
                    time.sleep(seconds)
                else:
                    self.sapdr(*SETTINGS[setting], "backup", str(self.source))
            finally:
                wall = time.perf_counter() - began
                over.set()
            into.latencies += answers.result()[RATE // 5 :]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        into.walls.append(wall)
        into.cores.append(cpu / wall)


def row(setting: str, measured: Measured) -> str:
    latencies = sorted(measured.latencies)

    def percentile(share: float) -> str:
        return f"{1000 * latencies[int(share * (len(latencies) - 1))]:.1f}"

    backup = "" if setting == ALONE else f"{statistics.median(measured.walls):.1f}"
    cores = "" if setting == ALONE else f"{statistics.median(measured.cores):.2f}"
    tail = f"{percentile(0.5)} | {percentile(0.99)} | {backup} | {cores} | {len(latencies)}"
    return f"| {setting} | {tail} |"


def first_in_line() -> None:
    """Whoever sends requests is elsewhere, and does not wait for processors of this machine."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    except PermissionError:
        print("not privileged: the client waits for processors as well", file=sys.stderr)


def main(short: bool) -> None:
    size, rounds, seconds = (48 * MIB, 1, 1.0) if short else (900 * MIB, 3, 4.0)
    argv = [sys.executable, __file__, "--serve", str(iterations_for(WORK))]
    with (
        tempfile.TemporaryDirectory(dir="/dev/shm", prefix="sapdr-beside-") as folder,
        subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as service,
    ):
        try:
            assert service.stdout is not None
            bench = Bench(Path(folder), size, int(service.stdout.readline()))
            measured = {setting: Measured() for setting in SETTINGS}
            for _ in range(rounds):
                for setting, into in measured.items():
                    bench.measure(setting, seconds, into)
        finally:
            service.kill()
    print("| beside it | p50, ms | p99, ms | backup, s | cores | requests |")
    print("| --- | --- | --- | --- | --- | --- |")
    for setting, into in measured.items():
        print(row(setting, into))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    elif sys.argv[1:] in ([], ["--short"]):
        main(bool(sys.argv[1:]))
    else:
        raise SystemExit(__doc__)
