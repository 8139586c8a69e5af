"""Texts in another language, by gettext's catalogues.

Whoever makes a text makes it in English, and knows nothing of languages: what machines read, and
what tests compare, cannot change. It is translated where it is shown. A message of the catalogue
has ``{places}`` for whatever stands there, which may be a text of the catalogue too. Several
messages may fit a text; the one is taken that leaves the fewest English words.

A text is translated whole, or stays as it is: no message is taken that would leave a sentence in
English in one of its places, but where that is plainly somebody else's, after a colon or a bracket.
"""

from __future__ import annotations

import gettext
import re
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOMAIN: Final = "mock_p1"
LOCALES: Final = Path(__file__).parents[1] / "locale"
MAX_DEPTH: Final = 6
"""So deep texts stand in each other."""

MAX_TRIED: Final = 6
"""So many messages that fit are tried."""

MAX_LOOKED_UP: Final = 500
"""So many texts are looked up for one: a client may have made it of as many as it likes."""

WEAK: Final = range(1, 4)
"""A message of so few letters fits much that it does not mean; so the text must be short."""

SHORT: Final = 40
GENERIC: Final = 10
"""A message of fewer letters fits much: no place of it may be an English word."""

FOLLOWING: Final = 12
"""A message of more letters is known where it follows another text, too."""

_ADDED: Final = re.compile(r"[;,]| ?\(")
"""How a text begins that is only ever added to another one; what was added last comes off first."""

_CONTEXT: Final = "\4"
"""What in a catalogue stands before a text with a context: the dashboard's own words."""

COUNT: Final = "count"
"""The place in which nothing but a number stands."""

_NUMBER: Final = re.compile("[0-9,]+")
_WORDS_IN: Final = frozenset({"what", "value", "given", "kind", "kind_of", "data", "listed"})
"""The places in which a single word is a text; elsewhere it is a name or a key."""

_MEANT: Final = frozenset({"meant", "near"})
"""The places of what a user perhaps meant to write: not our words, however many there are."""

_ENGLISH: Final = re.compile(
    r"""(?<![\w.'"$/-])([A-Za-z][a-z]+(?![\w.,:;'"/(-])|[A-Z][a-z]+:(?= ))""", re.ASCII
)
_SENTENCE: Final = re.compile(
    r"""(?<![\w.'"$/-])[A-Za-z][a-z]+ [a-z]{2,}(?![\w.'"(/-])""", re.ASCII
)
"""Two words in a row; a name, or a key, stands alone."""

_WORD: Final = re.compile("[a-z]+:?")
_QUOTED: Final = re.compile("'[^']*'|\"[^\"]*\"|`[^`]*`")
_OF_OTHERS: Final = (": ", "(")
"""What stands before the words of others."""


class _Said(NamedTuple):
    """What is said for a text, and whether all of it is."""

    text: str
    is_whole: bool


class _Template(NamedTuple):
    """A message with places: what stands around them, their names, and what is said."""

    literals: tuple[str, ...]
    names: tuple[str, ...]
    said: str
    letters: int
    """How much of the message is its own."""
    is_added: bool
    """What was added comes off first."""
    is_weak: bool

    def fit(self, text: str) -> dict[str, str] | None:
        """Return what stands in the places of a text; None where it is another one."""
        first, *middle, last = self.literals
        end = len(text) - len(last)
        if (
            len(first) > end
            or not (text.startswith(first) and text.endswith(last))
            or (self.is_weak and len(text) > SHORT)
        ):
            return None
        places: list[str] = []
        here = len(first)
        for index, literal in enumerate(middle):
            # of two places without anything between them the first has all, and the second nothing
            sought = literal or next(filter(None, middle[index:]), "")
            if (there := _place(sought, text, here, end) if sought else end) < 0:
                return None
            places.append(text[here:there])
            here = there + len(literal)
        found = dict(zip(self.names, (*places, text[here:end]), strict=True))
        return found if _NUMBER.fullmatch(found.get(COUNT, "0")) else None

    def is_whole_with(self, places: Mapping[str, _Said]) -> bool:
        """Tell whether nothing of our own would stay English with this in the places."""
        is_generic = 0 < self.letters < GENERIC
        return all(
            (self.letters and literal.endswith(_OF_OTHERS))
            or (place.is_whole and not (is_generic and _WORD.fullmatch(place.text)))
            for literal, place in zip(self.literals, places.values(), strict=False)
        )


