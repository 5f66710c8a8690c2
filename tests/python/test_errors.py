"""Exceptions come from the one table of the library."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import sapdr
from sapdr import _errors, _sapdr


def test_each_status_has_one_class() -> None:
    failures = [row for row in _sapdr.STATUS_TABLE if row[0] != "OK"]
    classes = sapdr.Error.__subclasses__()
    assert sorted(cls.status for cls in classes) == sorted(row[0] for row in failures)
    for name, code, exit_code, _ in failures:
        error = _errors.from_status(code, "text", 0, {}, None, None)
        assert type(error).status == name
        assert type(error).exit_code == exit_code
        assert type(error).__name__ in sapdr.__all__
        assert error.code == code


def test_a_status_of_a_newer_library_is_an_error() -> None:
    assert type(_errors.from_status(-999, "new", 0, {}, None, None)) is sapdr.Error


def test_what_an_error_carries(repo: sapdr.Repository, tmp_path: Path) -> None:
    with pytest.raises(sapdr.Error) as caught:
        repo.backup(tmp_path / "missing")
    error = caught.value
    assert str(error) == error.message
    assert "\n" not in error.message
    assert error.code == -3
    assert error.retryable == 0
    assert error.details["path"] == str(tmp_path / "missing")


def test_errors_are_pickled_whole() -> None:
    error = sapdr.LockedError(-7, "locked", 1, {"path": "/x"})
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is sapdr.LockedError
    assert (copy.code, copy.message, copy.retryable, copy.details) == (
        -7,
        "locked",
        1,
        {"path": "/x"},
    )


def test_a_cause_is_chained() -> None:
    cause = sapdr.IoError(-10, "disk")
    assert _errors.from_status(-8, "damaged", 0, {}, None, cause).__cause__ is cause
