"""`sapdr doctor`: what it finds at an account that is all a fake, at Azurite, and in a folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import INVALID_ARGUMENT, NOT_FOUND, Program, Result
from workbench import Workbench

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests/services"), str(ROOT / "tests/deploy")]
from arm import Template  # noqa: E402
from azure_container import Container  # noqa: E402
from certificates import Authority  # noqa: E402
from fake_account import ACCOUNT_ID, ALL_RIGHTS, FakeAccount  # noqa: E402
from fake_entra import TENANT, Application, FakeEntra  # noqa: E402

UNSAFE = 35
APPLICATION = "99999999-0000-0000-0000-000000000001"
SECRET = "open~sesame"
KEY = "c2VjcmV0"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def entra(authority: Authority, bench: Workbench) -> Iterator[FakeEntra]:
    with FakeEntra(authority, bench.folder) as fake:
        fake.applications[APPLICATION] = Application(APPLICATION, secrets=[SECRET])
        yield fake


@pytest.fixture
def account() -> Iterator[FakeAccount]:
    with FakeAccount() as fake:
        yield fake


class Doctor:
    """The command on the fake account, with an identity."""

    def __init__(
        self, bench: Workbench, account: FakeAccount, entra: FakeEntra, authority: Authority
    ) -> None:
        self.account = account
        self.identity = {
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": APPLICATION,
            "AZURE_CLIENT_SECRET": SECRET,
            "AZURE_AUTHORITY_HOST": entra.authority_host,
        }
        self.ca = authority.path
        self.bench = bench

    def run(self, *arguments: str, **environment: str) -> Result:
        program = Program(
            self.bench.command,
            self.bench.folder,
            self.bench.password_file,
            environment=self.identity | environment,
        )
        options = ("--cacert", self.ca, "-o", f"azure.management={self.account.url}")
        result = program.run("doctor", "--json", *options, self.account.location, *arguments)
        assert SECRET not in result.text and KEY not in result.text
        return result

    def findings(self, *arguments: str, expect: int = 0, **environment: str) -> dict[str, Any]:
        result = self.run(*arguments, **environment)
        assert result.code == expect, result.text
        return {each["code"]: each for each in result.events("finding")}

    def severities(self, *arguments: str, expect: int = 0) -> dict[str, str]:
        found = self.findings(*arguments, expect=expect)
        return {code: each["severity"] for code, each in found.items()}


@pytest.fixture
def doctor(
    bench: Workbench, account: FakeAccount, entra: FakeEntra, authority: Authority
) -> Doctor:
    return Doctor(bench, account, entra, authority)


def policy(prefixes: list[str], base: dict[str, Any]) -> dict[str, Any]:
    filters = {"blobTypes": ["blockBlob"], "prefixMatch": prefixes}
    definition = {"filters": filters, "actions": {"baseBlob": base}}
    rule = {"enabled": True, "name": "clean-up", "type": "Lifecycle", "definition": definition}
    return {"rules": [rule]}


DELETE_AFTER_90_DAYS = {"delete": {"daysAfterModificationGreaterThan": 90}}
ARCHIVE_AFTER_A_DAY = {"tierToArchive": {"daysAfterModificationGreaterThan": 1}}


def test_an_account_as_it_should_be(doctor: Doctor, account: FakeAccount) -> None:
    found = doctor.severities()
    assert set(found.values()) == {"ok"}, found
    assert len(found) == 13
    for request in account.requests:
        changes = request.method in {"PUT", "DELETE"}
        assert not changes or "/doctor-" in request.path, "it asks for blobs that are not there"


def test_the_template_of_this_project_is_fine(doctor: Doctor, account: FakeAccount) -> None:
    content = json.loads((ROOT / "deploy/azure/storage.json").read_text())
    resources = Template(content, {"account": "any"}).resources()
    (rules,) = (each for each in resources if each["type"].endswith("/managementPolicies"))
    (service,) = (each for each in resources if each["type"].endswith("/blobServices"))
    account.policy = rules["properties"]["policy"]
    account.blob_service = service["properties"]
    found = doctor.severities()
    assert set(found.values()) == {"ok"}, found


def test_a_rule_that_deletes_by_age_is_a_danger(doctor: Doctor, account: FakeAccount) -> None:
    account.policy = policy(["models/"], DELETE_AFTER_90_DAYS)
    result = doctor.run()
    assert result.code == UNSAFE
    (found,) = (each for each in result.events("finding") if each["severity"] == "danger")
    assert found["code"] == "lifecycle" and '"clean-up" deletes' in found["message"]
    (error,) = result.events("error")
    assert error["status"] == "SAPDR_E_UNSAFE" and "clean-up" in error["message"]
    assert result.summary["dangers"] == 1


@pytest.mark.parametrize(
    ("prefix", "base", "expected"),
    [
        ("other/", DELETE_AFTER_90_DAYS, "ok"),
        ("models/repo/locks/", DELETE_AFTER_90_DAYS, "ok"),
        ("models/repo/data/00", DELETE_AFTER_90_DAYS, "danger"),
        ("models/repo/index/", ARCHIVE_AFTER_A_DAY, "danger"),
        ("models/repo/data/", ARCHIVE_AFTER_A_DAY, "warning"),
    ],
)
def test_what_a_rule_reaches(
    doctor: Doctor, account: FakeAccount, prefix: str, base: dict[str, Any], expected: str
) -> None:
    account.policy = policy([prefix], base)
    found = doctor.severities(expect=UNSAFE if expected == "danger" else 0)
    assert found["lifecycle"] == expected


def test_a_manager_that_refuses(doctor: Doctor, account: FakeAccount) -> None:
    account.manager_refuses = True
    found = doctor.findings()
    for code in ("lifecycle", "versioning", "container-soft-delete"):
        assert found[code]["severity"] == "unknown"
        assert "[403 AuthorizationFailed]" in found[code]["message"]
        assert "the role Reader" in found[code]["message"]
    assert found["soft-delete"]["severity"] == "ok", "the blob service tells that itself"


def test_a_key_needs_the_account_named(doctor: Doctor, account: FakeAccount) -> None:
    """Then the identity of the environment asks, which the key goes before otherwise."""
    found = doctor.findings(AZURE_STORAGE_KEY=KEY)
    assert found["lifecycle"]["severity"] == "unknown"
    assert not [each for each in account.requests if each.path.startswith("/subscriptions")]
    found = doctor.findings("-o", f"azure.account-id={ACCOUNT_ID}", AZURE_STORAGE_KEY=KEY)
    assert found["lifecycle"]["severity"] == "ok"
    assert "/subscriptions" not in {each.path for each in account.requests}, "nothing is looked for"


def test_a_credential_that_may_do_everything(doctor: Doctor, account: FakeAccount) -> None:
    account.rights = set(ALL_RIGHTS)
    found = doctor.severities()
    assert (found["may-delete"], found["may-overwrite"]) == ("note", "note")
    assert doctor.severities("--for", "prune")["may-delete"] == "ok"
    account.soft_delete = "<Enabled>false</Enabled>"
    assert doctor.severities()["may-delete"] == "warning"


@pytest.mark.parametrize("right", ["read", "list", "create", "create-locks"])
def test_a_credential_that_cannot_do_its_work(
    doctor: Doctor, account: FakeAccount, right: str
) -> None:
    account.rights.discard(right)
    code = "may-lock" if right == "create-locks" else f"may-{right}"
    found = doctor.findings(expect=UNSAFE)
    assert {each for each, told in found.items() if told["severity"] == "danger"} == {code}
    reads = doctor.severities("--for", "restore", expect=UNSAFE if right in {"read", "list"} else 0)
    assert reads.get(code) == {"create": None, "create-locks": "note"}.get(right, "danger")


def test_one_data_centre_a_lag_and_a_wrong_clock(doctor: Doctor, account: FakeAccount) -> None:
    account.lag = 3600
    account.clock = 120
    found = doctor.severities()
    assert (found["replication-lag"], found["clock"]) == ("warning", "warning")
    account.sku = "Standard_LRS"
    account.clock = 3600
    found = doctor.severities(expect=UNSAFE)
    assert (found["redundancy"], found["clock"]) == ("warning", "danger")
    assert "replication-lag" not in found


def test_what_the_container_tells(doctor: Doctor, account: FakeAccount) -> None:
    account.container = {"x-ms-has-immutability-policy": "true"}
    assert doctor.severities()["immutability"] == "note"
    account.container = {"x-ms-blob-public-access": "blob"}
    assert doctor.severities(expect=UNSAFE)["public-access"] == "danger"


@pytest.mark.parametrize(
    "garbage",
    ["", "<html>", "\x00\xff", "{" * 5000, "[" + "1," * 100_000 + "1]", '{"properties": 1}'],
    ids=["nothing", "html", "bytes", "deep", "long", "wrong"],
)
def test_hostile_answers_are_unknown(doctor: Doctor, account: FakeAccount, garbage: str) -> None:
    ends = ("properties", "stats", "/blobServices/default", "/managementPolicies/default")
    account.scripted = dict.fromkeys(ends, garbage)
    found = doctor.severities()
    for code in ("replication-lag", "lifecycle", "versioning", "soft-delete"):
        assert found[code] == "unknown", code
    assert found["may-read"] == "ok"


def test_an_answer_without_end_is_cut_off(doctor: Doctor, account: FakeAccount) -> None:
    account.scripted = {"/managementPolicies/default": " " * (5 << 20)}
    found = doctor.findings()
    assert found["lifecycle"]["severity"] == "unknown"
    assert found["versioning"]["severity"] == "ok"


def test_a_list_that_leads_elsewhere_gets_no_token(doctor: Doctor, account: FakeAccount) -> None:
    with FakeAccount() as other:
        page = {"value": [], "nextLink": f"{other.url}/subscriptions?page=2"}
        account.scripted = {"/subscriptions": json.dumps(page)}
        assert doctor.findings()["lifecycle"]["severity"] == "unknown"
        assert not other.requests


def test_options_that_are_none(doctor: Doctor) -> None:
    for option in (
        "azure.account-id=x",
        "azure.management=http://example.com",
        "azure.management=",
    ):
        assert doctor.run("-o", option).code == INVALID_ARGUMENT, option
    assert doctor.run("--for", "fun").code == INVALID_ARGUMENT


# -- Azurite ---------------------------------------------------------------------------------------


def found_at(program: Program, *arguments: str, expect: int = 0) -> dict[str, str]:
    result = program("doctor", "--json", *arguments, expect=expect)
    return {each["code"]: each["severity"] for each in result.events("finding")}


def test_azurite_with_the_key(container: Container) -> None:
    sapdr = container.init()
    before = container.names()
    found = found_at(sapdr)
    assert found["redundancy"] in {"ok", "warning", "note"}
    assert (found["may-read"], found["may-list"], found["may-create"]) == ("ok", "ok", "ok")
    assert found["may-delete"] in {"note", "warning"}
    assert found["clock"] == "ok"
    assert found["lifecycle"] == "unknown"
    assert container.names() == before, "nothing was stored or removed"


@pytest.mark.parametrize(
    ("permissions", "code", "expected"),
    [
        ("rcl", "may-delete", "ok"),
        ("rcl", "may-overwrite", "ok"),
        ("rwl", "may-overwrite", "warning"),
        ("rcdl", "may-delete", "warning"),
        ("rl", "may-create", "danger"),
        ("cl", "may-read", "danger"),
        ("rc", "may-list", "danger"),
    ],
)
def test_azurite_with_a_sas(
    container: Container, permissions: str, code: str, expected: str
) -> None:
    container.init()
    sas = container.sapdr(AZURE_STORAGE_SAS_TOKEN=container.sas(permissions))
    found = found_at(sas, expect=UNSAFE if expected == "danger" else 0)
    assert found[code] == expected, found


def test_the_end_of_a_sas(container: Container) -> None:
    container.init()
    soon = container.sapdr(AZURE_STORAGE_SAS_TOKEN=container.sas("rcl", hours=1))
    assert found_at(soon)["expiry"] == "warning"
    over = container.sapdr(AZURE_STORAGE_SAS_TOKEN=container.sas("rcl", hours=-1))
    found = found_at(over, expect=UNSAFE)
    assert (found["expiry"], found["may-read"]) == ("danger", "danger")


def test_there_is_no_container(container: Container) -> None:
    container.sapdr().fails("doctor", codes=[NOT_FOUND], names=container.name)


# -- A folder --------------------------------------------------------------------------------------


def test_a_folder(bench: Workbench) -> None:
    folder = bench.folder / "repo"
    folder.mkdir(mode=0o700)
    program = bench.sapdr(folder)
    found = found_at(program, str(folder))
    assert (found["folder-mode"], found["may-write"]) == ("ok", "ok")
    folder.chmod(0o755)
    assert found_at(program, str(folder))["folder-mode"] == "warning"
    folder.chmod(0o777)
    assert found_at(program, str(folder), expect=UNSAFE)["folder-mode"] == "danger"
    program.fails("doctor", bench.folder / "nowhere", codes=[NOT_FOUND], names="nowhere")


def test_a_folder_in_memory_or_read_only(bench: Workbench) -> None:
    place = bench.folder / "mounted"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "none", place], check=True)
    try:
        assert found_at(bench.sapdr(place), str(place), expect=UNSAFE)["redundancy"] == "danger"
        (place / "filler").write_bytes(bytes(4 << 20))
        found = found_at(bench.sapdr(place), str(place), expect=UNSAFE)
        assert found["free-space"] == "danger"
        (place / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        found = found_at(bench.sapdr(place), str(place), expect=UNSAFE)
        assert found["may-write"] == "danger"
    finally:
        subprocess.run(["umount", place], check=True)


def test_what_people_see(bench: Workbench) -> None:
    folder = bench.folder / "repo"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    result = bench.sapdr(folder).run("doctor")
    assert result.code == UNSAFE
    lines = result.out.splitlines()
    assert lines[0].startswith("danger   folder-mode, "), "what matters most comes first"
    assert lines[-1].startswith("1 danger, 0 warnings, ")
    assert "every user of this machine may remove the repository" in result.err
