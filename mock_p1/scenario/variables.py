"""``${NAME}`` and ``${NAME:-default}`` in a scenario file that says ``variables: true``.

Replaced in the tree, after the YAML is read: whatever a variable holds is one value, or one key,
and never a piece of YAML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mock_p1.base.record import MAX_PROBLEMS
from mock_p1.base.text import nearest, shorten
from mock_p1.scenario.yaml_nodes import BROKEN, Node, Pair
from mock_p1.scenario.yaml_reader import MAX_NEAR, not_in_yaml, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


KEY: Final = "variables"
MAX_CHARACTERS: Final = 5_000_000
"""Of all values together: as many as a file may have bytes."""

_VARIABLE: Final = re.compile(r"\$(?:\$\{|\{(?:([A-Za-z_][A-Za-z0-9_]*)(?:(:-)([^{}]*))?\})?)")


def wants_variables(root: Node) -> bool:
    """Tell whether a file says ``variables: true``."""
    return isinstance(root.value, dict) and KEY in root.value and root.value[KEY].node.value is True


class Replacement:
    """Replaces the variables of one file; every problem goes to ``report(line, column, text)``."""

    def __init__(
        self, variables: Mapping[str, str], report: Callable[[int, int, str], None]
    ) -> None:
        self._variables, self._report = variables, report
        self.given: set[str] = set()
        """What variables held, and the texts in which they stood."""

        self._done: dict[int, Node] = {}
        self._characters = self._missing = 0

    def replace(self, node: Node) -> None:
        """Replace the variables in a node and below it; what several aliases share, once."""
        if id(node) in self._done:
            return
        self._done[id(node)] = node
        if isinstance(node.value, dict):
            node.value = self._entries(node.value)
        elif isinstance(node.value, list):
            for child in node.value:
                self.replace(child)
        elif isinstance(node.value, str) and "${" in node.value:
            text = node.raw = self._replaced(node.value, node.line, node.column)
            node.value = BROKEN if text is None else resolve(text) if node.is_plain else text

    def _entries(self, entries: dict[str, Pair]) -> dict[str, Pair]:
        made: dict[str, Pair] = {}
        for key, entry in entries.items():
            name = self._replaced(key, entry.line, entry.column)
            if name is None:  # which is told; empty it may be, and who reads it judges that
                name = key
            if name in made:
                what = f"{shorten(key)!r} is the same key as one on line {made[name].line}"
                self._report(entry.line, entry.column, f"with its variables, {what}")
            made[name] = entry
            self.replace(entry.node)
        return made

    def _replaced(self, text: str, line: int, column: int) -> str | None:
        """Return a text with what its variables hold; None where one is wrong, which is told."""
        wrong: list[str] = []
        given: list[str] = []
        length = 0

        def value(found: re.Match[str]) -> str:
            nonlocal length
            if found[1] is None and found[0] == "$${":
                return "${"
            if len(wrong) > MAX_PROBLEMS or self._characters + length > MAX_CHARACTERS:
                return ""
            held, problem = self._value(found)
            wrong.extend([problem] if problem else [])
            given.extend([held] if held and held == self._variables.get(found[1]) else [])
            length += len(held)
            return held

        made = _VARIABLE.sub(value, text)
        self._characters += max(len(made), length)
        if self._characters > MAX_CHARACTERS:
            wrong.append(
                f"values with variables have more than {MAX_CHARACTERS:,} characters in all"
            )
        for problem in wrong:
            self._report(line, column, problem)
        if given:
            self.given |= {*given, made}
        return None if wrong else made

    def _value(self, found: re.Match[str]) -> tuple[str, str | None]:
        """Return what a variable holds, and what is wrong with it."""
        name = found[1]
        if name is None:
            begun = shorten(found.string[found.start() : found.start() + 21], 20)
            how = "write ${NAME} or ${NAME:-default}, or $${ for the signs themselves"
            return "", f"no variable begins at {begun!r}; {how}"
        held = self._variables.get(name)
        if found[2] and not held:
            return str(found[3]), None
        if held is None:
            self._missing += 1
            near = nearest(name, self._variables) if self._missing <= MAX_NEAR else None
            meant = f"; did you mean {near}?" if near else ""
            return "", f"the variable {name} is not set; ${{{name}:-default}} does without{meant}"
        if not_in_yaml(held):
            return "", f"the variable {name} holds a character that has no place in YAML"
        return held, None
