"""The file that a recording is written to: whole or not at all, and over no other by chance."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

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


def write_whole(contents: Mapping[Path, bytes]) -> None:
    """Write files, each whole from its first moment on; nothing half written is left behind.

    CannotWrite if one cannot be. All are written before the first is put in its place.
    """
    ready: dict[Path, Path] = {}
    path = next(iter(contents))
    try:
        for path, content in contents.items():
            target = path.resolve()  # what a link leads to is written, and the link stays
            fresh = target.with_name(f".{target.name}.{uuid4().hex}")
            ready[fresh] = target
            with fresh.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for fresh, target in ready.items():
            fresh.replace(target)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {_reason(error)}") from None
    finally:
        for fresh in ready:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
