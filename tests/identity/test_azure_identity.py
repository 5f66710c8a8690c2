"""An application with a secret, the az command, and no identity at all, against the fake."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from certificates import Authority
from conftest import (
    AUTH,
    INVALID_ARGUMENT,
    NETWORK,
    SECRET,
    STORAGE,
    TIMEOUT,
    VAULT,
    Probe,
    StartProbe,
    is_last,
)
from fake_entra import FakeEntra
from fake_http import Answer
from web_tokens import sha256_of


def test_client_secret(entra: FakeEntra, secret: dict[str, str], start: StartProbe) -> None:
    probe = start(secret)
    assert is_last(probe.token(), entra)
    assert is_last(probe.token(), entra)
    assert len(entra.tokens) == 1
    assert is_last(probe.token(VAULT), entra)
    assert len(entra.tokens) == 2


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("AZURE_CLIENT_SECRET", "wrong", "AADSTS7000215"),
        ("AZURE_CLIENT_ID", "nobody", "AADSTS700016"),
        ("AZURE_TENANT_ID", "elsewhere.example.com", "AADSTS90002"),
    ],
)
def test_what_entra_refuses_is_told(
    secret: dict[str, str], start: StartProbe, variable: str, value: str, code: str
) -> None:
    answer = start(secret | {variable: value}).token()
    assert (answer["code"], answer["aadsts"]) == (AUTH, code)
    assert code in answer["error"]
    assert "Trace ID" not in answer["error"]
    assert "wrong" not in answer["error"]


def test_a_server_that_tells_the_secret_does_not_get_it_told(
    entra: FakeEntra, secret: dict[str, str], start: StartProbe
) -> None:
    body = {"error": "x", "error_description": f"AADSTS1: {SECRET}\r\nis wrong"}
    entra.scripted = [Answer(401, body)]
    assert start(secret).token()["error"].endswith(": AADSTS1: *** is wrong")


def test_certificates_are_verified(
    entra: FakeEntra, secret: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    probe = Probe(Authority(other).path, secret)
    assert probe.token()["code"] == NETWORK
    probe.close()
    assert not entra.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "login.microsoftonline.com"])
def test_plain_http_is_no_authority(secret: dict[str, str], start: StartProbe, host: str) -> None:
    answer = start(secret | {"AZURE_AUTHORITY_HOST": f"http://{host}:1"}).token()
    assert answer["code"] == INVALID_ARGUMENT
    assert "https" in answer["error"]


def test_az(start: StartProbe, tmp_path: Path) -> None:
    script = tmp_path / "az"
    script.write_text(
        "#!/bin/sh\n"
        '[ "$*" = "account get-access-token --output json --scope '
        f'{STORAGE}" ] || exit 9\n'
        """echo '{"accessToken":"abc","expires_on":4000000000,"tokenType":"Bearer"}'\n"""
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    variables = {"PATH": f"{tmp_path}:{os.defpath}", "AZURE_TOKEN_CREDENTIALS": "dev"}
    answer = start(variables).token()
    assert answer == {"expires": 4000000000, "sha256": sha256_of("abc")}


def test_a_slow_az(start: StartProbe, tmp_path: Path) -> None:
    script = tmp_path / "az"
    script.write_text("#!/bin/sh\nsleep 60\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "AZURE_TOKEN_CREDENTIALS": "dev"}
    began = time.monotonic()
    assert start(variables, "az_seconds=1").token()["code"] == TIMEOUT
    assert time.monotonic() - began < 20


def test_a_machine_without_any_identity(start: StartProbe) -> None:
    began = time.monotonic()
    answer = start({}).token()
    assert answer["code"] == AUTH
    for words in ("AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "managed identity", "az:"):
        assert words in answer["error"]
    assert time.monotonic() - began < 20
