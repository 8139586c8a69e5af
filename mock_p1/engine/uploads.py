"""What clients have sent: the facts of every upload. Bounded; the oldest go first."""

from __future__ import annotations

from collections import Counter
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

    def notes(self, timeout_seconds: float = 0.0) -> tuple[str, ...]:
        """Return what was found in the file, waiting so long for it."""
        return () if self.kept is None else self.kept.inspection(timeout_seconds).notes


class Uploads:
    """The newest uploads, oldest first. Not locked: its owner is."""

    def __init__(self, reached: Counter[str] | None = None) -> None:
        """``reached`` counts the uploads that are forgotten for others."""
        self._reached = Counter() if reached is None else reached
        self._kept: dict[int, Upload] = {}

    def add(self, upload: Upload) -> None:
        """Keep one; the oldest goes where there are too many, and its bytes with it."""
        if len(self._kept) == MAX_UPLOADS:
            _discard(self._kept.pop(next(iter(self._kept))))
            self._reached["uploads"] += 1
        self._kept[upload.number] = upload

    def get(self, number: int) -> Upload | None:
        """Return the upload of a journal entry, or None."""
        return self._kept.get(number)

    def clear(self, job_id: str | None = None, theirs: Callable[[str], bool] | None = None) -> None:
        """Forget all, or those of one job, or of some callers, with their content."""
        for upload in self:
            if job_id in (None, upload.job_id) and (theirs is None or theirs(upload.caller.name)):
                _discard(self._kept.pop(upload.number))

    def __iter__(self) -> Iterator[Upload]:
        """Iterate over a copy, oldest first; safe while others write."""
        return iter([*self._kept.values()])


def _discard(upload: Upload) -> None:
    if upload.kept is not None:
        upload.kept.discard()
