"""Writes repositories byte by byte, after restic's description of the format and nothing of ours.

So a test can say what no honest program would write: hostile names, impossible lengths, versions of
the future.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from base64 import b64encode
from pathlib import Path
from typing import Any

from commands import PASSWORD
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

Json = dict[str, Any]

DATA, TREE = 0, 1
KIND_NAMES = {DATA: "data", TREE: "tree"}


def text(raw: bytes) -> str:
    return b64encode(raw).decode()


class Key:
    """A key of 64 bytes: for AES-256-CTR, and k and r for Poly1305-AES."""

    def __init__(self, raw: bytes) -> None:
        self.encrypt, self.k, self.r = raw[:32], raw[32:48], raw[48:64]

    def seal(self, plaintext: bytes) -> bytes:
        nonce = os.urandom(16)
        encryptor = Cipher(algorithms.AES(self.encrypt), modes.CTR(nonce)).encryptor()
        ciphertext = encryptor.update(plaintext)
        block = Cipher(algorithms.AES(self.k), modes.ECB()).encryptor().update(nonce)
        return nonce + ciphertext + Poly1305.generate_tag(self.r + block, ciphertext)

    def json(self) -> bytes:
        mac = {"k": text(self.k), "r": text(self.r)}
        return json.dumps({"mac": mac, "encrypt": text(self.encrypt)}).encode()


class CraftedRepository:
    """A repository in a folder; what is added is stored at once."""

    def __init__(self, folder: Path, version: int = 2) -> None:
        self.folder = folder
        self.master = Key(os.urandom(64))
        for name in ("data", "index", "keys", "locks", "snapshots"):
            (folder / name).mkdir(parents=True)
        self._store_key()
        config = {"version": version, "id": "00" * 32, "chunker_polynomial": "25b468838dcb75"}
        (folder / "config").write_bytes(self.master.seal(json.dumps(config).encode()))

    def _store_key(self) -> None:
        salt = os.urandom(64)
        raw = hashlib.scrypt(PASSWORD.encode(), salt=salt, n=1024, r=8, p=1, dklen=64)
        key = {
            "created": "2026-01-01T00:00:00Z",
            "username": "test",
            "hostname": "test",
            "kdf": "scrypt",
            "N": 1024,
            "r": 8,
            "p": 1,
            "salt": text(salt),
            "data": text(Key(raw).seal(self.master.json())),
        }
        self.store("keys", json.dumps(key).encode())

    def store(self, folder: str, content: bytes) -> str:
        """Stores a file under the name that its content gives it."""
        name = hashlib.sha256(content).hexdigest()
        (self.folder / folder / name).write_bytes(content)
        return name

    def pack(self, kind: int, plaintext: bytes, **lies: int) -> str:
        """Stores one blob in a pack of its own, and an index that names it; returns its id.

        `lies` replace fields of the index: offset, length, uncompressed_length.
        """
        return self.pack_as(hashlib.sha256(plaintext).digest(), kind, plaintext, **lies)

    def pack_as(self, blob: bytes, kind: int, plaintext: bytes, **lies: int) -> str:
        """The same under an id that may be a lie too."""
        (one,) = self._pack([(blob, kind, plaintext)], **lies)
        return one

    def pack_of(self, blobs: list[tuple[int, bytes]]) -> list[str]:
        """Several blobs, of kinds that may differ."""
        return self._pack([(hashlib.sha256(text).digest(), kind, text) for kind, text in blobs])

    def _pack(self, blobs: list[tuple[bytes, int, bytes]], **lies: int) -> list[str]:
        body, entries, places = b"", b"", []
        for blob, kind, plaintext in blobs:
            sealed = self.master.seal(plaintext)
            place = {"id": blob.hex(), "type": KIND_NAMES[kind], "offset": len(body)}
            places.append(place | {"length": len(sealed)} | lies)
            entries += struct.pack("<BI", kind, len(sealed)) + blob
            body += sealed
        header = self.master.seal(entries)
        content = body + header + struct.pack("<I", len(header))
        name = hashlib.sha256(content).hexdigest()
        (self.folder / "data" / name[:2]).mkdir(exist_ok=True)
        (self.folder / "data" / name[:2] / name).write_bytes(content)
        index = {"packs": [{"id": name, "blobs": places}]}
        self.store("index", self.master.seal(json.dumps(index).encode()))
        return [str(place["id"]) for place in places]

    def tree(self, *nodes: Json) -> str:
        return self.pack(TREE, json.dumps({"nodes": nodes}).encode() + b"\n")

    def snapshot(self, tree: object, **fields: object) -> str:
        content = {
            "time": "2026-01-01T00:00:00Z",
            "tree": tree,
            "paths": ["/source"],
            "hostname": "test",
            "username": "test",
        }
        return self.store("snapshots", self.master.seal(json.dumps(content | fields).encode()))


def node(name: str, kind: str = "file", **fields: Any) -> Json:
    times = dict.fromkeys(("mtime", "atime", "ctime"), "2026-01-01T00:00:00Z")
    mode = {"dir": 0o755 | 1 << 31, "symlink": 0o777 | 1 << 27}.get(kind, 0o644)
    plain = {"name": name, "type": kind, "mode": mode, "uid": 0, "gid": 0, **times}
    return plain | ({"content": []} if kind == "file" else {}) | fields
