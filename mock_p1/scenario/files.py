"""From what a user gives to a Scenario: a bundled name, a file, a text, or a mapping."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from mock_p1.base.text import nearest, shorten
from mock_p1.contract.operations import FILE_UPLOAD
from mock_p1.scenario.bundled import SUFFIXES, bundled
from mock_p1.scenario.calls import ReplyCall
from mock_p1.scenario.document import INLINE, MAX_BYTES, Attach
from mock_p1.scenario.model import Scenario
from mock_p1.scenario.problems import Problem, ScenarioError
from mock_p1.scenario.result_files import (
    caller_folder,
    files_beside,
    files_beside_one,
    inline_files,
    name_in_other_case,
    read_bounded,
    read_file,
    warn_of_case,
)

if TYPE_CHECKING:
    from mock_p1.contract.names import ReplyFields
    from mock_p1.scenario.steps import Literal

ScenarioSource: TypeAlias = "str | PathLike[str] | Mapping[str, object] | Scenario"
"""A bundled name, a path, YAML or JSON text, a mapping with the keys of a file, or a Scenario."""

WHAT_IT_CAN_BE: Final = "a bundled name, a file, a scenario's text, a mapping or a mock_p1.Scenario"
_TEXT = re.compile(r"\s*\{|[^\n]*:(\s|$)|[^\n]*\n")
"""How a text begins: with a brace, a key, or more lines than one. No name of a file does."""


class Found(NamedTuple):
    """What a scenario is read from: its name, each file's content and name, and what reads results.

    Several files are read as one, also where a folder holds but one.
    """

    name: str
    files: Sequence[tuple[bytes, str]]
    attach: Attach
    is_several: bool = False

    def read(self, parse: Callable[..., Scenario] | None = None) -> Scenario:
        """Return the scenario, one file by another ``parse``; ScenarioError with every problem."""
        if self.is_several:
            from mock_p1.scenario import parser  # noqa: PLC0415 -- loads YAML and pydantic

            return parser.parse_several(self.files, self.name, self.attach, os.environ)
        return (parse or _parse)(*self.files[0], self.attach, os.environ)


def _parse(*arguments: Any) -> Scenario:  # noqa: ANN401 -- as ``parse`` has them
    from mock_p1.scenario.parser import parse  # noqa: PLC0415 -- loads YAML and pydantic

    return parse(*arguments)


def load_scenario(source: ScenarioSource, *, folder: str | Path | None = None) -> Scenario:
    """Return the scenario that ``source`` is or names.

    Args:
        source: A bundled name, a path, the text of a scenario (YAML or JSON), a mapping with the
            keys of a scenario file, or a ``Scenario``, which is returned as it is.
        folder: Where relative paths are looked for first, with or without ``.yaml``, and where the
            result files of a text or a mapping stand; without it those are looked for beside the
            file that calls this.

    Returns:
        The scenario, with its result files read.

    Raises:
        ScenarioError: With every problem: there is no such scenario, it cannot be read, or what is
            wrong with it.

    Examples:
        >>> from mock_p1 import load_scenario
        >>> load_scenario({"jobs": {"r-1": {"error": "job_may_be_deleted"}}}).jobs["r-1"].error
        'job_may_be_deleted'

    """
    shelves = () if folder is None else (Path(folder),)
    return look_up(source, shelves, (*shelves, Path()), folder=shelves[0] if shelves else None)


def load_reply(fields: ReplyFields) -> Literal:
    """Read a literal answer as a scenario does; ValueError says what is wrong with it."""
    place = f"calls.{FILE_UPLOAD.name}[0]."
    try:
        scenario = load_scenario({"jobs": {}, "calls": {FILE_UPLOAD.name: [{"reply": fields}]}})
    except ScenarioError as error:
        rows = (problem.text.removeprefix(place) for problem in error.problems)
        raise ValueError("\n".join(rows)) from None
    return next(
        step.reply for step in scenario.calls[FILE_UPLOAD.name] if isinstance(step, ReplyCall)
    )


def is_text(source: str) -> bool:
    """Tell a scenario's text from a name or a path."""
    return _TEXT.match(source) is not None


