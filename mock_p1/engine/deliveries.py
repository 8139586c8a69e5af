"""Downloads on their way: what was decided to be sent is complete when the client has taken it.

Who writes or hands over an answer in pieces says so; of any other, no more is known than that it
was sent.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Final

from mock_p1.base.messages import Fault, Reply

if TYPE_CHECKING:
    from threading import Lock

    from mock_p1.engine.job_states import JobState
    from mock_p1.engine.journal import Entry, Journal

MAX_KNOWN: Final = 1000
"""Of so many downloads, the newest, it is heard how they go on."""

NOT_TAKEN: Final = "the client has not taken this answer to its end"
"""A note on a download, which is not complete."""


_FIRST_REDIRECT: Final = 300


def as_download(answer: Reply | Fault, number: int) -> Reply | Fault:
    """Return an answer that sends a file, whole in the end, with the number of its call."""
    if isinstance(answer, Reply):
        is_file = answer.status < _FIRST_REDIRECT
        return answer._replace(download=number) if is_file else answer
    if answer.reply is None or answer.ending != "complete":
        return answer
    return answer._replace(reply=answer.reply._replace(download=number))


class Deliveries:
    """Tells the journal, and the job, how far each download has come."""

    def __init__(self, lock: Lock, journal: Journal) -> None:
        """``lock`` is the engine's."""
        self._lock, self._journal = lock, journal
        self._known: OrderedDict[int, tuple[JobState, str]] = OrderedDict()
        self._open: dict[int, Future[None]] = {}

    def decided(self, number: int, job: JobState, done: str) -> None:
        """Take the number of a download that was decided; the lock is held."""
        job.downloads += 1
        self._known[number] = (job, done)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def sending(self, number: int) -> None:
        """Hear that a server has a part of a download left to write; ``sent`` or ``lost`` follows.

        Until then it counts as taken, unless somebody asks, see ``settle``.
        """
        with self._lock:
            if number in self._known:
                self._open.setdefault(number, Future())

    def sent(self, number: int) -> None:
        """Hear that the client has taken all of it; or the system, which brings it."""
        self._note(number, taken=True)

    def lost(self, number: int) -> None:
        """Hear that the client has not taken all of it, and may never do so."""
        self._note(number, taken=False)

    def settle(self, timeout_seconds: float) -> None:
        """Wait, in real seconds, for news of what is being sent now; note what is not taken yet."""
        if self._open:
            with self._lock:
                left = list(self._open.values())
            wait(left, timeout_seconds)
            with self._lock:
                for number in self._open:
                    self._change(number, taken=False)

    def _note(self, number: int, *, taken: bool) -> None:
        with self._lock:
            self._change(number, taken=taken)
            news = self._open.pop(number, None)
        if news is not None:
            news.set_result(None)

    def _change(self, number: int, *, taken: bool) -> None:
        """Say in the journal whether it was taken."""
        known = self._known.get(number)
        if known is None:
            return
        job, done = known

        def changed(entry: Entry) -> Entry:
            notes = tuple(note for note in entry.notes if note != NOT_TAKEN)
            if taken:
                return entry._replace(done=done, notes=notes)
            return entry._replace(done=None, notes=(*notes, NOT_TAKEN))

        before = self._journal.change(number, changed)
        if before is not None and (before.done is not None) != taken:
            job.downloads = max(0, job.downloads + (1 if taken else -1))
