"""Checksums and manifests."""

from __future__ import annotations

import array
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy
import pytest

import sapdr


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 1_000_000, 3_000_001])
def test_sha256_of_anything_with_bytes(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    expected = sha256_of(data)
    (tmp_path / "file").write_bytes(data)
    for source in (data, bytearray(data), memoryview(data), array.array("B", data)):
        assert sapdr.sha256(source) == expected
    assert sapdr.sha256(numpy.frombuffer(data, dtype="uint8")) == expected
    assert sapdr.sha256(io.BytesIO(data)) == expected
    assert sapdr.sha256(data[i : i + 1000] for i in range(0, size, 1000)) == expected
    for buffering in (0, -1):
        with (tmp_path / "file").open("rb", buffering=buffering) as file:
            assert sapdr.sha256(file) == expected
    assert sapdr.checksum_file(tmp_path / "file") == expected


def test_sha256_of_what_has_no_bytes() -> None:
    for source in ("text", 7, None, ["text"]):
        with pytest.raises(TypeError):
            sapdr.sha256(source)
    with pytest.raises(BufferError):
        sapdr.sha256(numpy.zeros((4, 4))[:, 1])


def test_a_stream_that_fails_comes_out_unchanged() -> None:
    class Broken(io.RawIOBase):
        def readinto(self, _: object) -> int:
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        sapdr.sha256(Broken())


def test_hasher() -> None:
    hasher = sapdr.Hasher()
    for data in (b"first", b"second"):  # it begins anew
        hasher.update(data[:2])
        hasher.update(memoryview(data)[2:])
        assert hasher.final() == sha256_of(data)


def test_a_hasher_is_safe_with_threads_which_go_on_meanwhile() -> None:
    data = bytes(50_000_000)
    hasher = sapdr.Hasher()
    threads = [threading.Thread(target=hasher.update, args=(data,)) for _ in range(4)]
    turns = 0
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        turns += 1
        threading.Event().wait(0.001)
    assert turns > 3
    assert hasher.final() == sha256_of(data * 4)


def test_checksum_file(tree: Path) -> None:
    seen: list[sapdr.Progress] = []
    assert sapdr.checksum_file(tree / "link", progress=seen.append) == sha256_of(b"first")
    assert seen[-1].is_final
    with pytest.raises(sapdr.NotFoundError, match="nothing"):
        sapdr.checksum_file(tree / "nothing")
    with pytest.raises(sapdr.InvalidStateError, match="not a file"):
        sapdr.checksum_file(tree)


def test_checksum_tree(tree: Path) -> None:
    (tree / "sub.txt").write_text("x")
    files: list[sapdr.FileChecksum] = []
    items: list[sapdr.Item] = []
    result = sapdr.checksum_tree(tree, files.append, on_item=items.append)
    assert [(each.path, each.size) for each in files] == [
        ("a.txt", 5),
        ("sub.txt", 1),
        ("sub/b.bin", 256 * 40),
    ]
    for each in files:
        assert each.sha256 == sha256_of((tree / each.path).read_bytes())
    assert (result.files, result.bytes, result.skipped, result.failed) == (3, 10246, 1, 0)
    assert result.elapsed > 0
    assert [(item.action, item.path) for item in items] == [("skipped", "link")]
    files.clear()
    sapdr.checksum_tree(tree, files.append, paths=["sub", b"link"], excludes="*.bin")
    assert [each.path for each in files] == ["link"]
    with pytest.raises(sapdr.NotFoundError):
        sapdr.checksum_tree(tree, files.append, paths=tree / "nothing")


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    name = os.fsdecode(b"caf\xe9\n\\")
    (folder / name).write_bytes(b"odd")
    files: list[sapdr.FileChecksum] = []
    sapdr.checksum_tree(os.fsencode(folder), files.append)
    assert [each.path for each in files] == [name]
    sapdr.manifest_write(folder, tmp_path / "sums")
    subprocess.run(["sha256sum", "-c", "--strict", tmp_path / "sums"], cwd=folder, check=True)
    assert sapdr.manifest_verify(folder, tmp_path / "sums").matching == 1


def test_what_callbacks_raise_comes_out_unchanged(tree: Path, tmp_path: Path) -> None:
    thrown = RuntimeError("enough")

    def stop(_: object) -> None:
        raise thrown

    manifest = tmp_path / "sums"
    sapdr.manifest_write(tree, manifest)
    old = manifest.read_bytes()
    for operation in (
        lambda: sapdr.checksum_tree(tree, stop),
        lambda: sapdr.checksum_tree(tree, lambda _: None, progress=stop),
        lambda: sapdr.checksum_file(tree / "a.txt", progress=stop),
        lambda: sapdr.manifest_write(tree, manifest, on_item=stop),
        lambda: sapdr.manifest_verify(tree, manifest, on_item=stop),
    ):
        with pytest.raises(RuntimeError) as caught:
            operation()
        assert caught.value is thrown
    assert manifest.read_bytes() == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sums", "tree"]


def test_manifest(tree: Path) -> None:
    manifest = tree / "SHA256SUMS"
    for _ in range(2):
        written = sapdr.manifest_write(tree, manifest)
        assert (written.files, written.skipped) == (2, 1)
    subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tree, check=True)
    same = sapdr.manifest_verify(tree, manifest, strict=True, paths=".")
    assert (same.files, same.matching, same.extra, same.bytes) == (2, 2, 0, written.bytes)


