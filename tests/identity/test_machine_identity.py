"""Identities that the machine has: federated tokens of a cluster, IMDS, App Service."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import APPLICATION, AUTH, VAULT, StartProbe, is_last
from fake_entra import FakeEntra
from fake_http import Answer
from fake_managed_identity import ManagedIdentity
from service_account import ServiceAccounts


def test_workload_identity_reads_the_file_anew(
    entra: FakeEntra, application: dict[str, str], start: StartProbe, tmp_path: Path
) -> None:
    subject = "system:serviceaccount:backup:sapdr"
    accounts = ServiceAccounts(entra)
    entra.applications[APPLICATION].federated.append((accounts.issuer, subject))
    path = tmp_path / "token"
    application["AZURE_FEDERATED_TOKEN_FILE"] = str(path)
    probe = start(application)
    assert "could not open" in probe.token()["error"]
    path.write_text(accounts.token(subject) + "\n")
    assert is_last(probe.token(), entra)
    path.write_text(accounts.token("system:serviceaccount:other:sapdr"))
    answer = probe.token(VAULT)
    assert (answer["code"], answer["aadsts"]) == (AUTH, "AADSTS700213")
    path.write_text(accounts.token(subject, lifetime=-600))
    assert probe.token(VAULT)["aadsts"] == "AADSTS700024"
    path.write_text("")
    assert "is empty" in probe.token(VAULT)["error"]
    path.write_text(accounts.token(subject))
    assert is_last(probe.token(VAULT), entra)


# Nobody listens there: what goes through it, fails.
DEAD_PROXY = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")


@pytest.fixture
def imds(entra: FakeEntra) -> dict[str, str]:
    entra.machine.identities = [
        ManagedIdentity("c1", "o1", "/r1"),
        ManagedIdentity("c2", "o2", "/r2"),
    ]
    return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": entra.machine_url} | DEAD_PROXY


def test_imds_among_several_identities(
    entra: FakeEntra, imds: dict[str, str], start: StartProbe
) -> None:
    answer = start(imds).token()
    assert answer["code"] == AUTH
    assert "several managed identities" in answer["error"]
    assert "AZURE_CLIENT_ID" in answer["error"]
    assert is_last(start(imds | {"AZURE_CLIENT_ID": "c2"}).token(), entra)
    assert entra.requests[-1].query["client_id"] == "c2"
    assert is_last(start(imds, "object_id=o1").token(), entra)
    assert is_last(start(imds, "resource_id=/r1").token(), entra)
    answer = start(imds | {"AZURE_CLIENT_ID": "c3"}).token()
    assert "client id c3 is not assigned" in answer["error"]


def test_imds_with_one_identity(entra: FakeEntra, imds: dict[str, str], start: StartProbe) -> None:
    entra.machine.identities = [
        ManagedIdentity("c0", "o0", "/r0", is_system_assigned=True),
        ManagedIdentity("c1", "o1", "/r1"),
    ]
    entra.lifetime = 86399
    entra.scripted = [Answer(410), Answer(404), Answer(500), Answer(429)]
    assert is_last(start(imds).token(), entra)
    assert entra.requests[-1].query["resource"] == "https://storage.azure.com"
    entra.machine.identities = []
    assert "none is assigned" in start(imds).token()["error"]


def test_app_service(entra: FakeEntra, imds: dict[str, str], start: StartProbe) -> None:
    variables = {
        "IDENTITY_ENDPOINT": entra.app_service_url,
        "IDENTITY_HEADER": entra.machine.identity_header,
    } | DEAD_PROXY
    assert is_last(start(variables | {"AZURE_CLIENT_ID": "c1"}).token(), entra)
    answer = start(variables | {"IDENTITY_HEADER": "wrong", "AZURE_CLIENT_ID": "c1"}).token()
    assert (answer["code"], "Unauthorized" in answer["error"]) == (AUTH, True)
    answer = start(variables | {"AZURE_CLIENT_ID": "c3"}).token()
    assert "No User Assigned" in answer["error"]
