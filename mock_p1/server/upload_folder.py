"""The folder on disk where a store keeps large uploads, and the removal of those left behind.

A folder belongs to a living process for as long as the file ``lock`` in it is locked. The system
gives up the lock when the process ends, however it ends; a process id, which may be used again,
says nothing.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import weakref
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from io import FileIO

PREFIX: Final = "mock-p1-uploads-"
LOCK_NAME: Final = "lock"
ATTEMPTS: Final = 5
"""So often a new one is tried: another process may take one for left behind before it is locked."""


class UploadFolder:
    """A new folder that nobody else may enter; removed by ``close``, or when the process ends."""

    path: Path

    def __init__(self) -> None:
        self.process_id: int = os.getpid()
        self.path, lock = _new_folder()
        self._numbers = count(1)
        self._closing = weakref.finalize(self, _remove_own, self.path, lock, self.process_id)

    @property
    def is_usable(self) -> bool:
        """Whether it is still there, and of this process, not of the one this was forked from."""
        return self.process_id == os.getpid() and self.path.is_dir()

    def new_file(self) -> FileIO:
        """Open a new file for writing, without a buffer."""
        return (self.path / f"{next(self._numbers)}.upload").open("xb", buffering=0)

    def close(self) -> None:
        """Remove it with all that is in it."""
        self._closing()


def remove_left_behind() -> None:
    """Remove the folders of processes that have ended; whatever cannot be removed stays."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                with suppress(OSError):  # not ours, or of a living process
                    _remove_if_left_behind(Path(entry.path))


def _new_folder() -> tuple[Path, int]:
    """Return a new folder, and the open file whose lock says that it is in use."""
    for attempts_left in reversed(range(ATTEMPTS)):
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            return path, _locked(path / LOCK_NAME)
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            if not attempts_left:
                raise
    raise AssertionError("the last attempt returns or raises")


def _locked(path: Path) -> int:
    """Return the lock file, open and locked; OSError where another has it, or has removed it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(path.stat(), os.fstat(descriptor)):
            raise FileNotFoundError(path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove_if_left_behind(path: Path) -> None:
    about = path.lstat()
    if not stat.S_ISDIR(about.st_mode):
        return  # a link could lead anywhere
    if sys.platform != "win32" and about.st_uid != os.geteuid():
        return
    _remove(path, _locked(path / LOCK_NAME))


def _remove_own(path: Path, lock: int, process_id: int) -> None:
    if process_id == os.getpid():
        _remove(path, lock)
    else:
        os.close(lock)  # a fork's copy of it: the process it was forked from still holds the lock


def _remove(path: Path, lock: int) -> None:
    """Remove a folder whose lock we hold; Windows removes an open file only once it is closed."""
    shutil.rmtree(path, ignore_errors=True)
    os.close(lock)
    if sys.platform == "win32":
        shutil.rmtree(path, ignore_errors=True)
