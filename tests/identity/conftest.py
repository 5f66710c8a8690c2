"""A fake of Entra ID, and the program that gets tokens from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "services"))

from certificates import Authority  # noqa: E402
from fake_entra import TENANT, Application, FakeEntra  # noqa: E402
from web_tokens import sha256_of  # noqa: E402

PROBE = Path(
    os.environ.get("SAPDR_CREDENTIAL_PROBE", ROOT / "build/tests/identity/credential_probe")
)
APPLICATION = "99999999-0000-0000-0000-000000000001"
SECRET = "open~sesame+%&="
STORAGE = "https://storage.azure.com/.default"
VAULT = "https://vault.azure.net/.default"
INVALID_ARGUMENT, AUTH, NETWORK, TIMEOUT = -1, -6, -11, -12


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def entra(authority: Authority, tmp_path: Path) -> Iterator[FakeEntra]:
    with FakeEntra(authority, tmp_path) as fake:
        yield fake


class Probe:
    """The program, kept running: one credential."""

    def __init__(self, ca: Path, variables: dict[str, str], *options: str) -> None:
        # Nothing of who runs the tests.
        environment = {"PATH": "/nowhere", "HTTPS_PROXY": "", "HTTP_PROXY": ""} | variables
        self._process = subprocess.Popen(
            [PROBE, ca, "min_wait_ms=20", *options],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, command: str) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def token(self, scope: str = STORAGE) -> Any:
        return self.ask(f"token {scope}")

    def close(self) -> str:
        """What it logged."""
        try:
            _, log = self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, log = self._process.communicate()
            raise
        assert self._process.returncode == 0, log
        return log


StartProbe = Callable[..., Probe]


@pytest.fixture
def start(authority: Authority) -> Iterator[StartProbe]:
    """Starts probes; in the end all of them are closed, and their logs have told no secret."""
    probes: list[Probe] = []

    def start_one(variables: dict[str, str], *options: str) -> Probe:
        probes.append(Probe(authority.path, variables, *options))
        return probes[-1]

    yield start_one
    for log in [probe.close() for probe in probes]:
        assert SECRET not in log
        assert "eyJ" not in log


@pytest.fixture
def application(entra: FakeEntra) -> dict[str, str]:
    """Variables of an application that has no proof yet."""
    entra.applications[APPLICATION] = Application(APPLICATION)
    return {
        "AZURE_AUTHORITY_HOST": entra.authority_host,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": APPLICATION,
    }


@pytest.fixture
def secret(entra: FakeEntra, application: dict[str, str]) -> dict[str, str]:
    entra.applications[APPLICATION].secrets.append(SECRET)
    return application | {"AZURE_CLIENT_SECRET": SECRET}


def is_last(answer: Any, entra: FakeEntra) -> bool:
    """Is it the token that was issued last, with the time at which it expires?"""
    assert "error" not in answer, answer
    is_right = abs(answer["expires"] - time.time() - entra.lifetime) < 30
    return is_right and bool(answer["sha256"] == sha256_of(entra.tokens[-1]))
