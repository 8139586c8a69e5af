"""A scenario file's text -> Scenario; every problem at once, each with ``file:line:column``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mock_p1.core.problems import Problem, ScenarioError
from mock_p1.core.scenario import Scenario
from mock_p1.core.yaml_tree import Node, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    Attach = Callable[[str], bytes]

MAX_BYTES: Final = 5_000_000

_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def parse(source: str | bytes, name: str = "scenario", attach: Attach | None = None) -> Scenario:
    """Read a scenario from YAML (or JSON) text.

    ``name`` is what problems call the file. ``attach`` returns the bytes of a file named by ``result: {file: …}``, and
    raises ValueError if there is none; without it such results are refused. Raises ScenarioError with every problem.
    """
    problems: list[Problem] = []

    def report(line: int, column: int, text: str) -> None:
        problems.append(Problem(name, line, column, text))

    text = _decode(source, report)
    root = None if text is None else _root(text, report)
    if root is None or text is None:
        raise ScenarioError(problems)
    files: dict[str, bytes] = {}
    try:
        scenario = Scenario.model_validate(root.plain(), context={"attach": attach, "files": files})
    except ValidationError as error:
        problems += problems_of(error, name, root)
        raise ScenarioError(problems) from None
    if problems:
        raise ScenarioError(problems)
    return scenario.located(name, lambda path: root.place(path)[0], files, text)


def problems_of(error: ValidationError, name: str, root: Node | None = None) -> list[Problem]:
    """Turn pydantic's errors into problems, each with its place in the tree where there is one."""
    found = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        path = tuple(detail["loc"])
        line, column = root.place(path, of_key=detail["type"] == "key") if root else (0, 0)
        at = "" if root else ".".join(str(part) for part in path if not str(part).startswith("<"))
        found.append(Problem(name, line, column, f"{at}: {detail['msg']}" if at else detail["msg"]))
    return found


def _decode(source: str | bytes, report: Callable[[int, int, str], None]) -> str | None:
    """Return the text without a byte-order mark; UTF-8, or UTF-16 with its mark."""
    if len(source) > MAX_BYTES:
        report(1, 1, f"{len(source):,} bytes; a scenario file has at most {MAX_BYTES:,}")
        return None
    if isinstance(source, str):
        text = source.removeprefix("\ufeff")
    else:
        encoding = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if source.startswith(mark)), "utf-8")
        try:
            text = source.decode(encoding)
        except UnicodeDecodeError as error:
            good = source[: error.start].decode(encoding, "replace")
            report(
                *_place(good, len(good)), f"byte 0x{source[error.start]:02x} is not {encoding}; save the file as UTF-8"
            )
            return None
    if bad := _CONTROL.search(text):
        report(*_place(text, bad.start()), f"the control character U+{ord(bad[0]):04X} has no place in YAML; remove it")
        return None
    return text


def _root(text: str, report: Callable[[int, int, str], None]) -> Node | None:
    broken = False

    def note(line: int, column: int, what: str) -> None:
        nonlocal broken
        broken = True
        report(line, column, what)

    root = read_tree(text, note)
    if root is None or root.value is None:
        if not broken:
            report(1, 1, "the file is empty; a scenario needs at least jobs: with one job")
        return None
    return root


def _place(text: str, offset: int) -> tuple[int, int]:
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1
