#!/usr/bin/env python3
"""Restores a snapshot, as docs/FORMAT.md alone tells how: the proof that the page is complete.

It shares no code with the library and trusts nothing: every MAC and every SHA-256 is checked, what
does not fit is damage and ends it. It takes no lock, so nobody may prune the repository meanwhile.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import itertools
import json
import os
import re
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305

EXIT_CODES = """\
exit codes:
  0  everything was restored
  1  something is not there, could not be read or written, or is of a type that is not restored
  2  the command line is wrong
  3  no key file opens with this password
  4  the repository is damaged
"""

ID = re.compile(r"[0-9a-f]{64}")
SEAL = 32  # bytes of an IV and a MAC
HEADER_MAX = 16 << 20
TENSOR_VERSION = 0x53415044
BLOB_MAX = 128 << 20
UNPACKED_MAX = 1 << 30
SCRYPT_MEMORY_MAX = 1 << 30
SCRYPT_WORK_MAX = 1 << 28
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What Python says of data that it cannot take apart.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError, RecursionError, zstandard.ZstdError)

T = TypeVar("T")
Json = dict[str, Any]


class Damage(Exception):
    """The repository holds something that its format does not allow."""


class WrongPassword(Exception):
    """No key file opens."""


class NotFound(Exception):
    """What was asked for is not there."""


@contextmanager
def damage_in(what: str) -> Iterator[None]:
    """Whatever cannot be understood is damage in this object."""
    try:
        yield
    except MALFORMED as error:
        raise Damage(f"{what}: {error!r}") from error


# Members of JSON objects: missing and null are the same


def member(json_object: Json, name: str, default: T) -> T:
    value = json_object.get(name)
    if value is None:
        return default
    if not isinstance(value, type(default)):
        raise TypeError(f"{name} is {value!r}")
    return value


def number(json_object: Json, name: str, bits: int) -> int:
    value = member(json_object, name, 0)
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name} is {value}")
    return value


def checked_id(value: str) -> str:
    if not ID.fullmatch(value):
        raise ValueError(f"{value!r} is no id")
    return value


def decode64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# Keys, sealing, compression


@dataclass(frozen=True)
class Key:
    """Opens sealed messages."""

    encrypt: bytes
    k: bytes
    r: bytes

    def __post_init__(self) -> None:
        parts = (self.encrypt, self.k, self.r)
        if tuple(map(len, parts)) != (32, 16, 16) or not all(map(any, parts)):
            raise ValueError("a part of a key has the wrong size or is all zeros")

    def open(self, sealed: bytes) -> bytes | None:
        """The plaintext, or None if the MAC is wrong."""
        if len(sealed) < SEAL:
            return None
        iv, ciphertext, mac = sealed[:16], sealed[16:-16], sealed[-16:]
        one_time = Cipher(algorithms.AES(self.k), modes.ECB()).encryptor().update(iv)
        try:
            Poly1305.verify_tag(self.r + one_time, ciphertext, mac)
        except InvalidSignature:
            return None
        decryptor = Cipher(algorithms.AES(self.encrypt), modes.CTR(iv)).decryptor()
        return decryptor.update(ciphertext) + decryptor.finalize()


def open_key_file(text: bytes, password: bytes) -> Key | None:
    """The master key, or None if the password is not the one of this file."""
    file = json.loads(text)
    n, r, p = (number(file, name, 32) for name in ("N", "r", "p"))
    if file["kdf"] != "scrypt" or 128 * n * r > SCRYPT_MEMORY_MAX or n * r * p > SCRYPT_WORK_MAX:
        raise ValueError("the key derivation is unknown or too costly")
    derived = hashlib.scrypt(
        password, salt=decode64(file["salt"]), n=n, r=r, p=p, maxmem=(1 << 31) - 1, dklen=64
    )
    plaintext = Key(derived[:32], derived[32:48], derived[48:]).open(decode64(file["data"]))
    if plaintext is None:
        return None
    master = json.loads(plaintext)
    mac = master["mac"]
    return Key(decode64(master["encrypt"]), decode64(mac["k"]), decode64(mac["r"]))


def decompress(frame: bytes, limit: int) -> bytes:
    """The content of a zstd frame, which need not say how long it is."""
    content = bytearray()
    for piece in zstandard.ZstdDecompressor().read_to_iter(frame):
        content += piece
        if len(content) > limit:
            raise ValueError(f"decompressed it is longer than {limit} bytes")
    return bytes(content)


def join_planes(packed: bytes, size: int) -> bytes:
    """The plaintext, of `size` bytes, of a data blob in the tensor codec."""
    width, head, coded = packed[1:4]
    if width not in (2, 4) or head >= width or coded >> width:
        raise ValueError("not a blob of the tensor codec")
    n, tail = divmod(size - head, width)
    rest = io.BytesIO(packed[4:])
    lengths = {p: int.from_bytes(rest.read(4), "little") for p in range(width) if coded >> p & 1}
    first, last = rest.read(head), rest.read(tail)
    numbers = bytearray(n * width)
    for plane in range(width):
        stored = rest.read(lengths.get(plane, n))
        content = decompress(stored, n) if plane in lengths else stored
        # The most significant byte is the last one of a little-endian number.
        numbers[width - 1 - plane :: width] = content
    if rest.read():
        raise ValueError("there is something behind the planes")
    mask, top = (1 << 8 * width) - 1, 8 * width - 1
    kind = {2: "H", 4: "I"}[width]
    rotated = struct.unpack(f"<{n}{kind}", numbers)
    restored = ((number >> 1 | number << top) & mask for number in rotated)
    return first + struct.pack(f"<{n}{kind}", *restored) + last


# Nodes


@dataclass(frozen=True)
class Node:
    """One entry of a tree."""

    name: bytes
    type: str
    mode: int
    mtime_ns: int
    atime_ns: int
    uid: int
    gid: int
    inode: int
    device_id: int
    links: int
    target: bytes
    xattrs: list[tuple[bytes, bytes]]
    device: int
    content: tuple[str, ...]
    subtree: str


def parse_node(node: Json) -> Node:
    name = unquote(node["name"])
    if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
        raise ValueError(f"the name {name!r} is not allowed")
    attributes: list[Json] = member(node, "extended_attributes", [])
    xattrs = [(a["name"].encode(), decode64(member(a, "value", ""))) for a in attributes]
    target = member(node, "linktarget", "").encode()
    if "linktarget_raw" in node:
        target = decode64(node["linktarget_raw"])
    if any(b"\0" in text for text in (target, *dict(xattrs))):
        raise ValueError("the target of a link or the name of an attribute holds a NUL")
    return Node(
        name=name,
        type=node["type"],
        mode=posix_mode(number(node, "mode", 32)),
        mtime_ns=time_ns(node["mtime"]),
        atime_ns=time_ns(node["atime"]),
        uid=number(node, "uid", 32),
        gid=number(node, "gid", 32),
        inode=number(node, "inode", 64),
        device_id=number(node, "device_id", 64),
        links=number(node, "links", 64),
        target=target,
        xattrs=xattrs,
        device=number(node, "device", 64),
        content=tuple(map(checked_id, member(node, "content", []))),
        subtree=checked_id(node["subtree"]) if node["type"] == "dir" else "",
    )


ESCAPE = re.compile(
    rb'\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))'
)
PLAIN_ESCAPES = dict(zip(b'abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))


def unquote(text: str) -> bytes:
    """Undoes Go's strconv.Quote."""

    def replacement(escape: re.Match[bytes]) -> bytes:
        plain, byte, octal, short, long = escape.groups()
        if plain:
            return bytes([PLAIN_ESCAPES[plain[0]]])
        if byte or octal:
            return bytes([int(byte, 16) if byte else int(octal, 8)])
        return chr(int(short or long, 16)).encode()

    quoted = text.encode()
    if b"\\" in ESCAPE.sub(b"", quoted):
        raise ValueError(f"the name {text!r} has an escape that Go does not know")
    return ESCAPE.sub(replacement, quoted)


