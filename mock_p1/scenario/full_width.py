# ruff: noqa: RUF002 -- as they are typed
"""Full-width characters, as a Japanese keyboard types them, where YAML means those of ASCII.

``：`` begins no value, ``９０`` is no number, and a wide blank indents nothing. What follows from
one of them is a problem of another kind, at which the character is hard to see; so it is named.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_p1.scenario.problems import Problem

_BLANK: Final = "\u3000"
_SIGNS: Final = str.maketrans(
    {"\uff1a": ": ", "\uff0c": ", ", "\u3001": ", ", _BLANK: " "}
    | dict.fromkeys("\uff0d\u30fc\u2212", "-")
    | dict.fromkeys("\u201c\u201d\uff02", '"')
    | dict.fromkeys("\u2018\u2019\uff07", "'")
)
_ANY: Final = re.compile("[\uff01-\uff5e\u3000\u3001\u201c\u201d\u2018\u2019\u30fc\u2212]")
_NARROW: Final = re.compile("[A-Za-z0-9]")
_QUOTED: Final = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SKIPPED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|(?:^|(?<=\s))#.*")
"""Of a line what is text for certain, or a comment."""

_ASTRAY: Final = (  # compiled when it is first searched for, which takes a millisecond
    "^ *\u3000"  # the indent
    "|^ *(?:\uff0d|[\u30fc\u2212](?=[ \u3000{]))"  # an entry of a list
    "|(?<=[-:,])\u3000"  # before a value
    "|(?:^|[{,\u3001\uff0c])[ \u3000]*(?:- *)?(?![\uff10-\uff19]+\uff1a)"
    "[A-Za-z0-9_\uff0d\uff10-\uff19\uff21-\uff3a\uff41-\uff5a-]+\uff1a"  # after a key
    "|(?:[-:,\\[{] *|^ *)[\uff5b\uff3b]|(?<=[ -~])[\uff5d\uff3d] *(?:[,\\]}]|$)"  # brackets
    "|(?<=[\\w}\\]\"'\u201d\u2019])[\uff0c\u3001] *[a-z_{]"  # between entries
    "|[-:,\\[{] *(?:[\u201c\u201d\uff02][!-~ ]*[\u201c\u201d\uff02]"  # quotes of what is ASCII
    "|[\u2018\u2019\uff07][!-~ ]*[\u2018\u2019\uff07])"
)
_KEY: Final = re.compile(r":(?: |$)")
_COLON: Final = "\uff1a"
MAX_LINES: Final = 20
"""Of lines without an ordinary colon so many are looked at, from the last one up."""

MAX_LINE: Final = 1000
"""Characters of a line that is looked at; nobody typed a longer one."""


def narrow(text: str) -> str:
    """Return a text with the characters of ASCII that were perhaps meant."""
    return re.sub(r"(?<=\S) {2,}", " ", unicodedata.normalize("NFKC", text.translate(_SIGNS)))


def meant_by_id(job_id: str) -> str | None:
    """Return the id that was perhaps meant by one of ASCII and full-width characters; else None.

    One with Japanese in it may be as it is meant, and so may one that is full-width as a whole.
    """
    meant = narrow(job_id)
    is_mixed = _ANY.search(job_id) is not None and _NARROW.search(job_id) is not None
    return meant if is_mixed and meant.isascii() else None


def with_hints(problems: list[Problem], texts: Mapping[str, str]) -> list[Problem]:
    """Return problems, each with what was perhaps meant if full-width characters are its cause.

    ``texts`` are the files by their names.
    """
    lines = {name: text.splitlines() for name, text in texts.items()}
    return [_with_hint(problem, lines.get(problem.file, [])) for problem in problems]


def _with_hint(problem: Problem, lines: list[str]) -> Problem:
    text = problem.text.partition("; did you mean ")[0]
    if meant := _value_meant(problem.text):
        text = f"{text}; full-width characters: did you mean {meant}?"
    elif found := _sign_astray(problem, lines):
        sign, line = found
        shown = "a full-width blank (U+3000)" if sign == _BLANK else f"'{sign}'"
        meant = repr(narrow(sign))
        if line == problem.line:
            text = f"{text}; full-width characters: did you mean {meant} for {shown}?"
        else:
            text = (
                f"{text}; full-width characters on line {line}: did you mean {meant} for {shown}?"
            )
    else:
        return problem
    return problem._replace(text=text)


def _value_meant(text: str) -> str | None:
    """Return what the first value that a problem names would be in ASCII, if it is not.

    What was meant as a key is not said: it may be a true one. Nor is a text with several colons,
    which was meant as several lines.
    """
    found = _QUOTED.search(text)
    if found is None or text.startswith("unknown API key"):
        return None
    value = (found[1] or found[2] or "").replace("\\u3000", _BLANK)
    if value.count(_COLON) > 1:
        return None
    meant = narrow(value).strip()
    return meant if meant != value and meant.isascii() and _ANY.search(value) else None


def _sign_astray(problem: Problem, lines: list[str]) -> tuple[str, int] | None:
    """Return the first character that stands where one of ASCII has a meaning, and its line.

    It is looked for in a problem's line and, if that is no YAML, in those before that may be one
    text with it. Not the line's text is returned: there may be keys in it.
    """
    here = problem.line - 1
    numbers = [here] if 0 <= here < len(lines) else []
    if numbers and problem.text.startswith("not YAML"):
        above = (n for n in range(here - 1, -1, -1) if lines[n].strip())
        before = [*islice(above, MAX_LINES)]
        ordinary = (at for at, n in enumerate(before) if _KEY.search(lines[n].rstrip()))
        numbers += before[: next(ordinary, MAX_LINES) + 1]
    for number in numbers:
        line = _SKIPPED.sub(_emptied, lines[number]) if len(lines[number]) <= MAX_LINE else ""
        if (found := re.search(_ASTRAY, line)) and (sign := _ANY.search(found[0])):
            return _COLON if found[0].endswith(_COLON) else sign[0], number + 1
    return None


def _emptied(skipped: re.Match[str]) -> str:
    """Return what is left of a comment or a quoted text: of the latter its quotes."""
    return "" if skipped[0][0] == "#" else "''"
