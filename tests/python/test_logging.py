"""Log records of the library arrive in `logging`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from conftest import PASSWORD

import sapdr


@pytest.fixture
def warned(location: Path) -> Path:
    """A repository with a damaged record of ours, of which a long operation warns."""
    folder = location / "sapdr" / "verified"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("0" * 64)).write_text("damaged")
    return location


def test_records_arrive_on_the_calling_thread(
    warned: Path, tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sapdr.open(warned, password=PASSWORD) as repo:
        repo.backup(tree, verify=True)
        repo.snapshots()
    records = [record for record in caplog.records if record.name == "sapdr.repository"]
    assert len(records) >= 2
    assert {record.levelname for record in records} == {"WARNING"}
    assert {record.threadName for record in records} == {"MainThread"}
    assert all("0" * 64 in record.getMessage() for record in records)


def test_the_level_of_the_logger_decides(
    warned: Path, tree: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.ERROR, logger="sapdr"),
        sapdr.open(warned, password=PASSWORD) as repo,
    ):
        repo.snapshots()
    assert caplog.records == []


def test_a_handler_that_fails_fails_nothing(
    warned: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Greedy(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            repo.snapshots()

    failures: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda failure: failures.append(failure.exc_value))
    handler = Greedy()
    logging.getLogger("sapdr").addHandler(handler)
    try:
        with sapdr.open(warned, password=PASSWORD) as repo:
            assert repo.backup(tree, verify=True).state == "verified"
    finally:
        logging.getLogger("sapdr").removeHandler(handler)
    assert {type(failure) for failure in failures} == {sapdr.InvalidStateError}
