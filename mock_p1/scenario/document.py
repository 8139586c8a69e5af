"""Where a scenario came from: its name, its text, the place of each part, the files it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mock_p1.base.record import MAX_PROBLEMS, Located, Path, Reading
from mock_p1.base.text import shorten
from mock_p1.scenario.faker_values import MAX_DIGITS, Counted
from mock_p1.scenario.problems import Problem, ScenarioError
from mock_p1.scenario.yaml_nodes import MAX_DEPTH, Node, is_branch

if TYPE_CHECKING:
    from pydantic import ValidationError

Attach = Callable[[str], bytes]
"""Returns the bytes of a result file; ValueError says why there are none."""

MAX_BYTES: Final = 5_000_000
"""Of a file, and of several together."""

_TOO_LARGE: Final = 10**MAX_DIGITS
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")

INLINE: Final = "scenario"
"""What a scenario is called that has no file."""


@dataclass(eq=False, repr=False)
class Document:
    """What a scenario was read from; without a ``tree``, a mapping made in Python."""

    name: str = INLINE
    text: str | None = None
    tree: Node | Callable[[], Node] | None = None
    files: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def root(self) -> Node | None:
        """The tree that the text holds; where a place is first asked for it may be made."""
        return self.tree() if callable(self.tree) else self.tree

    @property
    def sources(self) -> tuple[str, ...]:
        """What the texts are called that it was read from; none where it was made in Python."""
        return () if self.text is None else (self.name,)

    def where(self, *path: str | int) -> str:
        """Return ``file:line`` of a part, or the path of keys where there are no lines."""
        part, path = self.part(path)
        if part.root is not None:
            return f"{part.name}:{part.root.place(path)[0]}"
        return f"{self.name}:{spelled(path)}" if path else self.name

    def part(self, path: Path) -> tuple[Document, Path]:
        """Return the document that a path leads to, and its path there: of several that one."""
        return self, path

    def problems(self, error: ValidationError) -> Iterator[Problem]:
        """Turn pydantic's errors into problems, each with its place."""
        for detail in error.errors(include_url=False, include_context=False, include_input=False):
            part, path = self.part(tuple(detail["loc"]))
            text = detail["msg"]
            if part.root is None:
                subject, place = spelled(path), (0, 0)
                text = text.removeprefix(f"{spelled(_from_last_key(path))}: ")
            elif part.root.is_broken(path):
                continue
            else:
                subject = spelled(_from_last_key(path)) if text.startswith("must ") else ""
                place = part.root.place(path, of_key=detail["type"] == "key")
            yield Problem(part.name, *place, f"{subject}: {text}" if subject else text)


@dataclass(eq=False, repr=False)
class ScenarioReading(Reading):
    """What the reading of one scenario shares."""

    document: Document = field(default_factory=Document)
    find: Attach | None = None
    fakes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """What is wrong with the fakes met so far."""
    values: Counted = field(default_factory=Counted)
    """The random values that are left for trying them."""

    def attach(self, name: str) -> None:
        """Read a result file, if it is not read already; ValueError says why it cannot be."""
        if self.find is None:
            shown = f"result.file {shorten(name)!r}"
            raise ValueError(f"{shown} cannot be found: this scenario was not read from a file")
        if name not in self.document.files:
            self.document.files[name] = self.find(name)

    def error(self, problems: Iterable[Problem], texts: Mapping[str, str] = {}) -> ScenarioError:
        """Return the error that tells the problems, of very many the first.

        ``texts`` are the files that were read, by their names.
        """
        from mock_p1.scenario.full_width import with_hints  # noqa: PLC0415 -- problems are rare

        found = with_hints(list(ScenarioError(list(problems)).problems), texts)
        if len(found) > MAX_PROBLEMS:
            text = f"more than {MAX_PROBLEMS:,} problems; these are the first"
            found[MAX_PROBLEMS:] = [Problem(self.document.name, 1, 1, text)]
        return ScenarioError(found)


def unwritable(value: object) -> str | None:
    """Say why a text or a number made in Python could not stand in a file; None where it can."""
    if isinstance(value, str) and (half := _HALF_CHARACTER.search(value)):
        return f"has U+{ord(half[0]):04X}, half a character that nobody can send; remove it"
    if isinstance(value, int) and abs(value) >= _TOO_LARGE:
        return f"is a number of more than {MAX_DIGITS} digits"
    return None


def located(value: Any, name: str, problems: list[Problem], path: Path = ()) -> Any:  # noqa: ANN401 -- any value
    """Return a copy of data made in Python, in which each mapping knows where it stands.

    ``problems`` takes what could not stand in a file.
    """

    def refuse(text: str) -> None:
        problems.append(Problem(name, 0, 0, text))

    if len(path) > MAX_DEPTH:  # perhaps without end, so nothing further is looked at
        refuse(f"{spelled(path[:3])}… is nested more than {MAX_DEPTH} levels deep")
        raise ScenarioError(problems)
    if isinstance(value, Mapping):
        for text in filter(None, map(unwritable, value)):
            refuse(f"{spelled(path) or 'the scenario'}: a key {text}")
        made = Located(
            {
                key: located(inner, name, problems, (*path, key))
                for key, inner in value.items()
                if not unwritable(key)
            }
        )
        made.source = f"{name}:{spelled(path)}"
        return made
    if isinstance(value, list):
        return [located(inner, name, problems, (*path, index)) for index, inner in enumerate(value)]
    if (why_not := unwritable(value)) is not None:
        refuse(f"{spelled(path)}: {why_not}")
    return value


def spelled(path: Path) -> str:
    """Write a path as in ``generated_jobs[0].count``, without the names of unions' branches."""
    parts = (part for part in path if not is_branch(part))
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts
    ).removeprefix(".")


def _from_last_key(path: Path) -> Path:
    keys = [i for i, part in enumerate(path) if isinstance(part, str) and not is_branch(part)]
    return path[keys[-1] :] if keys else path
