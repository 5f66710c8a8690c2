"""Servers that go away in the middle, for a while or for good, and tokens that expire: the command
goes on by itself or ends in time, and what was acknowledged is there."""

from __future__ import annotations

import signal
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import azurite
import pytest
from azure_container import Container
from azure_trial import Trial
from certificates import Authority
from commands import NETWORK, Result
from fake_entra import TENANT, Application, FakeEntra
from fault_proxy import FaultProxy
from http_faults import Answer, LoseAnswer
from make_trees import make_plain_tree
from waiting import until
from workbench import Workbench

CLIENT = "99999999-0000-0000-0000-000000000001"
SECRET = "open~sesame+%&="
PRUNE = ("prune", "--grace", "0s", "--max-unused", "0")


@pytest.fixture
def server() -> Iterator[azurite.Azurite]:
    with azurite.Azurite() as started:
        yield started


@pytest.fixture
def trial(server: azurite.Azurite, bench: Workbench) -> Iterator[Trial]:
    """With a first snapshot, and a second one that shares a part of it."""
    with FaultProxy(server.port) as proxy:
        trial = Trial(Container(server, bench, "outage"), proxy)
        trial.container.init()
        trial.backup(make_plain_tree(bench.folder / "first", seed=80, n_files=20, megabytes=20))
        trial.backup(make_plain_tree(bench.folder / "second", seed=81, n_files=20, megabytes=12))
        proxy.clear()
        yield trial


@pytest.fixture
def tree(bench: Workbench) -> Path:
    return make_plain_tree(bench.folder / "third", seed=82, n_files=20, megabytes=20)


def seen(trial: Trial, method: str, path: str, times: int = 2) -> Callable[[], bool]:
    """Whether so many of these requests came."""

    def is_so() -> bool:
        requests = list(trial.proxy.requests)
        return sum(method in ("", m) and path in p for m, p in requests) >= times

    return is_so


def restart(server: azurite.Azurite) -> None:
    server.stop(signal.SIGTERM)
    time.sleep(1)
    server.start()


def away(trial: Trial) -> None:
    trial.proxy.go_away()
    time.sleep(3)
    trial.proxy.come_back()


@pytest.mark.parametrize("how", ["terminated", "unreachable"])
def test_a_backup_goes_on(trial: Trial, tree: Path, how: str) -> None:
    run = trial.start("--limit-upload", "4000", "--retry-for", "100s", "backup", "--json", tree)
    until(seen(trial, "PUT", "/data/"))
    restart(trial.container.server) if how == "terminated" else away(trial)
    result = run.end()
    assert result.code == 0, result.text
    assert "attempt 1 to" in result.err
    trial.remember(tree, result)
    trial.is_sound()


@pytest.mark.parametrize("how", ["terminated", "unreachable"])
def test_a_restore_goes_on(trial: Trial, how: str) -> None:
    (snapshot, tree), *_ = trial.acknowledged.items()
    target = trial.bench.folder / "restored"
    limits = ("--limit-download", "6000", "--retry-for", "100s")
    run = trial.start(*limits, "restore", snapshot, "--target", target)
    until(seen(trial, "GET", "/data/", 3))
    restart(trial.container.server) if how == "terminated" else away(trial)
    result = run.end()
    assert result.code == 0, result.text
    trial.bench.same(tree, target)
    trial.is_sound()


@pytest.mark.parametrize("how", ["terminated", "unreachable"])
@pytest.mark.parametrize("when", [("GET", "/index/"), ("PUT", "/data/"), ("DELETE", "/data/")])
def test_a_prune_goes_on(trial: Trial, tree: Path, how: str, when: tuple[str, str]) -> None:
    forgotten = trial.backup(tree)
    del trial.acknowledged[forgotten]
    (tree / "big").unlink()  # what shared packs with it is moved
    trial.backup(tree)
    trial.run("forget", forgotten)
    trial.proxy.clear()
    run = trial.start("--retry-for", "100s", *PRUNE)
    until(lambda: run.process.poll() is not None or seen(trial, *when, times=1)())
    restart(trial.container.server) if how == "terminated" else away(trial)
    result = run.end()
    assert result.code == 0, result.text
    assert seen(trial, *when, times=1)(), "it did not come to that"
    trial.is_sound()


