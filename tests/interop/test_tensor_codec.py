"""The tensor codec: refused by restic, read as it is described, copied to and from plain zstd."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from make_trees import make_odd_tree
from test_copies import source_of
from test_independent_reader import read
from workbench import Workbench


@pytest.fixture
def weights(bench: Workbench) -> Path:
    """Odd things, and numbers as models have them, some beginning at odd places."""
    folder = bench.folder / "source"
    folder.mkdir()
    make_odd_tree(folder / "odd")
    values = np.random.default_rng(7).normal(0, 0.02, 2_000_000).astype(np.float32)
    bf16 = (values.view(np.uint32) >> 16).astype(np.uint16)
    (folder / "bf16").write_bytes(bf16.tobytes())
    (folder / "odd bf16").write_bytes(b"x" + bf16[:700_000].tobytes())
    (folder / "fp16").write_bytes(values.astype(np.float16).tobytes())
    (folder / "fp32").write_bytes(b"abc" + values.tobytes())
    (folder / "int64").write_bytes(np.arange(200_000).tobytes())
    return folder


def with_tensors(bench: Workbench, name: str = "tensors") -> Path:
    repository = bench.folder / name
    bench.sapdr(repository)("init", "--scrypt-n", "1024", "--codec", "tensor")
    return repository


def tree_of(bench: Workbench, repository: Path) -> str:
    sapdr = bench.sapdr(repository)
    (snapshot,) = sapdr("list", "snapshots").out.split()
    return str(json.loads(sapdr("cat", "snapshot", snapshot).out)["tree"])


def test_everything_comes_back(bench: Workbench, weights: Path) -> None:
    repository = with_tensors(bench)
    sapdr = bench.sapdr(repository)
    sapdr("backup", "--verify", weights)
    sapdr("check", "--read-data")
    sapdr("restore", "latest", "--target", bench.folder / "out", "--verify")
    bench.same(weights, bench.folder / "out")


def test_weights_take_a_third_less(bench: Workbench, weights: Path) -> None:
    stored = {}
    for name, repository in (("zstd", bench.ours()), ("tensor", with_tensors(bench))):
        for kind in ("bf16", "fp32"):
            done = bench.sapdr(repository)("--json", "backup", weights / kind).summary
            stored[name, kind] = done["bytes_stored"] / done["bytes_new"]
    assert stored["tensor", "bf16"] < 0.67 < 0.75 < stored["zstd", "bf16"]
    assert stored["tensor", "fp32"] < 0.85 < stored["zstd", "fp32"]


def test_restic_refuses_it_by_its_version(bench: Workbench, weights: Path) -> None:
    repository = with_tensors(bench)
    bench.sapdr(repository)("backup", weights)
    before = sorted(str(p) for p in repository.rglob("*"))
    for command in (["snapshots"], ["check"], ["prune"], ["backup", str(weights)]):
        refused = bench.restic(repository).run(*command)
        assert refused.code == 1
        assert "unsupported repository version" in refused.err
    assert sorted(str(p) for p in repository.rglob("*")) == before
    assert json.loads(bench.sapdr(repository)("cat", "config").out)["version"] == 0x53415044


def test_it_can_be_read_from_the_description_alone(bench: Workbench, weights: Path) -> None:
    repository = with_tensors(bench)
    bench.sapdr(repository)("backup", weights)
    read(bench, repository, "out")
    bench.same(weights, bench.folder / "out")


def test_a_copy_is_plain_and_comes_back(bench: Workbench, weights: Path) -> None:
    tensors, plain, again = with_tensors(bench), bench.ours("plain"), with_tensors(bench, "again")
    bench.sapdr(tensors)("backup", weights)
    bench.sapdr(plain)("copy", *source_of(bench.sapdr(plain), tensors))
    bench.check_both(plain)
    bench.restic(plain)("restore", "latest", "--target", bench.folder / "by restic")
    bench.same(weights, bench.folder / "by restic")
    bench.sapdr(again)("copy", *source_of(bench.sapdr(again), plain))
    bench.sapdr(again)("check", "--read-data")
    assert len({tree_of(bench, r) for r in (tensors, plain, again)}) == 1
    bench.sapdr(again)("restore", "latest", "--target", bench.folder / "out")
    bench.same(weights, bench.folder / "out")


def test_forget_and_prune_move_blobs_as_they_lie(bench: Workbench, weights: Path) -> None:
    repository = with_tensors(bench)
    sapdr = bench.sapdr(repository)
    sapdr("backup", weights)
    content = (weights / "fp16").read_bytes()
    (weights / "fp16").write_bytes(content[::-1])
    sapdr("backup", weights)
    sapdr("forget", "--keep-last", "1", "--prune", "--grace", "0s", "--max-unused", "0")
    sapdr("check", "--read-data")
    sapdr("restore", "latest", "--target", bench.folder / "out")
    bench.same(weights, bench.folder / "out")
