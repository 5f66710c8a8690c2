"""deploy/azure/storage.json: the SDK of Azure knows all of it, and it protects the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from arm import Template
from azure.mgmt.authorization.v2022_04_01 import models as authorization
from azure.mgmt.storage import models as storage
from conditions import CONTAINERS, allows

CONTENT = json.loads((Path(__file__).parents[2] / "deploy/azure/storage.json").read_text())
GIVEN = {
    "account": "sapllmbackups",
    "allowedAddresses": ["203.0.113.7"],
    "allowedSubnets": ["/subscriptions/S/subnet"],
    "backupPrincipals": ["backup-id"],
    "restorePrincipals": ["restore-id"],
    "prunePrincipals": ["prune-id"],
    "auditPrincipals": ["audit-id"],
    "immutableComponents": ["configs"],
}

MODELS: dict[str, Any] = {
    "storageAccounts": storage.StorageAccountCreateParameters,
    "blobServices": storage.BlobServiceProperties,
    "blobServices/containers": storage.BlobContainer,
    "blobServices/containers/immutabilityPolicies": storage.ImmutabilityPolicy,
    "managementPolicies": storage.ManagementPolicy,
}


@pytest.fixture
def template() -> Template:
    return Template(CONTENT, GIVEN)


@pytest.fixture
def resources(template: Template) -> list[dict[str, Any]]:
    return template.resources()


def of_type(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in resources if each["type"].endswith(kind)]


def assigned(resources: list[dict[str, Any]], principal: str) -> dict[str, Any]:
    (found,) = (
        each["properties"]
        for each in of_type(resources, "/roleAssignments")
        if each["properties"]["principalId"] == principal
    )
    return dict(found)


def actions_of(resources: list[dict[str, Any]], principal: str) -> set[str]:
    """The last parts of the data actions of the role that a principal has."""
    wanted = assigned(resources, principal)["roleDefinitionId"].split("/")[-1]
    (role,) = (each for each in of_type(resources, "/roleDefinitions") if each["name"] == wanted)
    (permissions,) = role["properties"]["permissions"]
    return {each.removeprefix(f"{CONTAINERS}/blobs/") for each in permissions["dataActions"]}


def unknown_to(model: Any, node: Any, where: str) -> list[str]:
    """Names in `node` that the SDK's model of it does not have."""
    fields = {each._rest_name: name for name, each in model._attr_to_rest_field.items()}
    wrong = [f"{where}.{name}" for name in node if name not in fields]
    for name, value in node.items():
        child = getattr(model, fields.get(name, ""), None)
        for each, part in zip(
            child if isinstance(child, list) else [child],
            value if isinstance(value, list) else [value],
            strict=False,
        ):
            if hasattr(each, "_attr_to_rest_field") and isinstance(part, dict):
                wrong += unknown_to(each, part, f"{where}.{name}")
    return wrong


def test_everything_that_is_declared_is_used(template: Template) -> None:
    template.resources()
    declared = {f"parameters.{name}" for name in CONTENT["parameters"]}
    declared |= {f"variables.{name}" for name in CONTENT["variables"]}
    assert template.used == declared


def test_the_sdk_knows_every_property(resources: list[dict[str, Any]]) -> None:
    seen = set()
    for resource in resources:
        provider, kind = resource["type"].split("/", 1)
        if provider == "Microsoft.Storage":
            kind = kind.removeprefix("storageAccounts/")
            seen.add(kind)
            body = {
                key: value
                for key, value in resource.items()
                if key not in {"type", "apiVersion", "name", "dependsOn"}
            }
            assert not unknown_to(MODELS[kind](body), body, kind)
    assert seen == set(MODELS)


def test_the_sdk_would_notice_an_unknown_property() -> None:
    body = {"properties": {"deleteRetentionPolicy": {"enabled": True, "dayz": 7}}}
    assert unknown_to(storage.BlobServiceProperties(body), body, "x") == [
        "x.properties.deleteRetentionPolicy.dayz"
    ]


def test_roles_and_assignments_are_read_by_the_sdk(resources: list[dict[str, Any]]) -> None:
    for resource in of_type(resources, "/roleDefinitions"):
        role = authorization.RoleDefinition.from_dict({"properties": resource["properties"]})
        assert set(role.permissions[0].serialize()) == set(resource["properties"]["permissions"][0])
        assert role.role_name.startswith("libsapdr: ")
    for resource in of_type(resources, "/roleAssignments"):
        read = authorization.RoleAssignmentCreateParameters.from_dict(
            {"properties": resource["properties"]}
        )
        assert set(read.serialize()["properties"]) == set(resource["properties"])