TIME = re.compile(r"((\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def time_ns(text: str) -> int:
    """Nanoseconds since 1970, clamped to what 64 bits hold."""
    match = TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time")
    second, year, fraction, zone = match.groups()
    if not 1677 <= int(year) <= 2262:
        return INT64_MIN if int(year) < 1677 else INT64_MAX
    since = datetime.fromisoformat(second + zone) - EPOCH
    seconds = since.days * 86400 + since.seconds
    nanoseconds = seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
    return min(max(nanoseconds, INT64_MIN), INT64_MAX)


def posix_mode(go_mode: int) -> int:
    """Permissions, setuid, setgid and sticky of a Go os.FileMode."""
    special = {23: stat.S_ISUID, 22: stat.S_ISGID, 20: stat.S_ISVTX}
    return go_mode & 0o777 | sum(posix for bit, posix in special.items() if go_mode >> bit & 1)


# The repository


@dataclass(frozen=True)
class Place:
    """Where a blob lies in a pack."""

    offset: int
    length: int
    uncompressed: int | None  # length of the plaintext of a compressed blob


Handle = tuple[str, str]  # type and id of a blob: a file may hold the very bytes of a tree
Header = dict[Handle, set[Place]]


class Repository:
    """Reads a repository in a local folder."""

    def __init__(self, folder: Path, password: bytes) -> None:
        self.folder = folder
        self._key = self._find_key(password)
        self._version = self._read_version()
        self.index: dict[Handle, list[tuple[str, Place]]] = {}
        for name in self._names("index"):
            self._load_index(name)
        self._headers: dict[str, Header] = {}

    def root_tree(self, wanted: str) -> str:
        """The tree of the latest snapshot, or of the one whose id begins so."""
        prefix = "" if wanted == "latest" else wanted
        ids = [name for name in self._names("snapshots") if name.startswith(prefix)]
        if not ids or (prefix and len(ids) > 1):
            raise NotFound(f"{len(ids)} snapshots match {wanted!r}")
        found = []
        for name in ids:
            snapshot = self._unpacked("snapshots", name)
            with damage_in(f"snapshots/{name}"):
                found.append((time_ns(snapshot["time"]), name, checked_id(snapshot["tree"])))
        return max(found)[2]

    def tree(self, blob: str) -> list[Node]:
        """The nodes of a tree."""
        text = self.blob("tree", blob)
        with damage_in(f"tree {blob}"):
            nodes_json: list[Json] = member(json.loads(text), "nodes", [])
            nodes = [parse_node(node) for node in nodes_json]
            if any(a.name >= b.name for a, b in itertools.pairwise(nodes)):
                raise ValueError("its names are not in ascending order")
        return nodes

    def blob(self, kind: str, blob: str) -> bytes:
        """The plaintext of a blob, from the first of its copies that is right."""
        problems = []
        for pack, place in self.index.get((kind, blob), []):
            try:
                return self._blob_at(pack, place, (kind, blob))
            except (Damage, OSError) as error:
                problems.append(str(error))
        raise Damage(f"{kind} {blob}: {'; '.join(problems) or 'no index names it'}")

    def _names(self, kind: str) -> list[str]:
        """Ids of the files in a folder; what else is in it an interrupted save has left."""
        return sorted(filter(ID.fullmatch, os.listdir(self.folder / kind)))

    def _file(self, kind: str, name: str) -> bytes:
        content = (self.folder / kind / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != name:
            raise Damage(f"{kind}/{name}: its content is not what its name says")
        return content

    def _find_key(self, password: bytes) -> Key:
        damage = None
        for name in self._names("keys"):
            try:
                text = self._file("keys", name)
                with damage_in(f"keys/{name}"):
                    key = open_key_file(text, password)
            except Damage as error:
                damage = error
                continue
            if key is not None:
                return key
        raise damage or WrongPassword("no key file opens with this password")

    def _opened(self, what: str, sealed: bytes) -> bytes:
        plaintext = self._key.open(sealed)
        if plaintext is None:
            raise Damage(f"{what}: its MAC is wrong")
        return plaintext

    def _read_version(self) -> int:
        plaintext = self._opened("config", (self.folder / "config").read_bytes())
        with damage_in("config"):
            version = number(json.loads(plaintext), "version", 32)
            self._has_tensors = version == TENSOR_VERSION
            if version not in (1, 2, TENSOR_VERSION):
                raise ValueError(f"version {version} is not known")
        return 2 if self._has_tensors else version

    def _unpacked(self, kind: str, name: str) -> Json:
        what = f"{kind}/{name}"
        plaintext = self._opened(what, self._file(kind, name))
        with damage_in(what):
            if self._version == 2 and plaintext[:1] == b"\x02":
                plaintext = decompress(plaintext[1:], UNPACKED_MAX)
            value = json.loads(plaintext)
            if not isinstance(value, dict):
                raise TypeError("not a JSON object")
        return value

    def _load_index(self, name: str) -> None:
        index = self._unpacked("index", name)
        with damage_in(f"index/{name}"):
            packs: list[Json] = member(index, "packs", [])
            for pack in packs:
                pack_id = checked_id(pack["id"])
                blobs: list[Json] = member(pack, "blobs", [])
                for blob in blobs:
                    uncompressed = number(blob, "uncompressed_length", 32) or None
                    offset, length = number(blob, "offset", 32), number(blob, "length", 32)
                    place = Place(offset, length, uncompressed)
                    self.index.setdefault((blob["type"], blob["id"]), []).append((pack_id, place))

    def _blob_at(self, pack: str, place: Place, handle: Handle) -> bytes:
        what = f"pack {pack} at {place.offset}"
        with open(self.folder / "data" / pack[:2] / pack, "rb") as file:
            if place not in self._header(pack, file).get(handle, ()):
                raise Damage(f"{what}: the header of the pack does not agree with the index")
            file.seek(place.offset)
            plaintext = self._opened(what, file.read(place.length))
        if place.uncompressed is not None:
            with damage_in(what):
                if self._has_tensors and handle[0] == "data" and plaintext[:1] == b"\x54":
                    plaintext = join_planes(plaintext, place.uncompressed)
                else:
                    plaintext = decompress(plaintext, place.uncompressed)
                if len(plaintext) != place.uncompressed:
                    raise ValueError("decompressed it has another length than its header says")
        if hashlib.sha256(plaintext).hexdigest() != handle[1]:
            raise Damage(f"{what}: not the blob {handle[1]}")
        return plaintext

    def _header(self, pack: str, file: io.BufferedReader) -> Header:
        """What a pack holds by its header; the first time, the hash of the pack is checked too."""
        if pack not in self._headers:
            if hashlib.file_digest(file, "sha256").hexdigest() != pack:
                raise Damage(f"pack {pack}: its content is not what its name says")
            self._headers[pack] = self._read_header(pack, file)
        return self._headers[pack]

    def _read_header(self, pack: str, file: io.BufferedReader) -> Header:
        what = f"pack {pack}"
        end = file.seek(0, os.SEEK_END) - 4
        if end < SEAL:
            raise Damage(f"{what}: too short for a header")
        file.seek(end)
        (length,) = struct.unpack("<I", file.read(4))
        if not SEAL <= length <= min(end, HEADER_MAX):
            raise Damage(f"{what}: its header cannot have {length} bytes")
        file.seek(end - length)
        plaintext = self._opened(what, file.read(length))
        with damage_in(what):
            return parse_header(plaintext, end - length)


def parse_header(plaintext: bytes, size: int) -> Header:
    """The blobs of a pack, which take `size` bytes."""
    header: Header = {}
    position = offset = 0
    while position < len(plaintext):
        kind = plaintext[position]
        entry = struct.Struct("<BI32s" if kind < 2 else "<BII32s")
        if kind > 3 or position + entry.size > len(plaintext):
            raise ValueError("an entry of its header is of an unknown type or cut off")
        _, length, *uncompressed, blob = entry.unpack_from(plaintext, position)
        place = Place(offset, length, uncompressed[0] if uncompressed else None)
        if length < SEAL or plain_length(place) > BLOB_MAX:
            raise ValueError(f"its header has a blob of {length} bytes")
        header.setdefault(("tree" if kind % 2 else "data", blob.hex()), set()).add(place)
        position += entry.size
        offset += length
    if offset != size:
        raise ValueError("its blobs do not end where its header begins")
    return header


def plain_length(place: Place) -> int:
    return place.length - SEAL if place.uncompressed is None else place.uncompressed


# Restoring


class Restore:
    """Writes a tree of a repository into a new folder."""

    def __init__(self, repository: Repository, target: Path) -> None:
        self.left_out: list[str] = []
        self._repository = repository
        self._target = os.fsencode(target)
        # Names of one file whose contents differ were read while it changed: they are not linked.
        self._first_names: dict[tuple[int, int, tuple[str, ...]], bytes] = {}

    def run(self, root: str) -> None:
        os.mkdir(self._target, 0o700)
        folders: list[tuple[bytes, Node]] = []
        pending = [(self._target, root)]
        while pending:
            folder, tree = pending.pop()
            for node in self._repository.tree(tree):
                path = os.path.join(folder, node.name)
                if node.type == "dir":
                    os.mkdir(path, 0o700)
                    folders.append((path, node))
                    pending.append((path, node.subtree))
                else:
                    self._item(path, node)
        # Last, since what is written into a folder changes its time; and the innermost first, since
        # its mode may close a folder.
        for path, node in reversed(folders):
            set_metadata(path, node)

    def _item(self, path: bytes, node: Node) -> None:
        """Makes what is no folder; always something new, so no link is ever followed."""
        if node.type == "file" and node.links > 1:
            key = (node.inode, node.device_id, node.content)
            first = self._first_names.setdefault(key, path)
            if first != path:
                os.link(first, path, follow_symlinks=False)
                return
        if node.type == "file":
            self._write_file(path, node)
        elif node.type == "symlink":
            os.symlink(node.target, path)
        elif node.type == "fifo":
            os.mkfifo(path, 0o600)
        elif node.type in ("dev", "chardev"):
            kind = stat.S_IFBLK if node.type == "dev" else stat.S_IFCHR
            os.mknod(path, kind | 0o600, node.device)
        else:
            self.left_out.append(f"{os.fsdecode(path)!r} ({node.type})")
            return
        set_metadata(path, node)

    def _write_file(self, path: bytes, node: Node) -> None:
        with open(path, "xb") as file:
            for blob in node.content:
                file.write(self._repository.blob("data", blob))


def set_metadata(path: bytes, node: Node) -> None:
    # A change of the owner takes setuid and capabilities away; attributes need a file that may be
    # written to; and both change times.
    if os.geteuid() == 0:
        os.chown(path, node.uid, node.gid, follow_symlinks=False)
    for name, value in node.xattrs:
        os.setxattr(path, name, value, follow_symlinks=False)
    if node.type != "symlink":
        os.chmod(path, node.mode)
    os.utime(path, ns=(node.atime_ns, node.mtime_ns), follow_symlinks=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Restores a snapshot of a restic repository into a new folder.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("repository", type=Path, help="folder of the repository")
    parser.add_argument("snapshot", help="id, the beginning of one, or latest")
    parser.add_argument("target", type=Path, help="folder that does not exist yet")
    parser.add_argument("--password-file", type=Path, required=True, help="its first line counts")
    arguments = parser.parse_args()
    try:
        password = arguments.password_file.read_bytes().split(b"\n")[0].removesuffix(b"\r")
        repository = Repository(arguments.repository, password)
        restore = Restore(repository, arguments.target)
        restore.run(repository.root_tree(arguments.snapshot))
    except (OSError, NotFound, WrongPassword, Damage) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return {WrongPassword: 3, Damage: 4}.get(type(error), 1)
    for line in restore.left_out:
        print(f"{parser.prog}: not restored: {line}", file=sys.stderr)
    return 1 if restore.left_out else 0


if __name__ == "__main__":
    sys.exit(main())
