"""A scenario that was checked, as a text that is read again without checking, YAML or pydantic.

JSON, in which a list begins with what it is: nothing, for a list; else a record or a span by its
name. Places are kept as they are needed while a mock plays: each key's and each value's line.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.record import KINDS, Record
from mock_p1.scenario.document import Document
from mock_p1.scenario.merging import MergedDocument
from mock_p1.scenario.model import Scenario
from mock_p1.scenario.step_length import Span, Stage
from mock_p1.scenario.yaml_nodes import Entry, Node

if TYPE_CHECKING:
    from mock_p1.scenario.document import Attach

_LIST: Final = ""
_LENGTHS: Final = {kind.__name__: kind for kind in (Span, Stage)}


def as_kept(scenario: Scenario) -> str | None:
    """Return what ``from_kept`` reads; None for what is not to be kept.

    What environment variables hold may be secret, and is to stand in no file.
    """
    document = scenario._document  # noqa: SLF001 -- one of us
    if scenario.variables or not document.sources:
        return None
    parts = document.parts if isinstance(document, MergedDocument) else (document,)
    trees = [(part.name, json.dumps(_lines(part.root))) for part in parts if part.root]
    is_merged = isinstance(document, MergedDocument)
    source = (document.name, document.text, trees, list(document.files), is_merged)
    return json.dumps([as_data(scenario), source])


def from_kept(text: str, attach: Attach) -> Scenario:
    """Return a scenario that was kept, with its result files read anew.

    ValueError where the text is nothing of ours, or a result file is missing by now.
    """
    try:
        kept, (name, whole, trees, files, is_merged) = json.loads(text)
        parts = [Document(part, None, partial(_tree, lines)) for part, lines in trees]
        contents = {file: attach(file) for file in files}
        document = Document(name, whole, parts[0].tree, contents)
        if is_merged:
            document = MergedDocument(name, whole, files=contents, parts=tuple(parts))
        scenario = from_data(kept)
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no scenario that was kept: {error}") from None
    if not isinstance(scenario, Scenario):
        raise ValueError("no scenario that was kept")  # noqa: TRY004 -- of a text, whatever it holds
    return scenario.replaced(_document=document)


def as_data(value: Any, *, places: bool = True) -> Any:  # noqa: ANN401 -- what a record holds
    """Return a record, or what one holds, as JSON has it.

    Without ``places`` it says what is played alone: not where that stands, nor what is as it would
    be if it were left out.
    """
    match value:
        case Record():
            kind, written = type(value), vars(value).items()
            values = {
                name: as_data(inner, places=places)
                for name, inner in written
                if name != "_document"
                and (places or (name != "source" and inner != getattr(kind, name, ...)))
            }
            return [kind.__name__, values]
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
    if kind in _LENGTHS:
        return _LENGTHS[kind](*parts)
    record, (values,) = KINDS[kind], parts
    if strange := values.keys() - set(record.field_names):
        raise LookupError(f"{kind} has no {', '.join(strange)}")
    return record.of({name: from_data(inner) for name, inner in values.items()})


def _lines(node: Node) -> Any:  # noqa: ANN401 -- JSON
    """Return the lines of a tree: of a value, and of what is in it."""
    if isinstance(node.value, dict):
        entries = node.value.items()
        return [node.line, {key: [each.line, _lines(each.node)] for key, each in entries}]
    if isinstance(node.value, list):
        return [node.line, list(map(_lines, node.value))]
    return node.line


def _tree(text: str) -> Node:
    return _node(json.loads(text))


def _node(lines: Any) -> Node:  # noqa: ANN401 -- JSON
    """Return a tree that knows its lines, and nothing else."""
    line, inner = lines if isinstance(lines, list) else (lines, None)
    if isinstance(inner, dict):
        entries = {key: Entry(at, 0, _node(node)) for key, (at, node) in inner.items()}
        return Node(line, 0, entries)
    return Node(line, 0, list(map(_node, inner)) if inner is not None else None)
