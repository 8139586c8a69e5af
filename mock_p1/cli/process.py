"""What `serve` sets for its whole process: open files, garbage collection."""

from __future__ import annotations

import gc
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

YOUNG_OBJECTS: Final = 10_000
MAX_FILES: Final = 65_536


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector from searching everything while clients wait.

    What a poll leaves behind is freed without it; a search of 100,000 jobs' states takes tens of
    milliseconds.
    """
    before = gc.get_threshold()
    is_frozen = gc.get_freeze_count() > 0  # by whom we are a part of, who would lose it at our end
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *before[1:])
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
    try:
        import resource  # noqa: PLC0415 -- there is none on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    while soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return
        most //= 2
