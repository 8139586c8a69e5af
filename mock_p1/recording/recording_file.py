"""The file that a recording is written to: whole or not at all, and over no other by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from mock_p1.base.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class CannotWrite(Exception):  # noqa: N818 -- says what happened
    """A file cannot be written; the message says which, and why."""


def check_writable(paths: Iterable[Path], *, replace: bool) -> None:
    """See that files can be written, before hours are spent on what goes into them.

    CannotWrite if the folder is none or takes no file, or if one is there and not to be replaced.
    """
    for path in paths:
        if path.is_dir():
            raise CannotWrite(f"{path} is a folder; give a file")
        if not replace and (path.exists() or path.is_symlink()):
            raise CannotWrite(f"{path} is there already, and is left alone; see --force, --append")
        trial = path.absolute().with_name(f".{path.name}.{uuid4().hex}")
        try:
            trial.touch()
            trial.unlink()
        except OSError as error:
            raise CannotWrite(f"{path} cannot be written: {_reason(error)}") from None


def write_recording(contents: Mapping[Path, bytes]) -> None:
    """Write a recording and what lies beside it; CannotWrite if one of the files cannot be."""
    try:
        write_whole(contents)
    except OSError as error:
        raise CannotWrite(f"{error.filename} cannot be written: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
