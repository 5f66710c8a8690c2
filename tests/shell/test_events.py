"""The events of --json: whole streams, by the published schema, for every command."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import replace
from pathlib import Path

from shell_tools import COMMANDS, ROOT, Shell, whole_stream

CHECK_FIGURES = {"matches", "matching", "missing", "differing", "extra", "malformed"}


def test_every_command_when_all_is_well(shell: Shell, tree: Path, tmp_path: Path) -> None:
    shell("backup", tree)
    other = replace(shell, repository=tmp_path / "other")
    other("init", "--scrypt-n", "1024")
    other("backup", tree / "sub")
    source: list[str | Path] = ["--from-repo", other.repository]
    source += ["--from-password-file", other.password_file]
    tree_id = shell.json("snapshots").of("snapshot")[0]["tree"]
    runs: dict[str, list[list[str | Path]]] = {
        "backup": [[tree], ["-v", tree], ["--verify", "-v", tree], ["-n", tree]],
        "snapshots": [[], ["latest"]],
        "ls": [["latest"]],
        "dump": [["latest", tree / "a.txt", "-t", tmp_path / "a"]],
        "diff": [["latest", "latest"], ["--metadata", "latest", "latest:/"]],
        "find": [["*"], ["--tree", tree_id], ["nothing", "--tag", "a", "--tag", "b"]],
        "restore": [
            ["latest", "-v", "-t", tmp_path / "r", "--dry-run"],
            ["latest", "-v", "-t", tmp_path / "r", "--verify", "--warm-up"],
        ],
        "check": [[], ["-v", "--read-data"]],
        "verify": [["latest"], ["-v", "latest", "--strict"]],
        "forget": [
            ["--keep-last", "9", "-n"],
            ["--keep-last", "9"],
            ["--keep-last", "9", "--prune"],
            ["latest", "--prune", "-n"],
        ],
        "prune": [["-n"], []],
        "repair": [["index"], ["packs", "-n"], ["snapshots"]],
        "unlock": [[]],
        "copy": [source, ["-n", "-v", *source]],
        "tag": [["-v", "--add", "x", "latest"], ["-v", "--set", "x"]],
        "key": [["list"], ["add", "--new-password-command", "echo new", "--scrypt-n", "1024"]],
        "stats": [[], ["latest"]],
        "cache": [
            ["--cache-dir", tmp_path / "caches"],
            ["--cache-dir", tmp_path / "caches", "--cleanup"],
        ],
        "doctor": [[], ["--for", "restore"], [tmp_path]],
        "mongodb": [["timeline"]],  # a backup needs a server: see tests/interop
        "cat": [["config"], ["masterkey"]],
        "list": [["packs"], ["keys"], ["snapshots"]],
        "checksum": [[tree], [tree, "-v", "-o", tmp_path / "sums"], ["-c", tmp_path / "sums"]],
        "version": [[]],
    }
    required = json.loads((ROOT / "docs/events.schema.json").read_text())["$defs"]
    for name, cases in runs.items():
        for arguments in cases:
            summary = shell.json(name, *arguments).summary
            known = required.get(f"summary_of_{name}", {}).get("properties", {})
            optional = {"snapshot_id", "parent_id", "due_at"}
            optional |= {"state"} if "-n" in arguments else set()
            optional |= {"keys", "key_id"} if name == "key" else set()
            optional |= set(known) - {"action", "ranges"} if name == "mongodb" else set()
            optional |= set() if "--prune" in arguments else {"prune"}
            if "--warm-up" not in arguments:
                optional |= {"packs_asked_for", "packs_waiting"}
            if name == "checksum":  # it writes or it checks
                optional |= {"skipped"} if "-c" in arguments else CHECK_FIGURES
                optional |= set() if {"-c", "-o"} & set(arguments) else {"manifest"}
            if name == "repair":  # what all three have is enough
                optional |= set(known) - {"repaired", "dry_run", "elapsed_seconds"}
            missing = {k for k in known if not k.endswith("_base64")} - optional - set(summary)
            assert not missing, f"{name} {arguments}"
    init = shell.with_env(SAPDR_REPOSITORY=str(tmp_path / "new"))
    assert init.json("init", "--scrypt-n", "1024").summary["repository_version"] == 2
    assert set(runs) | {"init", "completion"} == set(COMMANDS)


def test_a_script_is_no_stream_of_events(shell: Shell) -> None:
    stream = shell.json("completion", "bash", code=20)
    assert "--json" in stream.error["message"]


def test_every_command_without_a_repository(shell: Shell, tree: Path, tmp_path: Path) -> None:
    nowhere = shell.with_env(SAPDR_REPOSITORY=str(tmp_path / "nowhere"))
    arguments: dict[str, list[str | Path]] = {
        "backup": [tree],
        "ls": ["latest"],
        "dump": ["latest", "/x", "-t", tmp_path / "x"],
        "diff": ["latest", "latest"],
        "find": ["*"],
        "restore": ["latest", "-t", tmp_path / "r"],
        "verify": ["latest"],
        "repair": ["index"],
        "forget": ["latest"],
        "copy": ["--from-repo", shell.repository, "--from-password-file", shell.password_file],
        "tag": ["--add", "x"],
        "key": ["list"],
        "mongodb": ["timeline"],
        "cat": ["config"],
        "list": ["packs"],
    }
    for name in COMMANDS:
        if name in ("init", "cache", "doctor", "checksum", "version", "completion"):
            continue
        stream = nowhere.json(name, *arguments.get(name, []), code=10)
        assert [e["type"] for e in stream.events] == ["error", "summary"]
        assert stream.error["status"] == "SAPDR_E_NO_REPOSITORY"
        assert str(tmp_path / "nowhere") in stream.error["message"]
        assert stream.error["hint"]


def test_progress_ends_with_a_final_one(shell: Shell, tree: Path) -> None:
    progress = shell.json("backup", tree).of("progress")
    assert [e["final"] for e in progress].count(True) == 1 and progress[-1]["final"]
    assert not shell.json("backup", tree, "--quiet").of("progress")


def test_the_totals_of_progress_are_never_more_than_there_is(shell: Shell, tmp_path: Path) -> None:
    for i in range(30):
        (tmp_path / f"many/{i}").mkdir(parents=True)
        (tmp_path / f"many/{i}/file").write_bytes(os.urandom(300_000))
    stream = shell.json("backup", tmp_path / "many")
    for event in stream.of("progress"):
        assert event["items_total"] <= stream.summary["items_total"]
        assert event["bytes_done"] <= event["bytes_total"] <= stream.summary["bytes_total"]


def test_items_need_v_but_problems_do_not(saved: Shell, tree: Path) -> None:
    assert not saved.json("backup", tree).of("item")
    assert {e["action"] for e in saved.json("backup", tree, "-v").of("item")} == {"unchanged"}
    (tree / "a.txt").unlink()
    stream = saved.json("verify", "latest", code=26)
    (item,) = [e for e in stream.of("item") if e["action"] == "missing"]
    assert item["path"] == f"{tree}/a.txt"
    assert f"{tree}/a.txt" in stream.result.err


def test_names_that_are_not_utf8_come_with_their_bytes(shell: Shell, tree: Path) -> None:
    odd = [b"caf\xe9", b"\xff\xfe", b"line\nbreak", b'quote"\\', "ä→😀".encode(), b"\xed\xa0\x80"]
    for name in odd:
        (Path(os.fsdecode(os.fsencode(tree) + b"/" + name))).write_text("x")
    os.symlink(b"to\xff", os.fsencode(tree) + b"/odd-link")
    items = shell.json("backup", "-v", tree).of("item")
    nodes = shell.json("ls", "latest").of("node")
    for events in (items, nodes):
        names = set()
        for event in events:
            raw = event["path"].encode()
            if "path_base64" in event:
                raw = base64.b64decode(event["path_base64"])
                assert (
                    raw.decode(errors="replace").count("\ufffd") > 0 and "\ufffd" in event["path"]
                )
            names.add(os.path.basename(raw))
        assert names >= set(odd)
    (link,) = [n for n in nodes if n["path"].endswith("odd-link")]
    assert base64.b64decode(link["link_target_base64"]) == b"to\xff"


def test_the_content_of_objects(saved: Shell) -> None:
    (config,) = saved.json("cat", "config").of("object")
    assert json.loads(config["content"])["version"] == 2 and "object_id" not in config
    pack = saved("list", "packs").out.split()[0]
    (stored,) = saved.json("cat", "pack", pack).of("object")
    raw = base64.b64decode(stored["content_base64"])
    assert raw == saved("cat", "pack", pack).stdout and len(raw) == stored["size"]


def test_dump_needs_a_target(saved: Shell, tree: Path) -> None:
    stream = saved.json("dump", "latest", f"{tree}/a.txt", code=20)
    assert "--target" in stream.error["hint"]


def test_no_command_at_all(shell: Shell) -> None:
    whole_stream(shell.run("--json"), "sapdr")
    whole_stream(shell.run("--json", "nonsense"), "sapdr")


def test_the_page_and_the_schema_name_the_same_fields() -> None:
    page = (ROOT / "docs/JSON.md").read_text()
    definitions = json.loads((ROOT / "docs/events.schema.json").read_text())["$defs"]
    names = (
        "progress",
        "item",
        "snapshot",
        "decision",
        "plan",
        "key",
        "cache",
        "finding",
        "mongodb_range",
        "node",
        "change",
        "match",
    )
    for name in (*names, "object", "checksum", "error"):
        section = re.split(r"^## ", page.split(f"\n## `{name}`")[1], flags=re.M)[0]
        rows = re.findall(r"^\| (`.*?) \|", section, re.M)
        named = {field for row in rows for field in re.findall(r"`(\w+)`", row)}
        fields = set(definitions[name].get("properties", {}))
        assert named == {f for f in fields if f == "content_base64" or not f.endswith("_base64")}
    for command in set(COMMANDS) - {"completion"}:
        (row,) = re.findall(rf"^\| `{command}` \| (.*) \|$", page, re.M)
        fields = set(definitions.get(f"summary_of_{command}", {}).get("properties", {}))
        named = set(re.findall(r"`(\w+)`", row))
        values = {
            "backup": {"failed", "incomplete", "written", "verified"},
            "key": {"list", "add", "remove", "passwd"},
            "mongodb": {"timeline", "full", "incremental"},
        }
        assert named - values.get(command, set()) == {
            f for f in fields if not f.endswith("_base64")
        }, command
