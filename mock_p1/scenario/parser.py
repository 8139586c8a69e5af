"""A scenario file's text -> Scenario; every problem at once, each with ``file:line:column``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic_core import ValidationError

from mock_p1.base.record import MAX_PROBLEMS
from mock_p1.scenario.document import INLINE, MAX_BYTES, Attach, Document, ScenarioReading
from mock_p1.scenario.merging import MergedDocument, merged
from mock_p1.scenario.model import Scenario
from mock_p1.scenario.problems import Problem
from mock_p1.scenario.variables import KEY, Replacement, wants_variables
from mock_p1.scenario.yaml_reader import not_in_yaml, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mock_p1.scenario.yaml_nodes import Node

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def parse(
    source: str | bytes,
    name: str = INLINE,
    attach: Attach | None = None,
    variables: Mapping[str, str] | None = None,
) -> Scenario:
    """Read a scenario from YAML (or JSON) text.

    ``name`` is what problems call the file. ``attach`` returns the bytes of a file named by
    ``result: {file: …}``, and raises ValueError if there is none; without it such results are
    refused. ``variables`` are what ``${NAME}`` may stand for in a file; in another text, which may
    be somebody else's, nothing does. Raises ScenarioError with every problem.
    """
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    document = _document(source, name, variables, problems, texts)
    if document is None or document.root is None:
        raise ScenarioReading(document=Document(name)).error(problems, texts)
    return _scenario(document, document.root.plain(name), attach, problems, texts)


def parse_several(
    sources: Sequence[tuple[bytes, str]],
    name: str,
    attach: Attach,
    variables: Mapping[str, str],
) -> Scenario:
    """Read one scenario from several files, each given as its content and what it is called.

    Raises ScenarioError with every problem.
    """
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    parts = [_document(source, shown, variables, problems, texts) for source, shown in sources]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        raise ScenarioReading(document=Document(name)).error(problems, texts)
    document = MergedDocument(name, whole[0].text if len(whole) == 1 else None, parts=tuple(whole))
    return _scenario(document, merged(whole, problems), attach, problems, texts)


def _document(
    source: str | bytes,
    name: str,
    variables: Mapping[str, str] | None,
    problems: list[Problem],
    texts: dict[str, str],
) -> Document | None:
    """Return what one text holds; None where that cannot be read, which is a problem.

    ``texts`` takes what was read, by its name.
    """

    def report(line: int, column: int, text: str) -> None:
        if len(problems) <= MAX_PROBLEMS:
            problems.append(Problem(name, line, column, text))

    text = _decode(source, report)
    root = None if text is None else _root(text, report)
    texts[name] = text or ""
    if root is not None and wants_variables(root):
        if variables is None:
            place = root.place((KEY,))
            report(*place, "variables: true is for files; leave it out, and write the values")
        else:
            Replacement(variables, report).replace(root)
    return None if root is None else Document(name, text, root)


def _scenario(
    document: Document,
    data: object,
    attach: Attach | None,
    problems: list[Problem],
    texts: Mapping[str, str],
) -> Scenario:
    reading = ScenarioReading(document=document, find=attach)
    try:
        scenario = Scenario.from_document(data, reading)
    except ValidationError as error:
        problems += document.problems(error)
    if problems:
        raise reading.error(problems, texts)
    return scenario


def _decode(source: str | bytes, report: Callable[[int, int, str], None]) -> str | None:
    """Return the text without a byte-order mark; UTF-8, or UTF-16 with its mark."""
    size = (
        len(source) if isinstance(source, bytes) else len(source.encode("utf-8", "surrogatepass"))
    )
    if size > MAX_BYTES:
        report(1, 1, f"{size:,} bytes; a scenario file has at most {MAX_BYTES:,}")
        return None
    text = source.removeprefix("\ufeff") if isinstance(source, str) else _from_bytes(source, report)
    if text is None:
        return None
    if bad := not_in_yaml(text):
        what = f"the character U+{ord(bad[0]):04X} has no place in YAML; remove it"
        hint = ", or save the file as UTF-8" if bad[0] == "\0" else ""
        report(*_place(text, bad.start()), what + hint)
        return None
    return text


def _from_bytes(source: bytes, report: Callable[[int, int, str], None]) -> str | None:
    encoding = next(
        (encoding for mark, encoding in _BYTE_ORDER_MARKS if source.startswith(mark)), "utf-8"
    )
    try:
        return source.decode(encoding)
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode(
            encoding, "replace"
        )  # what utf-8-sig reads has no mark any more
        name = encoding.removesuffix("-sig").upper()
        what = f"byte 0x{error.object[error.start]:02x} is not {name}; save the file as UTF-8"
        report(*_place(good, len(good)), what)
        return None


def _root(text: str, report: Callable[[int, int, str], None]) -> Node | None:
    """Return the tree if there is something to look at; whatever is wrong with it is reported."""
    broken = False

    def note(line: int, column: int, what: str) -> None:
        nonlocal broken
        broken = True
        report(line, column, what)

    root = read_tree(_with_whole_characters(text), note)
    if root is None or root.value is None:
        if not broken:
            report(1, 1, "the file is empty; a scenario needs at least jobs: with one job")
        return None
    return root


def _with_whole_characters(text: str) -> str:
    """Return the text of a JSON file as YAML has it.

    A character above U+FFFF is one escape, not two.
    """
    return _ESCAPE.sub(_one_escape, text) if text.lstrip().startswith("{") else text


def _one_escape(escape: re.Match[str]) -> str:
    if escape[1] is None:
        return escape[0]
    high, low = (
        int(half, 16) - base for half, base in zip(escape.groups(), (0xD800, 0xDC00), strict=True)
    )
    return f"\\U{0x10000 + (high << 10) + low:08X}"


def _place(text: str, offset: int) -> tuple[int, int]:
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1
