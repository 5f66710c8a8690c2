"""Completions, in the shells themselves, and the manual page: both have all that --help has."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from shell_tools import COMMANDS, TIMEOUT, Shell

SHELLS = ["bash", "zsh", "fish"]

# Each prints what the last of the words given can become. bash, as when a key is pressed:
BASH = r"""
source "$1" && [[ $(complete -p sapdr) == 'complete -F _sapdr sapdr' ]] || exit 1
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_sapdr
printf '%s\n' "${COMPREPLY[@]}"
"""
# zsh, in a terminal in which the key is pressed; it keeps what would be shown.
ZSH = r"""
zmodload zsh/zpty
export SCRIPT=$1 FOUND=${1:h}/found
: >$FOUND
zpty shell zsh -f -i
zpty -w shell 'PS1= PS2=; autoload -U compinit; compinit -u -D; source $SCRIPT'
zpty -w shell 'ended() { print END >>$FOUND }; comppostfuncs=(ended)'
zpty -w shell 'compadd() {
  local -a hits
  if [[ ${@[1,(i)(-|--)]} != *-[OAD]\ * ]]; then
    builtin compadd -A hits "$@"
    print -rl -- $hits >>$FOUND
  fi
  builtin compadd "$@"
}'
zpty -w -n shell "${(j: :)@:2}"$'\t'
repeat 600; do
  [[ "$(<$FOUND)" != *END* ]] || break
  sleep 0.05
done
zpty -d shell
print -r -- "$(<$FOUND)"
"""
FISH = 'source $argv[1]; complete -C "$argv[2..]"'


@pytest.fixture
def complete(shell: Shell, tmp_path: Path) -> Callable[..., set[str]]:
    """What a shell makes of a command line: complete("bash", "ba")."""
    (tmp_path / "folder one").mkdir()
    (tmp_path / "file-1").touch()

    def completions(name: str, *words: str) -> set[str]:
        script = tmp_path / f"script.{name}"
        script.write_bytes(shell("completion", name).stdout)
        command = {
            "bash": ["bash", "--norc", "-c", BASH, "bash"],
            "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
            "fish": ["fish", "--no-config", "-c", FISH],
        }[name]
        lines = run(*command, script, "sapdr", *words, cwd=tmp_path).splitlines()
        found = {line.split("\t")[0].rstrip("=") for line in lines}
        return found - {"", "END"}

    return completions


def run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=TIMEOUT, cwd=cwd
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def options_of(help_text: str) -> set[str]:
    before_examples = help_text.split("Examples:\n")[0]
    lines = re.findall(r"^  (-.+?)(?:  |$)", before_examples, re.M)
    return {name for line in lines for name in re.findall(r"(?<![\w-])--?\w[\w-]*", line)}


@pytest.mark.parametrize("name", SHELLS)
def test_completions(complete: Callable[..., set[str]], name: str) -> None:
    def offered(*words: str) -> set[str]:
        return complete(name, *words)

    assert offered("ba") == {"backup"}
    assert offered("") == set(COMMANDS)
    assert offered("-r", "/x", "--json", "check") == {"check", "checksum"}
    assert offered("restore", "--ov") == {"--overwrite"}
    assert offered("--repos") == offered("ls", "--repos") == {"--repository-file"}
    assert offered("key", "") == {"list", "add", "remove", "passwd"}
    assert offered("--compression", "") == {"auto", "off", "fastest", "better", "max"}
    assert offered("restore", "latest", "--overwrite", "if-") == {"if-changed", "if-newer"}
    assert offered("dump", "l") == {"latest"}
    assert offered("completion", "") == set(SHELLS)
    assert offered("backup", "--exclude-file", "file") == {"file-1"}
    assert "file-1" in offered("backup", "-x", "f")
    assert offered("backup", "--tag", "") == set()


def test_bash_completes_names_with_spaces_and_values_behind_an_equals_sign(
    complete: Callable[..., set[str]],
) -> None:
    assert complete("bash", "backup", "f") == {"file-1", "folder one"}
    assert complete("bash", "--repo", "f") == {"folder one"}
    assert complete("bash", "--repo", "=", "f") == {"folder one"}
    assert complete("bash", "--compression", "=") == {"auto", "off", "fastest", "better", "max"}
    assert complete("bash", "--compression", "=", "auto", "ba") == {"backup"}


def test_all_options_are_completed(complete: Callable[..., set[str]], shell: Shell) -> None:
    of_all = options_of(shell("--help").out)
    assert {"-r", "--repo", "--json", "-h"} <= of_all
    assert complete("bash", "-") == of_all
    for name in COMMANDS:
        own = options_of(shell(name, "--help").out)
        assert complete("bash", name, "-") == of_all | own, name


def test_completions_have_no_events(shell: Shell) -> None:
    shell.fails("E_INVALID_ARGUMENT", "completion", "bash", "--json")


@pytest.fixture
def page(shell: Shell, tmp_path: Path) -> Path:
    path = tmp_path / "sapdr.1"
    path.write_bytes(shell("man").stdout)
    return path


def test_the_manual_page_is_proper_roff(page: Path) -> None:
    assert page.read_bytes().isascii()
    assert run("groff", "-man", "-ww", "-z", page) == ""


def test_the_manual_page_says_all_that_the_help_says(page: Path, shell: Shell) -> None:
    text = run("groff", "-man", "-Tascii", "-P-cbou", "-rLL=1000n", page)
    told = set(re.findall(r"(?<![\w-])--?\w[\w-]*", text))
    assert options_of(shell("--help").out) <= told
    for name in COMMANDS:
        usage = re.search(r"Usage: (.*)", shell(name, "--help").out)
        assert usage
        assert re.search(rf"^ +{re.escape(usage[1])}$", text, re.M), name
        assert options_of(shell(name, "--help").out) <= told
    for section in ("NAME", "SYNOPSIS", "GLOBAL OPTIONS", "COMMANDS", "ENVIRONMENT", "EXIT CODES"):
        assert re.search(f"^{section}$", text, re.M), section
    assert "SAPDR_PASSWORD_FILE" in text
    assert re.search("^ +130  it was cancelled$", text, re.M)


def test_they_are_installed(command: Path, shell: Shell) -> None:
    build = command.parents[2]
    done = subprocess.run(
        ["/usr/bin/meson", "introspect", "--installed", build],
        capture_output=True,
        text=True,
        check=True,
    )
    from_to = json.loads(done.stdout)
    for place, arguments in {
        "man/man1/sapdr.1": ["man"],
        "bash-completion/completions/sapdr": ["completion", "bash"],
        "zsh/site-functions/_sapdr": ["completion", "zsh"],
        "fish/vendor_completions.d/sapdr.fish": ["completion", "fish"],
    }.items():
        (source,) = [here for here, there in from_to.items() if there.endswith(f"/share/{place}")]
        assert Path(source).read_bytes() == shell(*arguments).stdout
