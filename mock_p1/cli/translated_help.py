# ruff: noqa: RUF001 -- the signs of Japanese
"""Help pages in another language, laid out by the width that characters have on a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from unicodedata import east_asian_width

import click

from mock_p1.cli.language import said_exactly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_EXTRAS: Final = re.compile(
    r"(?:(.*)  )?\[((?:env var: |default: |required|\S*<=?x).*)\]", re.DOTALL
)
_NOT_FIRST: Final = (
    "、。，．・：；？！ー」』）］｝〉》】々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)]}"
)
"""What no line begins with."""

_NOT_LAST: Final = "「『（［｛〈《【([{"
"""What no line ends with."""

_OF_A_WORD: Final = re.compile("[ァ-ヺー]{2}|[一-龠々]{2}")
"""Two characters that are probably of one word."""

_BREAK: Final = "\b"
"""click's mark for a paragraph whose lines are kept."""


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(1 + _is_wide(each) for each in text)


def _is_wide(character: str) -> bool:
    return bool(character) and east_asian_width(character) in ("W", "F")


def wrap(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Break a text into lines, which begin with ``first`` and then with ``rest``.

    A line ends between words; where a script has no blanks, between its characters, but not among
    those of Katakana or Chinese that follow each other.
    """
    lines, line = [], first
    for piece in _pieces(text):
        if columns(line + piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line, piece = rest, piece.lstrip()  # noqa: PLW2901 -- the same one, on a new line
        line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> Iterator[str]:
    """Yield what no line breaks: a word with its blanks before it, or a wide character."""
    piece = ""
    for each in text:
        before = piece[-1:]
        is_edge = before != " " and (each == " " or _is_wide(each) or _is_wide(before))
        is_edge = is_edge and each not in _NOT_FIRST and before not in _NOT_LAST
        if piece.strip() and is_edge and not _OF_A_WORD.fullmatch(before + each):
            yield piece
            piece = ""
        piece += each
    yield piece


class TranslatedHelp(click.HelpFormatter):
    """Writes what click writes, in the language that was chosen."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        head = prefix or f"{said_exactly('Usage:')} "
        indent = " " * min(columns(f"{head}{prog} "), self.width // 2)
        lines = wrap(f"{head}{prog} {args}", self.width - self.current_indent, rest=indent)
        self.write("\n".join(lines) + "\n")

    def write_heading(self, heading: str) -> None:
        """Write what a list is of."""
        super().write_heading(said_exactly(heading))

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        self.write("\n\n".join(self._paragraphs(text)) + "\n")

    def _paragraphs(self, text: str) -> Iterator[str]:
        indent = " " * self.current_indent
        for paragraph in paragraphs(text):
            said = said_exactly(paragraph)
            if paragraph.startswith(_BREAK):
                lines = [f"{indent}{line}" for line in said.split("\n")[1:]]
            else:
                lines = wrap(said, self.width, indent, indent)
            yield "\n".join(lines)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms, and beside each what it means."""
        said = [(term, self._row(text)) for term, text in rows]
        widest = max((columns(term) for term, _ in said), default=0)
        margin = min(widest, col_max) + col_spacing + self.current_indent
        for term, text in said:
            begin = f"{'':{self.current_indent}}{term}"
            is_beside = columns(begin) <= margin - col_spacing
            first = begin + " " * (margin - columns(begin)) if is_beside else " " * margin
            lines = wrap(text, max(self.width, margin + 20), first, " " * margin)
            self.write("\n".join(lines if is_beside else [begin, *lines]) + "\n")

    def _row(self, text: str) -> str:
        found = _EXTRAS.fullmatch(text)
        if found is None:
            return said_exactly(text)
        return "  ".join(filter(None, (said_exactly(found[1] or ""), self._extras(found[2]))))

    def _extras(self, text: str) -> str:
        for word in ("env var: ", "default: ", "required"):
            text = text.replace(word, said_exactly(word))
        inner = re.search(r"\((.+)\)", text)
        return f"[{text.replace(inner[1], said_exactly(inner[1])) if inner else text}]"


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text, each on one line unless its lines are kept."""
    return [
        paragraph if paragraph.startswith(_BREAK) else " ".join(paragraph.split())
        for paragraph in re.split(r"\n{2,}", text.strip("\n"))
    ]
