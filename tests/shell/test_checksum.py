"""The command `checksum`: manifests written and checked, without a repository."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from shell_tools import Shell
from terminal import run_on_terminal

ODD = [b"a b", b" lead", b"-", b"*", b"caf\xe9", b"line\nbreak", b"cr\r", b"back\\slash", b"\\n"]


def line_of(path: str, content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()}  {path}\n"


def sha256sum(folder: Path, *arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["sha256sum", *arguments], cwd=folder, capture_output=True, check=False)


@pytest.fixture
def bare(shell: Shell) -> Shell:
    """The command without a repository or a password."""
    return shell.with_env(SAPDR_REPOSITORY="", SAPDR_PASSWORD_FILE="")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder of files whose names are odd."""
    folder = tmp_path / "odd"
    (folder / "sub").mkdir(parents=True)
    for name in ODD:
        for path in (os.fsencode(folder) + b"/" + name, os.fsencode(folder) + b"/sub/" + name):
            Path(os.fsdecode(path)).write_bytes(b"content of " + name)
    return folder


def test_lines_are_printed_in_the_order_of_the_paths(bare: Shell, tree: Path) -> None:
    (tree / "sub.txt").write_text("x")
    result = bare("checksum", "tree", cwd=tree.parent)
    content = (tree / "sub/b.bin").read_bytes()
    assert result.out == (
        line_of("tree/a.txt", b"alpha\n")
        + line_of("tree/sub.txt", b"x")
        + line_of("tree/sub/b.bin", content)
    )
    assert result.err == ""
    absolute = bare("checksum", tree / "a.txt", "--quiet")
    assert absolute.out == line_of(f"{tree}/a.txt", b"alpha\n")
    verbose = bare("checksum", "tree", "-v", cwd=tree.parent)
    assert verbose.out == result.out and "1 links, devices" in verbose.err


def test_sha256sum_accepts_what_we_write(bare: Shell, odd: Path) -> None:
    bare("checksum", ".", "--output", "SHA256SUMS", cwd=odd)
    done = sha256sum(odd, "-c", "--strict", "SHA256SUMS")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b": OK\n") == 2 * len(ODD)
    printed = bare("checksum", ".", "--exclude", "/SHA256SUMS", cwd=odd)
    assert printed.stdout == (odd / "SHA256SUMS").read_bytes()


@pytest.mark.parametrize("options", [[], ["--tag"], ["--binary"]], ids=str)
def test_we_accept_what_sha256sum_writes(bare: Shell, odd: Path, options: list[str]) -> None:
    names = [b"./" + name for name in ODD] + [b"sub/" + name for name in ODD]
    (odd / "SUMS").write_bytes(sha256sum(odd, *options, *names).stdout)
    stream = bare.json("checksum", "--check", "SUMS", "--strict", ".", "-e", "/SUMS", cwd=odd)
    assert stream.summary["matching"] == 2 * len(ODD)
    assert stream.summary["extra"] == 0


def test_we_and_sha256sum_agree_about_lines(bare: Shell, tmp_path: Path) -> None:
    for name in ("a", " a", "?a", "a b"):
        (tmp_path / name).write_text("x")
    h = hashlib.sha256(b"x").hexdigest()
    lines = [f"{h}  a", f"{h} *a", f"{h} a", f"{h}\ta", f"{h}\t a", f"{h} ?a", f"{h}   a"]
    lines += [f"  {h}  a", f"\\{h}  a", f" \\{h}  a", f"\\\\{h}  a", f"\\{h}  a\\", f"\\{h}  \\a"]
    lines += [f"{h.upper()}  a", f"{h[1:]}  a", f"{h}0  a", f"g{h[1:]}  a", h, f"{h} ", f"{h}  "]
    lines += [f"{h}  a\r", f"{h}  a ", f"#{h}  a", f" #{h}  a", "", f"{h}  a b", f"a  {h}"]
    lines += [f"SHA256 (a) = {h}", f"SHA256(a)={h}", f"SHA256  (a) = {h}", f"SHA256 (a) = {h} "]
    lines += [f"SHA256 (a = {h}", f"SHA256 () = {h}", f"SHA1 (a) = {h}", f"\\SHA256 (a) = {h}"]
    lines += [f"SHA256 (a) == {h}", f"SHA256 a = {h}", f"sha256 (a) = {h}", f"SHA256 (a) {h}"]
    for line in lines:
        (tmp_path / "sums").write_bytes(line.encode() + b"\n")
        theirs = sha256sum(tmp_path, "-c", "--strict", "sums").returncode == 0
        ours = bare.run("checksum", "-c", "sums", "--strict", cwd=tmp_path).code == 0
        assert ours == theirs, line


