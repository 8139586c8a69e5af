"""What clients have sent: the facts of every upload. Bounded; the oldest go first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_p1.engine.callers import Caller
    from mock_p1.engine.file_store import KeptFile

MAX_UPLOADS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Upload:
    """One PUT of a file: whose, when, how much of it came, and whether all of it did.

    ``kept`` is the file; None where it is not complete or was refused.
    """

    number: int
    moment_ns: int
    caller: Caller
    job_id: str
    file_name: str
    size: int
    complete: bool
    kept: KeptFile | None


class Uploads:
    """The newest uploads, oldest first. Not locked: its owner is."""

    def __init__(self) -> None:
        self._kept: deque[Upload] = deque(maxlen=MAX_UPLOADS)

    def add(self, upload: Upload) -> None:
        """Keep one; the oldest goes where there are too many, and its bytes with it."""
        if len(self._kept) == MAX_UPLOADS:
            _discard(self._kept[0])
        self._kept.append(upload)

    def clear(self, job_id: str | None = None, theirs: Callable[[str], bool] | None = None) -> None:
        """Forget all, or those of one job, or of some callers, with their content."""
        uploads = [*self._kept]
        self._kept.clear()
        for upload in uploads:
            if job_id not in (None, upload.job_id) or (
                theirs is not None and not theirs(upload.caller.name)
            ):
                self._kept.append(upload)
            elif upload.kept is not None:
                upload.kept.discard()

    def __iter__(self) -> Iterator[Upload]:
        """Iterate over a copy, oldest first; safe while others write."""
        return iter(self._kept.copy())


def _discard(upload: Upload) -> None:
    if upload.kept is not None:
        upload.kept.discard()
