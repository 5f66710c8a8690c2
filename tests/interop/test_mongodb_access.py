"""Who backs MongoDB up: users with passwords and with certificates over TLS, who may do no more
than that; and what others are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from commands import INVALID_ARGUMENT, NETWORK, PERMISSION
from mongo_bench import MongoBench, require_as_served
from mongo_tree import Document
from mongod import Client, ReplicaSet
from workbench import Workbench

DB = "tested"
USER, PASSWORD = "backup@ünï:/%", "sesame 漢字 @:/?#[]%&="
HIDDEN = "sesame"  # is in every password here
COMMON_NAME = "backup.of.tests"


@pytest.fixture(scope="module")
def servers() -> Iterator[ReplicaSet]:
    with ReplicaSet(secure=True) as started:
        client = started.client()
        client[DB]["things"].insert_many([{"_id": n} for n in range(1000)])
        client[DB].create_collection("series", timeseries={"timeField": "t"})
        client[DB].command("insert", "system.js", documents=[{"_id": "f", "value": 1}])
        client[DB].create_collection("view", viewOn="things", pipeline=[])
        client.admin.command("createUser", USER, pwd=PASSWORD, roles=["backup"])
        old: Document = {"pwd": PASSWORD, "roles": ["backup"], "mechanisms": ["SCRAM-SHA-1"]}
        client.admin.command("createUser", "old", **old)
        reader = [{"role": "read", "db": DB}]
        client.admin.command("createUser", "reader", pwd=PASSWORD, roles=reader)
        backup = [{"role": "backup", "db": "admin"}]
        client["$external"].command("createUser", f"CN={COMMON_NAME}", roles=backup)
        yield started


@pytest.fixture
def client(servers: ReplicaSet) -> Client:
    return servers.client()


@pytest.fixture
def mongo(bench: Workbench, servers: ReplicaSet) -> MongoBench:
    return MongoBench(bench, servers)


def require_both_ways(mongo: MongoBench, uri: str) -> None:
    """A full backup, and one of what came since."""
    sapdr = mongo.sapdr_with(uri)
    first = sapdr("mongodb", "backup", "--json")
    tree = mongo.tree(first)
    assert tree.capture.get("replica_set_id"), "it cannot be told from others of its name"
    require_as_served(tree, mongo.servers.client())
    second = sapdr("mongodb", "backup", "--json")
    assert mongo.tree(second).time("begin") == tree.time("begin")
    assert HIDDEN not in first.text + second.text


def test_the_role_backup_suffices(mongo: MongoBench) -> None:
    require_both_ways(mongo, mongo.servers.uri_of(USER, PASSWORD))


def test_an_old_kind_of_password(mongo: MongoBench) -> None:
    uri = mongo.servers.uri_of("old", PASSWORD, authMechanism="SCRAM-SHA-1")
    require_both_ways(mongo, uri)


def test_a_certificate_in_place_of_a_password(mongo: MongoBench) -> None:
    certificate = str(mongo.servers.certificate(COMMON_NAME))
    uri = mongo.servers.uri_of(
        authMechanism="MONGODB-X509", authSource="$external", tlsCertificateKeyFile=certificate
    )
    require_both_ways(mongo, uri)


def test_a_file_with_the_connection_string(mongo: MongoBench, bench: Workbench) -> None:
    uri_file = bench.folder / "uri"
    uri_file.write_text(mongo.servers.uri_of(USER, PASSWORD) + "\n")
    sapdr = bench.sapdr(mongo.repository)
    tree = mongo.tree(sapdr("mongodb", "backup", "--json", "--uri-file", uri_file))
    require_as_served(tree, mongo.servers.client())


def refused(mongo: MongoBench, uri: str, code: int, names: str) -> str:
    """In one line, without any password, and nothing is stored. Returns the line."""
    sapdr = mongo.sapdr_with(uri)
    result = sapdr.fails("--retry-for", "0", "mongodb", "backup", codes=[code], names=names)
    assert HIDDEN not in result.text
    for shown in ("--json", "-vv"):
        assert HIDDEN not in sapdr.run("--retry-for", "0", "mongodb", "backup", shown).text
    assert not mongo.snapshots()
    return result.err


@pytest.mark.parametrize(
    ("user", "password"),
    [(USER, "wrong sesame"), ("nobody", "any sesame"), ("", "")],
    ids=["wrong password", "unknown user", "nobody"],
)
def test_who_is_not_known_is_refused(mongo: MongoBench, user: str, password: str) -> None:
    (member,) = mongo.servers.members
    refused(mongo, mongo.servers.uri_of(user, password), PERMISSION, member.address)


def test_who_may_not_read_everything_is_refused(mongo: MongoBench) -> None:
    (member,) = mongo.servers.members
    uri = mongo.servers.uri_of("reader", PASSWORD)
    refused(mongo, uri, PERMISSION, member.address)


def test_an_unknown_certificate_is_refused(mongo: MongoBench) -> None:
    (member,) = mongo.servers.members
    uri = mongo.servers.uri_of(
        authMechanism="MONGODB-X509",
        authSource="$external",
        tlsCertificateKeyFile=str(mongo.servers.certificate("somebody.else")),
    )
    refused(mongo, uri, PERMISSION, member.address)


def test_a_server_that_nobody_vouches_for(mongo: MongoBench, bench: Workbench) -> None:
    (member,) = mongo.servers.members
    with ReplicaSet(secure=True) as others:
        uri = mongo.servers.uri_of(
            USER, PASSWORD, tlsCAFile=str(others.ca_file), serverSelectionTimeoutMS="2000"
        )
        assert "certificate" in refused(mongo, uri, NETWORK, member.address)
    missing = mongo.servers.uri_of(USER, PASSWORD, tlsCAFile="/nonexistent/ca.pem")
    refused(mongo, missing, INVALID_ARGUMENT, "TLS")


def test_nobody_is_there(mongo: MongoBench) -> None:
    quick = "serverSelectionTimeoutMS=1000&connectTimeoutMS=1000"
    uri = f"mongodb://backup:sesame@127.0.0.1:9/?replicaSet=rs&{quick}"
    refused(mongo, uri, NETWORK, "127.0.0.1:9")


def test_a_server_of_another_replica_set(mongo: MongoBench) -> None:
    (member,) = mongo.servers.members
    uri = mongo.servers.uri_of(
        USER, PASSWORD, replicaSet="another", serverSelectionTimeoutMS="1000"
    )
    refused(mongo, uri, NETWORK, member.address)
