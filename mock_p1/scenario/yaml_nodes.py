"""The tree a scenario file is read into.

Values that know their place, and how they were written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from mock_p1.base.record import Located

MAX_DEPTH: Final = 50

BROKEN: Final = object()
"""The value of a node that could not be read; its problem is reported already."""


class WrittenInt(int):
    """A whole number that remembers how it was written."""

    raw: str


class WrittenFloat(float):
    """A number that remembers how it was written."""

    raw: str


class Pair(NamedTuple):
    """A key's place and its value, in a mapping."""

    line: int
    column: int
    node: Node


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """A value and its place (from 1).

    ``raw`` is a scalar's text, ``is_plain`` that it stands there without quotes.
    """

    line: int
    column: int
    value: Any
    raw: str | None = None
    is_plain: bool = False

    def plain(self, name: str = "", line: int = 0) -> Any:  # noqa: ANN401 -- whatever the file holds
        """Return the value as dicts, lists and scalars; each dict knows its place, ``name:line``.

        ``line`` is that of the key it stands under, if it stands under one.
        """
        if isinstance(self.value, dict):
            made = Located(
                {
                    key: node.value if node.raw is not None else node.plain(name, above)
                    for key, (above, _, node) in self.value.items()
                }
            )
            made.source = f"{name}:{line or self.line}"
            return made
        if isinstance(self.value, list):
            return [node.plain(name) for node in self.value]
        return self.value

    def place(self, path: tuple[str | int, ...], *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column of what ``path`` leads to, or of the nearest thing above it."""
        line, column, node, whole = self._follow(path)
        return (line, column) if of_key or not whole else (node.line, node.column)

    def is_broken(self, path: tuple[str | int, ...]) -> bool:
        """Tell whether ``path`` leads to something that could not be read."""
        return self._follow(path)[2].value is BROKEN

    def _follow(self, path: tuple[str | int, ...]) -> tuple[int, int, Node, bool]:
        """Go along ``path`` as far as it exists.

        The place of the last key, the last node, whether that is the end.
        """
        node, line, column = self, self.line, self.column
        for part in path:
            if isinstance(node.value, dict) and part in node.value:
                entry = node.value[part]
                node, line, column = entry.node, entry.line, entry.column
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line, column = node.line, node.column
            elif not is_branch(part):
                return line, column, node, False
        return line, column, node, True


def is_branch(part: str | int) -> bool:
    """Tell the name of a union's branch, as pydantic puts it into a path, from a key."""
    return isinstance(part, str) and part.startswith("<")