def test_what_depends_on_something_names_it(resources: list[dict[str, Any]]) -> None:
    def id_of(resource: dict[str, Any]) -> str:
        provider, *types = resource["type"].split("/")
        names = resource["name"].split("/")
        path = "".join(f"/{kind}/{name}" for kind, name in zip(types, names, strict=True))
        return f"/subscriptions/S/resourceGroups/G/providers/{provider}{path}"

    known = {id_of(resource) for resource in resources}
    for resource in resources:
        assert set(resource.get("dependsOn", [])) <= known, resource["name"]


def test_a_container_for_each_component_and_one_for_the_audit_log(
    resources: list[dict[str, Any]],
) -> None:
    containers = of_type(resources, "/containers")
    names = {each["name"].rsplit("/", 1)[1]: each["properties"] for each in containers}
    assert set(names) == {"models", "mongodb", "redis", "cosmos", "configs", "api", "audit"}
    immutable = {
        name for name, each in names.items() if each["immutableStorageWithVersioning"]["enabled"]
    }
    assert immutable == {"audit", "configs"}
    assert all(each["publicAccess"] == "None" for each in names.values())


def test_no_rule_deletes_what_is_alive(resources: list[dict[str, Any]]) -> None:
    """A pack is needed for as long as any snapshot needs it, however old it is."""
    (policy,) = of_type(resources, "/managementPolicies")
    rules = policy["properties"]["policy"]["rules"]
    assert [rule["name"] for rule in rules] == ["packs-become-cool", "old-versions-go"]
    for rule in rules:
        assert "delete" not in rule["definition"]["actions"].get("baseBlob", {})
        prefixes = rule["definition"]["filters"]["prefixMatch"]
        assert not [each for each in prefixes if each.startswith("audit")]
    assert "models/data/" in rules[0]["definition"]["filters"]["prefixMatch"]
    assert rules[1]["definition"]["actions"]["version"]["delete"] == {
        "daysAfterCreationGreaterThan": 90
    }


def test_what_is_deleted_can_be_brought_back(resources: list[dict[str, Any]]) -> None:
    (service,) = of_type(resources, "/blobServices")
    properties = service["properties"]
    assert properties["isVersioningEnabled"] is True
    for policy in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        assert properties[policy]["enabled"] is True
        assert properties[policy]["days"] == 90


def test_the_audit_log_is_kept_for_seven_years(resources: list[dict[str, Any]]) -> None:
    (policy,) = of_type(resources, "/immutabilityPolicies")
    assert policy["name"] == "sapllmbackups/default/audit/default"
    assert policy["properties"]["immutabilityPeriodSinceCreationInDays"] == 7 * 365 + 2


@pytest.mark.parametrize(
    ("principal", "action", "path", "allowed"),
    [
        ("backup-id", "read", "data/00/00ff", True),
        ("backup-id", "add/action", "data/00/00ff", True),
        ("backup-id", "delete", "locks/00ff", True),
        ("backup-id", "delete", "data/00/00ff", False),
        ("backup-id", "delete", "snapshots/00ff", False),
        ("backup-id", "delete", "sapdr/locks/00ff", False),
        ("restore-id", "read", "data/00/00ff", True),
        ("restore-id", "add/action", "locks/00ff", True),
        ("restore-id", "delete", "locks/00ff", True),
        ("restore-id", "add/action", "sapdr/verified/00ff", True),
        ("restore-id", "add/action", "snapshots/00ff", False),
        ("restore-id", "delete", "data/00/00ff", False),
        ("restore-id", "delete", "sapdr/verified/00ff", False),
        ("prune-id", "add/action", "index/00ff", True),
        ("prune-id", "delete", "data/00/00ff", True),
    ],
)
def test_who_may_do_what(
    resources: list[dict[str, Any]], principal: str, action: str, path: str, allowed: bool
) -> None:
    condition = assigned(resources, principal)["condition"]
    assert action in actions_of(resources, principal)
    assert allows(condition, action, "models", path) is allowed
    assert not allows(condition, action, "audit", path), "the audit log is nobody's but its own"


def test_nobody_replaces_anything(resources: list[dict[str, Any]]) -> None:
    principals = [f"{each}-id" for each in ("backup", "restore", "prune", "audit")]
    for principal in principals:
        assert "write" not in actions_of(resources, principal)
        assert "deleteBlobVersion/action" not in actions_of(resources, principal)
    assert actions_of(resources, "audit-id") == {"read", "add/action"}


def test_an_account_is_closed_unless_told_otherwise(resources: list[dict[str, Any]]) -> None:
    (account,) = of_type(resources, "/storageAccounts")
    properties = account["properties"]
    assert account["sku"] == {"name": "Standard_RAGRS"}
    assert properties["allowSharedKeyAccess"] is False
    assert properties["allowBlobPublicAccess"] is False
    assert properties["supportsHttpsTrafficOnly"] is True
    assert properties["minimumTlsVersion"] == "TLS1_2"
    assert properties["networkAcls"]["defaultAction"] == "Deny"
    assert properties["networkAcls"]["ipRules"] == [{"value": "203.0.113.7", "action": "Allow"}]
