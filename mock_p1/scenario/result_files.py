"""The files behind ``result: {file: …}``: looked for beside the scenario, and never elsewhere."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from functools import cache
from inspect import currentframe
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from mock_p1.base.text import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mock_p1.scenario.document import Attach

MAX_BYTES: Final = 100_000_000
MAX_TOGETHER: Final = 500_000_000
"""Bytes of all result files of a scenario: they are kept in memory."""

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_UNLINKED: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", os.O_RDONLY) | _UNLINKED
_NOT_THE_CALLER: Final = ("mock_p1", "pydantic", "contextlib", "functools")


def files_beside(
    folder: Path, *, where: str = "beside the scenario file", named: set[Path] | None = None
) -> Attach:
    """Return what reads a result file out of ``folder``, or says in a ValueError why it does not.

    ``named`` takes the path of each that is not outside. A file is read once, however it is spelt.
    """
    known: dict[Path, bytes] = {}
    names_in = cache(_names_in)  # a folder of many files is listed once
    looked_for = set() if named is None else named
    together = 0

    def read(name: str) -> bytes:
        shown = f"result.file {shorten(name)!r}"
        missing = f"{shown} does not exist; it is looked for {where}"
        nonlocal together
        if "\0" in name:
            raise ValueError(missing)
        try:
            root = folder.resolve()
            asked = root / name.replace("\\", "/")
            path = asked.resolve()
            if not path.is_relative_to(root):
                what = "lies outside the scenario's own folder; put the file beside the scenario"
                raise ValueError(f"{shown} {what}")
            looked_for.add(path)
            other = _in_other_case(asked, root, names_in)
            if not path.is_file():
                raise ValueError(f"{missing}; did you mean {other}?" if other else missing)
            if other:
                _warn_of_case(shorten(name), other)
            if path not in known:
                content = read_file(path, MAX_BYTES, below=root)
                if content is None:
                    what = f"is larger than {MAX_BYTES:,} bytes, the most there may be"
                    raise ValueError(f"{shown} {what}")
                if together + len(content) > MAX_TOGETHER:
                    what = f"and those before it have more than {MAX_TOGETHER:,} bytes together"
                    raise ValueError(f"{shown} {what}")
                known[path] = content
                together += len(content)
            return known[path]
        except (
            OSError,
            RuntimeError,
        ) as error:  # RuntimeError: a loop of links, before Python 3.13
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            raise ValueError(f"{shown} cannot be read: {reason}") from None

    return read


def read_file(path: Path, most: int, *, below: Path | None = None) -> bytes | None:
    """Return the content of a file; None where it has more than ``most`` bytes.

    It is opened once, and what has no end is not waited for. No link is followed ``below`` a
    folder, in whose place one may have come just now. OSError for a pipe, a device or a folder too.
    """
    number = os.open(path, _FLAGS) if below is None else _opened(path, below)
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is a folder, a pipe or a device, and no file")
        if found.st_size > most:
            return None
        with os.fdopen(number, "rb", closefd=False) as file:
            content = read_bounded(file, found.st_size, most)
        return content if len(content) <= most else None
    finally:
        os.close(number)


def read_bounded(file: BinaryIO, size: int, most: int) -> bytes:
    """Return all of a file, but at most one byte more than ``most``, whatever ``size`` it had.

    To ask for the most at once would take room for that.
    """
    content = file.read(size + 1)
    return content if len(content) <= size else content + file.read(most - size)


def _opened(path: Path, below: Path) -> int:
    """Open a file folder by folder, where the system can, so that none on the way is a link."""
    if os.open not in os.supports_dir_fd:
        return os.open(path, _FLAGS)
    *folders, last = path.relative_to(below).parts
    number = os.open(below, _FOLDER & ~_UNLINKED)
    for part, flags in [*((part, _FOLDER) for part in folders), (last, _FLAGS | _UNLINKED)]:
        try:
            inner = os.open(part, flags, dir_fd=number)
        finally:
            os.close(number)
        number = inner
    return number


def name_in_other_case(path: Path) -> str | None:
    """Return what a file is called, where a path differs from it in nothing but case."""
    found = _called(path.name, _names_in(path.parent))
    return None if found == path.name else found


def _in_other_case(
    path: Path, root: Path, names_in: Callable[[Path], dict[str, str]]
) -> str | None:
    """Return what a path below a folder is called there, where it differs in nothing but case."""
    path = Path(os.path.normpath(path))
    if not path.is_relative_to(root):
        return None
    there = root
    for part in path.relative_to(root).parts:
        found = _called(part, names_in(there))
        if found is None:
            return None
        there /= found
    # what a link leads to elsewhere is not told
    is_other = str(there) != str(path) and there.resolve().is_relative_to(root)
    return there.relative_to(root).as_posix() if is_other else None


def _names_in(folder: Path) -> dict[str, str]:
    """Return the names in a folder by themselves and, where none is so called, in small letters."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 -- without an object for each
    except (OSError, ValueError):  # there is no such folder
        return {}
    return {name.lower(): name for name in names} | {name: name for name in names}


def _called(name: str, names: dict[str, str]) -> str | None:
    return names.get(name) or names.get(name.lower())


def warn_of_case(path: Path) -> None:
    """Warn of a path that Windows and macOS alone find, which do not tell case apart."""
    if other := name_in_other_case(path):
        _warn_of_case(path.name, other)


def _warn_of_case(name: str, other: str) -> None:
    warnings.warn(
        f"{name} is called {other}: where systems tell case apart, it is not found", stacklevel=3
    )


def files_beside_one(folders: Iterable[Path]) -> Attach:
    """Return what reads a result file that stands beside one of several scenario files.

    One that stands beside two is refused: nobody knows which is meant.
    """
    readers = {folder: files_beside(folder) for folder in folders}

    def read(name: str) -> bytes:
        there = [folder for folder in readers if "\0" not in name and (folder / name).exists()]
        if len(there) > 1:
            places = " and in ".join(map(str, there))
            shown = f"result.file {shorten(name)!r}"
            raise ValueError(f"{shown} stands in {places}; give each a name of its own")
        return readers[there[0] if there else next(iter(readers))](name)

    return read


def inline_files(folder: Path | None = None) -> Attach:
    """Return what reads the result files of a scenario without a file: beside who calls us."""
    folder = (folder or caller_folder()).absolute()
    return files_beside(folder, where=f"in {folder}")


def caller_folder() -> Path:
    """Return the folder of the file that called us; the current one for code without a file."""
    frame = currentframe()
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] in _NOT_THE_CALLER:
        frame = frame.f_back
    return Path(frame.f_code.co_filename).parent if frame else Path()