def look_up(
    source: ScenarioSource,
    shelves: Sequence[Path],
    bases: Sequence[Path],
    *,
    folder: Path | None = None,
    parse: Callable[..., Scenario] | None = None,
) -> Scenario:
    """Do what ``load_scenario`` does, with several folders, and by another ``parse``.

    A bare name is looked for on the ``shelves``, the folders that hold scenarios, with or without
    ``.yaml``, before it is a bundled name. A path is taken from each of ``bases`` in turn.
    ``folder`` holds the result files of a text or a mapping.
    """
    if isinstance(source, Scenario):
        return source
    if isinstance(source, Mapping):
        return Scenario.from_mapping(source, inline_files(folder))
    if isinstance(source, str) and is_text(source):
        return (parse or _parse)(source, INLINE, inline_files(folder))
    if not isinstance(source, str | PathLike):
        what = f"must be {WHAT_IT_CAN_BE}; it is of type {type(source).__name__}"
        raise ScenarioError([Problem(INLINE, 0, 0, what)])
    path, shown = _place_of(str(source), shelves, bases)
    return read_scenario(path, name=shown, parse=parse)


def inline_folder(source: ScenarioSource) -> Path | None:
    """Return the folder of a scenario without a file: that of who calls us; None for any other."""
    is_inline = isinstance(source, Mapping) or (isinstance(source, str) and is_text(source))
    return caller_folder() if is_inline else None


def scenario_file(source: str | Path) -> tuple[Path, str]:
    """Return the file that ``load_scenario`` reads for ``source``, and what it calls it.

    Raises ScenarioError.
    """
    return _place_of(str(source), (), (Path(),))


def read_scenario(
    path: Path,
    *,
    name: str | None = None,
    named: set[Path] | None = None,
    is_file: bool = False,
    parse: Callable[..., Scenario] | None = None,
) -> Scenario:
    """Read a scenario file, or all of a folder as one; ``name`` is what the journal calls it.

    Raises ScenarioError.

    ``named`` takes the result files that the scenario names, whether they are there or not.
    ``is_file`` refuses what is none: a folder, or a pipe that would be waited for.
    """
    return _found_at(path, name or str(path), named, is_file=is_file).read(parse)


def _found_at(
    path: Path, shown: str, named: set[Path] | None = None, *, is_file: bool = False
) -> Found:
    if not is_file and os.path.isdir(path):  # noqa: PTH112 -- unlike Path.is_dir it never raises
        return _several(_files_in(path, shown), shown)
    content = _content_of_file(path, shown) if is_file else _content(path, shown)
    return Found(shown, [(content, shown)], files_beside(path.parent, named=named))


def find_scenarios(names: Sequence[str]) -> Found:
    """Return what is read for bundled names, files and folders, which make one scenario together.

    Raises ScenarioError, where there is no such file.
    """
    found = [scenario_file(name) for name in names]
    if len(found) == 1:
        return _found_at(*found[0])
    files = [
        file
        for path, shown in found
        for file in (_files_in(path, shown) if os.path.isdir(path) else [(path, shown)])  # noqa: PTH112 -- likewise
    ]
    return _several(files, ", ".join(shown for _, shown in found))


def load_scenarios(names: Sequence[str]) -> Scenario:
    """Return the scenario that bundled names, files and folders make together.

    Raises ScenarioError, also where two of them say something of the same thing.
    """
    return load_scenario(names[0]) if len(names) == 1 else find_scenarios(names).read()


def scenario_files(folder: Path) -> list[Path]:
    """Return the scenario files that stand in a folder, not those in folders below.

    A JSON Schema is none. OSError where the folder cannot be read.
    """
    files = (
        file for file in sorted(folder.iterdir()) if file.suffix in SUFFIXES and file.is_file()
    )
    return [file for file in files if not file.name.endswith(".schema.json")]


def _files_in(folder: Path, shown: str) -> list[tuple[Path, str]]:
    try:
        files = [(file, _shown(file.absolute())) for file in scenario_files(folder)]
    except OSError as error:
        raise _unreadable(shown, error) from None
    if not files:
        text = f"is a folder, and holds no scenario file ({', '.join(SUFFIXES)})"
        raise ScenarioError([Problem(shown, 0, 0, text)])
    return files


