"""Writes values as YAML on one line, so that any reader takes them for what they are."""

from __future__ import annotations

import re
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[-.][A-Za-z0-9_]+)*")
_WORDS: Final = {"y", "n", "yes", "no", "true", "false", "on", "off", "null"}
_SPAN: Final = re.compile(r"(?:[0-9]+(?:ms|s|m|h|d))+|[0-9]+ (?:poll|call)s?")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
MOST_DEPTH: Final = 20
"""So deep a value may be nested; a scenario is read to a depth of 50."""
LONGEST_KEY: Final = 200
"""Characters of a key; YAML takes no more than 1,024."""


def flow(value: Any) -> str:  # noqa: ANN401, PLR0911 -- any JSON, a kind a line
    """Return a value of JSON as YAML on one line. TypeError for what is none."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            text = repr(value)
            return text.replace("e", ".0e") if "e" in text and "." not in text else text
        case str():
            return scalar(value)
        case dict():
            return f"{{{', '.join(f'{scalar(key)}: {flow(each)}' for key, each in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(flow, value))}]"
    raise TypeError(f"no JSON: {type(value).__name__}")


def scalar(text: str) -> str:
    """Return a text as a YAML scalar: as it stands where nothing else can be meant, else quoted."""
    is_word = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    if is_word or _SPAN.fullmatch(text):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def can_be_written(value: Any, depth: int = 0) -> bool:  # noqa: ANN401 -- any JSON
    """Tell whether a value of JSON can stand in a scenario as one."""
    if depth > MOST_DEPTH:
        return False
    if isinstance(value, dict):
        return all(
            len(key) <= LONGEST_KEY and is_text(key) and can_be_written(each, depth + 1)
            for key, each in value.items()
        )
    if isinstance(value, list):
        return all(can_be_written(each, depth + 1) for each in value)
    if isinstance(value, str):
        return is_text(value)
    return not isinstance(value, float) or abs(value) < float("inf")


def is_text(text: str) -> bool:
    """Tell whether a text is whole: half a character, as JSON may spell it, fits into no file."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)  # noqa: PLR2004 -- UTF-16's halves


def comment(text: str) -> str:
    """Return a text as it may stand in a comment: on one line, what is not printable spelt out."""
    return "".join(c if c.isprintable() else _escaped(c) for c in " ".join(text.split()))


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 -- half a character, which no file can hold
        return "\N{REPLACEMENT CHARACTER}"
    if character.isprintable():
        return character
    if code <= 0xFF:  # noqa: PLR2004 -- two digits
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 -- four digits
