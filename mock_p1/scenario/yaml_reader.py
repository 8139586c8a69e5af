"""YAML text -> a tree of nodes that know their place, and every problem met on the way.

Built from PyYAML's events rather than its own composer, for five things that scenario files need:
the line and column of every key and value, duplicate keys seen, keys and ids kept as they were
written (``007`` stays ``007``), depth and size bounded before they cost anything, and only the
scalars of YAML 1.2 (``yes`` and ``12:30`` are text). Reading goes on after every problem that
leaves the rest readable.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent

from mock_p1.base.text import nearest, shorten
from mock_p1.scenario.yaml_nodes import BROKEN, MAX_DEPTH, Node, Pair, WrittenFloat, WrittenInt

if TYPE_CHECKING:
    from collections.abc import Callable

Event = Any  # PyYAML's events carry no types

MAX_NODES: Final = 1_000_000
MAX_DIRECTIVES: Final = 100
MAX_NEAR: Final = 100
"""For so many aliases or variables that are not there the closest is looked for; it takes time."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DIRECTIVE = re.compile("(?:^|[\n\r\x85\u2028\u2029])%")
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,300}|[0-9]{1,300}(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(
    _TAG + name for name in ("null", "bool", "int", "float", "map", "seq")
)
_TEXT_TAGS: Final = frozenset({None, "!", _TAG + "str"})

_VALUE_ASTRAY: Final = re.compile("mapping values are not allowed")
_INDENTED: Final = re.compile("did not find expected ('-'|key)|expected <block end>")
"""What a parser says of wrong indentation: libyaml's words, and PyYAML's own."""


class Unreadable(Exception):  # noqa: N818 -- carries a problem's place, is never shown
    """Reading cannot go on from here."""

    def __init__(self, line: int, column: int, text: str) -> None:
        super().__init__(text)
        self.problem: tuple[int, int, str] = line, column, text


def not_in_yaml(text: str) -> re.Match[str] | None:
    """Return the first character of a text that YAML has not."""
    return (_NOT_IN_ASCII if text.isascii() else _not_in_unicode()).search(text)


_NOT_IN_ASCII: Final = re.compile("[^\t\n\r\x20-\x7e]")


@cache
def _not_in_unicode() -> re.Pattern[str]:  # takes long to make: 5 ms
    return re.compile(
        "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    )


def read_tree(text: str, report: Callable[[int, int, str], None]) -> Node | None:
    """Return the document's root, or None where there is none.

    Every problem goes to ``report(line, column, text)``.
    """
    is_many = text.count("%") > MAX_DIRECTIVES
    if is_many and len(_DIRECTIVE.findall(text)) > MAX_DIRECTIVES:  # each costs as all before it
        what = f"more than {MAX_DIRECTIVES} lines begin with %"
        report(1, 1, f"{what}; directives have no meaning in a scenario file")
        return None
    reader = _Reader(text, report)
    try:
        return reader.document()
    except Unreadable as stop:
        report(*stop.problem)
    except yaml.MarkedYAMLError as error:
        report(*(_limit_before(error, text) or _not_yaml(error, text)))
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
    ) as error:  # PyYAML without libyaml: "\U00110000" is no character
        report(reader.line, 1, f"not YAML: {error}")
    return None


def _limit_before(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str] | None:
    """Return where a limit of ours is passed before the place of a syntax error.

    PyYAML looks ahead, and has limits of its own: it may refuse what we would not have read.
    """
    if error.problem_mark is None:
        return None
    try:
        _Reader(text[: error.problem_mark.index], lambda *_: None).document()
    except Unreadable as stop:
        return stop.problem
    except (yaml.YAMLError, ValueError, OverflowError):
        pass
    return None


def _not_yaml(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str]:
    """Return the place of a syntax error, and what is wrong there."""
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    if mark is None:
        return 1, 1, f"not YAML: {error}"
    what = f"not YAML: {error.problem or error.context}"
    if begun is not None and begun.line != mark.line and error.problem:
        what += f" {error.context} that begins on line {begun.line + 1}"
    if text[mark.index : mark.index + 1] == "\t":
        what += " (YAML is indented with spaces, not tabs)"
    elif _VALUE_ASTRAY.match(error.problem or ""):
        what += " (is the indentation right, and has the line before its ':'?)"
    elif _INDENTED.match(error.problem or ""):
        what += " (check the indentation)"
    return mark.line + 1, mark.column + 1, what


class _Reader:
    """Builds nodes from the stream of events, one document long."""

    def __init__(self, text: str, report: Callable[[int, int, str], None]) -> None:
        self._next: Callable[[], Event] = _LOADER(text).get_event  # yaml.parse takes twice as long
        self._report = report
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._size = self._deepest = self._lost = 0
        self.line = 1

    def document(self) -> Node | None:
        root = None
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._wrong(event, "a second document begins; a scenario file holds one")
                    break
                root = self._node(self._next(), 1)
        return root

    def _node(self, event: Event, depth: int) -> Node:
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event, depth)
        size, deepest, anchor, mark = self._size, self._deepest, event.anchor, event.start_mark
        self._size = size + 1
        if depth > deepest or size >= MAX_NODES:
            self._check_size(event, depth)
        self.line = mark.line + 1
        is_scalar = kind is ScalarEvent
        node = (
            Node(self.line, mark.column + 1, self._scalar(event), event.value, event.implicit[0])
            if is_scalar
            else Node(self.line, mark.column + 1, None)
        )
        if anchor is not None:
            self._anchors[anchor] = None  # not finished: an alias to it now would be a cycle
            self._deepest = depth
        if kind is MappingStartEvent:
            self._mapping(node, event, depth)
        elif not is_scalar:
            self._sequence(node, event, depth)
        if anchor is not None:
            self._anchors[anchor] = node, self._size - size, self._deepest - depth
            self._deepest = max(deepest, self._deepest)
        return node

    def _alias(self, event: Event, depth: int) -> Node:
        name = shorten(event.anchor)
        known = self._anchors.get(event.anchor)
        if known is None:
            if event.anchor in self._anchors:
                return self._broken(
                    event, f"alias *{name} stands inside its own anchor: that would never end"
                )
            self._lost += 1
            anchors = (anchor for anchor, whole in self._anchors.items() if whole)
            near = nearest(event.anchor, anchors) if self._lost <= MAX_NEAR else None
            meant = f"; did you mean *{near}?" if near else ""
            return self._broken(event, f"alias *{name} has no anchor &{name} before it{meant}")
        node, size, below = known  # counted in full
        self._size += size
        self._check_size(event, depth + below)
        return node

    def _sequence(self, node: Node, event: Event, depth: int) -> None:
        self._check_tag(event)
        node.value = []
        while type(event := self._next()) is not SequenceEndEvent:
            node.value.append(self._node(event, depth + 1))

    def _mapping(self, node: Node, event: Event, depth: int) -> None:
        self._check_tag(event)
        entries: dict[str, Pair] = {}
        merged: list[Node] = []
        next_event, below = self._next, depth + 1
        while type(event := next_event()) is not MappingEndEvent:
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            is_text = type(event) is ScalarEvent and event.anchor is event.tag is None
            key = event.value if is_text else self._key(event, below)
            child = self._node(next_event(), below)
            if key == "<<" and event.implicit[0]:  # in quotes it is a key like any other
                merged += child.value if isinstance(child.value, list) else [child]
            elif key in entries:
                first = entries[key].line
                self._report(
                    line,
                    column,
                    f"duplicate key {shorten(key)!r}; it stands on line {first} already",
                )
            elif key is not None:
                entries[key] = Pair(line, column, child)
        for source in merged:
            if isinstance(source.value, dict):
                for key, entry in source.value.items():
                    entries.setdefault(key, entry)
            elif source.value is not BROKEN:
                self._report(source.line, source.column, "<<: merges mappings, and this is none")
        node.value = entries

    def _key(self, event: Event, depth: int) -> str | None:
        """Return a key as it was written; None where it is none that can be used."""
        size = self._size
        node = self._node(event, depth)
        self._size = size  # a key is no value
        if node.value is BROKEN:
            return None
        if node.raw is None:
            self._report(
                node.line, node.column, "a key must be plain text, not a list or a mapping"
            )
        return node.raw

    def _scalar(self, event: Event) -> Any:  # noqa: ANN401 -- any scalar
        if not event.implicit[0] and event.tag not in _PLAIN_TAGS:
            if event.tag not in _TEXT_TAGS:
                self._check_tag(event)
            return event.value
        value = resolve(event.value)
        if type(value) is WrittenFloat and math.isinf(value):
            return self._broken(
                event, f"{shorten(event.value)} is too large a number; if it is text, quote it"
            ).value
        return value

    def _check_tag(self, event: Event) -> None:
        if event.tag is not None and event.tag != "!" and event.tag not in _PLAIN_TAGS:
            shown = shorten(event.tag.replace(_TAG, "!!"))
            self._wrong(event, f"the tag {shown} has no meaning in a scenario file; leave it out")

    def _check_size(self, event: Event, deepest: int) -> None:
        if deepest > MAX_DEPTH:
            raise self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        if self._size > MAX_NODES:
            raise self._stop(event, f"more than {MAX_NODES:,} values, aliases counted in full")
        self._deepest = max(deepest, self._deepest)

    def _wrong(self, event: Event, text: str) -> None:
        self._report(event.start_mark.line + 1, event.start_mark.column + 1, text)

    def _broken(self, event: Event, text: str) -> Node:
        self._wrong(event, text)
        return Node(event.start_mark.line + 1, event.start_mark.column + 1, BROKEN)

    @staticmethod
    def _stop(event: Event, text: str) -> Unreadable:
        return Unreadable(event.start_mark.line + 1, event.start_mark.column + 1, text)


def resolve(raw: str) -> str | float | bool | None:
    """Return what a text without quotes is in YAML 1.2: a word, a number, or text."""
    if raw in _WORDS:
        return _WORDS[raw]
    if raw[0] not in "+-.0123456789":
        return raw
    number: WrittenInt | WrittenFloat
    if _INT.fullmatch(raw):
        number = WrittenInt(raw)
    elif _FLOAT.fullmatch(raw):
        number = WrittenFloat(raw)
    else:
        return raw
    number.raw = raw
    return number
