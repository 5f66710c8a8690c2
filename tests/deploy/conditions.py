"""Conditions of role assignments, decided as Azure documents them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
RULE = re.compile(
    r"ActionMatches\{'(?P<action>[^']*)'\}"
    r"|@Resource\[(?P<attribute>[^\]]*)\] (?P<operator>\w+) '(?P<operand>[^']*)'"
    r"|(?P<word>AND|OR|!|\(|\))"
    r"|\s+"
)
WORDS = {"AND": " and ", "OR": " or ", "!": " not ", "(": "(", ")": ")"}


def allows(condition: str, action: str, container: str, path: str) -> bool:
    """Whether a request for this action on this blob meets the condition."""
    attributes = {f"{CONTAINERS}:name": container, f"{CONTAINERS}/blobs:path": path}
    python, at = "", 0
    while at < len(condition):
        rule = RULE.match(condition, at)
        assert rule, f"no condition: {condition[at:]}"
        at = rule.end()
        if rule["action"]:
            python += str(rule["action"] == f"{CONTAINERS}/blobs/{action}")
        elif rule["attribute"]:
            is_like = fnmatchcase(attributes[rule["attribute"]], rule["operand"])
            python += str({"StringLike": is_like, "StringNotEquals": not is_like}[rule["operator"]])
        elif rule["word"]:
            python += WORDS[rule["word"]]
    return bool(eval(python))  # only of the words above, True and False
