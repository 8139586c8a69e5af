"""Where a running `serve` keeps its address, for a health check in the same container.

So the check follows whatever `serve` was told, by arguments too. The file belongs to a living
process for as long as it is locked; the system gives up the lock when the process ends.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = "mock-p1-serving-"


@contextmanager
def serving_file(url: str) -> Iterator[None]:
    """Keep the address in a file, for as long as it is served; nowhere if no file can be kept."""
    kept = None
    for folder in _folders():
        with suppress(OSError):
            kept = _keep(folder / f"{PREFIX}{os.urandom(8).hex()}", url)
            break
    try:
        yield
    finally:
        if kept is not None:
            path, descriptor = kept
            path.unlink(missing_ok=True)
            os.close(descriptor)


def served_urls() -> list[str]:
    """Return the addresses of this user's servers that were started with the variables we have."""
    found: list[str] = []
    if sys.platform == "win32":
        return found
    for path in (path for folder in _folders() for path in folder.glob(f"{PREFIX}*")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            if path.lstat().st_uid == os.geteuid() and _is_locked(path):
                said = json.loads(path.read_bytes())
                found += [str(said["url"])] * (said["variables"] == _variables())
    return found


def _folders() -> list[Path]:
    """Return where files may be kept; a container that is read-only still has shared memory.

    None on Windows, where no container of ours runs.
    """
    if sys.platform == "win32":
        return []
    names = (os.environ.get("TMPDIR") or "/tmp", "/dev/shm")  # noqa: S108 -- with names that nobody knows, and our own files alone
    return [*dict.fromkeys(Path(name) for name in names)]


def _keep(path: Path, url: str) -> tuple[Path, int]:
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl  # noqa: PLC0415 -- there is none on Windows

    fresh = path.with_name(f".{path.name}")  # which nobody looks for, and removes as left behind
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps({"url": url, "variables": _variables()}).encode())
        fresh.rename(path)
    except OSError:  # a file system without locks, for one
        fresh.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    return path, descriptor


def _is_locked(path: Path) -> bool:
    """Tell whether its server lives; else remove it."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl  # noqa: PLC0415 -- there is none on Windows

    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    path.unlink(missing_ok=True)
    return False


def _variables() -> dict[str, str]:
    return {
        name: os.environ[name]
        for name in ("MOCK_P1_HOST", "MOCK_P1_PORT", "MOCK_P1_TLS", "MOCK_P1_TLS_CERT")
        if os.environ.get(name)
    }
