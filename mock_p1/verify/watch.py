"""Watches a job: polls it at a steady interval until it ends, and tells which statuses it saw, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_p1.verify.answer import carried, fields, one_line
from mock_p1.verify.client import Unreachable
from mock_p1.verify.published import FINISHED

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_p1.verify.answer import Answer
    from mock_p1.verify.session import VerifySession

FAILURE_WORDS: Final = ("fail", "error", "cancel", "abort")
"""A status with one of these in it is taken for an end (assumed.

The manual names only job_finished).
"""

ENOUGH_TROUBLE: Final = 10
"""After so many polls in a row without an answer the watch is given up."""


class Sighting(NamedTuple):
    """What a poll saw for the first time since it changed.

    Seconds since the first poll, and the status or error.
    """

    at: float
    status: str
    last_seen: float


@dataclass(slots=True)
class Watched:
    """A watched job.

    ``sightings`` has one row for each time the status changed; ``why`` says how it ended.
    """

    job_id: str
    polls: int = 0
    sightings: list[Sighting] = field(default_factory=list)
    ended: bool = False
    why: str = ""

    @property
    def transitions(self) -> list[tuple[Sighting, Sighting]]:
        """Every change, as what was seen before and after it."""
        return list(zip(self.sightings, self.sightings[1:], strict=False))

    def see(self, at: float, status: str) -> bool:
        """Take in what a poll saw; tell whether it is something new."""
        self.polls += 1
        if self.sightings and self.sightings[-1].status == status:
            self.sightings[-1] = self.sightings[-1]._replace(last_seen=at)
            return False
        self.sightings.append(Sighting(at, status, at))
        return True


def watch(
    subject: VerifySession, every: float, tell: Callable[[Sighting], None] = lambda _: None
) -> Watched:
    """Poll the job every ``every`` seconds until it ends or the subject's limit is reached.

    ``tell`` hears of changes.

    A poll without an answer is no end; ten in a row are. A server that asks for more patience
    (Retry-After) gets it. KeyboardInterrupt ends the watch too, and what was seen until then is
    returned.
    """
    watched = Watched(subject.means.job_id)
    try:
        _follow(watched, subject, every, tell)
    except KeyboardInterrupt:
        watched.why = "it was stopped"
    return watched


def _follow(
    watched: Watched, subject: VerifySession, every: float, tell: Callable[[Sighting], None]
) -> None:
    started, failures = subject.pace.now(), 0
    while not watched.ended and failures < ENOUGH_TROUBLE and subject.pace.remaining:
        wait = every
        try:
            answer = subject.poll()
        except Unreachable as trouble:
            failures += 1
            wait = max(every, trouble.wait)
            watched.why = subject.means.hide(str(trouble))
        else:
            failures = 0
            if watched.see(subject.pace.now() - started, subject.means.hide(_seen(answer))):
                tell(watched.sightings[-1])
            end = _end(answer)
            watched.ended, watched.why = end is not None, end or subject.pace.over
        if not watched.ended:
            subject.pace.wait(wait)


def _seen(answer: Answer) -> str:
    error = carried(answer)
    if error.name is not None:
        return f'"{error.message}"'
    return one_line(str((fields(answer) or {}).get("status", f"HTTP {answer.status}")))


def _end(answer: Answer) -> str | None:
    """Say why this is the job's end; None if it is not."""
    if carried(answer).name is not None:
        return "an error answers"
    status = (fields(answer) or {}).get("status")
    if status == FINISHED:
        return "it is finished"
    if isinstance(status, str) and any(word in status.lower() for word in FAILURE_WORDS):
        return f"{one_line(status)} reads like an end (assumed; the manual names only {FINISHED})"
    return None
