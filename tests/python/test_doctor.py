"""What protects a storage, as the package tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

import sapdr


def severities(found: list[sapdr.Finding]) -> dict[str, str]:
    return {each.code: each.severity for each in found}


def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    folder.chmod(0o700)
    assert severities(sapdr.doctor(folder))["folder-mode"] == "ok"
    folder.chmod(0o777)
    found = sapdr.doctor(folder, duty="restore")
    assert severities(found)["folder-mode"] == "danger"
    (mode,) = (each for each in found if each.code == "folder-mode")
    assert mode.object == str(folder) and "chmod" in mode.message
    with pytest.raises(sapdr.UnsafeError, match="chmod") as raised:
        sapdr.doctor(folder, must_be_safe=True)
    assert raised.value.exit_code == 35


def test_storage_that_is_none_or_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(sapdr.NotFoundError, match="nowhere"):
        sapdr.doctor(tmp_path / "nowhere")
    memory = sapdr.Backend.open("memory:")
    assert severities(sapdr.doctor(memory, must_be_safe=True)) == {"storage": "unknown"}
    with pytest.raises(KeyError):
        sapdr.doctor(memory, duty="fun")  # type: ignore[arg-type]


def test_it_can_be_cancelled() -> None:
    cancel = sapdr.Cancel()
    cancel.trigger()
    with pytest.raises(sapdr.CancelledError):
        sapdr.doctor(sapdr.Backend.open("memory:"), cancel=cancel)
