"""As much of the template language of Azure as deploy/azure uses, to see what it would deploy.

Not a judge of templates: only Azure is. What it cannot read is an error, not ignored.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z]\w*)|(\d+)|([().,\[\]]))")

GROUP = {"id": "/subscriptions/S/resourceGroups/G", "location": "westeurope"}


@dataclass
class Template:
    """A template with values for its parameters; `resources()` is what it deploys."""

    content: dict[str, Any]
    given: dict[str, Any]
    used: set[str] = field(default_factory=set)  # parameters and variables that were asked for

    def resources(self) -> list[dict[str, Any]]:
        deployed = []
        for resource in self.content["resources"]:
            copy = resource.get("copy")
            count = self.value(copy["count"]) if copy else 1
            body = {key: value for key, value in resource.items() if key != "copy"}
            for index in range(count):
                deployed.append(self.value(body, {"": index}))
        return deployed

    def parameter(self, name: str) -> Any:
        self.used.add(f"parameters.{name}")
        declared = self.content["parameters"][name]
        value = self.given[name] if name in self.given else self.value(declared["defaultValue"])
        if "allowedValues" in declared:
            assert value in declared["allowedValues"], f"{name} may not be {value}"
        return value

    def variable(self, name: str) -> Any:
        self.used.add(f"variables.{name}")
        return self.value(self.content["variables"][name])

    def value(self, node: Any, indexes: dict[str, int] | None = None) -> Any:
        """A node of the template with its expressions replaced by what they say."""
        indexes = indexes or {}
        if isinstance(node, list):
            return [self.value(each, indexes) for each in node]
        if isinstance(node, dict):
            made = {key: self.value(each, indexes) for key, each in node.items() if key != "copy"}
            for copy in node.get("copy", []):
                count = self.value(copy["count"], indexes)
                made[copy["name"]] = [
                    self.value(copy["input"], indexes | {copy["name"]: index})
                    for index in range(count)
                ]
            return made
        if isinstance(node, str) and node.startswith("[") and not node.startswith("[["):
            return Expression(self, node[1:-1], indexes).evaluate()
        return node


class Expression:
    """One "[…]"."""

    def __init__(self, template: Template, text: str, indexes: dict[str, int]) -> None:
        self.template = template
        self.indexes = indexes
        self.bound: dict[str, Any] = {}  # variables of lambdas
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            assert match, f"no expression: {text[position:]}"
            kind = ("string", "name", "number", "mark")[match.lastindex - 1]  # type: ignore[operator]
            self.tokens.append((kind, match[match.lastindex]))  # type: ignore[index]
            position = match.end()
        self.at = 0

    def evaluate(self) -> Any:
        value = self.term()()
        assert self.at == len(self.tokens), f"left over: {self.tokens[self.at :]}"
        return value

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> tuple[str, str]:
        token = self.tokens[self.at]
        assert not expected or token == ("mark", expected), f"{token}, not {expected}"
        self.at += 1
        return token

    def term(self) -> Callable[[], Any]:
        """What gives the value: a lambda's body is evaluated once for each element."""
        kind, text = self.take()
        result: Callable[[], Any]
        if kind == "string":
            literal = text.replace("''", "'")
            result = lambda: literal  # noqa: E731
        elif kind == "number":
            result = lambda: int(text)  # noqa: E731
        else:
            assert kind == "name", text
            result = self.call(text, self.arguments())
        while self.peek() in {".", "["} and self.tokens[self.at][0] == "mark":
            result = self.member(result)
        return result

    def member(self, of: Callable[[], Any]) -> Callable[[], Any]:
        if self.take()[1] == ".":
            name = self.take()[1]
            return lambda: of()[name]
        index = self.term()
        self.take("]")
        return lambda: of()[index()]

    def arguments(self) -> list[Callable[[], Any]]:
        self.take("(")
        found: list[Callable[[], Any]] = []
        while self.peek() != ")":
            if found:
                self.take(",")
            found.append(self.term())
        self.take(")")
        return found

    def call(self, name: str, arguments: list[Callable[[], Any]]) -> Callable[[], Any]:
        if name == "lambda":
            variable, body = arguments[0](), arguments[1]
            return lambda: lambda element: self.with_bound(variable, element, body)
        function = getattr(self, f"do_{name}")
        return lambda: function(*(argument() for argument in arguments))

    def with_bound(self, variable: str, element: Any, body: Callable[[], Any]) -> Any:
        self.bound[variable] = element
        return body()

    def do_parameters(self, name: str) -> Any:
        return self.template.parameter(name)

    def do_variables(self, name: str) -> Any:
        return self.template.variable(name)

    def do_copyIndex(self, name: str = "") -> int:
        return self.indexes[name]

    def do_lambdaVariables(self, name: str) -> Any:
        return self.bound[name]

    def do_map(self, elements: list[Any], function: Callable[[Any], Any]) -> list[Any]:
        return [function(element) for element in elements]

    def do_concat(self, *parts: str) -> str:
        assert all(isinstance(part, str) for part in parts), parts
        return "".join(parts)

    def do_length(self, of: list[Any]) -> int:
        return len(of)

    def do_contains(self, of: list[Any], element: Any) -> bool:
        return element in of

    def do_guid(self, *parts: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, "-".join(parts)))

    def do_resourceGroup(self) -> dict[str, str]:
        return GROUP

    def do_resourceId(self, kind: str, *names: str) -> str:
        provider, *types = kind.split("/")
        assert len(types) == len(names), f"{kind} has {len(types)} names"
        path = "".join(f"/{each}/{name}" for each, name in zip(types, names, strict=True))
        return f"{GROUP['id']}/providers/{provider}{path}"
