"""A network and a service that fail, between the command and Azurite: what passes is survived by
itself, the rest ends in a clear error; in every case nothing is lost that was acknowledged."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_container import Container
from azure_trial import Trial
from commands import EXISTS, INCOMPLETE, IO, NETWORK, NOT_FOUND, PERMISSION
from fault_proxy import FaultProxy, Rule
from http_faults import (
    Answer,
    CloseInAnswer,
    Corrupt,
    Delay,
    Drip,
    Fault,
    LoseAnswer,
    Reset,
    ResetInUpload,
    Truncate,
)
from make_trees import make_plain_tree
from workbench import Workbench

FOR_EVER = 1_000_000
# Lists have no checksum of their own: over http nobody can tell that one bit of a name is wrong.
NO_LIST = r"^(?!.*comp=list)"
PASSING: dict[str, tuple[Fault, str]] = {  # and which paths it meets
    "reset": (Reset(), ""),
    "reset in the answer": (Reset(in_answer=True), ""),
    "closed in the answer": (CloseInAnswer(), ""),
    "truncated": (Truncate(), ""),
    "answer lost": (LoseAnswer(), ""),
    "late": (Delay(1), ""),
    "no answer": (Delay(8), "/data/"),
    "drip": (Drip(50), "/data/"),
    "429": (Answer(429, "", {"Retry-After": "1"}), ""),
    "500": (Answer(500, "InternalError"), ""),
    "502 of a gateway": (Answer(502), ""),
    "503": (Answer(503, "ServerBusy", {"Retry-After": "1"}), ""),
    "corrupted on the way down": (Corrupt(up=False), NO_LIST),
    "corrupted at the end on the way down": (Corrupt(up=False, place=1), NO_LIST),
    "corrupted on the way up": (Corrupt(up=True), ""),
}


@pytest.fixture
def trial(container: Container, bench: Workbench) -> Iterator[Trial]:
    """With a first snapshot, and nothing scripted."""
    with FaultProxy(container.server.port) as proxy:
        trial = Trial(container, proxy)
        trial.container.init()
        trial.backup(make_plain_tree(bench.folder / "first", seed=70, n_files=20, megabytes=9))
        proxy.clear()
        yield trial


@pytest.fixture
def tree(bench: Workbench) -> Path:
    return make_plain_tree(bench.folder / "second", seed=71, n_files=20, megabytes=9)


def test_each_attempt_keeps_to_the_limit(trial: Trial, tree: Path) -> None:
    upload = 2_048_000
    rule = trial.proxy.script(ResetInUpload(), "PUT", "/data/", times=3)
    begun = time.monotonic()
    trial.run("--limit-upload", str(upload // 1024), "backup", tree)
    taken = time.monotonic() - begun
    assert rule.hits == 3
    # More than 9 MB in packs of 4 MiB; the first two that are stored are whole ones. A quarter of a
    # second may be saved up whenever nothing waits: before the first and around what failed.
    assert taken >= (9_000_000 + 2 * 4 * 1024 * 1024) / upload - 6 * 0.25


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_survived(trial: Trial, tree: Path, name: str) -> None:
    fault, path = PASSING[name]

    def script() -> list[Rule]:
        if "down" in name:  # every object, the first time
            return [trial.proxy.script(fault, "GET", path, each=True)]
        return [trial.proxy.script(fault, "", path, nth=nth) for nth in (2, 5, 6, 9, 14, 20, 30)]

    def disturbed(*arguments: str | Path) -> int:
        """How often that run was."""
        trial.proxy.clear()
        rules = script()
        trial.run(*arguments)
        return sum(rule.hits for rule in rules)

    script()
    trial.backup(tree)
    target = trial.bench.folder / "restored"
    hits = disturbed("restore", "latest", "--target", target)
    trial.bench.same(tree, target)
    hits += disturbed("check", "--read-data")
    hits += disturbed("forget", "--keep-last", "1", "--group-by", "host")
    trial.acknowledged = {k: v for k, v in trial.acknowledged.items() if v == tree}
    hits += disturbed("prune", "--grace", "0s", "--max-unused", "0")
    assert hits >= 5, "it was hardly disturbed"
    trial.is_sound()


@pytest.mark.parametrize("kind", ["data", "index", "snapshots"])
@pytest.mark.parametrize("fault", [Reset(), ResetInUpload(), LoseAnswer(), CloseInAnswer()])
def test_uploads_are_made_again(trial: Trial, tree: Path, fault: Fault, kind: str) -> None:
    rule = trial.proxy.script(fault, "PUT", f"/{kind}/", times=2)
    trial.backup(tree)
    assert rule.hits == 2
    trial.is_sound()


REFUSALS: dict[str, tuple[Fault, int, str]] = {  # how it ends, and what it says
    "403": (Answer(403, "AuthorizationFailure"), PERMISSION, "AuthorizationFailure"),
    "403 of a gateway": (Answer(403), PERMISSION, "[403]"),
    "404": (Answer(404, "ContainerNotFound"), NOT_FOUND, "does not exist"),
    "404 of a gateway": (Answer(404), NETWORK, "no answer of Blob Storage"),
    "409": (Answer(409, "BlobAlreadyExists"), EXISTS, "BlobAlreadyExists"),
    "409 of a gateway": (Answer(409), NETWORK, "no answer of Blob Storage"),
    "412": (Answer(412, "ConditionNotMet"), EXISTS, "ConditionNotMet"),
    "412 of a gateway": (Answer(412), NETWORK, "no answer of Blob Storage"),
    "500 for ever": (Answer(500, "InternalError"), NETWORK, "failed inside"),
    "429 for an hour": (Answer(429, "", {"Retry-After": "3600"}), NETWORK, "[429]"),
    "reset for ever": (Reset(), NETWORK, ""),
    "damaged for ever": (Corrupt(up=True), NETWORK, "not what was sent"),
}


@pytest.mark.parametrize("kind", ["data", "index", "snapshots"])
@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_pass_ends_a_backup(trial: Trial, tree: Path, name: str, kind: str) -> None:
    fault, code, text = REFUSALS[name]
    trial.proxy.script(fault, "PUT", f"/{kind}/", times=FOR_EVER)
    trial.fails("--retry-for", "2s", "backup", tree, code=code, names=text)
    assert len(trial.container.names("snapshots/")) == 1, "it stored a snapshot all the same"
    trial.proxy.clear()
    trial.is_sound()
    trial.backup(tree)
    trial.is_sound()


@pytest.mark.parametrize("name", ["403", "404 of a gateway", "500 for ever", "reset for ever"])
@pytest.mark.parametrize("kind", ["snapshots", "index"])
def test_what_cannot_be_read_ends_a_prune_before_it_changes_anything(
    trial: Trial, tree: Path, name: str, kind: str
) -> None:
    fault, code, text = REFUSALS[name]
    trial.backup(tree)
    data = trial.container.names("data/")
    trial.proxy.script(fault, "GET", f"/{kind}/", nth=2, times=FOR_EVER)
    prune = ("prune", "--grace", "0s", "--max-unused", "0")
    trial.fails("--retry-for", "2s", *prune, code=code, names=text)
    assert trial.container.names("data/") == data
    trial.is_sound()


def test_a_prune_does_not_believe_that_a_listed_snapshot_is_gone(trial: Trial, tree: Path) -> None:
    trial.backup(tree)
    trial.proxy.script(Answer(404, "BlobNotFound"), "GET", "/snapshots/", times=FOR_EVER)
    prune = ("prune", "--grace", "0s", "--max-unused", "0")
    trial.fails(*prune, code=IO, names="is listed and cannot be found")
    trial.is_sound()


@pytest.mark.parametrize("name", ["403", "500 for ever"])
def test_what_cannot_be_removed_ends_a_prune(trial: Trial, tree: Path, name: str) -> None:
    fault, code, text = REFUSALS[name]
    (snapshot,) = trial.acknowledged
    trial.backup(tree)
    trial.run("forget", snapshot)
    del trial.acknowledged[snapshot]
    prune = ("prune", "--grace", "0s", "--max-unused", "0")
    trial.proxy.script(fault, "DELETE", "/(data|index)/", nth=2, times=FOR_EVER)
    trial.fails("--retry-for", "2s", *prune, code=code, names=text)
    trial.is_sound()
    trial.proxy.clear()
    trial.run(*prune)
    trial.is_sound()


@pytest.mark.parametrize("code", [404, 403])
def test_a_pack_that_is_not_given_costs_its_files_alone(trial: Trial, code: int) -> None:
    (_, first), *_ = trial.acknowledged.items()
    name = {404: "BlobNotFound", 403: "AuthorizationFailure"}[code]
    trial.proxy.script(Answer(code, name), "GET", trial.largest_pack(), times=FOR_EVER)
    target = trial.bench.folder / "restored"
    result = trial.run("restore", "latest", "--target", target, expect=INCOMPLETE)
    assert 0 < trial.restored_is_right_or_absent(first, target) < 22
    assert name in result.err and str(first) in result.err
    trial.is_sound()


def test_what_comes_corrupted_each_time_is_named_and_left_out(trial: Trial) -> None:
    (_, first), *_ = trial.acknowledged.items()
    trial.proxy.script(Corrupt(up=False), "GET", trial.largest_pack(), times=FOR_EVER)
    target = trial.bench.folder / "restored"
    result = trial.run("restore", "latest", "--target", target, expect=INCOMPLETE)
    assert 0 < trial.restored_is_right_or_absent(first, target) < 22
    assert str(first) in result.err and "damaged" in result.err
    trial.proxy.clear()
    trial.run("restore", "latest", "--target", target)
    trial.bench.same(first, target)


def test_no_secret_is_shown_when_a_sas_is_refused_and_interrupted(trial: Trial, tree: Path) -> None:
    sas = trial.container.sas("rwdl")
    signature = sas.split("sig=")[1].split("&")[0]
    trial.secrets += [signature, signature.replace("%3D", "=").replace("%2B", "+")]
    for fault in (Answer(403, "AuthenticationFailed"), Answer(400), Reset(), Truncate()):
        trial.proxy.clear()
        trial.proxy.script(fault, "", "snapshots", times=FOR_EVER)
        result = trial.start("--retry-for", "1s", "snapshots", AZURE_ACCOUNT_SAS=sas).end()
        assert result.code != 0
