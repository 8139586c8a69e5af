"""In which language people are spoken to: ``--lang``, ``MOCK_P1_LANG``, or what the system says.

What programs read stays as it is, whatever is chosen: JSON, SARIF, lines of logs, exit statuses.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from mock_p1.base.text import nearest, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_p1.cli.translation import Translation

WINDOWS: Final = os.name == "nt"
ENGLISH: Final = "en"
LANGUAGES: Final = {ENGLISH: "English", "ja": "日本語"}
VARIABLE: Final = "MOCK_P1_LANG"
_OTHER_NAMES: Final = {"jp": "ja", "jpn": "ja", "japanese": "ja", "日本語": "ja", "english": "en"}
_LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The variables that name the system's locale; the first that is set counts."""

_chosen: list[str] = [ENGLISH]


class Language(click.types.StringParamType):
    """A language that there is, as ``ja``, ``ja_JP`` or ``ja-JP.UTF-8``."""

    name: str = "language"

    def convert(
        self,
        value: Any,  # noqa: ANN401 -- click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the language's code, or fail as a usage error."""
        if (code := _code(str(value))) in LANGUAGES:
            return code
        near = nearest(code, (*LANGUAGES, *LANGUAGES.values(), *_OTHER_NAMES))
        meant = near and _OTHER_NAMES.get(near.casefold(), near)
        hint = f"; did you mean {meant}?" if meant else ""
        known = ", ".join(LANGUAGES)
        raise click.BadParameter(
            f"unknown language {shorten(str(value))!r}; known: {known}{hint}", ctx, param
        )


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Choose the language of a run by its arguments and variables."""
    given = _given(arguments) or environment.get(VARIABLE)
    code = _code(given) if given else _of_system(environment)
    is_other = code in LANGUAGES and code != ENGLISH
    _chosen[0] = code if is_other and _can_be_written(LANGUAGES[code]) else ENGLISH


def chosen() -> str:
    """Return the code of the language that was chosen."""
    return _chosen[0]


def translation() -> Translation | None:
    """Return what says things in the language that was chosen; None where that is English."""
    if _chosen[0] == ENGLISH:
        return None
    from mock_p1.cli.translation import load  # noqa: PLC0415 -- nobody else pays for it

    return load(_chosen[0])


def said(text: str) -> str:
    """Return a text as people are to read it: in the chosen language, as far as it is known."""
    found = translation()
    return text if found is None else found.message(text)


def said_exactly(text: str) -> str:
    """Likewise, a text that is somebody else's where it is not known as it stands."""
    found = translation()
    return text if found is None else found.exact(text)


def _given(arguments: Sequence[str]) -> str | None:
    """Return what follows ``--lang``, wherever it stands."""
    for index, argument in enumerate(arguments):
        if argument == "--":
            break
        name, equals, value = argument.partition("=")
        if name == "--lang":
            return value if equals else "".join(arguments[index + 1 : index + 2])
    return None


def _of_system(environment: Mapping[str, str]) -> str:
    """Return the language of the system's locale, as gettext finds it.

    ``LANGUAGE`` may name several, and counts for less than a locale of no language (``C``).
    """
    named = next((value for name in _LOCALES if (value := environment.get(name))), "")
    if not named and WINDOWS:
        import locale  # noqa: PLC0415 -- nobody else pays for it

        named = locale.setlocale(locale.LC_CTYPE)  # Japanese_Japan.932, or ja-JP
    if _code(named) in ("c", "posix"):
        return ENGLISH
    codes = map(_code, (*environment.get("LANGUAGE", "").split(":"), named))
    return next((code for code in codes if code in LANGUAGES), ENGLISH)


def _code(tag: str) -> str:
    """Return the language of a tag such as ``ja_JP.UTF-8``, as a code where it is known."""
    name = re.split(r"[-_.@]", tag.strip(), maxsplit=1)[0].casefold()
    return _OTHER_NAMES.get(name, name) if name in ("japanese", "english") else name


def _can_be_written(sample: str) -> bool:
    """Tell whether both outputs have the characters; question marks would help nobody."""
    try:
        for stream in (sys.stdout, sys.stderr):
            sample.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
