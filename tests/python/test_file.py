"""`open_file`: a file of a snapshot as a binary file object."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import random
import struct
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import PASSWORD

import sapdr

SIZE = 17_000_000  # more than the two largest blobs there can be


@pytest.fixture
def content(repo: sapdr.Repository, tree: Path) -> bytes:
    """What is in the file "big" of the latest snapshot, random and of several blobs."""
    data = random.randbytes(SIZE)
    (tree / "big").write_bytes(data)
    repo.backup(tree)
    return data


def damage(repo: sapdr.Repository, location: Path, plaintext: bytes) -> None:
    """Flips a bit in the blob that holds this, in the pack where it lies."""
    wanted = hashlib.sha256(plaintext).hexdigest()
    for index, _ in repo.list("index"):
        for pack in json.loads(repo.cat("index", index))["packs"]:
            for blob in pack["blobs"]:
                if blob["id"] == wanted:
                    path = location / "data" / pack["id"][:2] / pack["id"]
                    path.chmod(0o600)
                    stored = bytearray(path.read_bytes())
                    stored[blob["offset"] + blob["length"] // 2] ^= 4
                    path.write_bytes(stored)
                    return
    raise AssertionError(f"no index has blob {wanted}")


def test_random_ranges_are_those_of_the_file(
    repo: sapdr.Repository, tree: Path, content: bytes
) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    with repo.open_file("latest", tree / "big") as file, (tree / "big").open("rb") as real:
        for _ in range(300):
            whence = rng.choice([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END])
            low = {os.SEEK_SET: 0, os.SEEK_CUR: -real.tell(), os.SEEK_END: -SIZE}[whence]
            offset = rng.randrange(low, low + SIZE + 1000)
            assert file.seek(offset, whence) == real.seek(offset, whence)
            size = rng.choice([0, 1, 100, 200_000, 2_000_000])
            assert file.read(size) == real.read(size)
            assert file.tell() == real.tell()
        file.seek(0)
        assert file.read() == content


def test_it_is_a_file_object(repo: sapdr.Repository, tree: Path, content: bytes) -> None:
    file = repo.open_file(repo.snapshot(), tree / "big")
    assert isinstance(file, io.BufferedReader)
    assert isinstance(file.raw, sapdr.SnapshotFile)
    assert file.readable() and file.seekable() and not file.writable()
    assert not file.closed and not file.isatty()
    assert (file.name, file.mode, file.raw.size) == (str(tree / "big"), "rb", SIZE)
    assert repr(file.raw) == f"<sapdr.SnapshotFile {str(tree / 'big')!r}, {SIZE} bytes>"
    buffer = bytearray(1000)
    assert file.readinto(buffer) == 1000 and bytes(buffer) == content[:1000]
    assert file.peek(1)[:1] == content[1000:1001]
    assert file.read1(10) == content[1000:1010]
    assert file.seek(-5, os.SEEK_END) == SIZE - 5
    assert file.read() == content[-5:]
    assert file.read() == file.read(10) == b"" and file.readinto(buffer) == 0
    assert file.seek(1 << 62) == 1 << 62
    assert file.read(1) == b"" and file.read() == b""
    for offset, whence in ((-1, os.SEEK_SET), (-SIZE - 1, os.SEEK_END)):
        with pytest.raises(ValueError, match="negative"):
            file.raw.seek(offset, whence)
    with pytest.raises(ValueError, match="whence"):
        file.raw.seek(0, 7)
    with pytest.raises(io.UnsupportedOperation):
        file.write(b"x")
    with pytest.raises(OSError):
        file.fileno()
    file.close()
    file.close()
    assert file.closed and "closed" in repr(file.raw)
    calls: list[Callable[[], object]] = [
        file.read,
        file.tell,
        lambda: file.seek(0),
        file.raw.readall,
        lambda: file.raw.readinto(buffer),
        file.raw.readable,
        lambda: file.raw.seek(0),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="closed"):
            call()


def test_raw_reads_end_with_a_blob(repo: sapdr.Repository, tree: Path, content: bytes) -> None:
    (node,) = repo.ls(paths=tree / "big")
    with repo.open_file("latest", tree / "big") as file:
        raw = file.raw
        pieces = list(iter(lambda: raw.read(SIZE), b""))
        assert len(pieces) == node.blobs > 2
        assert b"".join(pieces) == content
        raw.seek(1)
        assert raw.readall() == content[1:]
        view = np.zeros(16, dtype=np.uint32)
        raw.seek(4)
        assert raw.readinto(view) == 64
        assert view.tobytes() == content[4:68]
        with pytest.raises((ValueError, BufferError)):
            raw.readinto(np.zeros((4, 4), dtype=np.uint8)[:, 1])
        with pytest.raises((TypeError, BufferError)):
            raw.readinto(b"read-only")


def test_lines_and_text(repo: sapdr.Repository, tree: Path) -> None:
    (tree / "config.json").write_text(json.dumps({"hidden_size": 4096}) + "\n")
    (tree / "empty").touch()
    repo.backup(tree)
    with repo.open_file("latest", tree / "config.json") as file:
        assert json.load(file) == {"hidden_size": 4096}
    with io.TextIOWrapper(repo.open_file(f"latest:{tree}", "/config.json")) as text:
        assert list(text) == ['{"hidden_size": 4096}\n']
    with repo.open_file("latest", tree / "empty") as file:
        assert file.read() == b"" and file.read(1) == b"" and file.seek(0, os.SEEK_END) == 0
    assert repo.list("lock") == []


def test_formats_that_jump_about(repo: sapdr.Repository, tree: Path) -> None:
    """A member of an archive, and one tensor of a safetensors file, by its header."""
    with zipfile.ZipFile(tree / "a.zip", "w") as archive:
        archive.writestr("weights", random.randbytes(4_000_000))
        archive.writestr("notes", "read me")
    tensor = np.arange(1000, dtype=np.float32)
    begin = 3_000_000
    header = {"t": {"dtype": "F32", "shape": [1000], "data_offsets": [begin, begin + 4000]}}
    encoded = json.dumps(header).encode()
    (tree / "m.safetensors").write_bytes(
        struct.pack("<Q", len(encoded)) + encoded + random.randbytes(begin) + tensor.tobytes()
    )
    repo.backup(tree)
    with repo.open_file("latest", tree / "a.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["weights", "notes"]
        assert archive.read("notes") == b"read me"
    with repo.open_file("latest", tree / "m.safetensors") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        first, last = json.loads(file.read(size))["t"]["data_offsets"]
        file.seek(8 + size + first)
        assert np.array_equal(np.frombuffer(file.read(last - first), dtype=np.float32), tensor)


def test_what_cannot_be_opened(repo: sapdr.Repository, tree: Path, content: bytes) -> None:
    with pytest.raises(sapdr.NotFoundError):
        repo.open_file("latest", "/nothing")
    with pytest.raises(sapdr.InvalidArgumentError):
        repo.open_file("latest", tree)
    with pytest.raises(sapdr.InvalidArgumentError):
        repo.open_file("latest", tree / "link")
    with pytest.raises(sapdr.NotFoundError):
        repo.open_file("0123abcd", tree / "big")
    assert repo.list("lock") == []


def test_only_reads_that_touch_a_damaged_blob_fail(
    repo: sapdr.Repository, tree: Path, location: Path, content: bytes
) -> None:
    with repo.open_file("latest", tree / "big") as file:
        edges = [0]
        while piece := file.raw.read(SIZE):
            edges.append(edges[-1] + len(piece))
    bad = len(edges) // 2
    damage(repo, location, content[edges[bad] : edges[bad + 1]])
    with (
        sapdr.open(location, password=PASSWORD) as again,
        again.open_file("latest", tree / "big") as file,
    ):
        for _ in range(2):
            file.seek(edges[bad] - 100)
            assert file.read(100) == content[edges[bad] - 100 : edges[bad]]
            with pytest.raises(sapdr.CorruptError, match="blob"):
                file.read(1)
            file.seek(edges[bad + 1])
            assert file.read() == content[edges[bad + 1] :]
        file.seek(0)
        with pytest.raises(sapdr.CorruptError):
            file.read()


def test_a_lock_is_held_until_it_is_closed(
    repo: sapdr.Repository, tree: Path, content: bytes
) -> None:
    file = repo.open_file("latest", tree / "big")
    other = repo.open_file("latest", tree / "a.txt")
    assert len(repo.list("lock")) == 2
    file.close()
    assert len(repo.list("lock")) == 1
    del other
    gc.collect()
    assert repo.list("lock") == []


def test_after_the_repository_is_closed(location: Path, tree: Path) -> None:
    repo = sapdr.open(location, password=PASSWORD)
    repo.backup(tree)
    file = repo.open_file("latest", tree / "a.txt")
    repo.close()
    with pytest.raises(sapdr.InvalidStateError):
        file.read()
    file.close()
    with sapdr.open(location, password=PASSWORD) as again:
        assert again.list("lock") == []


def test_threads_may_share_one(repo: sapdr.Repository, tree: Path, content: bytes) -> None:
    wrong: list[int] = []
    with repo.open_file("latest", tree / "big") as file:

        def read(seed: int) -> None:
            rng = random.Random(seed)
            with repo.open_file("latest", tree / "big") as own:
                for _ in range(20):
                    at = rng.randrange(SIZE)
                    own.seek(at)
                    if own.read(1000) != content[at : at + 1000] or not file.read(1000):
                        wrong.append(at)

        threads = [threading.Thread(target=read, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
