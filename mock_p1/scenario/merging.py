"""Several scenario files as one: parts of the same kind are put together, and nothing stands twice.

Whatever two files say of one thing is a problem, with both places. Descriptions follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.record import Located, Path
from mock_p1.base.text import shorten
from mock_p1.scenario.document import Document
from mock_p1.scenario.problems import Problem
from mock_p1.scenario.yaml_nodes import Node, Pair, is_branch

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = "variables"

_WHOLE: Final = -1
"""Stands for all that is below a key which holds something else than a mapping."""


@dataclass(eq=False, repr=False)
class MergedDocument(Document):
    """What a scenario of several files was read from."""

    parts: tuple[Document, ...] = ()

    @cached_property
    def _holders(self) -> dict[Path, list[Document]]:
        """The files that hold a key, and those that hold a key below it, or no mapping there."""
        found: dict[Path, list[Document]] = {}
        for part in self.parts:
            for key, entry in _entries(part.root).items():
                is_mapping = isinstance(entry.node.value, dict)
                below = _entries(entry.node) if is_mapping else (_WHOLE,)
                for path in ((key,), *((key, name) for name in below)):
                    found.setdefault(path, []).append(part)
        return found

    @property
    def sources(self) -> tuple[str, ...]:
        """What the files are called."""
        return tuple(part.name for part in self.parts)

    def part(self, path: Path) -> tuple[Document, Path]:
        """Return the file that a path leads to, and its path there."""
        named = [index for index, step in enumerate(path) if not is_branch(step)]
        holders = self._holders.get(tuple(path[index] for index in named[:2]), [])
        holders = holders or (self._holders.get((path[named[0]], _WHOLE), []) if named else [])
        if len(named) > 1 and isinstance(number := path[named[1]], int):
            for each in holders:
                listed = each.root.value[path[named[0]]].node.value if each.root else None
                length = len(listed) if isinstance(listed, list) else 0
                if number < length:
                    return each, (*path[: named[1]], number, *path[named[1] + 1 :])
                number -= length
        return (holders or self.parts)[0], path

    def plain(self, problems: list[Problem]) -> Located:
        """Return the data of the files as one; what they disagree on goes to ``problems``."""
        made = Located()
        made.source = self.parts[0].where()
        for part in self.parts:
            root = part.root
            if root is None or not isinstance(root.value, dict):
                text = "of several files each must be a mapping with the keys of a scenario"
                problems.append(Problem(part.name, 1, 1, text))
                continue
            for key, value in root.plain(part.name).items():
                if key == VARIABLES and value is True:
                    made[key] = value  # one is enough
                if key not in ("$schema", VARIABLES) and not key.startswith("x-"):
                    problems += self._added(made, part, key, value)
        return made

    def _added(
        self,
        data: Located,
        part: Document,
        key: str,
        value: Any,  # noqa: ANN401 -- whatever stands there
    ) -> Iterator[Problem]:
        """Add what a file says to the data; yield what another one has said otherwise."""
        made = data.get(key)
        if key not in data:
            data[key] = value
        elif key == "description" and isinstance(value, str):
            data[key] = f"{made} {value}"
        elif isinstance(value, list) and isinstance(made, list):
            made.extend(value)
        elif isinstance(value, dict) and isinstance(made, dict):
            for name, inner in value.items():
                if name in made:
                    yield self._clash(part, (key, name))
                else:
                    made[name] = inner
        elif made != value:
            yield self._clash(part, (key,))

    def _clash(self, part: Document, path: tuple[str, ...]) -> Problem:
        place = part.root.place(path, of_key=True) if part.root else (0, 0)
        shown = ": ".join([path[0], *(repr(shorten(name)) for name in path[1:])])
        text = f"{shown} stands in {self._holders[path][0].where(*path)} already"
        return Problem(part.name, *place, text)


def _entries(node: Node | None) -> dict[str, Pair]:
    """Return the entries of a node that is a mapping."""
    return node.value if node is not None and isinstance(node.value, dict) else {}
