"""What clients have sent: the facts of every upload. Bounded; the oldest go first."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_p1.engine.callers import Caller, caller_named
from mock_p1.engine.file_store import (
    FileStore,
    Inspection,
    KeptFile,
    RememberedFile,
    StoreFullError,
    found_for_others,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


MAX_UPLOADS: Final = 10_000
SMALL_BYTES: Final = 1_000_000
MOST_CONTENT_BYTES: Final = 16_000_000
"""The content of files up to the first size is saved, of the newest so much in all."""


class Upload(NamedTuple):
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

    def saved(self) -> list[dict[str, Any]]:
        """Return everything as plain data; the content of small files, the newest, in Base64."""
        left = MOST_CONTENT_BYTES
        rows: list[dict[str, Any]] = []
        for upload in reversed(self._kept.values()):
            kept, content = upload.kept, None
            if kept is not None and kept.size <= min(left, SMALL_BYTES):
                content = kept.content()
                left -= kept.size
            plain = {"caller": upload.caller.name, "kept": kept and _kept(kept, content)}
            rows.append(upload._asdict() | plain)
        return rows[::-1]

    def restore(self, saved: list[dict[str, Any]], store: FileStore) -> None:
        """Take over what was saved; the store gets the content, as far as it has room."""
        for row in saved:
            kept = row["kept"] and _restored(row["kept"], row["file_name"], store)
            facts = {**row, "caller": caller_named(row["caller"]), "kept": kept}
            self.add(Upload(**facts))

    def __iter__(self) -> Iterator[Upload]:
        """Iterate over a copy, oldest first; safe while others write."""
        return iter([*self._kept.values()])


def _kept(kept: KeptFile, content: bytes | None) -> dict[str, Any]:
    return {
        "size": kept.size,
        "sha256": kept.sha256,
        "found": found_for_others(kept),
        "content": None if content is None else b64encode(content).decode(),
    }


def _restored(row: dict[str, Any], file_name: str, store: FileStore) -> KeptFile:
    rows, columns, notes = row["found"]
    if row["content"] is not None:
        with suppress(StoreFullError):
            coming = store.open(file_name)
            coming.write(b64decode(row["content"]))
            return coming.finish()
    return RememberedFile(row["size"], row["sha256"], Inspection(rows, columns, tuple(notes)))


def _discard(upload: Upload) -> None:
    if upload.kept is not None:
        upload.kept.discard()
