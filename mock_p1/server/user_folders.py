"""Folders of the user's own, and files in them that nobody else can read."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

_IN_A_HOME: Final = ((".cache",), (".config",), ("Library",))
_CACHES: Final = {"win32": ("LOCALAPPDATA", "~/AppData/Local"), "darwin": ("", "~/Library/Caches")}


def cache_folder() -> Path | None:
    """Return the platform's place for what this user's programs can make anew; None without one."""
    variable, otherwise = _CACHES.get(sys.platform, ("XDG_CACHE_HOME", "~/.cache"))
    folder = own_folder(Path(os.environ.get(variable, "")), otherwise)
    return folder and folder / "mock-p1" / "scenarios"


def own_folder(folder: Path, otherwise: str) -> Path | None:
    """Return a folder, or ``otherwise`` where it is no whole path; None where nobody has a home."""
    if not folder.is_absolute():
        with suppress(RuntimeError):
            folder = Path(otherwise).expanduser()
    # an empty HOME is none, and is not the root
    is_root = os.environ.get("HOME") == "" and folder.parts[1:2] in _IN_A_HOME
    return None if is_root or not folder.is_absolute() else folder


def is_private(folder: Path, *, may_be_read: bool = False) -> bool:
    """Tell whether nobody but this user can put something into a folder, or else read it.

    OSError without one.
    """
    getuid = getattr(os, "getuid", None)  # which Windows has not
    if getuid is None:
        return True  # what is below a user's folder is the user's
    found = folder.stat(follow_symlinks=False)
    others = 0o022 if may_be_read else 0o077
    return stat.S_ISDIR(found.st_mode) and found.st_uid == getuid() and not found.st_mode & others


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Write a whole file or none, readable from its first moment to those alone who may read it."""
    fresh = new_file(path, content, mode)
    try:
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def new_file(path: Path, content: bytes, mode: int) -> Path:
    """Write a file beside the one that it is to become, and return it."""
    fresh = path.with_name(f"{path.name}.{os.urandom(8).hex()}.new")  # containers share process ids
    create(fresh, content, mode)
    return fresh


def create(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there yet, whole or not at all."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags, mode)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
    except OSError:
        path.unlink(missing_ok=True)
        raise