def _several(files: Sequence[tuple[Path, str]], name: str) -> Found:
    contents: list[tuple[bytes, str]] = []
    size = 0
    for path, shown in files:
        contents.append((_content(path, shown), shown))
        size += len(contents[-1][0])
        if size > MAX_BYTES:
            what = f"{size:,} bytes with the files before it; together they have at most "
            raise ScenarioError([Problem(shown, 1, 1, f"{what}{MAX_BYTES:,}")])
    attach = files_beside_one({path.parent.absolute(): None for path, _ in files})
    return Found(name, contents, attach, is_several=True)


def _content_of_file(path: Path, shown: str) -> bytes:
    try:
        content = read_file(path, MAX_BYTES)
    except OSError as error:
        raise _unreadable(shown, error) from None
    if content is None:
        raise ScenarioError(
            [Problem(shown, 1, 1, f"more than {MAX_BYTES:,} bytes, the most a scenario file has")]
        )
    return content


def _content(path: Path, shown: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ScenarioError(
                [Problem(shown, 1, 1, f"{size:,} bytes; a scenario file has at most {MAX_BYTES:,}")]
            )
        with path.open("rb") as file:
            return read_bounded(file, size, MAX_BYTES)  # a pipe or a device has no size
    except OSError as error:
        raise _unreadable(shown, error) from None


def _unreadable(shown: str, error: OSError) -> ScenarioError:
    return ScenarioError([Problem(shown, 0, 0, f"cannot be read: {error.strerror or error}")])


def _place_of(name: str, shelves: Sequence[Path], bases: Sequence[Path]) -> tuple[Path, str]:
    """Return the file that a name leads to, and what it is called.

    ScenarioError where there is none.
    """
    for path in _candidates(name, shelves, bases):
        if _stands(path):
            warn_of_case(path)
            return path, _shown(path)
    if name in bundled():
        return bundled()[name], f"{name}.yaml"
    for path in (base / name for base in bases):
        if name and _stands(path):  # a bare word that is a file after all
            return path, _shown(path)
    raise ScenarioError([Problem(shorten(name), 0, 0, _not_found(name, shelves, bases))])


def _stands(path: Path) -> bool:
    """Tell whether something stands there, readable or not."""
    try:
        path.stat()
    except PermissionError:
        return True
    except (OSError, ValueError):  # no such file; a name too long, or with a null character
        return False
    return True


def _candidates(name: str, shelves: Sequence[Path], bases: Sequence[Path]) -> list[Path]:
    named = [folder / f"{name}{suffix}" for folder in shelves for suffix in SUFFIXES]
    # a bare word is a bundled name before it is a file of the current directory, unless a folder
    # was set aside for them
    return named if _is_bare(name) else [*named, *(base / name for base in bases)]


def _is_bare(name: str) -> bool:
    return Path(name).suffix not in SUFFIXES and "/" not in name and "\\" not in name


def _shown(path: Path) -> str:
    """Return a path as people would write it here: from the current directory, if it lies below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _not_found(name: str, shelves: Sequence[Path], bases: Sequence[Path]) -> str:
    names = list(bundled())
    for folder in shelves:
        if folder.is_dir():
            names += sorted(file.stem for file in folder.iterdir() if file.suffix in SUFFIXES)
    here = (
        _shown(base / f"{name}{suffix}")
        for base in bases
        for suffix in SUFFIXES
        if _stands(base / (name + suffix))
    )
    cases = (
        _shown(path.with_name(other))
        for path in _candidates(name, shelves, bases)
        if path.name and (other := name_in_other_case(path))
    )
    near = next(here, None) or next(cases, None) or nearest(name, names)
    meant = f"; did you mean {near}?" if near else ""
    folders = dict.fromkeys(
        _shown(folder.absolute()) for folder in (shelves if _is_bare(name) else bases)
    )
    where = "" if list(folders) in ([], ["."]) else f" in {', '.join(folders)}"
    known = f"no bundled scenario of that name; bundled: {', '.join(bundled())}"
    return f"no such file{where}, and {known}{meant}"
