"""The fake answers the official SDK, and refuses it what the real services would refuse."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msal
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from certificates import Authority
from conftest import STORAGE
from fake_entra import TENANT, Application, FakeEntra
from fake_managed_identity import ManagedIdentity
from service_account import ServiceAccounts

APPLICATION = "99999999-0000-0000-0000-000000000001"


@pytest.fixture(autouse=True)
def no_identity_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def reached(entra: FakeEntra, authority: Authority) -> dict[str, Any]:
    """What every credential of the SDK needs to reach the fake."""
    return {
        "authority": entra.authority_host,
        "disable_instance_discovery": True,
        "connection_verify": str(authority.path),
        "retry_total": 0,
    }


def test_client_secret(entra: FakeEntra, authority: Authority) -> None:
    entra.applications[APPLICATION] = Application(APPLICATION, secrets=["open sesame"])
    options = reached(entra, authority)
    token = ClientSecretCredential(TENANT, APPLICATION, "open sesame", **options).get_token(STORAGE)
    assert token.token == entra.tokens[0]
    assert abs(token.expires_on - time.time() - entra.lifetime) < 30
    wrong = ClientSecretCredential(TENANT, APPLICATION, "close sesame", **options)
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        wrong.get_token(STORAGE)
    unknown = ClientSecretCredential(TENANT, "nobody", "open sesame", **options)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        unknown.get_token(STORAGE)


@pytest.mark.parametrize("password", ["", "of the key"])
@pytest.mark.parametrize("with_chain", [False, True])
def test_certificate(
    entra: FakeEntra, authority: Authority, password: str, with_chain: bool
) -> None:
    identity = authority.application("backup")
    application = Application(APPLICATION)
    if with_chain:
        application.trusted = ("backup", authority.identity.certificate)
    else:
        application.certificates = [identity.certificate]
    entra.applications[APPLICATION] = application
    credential = CertificateCredential(
        TENANT,
        APPLICATION,
        certificate_data=identity.pem(password),
        password=password or None,
        send_certificate_chain=with_chain,
        **reached(entra, authority),
    )
    assert credential.get_token(STORAGE).token == entra.tokens[0]


def test_certificate_that_is_not_known(entra: FakeEntra, authority: Authority) -> None:
    entra.applications[APPLICATION] = Application(
        APPLICATION, certificates=[authority.application("other").certificate]
    )
    credential = CertificateCredential(
        TENANT,
        APPLICATION,
        certificate_data=authority.application("backup").pem(),
        **reached(entra, authority),
    )
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
        credential.get_token(STORAGE)


def test_certificate_as_newer_sdks_name_it(
    entra: FakeEntra, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MSAL signs by PS256 and names a certificate by SHA-256, unless told a thumbprint."""
    identity = authority.application("backup")
    entra.applications[APPLICATION] = Application(APPLICATION, certificates=[identity.certificate])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    client = msal.ConfidentialClientApplication(
        APPLICATION,
        authority=f"{entra.authority_host}/{TENANT}",
        instance_discovery=False,
        client_credential={
            "private_key": identity.key_pem().decode(),
            "public_certificate": identity.certificate_pem().decode(),
        },
    )
    assert client.acquire_token_for_client([STORAGE])["access_token"] == entra.tokens[0]


def test_workload_identity(entra: FakeEntra, authority: Authority, tmp_path: Path) -> None:
    accounts = ServiceAccounts(entra)
    entra.applications[APPLICATION] = Application(
        APPLICATION, federated=[(accounts.issuer, "system:serviceaccount:backup:sapdr")]
    )
    path = tmp_path / "token"

    def credential() -> WorkloadIdentityCredential:
        return WorkloadIdentityCredential(
            tenant_id=TENANT,
            client_id=APPLICATION,
            token_file_path=str(path),
            **reached(entra, authority),
        )

    path.write_text(accounts.token("system:serviceaccount:backup:sapdr"))
    assert credential().get_token(STORAGE).token == entra.tokens[0]
    path.write_text(accounts.token("system:serviceaccount:other:sapdr"))
    with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        credential().get_token(STORAGE)
    path.write_text(accounts.token("system:serviceaccount:backup:sapdr", lifetime=-600))
    with pytest.raises(ClientAuthenticationError, match="AADSTS700024"):
        credential().get_token(STORAGE)
    path.write_text(accounts.token("system:serviceaccount:backup:sapdr", audience="kubernetes"))
    with pytest.raises(ClientAuthenticationError, match="AADSTS700023"):
        credential().get_token(STORAGE)


def test_managed_identity(entra: FakeEntra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", entra.machine_url)
    entra.machine.identities = [
        ManagedIdentity("c1", "o1", "/r1"),
        ManagedIdentity("c2", "o2", "/r2"),
    ]
    for options in (
        {"client_id": "c2"},
        {"identity_config": {"object_id": "o2"}},
        {"identity_config": {"resource_id": "/r2"}},
    ):
        token = ManagedIdentityCredential(**options).get_token(STORAGE)
        assert token.token == entra.tokens[-1]
    with pytest.raises((CredentialUnavailableError, ClientAuthenticationError), match="Multiple"):
        ManagedIdentityCredential().get_token(STORAGE)
    entra.machine.identities = entra.machine.identities[:1]
    assert ManagedIdentityCredential().get_token(STORAGE).token == entra.tokens[-1]


def test_app_service(entra: FakeEntra, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", entra.app_service_url)
    monkeypatch.setenv("IDENTITY_HEADER", entra.machine.identity_header)
    entra.machine.identities = [ManagedIdentity("c1", "o1", "/r1")]
    token = ManagedIdentityCredential(client_id="c1").get_token(STORAGE)
    assert token.token == entra.tokens[0]