def test_damage_is_found_and_named(bare: Shell, odd: Path) -> None:
    bare("checksum", ".", "--output", "../sums", cwd=odd)
    path = Path(os.fsdecode(os.fsencode(odd) + b"/caf\xe9"))
    path.write_bytes(b"content of caf\xe8")
    (odd / "a b").unlink()
    result = bare.fails("E_CHECKSUM", "checksum", "--check", "../sums", cwd=odd)
    assert "differs    caf\\xe9: its SHA-256 is " in result.err
    assert "missing    a b\n" in result.err
    assert "1 missing, 1 different, 0 extra" in result.out
    assert "the files are NOT as in the manifest" in result.out
    assert sha256sum(odd, "-c", "../sums").returncode == 1
    stream = bare.json("checksum", "--check", "../sums", cwd=odd, code=26)
    differing, missing = sorted(stream.of("item"), key=lambda item: item["action"])
    assert base64.b64decode(differing["path_base64"]) == b"caf\xe9"
    assert missing["path"] == "a b"
    figures = {"matches": False, "differing": 1, "missing": 1, "matching": 2 * len(ODD) - 2}
    assert figures.items() <= stream.summary.items()


def test_check_with_and_without_details(bare: Shell, tree: Path) -> None:
    bare("checksum", "a.txt", "sub", "-o", "sums", cwd=tree)
    result = bare("checksum", "--check", "sums", cwd=tree)
    assert "the files are as in the manifest" in result.out
    assert "unchanged" not in result.out and result.err == ""
    assert "unchanged  a.txt, 6 B\n" in bare("checksum", "-c", "sums", "-v", cwd=tree).out
    quiet = bare("checksum", "--check", "sums", "--quiet", cwd=tree)
    assert (quiet.out, quiet.err) == ("", "")


def test_missing_files_may_be_ignored(bare: Shell, tree: Path) -> None:
    bare("checksum", "a.txt", "sub", "-o", "sums", cwd=tree)
    (tree / "a.txt").unlink()
    assert "missing    a.txt" in bare.fails("E_CHECKSUM", "checksum", "-c", "sums", cwd=tree).err
    result = bare("checksum", "-c", "sums", "--ignore-missing", cwd=tree)
    assert result.err == "" and "1 missing" in result.out
    (tree / "sub/b.bin").unlink()
    bare.fails("E_NOT_FOUND", "checksum", "-c", "sums", "--ignore-missing", cwd=tree)


def test_extra_files_are_told_on_request(bare: Shell, tree: Path) -> None:
    bare("checksum", "sub", "-o", "sums", cwd=tree)
    (tree / "sub/more").write_text("x")
    assert "more" not in bare("checksum", "-c", "sums", "--strict", cwd=tree).err
    assert "extra      sub/more" in bare("checksum", "-c", "sums", "sub", cwd=tree).err
    bare.fails("E_CHECKSUM", "checksum", "-c", "sums", "--strict", "sub", cwd=tree)
    bare("checksum", "-c", "sums", "--strict", "sub", "-e", "more", cwd=tree)


def test_malformed_lines_are_named_by_their_number(bare: Shell, tree: Path) -> None:
    good = line_of("a.txt", b"alpha\n")
    (tree / "sums").write_text(f"# a comment\n\n{good}not a line\n")
    result = bare.fails("E_INCOMPLETE", "checksum", "-c", "sums", cwd=tree)
    assert 'failed     sums: line 4 does not say "HASH  NAME"\n' in result.err
    assert "1 malformed line" in result.out
    bare.fails("E_CHECKSUM", "checksum", "-c", "sums", "--strict", cwd=tree)
    (tree / "sums").write_bytes(os.urandom(300_000))
    bare.fails("E_INVALID_ARGUMENT", "checksum", "-c", "sums", cwd=tree)
    (tree / "sums").write_text("")
    bare.fails("E_INVALID_ARGUMENT", "checksum", "-c", "sums", cwd=tree)


def test_a_manifest_may_come_from_a_pipe(bare: Shell, tree: Path) -> None:
    text = bare("checksum", "a.txt", cwd=tree).stdout
    bare("checksum", "--check", "/dev/stdin", cwd=tree, stdin=text)


