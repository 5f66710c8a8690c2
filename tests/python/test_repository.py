"""Creating, opening and closing; passwords; objects."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import CHEAP, PASSWORD

import sapdr


def test_init_and_open_show_the_same_repository(tmp_path: Path) -> None:
    place = tmp_path / "repository"
    with sapdr.init(place, password=PASSWORD, scrypt=CHEAP) as made:
        assert made.version == 2
        assert made.location == str(place)
        assert len(made.id) == 64
        with sapdr.open(str(place), password=PASSWORD.encode()) as opened:
            assert opened.id == made.id
        with sapdr.open(os.fsencode(place), password=PASSWORD, no_lock=True) as opened:
            assert opened.id == made.id


def test_version_1(tmp_path: Path) -> None:
    with sapdr.init(tmp_path / "r", password=PASSWORD, version=1, scrypt=CHEAP) as repo:
        assert repo.version == 1


def test_codec(tmp_path: Path) -> None:
    with sapdr.init(tmp_path / "zstd", password=PASSWORD, scrypt=CHEAP) as repo:
        assert repo.codec == "zstd"
    with sapdr.init(tmp_path / "r", password=PASSWORD, scrypt=CHEAP, codec="tensor") as repo:
        assert (repo.codec, repo.version) == ("tensor", 2)
    with sapdr.open(tmp_path / "r", password=PASSWORD) as repo:
        assert repo.codec == "tensor"
    with pytest.raises(sapdr.UnsupportedError):
        sapdr.init(tmp_path / "1", password=PASSWORD, version=1, scrypt=CHEAP, codec="tensor")


def test_init_twice(location: Path) -> None:
    with pytest.raises(sapdr.ExistsError):
        sapdr.init(location, password=PASSWORD)


def test_open_nothing(tmp_path: Path) -> None:
    with pytest.raises(sapdr.NoRepositoryError, match=str(tmp_path)):
        sapdr.open(tmp_path, password=PASSWORD)


def test_wrong_password(location: Path) -> None:
    with pytest.raises(sapdr.AuthError) as caught:
        sapdr.open(location, password="swordfish")
    assert str(location) in str(caught.value)
    assert "swordfish" not in str(caught.value)


def test_empty_password(tmp_path: Path) -> None:
    with pytest.raises(sapdr.InvalidArgumentError):
        sapdr.init(tmp_path / "r", password="")


def test_password_from_file_and_command(location: Path, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    sapdr.open(location, password_file=file).close()
    sapdr.open(location, password_command=["cat", str(file)]).close()
    sapdr.open(location, password_command=f"cat '{file}'").close()


@pytest.mark.parametrize("given", [{}, {"password": "a", "password_file": "b"}])
def test_a_password_is_given_once(location: Path, given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="one of"):
        sapdr.open(location, **given)  # type: ignore[arg-type]


def test_unknown_scheme() -> None:
    with pytest.raises(sapdr.UnsupportedError):
        sapdr.open("gopher://x", password=PASSWORD)


def test_nul_in_a_path(repo: sapdr.Repository) -> None:
    with pytest.raises(sapdr.InvalidArgumentError):
        repo.backup("/etc\0/passwd")


def test_with_closes(location: Path) -> None:
    with sapdr.open(location, password=PASSWORD) as repo:
        assert not repo.closed
        assert str(location) in repr(repo)
    assert repo.closed
    assert "closed" in repr(repo)
    repo.close()


def test_a_closed_repository_refuses_every_operation(location: Path, tree: Path) -> None:
    repo = sapdr.open(location, password=PASSWORD)
    repo.backup(tree)
    walk = repo.ls("latest")
    next(walk)
    plan = repo.plan_restore("latest", tree.parent / "target")
    repo.close()
    other = sapdr.init("memory:", password=PASSWORD, scrypt=CHEAP)
    for operation in (
        lambda: repo.backup(tree),
        lambda: repo.backup_streams({"/x": b"x"}),
        lambda: repo.snapshots(),
        lambda: repo.snapshot("latest"),
        lambda: repo.ls("latest"),
        lambda: repo.dump("latest", "/x"),
        lambda: repo.restore("latest", tree),
        lambda: repo.plan_restore("latest", tree),
        lambda: repo.check(),
        lambda: repo.verify("latest"),
        lambda: repo.stats(),
        lambda: repo.unlock(),
        lambda: repo.tag(add="x"),
        lambda: repo.copy_from(other),
        lambda: other.copy_from(repo),
        lambda: sapdr.init("memory:", password="x", copy_chunker_params=repo),
        lambda: repo.key_list(),
        lambda: repo.key_add(password="x"),
        lambda: repo.key_remove("x"),
        lambda: repo.key_passwd(password="x"),
        lambda: repo.cat("config"),
        lambda: repo.list("snapshot"),
        lambda: next(walk),
        plan.run,
    ):
        with pytest.raises(sapdr.InvalidStateError, match="closed"):
            operation()
    assert len(repo.id) == 64
    assert plan.stats.files == 2


def test_cat_and_list(repo: sapdr.Repository, tree: Path) -> None:
    assert json.loads(repo.cat("config"))["id"] == repo.id
    result = repo.backup(tree)
    assert [id for id, _ in repo.list("snapshot")] == [result.snapshot_id]
    snapshot = json.loads(repo.cat("snapshot", (result.snapshot_id or "")[:8]))
    assert snapshot["paths"] == [str(tree)]
    assert all(size > 0 for _, size in repo.list("pack"))
    with pytest.raises(sapdr.NotFoundError):
        repo.cat("snapshot", "0" * 64)


def test_keys(repo: sapdr.Repository, location: Path, tmp_path: Path) -> None:
    (first,) = repo.key_list()
    assert first.is_current
    assert first.host
    assert first.damage is None
    assert (datetime.now(UTC) - first.created).total_seconds() < 600
    (tmp_path / "second").write_text("second\n")
    added = repo.key_add(password_file=tmp_path / "second", host="ship", user="jo", scrypt=CHEAP)
    sapdr.open(location, password="second").close()
    assert [(k.id, k.host, k.user) for k in repo.key_list()[1:]] == [(added, "ship", "jo")]
    with pytest.raises(sapdr.InvalidArgumentError):
        repo.key_remove(first.id)
    with pytest.raises(sapdr.NotFoundError):
        repo.key_remove("zz")
    assert repo.key_remove(added[:10]) == added
    with pytest.raises(sapdr.AuthError):
        sapdr.open(location, password="second")


def test_passwd(repo: sapdr.Repository, location: Path, tree: Path) -> None:
    fresh = repo.key_passwd(password="new", scrypt=CHEAP)
    assert [k.id for k in repo.key_list()] == [fresh]
    assert repo.backup(tree).state == "written"
    with pytest.raises(sapdr.AuthError) as caught:
        sapdr.open(location, password=PASSWORD)
    assert caught.value.exit_code == 12
    sapdr.open(location, password="new").close()
    with pytest.raises(sapdr.InvalidArgumentError, match="empty"):
        repo.key_passwd(password="")
    with pytest.raises(ValueError, match="one of"):
        repo.key_add()


def test_unlock(repo: sapdr.Repository) -> None:
    assert repo.unlock() == 0
    assert repo.unlock(remove_all=True) == 0


def test_memory() -> None:
    with sapdr.init("memory:", password=PASSWORD, scrypt=CHEAP) as repo:
        assert repo.snapshots() == []


def test_compression_and_pack_size(location: Path, tree: Path) -> None:
    with sapdr.open(
        location, password=PASSWORD, compression="max", pack_size_mib=4, verify_blobs=False
    ) as repo:
        assert repo.backup(tree).state == "written"
    with pytest.raises(KeyError):
        sapdr.open(location, password=PASSWORD, compression="some")  # type: ignore[arg-type]
    with pytest.raises(sapdr.InvalidArgumentError):
        sapdr.open(location, password=PASSWORD, pack_size_mib=3)
