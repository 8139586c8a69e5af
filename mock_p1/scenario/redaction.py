"""Scenario texts as they may be shown: every API key and secret key in them masked."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from mock_p1.base.text import mask, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from mock_p1.scenario.problems import Problem
    from mock_p1.scenario.yaml_nodes import Node

_WORD_OR_SIGN = re.compile(r"(?<![\w-])(?:[\w-]+|[^\w-])", re.DOTALL)
_IN_A_WORD = re.compile(r"[\w-]")


def masked_key(name: str) -> str:
    """Return a key of the scenario as it may be shown; a pattern stays, being no key."""
    return name if "*" in name else mask(name)


def masked_text(text: str) -> str:
    """Return a scenario's text with its keys masked; patterns stay, being no keys."""
    return _masking(keys_in(text))(text)


def unmasked_text(text: str, before: str) -> str:
    """Return a text whose keys are masked, with the keys of the text before.

    A line that is unchanged gets its own. ValueError where another could have one of two, also
    where lines that are shown alike have become more or fewer.
    """
    keys: dict[str, set[str]] = {}
    for key in keys_in(before):
        keys.setdefault(mask(key), set()).add(key)
    lines: dict[str, list[str]] = {}
    for masked, line in zip(masked_text(before).splitlines(), before.splitlines(), strict=False):
        lines.setdefault(masked, []).append(line)
    shown = "|".join(map(re.escape, sorted(keys, key=len, reverse=True)))
    mark = re.compile(rf"(?<![\w-])(?:{shown})(?![\w-])")

    def whole(line: str) -> str:
        known = lines.get(line, [])
        if known:
            return known.pop(0) if len(known) > 1 else known[0]
        return mark.sub(lambda found: _only(keys[found[0]], found[0]), line)

    if not keys:
        return text
    given = Counter(text.splitlines())
    alike = {line: len(known) for line, known in lines.items() if len(set(known)) > 1}
    found = "\n".join(map(whole, text.splitlines())) + "\n"
    for line, count in alike.items():
        if given[line] not in (0, count):
            raise ValueError(f"several lines are shown as {shorten(line.strip())!r}")
    return found


def _only(keys: Collection[str], shown: str) -> str:
    if len(keys) > 1:
        raise ValueError(f"several keys are shown as {shown!r}")
    return next(iter(keys))


def masked_problems(
    text: str, problems: Sequence[Problem], variables: Mapping[str, str] | None = None
) -> list[Problem]:
    """Return the problems of a scenario's text with its keys masked.

    So is whatever ``variables`` gave the text, if that may have any: it need not be a key.
    """
    masked = _masking(keys_in(text) | (_given(text, variables) if variables else set()))
    return [problem._replace(text=masked(problem.text)) for problem in problems]


def _given(text: str, variables: Mapping[str, str]) -> set[str]:
    """Return what variables give to a text."""
    from mock_p1.scenario.variables import (  # noqa: PLC0415 -- loads YAML, which a poll never needs
        Replacement,
        wants_variables,
    )

    root = _tree(text)
    if root is None or not wants_variables(root):
        return set()
    replacement = Replacement(variables, lambda _line, _column, _problem: None)
    replacement.replace(root)
    return replacement.given


def _tree(text: str) -> Node | None:
    """Return a text's tree, whatever is wrong with it."""
    import yaml  # noqa: PLC0415 -- takes long, and a poll never needs it

    from mock_p1.scenario.yaml_reader import read_tree  # noqa: PLC0415 -- likewise

    try:
        return read_tree(text, lambda _line, _column, _problem: None)
    except yaml.YAMLError:  # characters that no YAML text has
        return None


def keys_in(text: str) -> set[str]:
    """Return every key that a text declares or gives a job, whatever else is wrong with it."""
    root = _tree(text)
    return set() if root is None else {key for key in _keys(root.plain()) if key and "*" not in key}


def _keys(value: Any) -> Iterator[str]:  # noqa: ANN401 -- whatever the file holds
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name in ("api_keys", "secret_keys") and isinstance(item, dict):
            yield from item
        elif name == "api_key" and not isinstance(item, dict | list | None):
            yield str(getattr(item, "raw", item))
        yield from _keys(item)


def _masking(keys: Collection[str]) -> Callable[[str], str]:
    """Return what masks the keys in a text, in a time that does not grow with their number.

    They are masked where they stand as words of their own: as they are, as Python quotes them, or
    cut short.
    """
    forms = {form: mask(key) for key in keys for form in (key, repr(key)[1:-1], shorten(key))}
    lengths: dict[str, set[int]] = {}
    for form in forms:
        lengths.setdefault(_WORD_OR_SIGN.findall(form)[0], set()).add(len(form))

    def masked(text: str) -> str:
        parts: list[str] = []
        end = 0
        for found in _WORD_OR_SIGN.finditer(text):
            start = found.start()
            for length in sorted(lengths.get(found[0], ()), reverse=True):
                form = text[start : start + length]
                if start >= end and form in forms and not _IN_A_WORD.match(text, start + length):
                    parts += text[end:start], forms[form]
                    end = start + length
        return "".join((*parts, text[end:]))

    return masked
