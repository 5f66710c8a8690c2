"""An application with a certificate, against the fake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from certificates import Authority, Identity
from conftest import APPLICATION, INVALID_ARGUMENT, VAULT, StartProbe, is_last
from fake_entra import FakeEntra


@pytest.fixture
def identity(authority: Authority, entra: FakeEntra, application: dict[str, str]) -> Identity:
    """A certificate that the application is known by."""
    made = authority.application("backup")
    entra.applications[APPLICATION].certificates.append(made.certificate)
    return made


FORMS: dict[str, Callable[[Identity], bytes]] = {
    "key first": lambda identity: identity.pem(),
    "certificate first": lambda identity: identity.certificate_pem() + identity.key_pem(),
    "encrypted": lambda identity: identity.pem("of the key"),
    "pkcs12": lambda identity: identity.pkcs12("of the key"),
}


@pytest.mark.parametrize("form", FORMS)
def test_client_certificate(
    entra: FakeEntra,
    application: dict[str, str],
    identity: Identity,
    start: StartProbe,
    tmp_path: Path,
    form: str,
) -> None:
    path = tmp_path / "client"
    path.write_bytes(FORMS[form](identity))
    application["AZURE_CLIENT_CERTIFICATE_PATH"] = str(path)
    if form in {"encrypted", "pkcs12"}:
        application["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = "of the key"
    probe = start(application)
    assert is_last(probe.token(), entra)
    assert is_last(probe.token(VAULT), entra)
    sent = [request.form["client_assertion"] for request in entra.requests]
    assert len(set(sent)) == 2, "no assertion is used twice"


def test_certificate_chain(
    entra: FakeEntra,
    authority: Authority,
    application: dict[str, str],
    start: StartProbe,
    tmp_path: Path,
) -> None:
    """Trusted for its subject and issuer: Entra ID has to see the certificate itself."""
    entra.applications[APPLICATION].trusted = ("backup", authority.identity.certificate)
    path = tmp_path / "client.pem"
    chain = authority.identity.certificate_pem()
    path.write_bytes(chain + authority.application("backup").pem())
    application["AZURE_CLIENT_CERTIFICATE_PATH"] = str(path)
    assert start(application).token()["aadsts"] == "AADSTS700027"
    application["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"] = "true"
    probe = start(application)
    assert is_last(probe.token(), entra)
    path.write_bytes(authority.application("backup").pem())  # renewed: no restart is needed
    assert is_last(probe.token(VAULT), entra)


@pytest.mark.parametrize(
    ("password", "content", "words"),
    [
        ("", lambda one, other: one.pem("x1234"), "set AZURE_CLIENT_CERTIFICATE_PASSWORD"),
        ("wrong", lambda one, other: one.pem("x1234"), "does not open"),
        ("wrong", lambda one, other: one.pkcs12("x1234"), "is wrong"),
        ("", lambda one, other: one.key_pem(), "no certificate that belongs to its key"),
        ("", lambda one, other: one.certificate_pem(), "no private key"),
        (
            "",
            lambda one, other: one.key_pem() + other.certificate_pem(),
            "no certificate that belongs to its key",
        ),
        ("", lambda one, other: b"-----BEGIN nonsense", "no private key"),
        ("", lambda one, other: b"", "neither PEM nor PKCS#12"),
    ],
)
def test_certificate_files_that_are_none(
    entra: FakeEntra,
    authority: Authority,
    application: dict[str, str],
    identity: Identity,
    start: StartProbe,
    tmp_path: Path,
    password: str,
    content: Callable[[Identity, Identity], bytes],
    words: str,
) -> None:
    path = tmp_path / "client"
    path.write_bytes(content(identity, authority.application("other")))
    application["AZURE_CLIENT_CERTIFICATE_PATH"] = str(path)
    application["AZURE_CLIENT_CERTIFICATE_PASSWORD"] = password
    answer = start(application).token()
    assert answer["code"] == INVALID_ARGUMENT
    assert words in answer["error"]
    assert str(path) in answer["error"]
    assert not entra.requests


def test_certificate_that_entra_does_not_know(
    authority: Authority, application: dict[str, str], start: StartProbe, tmp_path: Path
) -> None:
    path = tmp_path / "client"
    path.write_bytes(authority.application("other").pem())
    application["AZURE_CLIENT_CERTIFICATE_PATH"] = str(path)
    assert start(application).token()["aadsts"] == "AADSTS700027"