def _place(literal: str, text: str, start: int, end: int) -> int:
    """Return where a piece of a message stands; a blank alone, best before what is quoted."""
    if literal == " ":
        quoted = (text.find(f" {quote}", start, end) for quote in "'\"")
        return min((at for at in quoted if at >= 0), default=text.find(literal, start, end))
    find = text.rfind if _ADDED.match(literal) else text.find
    return find(literal, start, end)


class Translation:
    """What one language says for the texts of the catalogue; the others stay as they are."""

    def __init__(self, messages: dict[str, str]) -> None:
        made = [each for pair in messages.items() for each in _templates(*pair)]
        self._exact = {_plain(text): _plain(said) for text, said in messages.items()}
        self._templates = sorted(made, key=lambda each: (each.is_added, each.letters), reverse=True)
        self._by_first: dict[str, list[_Template]] = {}
        self._known: dict[str, str] = {}
        self._looked_up = 0

    def exact(self, text: str) -> str:
        """Return a text that has no places."""
        return self._exact.get(text, text)

    def message(self, text: str) -> str:
        """Return a text that was made of others, and of values."""
        if text not in self._known:
            self._looked_up = 0
            self._known[text] = self._exact.get(text) or self._said(text, 0).text
        return self._known[text]

    def _said(self, text: str, depth: int) -> _Said:
        best, left = _Said(text, _SENTENCE.search(_QUOTED.sub("", text)) is None), _english_in(text)
        self._looked_up += 1
        if not left or depth > MAX_DEPTH or self._looked_up > MAX_LOOKED_UP:
            return best
        tried = 0
        for template in self._beginning_like(text[0]):
            if (places := template.fit(text)) is None or text in places.values():
                continue
            said = {name: self._in_place(each, name, depth) for name, each in places.items()}
            tried += 1
            if template.is_whole_with(said):
                found = template.said.format_map({name: each.text for name, each in said.items()})
                if (still := _english_in(found)) < left:
                    best, left = _Said(found, is_whole=True), still
            if not left or tried == MAX_TRIED:
                break
        return best

    def _beginning_like(self, first: str) -> list[_Template]:
        """Return the messages that a text with this first character may be, in their order."""
        if first not in self._by_first:
            found = (each for each in self._templates if each.literals[0][:1] in ("", first))
            self._by_first[first] = list(found)
        return self._by_first[first]

    def _in_place(self, text: str, name: str, depth: int) -> _Said:
        if name not in _MEANT and (" " in text.strip() or name.rstrip("_") in _WORDS_IN):
            exact = self._exact.get(text)
            return _Said(exact, is_whole=True) if exact else self._said(text, depth + 1)
        return _Said(text, is_whole=True)


def _english_in(text: str) -> int:
    """Return how many English words stand in a text outside of quotes."""
    return len(_ENGLISH.findall(text))


def _plain(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def _templates(text: str, said: str) -> Iterator[_Template]:
    """Yield a message as a template, also as one that follows another text."""
    if not any(map(str.isalnum, text)):
        return
    if _ADDED.match(text) or text[0] == " ":
        yield _template(f"{{before}}{text}", f"{{before}}{said}")
    elif text[-1] == " ":
        yield _template(f"{text}{{after}}", f"{said}{{after}}")
    else:
        made = _template(text, said)
        if made.names:
            yield made
        if made.letters > FOLLOWING:
            yield _template(f"{{before}} {text}", f"{{before}} {said}")


def _template(text: str, said: str) -> _Template:
    literals, names = [""], []
    for literal, name, _form, _conversion in Formatter().parse(text):
        literals[-1] += literal
        if name is not None:
            names.append(name)
            literals.append("")
    own = "".join(literals)
    letters = sum(map(str.isalpha, own))
    is_added = bool(names) and not literals[0] and _ADDED.match(literals[1]) is not None
    is_weak = letters in WEAK and ";" not in own
    return _Template(tuple(literals), tuple(names), said, letters, is_added, is_weak)


@cache
def load(language: str) -> Translation:
    """Return what a language says; of one without a catalogue nothing."""
    found = gettext.translation(DOMAIN, LOCALES, [language], fallback=True)
    catalogue: dict[object, str] = getattr(found, "_catalog", {})
    said = {
        text: said
        for text, said in catalogue.items()
        if isinstance(text, str) and text and _CONTEXT not in text
    }
    return Translation(said)
