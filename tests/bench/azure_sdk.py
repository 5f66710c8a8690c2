"""The transfers of azure_transfer.cpp by Azure's own SDK, as well as it can do them.

usage: azure_sdk.py put|put-crc64|get CONTAINER_URL COUNT SIZE CONCURRENCY

One Put Blob and one GET of a range for each object, a connection and a buffer for each thread.
Prints what azure_transfer prints. `put-crc64` proves uploads by a CRC-64, as sapdr always does; the
SDK computes it in a package of its own, azure-storage-extensions.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import ContainerClient

VERSION = "2026-06-06"  # the newest that Azurite knows
ENDS = 8  # bytes that are compared, at the beginning and at the end of an object


class Into:
    """A stream that fills a buffer."""

    def __init__(self, buffer: bytearray) -> None:
        self.view = memoryview(buffer)
        self.size = 0

    def write(self, data: bytes) -> int:
        self.view[self.size : self.size + len(data)] = data
        self.size += len(data)
        return len(data)


def client_of(url: str, size: int, concurrency: int) -> ContainerClient:
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=concurrency)
    session.mount("http://", adapter)
    return ContainerClient.from_container_url(
        url,
        os.environ["AZURE_STORAGE_KEY"],
        api_version=VERSION,
        transport=RequestsTransport(session=session, session_owner=False),
        max_single_put_size=size + 1,
        max_single_get_size=size + 1,
    )


def move(client: ContainerClient, action: str, source: bytes, buffer: bytearray, name: str) -> None:
    if action != "get":
        proof: Any = "crc64" if action == "put-crc64" else False
        client.upload_blob(name, source, length=len(source), validate_content=proof)
        return
    buffer[:ENDS] = buffer[-ENDS:] = bytes(ENDS)
    into: Any = Into(buffer)
    blob = client.download_blob(name, offset=0, length=len(buffer), max_concurrency=1)
    blob.readinto(into)
    if buffer[:ENDS] != source[:ENDS] or buffer[-ENDS:] != source[-ENDS:]:
        raise RuntimeError(f"{name} is not what was stored")


def in_threads(
    count: int, buffers: list[bytearray], each: Callable[[bytearray, int], None]
) -> None:
    numbers = iter(range(count))
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work(buffer: bytearray) -> None:
        try:
            while not failures:
                with lock:
                    index = next(numbers, None)
                if index is None:
                    return
                each(buffer, index)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(buffer,)) for buffer in buffers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def usage() -> tuple[float, int]:
    """CPU seconds, and the peak of memory since this program began."""
    found = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    return found.ru_utime + found.ru_stime, peak


def main(action: str, url: str, *numbers: str) -> None:
    count, size, concurrency = map(int, numbers)
    _, floor = usage()
    source = random.Random(1).randbytes(size)
    # One buffer for each thread; uploads need none, as the SDK sends from where the bytes are.
    buffers = [bytearray(size if action == "get" else 0) for _ in range(concurrency)]

    def each(buffer: bytearray, index: int) -> None:
        move(client, action, source, buffer, f"sdk/{index:064x}")

    with client_of(url, size, concurrency) as client:
        if not client.exists():
            client.create_container()
        began, (cpu, _) = time.perf_counter(), usage()
        in_threads(count, buffers, each)
        wall, (end, peak) = time.perf_counter() - began, usage()
    cost = {"wall": wall, "cpu": end - cpu, "peak": peak, "floor": floor, "count": count}
    print(json.dumps(cost))


if __name__ == "__main__":
    main(*sys.argv[1:])
