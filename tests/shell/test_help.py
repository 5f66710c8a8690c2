"""Help that teaches, and arguments that make no sense."""

from __future__ import annotations

import re

import pytest
from shell_tools import COMMANDS, Shell, status_table, whole_stream


def test_the_help_names_every_command_and_every_exit_code(shell: Shell) -> None:
    text = shell("--help").out
    for name in COMMANDS:
        assert re.search(rf"^  {name} +[A-Z]", text, re.M), name
    for code, meaning in status_table().values():
        assert re.search(rf"^ +{code}  {re.escape(meaning)}$", text, re.M), code


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_a_purpose_and_examples(shell: Shell, name: str) -> None:
    text = shell(name, "--help").out
    purpose, examples = text.split("Examples:\n")
    assert f"Usage: sapdr {name} [OPTION...]" in purpose or f"Usage: sapdr {name}\n" in purpose
    assert len(purpose.split("Usage:")[0].strip()) > 60
    lines = examples.split("\n\n")[0].splitlines()
    assert 2 <= len(lines) <= 4
    assert all("sapdr " + name in line for line in lines)


def test_the_version_is_that_of_the_header(shell: Shell) -> None:
    summary = shell.json("version").summary
    assert summary["version"] == summary["library_version"]
    assert summary["version"] in shell("version").out
    assert shell("--version").out == f"sapdr {summary['version']}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["--nonsense"],
        ["backup", "--nonsense", "."],
        ["backup"],
        ["backup", "--exclude-larger-than", "10Q", "."],
        ["backup", "--time", "yesterday", "."],
        ["backup", "--pack-size", "many", "."],
        ["backup", "--compression", "best", "."],
        ["backup", "--limit-upload", "fast", "."],
        ["backup", "--limit-download", "-1", "."],
        ["backup", "--limit-cpu", "half", "."],
        ["backup", "--limit-cpu", "0", "."],
        ["backup", "--limit-cpu", "%", "."],
        ["backup", "--nice", "very", "."],
        ["backup", "--nice", "20", "."],
        ["backup", "--io-class", "realtime", "."],
        ["backup", "--io-class", "best-effort:0", "."],
        ["backup", "--io-class", "best-effort:", "."],
        ["backup", "--io-class", "idle:3", "."],
        ["backup", "--retry-lock", "5 parsecs", "."],
        ["backup", "--stdin", "."],
        ["ls"],
        ["dump", "latest"],
        ["diff", "latest"],
        ["find"],
        ["find", "--blob", "--tree", "x"],
        ["find", "--oldest", "yesterday", "x"],
        ["find", "--oldest", "2026-01-02", "--newest", "2026-01-01", "x"],
        ["find", "[", "x"],
        ["restore", "latest"],
        ["restore", "latest", "--target", "x", "--in-place"],
        ["restore", "latest", "--target", "x", "--overwrite", "maybe"],
        ["restore", "latest", "--target", "x", "--sparse", "--no-sparse"],
        ["forget"],
        ["forget", "--keep-last", "many"],
        ["forget", "--keep-last", "-1"],
        ["forget", "--keep-within", "a while"],
        ["forget", "--keep-last", "1", "--group-by", "host,colour"],
        ["forget", "--keep-last", "1", "latest"],
        ["forget", "--keep-last", "1", "--prune", "--grace", "soon"],
        ["prune", "--max-unused", "much"],
        ["prune", "--max-repack-size", "10Q"],
        ["prune", "--grace", "-1h"],
        ["prune", "now"],
        ["cache", "now"],
        ["cache", "--max-age", "old"],
        ["snapshots", "--cache-size", "much"],
        ["snapshots", "--cache-size", "0"],
        ["snapshots", "--cache-dir", "x", "--no-cache"],
        ["cat", "nonsense"],
        ["cat", "config", "123"],
        ["cat", "snapshot"],
        ["list", "nonsense"],
        ["copy"],
        ["copy", "--from-repo", "x", "--from-repository-file", "y"],
        ["init", "--from-repo", "x"],
        ["tag"],
        ["tag", "latest"],
        ["tag", "--add", "a", "--set", "b"],
        ["tag", "--add", ""],
        ["tag", "--add", "a,,b"],
        ["key"],
        ["key", "nonsense"],
        ["key", "list", "1234"],
        ["key", "remove"],
        ["key", "list", "--host", "x"],
        ["key", "remove", "1234", "--new-password-file", "x"],
        ["init", "--repository-version", "9"],
        ["checksum"],
        ["checksum", "--strict", "x"],
        ["checksum", "--ignore-missing", "x"],
        ["checksum", "--check", "x", "--output", "y"],
        ["completion"],
        ["completion", "csh"],
        ["completion", "bash", "zsh"],
    ],
    ids=" ".join,
)
def test_arguments_that_make_no_sense(shell: Shell, arguments: list[str]) -> None:
    result = shell.fails("E_INVALID_ARGUMENT", *arguments)
    assert result.out == ""
    name = arguments[0] if arguments and arguments[0] in COMMANDS else "sapdr"
    whole_stream(shell.run(*arguments, "--json"), name)


def test_the_hint_of_a_usage_error_leads_to_the_help(shell: Shell) -> None:
    assert "hint: see `sapdr backup --help`" in shell.run("backup", "--nonsense", ".").err
    assert "hint: see `sapdr --help`" in shell.run().err
