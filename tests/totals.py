"""Counts tests: turns what the runners leave behind into lines "N passed, N failed".

usage: totals.py meson TESTLOG.json               the tests that `meson test` ran
       totals.py junit RESULTS.xml                the tests that pytest ran
       totals.py add TOTALS NAME LOG CODE SECONDS notes the last line of a suite's log
       totals.py sum TOTALS                       the table of all suites, and the last line
"""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

DOCTEST = re.compile(r"\[doctest\] test cases: +\d+ \| +(\d+) passed \| +(\d+) failed")
TOTALS = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def of_meson_test(test: dict[str, object]) -> Counts:
    """Test cases of a doctest program, else the program as one test."""
    good = test["result"] == "OK"
    cases = DOCTEST.search(re.sub(r"\x1b\[[0-9;]*m", "", str(test.get("stdout", ""))))
    if cases is None:
        skipped = test["result"] == "SKIP"
        return Counts(int(good), int(not good and not skipped), int(skipped))
    passed, failed = map(int, cases.groups())
    # A crash or a sanitizer may end a program whose test cases all passed.
    return Counts(passed, max(failed, int(not good)))


def of_meson(path: Path) -> Counts:
    lines = path.read_text().splitlines() if path.exists() else []
    return sum((of_meson_test(json.loads(line)) for line in lines), Counts())


def of_junit(path: Path) -> Counts:
    total = Counts()
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        total += Counts(int(suite.get("tests", 0)) - bad - skipped, bad, skipped)
    return total


def of_log(log: Path, code: int) -> Counts:
    """The last line of totals; a suite that died without one, or before it, is one failure."""
    found = TOTALS.findall(log.read_text(errors="replace"))
    counts = Counts(*(int(n or 0) for n in found[-1])) if found else Counts()
    if (code != 0 or not found) and counts.failed == 0:
        counts.failed = 1
    return counts


def add(totals: Path, name: str, log: Path, code: int, seconds: int) -> None:
    with open(totals, "a") as file:
        file.write(f"{name}\t{seconds}\t{of_log(log, code)}\n")


def sum_up(totals: Path) -> int:
    total = Counts()
    print()
    for line in totals.read_text().splitlines():
        name, seconds, text = line.split("\t")
        counts = Counts(*(int(n or 0) for n in TOTALS.findall(text)[0]))
        total += counts
        print(f"{name:12} {seconds:>5} s  {'FAILED' if counts.failed else 'ok':6}  {counts}")
    print()
    print(total)
    return 0 if total.failed == 0 and total.passed > 0 else 1


def main(command: str, *arguments: str) -> int:
    paths = [Path(a) for a in arguments]
    if command == "meson":
        print(of_meson(paths[0]))
    elif command == "junit":
        print(of_junit(paths[0]))
    elif command == "add":
        add(paths[0], arguments[1], paths[2], int(arguments[3]), int(arguments[4]))
    else:
        return sum_up(paths[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
