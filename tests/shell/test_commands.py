"""What each command does when all is well."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

import pytest
from shell_tools import Shell, code_of


def inside(target: Path, source: Path) -> Path:
    return target / source.relative_to("/")


def test_init_makes_a_repository(shell: Shell, tmp_path: Path) -> None:
    shell = shell.with_env(SAPDR_REPOSITORY=str(tmp_path / "new"))
    result = shell("init", "--scrypt-n", "1024")
    assert re.match(r"created repository [0-9a-f]{8} at /.*/new\n", result.out)
    assert (tmp_path / "new" / "config").is_file()
    assert shell("snapshots").out == "0 snapshots\n"


def test_codec_and_chunker_are_chosen_by_name(shell: Shell, tree: Path, tmp_path: Path) -> None:
    new = shell.with_env(SAPDR_REPOSITORY=str(tmp_path / "new"))
    new.fails("E_INVALID_ARGUMENT", "init", "--codec", "gzip")
    assert not (tmp_path / "new").exists()
    assert new.json("init", "--scrypt-n", "1024", "--codec", "tensor").summary["codec"] == "tensor"
    new.fails("E_INVALID_ARGUMENT", "backup", "--chunker", "fixed", tree)
    new("backup", "--chunker", "restic", tree)
    new("backup", "--chunker", "auto", "--force", tree)


def test_backup_tells_what_it_did_and_the_state_on_its_own_line(shell: Shell, tree: Path) -> None:
    result = shell("backup", tree)
    assert re.search(r"^Files: +2 new, +0 changed, +0 unmodified$", result.out, re.M)
    assert re.search(r"^processed 2 files, 16\.006 KiB in 0:0\d$", result.out, re.M)
    assert re.search(r"^snapshot [0-9a-f]{8} written$", result.out, re.M)
    assert result.err == ""
    again = shell("backup", "--verify", tree)
    assert re.search(r"^Files: +0 new, +0 changed, +2 unmodified$", again.out, re.M)
    assert re.search(r"^snapshot [0-9a-f]{8} verified$", again.out, re.M)


def test_backup_with_v_names_each_item(shell: Shell, tree: Path) -> None:
    out = shell("backup", "-v", tree).out
    assert re.search(rf"^new +{tree}/a\.txt, 6 B$", out, re.M)
    (tree / "a.txt").write_text("changed\n")
    out = shell("backup", "-v", tree).out
    assert re.search(rf"^modified +{tree}/a\.txt, 8 B$", out, re.M)
    assert re.search(rf"^unchanged +{tree}/sub/b\.bin, 16\.000 KiB$", out, re.M)


def test_quiet_prints_nothing(shell: Shell, tree: Path) -> None:
    result = shell("backup", "--quiet", tree)
    assert (result.out, result.err) == ("", "")


def test_a_dry_run_stores_nothing(shell: Shell, tree: Path) -> None:
    out = shell("backup", "--dry-run", "-v", tree).out
    assert f"{tree}/a.txt" in out
    assert "Would add: " in out and "dry run: nothing was stored" in out
    assert shell.json("snapshots").summary["snapshots"] == 0


def paths_in(shell: Shell, *arguments: str) -> set[str]:
    return set(shell("ls", "latest", *arguments).out.splitlines())


def test_excludes(shell: Shell, tree: Path, tmp_path: Path) -> None:
    for name in ("keep", "x.tmp", "Y.TMP", "z.log", "[a,b]"):
        (tree / name).write_text("x" * 100)
    (tree / "big").write_bytes(b"x" * 5000)
    (tree / "cache").mkdir()
    (tree / "cache" / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    (tree / "cache" / "inner").write_text("x")
    (tree / "skipped").mkdir()
    (tree / "skipped" / ".nobackup").write_text("")
    (tree / "skipped" / "inner").write_text("x")
    (tmp_path / "patterns").write_text("# logs\n*.log\n")
    arguments: list[str | Path] = ["-e", "*.tmp", "--iexclude", "y.tmp"]
    arguments += ["--exclude-file", tmp_path / "patterns", "--exclude-larger-than", "4k"]
    arguments += ["--exclude-caches", "--exclude-if-present", ".nobackup", "-e", "[[]a,b]"]
    shell("backup", tree, *arguments)
    names = {os.path.relpath(p, tree) for p in paths_in(shell) if p.startswith(f"{tree}/")}
    assert {"keep", "a.txt", "link", "cache", "skipped", "skipped/.nobackup"} <= names
    gone = {"x.tmp", "Y.TMP", "z.log", "big", "cache/inner", "skipped/inner", "[a,b]"}
    assert not names & (gone | {"sub/b.bin"})  # b.bin is larger than 4 KiB


def test_paths_with_brackets_and_dashes_are_taken_as_they_are(shell: Shell, tmp_path: Path) -> None:
    names = ["[a,b]", "-x", "backup", "{}", "a b", "'q'"]
    for name in names:
        (tmp_path / name).write_text(name)
    shell("backup", "--", *names, cwd=tmp_path)
    assert {os.path.basename(p) for p in paths_in(shell)} >= set(names)


def test_lists_of_paths(shell: Shell, tree: Path, tmp_path: Path) -> None:
    (tree / "*").write_text("a star")
    (tmp_path / "patterns").write_text(f"# one\n\n  {tree}/sub/*.bin  \n")
    (tmp_path / "verbatim").write_text(f"{tree}/*\n")
    (tmp_path / "raw").write_bytes(os.fsencode(tree / "a.txt") + b"\0")
    shell(
        "backup",
        "--files-from", tmp_path / "patterns",
        "--files-from-verbatim", tmp_path / "verbatim",
        "--files-from-raw", tmp_path / "raw",
    )  # fmt: skip
    files = {p for p in paths_in(shell) if Path(p).is_file()}
    assert files == {f"{tree}/sub/b.bin", f"{tree}/*", f"{tree}/a.txt"}
    shell("backup", "--files-from", "-", stdin=os.fsencode(tree / "a.txt") + b"\n")
    (tmp_path / "patterns").write_text(f"{tree}/*.nothing\n")
    shell.fails("E_NOT_FOUND", "backup", "--files-from", tmp_path / "patterns")


def test_standard_input_becomes_a_file(shell: Shell) -> None:
    data = os.urandom(300_000)
    shell("backup", "--stdin", "--stdin-filename", "dump/orders.bson", stdin=data)
    assert shell("dump", "latest", "/dump/orders.bson").stdout == data
    shell("backup", "--stdin", stdin=b"")
    assert shell("dump", "latest", "/stdin").stdout == b""


def test_the_options_of_the_snapshot_itself(shell: Shell, tree: Path) -> None:
    arguments = ["--tag", "a,b", "--tag", "c", "--host", "alpha", "--time", "2020-02-03 04:05:06"]
    shell("backup", tree, *arguments)
    (snapshot,) = shell.json("snapshots").of("snapshot")
    assert snapshot["tags"] == ["a", "b", "c"]
    assert snapshot["host"] == "alpha"
    assert snapshot["time"] == "2020-02-03T04:05:06.000000000Z"
    assert snapshot["paths"] == [str(tree)]
    shell("backup", tree, "--time", "2020-02-03T04:05:06.5+01:00")
    times = {s["time"] for s in shell.json("snapshots").of("snapshot")}
    assert "2020-02-03T03:05:06.500000000Z" in times


def test_parents(shell: Shell, tree: Path) -> None:
    first = shell.json("backup", tree).summary
    assert "parent_id" not in first
    assert shell.json("backup", tree).summary["parent_id"] == first["snapshot_id"]
    forced = shell.json("backup", "--force", tree).summary
    assert "parent_id" not in forced and forced["files_new"] == 2
    named = shell.json("backup", "--parent", first["snapshot_id"][:12], tree).summary
    assert named["parent_id"] == first["snapshot_id"]


def test_snapshots_is_a_table(shell: Shell, tree: Path) -> None:
    shell("backup", tree, "--host", "alpha", "--tag", "t1,t2", "--time", "2020-02-03 04:05:06")
    shell("backup", tree, tree / "sub", "--host", "beta", "--verify")
    lines = shell("snapshots").out.splitlines()
    assert lines[0].split() == ["ID", "Time", "Host", "Tags", "State", "Size", "Paths"]
    row = rf"^[0-9a-f]{{8}}  2020-02-03 04:05:06  alpha  t1 +written +16\.006 KiB  {tree}$"
    assert re.match(row, lines[1])
    assert lines[2].split() == ["t2"]
    assert re.search(r"  beta  +verified \d{4}-\d\d-\d\d ", lines[3])
    assert lines[4].split() == [f"{tree}/sub"]
    assert lines[-1] == "2 snapshots"


def test_snapshots_can_be_chosen(shell: Shell, tree: Path) -> None:
    def ids(*arguments: str) -> list[str]:
        return [s["id"] for s in shell.json("snapshots", *arguments).of("snapshot")]

    def backup(*arguments: str | Path) -> str:
        return str(shell.json("backup", *arguments).summary["snapshot_id"])

    one = backup(tree, "--host", "alpha", "--tag", "x,y")
    two = backup(tree, "--host", "beta", "--tag", "y")
    three = backup(tree / "sub", "--host", "beta", "--tag", "z")
    assert ids() == [one, two, three]
    assert ids("--host", "alpha") == [one]
    assert ids("--host", "alpha", "-H", "beta") == [one, two, three]
    assert ids("--tag", "y") == [one, two]
    assert ids("--tag", "x,y") == [one]
    assert ids("--tag", "x", "--tag", "z") == [one, three]
    assert ids("--path", str(tree)) == [one, two]
    assert ids("--latest", "1") == [one, two, three]
    four = backup(tree, "--host", "beta")
    assert ids("--latest", "1") == [one, three, four]
    assert ids(two[:10], "latest") == [two, four]
    assert ids("latest", "--tag", "x", "--tag", "y") == [two]


def test_ls(saved: Shell, tree: Path) -> None:
    every = {str(p) for p in [tree / "a.txt", tree / "link", tree / "sub", tree / "sub/b.bin"]}
    assert every <= paths_in(saved)
    direct = paths_in(saved, str(tree))
    assert f"{tree}/a.txt" in direct and f"{tree}/sub/b.bin" not in direct
    assert f"{tree}/sub/b.bin" in paths_in(saved, "-R", str(tree))
    long = saved("ls", "-l", f"latest:{tree}").out
    assert re.search(
        r"^-rw-r--r-- +\d+ +\d+ +6 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d .*a\.txt$", long, re.M
    )
    assert re.search(r"^lrwxrwxrwx .* -> a\.txt$", long, re.M)
    assert re.search(r"^drwxr-xr-x .*sub$", long, re.M)


def test_dump(saved: Shell, tree: Path, tmp_path: Path) -> None:
    wanted = (tree / "sub/b.bin").read_bytes()
    assert saved("dump", "latest", f"{tree}/sub/b.bin").stdout == wanted
    assert saved("dump", f"latest:{tree}", "/sub/b.bin").stdout == wanted
    target = tmp_path / "out.bin"
    target.write_text("old")
    result = saved("dump", "latest", f"{tree}/sub/b.bin", "--target", target)
    assert target.read_bytes() == wanted
    assert result.out == f"wrote 16.000 KiB to {target}\n"
    assert saved("dump", "latest", f"{tree}/a.txt", "-t", "/dev/null").out
    assert Path("/dev/null").is_char_device()


def test_a_dump_that_fails_leaves_the_target_as_it_was(saved: Shell, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("old")
    saved.fails("E_NOT_FOUND", "dump", "latest", "/nothing", "--target", target)
    assert target.read_text() == "old"
    assert not list(tmp_path.glob("out.*"))


def test_dump_a_part(saved: Shell, tree: Path, tmp_path: Path) -> None:
    wanted = os.urandom(5_000_000)
    (tree / "big").write_bytes(wanted)
    saved("backup", tree)

    def part(*arguments: str) -> bytes:
        return saved("dump", "latest", f"{tree}/big", *arguments).stdout

    assert part("--offset", "1234567") == wanted[1234567:]
    assert part("--length", "8") == wanted[:8]
    assert part("--offset", "1.5M", "--length", "2M") == wanted[1_572_864 : 1_572_864 + 2_097_152]
    assert part("--offset", "4999999", "--length", "1G") == wanted[-1:]
    assert part("--offset", "5000000") == part("--offset", "1T") == part("--length", "0") == b""
    target = tmp_path / "part"
    summary = saved.json(
        "dump", "latest", f"{tree}/big", "-t", target, "--offset", "3", "--length", "4"
    ).summary
    assert summary["bytes"] == 4 and target.read_bytes() == wanted[3:7]
    saved.fails("E_INVALID_ARGUMENT", "dump", "latest", str(tree), "--length", "1")
    saved.fails("E_NOT_FOUND", "dump", "latest", f"{tree}/none", "--offset", "1")
    saved.fails("E_INVALID_ARGUMENT", "dump", "latest", f"{tree}/big", "--offset", "-1")
    assert not list(tmp_path.glob("*.sapdr-*"))


def test_restore(saved: Shell, tree: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    out = saved("restore", "latest", "--target", target, "--verify").out
    assert re.search(
        r"^restored 2 files, \d+ folders, 1 other item, 16\.006 KiB in 0:0\d$", out, re.M
    )
    assert re.search(rf"^snapshot [0-9a-f]{{8}} restored to {target}$", out, re.M)
    assert (inside(target, tree) / "a.txt").read_text() == "alpha\n"
    assert os.readlink(inside(target, tree) / "link") == "a.txt"
    (inside(target, tree) / "a.txt").unlink()
    again = saved("restore", "latest", "--target", target, "-v").out
    assert "already right: 1 file\n" in again
    assert len(re.findall(r"^restored +/.*a\.txt, 6 B$", again, re.M)) == 1
    assert re.search(r"^unchanged +/.*b\.bin, 16\.000 KiB$", again, re.M)


def test_restore_of_a_folder_with_patterns(saved: Shell, tree: Path, tmp_path: Path) -> None:
    saved("restore", f"latest:{tree}", "-t", tmp_path / "one", "--exclude", "*.bin")
    assert (tmp_path / "one/a.txt").is_file()
    assert not (tmp_path / "one/sub/b.bin").exists()
    saved("restore", f"latest:{tree}", "-t", tmp_path / "two", "--include", "*.bin")
    assert (tmp_path / "two/sub/b.bin").is_file()
    assert not (tmp_path / "two/a.txt").exists()


def test_restore_in_place(saved: Shell, tree: Path) -> None:
    (tree / "a.txt").write_text("damaged, and longer")
    shutil.rmtree(tree / "sub")
    dry = saved("restore", "latest", "--in-place", "--dry-run", "-v").out
    assert re.search(rf"^restored +{tree}/a\.txt, 6 B$", dry, re.M)
    assert "would restore 2 files" in dry
    assert (tree / "a.txt").read_text() == "damaged, and longer"
    saved("restore", "latest", "--in-place")
    assert (tree / "a.txt").read_text() == "alpha\n"
    assert (tree / "sub/b.bin").is_file()


@pytest.mark.parametrize(
    ("policy", "back"),
    [("always", True), ("if-changed", True), ("if-newer", False), ("never", False)],
)
def test_overwrite(saved: Shell, tree: Path, policy: str, back: bool) -> None:
    (tree / "a.txt").write_text("younger and longer")
    future = (tree / "a.txt").stat().st_mtime + 100
    os.utime(tree / "a.txt", (future, future))
    saved("restore", "latest", "--in-place", "--overwrite", policy)
    assert ((tree / "a.txt").read_text() == "alpha\n") == back


def test_check(saved: Shell) -> None:
    assert saved("check").out.endswith("no problems were found\n")
    out = saved("check", "--read-data").out
    assert re.search(r"^read \d+ packs?, ", out, re.M)
    saved("check", "--read-data-subset", "1/2")
    saved("check", "--read-data-subset", "50%")


def test_verify(saved: Shell, tree: Path, tmp_path: Path) -> None:
    assert saved("verify", "latest").out.endswith("the files are as in the snapshot\n")
    shutil.copytree(tree, tmp_path / "copy", symlinks=True)
    saved("verify", f"latest:{tree}", "--target", tmp_path / "copy")
    (tree / "a.txt").write_text("other\n")
    (tree / "sub/b.bin").unlink()
    result = saved.fails("E_CHECKSUM", "verify", "latest")
    assert re.search(rf"^differs +{tree}/a\.txt", result.err, re.M)
    assert re.search(rf"^missing +{tree}/sub/b\.bin", result.err, re.M)
    assert "the files are NOT as in the snapshot" in result.out
    saved("verify", f"latest:{tree}", "--target", tmp_path / "copy", "--include", "a.txt")


def test_strict_verify_counts_extra_files(saved: Shell, tree: Path) -> None:
    (tree / "extra").write_text("x")
    saved("verify", f"latest:{tree}", "--target", tree)
    saved.fails("E_CHECKSUM", "verify", f"latest:{tree}", "--target", tree, "--strict")


def test_unlock(saved: Shell) -> None:
    assert saved("unlock").out == "removed 0 locks\n"
    assert saved("unlock", "--remove-all").out == "removed 0 locks\n"


def test_stats(saved: Shell, tree: Path) -> None:
    saved("backup", tree)
    summary = saved.json("stats").summary
    assert summary["snapshots"] == 2 and summary["files"] == 4
    assert summary["restore_bytes"] == 2 * (6 + 16384)
    assert re.search(r"^Deduplication +\d+\.\d\dx$", saved("stats").out, re.M)
    assert saved.json("stats", "latest").summary["snapshots"] == 1


def test_list_and_cat(saved: Shell) -> None:
    config = json.loads(saved("cat", "config").out)
    assert config["version"] == 2
    assert set(json.loads(saved("cat", "masterkey").out)) == {"mac", "encrypt"}
    for kind in ("keys", "snapshots", "index", "packs", "blobs"):
        ids = saved("list", kind).out.split()
        assert ids and all(re.fullmatch("[0-9a-f]{64}", i) for i in ids)
        assert len(ids) == saved.json("list", kind).summary["objects"]
    assert saved("list", "locks").out == ""
    for kind in ("key", "snapshot", "index"):
        plural = kind if kind == "index" else kind + "s"
        assert json.loads(saved("cat", kind, saved("list", plural).out[:10]).out)
    pack = saved("list", "packs").out.split()[0]
    assert hashlib.sha256(saved("cat", "pack", pack).stdout).hexdigest() == pack
    for blob in saved("list", "blobs").out.split():
        assert hashlib.sha256(saved("cat", "blob", blob).stdout).hexdigest() == blob


def test_compression_and_pack_size_are_taken(shell: Shell, tree: Path) -> None:
    (tree / "zeros").write_bytes(bytes(2_000_000))
    packed = shell.json("backup", tree, "--compression", "max", "--pack-size", "4").summary
    assert packed["bytes_stored"] < packed["bytes_new"]
    shell = shell.with_env(SAPDR_COMPRESSION="off", SAPDR_PACK_SIZE="8")
    (tree / "ones").write_bytes(b"1" * 2_000_000)
    plain = shell.json("backup", tree).summary
    assert plain["bytes_stored"] >= plain["bytes_new"] - 100_000 > 0
    assert shell.run("--compression", "fastest", "backup", tree).code == 0
    assert shell.with_env(SAPDR_PACK_SIZE="x").run("ls", "latest").code == code_of(
        "E_INVALID_ARGUMENT"
    )


def nice_values(process: int) -> dict[int, int]:
    """Of its threads."""
    found = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError):  # it ended meanwhile
            found[int(task.name)] = int((task / "stat").read_text().rpartition(")")[2].split()[16])
    return found


def test_threads_are_nice_and_the_first_one_is_as_it_was(shell: Shell) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = min(own + 7, 19)
    process = shell.start("backup", "--stdin", "--nice", str(wanted), "--io-class", "best-effort:6")
    assert process.stdin
    process.stdin.write(os.urandom(100_000))
    process.stdin.flush()
    deadline = time.monotonic() + 20
    nice: dict[int, int] = {}
    while len(nice) < 4 and time.monotonic() < deadline:  # those that read are there
        nice = nice_values(process.pid)
        time.sleep(0.01)
    assert nice.pop(process.pid) == own
    assert set(nice.values()) == {wanted}
    _, err = process.communicate()
    assert process.returncode == 0, err


def test_limits_are_kept(shell: Shell, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(os.urandom(600 * 1024))
    began = time.monotonic()
    shell("backup", data)
    plain = time.monotonic() - began
    began = time.monotonic()
    shell("restore", "latest", "--target", tmp_path / "a", "--limit-download", "400")
    assert time.monotonic() - began >= (600 - 100) / 400
    data.write_bytes(os.urandom(600 * 1024))
    began = time.monotonic()
    shell("--limit-upload", "400", "backup", data)
    assert time.monotonic() - began >= (600 - 100) / 400
    began = time.monotonic()
    shell("--limit-upload", "0", "--limit-download", "10000000", "check", "--read-data")
    assert time.monotonic() - began < plain + 60