def test_a_server_that_stays_away_ends_all_in_bounded_time(trial: Trial, tree: Path) -> None:
    snapshot = next(iter(trial.acknowledged))
    target = trial.bench.folder / "restored"
    restore = ("restore", snapshot, "--target", target)
    runs: list[tuple[tuple[str | Path, ...], str]] = [
        (("--limit-upload", "4000", "backup", tree), "/data/"),
        (("--limit-download", "4000", *restore), "/data/"),
        (("--limit-download", "4000", "check", "--read-data"), "/data/"),
        (PRUNE, "/snapshots/"),
    ]
    for arguments, path in runs:
        trial.proxy.clear()
        run = trial.start("--retry-for", "3s", *arguments)
        until(seen(trial, "", path, 1))
        trial.proxy.go_away()
        began = time.monotonic()
        result = run.end()
        assert result.code == NETWORK, result.text
        assert time.monotonic() - began < 40, "it goes on and on"
        trial.proxy.come_back()
    trial.is_sound()
    trial.run(*restore)
    trial.bench.same(trial.acknowledged[snapshot], target)


def test_what_a_killed_server_kept_is_used(trial: Trial, tree: Path) -> None:
    """Azurite forgets what it acknowledged in the five seconds before it was killed. That is its
    own defect; but nothing older may be lost, and the repository has to be repairable."""
    time.sleep(7)
    run = trial.start("--limit-upload", "4000", "--retry-for", "100s", "backup", "--json", tree)
    until(seen(trial, "PUT", "/data/"))
    trial.container.server.stop(signal.SIGKILL)
    time.sleep(1)
    trial.container.server.start()
    result = run.end()
    assert result.code == 0, result.text
    sapdr = trial.container.sapdr()
    for snapshot, older in trial.acknowledged.items():
        target = trial.bench.folder / f"older {snapshot[:8]}"
        sapdr("restore", snapshot, "--target", target)
        trial.bench.same(older, target)
    sapdr("unlock")
    sapdr("repair", "index")
    trial.backup(tree)
    sapdr("forget", str(result.summary["snapshot_id"]))
    trial.is_sound()


def test_two_that_back_up_the_same_while_answers_are_lost(trial: Trial, tree: Path) -> None:
    for nth in range(2, 100, 3):
        trial.proxy.script(LoseAnswer(), "PUT", nth=nth)
    both = [trial.start("--retry-lock", "60s", "backup", "--json", tree) for _ in range(2)]
    for run in both:
        result = run.end()
        assert result.code == 0, result.text
        trial.remember(tree, result)
    trial.is_sound()


class Cloud:
    """Azurite with tokens, and the fake of Entra ID that gives them."""

    def __init__(self, bench: Workbench, entra: FakeEntra, authority: Authority) -> None:
        self.entra = entra
        self.server = azurite.Azurite(oauth=True)
        entra.applications[CLIENT] = Application(CLIENT, secrets=[SECRET])
        authorities = bench.folder / "authorities.pem"
        authorities.write_text(authority.path.read_text() + self.server.ca_file.read_text())
        self.options = ("--cacert", str(authorities))
        self.variables = {
            "AZURE_AUTHORITY_HOST": entra.authority_host,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": SECRET,
        }


@pytest.fixture
def cloud(bench: Workbench) -> Iterator[Cloud]:
    authority = Authority(bench.folder)
    with FakeEntra(authority, bench.folder) as entra:
        cloud = Cloud(bench, entra, authority)
        with cloud.server:
            yield cloud


def tls(cloud: Cloud) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(cloud.server.folder / "server.pem", cloud.server.folder / "server.key")
    trusts = ssl.create_default_context(cafile=str(cloud.server.ca_file))
    trusts.check_hostname = False
    return serves, trusts


@pytest.mark.parametrize("how", ["expires", "is refused"])
def test_a_token_is_renewed_in_the_middle_of_an_upload(
    bench: Workbench, tree: Path, cloud: Cloud, how: str
) -> None:
    with FaultProxy(cloud.server.port, *tls(cloud)) as proxy:
        trial = Trial(Container(cloud.server, bench, "tokens"), proxy, secrets=[SECRET])

        def run(*arguments: str | Path) -> Result:
            done = trial.start(*cloud.options, *arguments, **cloud.variables).end()
            assert done.code == 0, done.text
            return done

        run("init", "--scrypt-n", "1024")
        if how == "expires":
            cloud.entra.lifetime = 4
        else:
            refusal = Answer(401, "InvalidAuthenticationInfo")
            proxy.script(refusal, "PUT", "/data/", nth=2)
            proxy.script(refusal, "PUT", "/data/", nth=5)
        cloud.entra.tokens.clear()
        result = run("--limit-upload", "2500", "backup", "--json", tree)
        assert len(cloud.entra.tokens) >= 3, "it was not renewed"
        cloud.entra.lifetime = 3599
        for token in cloud.entra.tokens:
            assert token not in result.text and token.split(".")[2] not in result.text
        run("check", "--read-data")
        target = bench.folder / "restored"
        run("restore", str(result.summary["snapshot_id"]), "--target", target)
        bench.same(tree, target)