def test_differences(tree: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "sums"
    sapdr.manifest_write(tree, manifest)
    (tree / "a.txt").write_text("FIRST")
    (tree / "sub" / "b.bin").rename(tree / "sub" / "c.bin")
    items: list[sapdr.Item] = []
    with pytest.raises(sapdr.ChecksumError) as caught:
        sapdr.manifest_verify(tree, manifest, paths=".", on_item=items.append)
    result = caught.value.result
    assert isinstance(result, sapdr.ManifestVerifyResult)
    assert (result.differing, result.missing, result.extra) == (1, 1, 1)
    assert [(item.action, item.path) for item in items] == [
        ("differs", "a.txt"),
        ("missing", "sub/b.bin"),
        ("extra", "sub/c.bin"),
    ]
    (tree / "a.txt").write_text("first")
    assert sapdr.manifest_verify(tree, manifest, ignore_missing=True).missing == 1


def test_malformed_lines(tree: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "sums"
    manifest.write_text(f"{sha256_of(b'first')}  a.txt\nnonsense\n")
    items: list[sapdr.Item] = []
    with pytest.raises(sapdr.IncompleteError) as caught:
        sapdr.manifest_verify(tree, manifest, on_item=items.append)
    assert isinstance(caught.value.result, sapdr.ManifestVerifyResult)
    assert caught.value.result.malformed == 1
    (failed,) = [item for item in items if item.action == "failed"]
    assert failed.path == str(manifest) and "line 2 " in str(failed.message)
    manifest.write_text("nonsense\n")
    with pytest.raises(sapdr.InvalidArgumentError, match="no line with a SHA-256"):
        sapdr.manifest_verify(tree, manifest)


def test_an_unreadable_file_makes_it_incomplete(tree: Path, tmp_path: Path) -> None:
    unreadable = "/proc/self/mem"  # a regular file that not even root can read from the start
    with pytest.raises(sapdr.IncompleteError) as caught:
        sapdr.manifest_write(tree, tmp_path / "sums", paths=["a.txt", unreadable])
    assert isinstance(caught.value.result, sapdr.ChecksumResult)
    assert (caught.value.result.files, caught.value.result.failed) == (1, 1)
    assert (tmp_path / "sums").read_text() == f"{sha256_of(b'first')}  a.txt\n"


def test_ctrl_c(tmp_path: Path) -> None:
    """Of a file that takes hours: a hole of 8 TiB."""
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 43)
    script = """
import signal, sys, sapdr
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    sapdr.manifest_write(
        sys.argv[1], sys.argv[1] + "/sums", progress=lambda p: print(p.phase, flush=True)
    )
except KeyboardInterrupt:
    print("interrupted")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while "read" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out.splitlines()[-1] == "interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["hole"]
