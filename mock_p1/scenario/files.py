"""From what a user names to a Scenario: a bundled name, a file, or a scenario made already."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from mock_p1.base.text import nearest, shorten
from mock_p1.scenario.model import Scenario
from mock_p1.scenario.parser import MAX_BYTES, parse
from mock_p1.scenario.problems import Problem, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIXES = (".yaml", ".yml", ".json")
MAX_RESULT_BYTES = 100_000_000
_HERE = Path(__file__).parents[1]
_BUNDLED = (
    _HERE / "scenarios",
    _HERE.parent / "scenarios",
)  # in a wheel; in a checkout, where it stands beside us


def bundled() -> dict[str, Path]:
    """Return the bundled scenarios: name -> file, in alphabetical order."""
    folder = next((folder for folder in _BUNDLED if folder.is_dir()), None)
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))} if folder else {}


def load_scenario(source: str | Path | Scenario, *, folder: str | Path | None = None) -> Scenario:
    """Return the scenario that ``source`` names.

    A bundled name, a path, or a Scenario, which is returned as it is.

    Relative paths are looked for in ``folder`` first, where it is given, with or without ``.yaml``.
    Raises ScenarioError with every problem: there is no such scenario, it cannot be read, or what
    is wrong with it.
    """
    shelves = () if folder is None else (Path(folder),)
    return look_up(source, shelves, (*shelves, Path()))


def look_up(
    source: str | Path | Scenario, shelves: Sequence[Path], bases: Sequence[Path]
) -> Scenario:
    """Do what ``load_scenario`` does, with several folders.

    A bare name is looked for on the ``shelves``, the folders that hold scenarios, with or without
    ``.yaml``, before it is a bundled name. A path is taken from each of ``bases`` in turn.
    """
    if isinstance(source, Scenario):
        return source
    if wrong := _no_name(source):
        raise ScenarioError([Problem("scenario", 0, 0, wrong)])
    path, shown = _place_of(str(source), shelves, bases)
    return read_scenario(path, name=shown)


def scenario_file(source: str | Path) -> tuple[Path, str]:
    """Return the file that ``load_scenario`` reads for ``source``, and what it calls it.

    Raises ScenarioError.
    """
    return _place_of(str(source), (), (Path(),))


def read_scenario(
    path: Path, *, name: str | None = None, named: set[Path] | None = None
) -> Scenario:
    """Read a scenario file; ``name`` is what problems and the journal call it.

    Raises ScenarioError.

    ``named`` takes the result files that the scenario names, whether they are there or not.
    """
    shown = name or str(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ScenarioError(
                [Problem(shown, 1, 1, f"{size:,} bytes; a scenario file has at most {MAX_BYTES:,}")]
            )
        if path.is_dir():
            raise ScenarioError([Problem(shown, 0, 0, "is a folder; name a scenario file in it")])
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a pipe or a device has no size beforehand
    except OSError as error:
        raise ScenarioError(
            [Problem(shown, 0, 0, f"cannot be read: {error.strerror or error}")]
        ) from None
    return parse(content, shown, partial(_attach, path.parent, set() if named is None else named))


def _no_name(source: object) -> str:
    """Say why something cannot be the name of a scenario, with what to do; nothing where it can."""
    if isinstance(source, Mapping):
        return "must be a bundled name, a file or a mock_p1.Scenario; it is a mapping: give Scenario(**mapping)"
    if not isinstance(source, str | PathLike):
        return f"must be a bundled name, a file or a mock_p1.Scenario; it is of type {type(source).__name__}"
    if "\n" in str(source):
        return "must be named, and this is its text: save it as a file, or write it as mock_p1.Scenario(jobs={...})"
    return ""


def _place_of(name: str, shelves: Sequence[Path], bases: Sequence[Path]) -> tuple[Path, str]:
    """Return the file that a name leads to, and what it is called.

    ScenarioError where there is none.
    """
    for path in _candidates(name, shelves, bases):
        if _stands(path):
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
    near = next(here, None) or nearest(name, names)
    meant = f"; did you mean {near}?" if near else ""
    folders = dict.fromkeys(
        _shown(folder.absolute()) for folder in (shelves if _is_bare(name) else bases)
    )
    where = "" if list(folders) in ([], ["."]) else f" in {', '.join(folders)}"
    return f"no such file{where}, and no bundled scenario of that name; bundled: {', '.join(bundled())}{meant}"


def _attach(folder: Path, named: set[Path], name: str) -> bytes:
    """Return the bytes of a result file beside the scenario.

    ValueError if it is outside, missing or too large.

    Its path is added to ``named`` unless it is outside.
    """
    shown = f"result.file {shorten(name)!r}"
    missing = f"{shown} does not exist; it is looked for beside the scenario file"
    if "\0" in name:
        raise ValueError(missing)
    try:
        root = folder.resolve()
        path = (root / name.replace("\\", "/")).resolve()
        if not path.is_relative_to(root):
            raise ValueError(
                f"{shown} lies outside the scenario's own folder; put the file beside the scenario"
            )
        named.add(path)
        if not path.is_file():
            raise ValueError(missing)
        if path.stat().st_size > MAX_RESULT_BYTES:
            raise ValueError(
                f"{shown} is larger than {MAX_RESULT_BYTES:,} bytes, the most there may be"
            )
        return path.read_bytes()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise ValueError(f"{shown} cannot be read: {reason}") from None