def test_a_manifest_does_not_name_itself(bare: Shell, tree: Path) -> None:
    for name in ("SHA256SUMS", "sub/SHA256SUMS"):
        for _ in range(2):
            bare("checksum", ".", "-o", name, cwd=tree)
        assert name not in (tree / name).read_text()
        assert oct((tree / name).stat().st_mode & 0o777) == oct(0o666 & ~current_umask())
        (tree / name).unlink()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_an_empty_folder(bare: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert bare("checksum", tmp_path / "empty").out == ""
    result = bare("checksum", tmp_path / "empty", "-o", tmp_path / "sums")
    assert "read 0 files" in result.out and (tmp_path / "sums").read_bytes() == b""


def test_a_folder_of_links_is_not_taken_for_an_empty_one(bare: Shell, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/a").symlink_to("/etc/hostname")
    result = bare("checksum", "links", cwd=tmp_path)
    assert result.out == "" and "warning: 1 links" in result.err
    assert bare("checksum", "links/a", cwd=tmp_path).out.endswith("  links/a\n")


def test_a_missing_path_writes_nothing(bare: Shell, tree: Path) -> None:
    result = bare.fails("E_NOT_FOUND", "checksum", "a.txt", "nothing", cwd=tree)
    assert "nothing" in result.error and result.out == ""
    bare.fails("E_NOT_FOUND", "checksum", "nothing", "-o", "sums", cwd=tree)
    bare.fails("E_NOT_FOUND", "checksum", "a.txt", "-o", "no/where", cwd=tree)
    bare.fails("E_NOT_FOUND", "checksum", "--check", "nothing", cwd=tree)
    assert not (tree / "sums").exists()


def test_an_unreadable_file_makes_it_incomplete(bare: Shell, tree: Path) -> None:
    (tree / "secret").write_text("x")
    (tree / "sums").write_text(line_of("a.txt", b"alpha\n") + line_of("secret", b"x"))
    (tree / "secret").chmod(0)
    if os.geteuid() == 0:
        for folder in (tree, *list(tree.parents)[:4]):
            folder.chmod(0o755)
        bare = replace(bare, prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
    result = bare.fails("E_INCOMPLETE", "checksum", "a.txt", "secret", cwd=tree)
    assert result.out == line_of("a.txt", b"alpha\n")
    assert "failed     secret: could not open secret: Permission denied" in result.err
    result = bare.fails("E_INCOMPLETE", "checksum", "--check", "sums", cwd=tree)
    assert "failed     secret: " in result.err and "1 unreadable" in result.out
    stream = bare.json("checksum", "a.txt", "secret", cwd=tree, code=3)
    assert (stream.summary["files"], stream.summary["failed"]) == (1, 1)


@pytest.mark.parametrize("place", ["/dev/null", "folder", "link"])
def test_only_a_file_is_replaced(bare: Shell, tree: Path, place: str) -> None:
    (tree / "folder").mkdir()
    bare.fails("E_INVALID_ARGUMENT", "checksum", "a.txt", "-o", place, cwd=tree)
    assert Path("/dev/null").is_char_device() and (tree / "link").is_symlink()


def test_events_have_the_exact_names(bare: Shell, odd: Path) -> None:
    stream = bare.json("checksum", ".", cwd=odd)
    told = {
        base64.b64decode(e["path_base64"]) if "path_base64" in e else e["path"].encode(): e
        for e in stream.of("checksum")
    }
    assert set(told) == {*ODD, *(b"sub/" + name for name in ODD)}
    for name in ODD:
        content = b"content of " + name
        assert told[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert told[name]["size"] == len(content)
    assert stream.summary["files"] == len(told)
    assert not bare.json("checksum", ".", "-o", "../sums", cwd=odd).of("checksum")


def test_names_cannot_drive_the_terminal(bare: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "evil"
    folder.mkdir()
    (folder / "\x1b[2Jclear").write_text("x")
    quiet = bare.with_env(NO_COLOR="1")
    code, seen = run_on_terminal(quiet, "--quiet", "checksum", folder)
    assert code == 0 and b"\x1b" not in seen and rb"/\x1b[2Jclear" in seen
    assert b"\x1b[2Jclear\n" in bare("checksum", folder).stdout


def test_a_closed_pipe_is_a_failure(bare: Shell, tmp_path: Path) -> None:
    for i in range(3000):
        (tmp_path / f"{i}").write_text("x")
    read, write = os.pipe()
    os.close(read)
    result = bare.run("checksum", tmp_path, stdout=write)
    os.close(write)
    assert result.code not in (0, -13) and "standard output" in result.err
