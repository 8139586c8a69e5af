"""YAML text -> a tree of nodes that know their place, and every problem met on the way.

Built from PyYAML's events rather than its own composer, for five things that scenario files need: the line and column
of every key and value, duplicate keys seen, keys and ids kept as they were written (``007`` stays ``007``), depth and
size bounded before they cost anything, and only the scalars of YAML 1.2 (``yes`` and ``12:30`` are text).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Event = Any  # PyYAML's events carry no types

MAX_DEPTH: Final = 50
MAX_NODES: Final = 1_000_000

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,300}|[0-9]{1,300}(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(_TAG + name for name in ("null", "bool", "int", "float", "map", "seq"))
_TEXT_TAGS: Final = frozenset({"!", _TAG + "str"})


class WrittenInt(int):
    """A whole number that remembers how it was written."""

    written: str


class WrittenFloat(float):
    """A number that remembers how it was written."""

    written: str


class Entry(NamedTuple):
    """A key's place and its value, in a mapping."""

    line: int
    column: int
    node: Node


@dataclass(slots=True)
class Node:
    """A value and its place (from 1). ``size`` and ``height`` count aliases in full."""

    line: int
    column: int
    value: Any
    size: int = 1
    height: int = 1

    def plain(self) -> Any:  # noqa: ANN401 -- whatever the file holds
        """Return the value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: entry.node.plain() for key, entry in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def place(self, path: tuple[str | int, ...], *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column of what ``path`` leads to, or of the nearest thing above it that exists."""
        node, line, column = self, self.line, self.column
        for part in path:
            if isinstance(node.value, dict) and part in node.value:
                entry = node.value[part]
                node, line, column = entry.node, entry.line, entry.column
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line, column = node.line, node.column
            elif isinstance(part, str) and part.startswith("<"):
                continue  # the name of a union's branch, not a part of the file
            else:
                return line, column
        return (line, column) if of_key else (node.line, node.column)


class Unreadable(Exception):  # noqa: N818 -- carries a problem's place, is never shown
    """Reading cannot go on from here."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(text)
        self.line, self.column, self.text = line, column, text


def read_tree(text: str, report: Callable[[int, int, str], None]) -> Node | None:
    """Return the document's root, or None where there is none. Every problem goes to ``report(line, column, text)``."""
    reader = _Reader(text, report)
    try:
        return reader.document()
    except Unreadable as stop:
        report(stop.line, stop.column, stop.text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = " (YAML is indented with spaces, not tabs)" if "\\t" in str(error.problem) else ""
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        report(line, column, f"not YAML: {error.problem or error.context}{hint}")
    return None


class _Reader:
    """Builds nodes from the stream of events, one document long."""

    def __init__(self, text: str, report: Callable[[int, int, str], None]) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._report = report
        self._anchors: dict[str, Node | None] = {}
        self._size = 0

    def document(self) -> Node | None:
        root = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._stop(event, "a second document begins; a scenario file holds one")
                root = self._node(next(self._events), 1)
        return root

    def _node(self, event: Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > MAX_DEPTH:
            raise self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        self._grow(event, 1)
        node = Node(event.start_mark.line + 1, event.start_mark.column + 1, None)
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # known, but not finished: an alias to it now would be a cycle
        if isinstance(event, yaml.MappingStartEvent):
            self._mapping(node, event, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._sequence(node, event, depth)
        else:
            node.value = self._scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Event, depth: int) -> Node:
        if event.anchor not in self._anchors:
            raise self._stop(event, f"alias *{event.anchor} has no anchor &{event.anchor} before it")
        node = self._anchors[event.anchor]
        if node is None:
            raise self._stop(event, f"alias *{event.anchor} stands inside its own anchor: that would never end")
        if depth + node.height - 1 > MAX_DEPTH:
            raise self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        self._grow(event, node.size)
        return node

    def _sequence(self, node: Node, event: Event, depth: int) -> None:
        self._check_tag(event)
        node.value = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            child = self._node(event, depth + 1)
            node.value.append(child)
            _count(node, child)

    def _mapping(self, node: Node, event: Event, depth: int) -> None:
        self._check_tag(event)
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            child = self._node(next(self._events), depth + 1)
            _count(node, child)
            if key == "<<":
                merged += child.value if isinstance(child.value, list) else [child]
            elif key in entries:
                self._report(line, column, f"duplicate key {key!r}; it stands on line {entries[key].line} already")
            else:
                entries[key] = Entry(line, column, child)
        for source in merged:
            if not isinstance(source.value, dict):
                raise Unreadable(source.line, source.column, "<<: merges mappings, and this is none")
            entries = {**source.value, **entries}
        node.value = entries

    def _key(self, event: Event) -> str:
        if isinstance(event, yaml.AliasEvent):
            value = self._alias(event, 1).value
            if not isinstance(value, dict | list):
                return str(getattr(value, "written", value))
        elif isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        raise self._stop(event, "a key must be plain text, not a list or a mapping")

    def _scalar(self, event: Event) -> Any:  # noqa: ANN401 -- any scalar
        plain = event.implicit[0] or event.tag in _PLAIN_TAGS
        if not plain:
            if event.tag is not None and event.tag not in _TEXT_TAGS:
                self._check_tag(event)
            return event.value
        return _resolve(event.value)

    def _check_tag(self, event: Event) -> None:
        if event.tag is not None and event.tag != "!" and event.tag not in _PLAIN_TAGS:
            shown = event.tag.replace(_TAG, "!!")
            raise self._stop(event, f"the tag {shown} has no meaning in a scenario file; leave it out")

    def _grow(self, event: Event, by: int) -> None:
        self._size += by
        if self._size > MAX_NODES:
            raise self._stop(event, f"more than {MAX_NODES:,} values, aliases counted in full")

    @staticmethod
    def _stop(event: Event, text: str) -> Unreadable:
        return Unreadable(event.start_mark.line + 1, event.start_mark.column + 1, text)


def _count(node: Node, child: Node) -> None:
    node.size += child.size
    node.height = max(node.height, child.height + 1)


def _resolve(raw: str) -> str | float | bool | None:
    if raw in _WORDS:
        return _WORDS[raw]
    number: WrittenInt | WrittenFloat
    if _INT.fullmatch(raw):
        number = WrittenInt(raw)
    elif _FLOAT.fullmatch(raw):
        number = WrittenFloat(raw)
    else:
        return raw
    number.written = raw
    return number
