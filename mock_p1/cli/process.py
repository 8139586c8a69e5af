"""What `serve` sets for its whole process: open files, garbage collection, when it ends."""

from __future__ import annotations

import errno
import gc
import os
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from mock_p1.cli.command_error import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

YOUNG_OBJECTS: Final = 10_000
OLD_COLLECTIONS: Final = 100
"""Everything is searched after so many searches of what is younger: ten million new objects.

That is many large scenarios swapped in, each of which would else be half a second of silence.
Memory stays bounded: one that is not played any more is freed without a search.
"""

MAX_FILES: Final = 65_536
END_OF_PARENT: Final = "the end of its parent"
PARENT_SECONDS: Final = 0.25
"""How often it is looked whether the parent still lives."""


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector from searching everything while clients wait.

    What a poll leaves behind is freed without it; a search of 100,000 jobs' states takes tens of
    milliseconds.
    """
    before = gc.get_threshold()
    is_frozen = gc.get_freeze_count() > 0  # by whom we are a part of, who would lose it at our end
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, before[1], OLD_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not is_frozen:
            gc.unfreeze()


def allow_many_connections() -> None:
    """Raise this process's limit of open files, which macOS sets at 256, as far as it may.

    A system may say that there is no limit and refuse a large one all the same, as macOS does: then
    half of it is tried. Windows has none.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 -- there is none on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    while soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return
        most //= 2


def forget_port(path: Path | None) -> None:
    """Remove the port that an earlier server has left in a file; behind a link, empty it.

    Any other file is left alone: its name may be a slip.
    """
    try:
        if path is None or not path.is_file():  # a pipe or a device
            return
        with path.open("rb") as file:
            is_port = file.read(8).strip().isdigit()
        if is_port:
            path.write_bytes(b"") if path.is_symlink() else path.unlink(missing_ok=True)
    except FileNotFoundError:  # another server has removed it just now
        return
    except OSError as error:
        raise Failure(
            f"--port-file {path}: what is in it now cannot be removed: {error.strerror or error}"
        ) from None


@contextmanager
def port_in_file(path: Path | None, port: int) -> Iterator[None]:
    """Keep the port in a file for as long as it is served; whole from its first moment on.

    A symbolic link, a pipe or a device is written to, and stays; so does the file that another
    server has put there since.
    """
    if path is None:
        yield
        return
    ours, is_file = None, not path.is_symlink() and (path.is_file() or not path.exists())
    try:
        if is_file:
            fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
            fresh.write_text(f"{port}\n", encoding="ascii")
            ours = _identity(fresh)
            fresh.replace(path)
        elif sys.platform != "win32" and path.is_fifo():
            _tell_pipe(path, port)
        else:
            path.write_text(f"{port}\n", encoding="ascii")
    except OSError as error:
        raise Failure(f"--port-file {path}: {error.strerror or error}") from None
    try:
        yield
    finally:
        with suppress(OSError):
            if ours is not None and _identity(path) == ours:
                path.unlink()


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def _tell_pipe(path: Path, port: int) -> None:
    """Write to a pipe: at once, or when somebody comes to read it, while the server runs."""
    if sys.platform == "win32":
        raise NotImplementedError
    text = f"{port}\n"

    def wait_and_write() -> None:
        with suppress(OSError):
            path.write_text(text, encoding="ascii")

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:  # nobody reads yet
            raise
        threading.Thread(target=wait_and_write, name="mock-p1:port", daemon=True).start()
        return
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)


@contextmanager
def parent_watched(stop: Callable[[], None]) -> Iterator[None]:
    """Have the server stop once the process that started this one has ended."""
    parent, done = os.getppid(), threading.Event()

    def watch() -> None:
        while not done.wait(PARENT_SECONDS):
            if os.getppid() != parent:
                stop()
                return

    threading.Thread(target=watch, name="mock-p1:parent", daemon=True).start()
    try:
        yield
    finally:
        done.set()
