"""Azurite, Microsoft's emulator of Azure Blob Storage: started on a free port of this machine with
its data in a temporary folder, and stopped again.

usage: azurite.py COMMAND [ARGUMENT...]

runs a command beside it, which finds its endpoint in SAPDR_TEST_BLOB_ENDPOINT and its key in
AZURE_STORAGE_KEY.

What it does not do, so that no test may rely on it: soft delete, versions, immutability and legal
holds are accepted and without effect; what was written in the last five seconds is lost if it is
killed, but not if it is terminated; its secondary has no lag and takes writes; of tokens only
audience, issuer and times are checked.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/azurite/node_modules/azurite/dist/src/blob/main.js"

# Of every Azurite; it is published.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

READY = "successfully listen"
PATIENCE = 240  # seconds until it is ready; 2 are usual


class Azurite:
    """One server. As a context it is started, and removed with its data at the end."""

    def __init__(self, *, tls: bool = False, oauth: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sapdr-azurite-"))
        self.tls = tls or oauth  # tokens are only taken over TLS
        self.oauth = oauth
        self.port = 0  # the same again after a restart
        self._process: subprocess.Popen[bytes] | None = None
        if self.tls:
            _make_certificates(self.folder)

    @property
    def endpoint(self) -> str:
        """Of the account, as a URL."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def ca_file(self) -> Path:
        """Who vouches for its certificate."""
        return self.folder / "ca.pem"

    @property
    def connection_string(self) -> str:
        return f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.endpoint};"

    def start(self) -> None:
        assert PROGRAM.is_file(), f"{PROGRAM} is missing; tests/run.sh installs it"
        node = shutil.which("node")
        assert node, "node is not installed; tests/run.sh does that"
        arguments = ["--disableTelemetry", "--location", str(self.folder / "data")]
        arguments += ["--blobHost", "127.0.0.1", "--blobPort", str(self.port)]
        if self.tls:
            arguments += ["--cert", str(self.folder / "server.pem")]
            arguments += ["--key", str(self.folder / "server.key")]
        if self.oauth:
            arguments += ["--oauth", "basic"]
        log = self.folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [node, str(PROGRAM), *arguments], stdout=out, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + PATIENCE
        while READY not in (text := log.read_text(errors="replace")):
            assert self._process.poll() is None, f"Azurite did not start:\n{text}"
            assert time.monotonic() < deadline, f"Azurite is not ready:\n{text}"
            time.sleep(0.05)
        address = text[text.index(READY) :].split("http", 1)[1].split()[0]
        self.port = int(address.rsplit(":", 1)[1].rstrip("/"))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """SIGTERM keeps what was written; SIGKILL loses what is younger than five seconds."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(timeout=PATIENCE)
        self._process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)


def _make_certificates(folder: Path) -> None:
    """A certificate for 127.0.0.1, and the authority that signed it."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    def key(name: str, subject: str, *arguments: str) -> None:
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl("req", "-x509", *new, *files, "-subj", f"/CN={subject}", *arguments)

    key("ca", "test authority", "-addext", "keyUsage=critical,keyCertSign")
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", names)
    key("server", "localhost", *signed, "-addext", "basicConstraints=critical,CA:FALSE")


def main() -> int:
    with Azurite() as server:
        found = {"SAPDR_TEST_BLOB_ENDPOINT": server.endpoint, "AZURE_STORAGE_KEY": KEY}
        return subprocess.run(sys.argv[1:], env=os.environ | found).returncode


if __name__ == "__main__":
    sys.exit(main())
