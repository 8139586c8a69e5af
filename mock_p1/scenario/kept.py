"""A scenario that was checked, as a text that is read again without checking, YAML or pydantic.

JSON, in which a record is an object that begins with its kind, of a value that no file can hold. Of
the text's tree the lines alone are kept, and read when it is first asked where something stands.

A saved state holds records otherwise: in lists, each of which begins with what it is: nothing, for
a list; else a record or the like by its name.
"""

from __future__ import annotations

import json
from functools import partial
from json.encoder import encode_basestring_ascii
from math import inf
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.record import KINDS, Record
from mock_p1.scenario.document import Attach, Document
from mock_p1.scenario.merging import MergedDocument
from mock_p1.scenario.model import Scenario
from mock_p1.scenario.step_length import Span, Stage
from mock_p1.scenario.yaml_nodes import Node, Pair

if TYPE_CHECKING:
    from collections.abc import Callable


_LIST: Final = ""
_PARTS: Final[dict[str, Callable[..., Any]]] = {"for_": Stage, "delay": Span}
"""What stands under these keys of a record is none, and is kept by its parts."""

_OTHERS: Final[dict[str, Callable[..., Any]]] = {"Span": Span, "Stage": Stage}
"""Likewise, by its name."""

_text_of: Final = json.JSONEncoder(
    check_circular=False,
    separators=(",", ":"),
    default=lambda record: {type(record).__name__: inf, **vars(record)},
).encode

_AS_IT_IS: Final = frozenset({str, int, float, bool, type(None)})
"""What needs no look: nearly all that a scenario of thousands of steps holds."""


def as_kept(scenario: Scenario) -> str | None:
    """Return what ``from_kept`` reads; None for what is not to be kept.

    What environment variables hold may be secret, and is to stand in no file.
    """
    document = scenario._document  # noqa: SLF001 -- one of us
    if scenario.variables or not document.sources:
        return None
    parts = document.parts if isinstance(document, MergedDocument) else (document,)
    trees = [(part.name, "null" if part.root is None else _lines(part.root)) for part in parts]
    is_merged = isinstance(document, MergedDocument)
    source = (document.name, document.text, trees, list(document.files), is_merged)
    values = {name: value for name, value in vars(scenario).items() if name != "_document"}
    return _text_of([Scenario.of(values), source])


def from_kept(text: str, attach: Attach) -> Scenario:
    """Return a scenario that was kept, with its result files read anew.

    ValueError where the text is nothing of ours, or a result file is missing by now.
    """
    try:
        scenario, (name, whole, trees, files, is_merged) = json.loads(text, object_hook=_made)
        parts = [Document(part, None, partial(_tree, tree)) for part, tree in trees]
        contents = {file: attach(file) for file in files}
        document = Document(name, whole, parts[0].tree, contents)
        if is_merged:
            document = MergedDocument(name, whole, files=contents, parts=tuple(parts))
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no scenario that was kept: {error}") from None
    if not isinstance(scenario, Scenario):
        raise ValueError("no scenario that was kept")  # noqa: TRY004 -- of a text, whatever it holds
    return scenario.replaced(_document=document)


def _made(values: dict[str, Any]) -> Any:  # noqa: ANN401 -- a record, or a mapping
    """Return the record that was kept; LookupError, TypeError or so for what is not of ours."""
    kind = next(iter(values), "")
    if values.get(kind) != inf:
        return values
    del values[kind]
    parts = {name: part(*values[name]) for name, part in _PARTS.items() if name in values}
    return _record(kind, values | parts)


def as_data(value: Any, *, places: bool = True) -> Any:  # noqa: ANN401 -- what a record holds
    """Return a record, or what one holds, as JSON has it.

    Without ``places`` it says what is played alone: not where that stands, nor what is as it would
    be if it were left out.
    """
    match value:
        case Record():
            kind = type(value)
            values = {
                name: inner if type(inner) in _AS_IT_IS else as_data(inner, places=places)
                for name, inner in vars(value).items()
                if name != "_document"
                and (places or (name != "source" and inner != getattr(kind, name, ...)))
            }
            return [kind.__name__, values]
        case Stage(until_poll=False):  # as before there was such a one, so that digests stay
            return ["Stage", *value[:3]]
        case Span() | Stage():
            return [type(value).__name__, *value]
        case dict():
            return {key: as_data(inner, places=places) for key, inner in value.items()}
        case list():
            return [_LIST, *(as_data(inner, places=places) for inner in value)]
    return value


def from_data(data: Any) -> Any:  # noqa: ANN401 -- likewise
    """Return what ``as_data`` was given; LookupError, TypeError or so for what is not of that."""
    if isinstance(data, dict):
        return {key: from_data(inner) for key, inner in data.items()}
    if not isinstance(data, list):
        return data
    kind, *parts = data
    if kind == _LIST:
        return list(map(from_data, parts))
    if kind in _OTHERS:
        return _OTHERS[kind](*map(from_data, parts))
    (values,) = parts
    return _record(kind, {name: from_data(inner) for name, inner in values.items()})


def _record(kind: str, values: dict[str, Any]) -> Record:
    record = KINDS[kind]
    if strange := values.keys() - set(record.field_names):
        raise LookupError(f"{kind} has no {', '.join(strange)}")
    return record.of(values)


def _lines(node: Node) -> str:
    """Return where the parts of a tree stand, as JSON: its line, and what is in it.

    A key has a line of its own, alone where what is below it is on that line and no more.
    """
    line, value = node.line, node.value
    if isinstance(value, dict):
        parts = [
            f"{encode_basestring_ascii(key)}:{at}"
            if inner.line == at and not isinstance(inner.value, (dict, list))
            else f"{encode_basestring_ascii(key)}:[{at},{_lines(inner)}]"
            for key, (at, _, inner) in value.items()
        ]
        return f"[{line},{{{','.join(parts)}}}]"
    return f"[{line},[{','.join(map(_lines, value))}]]" if isinstance(value, list) else str(line)


def _tree(text: str) -> Node:
    tree: Node = _node(json.loads(text))
    return tree


def _node(lines: Any) -> Any:  # noqa: ANN401 -- as JSON has it
    """Return a tree whose parts stand there; columns and scalars nobody asks for any more."""
    line, inner = lines if isinstance(lines, list) else (lines, None)
    if isinstance(inner, dict):
        places = ((key, at if isinstance(at, list) else (at, at)) for key, at in inner.items())
        inner = {key: Pair(where, 1, _node(each)) for key, (where, each) in places}
    elif inner is not None:
        inner = list(map(_node, inner))
    return Node(line, 1, inner)
