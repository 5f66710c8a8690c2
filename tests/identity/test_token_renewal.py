"""Tokens that expire, are refused, are asked for at once; an Entra ID that is busy."""

from __future__ import annotations

import time

from conftest import NETWORK, STORAGE, StartProbe, is_last
from fake_entra import FakeEntra
from fake_http import Answer


def test_a_token_that_expires_in_the_middle_is_renewed(
    entra: FakeEntra, secret: dict[str, str], start: StartProbe
) -> None:
    entra.lifetime = 4
    probe = start(secret)
    began = time.monotonic()
    hashes = set()
    while time.monotonic() - began < 7:
        answer = probe.token()
        assert answer["expires"] >= int(time.time()), "it is good when it is given"
        hashes.add(answer["sha256"])
        time.sleep(0.1)
    assert 3 <= len(hashes) == len(entra.tokens) <= 5


def test_refresh_in_is_honoured(
    entra: FakeEntra, secret: dict[str, str], start: StartProbe
) -> None:
    entra.refresh_in = 1
    probe = start(secret)
    first = probe.token()
    time.sleep(1.2)
    assert probe.token() != first
    assert len(entra.tokens) == 2


def test_a_refused_token_is_replaced(
    entra: FakeEntra, secret: dict[str, str], start: StartProbe
) -> None:
    probe = start(secret)
    first = probe.token()
    second = probe.ask(f"refuse {STORAGE}")
    assert second["sha256"] != first["sha256"]
    assert is_last(second, entra)
    assert probe.token() == second


def test_many_at_once_are_one_request(
    entra: FakeEntra, secret: dict[str, str], start: StartProbe
) -> None:
    entra.delay = 0.5
    answers = start(secret).ask(f"threads 8 {STORAGE}")
    assert len(answers) == 1
    assert is_last(answers[0], entra)
    assert len(entra.requests) == 1


def test_a_busy_entra_is_waited_for(
    entra: FakeEntra, secret: dict[str, str], start: StartProbe
) -> None:
    entra.scripted = [
        Answer(429, headers={"Retry-After": "1"}),
        Answer(503, "<html>"),
    ]
    began = time.monotonic()
    assert is_last(start(secret).token(), entra)
    assert time.monotonic() - began >= 1
    assert len(entra.requests) == 3


def test_an_entra_that_stays_busy_is_given_up(
    entra: FakeEntra, secret: dict[str, str], start: StartProbe
) -> None:
    entra.scripted = [Answer(503) for _ in range(5)]
    answer = start(secret).token()
    assert (answer["code"], answer["retry"]) == (NETWORK, 1)
    assert "503" in answer["error"]
