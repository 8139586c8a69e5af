"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_whole(contents: Mapping[Path, bytes], *, mode: int = 0o666) -> None:
    """Write files, each whole from its first moment on; nothing half written is left behind.

    All are on the disk before the first is put in its place. What a link leads to is written, and
    the link stays. ``mode`` is for new files, as the system takes it.

    Raises:
        OSError: One cannot be written, the ``filename``; then all are as they were.
    """
    ready: dict[Path, Path] = {}
    path: Path | None = None
    try:
        for path, content in contents.items():
            target = Path(os.path.realpath(path))
            fresh = target.with_name(f".{target.name}.{os.urandom(8).hex()}.new")
            ready[fresh] = target
            with os.fdopen(os.open(fresh, _NEW, mode), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for fresh, path in ready.items():
            fresh.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        for fresh in ready:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
